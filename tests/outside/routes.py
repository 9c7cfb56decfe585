"""Every route of the server's map, and every method of each: who may not enter, HEAD, OPTIONS, conditional requests, what
is not there, methods that are not known, bodies of the wrong kind, too long, or broken. What changes something is asked
of things that are not there, or with a body that nothing can come of."""

import re

import addresses
import forms
from asking import PAGE, TOKENS, ask, check, checks, is_for_programs
from city import ran

EVIL = "Origin: http://elsewhere.example\r\n"
TOO_LONG = 99_999_999
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
# Leaving is asked by whoever can come back.
LEAVES = {"/api/v1/sessions", "/api/v1/session", "/sign-out"}
PLAIN = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
seen = {}


# Pages whose form has fields: there a body that cannot be read is sent to a real address.
filled_in = {(method, address.split("?")[0]) for _, method, address, _, fields in forms.all_of() if len(fields) > 1}
TUS = "Tus-Resumable: 1.0.0\r\n"


def accepts(path):
    if path.startswith("/uploads"):
        return TUS
    by_people = not is_for_programs(path) and not path.startswith(("/media/", "/assets/")) and path not in PLAIN
    return PAGE if by_people else ""


def is_outside(answer):
    """Whether the answer says that this caller may not enter."""
    led_away = answer.status in (302, 303) and answer.field("location").startswith(("/sign-in", "/password"))
    return answer.status in (401, 403) or led_away


def insider(method, path, target, fields="", body="", wanted=200, wait=3.0):
    """The answer to whoever may enter, best the wanted one, and who that is."""
    best = None
    rank = lambda answer: 0 if is_outside(answer) else 1 if answer.status == 404 else 2
    known = [who for asked, who in seen.items() if asked[0] == path]
    for who in dict.fromkeys([*known, *TOKENS]):
        answer = ask(method, target, fields, body, who=who, wait=wait)
        if answer is None:
            return None, None
        if best is None or answer.status == wanted or rank(answer) > rank(best[0]):
            best = answer, who
        if answer.status == wanted or rank(answer) == 2:
            break
    seen[path, method] = best[1]
    return best


def methods_of(answer):
    return {name.strip() for name in answer.field("allow").split(",") if name.strip()}


def got(path, entrance):
    """GET, and HEAD, conditional requests and a stranger after it."""
    target, fields = addresses.with_query(path, "GET", addresses.example(path)), accepts(path)
    answer, who = insider("GET", path, target, fields)
    if answer is None:
        return
    check(answer.status in (200, 206, 302, 303), f"GET {path}: nobody was shown it at {target}, but {answer.status}")
    head = ask("HEAD", target, fields, who=who)
    if head:
        check(answer.status == head.status, f"HEAD {path} -> {head.status}, GET {answer.status}")
        for name in ["content-type", "cache-control", "etag", "vary", "location", "last-modified", "accept-ranges"]:
            # What is drawn anew for each differs in nothing but what it says of the moment.
            check(answer.field(name) == head.field(name), f"HEAD {path}: {name} is {head.field(name)!r}, not {answer.field(name)!r}")
    if answer.status == 200:
        kept = answer.field("cache-control").lower()
        check(entrance == "Anyone" or "private" in kept or "no-store" in kept, f"GET {path}: Cache-Control {kept!r} lets shared caches keep it")
        if tag := answer.field("etag"):
            again = ask("GET", target, fields + f"If-None-Match: {tag}\r\n", who=who)
            check(again and again.status == 304 and not again.body, f"GET {path} with its ETag -> {again and again.status}")
            for name in ["cache-control", "etag", "vary"]: # RFC 9110 section 15.4.5
                check(again is None or again.field(name) == answer.field(name), f"GET {path} -> 304: {name} differs from that of 200")
        if moment := answer.field("last-modified"):
            again = ask("GET", target, fields + f"If-Modified-Since: {moment}\r\n", who=who)
            check(again and again.status == 304, f"GET {path} with its Last-Modified -> {again and again.status}")
    if "{" in path and not path.startswith("/classroom/{"):
        missing, _ = insider("GET", path, addresses.absent(path), fields, wanted=404)
        check(missing and missing.status in (404, 400, 410), f"GET {path} of nothing -> {missing and missing.status}")


def stranger(method, path, entrance):
    """Who has not signed in learns where to, and nothing else."""
    answer = ask(method, addresses.absent(path), accepts(path), who=None)
    if answer and entrance != "Anyone":
        led = answer.status in (302, 303) and answer.field("location").startswith("/sign-in")
        check(led if "text/html" in accepts(path) else answer.status == 401, f"{method} {path} as a stranger -> {answer.status} {answer.field('location')}")


