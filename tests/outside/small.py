"""What a small machine must bear with the sample city: how soon the server is ready, what it holds in memory while fifty
people watch, what it does when nobody asks, how large it is, and how fast its data grows."""

import http.client
import json
import os
import sqlite3
import threading
import time

from city import found, ran, token_of
from serving import BINARY, DATA, Server, make_city

VIEWERS = 50
WATCHED_S = 60
BEAT_EVERY_S = 15  # as the server asks for
RANGE = 256 * 1024
MOST_READY_S, MOST_RESIDENT_MB, MOST_IDLE_PERCENT, MOST_BINARY_MB = 2, 150, 1, 60


class Viewer:
    """Somebody who watches one lesson after the other."""

    def __init__(self, server, account):
        self.line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.fields = {"Authorization": f"Bearer {token_of(account, DATA)}", "Content-Type": "application/json"}
        self.seq = self.bytes_read = 0

    def ask(self, method, path, body=None, **fields):
        self.line.request(method, path, body and json.dumps(body), self.fields | fields)
        answer = self.line.getresponse()
        said = answer.read()
        assert answer.status in (200, 206), f"{method} {path} -> {answer.status} {said[:200]!r}"
        return said

    def begin(self, lesson):
        begun = json.loads(self.ask("POST", "/api/v1/playback", {"lesson_id": lesson, "mode": "solo"}))
        self.session, self.media, self.seq = begun["session_id"], begun["media_url"], 0

    def beat(self):
        return {"seq": self.seq, "position_ms": self.seq * BEAT_EVERY_S * 1000, "playing": True, "touched": self.seq % 40 == 1}

    def watch(self, lesson, until, wait):
        """A range each two seconds, a beat each fifteen."""
        time.sleep(wait)
        self.begin(lesson)
        next_beat, at = time.monotonic(), 0
        while time.monotonic() < until:
            if self.media:
                said = self.ask("GET", self.media, Range=f"bytes={at}-{at + RANGE - 1}")
                self.bytes_read, at = self.bytes_read + len(said), at + RANGE if len(said) == RANGE else 0
            if time.monotonic() >= next_beat:
                self.seq, next_beat = self.seq + 1, next_beat + BEAT_EVERY_S
                self.ask("POST", f"/api/v1/playback/{self.session}/beat", self.beat())
            time.sleep(2)


def together(works):
    """Does all at once, and says what went wrong."""
    failures = []

    def one(work):
        try:
            work()
        except Exception as problem:  # whatever it was, it is a finding
            failures.append(str(problem))

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in sorted(set(failures)):
        found(f"{failures.count(text)} viewers failed: {text}")


def forget(paths):
    """Takes files out of the system's memory, as after switching on."""
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def files():
    return [path for path in DATA.rglob("*") if path.is_file()]


def data_mb():
    with sqlite3.connect(DATA / "yuanjiao.db") as db:
        db.execute("pragma wal_checkpoint(truncate)")  # what was written ahead is no growth
    return sum(path.stat().st_size for path in files()) / 1e6


def enroll():
    """Fifty accounts for people of the city that have none, and the lessons that play."""
    with sqlite3.connect(DATA / "yuanjiao.db") as db:
        db.execute("""insert into account (login, password_hash, person_id, must_change_password, session_epoch, created_at)
            select 'viewer' || id, '', id, false, 0, ? from person
            where id not in (select person_id from account where person_id is not null) limit ?""", (int(time.time() * 1000), VIEWERS))
        accounts = [id for (id,) in db.execute("select id from account where login like 'viewer%'")]
        lessons = [id for (id,) in db.execute("""select id from lesson where state = 'published' and media_sha256 is not null
            and audience_unit_id = (select id from org_unit where parent_id is null)""")]
        people = db.execute("select count(*) from person").fetchone()[0]
    assert len(accounts) == VIEWERS and lessons, f"{len(accounts)} accounts, {len(lessons)} lessons"
    return accounts, lessons, people


make_city()
accounts, lessons, people = enroll()
city_mb = data_mb()
forget([*files(), BINARY])
server = Server("serve")
ready_s = server.ready_after_s()
at_rest_mb = server.number("VmRSS")
time.sleep(10)
used_s = server.processor_s()
time.sleep(30)
idle_percent = (server.processor_s() - used_s) / 30 * 100

viewers = [Viewer(server, account) for account in accounts]
watching, peak_mb, anonymous_mb = True, 0.0, 0.0


def look():
    global peak_mb, anonymous_mb
    while watching:
        peak_mb, anonymous_mb = max(peak_mb, server.number("VmRSS")), max(anonymous_mb, server.number("RssAnon"))
        time.sleep(0.1)


looker = threading.Thread(target=look)
looker.start()
until = time.monotonic() + WATCHED_S
together([lambda viewer=viewer, number=number: viewer.watch(lessons[number % len(lessons)], until, number / VIEWERS * 5)
          for number, viewer in enumerate(viewers)])
watching = False
looker.join()
read_mb = sum(viewer.bytes_read for viewer in viewers) / 1e6
server.stop()

# An hour of each, in two lessons; only their clocks run faster.
before_mb = data_mb()
server = Server("serve")
server.ready_after_s()


def hour(viewer, number):
    for lesson in range(2):
        viewer.begin(lessons[(number + lesson) % len(lessons)])
        beats = []
        for viewer.seq in range(1, 1800 // BEAT_EVERY_S + 1):
            beats.append(viewer.beat())
        viewer.ask("POST", f"/api/v1/playback/{viewer.session}/beats", {"beats": beats})
        viewer.ask("POST", f"/api/v1/playback/{viewer.session}/close", {})


together([lambda account=account, number=number: hour(Viewer(server, account), number) for number, account in enumerate(accounts)])
server.stop()
growth_mb = (data_mb() - before_mb) / VIEWERS * 1000
binary_mb = os.path.getsize(BINARY) / 1e6

for figure, most, what in [(ready_s, MOST_READY_S, "s until it is ready"), (peak_mb, MOST_RESIDENT_MB, f"MB resident with {VIEWERS} viewers"),
                           (idle_percent, MOST_IDLE_PERCENT, "% of a processor when nobody asks"), (binary_mb, MOST_BINARY_MB, "MB of binary")]:
    if figure >= most:
        found(f"{figure:.1f} {what}, {most} are allowed")
ran("own", f"{people} people, {city_mb:.0f} MB of data: ready in {ready_s:.2f} s, {at_rest_mb:.0f} MB at rest, {peak_mb:.0f} MB with {VIEWERS} viewers "
    f"({anonymous_mb:.0f} of it not files; {read_mb:.0f} MB read), {idle_percent:.2f} % idle, binary {binary_mb:.1f} MB, {growth_mb:.0f} MB in 1,000 viewed hours")
