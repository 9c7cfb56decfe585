"""What the sample city lacks, made once for all judges: rooms that play and that are over, a paired terminal, a guest, a change
of many lessons, a plan, an appeal, a sealed year, a file on its way; and, from the server's database, addresses that no page
links to."""

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


def send(bearer, path, body=None, **fields):
    """The answer to a POST as JSON, with the address it names; a stranger has no token."""
    fields = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {}) | fields
    asked = urllib.request.Request(URL + path, b"" if body is None else json.dumps(body).encode(), fields)
    try:
        with urllib.request.urlopen(asked, timeout=120) as answer:
            said = answer.read()
            return (json.loads(said) if said else {}) | {"location": answer.headers.get("Location")}
    except urllib.error.HTTPError as refused:
        raise AssertionError(f"POST {path} -> {refused.code} {refused.read().decode()}") from refused


def kept(question, wait_s=0, instead=None):
    """The first row that the server's database answers, each value as text. It is waited for, and may be replaced."""
    with sqlite3.connect(f"file:{os.environ['DATA']}/yuanjiao.db?mode=ro", uri=True) as db:
        while (row := db.execute(question).fetchone()) is None and (wait_s := wait_s - 1) > 0:
            time.sleep(1)
    assert row or instead, f"the city has none: {question}"
    return [str(value) for value in row or instead]


@functools.cache
def made():
    """`{terminal, pages, examples}`; made once, however many judges ask."""
    file = pathlib.Path(os.environ["WORK"], "made.json")
    if not file.exists():
        file.write_text(json.dumps(make()))
    return json.loads(file.read_text())


@functools.cache
def examples():
    """`{address of the map: an example of it}`."""
    # On a busy machine nothing may have been prepared so soon: then what asks for it says so.
    recording, = kept("select media_sha256 from rendition where kind = 'audio'", wait_s=60, instead=["0" * 64])
    prepared = {f"/media/{{sha256}}/{file}.m3u8": f"/media/{recording}/{example}.m3u8" for file, example in
                [("master", "master"), ("{kind}", "audio")]}
    return made()["examples"] | prepared


def pair(caretaker, unit):
    """A terminal of this unit, as people pair one: its token, and the cookies that it keeps."""
    asked = send(None, "/api/v1/pairings", {})
    send(caretaker, f"/api/v1/units/{unit}/devices", {"code": asked["code"], "name": "评审室电视"})
    collected = send(None, "/api/v1/pairings/collect", {"secret": asked["secret"]})
    return collected["access_token"], f"yj_refresh={collected['refresh_token']}; yj_terminal=1"


def room(operator, lesson, people):
    """A room where these people are."""
    begin = {"lesson_id": int(lesson), "mode": "group", "roster": people}
    return send(operator, "/api/v1/playback", begin)["session_id"]


def room_over(operator, lesson, people):
    """A room where these people were: the addresses of its pages."""
    over = room(operator, lesson, people)
    send(operator, f"/api/v1/playback/{over}/close", {})
    return {"/classroom/done/{id}": f"/classroom/done/{over}", "/classroom/quiz/{id}": f"/classroom/quiz/{over}"}


