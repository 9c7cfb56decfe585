"""sqlmap on every parameter: those of the links and forms that the pages have, and those of the API's document, in their
addresses, queries and bodies. Each is attacked as one of the roles that may enter, all roles take part. Level 1, risk 1,
by booleans, errors and unions on SQLite. Left out is changing a password, which ends the sign-in of whoever attacks."""

import collections
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.parse

import addresses
import forms
from city import ROLES, document, found, ran
from passing import Door

MOST_S = 15 * 60
AT_ONCE = 2
LEFT_OUT = {"/password", "/sign-out", "/api/v1/password", "/api/v1/sessions", "/api/v1/session/refresh"}
ENDS = {("delete", "/api/v1/session")}
TOOL = pathlib.Path(os.environ["CACHE"], "sqlmap/bin/sqlmap")
WORK = pathlib.Path(os.environ["WORK"])
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
doors = {role: Door(role) for role in [None, *ROLES]}
targets = {}


def add(roles, key, method, address, kind=None, body=""):
    """A target, for whichever of these roles has the fewest so far."""
    if key not in targets and roles and urllib.parse.urlsplit(address).path not in LEFT_OUT:
        load = collections.Counter(role for role, *_ in targets.values())
        targets[key] = min(roles, key=lambda role: load[role]), method, address, kind, body


def multipart(fields):
    parts = "".join(f'--cut\r\nContent-Disposition: form-data; name="{name}"' + ('; filename="a.csv"\r\nContent-Type: text/csv'
                    if value == "file" else "") + f"\r\n\r\n{value}\r\n" for name, value in fields.items())
    return "multipart/form-data; boundary=cut", f"{parts}--cut--"


def from_pages():
    whose = collections.defaultdict(list)
    for role, method, address, kind, fields in forms.all_of():
        query = tuple(sorted(urllib.parse.parse_qs(address.partition("?")[2])))
        whose[method, forms.shape(address), query, tuple(sorted(fields))].append((role, address, kind, fields))
    for key, ones in whose.items():
        method, (role, address, kind, fields) = key[0], ones[0]
        body = urllib.parse.urlencode(fields) if fields else ""
        if fields and kind.startswith("multipart"):
            kind, body = multipart(fields)
        # The address is the first one's: another role may not reach the same thing.
        add([role] if "*" in key[1] else [one[0] for one in ones], key, method, address, kind if fields else None, body)


def resolved(schema):
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for way in ("oneOf", "anyOf", "allOf"):
        if way in schema:
            return resolved(next((one for one in schema[way] if one.get("type") != "null"), schema[way][0]))
    return schema


def sample(schema, depth=0):
    """A body of this shape, each text of it marked as a place to inject; numbers are refused before anything reads them."""
    schema = resolved(schema)
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return {} if depth > 4 else {name: sample(one, depth + 1) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {}), depth + 1)] if depth < 4 else []
    if kind in ("integer", "number"):
        return 1
    return True if kind == "boolean" else str(schema.get("example") or schema.get("enum", ["1"])[0]) + "*"


def may_enter(method, path):
    """The roles that may, as the server says before it reads a body of a kind that nobody knows."""
    able = []
    for role in [None, *ROLES]:
        fields = {"Content-Type": "application/x-wrong"} if method in ("POST", "PUT", "PATCH") else {}
        address = addresses.example(path) if method == "GET" else addresses.absent(path)
        if answered(role, method, address, fields) not in (401, 403):
            able.append(role)
    return able[:1] if None in able else able


def answered(role, method, address, fields):

    line = http.client.HTTPConnection(doors[role].url[7:], timeout=120)
    line.request(method, address, "ab" if fields else None, fields)
    status = line.getresponse().status
    line.close()
    return status


