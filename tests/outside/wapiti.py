"""wapiti as a stranger and as each role: from one page of each shape that the role was shown, its modules for injection and
for what is left open. A crawl or a module that its time cut short is a finding; so is a fetch that an injected address
brought about."""

import concurrent.futures
import http.server
import json
import os
import pathlib
import re
import subprocess
import threading

from city import ROLES, found, pages, ran
from passing import Door

TOOL = pathlib.Path(os.environ["CACHE"], "wapiti/bin/wapiti")
WORK = pathlib.Path(os.environ["WORK"])
MODULES = "sql,xss,permanentxss,file,exec,crlf,redirect,ssrf,xxe,csrf,upload,http_headers,cookieflags,csp"
CRAWL_S, MODULE_S, WHOLE_S = 120, 60, 900
AT_ONCE = 2
visits = []


class Trap(http.server.BaseHTTPRequestHandler):
    """Where injected addresses lead: nobody but wapiti, which asks who came, should come here."""

    def do_GET(self):
        if "get_ssrf.php" not in self.path and "get_xxe.php" not in self.path:
            visits.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_HEAD = do_GET

    def log_message(self, *_):
        pass


trap = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trap)
threading.Thread(target=trap.serve_forever, daemon=True).start()


def scan(role):
    """wapiti's report of a role, what it said meanwhile, and the door it came through."""
    door, report = Door(role), WORK / f"wapiti-{role}.json"
    shown = {page["shape"]: page["path"] for page in pages() if page.get("role") == role}
    starts = [word for path in shown.values() for word in ("-s", door.url + path)]
    command = [TOOL, "-u", f"{door.url}/", *starts, "--scope", "folder", "-d", "2", "--max-links-per-page", "20", "--max-files-per-dir", "20",
               "--max-scan-time", str(CRAWL_S), "--max-attack-time", str(MODULE_S), "-S", "normal", "--flush-session", "--no-bugreport",
               "--store-session", WORK / f"wapiti-{role}", "--endpoint", f"http://127.0.0.1:{trap.server_port}/", "-x", f"{door.url}/sign-out",
               "-x", f"{door.url}/password", "-f", "json", "-o", report, "-m", MODULES]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=WHOLE_S)
        said, ended = done.stdout, done.returncode == 0
    except subprocess.TimeoutExpired as late:
        said, ended = (late.stdout or b"").decode(errors="replace"), False
    pathlib.Path(WORK, f"wapiti-{role}.txt").write_text(said)
    return role, door, json.loads(report.read_text()) if ended and report.exists() else None, said


crawled = 0
requests = 0
with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as several:
    for role, door, report, said in several.map(scan, [None, *ROLES]):
        who = role or "stranger"
        requests += door.statuses.total()
        for text in door.findings():
            found(text)
        for line in re.findall(r"Max (?:scan|attack) time was reached.*", said):
            found(f"{line} as {who}")
        if report is None:
            found(f"wapiti did not come to its end as {who}: {said.strip().splitlines()[-1:]}")
            continue
        seen = report["infos"]["crawled_pages_nbr"]
        crawled += seen
        least = len({page["shape"] for page in pages() if page.get("role") == role})
        if seen < least:
            found(f"only {seen} pages of {least} kinds were crawled as {who}")
        for kind, ones in [*report["vulnerabilities"].items(), *report["anomalies"].items()]:
            for one in ones:
                found(f"{kind}: {one['method']} {re.sub(r'[0-9]+', '0', one['path'])} {one.get('parameter') or ''} {one['info']} as {who}")
for path in visits:
    found(f"the server fetched an injected address: {path}")
version = subprocess.run([TOOL, "--version"], capture_output=True, text=True).stdout.strip().splitlines()[-1]
ran(version, f"{crawled} pages crawled and {requests} requests as {len(ROLES) + 1} roles, {CRAWL_S} s a crawl and {MODULE_S} s a module at most")
