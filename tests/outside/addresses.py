"""Every address of the server as its map names it (server/src/routes.rs), with a real example and one of nothing."""

import functools
import pathlib
import re
import urllib.parse

from city import document, fetch, pages, token
from made import examples

ABSENT = {"slug": "none-such", "sha256": "0" * 64, "code": "none-such", "file": "none-such"}
USUAL = {"slug": "none-such", "code": "none-such", "name": "none", "language": "zh", "format": "csv", "kind": "video"}


@functools.cache
def routes():
    """`(address, {method: who may enter})` of each, in the order of the map."""
    table = pathlib.Path("server/src/routes.rs").read_text().split("\nroutes! {\n")[1].split("\n}\n")[0]
    found = re.findall(r'^    "(/[^"]*)" \{ (.*) \}$', table, re.M)
    assert len(found) == table.count('\n    "/') + table.startswith('    "/'), "a line of the map was not understood"
    entry = re.compile(r"\b([A-Z]+) [\w:]+, (\w+)(?:\(\w+\))?(?: => once)?(?:, \w+(?:\([^)]*\))?)?;")
    assert all(len(entry.findall(entries)) == entries.count(";") for _, entries in found), "an entry was not understood"
    return [(path, dict(entry.findall(entries))) for path, entries in found]


def operation(path, method):
    """What the API's document says of it, if it does."""
    return document()["paths"].get(path, {}).get(method.lower())


def parameters(path, method, place):
    """The parameters of an operation that stand in `path` or in `query`."""
    return [one for one in (operation(path, method) or {}).get("parameters", []) if one["in"] == place]


@functools.cache
def recording():
    """The name of a recording of the city."""
    body = fetch("/api/v1/lessons/1", token("trainer"))[1].decode()
    return re.search(r"\b[0-9a-f]{64}\b", body)[0]


def value(path, name):
    """A value for a variable part of an address."""
    if name == "sha256":
        return recording()
    for method in ("get", "put", "post", "delete", "patch", "head"):
        for one in parameters(path, method, "path"):
            schema = one.get("schema", {})
            if one["name"] == name and (chosen := one.get("example") or (schema.get("enum") or [schema.get("example")])[0]):
                return str(chosen)
    return USUAL.get(name, "1")


def allowed(one, schema):
    """A value that the document allows for a parameter with this schema."""
    least = max(1, schema.get("minimum", 1))
    return str(one.get("example") or (schema.get("enum") or [schema.get("example") or least])[0])


def with_query(path, method, address):
    """The address with what its query must have."""
    must = {one["name"]: allowed(one, one["schema"]) for one in parameters(path, method, "query") if one.get("required")}
    return address + (f"?{urllib.parse.urlencode(must)}" if must and "?" not in address else "")


def filled(path, fill):
    return re.sub(r"\{(\w+)\}", lambda part: fill(part[1]), path)


@functools.cache
def example(path):
    """A real address of this kind: one that was made, one that a page linked to, or one made up of what the city has."""
    if path in examples():
        return examples()[path]
    if path == "/assets/{file}":
        return re.search(r"/assets/[^\"]+", fetch("/sign-in")[1].decode())[0]
    kind = re.compile(re.sub(r"\\\{\w+\\\}", "[^/?]+", re.escape(path)) + r"(\?.*)?$")
    fixed = {other for other, _ in routes() if "{" not in other}
    for page in pages():
        if kind.match(page["path"]) and (page["path"].split("?")[0] == path or page["path"].split("?")[0] not in fixed):
            return page["path"]
    return filled(path, lambda name: value(path, name))


def absent(path):
    """An address of this kind where nothing is."""
    kept = ("format", "kind", "language", "name", "item")
    return filled(path, lambda name: value(path, name) if name in kept else ABSENT.get(name, "999999999"))