def from_document():
    for path, entry in document()["paths"].items():
        for method in [one for one in ("get", "post", "put", "patch", "delete") if one in entry]:
            queries = addresses.parameters(path, method, "query")
            texts = [one["name"] for one in addresses.parameters(path, method, "path") if resolved(one["schema"]).get("type") == "string"]
            content = entry[method].get("requestBody", {}).get("content", {})
            body = json.dumps(sample(content[JSON].get("schema", {}))) if JSON in content else ""
            if not queries and not texts and "*" not in body or path.startswith("/uploads") or (method, path) in ENDS:
                continue
            roles = may_enter(method.upper(), path)
            address = addresses.example(path).split("?")[0]
            query = {one["name"]: addresses.allowed(one, resolved(one["schema"])) for one in queries}
            if query:
                add(roles, (method, path, "query"), method.upper(), f"{address}?{urllib.parse.urlencode(query)}", JSON if body else None, body.replace("*", ""))
            if "*" in body:
                add(roles, (method, path, "body"), method.upper(), address, JSON, body)
            if texts and method == "get":
                marked = addresses.filled(path, lambda name: addresses.value(path, name) + ("*" if name in texts else ""))
                add(roles, (method, path, "path"), "GET", marked)


def request(door, method, address, kind, body):
    kind = f"Content-Type: {kind}\r\n" if kind else ""
    line = "=" * 54
    return f"{line}\r\n{method} {address} HTTP/1.1\r\nHost: {door.url[7:]}\r\nAccept: text/html,*/*\r\n{kind}\r\n{body}\r\n{line}\r\n"


def attack(role):
    """sqlmap on all targets of a role; what it said, cut by target."""
    door, mine = doors[role], [one[1:] for one in targets.values() if one[0] == role]
    log = WORK / f"sqlmap-{role}.log"
    log.write_text("".join(request(door, *one) for one in mine), newline="")
    command = [TOOL, "-l", log, "--batch", "--flush-session", "--level", "1", "--risk", "1", "--technique", "BEU", "--dbms", "sqlite",
               "--disable-coloring", "--ignore-code", "*", "--timeout", "20", "--retries", "1", "--output-dir", WORK / f"sqlmap-{role}", "-v", "1"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=max(1, deadline - time.monotonic()))
        said, ended = done.stdout, done.returncode == 0 and "[*] ending @" in done.stdout
    except subprocess.TimeoutExpired as late:
        said, ended = (late.stdout or b"").decode(errors="replace"), False
    pathlib.Path(WORK, f"sqlmap-{role}.txt").write_text(said)
    return role, mine, re.split(r"^\[\d+/\d+\] URL:$", said, flags=re.M)[1:], ended


def judge(role, mine, said, ended):
    """What sqlmap found, and what it did not get to; how many parameters it judged."""
    who, judged = role or "stranger", 0
    if not ended:
        found(f"sqlmap did not come to its end as {who}: {len(said)} of {len(mine)} targets")
    elif len(said) < len(mine):
        found(f"sqlmap took only {len(said)} of {len(mine)} targets as {who}")
    for text in said:
        address = re.sub(r"\d+", "0", text.strip().split("\n")[0])[:100]
        cleared = set(re.findall(r"(\S+ parameter '[^']*') does not seem to be injectable", text))  # its last word on each
        clean = len(cleared)
        judged += clean
        for line in re.findall(r"^Parameter: .*|.*(?:might be vulnerable|appears to be '.*injectable|might be injectable).*", text, re.M):
            if any(f"{name} " in line for name in cleared):
                continue
            found(f"{re.sub(r'^.*? (INFO|WARNING). ', '', line)} at {address} as {who}")
        if clean == 0 and "Parameter: " not in text:
            why = re.findall(r"\[(?:CRITICAL|ERROR|WARNING)\] (.*)", text)
            found(f"no parameter was judged at {address} as {who}: {why[-1][:120] if why else 'it does not say why'}")
    return judged


from_pages()
from_document()
for door in doors.values():
    door.statuses.clear()
deadline = time.monotonic() + MOST_S
taking_part = sorted({role for role, *_ in targets.values()}, key=str)
with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as several:
    judged = sum(judge(*outcome) for outcome in several.map(attack, taking_part))
for role in taking_part:
    for text in doors[role].findings():
        found(text)
for role in set(ROLES) - set(taking_part):
    found(f"nothing was attacked as {role}")
asked = sum(door.statuses.total() for door in doors.values())
version = subprocess.run([TOOL, "--version"], capture_output=True, text=True).stdout.strip().partition("#")[0]
ran(version, f"{len(targets)} targets, {judged} parameters, {asked} requests as {len(taking_part)} roles, level 1, risk 1")
