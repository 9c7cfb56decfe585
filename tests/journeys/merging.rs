//! The same person stands twice on the roster: merged they are one everywhere, parted they are as they were.

mod office;

use crate::quiz;
use archive::classes::{Attended, NewClass};
use entity::{Day, Moment, PersonId, Role, UnitLevel};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tests::browser::Browser;
use tests::{Answer, City, Client};

async fn watch(city: &City, client: &Client, lesson: &str, minutes: i64) {
    let id = client.play(city.lesson(lesson)).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, minutes * 60_000).await;
    client.beat(id, 2, minutes * 60_000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
}

async fn me(client: &Client) -> i64 {
    client.get("/api/v1/me").await.must(200).json()["person_id"].as_i64().unwrap()
}

async fn archive_of(client: &Client, id: i64) -> Value {
    client.get(&format!("/api/v1/people/{id}/archive")).await.must(200).json()
}

async fn merge(client: &Client, kept: i64, merged: i64) -> Answer {
    let body = json!({"merged_id": merged, "reason": "调动后重新编号"});
    client.post(&format!("/api/v1/people/{kept}/merges"), body).await
}

async fn part(client: &Client, merge: &Value) -> Answer {
    client.post(&format!("/api/v1/merges/{merge}/part"), json!({"reason": "查明是两个人"})).await
}

/// The rows of a report of this year in which a name stands.
async fn rows(client: &Client, kind: &str, name: &str) -> Vec<Value> {
    let year = Moment::now().year();
    let report = client.get(&format!("/api/v1/reports/{kind}.json?year={year}")).await.must(200).json();
    let rows = report["rows"].as_array().unwrap().clone();
    rows.into_iter().filter(|row| row.to_string().contains(name)).collect()
}

async fn listed(client: &Client, q: &str) -> i64 {
    client.get(&format!("/api/v1/people?q={q}")).await.must(200).json()["total"].as_i64().unwrap()
}

async fn is_sound(city: &City) -> bool {
    let ledger = archive::verify::ledger(&city.db.read, &|_, _| ()).await.unwrap();
    let seals = archive::seal::check(&city.db.read, &|_, _| ()).await.unwrap();
    ledger.is_sound() && seals.is_sound()
}

