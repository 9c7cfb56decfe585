"""A door before the server that an attacking tool goes through: it signs each request in as one role, anew before the token
ends, lets each come from another address so that no guess is slowed, and keeps what was answered."""

import collections
import http.client
import http.server
import random
import threading
import time

from city import PORT, fetch, token

TOKEN_S = 600  # of the 900 that it lives
LEFT_OUT = {"connection", "keep-alive", "transfer-encoding", "host", "content-length", "authorization", "cookie", "accept-encoding"}


class Door:
    """One role's door; `role` is `None` for a stranger."""

    def __init__(self, role):
        self.role, self.statuses, self.faults, self.paths = role, collections.Counter(), collections.Counter(), set()
        self.lock, self.signed_at, self.token = threading.Lock(), 0.0, None
        door = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self):
                door.pass_on(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # tools hang up as they please
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bearer(self):
        with self.lock:
            if self.role and time.monotonic() - self.signed_at > TOKEN_S:
                self.token, self.signed_at = token(self.role), time.monotonic()
            return self.token

    def pass_on(self, asked):
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        fields = {name: value for name, value in asked.headers.items() if name.lower() not in LEFT_OUT}
        fields["X-Forwarded-For"] = ".".join(str(random.randrange(1, 255)) for _ in range(4))
        if bearer := self.bearer():
            fields["Authorization"] = f"Bearer {bearer}"
        try:
            # One line each: what the server makes of a broken request must not reach the next.
            line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
            line.request(asked.command, asked.path, body or None, fields)
            answer = line.getresponse()
            status, said, heads = answer.status, answer.read(), answer.getheaders()
            line.close()
        except (OSError, http.client.HTTPException, ValueError) as problem:
            status, said, heads = 502, str(problem).encode(), []
        path = asked.path.split("?")[0]
        with self.lock:
            self.statuses[status] += 1
            self.paths.add(path)
            if status >= 500:
                self.faults[f"{status} {asked.command} {path}: {said[:120].decode(errors='replace')}"] += 1
        asked.send_response_only(status)
        for name, value in heads:
            if name.lower() not in LEFT_OUT:
                asked.send_header(name, value.replace(f"127.0.0.1:{PORT}", self.url[7:]))
        if status not in (204, 304):
            asked.send_header("Content-Length", str(len(said)))
        asked.end_headers()
        if asked.command != "HEAD" and status not in (204, 304):
            asked.wfile.write(said)

    def findings(self):
        """What the server should never have answered, and what shows that the tool did not get in."""
        who = self.role or "stranger"
        for text, times in sorted(self.faults.items()):
            yield f"{text} as {who}, {times} times"
        asked = self.statuses.total()
        if asked == 0:
            yield f"nothing was asked as {who}"
        elif self.role and fetch("/api/v1/me", self.token)[0] != 200:
            yield f"the sign-in of {who} ended before the attack did"
        if self.statuses[429] > 0:
            yield f"{self.statuses[429]} of {asked} answers were 429 as {who}"
