//! Things of a county for the braces of addresses, made as people make them.

use sea_orm::{ActiveModelTrait, Set};
use serde_json::{Value, json};
use server::routes::Route;
use tests::terminal::paired;
use tests::{City, Client};

/// The ids that stand in a route's braces: of things in one county.
pub(crate) struct Things {
    pub(crate) lesson: String,
    course: String,
    pub(super) unit: String,
    pub(crate) person: String,
    device: String,
    play_day: String,
    upload: String,
    plan: String,
    pub(crate) playback: String,
    guest: String,
    ledger: String,
    exemption: String,
    merge: String,
    seal: String,
    late: String,
    pub(crate) class: String,
    pub(crate) appeal: String,
    /// An entry that waits because a clock was wrong.
    pub(crate) unplaced: String,
    /// A lesson that people watched.
    pub(crate) watched: String,
    blob: String,
}

impl Things {
    /// Things of the first county (`""`) or the second (`"-b"`).
    pub(crate) async fn of(city: &City, end: &str) -> Self {
        let (village, person, draft) = if end.is_empty() {
            ("甲村", "甲村覃小梅", "draft")
        } else {
            ("丙村", "丙村覃小梅", "draft-b")
        };
        let trainer = city.client(&format!("trainer{end}")).await;
        let unit = city.units[village].to_string();
        let (device, _) = paired(city, &format!("trainer{end}"), village).await;
        let play_day = trainer.post("/api/v1/play-days", play_day(city, city.units[village])).await.must(201).json();
        let site = city.client(&format!("site{end}")).await;
        let roster = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [city.people[person]]});
        let playback = site.post("/api/v1/playback", roster).await.must(200).json();
        let session = playback["session_id"].to_string();
        let guest =
            site.post(&format!("/api/v1/sessions/{session}/guests"), json!({"name": "来客"})).await.must(201).json();
        Self {
            guest: guest["guest_id"].to_string(),
            lesson: city.lesson(draft).to_string(),
            course: "1".into(),
            unit,
            person: city.people[person].to_string(),
            device: device.to_string(),
            play_day: play_day["id"].to_string(),
            upload: trainer.upload("讲义.txt", "text/plain", b"notes").await,
            plan: trainer.post("/api/v1/plans", plan(city, city.units[village])).await.must(201).json()["id"]
                .to_string(),
            playback: playback["session_id"].to_string(),
            exemption: exemption(city, end, person).await,
            merge: merge(city, end, village).await,
            seal: seal(city, end, village).await,
            late: late(city, village, person).await,
            class: class(&trainer, city.units[if end.is_empty() { "东江县" } else { "西山县" }]).await,
            ledger: "1".into(),
            appeal: "1".into(),
            unplaced: "1".into(),
            watched: city.lesson("video").to_string(),
            blob: tests::city::sha256(if end.is_empty() { b"only for the east" } else { b"only for the west" }),
        }
    }

    /// What names them in a body.
    pub(super) fn named(&self) -> Vec<(&'static str, Value)> {
        let number = |id: &str| json!(id.parse::<i64>().unwrap());
        vec![
            ("unit_id", number(&self.unit)),
            ("audience_unit_id", number(&self.unit)),
            ("person_id", number(&self.person)),
            ("merged_id", number(&self.person)),
            ("lesson_id", number(&self.lesson)),
            ("lessons", json!([number(&self.lesson)])),
        ]
    }

    pub(crate) fn fill(&self, route: &Route) -> String {
        let id = match route.path {
            path if path.contains("/lessons/") => &self.lesson,
            path if path.contains("/courses/") => &self.course,
            path if path.contains("/units/") => &self.unit,
            path if path.contains("/people/") => &self.person,
            path if path.contains("/devices/") => &self.device,
            path if path.contains("/play-days/") => &self.play_day,
            path if path.contains("/plans/") => &self.plan,
            path if path.contains("/classes/") || path.contains("/declared/") => &self.class,
            path if path.contains("uploads/") => &self.upload,
            path if path.contains("/playback/") || path.contains("/sessions/") => &self.playback,
            path if path.contains("/guests/") => &self.guest,
            path if path.contains("/appeals/") => &self.appeal,
            path if path.contains("/classroom/quiz/") => &self.playback,
            _ => &self.unit,
        };
        let seq = if route.path.contains("/appeals/entries/") { &self.unplaced } else { &self.ledger };
        let path = route.path.replace("{id}", id).replace("{seq}", seq).replace("{sha256}", &self.blob);
        let path = path.replace("{check}", "1").replace("{question}", "1").replace("{exemption}", &self.exemption);
        let path = path
            .replace("{seal}", &self.seal)
            .replace("{merge}", &self.merge)
            .replace("{late}", &self.late)
            .replace("{person}", &self.person)
            .replace("{note}", "1")
            .replace("{version}", "1")
            .replace("{format}", "json")
            .replace("{item}", "practice");
        match route.path {
            "/api/v1/audit/{file}" => "/api/v1/audit/log.json".into(),
            "/api/v1/reports/{file}" => format!("/api/v1/reports/hours.json?unit={}&year=2026", self.unit),
            "/assets/{file}" => "/assets/none.css".into(),
            _ => path,
        }
    }
}

