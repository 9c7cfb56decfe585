"""HTTP/1.1 as RFC 9110 and 9112 ask for it, over bare sockets: codings, refusals and their bodies, framing, targets. What
holds of each route by itself is routes.py."""

from asking import PAGE, TOKENS, ask, check, checks, expect
from city import HOST, answers, ran, say

# What depends on a field says so (RFC 9110 section 12.5.5).
for target in ["/home", "/openapi.json", "/record"]:
    if answer := ask("GET", target, PAGE + "Accept-Encoding: gzip, br\r\n"):
        check(answer.field("content-encoding"), f"GET {target}: not compressed")
        check("accept-encoding" in answer.field("vary").lower(), f"GET {target}: compressed without Vary: Accept-Encoding")
if answer := ask("GET", "/nothing", PAGE):
    check("accept" in [name.strip() for name in answer.field("vary").lower().split(",")], "an error that is HTML or JSON by Accept has no Vary: Accept")

# Conditional requests.
page = ask("GET", "/openapi.json")
if page and page.field("etag"):
    expect(304, "GET", "/openapi.json", f"If-None-Match: {page.field('etag')}\r\n")
home = ask("GET", "/sign-in", PAGE, who=None)
if home:
    sheet = home.body.decode().split('rel="stylesheet" href="')[1].split('"')[0]
    first = expect(200, "GET", sheet)
    if first and first.field("etag"):
        expect(304, "GET", sheet, f"If-None-Match: {first.field('etag')}\r\n")
        expect(304, "GET", sheet, f"If-None-Match: W/{first.field('etag').removeprefix('W/')}\r\n")
        expect(200, "GET", sheet, 'If-None-Match: "other"\r\n')
    else:
        check("immutable" in (first.field("cache-control") if first else ""), f"{sheet}: neither ETag nor immutable")

# Methods of no route.
expect((204, 200), "OPTIONS", "/uploads", "Tus-Resumable: 1.0.0\r\n")
expect((400, 405, 501), "CONNECT", "example.com:443")

# Refusals and their bodies.
for who in ["cadre", None]:
    expect(404, "GET", "/nothing", PAGE, who=who)
    expect(404, "GET", "/api/v1/nothing", who=who)
