//! Everything that programs may create, each asked for twice.

use super::routes::posts;
use super::{ask, was_replayed};
use entity::{Day, Moment, PersonId, UnitLevel};
use reqwest::Method;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tests::{Answer, City, Client};

/// A city, and what was asked for in it twice.
struct Twice {
    city: City,
    asked: BTreeSet<&'static str>,
}

impl Twice {
    /// Asks twice under one key: the second answer is the first.
    async fn json(&mut self, login: &str, route: &'static str, path: &str, body: Value) -> Value {
        let client = self.city.client(login).await;
        let first = ask(&client, path, "twice", &body).await;
        let second = ask(&client, path, "twice", &body).await;
        self.same(route, &first, &second)
    }

    /// The same where the body is a file.
    async fn file(&mut self, login: &str, route: &'static str, path: &str) -> Value {
        let client = self.city.client(login).await;
        let send = async || {
            let request = client.request(Method::POST, path).header("Idempotency-Key", "twice");
            client.send(request.body(&b"\x89PNG\r\n\x1a\n a certificate"[..])).await
        };
        let (first, second) = (send().await, send().await);
        self.same(route, &first, &second)
    }

    fn same(&mut self, route: &'static str, first: &Answer, second: &Answer) -> Value {
        assert!(first.status.is_success() && !was_replayed(first), "{route}: {} {}", first.status, first.text());
        assert!(was_replayed(second), "{route}: {} {}", second.status, second.text());
        assert_eq!((second.status, second.text()), (first.status, first.text()), "{route}");
        self.asked.insert(route);
        first.json()
    }

    fn person(&self, name: &str) -> PersonId {
        self.city.people[name]
    }
}

/// Five minutes watched by the cadre: the number of the entry.
async fn watched(city: &City) -> i64 {
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    cadre.beat(id, 2, 300_000, true).await.must(200);
    cadre.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    newest_entry(city).await
}

/// A class of last year that the cadre attended: the number of its entry.
async fn last_years_class(city: &City) -> i64 {
    let on = Day::from_ymd_opt(Moment::now().year() - 1, 11, 20).unwrap();
    let class = archive::classes::NewClass {
        level: UnitLevel::Township,
        title: "冬训班".into(),
        unit_id: city.units["清水镇"],
        place: String::new(),
        teacher: String::new(),
        starts_on: on,
        ends_on: on,
        half_days: 2,
    };
    let attended = archive::classes::Attended { person_id: city.people["甲村韦大山"], half_days: 2 };
    archive::classes::record(&city.db.write, class, vec![attended], None, Moment::now()).await.unwrap();
    newest_entry(city).await
}

async fn newest_entry(city: &City) -> i64 {
    entity::ledger_head::Entity::find_by_id(1).one(&city.db.read).await.unwrap().unwrap().seq
}

/// Gives the lesson `east` a quiz of one question.
async fn examine(city: &City) {
    let (trainer, reviewer) = (city.client("trainer").await, city.client("reviewer").await);
    let quiz = "/api/v1/lessons/east/quiz";
    reviewer.post("/api/v1/lessons/east/withdraw", json!({"reason": "加随堂测验"})).await.must(200);
    let version = trainer.get(quiz).await.must(200).json()["version"].clone();
    let question = json!({"kind": "true_false", "text": "药瓶可以装水喝", "answer": [1], "explanation": "有毒"});
    let body = json!({"version": version, "required": false, "questions": [question]});
    trainer.send(trainer.request(Method::PUT, quiz).json(&body)).await.must(200);
    trainer.post("/api/v1/lessons/east/submit", json!({})).await.must(200);
    reviewer.post("/api/v1/lessons/east/publish", json!({})).await.must(200);
}