/// An exemption of this person: its id.
async fn exemption(city: &City, end: &str, person: &str) -> String {
    let today = entity::Moment::now().day();
    let body = json!({"kind": "sick", "begins_on": today, "ends_on": today, "reason": "县医院证明"});
    let people = format!("/api/v1/people/{}/exemptions", city.people[person]);
    city.client(&format!("office{end}")).await.post(&people, body).await.must(201).json()["id"].to_string()
}

/// A merge of two people of this village: its id.
async fn merge(city: &City, end: &str, village: &str) -> String {
    let of = |name: &str| city.people[&format!("{village}{name}")].0;
    let body = json!({"merged_id": of("蒙秀英"), "reason": "同一个人"});
    let office = city.client(&format!("office{end}")).await;
    let made = office.post(&format!("/api/v1/people/{}/merges", of("黄志强")), body).await.must(201).json();
    made["merge"]["id"].to_string()
}

/// The seal of this village's last year: its id.
async fn seal(city: &City, end: &str, village: &str) -> String {
    let body = json!({"year": entity::Moment::now().year() - 1});
    let seals = format!("/api/v1/units/{}/seals", city.units[village]);
    city.client(&format!("office{end}")).await.post(&seals, body).await.must(202).json()["id"].to_string()
}

/// Something that came too late for this person's sealed year: its id.
async fn late(city: &City, village: &str, person: &str) -> String {
    let now = entity::Moment::now();
    let row = entity::late_posting::ActiveModel {
        playback_id: Set(entity::PlaybackId(1)),
        person_id: Set(city.people[person]),
        unit_id: Set(city.units[village]),
        day: Set(now.day()),
        title: Set("沙糖桔修剪".into()),
        claimed_ms: Set(60_000),
        credited_ms: Set(60_000),
        noted_at: Set(now),
        ..Default::default()
    };
    row.insert(&city.db.write).await.unwrap().id.to_string()
}

/// A class that this county announces: its id.
async fn class(trainer: &Client, unit: entity::UnitId) -> String {
    let today = entity::Moment::now().day();
    let body = json!({"unit_id": unit, "title": "冬训班", "starts_on": today, "ends_on": today, "half_days": 2});
    trainer.post("/api/v1/classes", body).await.must(201).json()["id"].to_string()
}

/// A training plan for this unit, with a lesson for everybody.
fn plan(city: &City, unit: entity::UnitId) -> serde_json::Value {
    let today = entity::Moment::now().day().to_string();
    json!({"unit_id": unit, "title": "必修课", "due": today, "lessons": [city.lesson("video")]})
}

/// A play day of this unit, with a lesson for everybody.
fn play_day(city: &City, unit: entity::UnitId) -> serde_json::Value {
    let tomorrow = entity::Moment::now().day().succ_opt().unwrap().to_string();
    json!({"unit_id": unit, "title": "夜校", "days": "*6", "at": "19:30", "valid_from": tomorrow,
        "lessons": [city.lesson("video")]})
}
