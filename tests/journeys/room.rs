//! The room: forty people with their own minutes, presses that waited for the link, guests, codes, PINs, drawn names,
//! raised hands; and what an attacker with a forged code gets.

use crate::classroom::pass;
use entity::rotating_code::{Codes, Door};
use entity::{
    AccountId, LessonId, Moment, PersonId, PlaybackId, PlaybackMode, PostKind, QuestionKind, UnitId, ledger_entry,
    person, post, question, rule,
};
use player::beat::Beat;
use player::classroom::Attendance::{Arrive, Leave};
use player::classroom::{attend, checks};
use player::recorder::Recorder;
use player::session::{self, Begin, Terms};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::{Value, json};
use server::auth::keys::Keys;
use std::collections::BTreeMap;
use tests::{City, Client};

/// Everybody of a village, made at need so that there are forty.
pub async fn forty(city: &City) -> Vec<PersonId> {
    let unit = city.units["甲村"];
    let mut people: Vec<PersonId> =
        ["韦大山", "覃小梅", "黄志强", "蒙秀英"].iter().map(|name| city.people[&format!("甲村{name}")]).collect();
    for number in people.len()..40 {
        people.push(villager(city, unit, number).await);
    }
    people
}

async fn villager(city: &City, unit: UnitId, number: usize) -> PersonId {
    let family = ["韦", "覃", "黄", "蒙", "陆", "莫", "罗", "潘", "梁", "卢"][number % 10];
    let given = ["建国", "秀兰", "志明", "桂花", "永强", "凤英"][number % 6];
    let name = format!("{family}{given}");
    let row = person::ActiveModel {
        code: Set(format!("88{number:06}")),
        pinyin: Set(roster::people::pinyin_of(&name)),
        name: Set(name),
        unit_id: Set(unit),
        gender: Set(None),
        birth_year: Set(None),
        phone: Set(None),
        left_on: Set(None),
        created_at: Set(Moment::now()),
        ..Default::default()
    };
    let id = row.insert(&city.db.write).await.unwrap().id;
    let term = post::ActiveModel {
        person_id: Set(id),
        kind: Set(PostKind::Member),
        appointed_on: Set("2021-01-01".parse().unwrap()),
        ended_on: Set(None),
        ..Default::default()
    };
    term.insert(&city.db.write).await.unwrap();
    id
}

/// Credited and each reason, in seconds.
type Worth = (i64, BTreeMap<String, i64>);

fn worth(credited: i64, reasons: &[(&str, i64)]) -> Worth {
    (credited, reasons.iter().filter(|(_, s)| *s > 0).map(|(code, s)| ((*code).to_owned(), *s)).collect())
}