async fn wait_until_sealed(office: &Client, seal: &Value) {
    for _ in 0..1200 {
        if office.get(&format!("/api/v1/seals/{seal}")).await.must(200).json()["state"] == "sealed" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never sealed");
}

async fn lessons_and_what_is_planned_of_them(twice: &mut Twice) {
    let (county, village, video) = (twice.city.units["东江县"], twice.city.units["甲村"], twice.city.lesson("video"));
    let today = Moment::now().day();
    let tomorrow = today.succ_opt().unwrap();
    let course = json!({"title": "柑桔", "category": "农业科技"});
    let course = twice.json("trainer", "/api/v1/courses", "/api/v1/courses", course).await;
    let lesson = json!({"course_id": course["id"], "title": "保果", "body": "文".repeat(20_000)});
    let lesson = twice.json("trainer", "/api/v1/lessons", "/api/v1/lessons", lesson).await;
    let notes = format!("/api/v1/lessons/{}/notes", lesson["id"]);
    twice.json("reviewer", "/api/v1/lessons/{id}/notes", &notes, json!({"text": "写清楚用量"})).await;
    let plan = json!({"unit_id": village, "title": "必修课", "due": today, "lessons": [video]});
    twice.json("trainer", "/api/v1/plans", "/api/v1/plans", plan).await;
    let days = json!({"unit_id": village, "title": "夜校", "days": "*6", "at": "19:30", "valid_from": tomorrow,
        "lessons": [video]});
    twice.json("trainer", "/api/v1/play-days", "/api/v1/play-days", days).await;
    let class = json!({"unit_id": county, "title": "冬训班", "starts_on": today, "ends_on": today, "half_days": 2});
    twice.json("trainer", "/api/v1/classes", "/api/v1/classes", class).await;
    examine(&twice.city).await;
    let attempts = "/api/v1/lessons/{id}/quiz/attempts";
    twice.json("cadre", attempts, "/api/v1/lessons/east/quiz/attempts", json!({})).await;
}

async fn what_people_learnt(twice: &mut Twice) {
    let (site, video) = (twice.city.client("site").await, twice.city.lesson("video"));
    let (cadre, today) = (twice.person("甲村韦大山"), Moment::now().day());
    let room = json!({"lesson_id": video, "mode": "group", "roster": [cadre]});
    let room = site.post("/api/v1/playback", room).await.must(200).json();
    let guests = format!("/api/v1/sessions/{}/guests", room["session_id"]);
    twice.json("site", "/api/v1/sessions/{id}/guests", &guests, json!({"name": "来客"})).await;
    let study = |source: &str| {
        format!("source={source}&title=t&starts_on={today}&ends_on={today}&half_days=1&words=w&filename=a.png")
    };
    twice.file("cadre", "/api/v1/me/studies", &format!("/api/v1/me/studies?{}", study("degree"))).await;
    let others = format!("/api/v1/people/{cadre}/studies?{}", study("home_study"));
    twice.file("site", "/api/v1/people/{id}/studies", &others).await;
    let village = twice.city.units["甲村"];
    let marked = format!("practice?year={}&points=8&reason=r&filename=a.png", Moment::now().year());
    let stars = format!("/api/v1/units/{village}/stars/{marked}");
    twice.file("office", "/api/v1/units/{id}/stars/{item}", &stars).await;
}

async fn what_the_office_writes(twice: &mut Twice) {
    let (office, today) = (twice.city.client("office").await, Moment::now().day());
    let exemption = json!({"kind": "sick", "begins_on": today, "ends_on": today, "reason": "县医院证明"});
    let path = format!("/api/v1/people/{}/exemptions", twice.person("甲村覃小梅"));
    twice.json("office", "/api/v1/people/{id}/exemptions", &path, exemption).await;
    let merge = json!({"merged_id": twice.person("甲村蒙秀英"), "reason": "同一个人"});
    let path = format!("/api/v1/people/{}/merges", twice.person("甲村黄志强"));
    twice.json("office", "/api/v1/people/{id}/merges", &path, merge).await;
    let rules = format!("/api/v1/units/{}/rules", twice.city.units["桂岭市"]);
    let text = next_years_rule(twice, &rules).await;
    twice.json("city-office", "/api/v1/units/{id}/rules", &rules, json!({"text": text})).await;
    let (last, seq) = (last_years_class(&twice.city).await, watched(&twice.city).await);
    let appeal = json!({"text": "拖动是孩子碰的"});
    twice.json("cadre", "/api/v1/ledger/{seq}/appeals", &format!("/api/v1/ledger/{seq}/appeals"), appeal).await;
    let (before, minus) = (entries(&twice.city).await, json!({"credited_delta_ms": -60_000, "reason": "名单有误"}));
    let corrections = format!("/api/v1/ledger/{seq}/corrections");
    twice.json("office", "/api/v1/ledger/{seq}/corrections", &corrections, minus.clone()).await;
    let seals = format!("/api/v1/units/{}/seals", twice.city.units["东江县"]);
    let year = json!({"year": Moment::now().year() - 1});
    let seal = twice.json("office", "/api/v1/units/{id}/seals", &seals, year).await;
    wait_until_sealed(&office, &seal["id"]).await;
    let amendments = format!("/api/v1/ledger/{last}/amendments");
    twice.json("office", "/api/v1/ledger/{seq}/amendments", &amendments, minus).await;
    assert_eq!(entries(&twice.city).await, before + 2, "one correction and one amendment");
}

/// The rule in force, to begin next year.
async fn next_years_rule(twice: &Twice, rules: &str) -> String {
    let rules = twice.city.client("city-office").await.get(rules).await.must(200).json();
    let from = format!("valid_from = {}-01-01", Moment::now().year() + 1);
    rules["in_force"].as_str().unwrap().replace("valid_from = 2019-01-01", &from)
}

async fn entries(city: &City) -> u64 {
    entity::ledger_entry::Entity::find().count(&city.db.read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_programs_create_is_created_once() {
    let mut twice = Twice { city: City::start().await, asked: BTreeSet::new() };
    lessons_and_what_is_planned_of_them(&mut twice).await;
    what_people_learnt(&mut twice).await;
    what_the_office_writes(&mut twice).await;
    let of_programs = posts(true).into_iter().filter(|path| path.starts_with("/api/"));
    assert_eq!(twice.asked, of_programs.collect::<BTreeSet<_>>());
    assert!(archive::verify::ledger(&twice.city.db.read, &|_, _| ()).await.unwrap().is_sound());
}