def unknown(path, methods):
    """Methods that the route has not are named as such, with those it has (RFC 9110 sections 10.2.1 and 15.5.6)."""
    have = set(methods) | ({"HEAD"} if "GET" in methods else set())
    target = addresses.absent(path)
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]:
        if method in have:
            continue
        answer = ask(method, target, accepts(path))
        if answer is None:
            continue
        wanted = (200, 204, 405) if method == "OPTIONS" else (405, 501) if method == "BREW" else (405,)
        check(answer.status in wanted, f"{method} {path} -> {answer.status}, not {wanted}")
        allowed = methods_of(answer) - {"OPTIONS"}
        check(answer.status == 501 or allowed == have - {"OPTIONS"}, f"{method} {path}: Allow is {sorted(allowed)}, not {sorted(have)}")


def kinds_of_body(path, method):
    """The kinds of body that a route reads; `None` for one that reads none."""
    if not is_for_programs(path):
        return [FORM]
    body = (addresses.operation(path, method) or {}).get("requestBody")
    return list(body["content"]) if body else None


def unread(path, method):
    """Where a body can be sent of which nothing comes."""
    kind = re.compile(re.sub(r"\\\{\w+\\\}", "[^/?]+", re.escape(path)) + "$")
    real = [address for asked, address in filled_in if asked == method and kind.match(address)]
    return addresses.with_query(path, method, real[0] if real else addresses.absent(path)), bool(real) or "{" not in path


def posted(path, method):
    """Bodies of the wrong kind, too long, broken, and from another site's page."""
    (target, is_there), fields = unread(path, method), accepts(path)
    answer = ask(method, target, fields + EVIL + "Content-Length: 0\r\n")
    check(answer and answer.status == 403, f"{method} {path} from another site -> {answer and answer.status}")
    if path in LEAVES and path != "/api/v1/session":
        return
    kinds = kinds_of_body(path, method)
    if kinds is None:
        answer, _ = insider(method, path, target, fields + "Content-Length: 0\r\n", wanted=404)
        check(answer and 400 <= answer.status < 500 or "{" not in path, f"{method} {path} of nothing -> {answer and answer.status}")
        return
    # What is not there may be said to be so before anybody looks at a body; so may what stands beside a file.
    takes_any = any(kind in ("*/*", "application/octet-stream", "application/offset+octet-stream") for kind in kinds)
    first = (() if is_there else (404,)) + ((400,) if takes_any else ())
    foreign = "Content-Type: application/x-wrong\r\nContent-Length: 2\r\n"
    answer, _ = insider(method, path, target, fields + foreign, "ab", wanted=415)
    check(answer and (answer.status in (415, *first) or takes_any), f"{method} {path} with a body of an unknown kind -> {answer and answer.status}")
    multipart = "multipart/form-data; boundary=cut"
    for kind in [kinds[0], multipart] if kinds[0] == FORM else kinds[:1]:
        long = f"Content-Type: {kind}\r\nContent-Length: {TOO_LONG}\r\n"
        answer, _ = insider(method, path, target, fields + long, wanted=413, wait=1.0)
        if answer is None or answer.status != 415:
            break
    check(answer and answer.status in (413, *first), f"{method} {path} with a body of {TOO_LONG} bytes -> {answer and answer.status}")
    if JSON in kinds:
        for text in ["{", "[]", "null", '{"\\u0000": 1}', "[" * 9000]:
            broken = f"Content-Type: {JSON}\r\nContent-Length: {len(text)}\r\n"
            answer, _ = insider(method, path, target, fields + broken, text, wanted=400)
            check(answer and answer.status < 500, f"{method} {path} with {text[:20]!r} -> {answer and answer.status}")
    elif FORM in kinds and (target == path or not is_there):
        for text in ["%", "a=%ff%fe", "&&&==", "id=" + "9" * 400, ""]:
            broken = f"Content-Type: {FORM}\r\nContent-Length: {len(text)}\r\n"
            answer, _ = insider(method, path, target, fields + broken, text, wanted=400)
            done = answer and answer.status in (302, 303) and not is_outside(answer)
            check(answer and answer.status < 500 and not done, f"{method} {path} does something with a form of {text[:20]!r}")


count = 0
for path, methods in addresses.routes():
    unknown(path, methods)
    for method, entrance in methods.items():
        count += 1
        stranger(method, path, entrance)
        if method == "GET":
            got(path, entrance)
        elif method in ("POST", "PUT", "PATCH"):
            posted(path, method)
        elif method == "DELETE" and path not in LEAVES:
            answer, _ = insider(method, path, addresses.absent(path), accepts(path), wanted=404)
            check(answer and 400 <= answer.status < 500, f"DELETE {path} of nothing -> {answer and answer.status}")
named = {(path, method.upper()) for path, entry in addresses.document()["paths"].items() for method in entry if method in
         ("get", "put", "post", "delete", "options", "head", "patch")}
have = {(path, method) for path, methods in addresses.routes() for method in methods}
for path, method in sorted(named - have):
    check(False, f"{method} {path} is in the API's document and not in the map")
ran("own", f"{count} operations of {len(addresses.routes())} addresses, {checks()} checks")
