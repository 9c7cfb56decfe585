"""The forms and the links with parameters that the pages of the city have, and what a browser would send."""

import html.parser
import pathlib
import re
import urllib.parse

from city import pages


class Reader(html.parser.HTMLParser):
    """Collects forms as `{method, action, kind, fields}` and links with a query."""

    def __init__(self):
        super().__init__()
        self.forms, self.links, self.stray = [], [], {}
        self.form = self.select = self.text = None

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        if tag == "form":
            self.form = {"id": at.get("id"), "method": (at.get("method") or "get").upper(), "action": at.get("action") or "",
                         "kind": at.get("enctype") or "application/x-www-form-urlencoded", "fields": {}}
            self.forms.append(self.form)
        elif tag == "a" and "?" in at.get("href", ""):
            self.links.append(at["href"])
        elif tag in ("input", "button") and at.get("name"):
            self.field(at, at["name"], "file" if at.get("type") == "file" else at.get("value") or "1")
        elif tag == "select" and at.get("name"):
            self.select = (at, at["name"])
        elif tag == "option" and self.select:
            at_select, name = self.select
            fields = self.fields(at_select)
            if fields is not None and ("selected" in at or name not in fields):
                fields[name] = at.get("value") or ""
        elif tag == "textarea" and at.get("name"):
            self.field(at, at["name"], "1")

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None

    def fields(self, at):
        if owner := at.get("form"):
            return self.stray.setdefault(owner, {})
        return None if self.form is None else self.form["fields"]

    def field(self, at, name, value):
        fields = self.fields(at)
        if fields is not None:
            fields.setdefault(name, value)

    def whole(self):
        """The forms, with the fields that stand outside them."""
        for form in self.forms:
            form["fields"] |= self.stray.get(form["id"], {})
        return self.forms


def shape(path):
    """An address without its numbers."""
    return re.sub(r"/(\d+|[0-9a-f]{64})(?=/|$)", "/*", path.split("?")[0])


def all_of():
    """`(role, method, address, kind of body, fields)` of each form and link with parameters, a kind once for each role."""
    seen = set()
    for page in pages():
        if page.get("role") == "device":
            continue  # no attacker signs in as a terminal; who runs a site is shown the same
        reader = Reader()
        reader.feed(pathlib.Path(page["file"]).read_text())
        asked = [("GET", link, None, {}) for link in reader.links]
        asked += [(form["method"], form["action"] or page["path"], form["kind"], form["fields"]) for form in reader.whole()]
        for method, action, kind, fields in asked:
            target = urllib.parse.urlsplit(urllib.parse.urljoin(page["path"], action))
            if target.netloc:
                continue
            query = dict(urllib.parse.parse_qsl(target.query, keep_blank_values=True))
            if method == "GET":
                query, fields = query | fields, {}
            key = (page.get("role"), method, shape(target.path), tuple(sorted(query)), tuple(sorted(fields)))
            if key in seen or not query and not fields:
                continue
            seen.add(key)
            address = target.path + (f"?{urllib.parse.urlencode(query)}" if query else "")
            yield page.get("role"), method, address, kind, fields
