"""One request over a bare socket, and what every answer must be whatever was asked (RFC 9110 and 9111)."""

import email.utils
import json
import re

from city import HOST, ROLES, answers, found, say, token

TOKENS = {login: token(login) for login in ROLES}
PAGE = "Accept: text/html,*/*;q=0.8\r\n"
counted = 0
said = set()


def check(holds, text):
    """Counts a check, and says once what does not hold."""
    global counted
    counted += 1
    if not holds and text not in said:
        said.add(text)
        found(text)


def checks():
    """How many checks were made."""
    return counted


def is_for_programs(target):
    return target.startswith(("/api/", "/uploads"))


def ask(method, target, fields="", body="", who="cadre", version="1.1", wait=3.0):
    """The answer, after what holds for all was checked; `None` when nothing came."""
    signed = f"Cookie: yj_access={TOKENS[who]}\r\n" if who else ""
    head = f"{method} {target} HTTP/{version}\r\nHost: {HOST}\r\nConnection: close\r\n{signed}{fields}\r\n"
    heard, rest = answers(say(head + body, wait), {0} if method == "HEAD" else ())
    if not heard:
        check(False, f"nothing answers {method} {target[:80]} {fields[:60]!r}")
        return None
    answer = heard[-1]
    what = f"{method} {target[:80]} -> {answer.status}"
    check(not rest and len(heard) == 1, f"{what}: bytes after the answer")
    check(answer.status < 500 or answer.status == 501, f"{what}: {answer.body[:200]!r}")
    check(email.utils.parsedate(answer.field("date")) is not None, f"{what}: no Date")
    check(len(answer.fields.get("date", [])) < 2, f"{what}: Date stands twice")
    kind = answer.field("content-type")
    if answer.status in (204, 304):
        check("content-length" not in answer.fields or answer.status == 304, f"{what}: Content-Length on a 204")
        check("transfer-encoding" not in answer.fields, f"{what}: Transfer-Encoding on {answer.status}")
    elif method != "HEAD" and answer.body:
        check(kind, f"{what}: a body without Content-Type")
    if kind.startswith("text/"):
        check("charset=utf-8" in kind.lower(), f"{what}: {kind} without charset")
    if answer.status != 431:
        check(answer.field("cache-control"), f"{what}: no Cache-Control")
        check(answer.field("x-content-type-options") == "nosniff", f"{what}: no nosniff")
        varies = re.split(r",\s*", answer.field("vary").lower())
        is_coded = not target.startswith(("/media/", "/uploads"))
        check("accept-encoding" in varies or not is_coded, f"{what}: Vary is {answer.field('vary')!r}, without Accept-Encoding")
    check(not answer.field("server") and not answer.field("x-powered-by"), f"{what}: names what it is made of")
    if answer.status == 405:
        check(answer.field("allow"), f"{what}: no Allow")
    if answer.status == 401:
        check(answer.field("www-authenticate"), f"{what}: no WWW-Authenticate")
    if answer.status >= 400 and method != "HEAD":
        readable(answer, what, "text/html" in fields and not is_for_programs(target))
    return answer


def readable(answer, what, by_people):
    """A refusal says what is wrong: a page to people, `{code, message}` to programs, in Chinese to both."""
    kind = answer.field("content-type")
    if by_people:
        check(kind.startswith("text/html"), f"{what}: {kind or 'nothing'} for who asks for a page")
        text = answer.body.decode(errors="replace")
        check(re.search(r"<h1[^>]*>[^<]*[\u4e00-\u9fff]", text), f"{what}: a page that does not say what is wrong: {text[:60]!r}")
        return
    check(kind.startswith("application/json"), f"{what}: {kind or 'nothing'} for a program")
    try:
        body = json.loads(answer.body)
        check(set(body) == {"code", "message"}, f"{what}: not {{code, message}}")
        check(re.search(r"[\u4e00-\u9fff]", body["message"]), f"{what}: no sentence in Chinese: {body['message']!r}")
    except (ValueError, KeyError, TypeError):
        check(False, f"{what}: the body is no JSON: {answer.body[:60]!r}")


def expect(status, *words, **more):
    """The answer, whose status must be this one or one of these."""
    answer = ask(*words, **more)
    wanted = status if isinstance(status, tuple) else (status,)
    if answer:
        shown = " ".join(str(word)[:60] for word in words)
        check(answer.status in wanted, f"{shown!r} -> {answer.status}, not {' or '.join(map(str, wanted))}")
    return answer