/// The room of the issue, computed by hand. A lesson of ten minutes:
///
/// | wall, s | playhead, s | what the operator does |
/// |---|---|---|
/// | 0-120 | 0-120 | plays |
/// | 120-180 | 120 | pauses |
/// | 180-300 | 120-240 | plays |
/// | 300-480 | 60-240 | seeks back to 60 and plays again |
/// | 480-600 | 240-360 | plays on, then ends |
///
/// Claimed: 120 + 120 + 180 + 120 = 540 s, of which 60-240 is seen twice (180 s).
fn by_hand(place: usize) -> Worth {
    match place {
        // Comes at 60: misses 0-60; sees 60-240 and 240-360; the replay is all old to them.
        0 => worth(300, &[("OVERLAP", 180), ("NOT_PRESENT", 60)]),
        // Comes at 150, in the pause: misses 0-120; sees 120-240; of the replay 60-120 is new, 120-240 old.
        1 => worth(300, &[("OVERLAP", 120), ("NOT_PRESENT", 120)]),
        // Comes at 400, in the replay at 160: misses 120 + 120 + 100; sees 160-240 and 240-360, all new.
        2 => worth(200, &[("NOT_PRESENT", 340)]),
        // Leaves at 240, the playhead at 180: sees 0-180; misses 60 + 180 + 120.
        3 => worth(180, &[("NOT_PRESENT", 360)]),
        // Leaves at 330, in the replay at 90: sees 0-240, then 60-90 again; misses 150 + 120.
        4 => worth(240, &[("OVERLAP", 30), ("NOT_PRESENT", 270)]),
        // There all the time.
        _ => worth(360, &[("OVERLAP", 180)]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_people_have_the_totals_computed_by_hand() {
    let city = City::without_server().await;
    let root = roster::org::root(&city.db.read).await.unwrap().unwrap();
    archive::rules::ensure_presets(&city.db.write, root.id, Moment::now()).await.unwrap();
    let (people, db) = (forty(&city).await, &city.db.write);
    let start = Moment(1_764_205_200_000);
    let at = |second: i64| start.plus_ms(second * 1000);
    let (by, recorder) = (city.accounts["site"], Recorder::start(db.clone()));
    let begin = Begin {
        lesson_id: LessonId(city.lesson("video")),
        mode: PlaybackMode::Group,
        person_id: None,
        account_id: by,
        unit_id: city.units["甲村"],
        roster: people[3..].to_vec(),
        terms: Terms { most_rate_permille: 1500, idle_after_ms: None },
    };
    let room = session::begin(db, begin, at(0)).await.unwrap().playback.id;
    let mut seq = 0;
    let mut beat = |position: i64, playing: bool| {
        seq += 1;
        Beat::parse(seq, position * 1000, playing, 1.0).unwrap()
    };
    let mut told: Vec<(i64, Beat)> = vec![
        (0, beat(0, true)),
        (60, beat(60, true)),
        (120, beat(120, false)),
        (180, beat(120, true)),
        (240, beat(180, true)),
        (300, beat(240, true)),
        (300, beat(60, true)),
        (480, beat(240, true)),
        (600, beat(360, true)),
    ];
    let doors = [(60, 0, Arrive), (150, 1, Arrive), (240, 3, Leave), (330, 4, Leave), (400, 2, Arrive)];
    for second in 0..=600 {
        for (_, place, what) in doors.iter().filter(|(when, ..)| *when == second) {
            attend(db, room, people[*place], *what, by, at(second)).await.unwrap();
        }
        while told.first().is_some_and(|(when, _)| *when == second) {
            recorder.record(room, by, told.remove(0).1, at(second)).await.unwrap();
        }
    }
    session::close(db, room, by, at(600)).await.unwrap();
    archive::ledger::post_playback(db, room, at(601)).await.unwrap();
    let entries = ledger_entry::Entity::find().filter(ledger_entry::Column::PlaybackId.eq(room)).all(db).await.unwrap();
    assert_eq!(entries.len(), 40);
    for (place, person) in people.iter().enumerate() {
        let entry = entries.iter().find(|entry| entry.person_id == *person).unwrap();
        let reasons: BTreeMap<String, i64> = serde_json::from_str(&entry.reasons).unwrap();
        let reasons = reasons.into_iter().map(|(code, ms)| (code, ms / 1000)).collect();
        assert_eq!((entry.credited_ms / 1000, reasons), by_hand(place), "person {place}");
        assert_eq!(entry.claimed_ms, 540_000);
        assert_eq!(entry.credited_ms % 1000, 0, "exact to the millisecond");
    }
    assert_sound(&city).await;
}

async fn assert_sound(city: &City) {
    let findings = archive::verify::ledger(&city.db.read, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound(), "{findings}");
}

/// A room over HTTP, run by this client.
struct Room<'a> {
    city: &'a City,
    site: Client,
    id: i64,
    seq: i64,
}

impl<'a> Room<'a> {
    async fn open(city: &'a City, login: &str, roster: &[PersonId]) -> Self {
        let site = city.client(login).await;
        let body = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": roster});
        let begun = site.post("/api/v1/playback", body).await.must(200).json();
        Self { city, site, id: begun["session_id"].as_i64().unwrap(), seq: 0 }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/playback/{}{rest}", self.id)
    }

    async fn beat(&mut self, second: i64, playing: bool) {
        self.seq += 1;
        self.site.beat(self.id, self.seq, second * 1000, playing).await.must(200);
    }

    async fn pass(&self, seconds: i64) {
        pass(self.city, self.id, seconds * 1000).await;
    }

    async fn door(&self, who: PersonId, action: &str, ago_s: i64) {
        let body = json!({"person_id": who, "action": action, "ago_ms": ago_s * 1000});
        self.site.post(&self.path("/attendance"), body).await.must(200);
    }

    async fn state(&self) -> Value {
        self.site.get(&self.path("/room")).await.must(200).json()
    }

    async fn code(&self) -> String {
        self.state().await["code"]["digits"].as_str().unwrap().to_owned()
    }

    async fn close(&self) {
        self.site.post(&self.path("/close"), json!({})).await.must(200);
    }

    /// The session as the township sees it.
    async fn seen(&self) -> Value {
        let office = self.city.client("office").await;
        office.get(&format!("/api/v1/sessions/{}", self.id)).await.must(200).json()
    }
}

fn of_person(session: &Value, who: PersonId) -> &Value {
    session["people"].as_array().unwrap().iter().find(|known| known["person_id"] == who.0).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_people_over_http_get_what_was_computed_by_hand() {
    let city = City::start().await;
    let people = forty(&city).await;
    let mut room = Room::open(&city, "site", &people[3..]).await;
    room.beat(0, true).await;
    room.pass(60).await;
    room.door(people[0], "arrive", 0).await;
    room.beat(60, true).await;
    room.pass(60).await;
    room.beat(120, false).await;
    room.pass(30).await;
    room.door(people[1], "arrive", 0).await;
    room.pass(30).await;
    room.beat(120, true).await;
    room.pass(60).await;
    room.beat(180, true).await;
    room.door(people[3], "leave", 0).await;
    room.pass(60).await;
    room.beat(240, true).await;
    room.beat(60, true).await;
    room.pass(180).await;
    room.beat(240, true).await;
    // The link was away: both presses come later, with how long ago they were made.
    room.door(people[4], "leave", 150).await;
    room.door(people[2], "arrive", 80).await;
    room.door(people[2], "arrive", 80).await;
    room.pass(120).await;
    room.beat(360, true).await;
    room.close().await;
    let session = room.seen().await;
    assert_eq!(session["people"].as_array().unwrap().len(), 40);
    for (place, person) in people.iter().enumerate() {
        let known = of_person(&session, *person);
        let (credited, reasons) = by_hand(place);
        let near = |ms: &Value, seconds: i64| (ms.as_i64().unwrap_or(0) - seconds * 1000).abs() < 8_000;
        assert!(near(&known["credited_ms"], credited), "person {place}: {credited} s, not {known}");
        for (code, seconds) in reasons {
            assert!(near(&known["reasons"][&code], seconds), "person {place}: {code} {seconds} s, not {known}");
        }
        let sum: i64 = known["reasons"].as_object().unwrap().values().map(|ms| ms.as_i64().unwrap()).sum();
        assert_eq!(known["credited_ms"].as_i64().unwrap() + sum, 540_000);
    }
    assert_sound(&city).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_press_never_reaches_before_the_session_and_a_resend_changes_nothing() {
    let city = City::start().await;
    let (early, late) = (city.people["甲村韦大山"], city.people["甲村覃小梅"]);
    let mut room = Room::open(&city, "site", &[early]).await;
    room.beat(0, true).await;
    room.pass(300).await;
    room.beat(300, true).await;
    for _ in 0..3 {
        room.door(late, "arrive", 100_000).await;
    }
    let stays = of_person(&room.seen().await, late)["stays"].clone();
    let began = room.seen().await["started_at"].as_i64().unwrap();
    assert_eq!(stays, json!([[began, null]]), "from the start of the session, once");
    room.door(late, "leave", -50).await;
    assert_eq!(of_person(&room.seen().await, late)["stays"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_matched_after_the_ledger_was_posted_and_the_match_is_reversible() {
    let city = City::start().await;
    let (roll, found, other) = (city.people["甲村韦大山"], city.people["甲村覃小梅"], city.people["乙村覃小梅"]);
    let mut room = Room::open(&city, "site", &[roll]).await;
    room.beat(0, true).await;
    let count = json!({"count": 2, "ago_ms": 0});
    for _ in 0..2 {
        let counted = room.site.send(room.site.request(reqwest::Method::PUT, &room.path("/guests/count")).json(&count));
        assert_eq!(counted.await.must(200).json()["guests"], 2);
    }
    room.pass(240).await;
    room.beat(240, true).await;
    room.close().await;
    let session = room.seen().await;
    assert!(of_person(&session, roll)["credited_ms"].as_i64().unwrap() > 230_000, "posted at once");
    let guest = session["guests"][0]["guest_id"].as_i64().unwrap();
    move_guests(&city, room.id).await;
    let site = &room.site;
    let named = json!({"name": "甲村覃小梅", "place": "木棉屯", "phone": "13800138000"});
    site.patch(&format!("/api/v1/guests/{guest}"), named).await.must(204);
    let candidates = site.get(&format!("/api/v1/guests/{guest}/candidates")).await.must(200).json();
    assert_eq!(candidates[0]["person_id"], found.0, "{candidates}");
    let join = |who: PersonId| {
        let path = format!("/api/v1/guests/{guest}/person");
        let request = site.request(reqwest::Method::PUT, &path).json(&json!({"person_id": who}));
        async move { site.send(request).await }
    };
    join(found).await.must(204);
    join(found).await.must(204);
    let credited = async |who: PersonId| of_person(&room.seen().await, who)["credited_ms"].as_i64();
    let full = credited(found).await.unwrap();
    assert!((full - 240_000).abs() < 5_000, "{full}");
    assert_eq!(join(other).await.must(404).code(), "not_found", "the site manager does not reach that village");
    let trainer = city.client("trainer").await;
    let taken = trainer.request(reqwest::Method::PUT, &format!("/api/v1/guests/{guest}/person"));
    let taken = trainer.send(taken.json(&json!({"person_id": other}))).await.must(409);
    assert_eq!(taken.code(), "wrong_state");
    let part = |reason: &str| {
        let path = format!("/api/v1/guests/{guest}/person");
        let request = site.request(reqwest::Method::DELETE, &path).json(&json!({"reason": reason}));
        async move { site.send(request).await }
    };
    assert_eq!(part(" ").await.must(400).code(), "invalid_request");
    part("认错了人").await.must(204);
    assert_eq!(credited(found).await, Some(0), "taken back by a correction");
    assert_sound(&city).await;
    let matched = trainer.request(reqwest::Method::PUT, &format!("/api/v1/guests/{guest}/person"));
    trainer.send(matched.json(&json!({"person_id": other}))).await.must(204);
    assert_eq!(credited(other).await, Some(full));
    part("还是认错了").await.must(204);
    join(found).await.must(204);
    assert_eq!((credited(found).await, credited(other).await), (Some(full), Some(0)));
    assert_sound(&city).await;
    let archive = city.client("office").await.get(&format!("/api/v1/people/{found}/archive")).await.must(200).json();
    assert!(
        archive["entries"]
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["title"].as_str().unwrap().contains("认错了人"))
    );
    for stranger in ["site-b", "trainer-b"] {
        let stranger = city.client(stranger).await;
        stranger.get(&format!("/api/v1/guests/{guest}/candidates")).await.must(404);
        stranger.get(&format!("/api/v1/sessions/{}", room.id)).await.must(404);
        stranger.post(&format!("/api/v1/sessions/{}/guests", room.id), json!({"name": "某人"})).await.must(404);
    }
}

/// Guests move into the past with their session.
async fn move_guests(city: &City, playback: i64) {
    use entity::{guest, playback};
    let row = playback::Entity::find_by_id(PlaybackId(playback)).one(&city.db.read).await.unwrap().unwrap();
    for known in guest::Entity::find().filter(guest::Column::PlaybackId.eq(playback)).all(&city.db.read).await.unwrap()
    {
        let mut known = known.into_active_model();
        known.arrived_at = Set(row.started_at);
        known.update(&city.db.write).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_joins_by_the_code_on_the_screen() {
    let city = City::start().await;
    let (room, cadre) = (Room::open(&city, "site", &[]).await, city.client("cadre").await);
    let state = room.state().await;
    assert!(state["code"]["qr"]["path"].as_str().unwrap().starts_with("M4 4h7"));
    let scanned = json!({"room": room.id, "code": room.code().await});
    assert_eq!(cadre.post("/api/v1/join", scanned).await.must(200).json()["session_id"], room.id);
    assert_eq!(room.state().await["present"], json!([city.people["甲村韦大山"].0]));
    let learner = city.learner(1).await;
    let typed = json!({"code": room.code().await});
    assert_eq!(learner.post("/api/v1/join", typed).await.must(200).json()["session_id"], room.id);
    let session = room.seen().await;
    let marked: Vec<_> = session["people"].as_array().unwrap().iter().map(|known| known["marked"].clone()).collect();
    assert_eq!(marked, [json!(["code"]), json!(["code"])]);
    room.site.post("/api/v1/join", json!({"code": room.code().await})).await.must(403);
}

fn codes(city: &City) -> Codes {
    let keys = Keys::open(&city.data).unwrap();
    Codes::new(keys.derive("room-code"), None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_an_old_or_anothers_code_marks_nobody() {
    let city = City::start().await;
    let room = Room::open(&city, "site", &[]).await;
    let other = Room::open(&city, "trainer", &[]).await;
    let cadre = city.client("cadre").await;
    let now = Moment::now();
    let last_week = codes(&city).shown(Door::Room(PlaybackId(room.id)), now.plus_ms(-7 * 86_400_000));
    let a_minute_ago = codes(&city).shown(Door::Room(PlaybackId(room.id)), now.plus_ms(-61_000));
    let other_key = Codes::new([7; 32], None).shown(Door::Room(PlaybackId(room.id)), now);
    let forgeries = [last_week, a_minute_ago, other_key, other.code().await, "12345".into(), String::new()];
    for forged in forgeries {
        let wrong = cadre.post("/api/v1/join", json!({"room": room.id, "code": forged})).await.must(404);
        assert_eq!(wrong.code(), "wrong_code", "{forged}");
    }
    assert_eq!(room.state().await["present"], json!([]));
    let from_afar = city.client("cadre-b").await;
    for body in [json!({"room": room.id, "code": room.code().await}), json!({"code": room.code().await})] {
        assert_eq!(from_afar.post("/api/v1/join", body).await.must(404).code(), "wrong_code", "another county");
    }
    let half_a_minute_ago = codes(&city).shown(Door::Room(PlaybackId(room.id)), Moment::now().plus_ms(-25_000));
    cadre.post("/api/v1/join", json!({"room": room.id, "code": half_a_minute_ago})).await.must(200);
    let code = room.code().await;
    room.close().await;
    let learner = city.learner(1).await;
    let late = learner.post("/api/v1/join", json!({"room": room.id, "code": code})).await.must(404);
    assert_eq!(late.code(), "wrong_code", "the session is over");
    assert_eq!(room.seen().await["people"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_do_not_slip_through_the_limit() {
    let city = City::start().await;
    let room = Room::open(&city, "site", &[]).await;
    let wrong = Codes::new([7; 32], None).shown(Door::Room(PlaybackId(room.id)), Moment::now());
    let guesser = city.learner(1).await;
    let mut burst = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (guesser, body) = (guesser.clone(), json!({"room": room.id, "code": wrong}));
        burst.spawn(async move { guesser.post("/api/v1/join", body).await.status.as_u16() });
    }
    let answers = burst.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 404).count(), 10, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 30, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_is_slowed_by_account_and_by_address() {
    let city = City::start().await;
    let room = Room::open(&city, "site", &[]).await;
    let right = json!({"room": room.id, "code": room.code().await});
    let mut learners = Vec::new();
    for number in 1..=7 {
        learners.push(city.learner(number).await);
    }
    let wrong = Codes::new([7; 32], None).shown(Door::Room(PlaybackId(room.id)), Moment::now());
    let (last, guessers) = learners.split_last().unwrap();
    for guesser in guessers {
        for _ in 0..10 {
            guesser.post("/api/v1/join", json!({"room": room.id, "code": wrong})).await.must(404);
        }
        let slowed = guesser.post("/api/v1/join", right.clone()).await.must(429);
        assert_eq!(slowed.code(), "slow_down", "the right code does not help after ten wrong ones");
        assert!(slowed.header("retry-after").parse::<u64>().unwrap() > 200);
    }
    assert_eq!(last.post("/api/v1/join", right).await.must(429).code(), "slow_down", "sixty from one address");
    assert_eq!(room.state().await["present"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_opens_ones_own_place_and_guessing_it_takes_ever_longer() {
    let city = City::start().await;
    let (who, stranger) = (city.people["甲村覃小梅"], city.people["丙村覃小梅"]);
    let room = Room::open(&city, "site", &[]).await;
    let given = room.site.send(room.site.request(reqwest::Method::POST, &format!("/office/people/{who}/pin"))).await;
    let page = given.must(200);
    assert_eq!(page.header("cache-control"), "no-store");
    let text = page.text();
    let start = text.find("<p class=\"code num\">").unwrap() + 20;
    let pin = text[start..start + 7].replace(' ', "");
    let sign = |who: PersonId, pin: &str| {
        let body = json!({"person_id": who, "pin": pin});
        let (site, path) = (room.site.clone(), room.path("/pin"));
        async move { site.post(&path, body).await }
    };
    assert_eq!(sign(who, "000001").await.must(401).code(), "wrong_pin");
    sign(who, &pin).await.must(200);
    assert_eq!(room.state().await["present"], json!([who.0]));
    assert_eq!(of_person(&room.seen().await, who)["marked"], json!(["pin"]));
    sign(stranger, &pin).await.must(404);
    let nobody = city.people["甲村黄志强"];
    assert_eq!(sign(nobody, &pin).await.must(401).code(), "wrong_pin", "has none");
    for _ in 0..3 {
        sign(who, "000001").await.must(401);
    }
    let slowed = sign(who, &pin).await.must(429);
    assert!((25..=30).contains(&slowed.header("retry-after").parse::<u64>().unwrap()));
    let far = city.client("site-b").await;
    far.send(far.request(reqwest::Method::POST, &format!("/office/people/{who}/pin"))).await.must(404);
    let audited = entity::audit::Entity::find().filter(entity::audit::Column::Action.eq("pin.give"));
    let lines = audited.all(&city.db.read).await.unwrap();
    assert!(lines.len() == 1 && !lines[0].detail.contains(&pin));
    let cadre = city.client("cadre").await;
    let own = |pin: &'static str, again: &'static str| {
        let request = cadre.request(reqwest::Method::POST, "/pin").form(&[("pin", pin), ("again", again)]);
        let cadre = cadre.clone();
        async move { cadre.send(request).await }
    };
    own("123456", "123456").await.must(422);
    own("482913", "482914").await.must(422);
    own("482913", "482913").await.must(200);
    sign(city.people["甲村韦大山"], "482913").await.must(200);
}

/// Every rule of the city draws names each minute.
pub async fn draw_every_minute(city: &City) {
    for known in rule::Entity::find().all(&city.db.read).await.unwrap() {
        let body = known
            .body
            .lines()
            .filter(|line| !line.starts_with("presence_check_minutes"))
            .flat_map(|line| match line.starts_with("minimum_watch_minutes") {
                true => vec![line, "presence_check_minutes = 1"],
                false => vec![line],
            })
            .collect::<Vec<_>>()
            .join("\n");
        assert!(body.contains("presence_check_minutes = 1"));
        let mut known = known.into_active_model();
        known.body = Set(body);
        known.update(&city.db.write).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drawn_names_are_answered_and_the_township_sees_how_far_the_roll_can_be_trusted() {
    let city = City::start().await;
    let people: Vec<PersonId> =
        ["韦大山", "覃小梅", "黄志强", "蒙秀英"].iter().map(|name| city.people[&format!("甲村{name}")]).collect();
    let mut room = Room::open(&city, "site", &people).await;
    room.beat(0, true).await;
    room.pass(150).await;
    room.beat(150, true).await;
    assert_eq!(room.state().await["checks"], json!([]));
    draw_every_minute(&city).await;
    let mut waiting = json!([]);
    for _ in 0..300 {
        waiting = room.state().await["checks"].clone();
        if waiting != json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let waiting = waiting.as_array().unwrap().clone();
    assert_eq!(waiting.len(), 3, "the server draws by the rule of the room's unit");
    let answer = |check: &Value, present: bool| {
        let path = room.path(&format!("/checks/{}", check["id"]));
        let site = room.site.clone();
        async move { site.post(&path, json!({"present": present})).await }
    };
    answer(&waiting[0], true).await.must(200);
    let said = answer(&waiting[1], false).await.must(200).json();
    assert_eq!(said, json!({"asked": 3, "confirmed": 1, "absent": 1, "open": 1, "percent": 33}));
    let far = city.client("site-b").await;
    far.post(&room.path(&format!("/checks/{}", waiting[2]["id"])), json!({"present": true})).await.must(404);
    room.close().await;
    answer(&waiting[2], true).await.must(409);
    let session = room.seen().await;
    assert_eq!(session["confidence"]["percent"], 33);
    for person in people {
        let credited = of_person(&session, person)["credited_ms"].as_i64().unwrap();
        assert!(credited > 140_000, "confidence never cuts hours: {credited}");
    }
    let page = city.client("office").await.get(&format!("/sessions/{}", room.id)).await.must(200).text();
    assert!(page.contains("抽查确认 1 / 3（33%）") && page.contains("没有回答"), "{page}");
    let drawn = checks::of(&city.db.read, PlaybackId(room.id)).await.unwrap();
    assert_eq!(drawn.iter().filter(|check| check.answered_by == Some(city.accounts["site"])).count(), 2);
}

/// Puts a question to a lesson.
pub async fn ask_about(city: &City, lesson: &str, text: &str, choices: &str, answer: &str) -> i64 {
    let row = question::ActiveModel {
        lesson_id: Set(LessonId(city.lesson(lesson))),
        position: Set(1),
        kind: Set(QuestionKind::Single),
        text: Set(text.into()),
        choices: Set(choices.into()),
        answer: Set(answer.into()),
        explanation: Set("谢花后再保果，药不伤花".into()),
        created_by: Set(None::<AccountId>),
        created_at: Set(Moment::now()),
        ..Default::default()
    };
    row.insert(&city.db.write).await.unwrap().id.0
}

#[tokio::test(flavor = "multi_thread")]
async fn hands_are_counted_before_the_answer_is_told() {
    let city = City::start().await;
    let first = ask_about(&city, "video", "什么时候保果？", r#"["开花时","谢花后"]"#, "[1]").await;
    let second = ask_about(&city, "video", "剪哪些枝？", r#"["病枝","壮枝"]"#, "[0]").await;
    let room = Room::open(&city, "site", &[city.people["甲村韦大山"]]).await;
    room.close().await;
    let asked = room.site.get(&room.path("/questions")).await.must(200);
    assert!(!asked.text().contains("谢花后再保果") && asked.json()[0]["right"].is_null());
    let count = |question: i64, hands: Value| {
        let path = room.path(&format!("/questions/{question}/hands"));
        let request = room.site.request(reqwest::Method::PUT, &path).json(&json!({"hands": hands}));
        let site = room.site.clone();
        async move { site.send(request).await }
    };
    count(first, json!([1])).await.must(400);
    count(first, json!([1, 2, 3])).await.must(400);
    let told = count(first, json!([3, 21])).await.must(200).json();
    assert_eq!((&told["right"], &told["hands"]), (&json!([1]), &json!([3, 21])));
    count(first, json!([4, 20])).await.must(200);
    count(second, json!([9, 1])).await.must(200);
    assert_eq!(count(first, json!([0, 0])).await.must(409).code(), "wrong_state");
    let session = room.seen().await;
    assert_eq!(session["questions"][0]["hands"], json!([4, 20]));
    let page = city.client("office").await.get(&format!("/sessions/{}", room.id)).await.must(200).text();
    assert!(page.contains("20 人举手"), "{page}");
    city.client("site-b").await.get(&room.path("/questions")).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_sessions_is_paged_and_ends_at_ones_reach() {
    let city = City::start().await;
    for _ in 0..21 {
        Room::open(&city, "site", &[city.people["甲村韦大山"]]).await.close().await;
    }
    let office = city.client("office").await;
    let unit = city.units["甲村"];
    let list = office.get(&format!("/api/v1/units/{unit}/sessions")).await.must(200).json();
    assert_eq!((&list["total"], list["sessions"].as_array().unwrap().len()), (&json!(21), 21));
    assert_eq!(list["sessions"][0]["people"], 1);
    let first = office.get(&format!("/sessions?unit={unit}")).await.must(200).text();
    assert_eq!(first.matches("href=\"/sessions/").count(), 20);
    let second = office.get(&format!("/sessions?unit={unit}&page=2")).await.must(200).text();
    assert_eq!(second.matches("href=\"/sessions/").count(), 1);
    let far = city.client("office-b").await;
    far.get(&format!("/api/v1/units/{unit}/sessions")).await.must(404);
    far.get(&format!("/sessions?unit={unit}")).await.must(404);
    assert_eq!(far.get("/sessions").await.must(200).text().matches("href=\"/sessions/").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forms_of_the_session_page_keep_what_was_typed() {
    let city = City::start().await;
    let room = Room::open(&city, "site", &[city.people["甲村韦大山"]]).await;
    let site = &room.site;
    let form = |path: String, fields: Vec<(&'static str, String)>| {
        let request = site.request(reqwest::Method::POST, &path).form(&fields);
        async move { site.send(request).await }
    };
    let bad = vec![("name", "韦木匠".to_owned()), ("place", "木棉屯".to_owned()), ("phone", "不知道".to_owned())];
    let again = form(format!("/sessions/{}/guests", room.id), bad).await.must(400).text();
    assert!(again.contains("value=\"韦木匠\"") && again.contains("电话须为"), "{again}");
    let good = vec![("name", "甲村覃小梅".to_owned()), ("place", String::new()), ("phone", String::new())];
    form(format!("/sessions/{}/guests", room.id), good).await.must(303);
    let guest = room.seen().await["guests"][0]["guest_id"].as_i64().unwrap();
    let page = site.get(&format!("/sessions/{}?guest={guest}", room.id)).await.must(200).text();
    let who = city.people["甲村覃小梅"];
    assert!(page.contains(&format!("name=\"person\" value=\"{who}\"")), "{page}");
    form(format!("/guests/{guest}/match"), vec![("person", who.to_string())]).await.must(303);
    form(format!("/guests/{guest}/unmatch"), vec![("reason", String::new())]).await.must(400);
    form(format!("/guests/{guest}/unmatch"), vec![("reason", "认错了".to_owned())]).await.must(303);
    let auditor = city.client("auditor").await;
    let read = auditor.get(&format!("/sessions/{}", room.id)).await.must(200).text();
    assert!(!read.contains("/guests/"), "an auditor changes nothing");
}