expect(401, "GET", "/api/v1/me", who=None)
expect((302, 303), "GET", "/home", PAGE, who=None)
expect(404, "GET", "/lessons/none-such", PAGE)
expect(404, "GET", "/api/v1/lessons/999999")
expect((400, 404), "GET", "/api/v1/lessons/%00")
expect((400, 404), "GET", "/lessons/%ff%fe", PAGE)
expect((400, 404), "GET", "/assets/..%2f..%2fetc%2fpasswd")
expect((400, 404), "GET", "/assets/../../etc/passwd")
JSON = "Content-Type: application/json\r\n"
expect(400, "POST", "/api/v1/session", JSON + "Content-Length: 1\r\n", "{", who=None)
expect(415, "POST", "/api/v1/session", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}", who=None)
expect(415, "POST", "/api/v1/session", "Content-Length: 2\r\n", "{}", who=None)
expect(415, "POST", "/sign-in", PAGE + "Content-Type: text/plain\r\nContent-Length: 2\r\n", "ab", who=None)
expect(411, "POST", "/api/v1/session", JSON, who=None)
expect(413, "POST", "/api/v1/session", JSON + "Content-Length: 99999999\r\n", who=None)
expect(413, "POST", "/sign-in", PAGE + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99999999\r\n", who=None)
big = "4000\r\n" + " " * 0x4000 + "\r\n"
expect(413, "POST", "/api/v1/session", JSON + "Transfer-Encoding: chunked\r\n", big * 100 + "0\r\n\r\n", who=None)
for long in [9_000, 30_000, 60_000]:
    expect((400, 404, 414), "GET", "/search?q=" + "a" * long, PAGE)
expect((414, 431), "GET", "/" + "a" * 200_000, PAGE)
expect(431, "GET", "/healthz", "X-Long: " + "a" * 200_000 + "\r\n")
expect(431, "GET", "/healthz", "".join(f"X-{number}: a\r\n" for number in range(500)))
expect(406, "GET", "/api/v1/me", "Accept: application/xml\r\n")
expect(406, "GET", "/home", "Accept: image/png\r\n")
expect(417, "GET", "/healthz", "Expect: something-else\r\n")
heard = say(f"POST /api/v1/session HTTP/1.1\r\nHost: {HOST}\r\n{JSON}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", 2)
check(heard.startswith((b"HTTP/1.1 100", b"HTTP/1.1 4")), f"Expect: 100-continue is met with {heard[:30]!r}")

# Framing: what two readers could read in two ways is refused and the connection closed (RFC 9112 sections 3.2, 5, 6 and 7).
post = f"POST /api/v1/session HTTP/1.1\r\nHost: {HOST}\r\n{JSON}"
hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
refused = {
    "two lengths": post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + hidden,
    "two lengths in a list": post + "Content-Length: 2, 3\r\n\r\n{}" + hidden,
    "length and chunks": post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + hidden,
    "chunks and length": post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + hidden,
    "chunked twice": post + "Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + hidden,
    "chunked, then another": post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + hidden,
    "an unknown coding": post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden,
    "a vertical tab in the coding": post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + hidden,
    "a length with a plus": post + "Content-Length: +2\r\n\r\n{}" + hidden,
    "a negative length": post + "Content-Length: -2\r\n\r\n{}" + hidden,
    "a length in hex": post + "Content-Length: 0x2\r\n\r\n{}" + hidden,
    "a length beyond 64 bits": post + "Content-Length: 99999999999999999999\r\n\r\n{}" + hidden,
    "an empty length": post + "Content-Length:\r\n\r\n{}" + hidden,
    "a space before the colon": post + "Content-Length : 2\r\n\r\n{}" + hidden,
    "a bad chunk size": post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" + hidden,
    "a negative chunk size": post + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" + hidden,
    "a huge chunk size": post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n" + hidden,
    "a chunk longer than it says": post + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" + hidden,
    "no Host": "GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nHost: other\r\n\r\n",
    "a Host with a space": "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a Host with a path": "GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a folded field": f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nX-A: b\r\n c\r\n\r\n",
    "a field without a name": f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n: b\r\n\r\n",
    "a field without a colon": f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nnonsense\r\n\r\n",
    "a NUL in a field": f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nX-A: b\0c\r\n\r\n",
    "a bare CR in a field": f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nX-A: b\rc\r\n\r\n",
    "a space before the first field": f"GET /healthz HTTP/1.1\r\n Host: {HOST}\r\n\r\n",
    "no version": "GET /healthz\r\n\r\n",
    "a version to come": f"GET /healthz HTTP/3.7\r\nHost: {HOST}\r\n\r\n",
    "a version in small letters": f"GET /healthz http/1.1\r\nHost: {HOST}\r\n\r\n",
    "a space in the target": f"GET /heal thz HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
    "a target without a slash": f"GET healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
    "a method that is no token": f"G@T /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
    "a lone * with GET": f"GET * HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
}
for what, bytes_sent in refused.items():
    heard, _ = answers(say(bytes_sent, 2))
    statuses = [answer.status for answer in heard]
    check(not statuses or statuses[0] in range(400, 600), f"{what}: answered {statuses}")
    check(len(statuses) < 2, f"{what}: what followed was taken for another request {statuses}")

# Targets (RFC 9112 section 3.2).
expect(200, "GET", f"http://{HOST}/healthz")
heard, _ = answers(say(f"OPTIONS * HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"))
check(heard and heard[0].status in (200, 204), f"OPTIONS * -> {[answer.status for answer in heard]}")
heard, _ = answers(say("GET /healthz HTTP/1.0\r\n\r\n"))
check([answer.status for answer in heard] == [200], "HTTP/1.0 without Host is not answered and closed")
heard, _ = answers(say(f"\r\nGET /healthz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"))
check(heard and heard[0].status == 200, "an empty line before the request is not passed over")

# Requests in one packet are answered in order, each as if it had come alone (RFC 9112 section 9.3.2).
def row(*requests):
    signed = f"Cookie: yj_access={TOKENS['cadre']}\r\n"
    packet = "".join(f"{method} {target} HTTP/{version}\r\nHost: {HOST}\r\n{signed}{fields}\r\n"
                     for method, target, version, fields in requests)
    return say(packet, 1.5)


me, courses = ("GET", "/api/v1/me", "1.1", ""), ("GET", "/api/v1/courses", "1.1", "")
last = ("GET", "/healthz", "1.1", "Connection: close\r\n")
heard, rest = answers(row(me, courses, ("GET", "/api/v1/nothing", "1.1", ""), last))
check([answer.status for answer in heard] == [200, 200, 404, 200] and not rest, "four requests in one packet are not answered in order")
check(b'"audience_unit_id"' in row(courses, ("HEAD", "/api/v1/me", "1.1", "")), "GET, then HEAD in one packet: GET's answer has no body")
check(b'"audience_unit_id"' not in row(("HEAD", "/api/v1/courses", "1.1", ""), me), "HEAD, then GET in one packet: HEAD's answer has a body")
check(row(courses, ("GET", "/healthz", "1.0", "")).startswith(b"HTTP/1.1"), "a request of 1.1, then one of 1.0 in one packet: answered as 1.0")
heard, _ = answers(row(courses, last))
check("close" not in heard[0].field("connection").lower(), "Connection: close of a second request stands in the first answer")
ran("own", f"{checks()} checks")
