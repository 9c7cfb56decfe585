"""Access tokens that nobody was given: none may open anything, as a bearer token or as the cookie. Some are signed with a
key that a stranger might guess; others with the server's own, which this judge reads from its data folder, so that the
claims and the head alone decide."""

import base64
import hashlib
import json
import os
import socket
import threading
import time

from city import HOST, answers, found, pack, ran, say, signed, token, token_key

DATA = os.environ["DATA"]


def unpack(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


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


# With the server's own key. Each claim by itself must be enough to refuse a token.
own, gone = token_key(DATA), object()


def changed(**claims):
    return {name: value for name, value in {**said, **claims}.items() if value is not gone}


for name, value in [("exp", now), ("exp", now - 1), ("exp", now - 10**6), ("exp", 0), ("exp", -1), ("exp", gone), ("exp", None),
                    ("exp", str(now + 600)), ("exp", [now + 600]), ("exp", True), ("exp", 1e300), ("exp", 2**64),
                    ("nbf", now + 30), ("nbf", now + 10**6), ("nbf", gone), ("nbf", None), ("nbf", str(now)), ("nbf", 2**64),
                    ("iat", gone), ("iat", "now"),
                    ("aud", "other"), ("aud", "yuanjiao "), ("aud", "YUANJIAO"), ("aud", ""), ("aud", gone), ("aud", None),
                    ("aud", []), ("aud", ["other"]), ("aud", {"yuanjiao": 1}),
                    ("iss", "other"), ("iss", "https://yuanjiao"), ("iss", ""), ("iss", gone), ("iss", None), ("iss", ["other"]),
                    ("sub", gone), ("sub", ""), ("sub", None), ("sub", "0"), ("sub", "-1"), ("sub", "admin"), ("sub", 1),
                    ("sub", "1 or 1=1"), ("sub", "1.0"), ("sub", "999999999"), ("sub", str(2**63)), ("sub", "1\0"),
                    ("epo", said["epo"] + 1), ("epo", said["epo"] - 1), ("epo", gone), ("epo", None), ("epo", "0"),
                    ("epo", 2**31), ("epo", 0.5), ("sid", gone), ("sid", None), ("sid", 1)]:
    shown = "absent" if value is gone else repr(value - now if type(value) is int and abs(value - now) < 10**7 else value)
    forged[f"own key, {name} {shown}"] = signed(HS256, changed(**{name: value}), own)
for name in ["exp", "nbf", "aud", "iss", "sub"]:
    twice = json.dumps(said, separators=(",", ":"))[:-1] + f',"{name}":{json.dumps(said[name])}}}'
    forged[f"own key, {name} twice"] = signed(HS256, twice.encode(), own)
for alg, kind in [("HS384", hashlib.sha384), ("HS512", hashlib.sha512), ("HS256", hashlib.sha384), ("HS256", hashlib.sha1),
                  ("HS384", hashlib.sha256), ("none", hashlib.sha256), ("hs256", hashlib.sha256), ("RS256", hashlib.sha256),
                  ("ES256", hashlib.sha256), ("EdDSA", hashlib.sha256), (None, hashlib.sha256)]:
    forged[f"own key, alg {alg}, signed by HMAC-{kind().name}"] = signed({"typ": "JWT", "alg": alg}, said, own, kind)
forged["own key, no alg"] = signed({"typ": "JWT"}, said, own)
forged["own key, no head"] = signed({}, said, own)
# What must be understood and is not makes a token invalid (RFC 7515 section 4.1.11).
for crit in [["exp"], ["b64"], ["x"], [], "exp", ["alg"]]:
    forged[f"own key, crit {crit!r}"] = signed({**HS256, "crit": crit, "b64": True, "x": 1}, said, own)
forged["own key, b64 false"] = signed({**HS256, "crit": ["b64"], "b64": False}, said, own)
for alg, bytes_long in [("ES256", 64), ("ES384", 96), ("EdDSA", 64), ("RS256", 256)]:
    part = f"{pack({'typ': 'JWT', 'alg': alg})}.{claims}"
    forged[f"{alg} of zeros"] = f"{part}.{pack(bytes(bytes_long))}"
    forged[f"{alg} of ones"] = f"{part}.{pack(bytes([255]) * bytes_long)}"
der_of_zeros = bytes([0x30, 6, 2, 1, 0, 2, 1, 0])
forged["ES256 of zeros in DER"] = f"{pack({'typ': 'JWT', 'alg': 'ES256'})}.{claims}.{pack(der_of_zeros)}"

# A key named in the head is neither used nor fetched: whoever would fetch it comes to this door. With it the claims decide
# as ever; without a fault in them the token is the server's own, whatever else its head says (RFC 7515 section 4).
door = socket.create_server(("127.0.0.1", 0))
visits = []
threading.Thread(target=lambda: [visits.append(door.accept()[1]) for _ in range(9)], daemon=True).start()
place = f"http://127.0.0.1:{door.getsockname()[1]}/keys"
guessed = {"kty": "oct", "k": pack(b"guessed"), "alg": "HS256"}
allowed = {}
for name, value in [("jku", place), ("x5u", place), ("jwk", guessed), ("kid", "../../../../dev/null"), ("kid", place),
                    ("kid", "' union select 'guessed' --"), ("x5c", [pack(b"guessed")]), ("x5t", pack(bytes(20))), ("kid", "")]:
    key_named = {**HS256, name: value}
    forged[f"{name} {value!r}, signed with the key it names"] = signed(key_named, said, b"guessed")
    forged[f"{name} {value!r}, signed with nothing"] = signed(key_named, said, b"")
    forged[f"own key, {name} {value!r}, expired"] = signed(key_named, changed(exp=now - 1), own)
    allowed[f"own key, {name} {value!r}"] = signed(key_named, said, own)


def asked_with(carrier):
    heard, _ = answers(say(f"GET /api/v1/me HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{carrier}\r\n\r\n"))
    return heard[0] if heard else None


def carriers(text):
    return [f"Authorization: Bearer {text}", f"Cookie: yj_access={text}"]


for what, text in forged.items():
    for carrier in carriers(text):
        answer = asked_with(carrier)
        status = answer.status if answer else "nothing"
        if status != 401:
            found(f"{status} for {what} ({carrier.split(':')[0]})")
        elif "bearer" not in answer.field("www-authenticate").lower():
            found(f"401 without WWW-Authenticate for {what}")
for what, text in allowed.items():
    if (answer := asked_with(carriers(text)[0])) is None or answer.status not in (200, 401):
        found(f"{answer and answer.status} for {what}")
for visit in visits:
    found(f"the server came to fetch a key that a token names, from {visit}")
# Without these everything above could be refused for another reason.
for what, text in [("the good token", good), ("the same claims, signed with the own key", signed(HS256, said, own))]:
    for carrier in carriers(text):
        if (answer := asked_with(carrier)) is None or answer.status != 200:
            found(f"{answer and answer.status} for {what} ({carrier.split(':')[0]})")
by_key = sum(what.startswith("own key") for what in forged)
ran("own", f"{len(forged)} forged tokens, {by_key} of them with the server's own key, each in two places")
