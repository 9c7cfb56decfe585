"""The server that is judged, over bare sockets and with sign-ins, and how a judge says what it found."""

import base64
import functools
import hashlib
import hmac
import json
import os
import pathlib
import socket
import time
import urllib.error
import urllib.request

URL = os.environ["URL"]
PORT = int(URL.rsplit(":", 1)[1])
HOST = f"127.0.0.1:{PORT}"
ROLES = ["cadre", "site", "trainer", "reviewer", "office", "expert", "auditor", "admin"]


def token(login):
    body = json.dumps({"login": login, "password": os.environ["PASSWORD"]}).encode()
    asked = urllib.request.Request(f"{URL}/api/v1/session", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)["access_token"]


def fetch(path, bearer=None, **fields):
    """The status and body of an answer to GET, wherever it led."""
    if bearer:
        fields["Authorization"] = f"Bearer {bearer}"
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, headers=fields), timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def pack(part):
    """A part of a token."""
    if not isinstance(part, bytes):
        part = json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(head, claims, key, kind=hashlib.sha256):
    """A token under an HMAC."""
    signed_part = f"{pack(head)}.{pack(claims)}"
    return f"{signed_part}.{pack(hmac.new(key, signed_part.encode(), kind).digest())}"


def token_key(data):
    """The key that the server of a data folder signs its access tokens with (server/src/auth/keys.rs)."""
    return hashlib.sha256(pathlib.Path(data, "secret.key").read_bytes() + b"\0access-token").digest()


def token_of(account, data, epoch=0, lives_s=900):
    """A token that the server of a data folder might have given to an account."""
    now = int(time.time())
    claims = {"sub": str(account), "sid": "judged", "epo": epoch, "iss": "yuanjiao", "aud": "yuanjiao"}
    return signed({"typ": "JWT", "alg": "HS256"}, claims | {"iat": now, "nbf": now, "exp": now + lives_s}, token_key(data))


class Answer:
    """One answer as it came: status, fields in lower case with every value they had, body."""

    def __init__(self, head, body):
        line, *fields = head.decode("latin-1").split("\r\n")
        self.status = int(line.split(" ")[1])
        self.fields = {}
        for field in filter(None, fields):
            name, _, value = field.partition(":")
            self.fields.setdefault(name.lower(), []).append(value.strip())
        self.body = body

    def field(self, name):
        return ", ".join(self.fields.get(name, []))


def say(request, wait=3.0):
    """All that the server answers to these bytes until it closes or falls silent."""
    if isinstance(request, str):
        request = request.encode()
    heard = b""
    with socket.create_connection(("127.0.0.1", PORT), timeout=wait) as line:
        try:
            line.sendall(request)
            while piece := line.recv(65536):
                heard += piece
        except (TimeoutError, ConnectionError):
            pass
    return heard


def answers(heard, bodiless=()):
    """What was heard, cut into answers; those of the numbers in `bodiless` answered a HEAD."""
    cut = []
    while b"\r\n\r\n" in heard:
        head, _, heard = heard.partition(b"\r\n\r\n")
        answer = Answer(head, b"")
        has_body = answer.status >= 200 and answer.status not in (204, 304) and len(cut) not in bodiless
        if has_body and "chunked" in answer.field("transfer-encoding"):
            while True:
                size, _, heard = heard.partition(b"\r\n")
                size = int(size or b"0", 16)
                answer.body, heard = answer.body + heard[:size], heard[size + 2 :]
                if size == 0:
                    break
        elif has_body:
            length = int(answer.field("content-length") or len(heard))
            answer.body, heard = heard[:length], heard[length:]
        cut.append(answer)
    return cut, heard


@functools.cache
def pages():
    """What crawl.mjs found: `{role, path, shape, file}`."""
    return json.loads(pathlib.Path(os.environ["WORK"], "pages.json").read_text())


@functools.cache
def document():
    """The API's document."""
    return json.loads(fetch("/openapi.json")[1])


def found(text):
    print(" ".join(text.split()), flush=True)


def ran(tool, what):
    with os.fdopen(3, "w") as said:
        said.write(f"{tool}\t{what}\n")
