"""What the sample city lacks, made once for the judges that ask every address: a room that plays, a guest, a change of many
lessons, a plan, an appeal, a file on its way; and, from the server's database, addresses that no page links to."""

import datetime
import functools
import json
import os
import pathlib
import sqlite3
import time
import urllib.error
import urllib.request

from city import URL, token


def send(role, path, body=None, **fields):
    """The answer to a POST as JSON, with the address it names."""
    fields = {"Authorization": f"Bearer {token(role)}", "Content-Type": "application/json"} | fields
    asked = urllib.request.Request(URL + path, json.dumps(body).encode() if body else b"", fields)
    try:
        with urllib.request.urlopen(asked, timeout=120) as answer:
            said = answer.read()
            return (json.loads(said) if said else {}) | {"location": answer.headers.get("Location")}
    except urllib.error.HTTPError as refused:
        raise AssertionError(f"POST {path} as {role} -> {refused.code} {refused.read().decode()}") from refused


def kept(question, wait_s=0, instead=None):
    """The first row that the server's database answers, each value as text. It is waited for, and may be replaced."""
    with sqlite3.connect(f"file:{os.environ['DATA']}/yuanjiao.db?mode=ro", uri=True) as db:
        while (row := db.execute(question).fetchone()) is None and (wait_s := wait_s - 1) > 0:
            time.sleep(1)
    assert row or instead, f"the city has none: {question}"
    return [str(value) for value in row or instead]


@functools.cache
def examples():
    """`{address of the map: an example of it}`; made once, however many judges ask."""
    file = pathlib.Path(os.environ["WORK"], "made.json")
    if not file.exists():
        file.write_text(json.dumps(make()))
    return json.loads(file.read_text())


def make():
    # On a busy machine nothing may have been prepared so soon: then what asks for it says so.
    recording, = kept("select media_sha256 from rendition where kind = 'audio'", wait_s=60, instead=["0" * 64])
    trainers_unit, = kept("select unit_id from role_grant join account on account.id = account_id where login = 'trainer'")
    to_all = "state = 'published' and media_sha256 is not null and audience_unit_id = (select id from org_unit where parent_id is null)"
    lesson, = kept(f"select id from lesson where {to_all}")
    soon = str(datetime.date.today() + datetime.timedelta(days=30))
    own, = kept(f"select id from lesson where unit_id = {trainers_unit}")
    room = send("site", "/api/v1/playback", {"lesson_id": int(lesson), "mode": "group", "roster": []})["session_id"]
    send("site", f"/api/v1/sessions/{room}/guests", {"name": "来宾"})
    guest, = kept(f"select id from guest where playback_id = {room}")
    change = send("trainer", "/api/v1/changes", {"action": "add_tag", "value": "评审", "lessons": [int(own)]})
    plan = send("trainer", "/api/v1/plans", {"title": "评审", "unit_id": int(trainers_unit), "due": soon, "lessons": [int(lesson)]})
    entry, = kept("""select max(seq) from ledger_entry join account on account.person_id = ledger_entry.person_id
        where login = 'cadre' and source <> 'correction'""")
    appeal = send("cadre", f"/api/v1/ledger/{entry}/appeals", {"text": "评审"})
    upload = send("trainer", "/uploads", **{"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Content-Length": "0"})["location"]
    captioned, = kept("select lesson_id from caption")
    signed, = kept(f"select id from class_run where unit_id = {trainers_unit} and source = 'class' and state = 'open'")
    quizzed, = kept("select slug from lesson join question on lesson.id = lesson_id where state = 'published'")
    return {
        "/api/v1/lessons/{id}/captions/{language}.vtt": f"/api/v1/lessons/{captioned}/captions/%E6%99%AE%E9%80%9A%E8%AF%9D.vtt",
        "/api/v1/changes/{id}": f"/api/v1/changes/{change['id']}",
        "/studio/changes/{id}": f"/studio/changes/{change['id']}",
        "/lessons/{slug}/quiz": f"/lessons/{quizzed}/quiz",
        "/media/{sha256}/master.m3u8": f"/media/{recording}/master.m3u8",
        "/media/{sha256}/{kind}.m3u8": f"/media/{recording}/audio.m3u8",
        "/uploads/{id}": upload.removeprefix(URL),
        "/api/v1/uploads/{id}": "/api/v1" + upload.removeprefix(URL),
        "/api/v1/playback/{id}/room": f"/api/v1/playback/{room}/room",
        "/api/v1/playback/{id}/questions": f"/api/v1/playback/{room}/questions",
        "/classroom/play/{id}": f"/classroom/play/{room}",
        "/classroom/done/{id}": f"/classroom/done/{room}",
        "/classroom/quiz/{id}": f"/classroom/quiz/{room}",
        "/api/v1/guests/{id}/candidates": f"/api/v1/guests/{guest}/candidates",
        "/api/v1/classes/{id}/signing": f"/api/v1/classes/{signed}/signing",
        "/api/v1/plans/{id}/progress.{format}": f"/api/v1/plans/{plan['id']}/progress.csv",
        "/studio/plans/{id}": f"/studio/plans/{plan['id']}",
        "/api/v1/play-days": f"/api/v1/play-days?unit={trainers_unit}",
        "/api/v1/appeals/{id}": f"/api/v1/appeals/{appeal['id']}",
        "/office/appeals/{id}": f"/office/appeals/{appeal['id']}",
    }
