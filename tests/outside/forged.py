"""Access tokens that nobody was given: none may open anything, as a bearer token or as the cookie."""

import base64
import hashlib
import hmac
import json
import time

from city import HOST, answers, found, ran, say, token


def pack(part):
    if not isinstance(part, bytes):
        part = json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def unpack(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def signed(head, claims, key, kind=hashlib.sha256):
    signed_part = f"{pack(head)}.{pack(claims)}"
    return f"{signed_part}.{pack(hmac.new(key, signed_part.encode(), kind).digest())}"


good = token("cadre")
head, claims, signature = good.split(".")
said, now = json.loads(unpack(claims)), int(time.time())
admin = json.loads(unpack(token("admin").split(".")[1]))
HS256 = {"typ": "JWT", "alg": "HS256"}
forged = {}

for alg in ["none", "None", "NONE", "nOnE", "", None, 0, "HS1", "hs256", "HS384", "HS512", "RS256", "RS512", "PS256",
            "ES256", "ES384", "EdDSA", "ES256K", "A256GCMKW", "dir", ["HS256"], {"alg": "HS256"}]:
    forged[f"alg {alg!r}, signature kept"] = f"{pack({'typ': 'JWT', 'alg': alg})}.{claims}.{signature}"
    forged[f"alg {alg!r}, no signature"] = f"{pack({'typ': 'JWT', 'alg': alg})}.{claims}."
for key in [b"", b"secret", b"yuanjiao", b"key", b"password", b"0" * 32, b"\0" * 32, b"access-token", good.encode(),
            head.encode()]:
    forged[f"signed with {key[:16]!r}"] = signed(HS256, said, key)
    forged[f"admin's claims, signed with {key[:16]!r}"] = signed(HS256, admin, key)
for kind in [hashlib.sha384, hashlib.sha512, hashlib.sha1, hashlib.md5]:
    forged[f"signed by {kind().name}"] = signed({"alg": "HS256"}, said, b"secret", kind)
for name, value in [("sub", admin["sub"]), ("sub", "0"), ("sub", "-1"), ("sub", 1), ("sub", None), ("epo", 1),
                    ("epo", -1), ("epo", 2**63), ("iss", "other"), ("aud", "other"), ("aud", []), ("exp", now + 10**9),
                    ("exp", "never"), ("exp", 1e300), ("nbf", 0), ("iat", -1), ("roles", ["admin"])]:
    forged[f"{name} = {value!r}, signature kept"] = f"{head}.{pack({**said, name: value})}.{signature}"
for field, value in [("jwk", {"kty": "oct", "k": pack(b"secret")}), ("jku", "http://127.0.0.1/keys"),
                     ("x5u", "http://127.0.0.1/cert"), ("kid", "../../../dev/null"), ("kid", "' or 1=1 --"),
                     ("crit", ["exp"]), ("b64", False), ("zip", "DEF"), ("cty", "JWT")]:
    forged[f"{field} in the head"] = signed({**HS256, field: value}, said, b"secret")
forged |= {
    "two parts": f"{head}.{claims}",
    "four parts": f"{good}.{signature}",
    "five parts": f"{head}.{claims}.{signature}.{signature}.{signature}",
    "dots": "..",
    "nothing": "",
    "a word": "null",
    "cut by one": good[:-1],
    "one more": good + "A",
    "first letter of the signature": f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
    "signature reversed": f"{head}.{claims}.{signature[::-1]}",
    "signature in capitals": f"{head}.{claims}.{signature.upper()}",
    "signature in plain base64": f"{head}.{claims}.{base64.b64encode(unpack(signature)).decode()}",
    "a zero signature": f"{head}.{claims}.{pack(bytes(32))}",
    "an empty signature": f"{head}.{claims}.{pack(b'')}",
    "another's signature": f"{head}.{claims}.{token('site').split('.')[2]}",
    "another's claims": f"{head}.{token('admin').split('.')[1]}.{signature}",
    "an empty object": signed(HS256, {}, b"secret"),
    "a list": signed(HS256, [], b"secret"),
    "expired": signed(HS256, {**said, "exp": now - 1}, b"secret"),
    "claims twice": f"{head}.{pack(unpack(claims)[:-1] + unpack(claims)[1:])}.{signature}",
    "nested arrays": f"{head}.{pack(b'[' * 3000)}.{signature}",
    "not UTF-8": f"{head}.{pack(bytes([255, 254, 253]))}.{signature}",
    "a very long claim": f"{head}.{pack({**said, 'x': 'a' * 3000})}.{signature}",
}

for what, text in forged.items():
    for carrier in [f"Authorization: Bearer {text}", f"Cookie: yj_access={text}"]:
        asked = f"GET /api/v1/me HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{carrier}\r\n\r\n"
        heard, _ = answers(say(asked))
        status = heard[0].status if heard else "nothing"
        if status != 401:
            found(f"{status} for {what} ({carrier.split(':')[0]})")
        elif "bearer" not in heard[0].field("www-authenticate").lower():
            found(f"401 without WWW-Authenticate for {what}")
ok, _ = answers(say(f"GET /api/v1/me HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nAuthorization: Bearer {good}\r\n\r\n"))
if ok[0].status != 200:
    found(f"{ok[0].status} for the good token")
ran("own", f"{len(forged)} forged tokens, each in two places")