def make():
    site, trainer, cadre, office = (token(login) for login in ("site", "trainer", "cadre", "office"))
    units = "select unit_id from role_grant join account on account.id = account_id where login = "
    trainers_unit, sites_unit = kept(f"{units}'trainer'")[0], kept(f"{units}'site'")[0]
    to_all = "state = 'published' and media_sha256 is not null and audience_unit_id = (select id from org_unit where parent_id is null)"
    lesson, quizzed = kept(f"select lesson.id, slug from lesson join question on lesson.id = lesson_id where {to_all}")
    soon = str(datetime.date.today() + datetime.timedelta(days=30))
    own, = kept(f"select id from lesson where unit_id = {trainers_unit}")
    people = json.loads(kept(f"select json_group_array(id) from (select id from person where unit_id = {sites_unit} limit 6)")[0])
    terminal, terminals_cookies = pair(site, sites_unit)
    terminals_rooms, sites_rooms = room_over(terminal, lesson, people[:2]), room_over(site, lesson, people[2:4])
    # The trainer's: whoever runs an open room is shown that in the place of a roll, and the others' rolls are judged.
    playing = room(trainer, lesson, people[4:])
    send(trainer, f"/api/v1/sessions/{playing}/guests", {"name": "来宾"})
    guest, = kept(f"select id from guest where playback_id = {playing}")
    change = send(trainer, "/api/v1/changes", {"action": "add_tag", "value": "评审", "lessons": [int(own)]})
    plan = send(trainer, "/api/v1/plans", {"title": "评审", "unit_id": int(trainers_unit), "due": soon, "lessons": [int(lesson)]})
    entry, = kept("""select max(seq) from ledger_entry join account on account.person_id = ledger_entry.person_id
        where login = 'cadre' and source <> 'correction'""")
    appeal = send(cadre, f"/api/v1/ledger/{entry}/appeals", {"text": "评审"})
    # Minutes that a device with a wrong clock dates into the future: what comes of them waits for somebody to look.
    session = send(cadre, "/api/v1/playback", {"lesson_id": int(lesson), "mode": "solo"})["session_id"]
    for beat in [{"seq": 1, "position_ms": 0, "playing": True}, {"seq": 2, "position_ms": 60_000, "playing": False, "ago_ms": -1}]:
        send(cadre, f"/api/v1/playback/{session}/beat", beat)
    send(cadre, f"/api/v1/playback/{session}/close", {})
    unplaced, = kept(f"select seq from ledger_entry where playback_id = {session}")
    seal = send(office, f"/api/v1/units/{sites_unit}/seals", {"year": datetime.date.today().year - 1})["id"]
    kept(f"select id from seal where id = {seal} and state = 'sealed'", wait_s=60)
    person, code = kept("select account.person_id, check_code from account join seal_line on seal_line.person_id = account.person_id where login = 'cadre'")
    upload = send(trainer, "/uploads", **{"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Content-Length": "0"})["location"]
    captioned, = kept("select lesson_id from caption")
    signed, = kept(f"select id from class_run where unit_id = {trainers_unit} and source = 'class' and state = 'open'")
    # No page links to these: a script leads there, a form, a code, or a link that only some of a kind have.
    pages = [("device", page) for page in terminals_rooms.values()] + [("site", page) for page in sites_rooms.values()]
    pages += [("trainer", f"/classroom/play/{playing}"), ("trainer", "/classroom?page=1"), ("trainer", f"/classroom/{quizzed}?unit={sites_unit}"),
              ("cadre", f"/lessons/{quizzed}/quiz"), ("cadre", "/password"), ("cadre", "/record/certificate"), (None, f"/check?code={code}"),
              ("trainer", f"/studio/changes/{change['id']}"), ("trainer", "/studio/searches/answer?wish=%E5%85%BB%E8%9C%82"),
              ("admin", f"/studio/lessons/{captioned}/captions"), ("admin", f"/studio/lessons/{captioned}/voices"),
              ("office", f"/office/appeals/{appeal['id']}"), ("office", f"/office/people/{person}/certificate")]
    return {"terminal": terminals_cookies, "pages": [{"role": role, "path": path} for role, path in pages], "examples": sites_rooms | {
        "/classroom/play/{id}": f"/classroom/play/{playing}",
        "/api/v1/lessons/{id}/captions/{language}.vtt": f"/api/v1/lessons/{captioned}/captions/%E6%99%AE%E9%80%9A%E8%AF%9D.vtt",
        "/api/v1/changes/{id}": f"/api/v1/changes/{change['id']}",
        "/studio/changes/{id}": f"/studio/changes/{change['id']}",
        "/lessons/{slug}/quiz": f"/lessons/{quizzed}/quiz",
        "/uploads/{id}": upload.removeprefix(URL),
        "/api/v1/uploads/{id}": "/api/v1" + upload.removeprefix(URL),
        "/api/v1/playback/{id}/room": f"/api/v1/playback/{playing}/room",
        "/api/v1/playback/{id}/questions": f"/api/v1/playback/{playing}/questions",
        "/api/v1/guests/{id}/candidates": f"/api/v1/guests/{guest}/candidates",
        "/api/v1/classes/{id}/signing": f"/api/v1/classes/{signed}/signing",
        "/api/v1/plans/{id}/progress.{format}": f"/api/v1/plans/{plan['id']}/progress.csv",
        "/studio/plans/{id}": f"/studio/plans/{plan['id']}",
        "/api/v1/play-days": f"/api/v1/play-days?unit={trainers_unit}",
        "/api/v1/appeals/{id}": f"/api/v1/appeals/{appeal['id']}",
        "/office/appeals/{id}": f"/office/appeals/{appeal['id']}",
        "/office/appeals/entries/{seq}": f"/office/appeals/entries/{unplaced}",
        "/api/v1/seals/{seal}": f"/api/v1/seals/{seal}",
        "/api/v1/check/{code}": f"/api/v1/check/{code}",
        "/office/people/{id}/certificate": f"/office/people/{person}/certificate",
    }}


if __name__ == "__main__":
    made()
