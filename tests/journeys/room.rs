//! The room: forty people with their own minutes, presses that waited for the link, guests, codes, PINs, drawn names,
//! raised hands; and what an attacker with a forged code gets.

use crate::classroom::pass;
use entity::{
    AccountId, LessonId, Moment, PersonId, PlaybackId, PostKind, QuestionKind, UnitId, person, post, question, rule,
};
use player::classroom::checks;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::{Value, json};
use tests::{City, Client};

mod by_hand;
mod codes;
mod guests;

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
    for _ in 0..600 {
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