/// A class of last year that these attended.
async fn class(city: &City, who: &[PersonId]) {
    let on = Day::from_ymd_opt(Moment::now().year() - 1, 11, 20).unwrap();
    let class = NewClass {
        level: UnitLevel::Township,
        title: "冬训班".into(),
        unit_id: city.units["清水镇"],
        place: String::new(),
        teacher: String::new(),
        starts_on: on,
        ends_on: on,
        half_days: 2,
    };
    let attended = who.iter().map(|who| Attended { person_id: *who, half_days: 2 }).collect();
    archive::classes::record(&city.db.write, class, attended, None, Moment::now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_numbers_of_one_person_are_one_in_every_list_and_what_both_saw_counts_once() {
    let city = City::start().await;
    let (office, cadre, second) = (city.client("office").await, city.client("cadre").await, city.learner(1).await);
    watch(&city, &cadre, "video", 5).await;
    watch(&city, &second, "video", 8).await;
    watch(&city, &second, "east", 4).await;
    let (kept, merged) = (me(&cadre).await, me(&second).await);
    let made = merge(&office, kept, merged).await.must(201).json();
    assert_eq!((&made["merge"]["taken_back_ms"], &made["sealed_years"]), (&json!(300_000), &json!([])));
    assert_eq!((listed(&office, "学员1").await, listed(&office, "甲村韦大山").await), (0, 1));
    let record = archive_of(&office, kept).await;
    assert_eq!((&record["credited_ms"], &record["total_entries"]), (&json!(12 * 60_000), &json!(4)));
    let refused = office.get(&format!("/api/v1/people/{merged}/archive")).await.must(409);
    assert_eq!(refused.code(), "person_merged");
    let study = city.client("trainer").await.get(&format!("/office/people/{merged}/study")).await;
    study.must(409); // their studies are entered under the number that is kept
    // One number on the phone, at the desk, in the API and in the files.
    let hours = record["credit_hours"].as_str().unwrap();
    assert_eq!(rows(&office, "hours", "甲村韦大山").await.len(), 1);
    for kind in ["hours", "assessment", "gaps"] {
        assert!(rows(&office, kind, "学员1").await.is_empty(), "{kind}");
        assert!(!rows(&office, kind, "甲村韦大山").await.is_empty(), "{kind}");
    }
    let shown: f64 = hours.parse().unwrap();
    let row = &rows(&office, "hours", "甲村韦大山").await[0];
    assert!(row.as_array().unwrap().iter().any(|cell| cell.as_f64() == Some(shown)), "{row}");
    assert_eq!(rows(&office, "attendance", "甲村韦大山").await.len(), 4);
    let desk = office.get(&format!("/office/people/{kept}")).await.must(200).text();
    assert!(desk.contains(&format!("<b>{hours} 学时</b>")) && desk.contains("重复计入"));
    let sent_on = office.get(&format!("/office/people/{merged}")).await.must(303);
    assert!(sent_on.header("location").starts_with(&format!("/office/people/{kept}?")));
    // Either login shows the one archive.
    for client in [&cadre, &second] {
        assert_eq!(me(client).await, kept);
        let phone = client.get("/record").await.must(200).text();
        assert!(phone.contains(&format!("<b>{hours}</b><span>学时</span>")), "{phone}");
        assert_eq!(archive_of(client, kept).await["credited_ms"], record["credited_ms"]);
    }
    // What is learnt from now on knows both.
    watch(&city, &second, "video", 8).await;
    assert_eq!(archive_of(&office, kept).await["credited_ms"], record["credited_ms"]);
    assert!(is_sound(&city).await);
    part(&office, &made["merge"]["id"]).await.must(200);
    assert_eq!(me(&second).await, merged);
    assert_eq!(archive_of(&office, kept).await["credited_ms"], 5 * 60_000);
    assert_eq!(archive_of(&office, merged).await["credited_ms"], 12 * 60_000);
    assert!(is_sound(&city).await);
    let log = city.client("city-admin").await.get("/api/v1/audit/log.json?action=person.merge").await.must(200).json();
    assert_eq!(log["row_count"], 2, "one line about each");
}

#[tokio::test(flavor = "multi_thread")]
async fn parted_they_are_to_the_byte_what_they_were() {
    let city = City::start().await;
    let (office, cadre, second) = (city.client("office").await, city.client("cadre").await, city.learner(1).await);
    watch(&city, &cadre, "video", 5).await;
    watch(&city, &second, "east", 4).await;
    let (kept, merged) = (me(&cadre).await, me(&second).await);
    let today = Moment::now().day();
    let sick = json!({"kind": "sick", "begins_on": today, "ends_on": today, "reason": "县医院证明"});
    office.post(&format!("/api/v1/people/{merged}/exemptions"), sick).await.must(201);
    let look = async || {
        let mut seen = Vec::new();
        for id in [kept, merged] {
            for part in ["archive", "gap", "exemptions"] {
                seen.push(office.get(&format!("/api/v1/people/{id}/{part}")).await.must(200).text());
            }
        }
        for kind in ["hours", "assessment", "attendance", "roster"] {
            seen.push(json!(rows(&office, kind, "").await).to_string());
        }
        seen
    };
    let before = look().await;
    let made = merge(&office, kept, merged).await.must(201).json();
    let exemptions =
        office.get(&format!("/api/v1/people/{kept}/exemptions")).await.must(200).json()["exemptions"].clone();
    assert_eq!(exemptions.as_array().unwrap().len(), 1, "it is the kept person's while they are one");
    assert_eq!(archive_of(&office, kept).await["total_entries"], 2);
    part(&office, &made["merge"]["id"]).await.must(200);
    assert_eq!(look().await, before);
    part(&office, &made["merge"]["id"]).await.must(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_before_stays_as_it_was_sealed() {
    let city = City::start().await;
    let office = city.client("office").await;
    let (kept, merged) = (city.people["甲村韦大山"], city.people["甲村覃小梅"]);
    class(&city, &[kept, merged]).await;
    let year = Moment::now().year() - 1;
    let path = format!("/api/v1/units/{}/seals", city.units["东江县"]);
    let begun = office.post(&path, json!({"year": year})).await.must(202).json();
    let address = format!("/api/v1/seals/{}", begun["id"]);
    let mut seal = office.get(&address).await.must(200).json();
    while seal["state"] != "sealed" {
        tokio::time::sleep(Duration::from_millis(50)).await;
        seal = office.get(&address).await.must(200).json();
    }
    let certificate = format!("/office/people/{kept}/certificate?year={year}");
    let printed = office.get(&certificate).await.must(200).text();
    let made = merge(&office, kept.0, merged.0).await.must(201).json();
    assert_eq!((&made["sealed_years"], &made["merge"]["taken_back_ms"]), (&json!([year]), &json!(0)));
    assert_eq!(office.get(&address).await.must(200).json(), seal);
    assert_eq!(office.get(&certificate).await.must(200).text(), printed);
    assert!(is_sound(&city).await);
    part(&office, &made["merge"]["id"]).await.must(200);
    assert!(is_sound(&city).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiz_passed_and_a_lesson_begun_under_the_merged_number_are_those_of_the_one_who_is_kept() {
    let city = quiz::city(true).await;
    let (office, cadre, second) = (city.client("office").await, city.client("cadre").await, city.learner(1).await);
    watch(&city, &cadre, "east", 5).await;
    watch(&city, &second, "video", 4).await;
    let attempt = quiz::begin(&second).await;
    quiz::hand_in(&second, attempt, quiz::right()).await.must(200);
    let (kept, merged) = (me(&cadre).await, me(&second).await);
    assert_eq!(archive_of(&office, kept).await["credited_ms"], 0, "they have not passed");
    let made = merge(&office, kept, merged).await.must(201).json();
    assert_eq!((&made["given_ms"], &made["merge"]["taken_back_ms"]), (&json!(300_000), &json!(0)));
    assert_eq!(archive_of(&office, kept).await["credited_ms"], 9 * 60_000);
    for client in [&cadre, &second] {
        let standing = client.get("/api/v1/lessons/east/quiz/attempts").await.must(200).json();
        assert_eq!((&standing["passed"], &standing["best_right"]), (&json!(true), &json!(3)));
        let result = client.get(&format!("/lessons/east/quiz?attempt={attempt}")).await.must(200).text();
        assert!(result.contains("正确答案"), "{result}");
        assert!(client.get("/home").await.must(200).text().contains("上次到 4:00"), "it goes on where it stopped");
        let body = json!({"lesson_id": city.lesson("video"), "mode": "solo"});
        let begun = client.post("/api/v1/playback", body).await.must(200).json();
        assert_eq!(begun["resume_at_ms"], 240_000);
        client.post(&format!("/api/v1/playback/{}/close", begun["session_id"]), json!({})).await.must(200);
    }
    assert!(is_sound(&city).await);
    part(&office, &made["merge"]["id"]).await.must(200);
    assert_eq!(archive_of(&office, kept).await["credited_ms"], 0);
    assert_eq!(archive_of(&office, merged).await["credited_ms"], 4 * 60_000);
    assert!(is_sound(&city).await);
}

/// Lets people sign in to a half-day of a class: the digits on its wall.
async fn digits(trainer: &Client, class: &Value, half_day: i32) -> String {
    let signing = format!("/api/v1/classes/{class}/signing");
    trainer.send(trainer.request(Method::PUT, &signing).json(&json!({"half_day": half_day}))).await.must(200);
    let shown = trainer.get(&signing).await.must(200).json();
    shown["code"]["digits"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_merged_while_a_class_goes_on_signs_in_to_it_and_stands_on_its_roster_once() {
    let city = City::start().await;
    let (trainer, office) = (city.client("trainer").await, city.client("office").await);
    let (cadre, second) = (city.client("cadre").await, city.learner(1).await);
    let today = Moment::now().day();
    let class = json!({
        "unit_id": city.units["东江县"], "title": "冬训班", "starts_on": today, "ends_on": today, "half_days": 2
    });
    let class = trainer.post("/api/v1/classes", class).await.must(201).json()["id"].clone();
    let path = format!("/api/v1/classes/{class}");
    let both = json!({"people": ["甲村韦大山", "900001"]});
    assert_eq!(trainer.post(&format!("{path}/roster"), both).await.must(200).json()["added"], 2);
    let first = json!({"class": class, "code": digits(&trainer, &class, 1).await});
    second.post("/api/v1/join", first).await.must(200);
    let (kept, merged) = (me(&cadre).await, me(&second).await);
    let made = merge(&office, kept, merged).await.must(201).json();
    let afternoon = json!({"code": digits(&trainer, &class, 2).await});
    for client in [&second, &cadre] {
        let joined = client.post("/api/v1/join", afternoon.clone()).await.must(200).json();
        assert_eq!(joined, json!({"class_id": class, "half_day": 2}));
    }
    let detail = trainer.get(&path).await.must(200).json();
    assert_eq!((&detail["total"], detail["roster"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!((&detail["roster"][0]["person_id"], &detail["roster"][0]["half_days"]), (&json!(kept), &json!([1, 2])));
    assert!(trainer.get("/studio/classes").await.must(200).text().contains("<td class=\"num\">1</td>"));
    trainer.post_empty(format!("{path}/hand-in")).await.must(200);
    office.post(&format!("{path}/decision"), json!({"approve": true})).await.must(200);
    let record = archive_of(&office, kept).await;
    assert_eq!((&record["credited_ms"], &record["total_entries"]), (&json!(6 * 3_600_000), &json!(1)));
    assert!(is_sound(&city).await);
    part(&office, &made["merge"]["id"]).await.must(200);
    assert_eq!(archive_of(&office, kept).await["total_entries"], 1, "what was approved while they were one stays");
    assert!(is_sound(&city).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_refused_and_several_into_one_are_parted_from_the_last() {
    let city = City::start().await;
    let office = city.client("office").await;
    let of = |name: &str| city.people[name].0;
    let (a, b, c) = (of("甲村韦大山"), of("甲村覃小梅"), of("甲村黄志强"));
    let first = merge(&office, a, b).await.must(201).json();
    assert_eq!(merge(&office, c, a).await.must(409).code(), "wrong_state", "b would be two steps from c");
    assert_eq!(merge(&office, b, c).await.must(409).code(), "person_merged");
    assert_eq!(merge(&office, c, b).await.must(409).code(), "person_merged");
    assert_eq!(merge(&office, a, a).await.must(409).code(), "wrong_state");
    let silent = json!({"merged_id": c, "reason": " "});
    office.post(&format!("/api/v1/people/{a}/merges"), silent).await.must(400);
    let second = merge(&office, a, c).await.must(201).json();
    part(&office, &first["merge"]["id"]).await.must(409);
    part(&office, &second["merge"]["id"]).await.must(200);
    part(&office, &first["merge"]["id"]).await.must(200);
    let history = office.get(&format!("/api/v1/people/{a}/merges")).await.must(200).json();
    assert_eq!(history["total"], 2);
    assert!(history["merges"][0]["parted_at"].is_i64());
}
