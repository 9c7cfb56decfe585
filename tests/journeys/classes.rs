//! Classes in person from their announcement to the record, and who neither sees nor touches one.
//!
//! Owns what the journeys of a class share: announcing one, sending its forms, and reading what it came to.

use entity::{Day, Moment};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::client::Answer;
use tests::{City, Client};

mod browser;
mod evidence;
mod office;
mod studies;
mod tables;

/// A file that begins like a photograph.
const PHOTOGRAPH: &[u8] = b"\x89PNG\r\n\x1a\n a certificate";

fn today() -> Day {
    Moment::now().day()
}

fn class_of(city: &City, unit: &str, title: &str) -> Value {
    json!({"unit_id": city.units[unit], "title": title, "starts_on": today(), "ends_on": today(), "half_days": 2})
}

async fn announced(city: &City, trainer: &Client, title: &str) -> i64 {
    let made = trainer.post("/api/v1/classes", class_of(city, "东江县", title)).await.must(201).json();
    made["id"].as_i64().unwrap()
}

async fn form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    client.send(client.request(Method::POST, path).form(fields)).await
}

async fn parts(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let form = fields.iter().fold(Form::new(), |form, (name, value)| form.text(name.to_string(), value.to_string()));
    client.send(client.request(Method::POST, path).multipart(form)).await
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let from = page.find(&start).unwrap_or_else(|| panic!("no {name} in {page}")) + start.len();
    page[from..].split('"').next().unwrap().to_owned()
}

/// What counts of the cadre's year: milliseconds in the archive.
async fn credited(city: &City, year: i32) -> i64 {
    let path = format!("/api/v1/people/{}/archive?year={year}", city.people["甲村韦大山"]);
    let record = city.client("cadre").await.get(&path).await.must(200).json();
    record["entries"].as_array().unwrap().iter().map(|entry| entry["credited_ms"].as_i64().unwrap()).sum()
}

async fn is_sound(city: &City) -> bool {
    archive::verify::ledger(&city.db.read, &|_, _| ()).await.unwrap().is_sound()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_is_announced_signed_in_to_handed_in_and_approved_by_another_before_it_counts() {
    let city = City::start().await;
    let (trainer, cadre, office) =
        (city.client("trainer").await, city.client("cadre").await, city.client("office").await);
    assert!(trainer.get("/studio/classes").await.must(200).text().contains("没有这样的培训班"));
    let county = city.units["东江县"].to_string();
    let (today_text, unit) = (today().to_string(), county.as_str());
    let typed = [
        ("unit_id", unit),
        ("title", ""),
        ("topics", "果园管护"),
        ("starts_on", today_text.as_str()),
        ("ends_on", today_text.as_str()),
        ("half_days", "2"),
    ];
    let refused = form(&trainer, "/studio/classes", &typed).await.must(422).text();
    assert!(refused.contains("请写明名称") && refused.contains("果园管护"), "the form keeps its text");
    let named = typed.map(|(name, value)| if name == "title" { (name, "冬训<b>班</b>") } else { (name, value) });
    let place = form(&trainer, "/studio/classes", &named).await.must(303).header("location").to_owned();
    let class = place.split('?').next().unwrap().to_owned();
    let id: i64 = class.rsplit('/').next().unwrap().parse().unwrap();

    // The roster: one bad line and nobody is added; then all of them.
    let people = format!("{class}/people");
    let looked =
        parts(&trainer, &people, &[("do", "roster"), ("text", "甲村韦大山\n没有这个人\n04501000012001")]).await;
    let looked = looked.must(200).text();
    assert!(looked.contains("<td class=\"num\">2</td><td>本单位和下级没有叫 没有这个人 的人</td>"), "{looked}");
    assert!(!looked.contains("确认加入") && looked.contains("04501000012001</textarea>"), "what was pasted stays");
    let looked = parts(&trainer, &people, &[("do", "roster"), ("text", "甲村韦大山\n04501000012001")]).await;
    let looked = looked.must(200).text();
    assert!(looked.contains("确认加入这 2 人"), "{looked}");
    assert!(trainer.get(&class).await.must(200).text().contains("名单还是空的"), "looking adds nobody");
    parts(&trainer, &people, &[("do", "enroll"), ("what", &hidden(&looked, "what"))]).await.must(303);

    // The code on the wall, and a telephone.
    form(&trainer, &format!("{class}/signing"), &[("half_day", "1")]).await.must(303);
    let wall = trainer.get(&format!("{class}/code")).await.must(200);
    let again_s: i64 = wall.header("refresh").parse().unwrap();
    assert!((1..=31).contains(&again_s), "the next code comes without a script: {again_s}");
    assert!(wall.text().contains("第 1 个半天签到") && !wall.text().contains("http-equiv"), "{}", wall.text());
    let code = trainer.get(&format!("/api/v1/classes/{id}/signing")).await.must(200).json();
    let digits = code["code"]["digits"].as_str().unwrap();
    let joined = cadre.post("/api/v1/join", json!({"code": digits})).await.must(200).json();
    assert_eq!(joined, json!({"class_id": id, "half_day": 1}));
    let said = form(&cadre, "/join", &[("class", &id.to_string()), ("code", digits)]).await.must(200).text();
    assert!(said.contains("签到成功") && said.contains("第 1 个半天已签到"), "{said}");
    let stranger = city.client("cadre-b").await.post("/api/v1/join", json!({"class": id, "code": digits})).await;
    assert_eq!(stranger.must(404).code(), "wrong_code", "not on the roster");
    trainer
        .send(trainer.request(Method::PUT, &format!("/api/v1/classes/{id}/signing")).json(&json!({"half_day": 2})))
        .await
        .must(200);
    let elapsed = cadre.post("/api/v1/join", json!({"class": id, "code": digits})).await;
    assert_eq!(elapsed.must(404).code(), "wrong_code", "the half-day is over");

    // The roll, and a table of attendance.
    let who = city.people["甲村韦大山"];
    let (was, there) = (format!("{who}:1"), format!("{who}:2"));
    form(&trainer, &format!("{class}/roll"), &[("was", &was), ("there", &was), ("there", &there)]).await.must(303);
    let looked = parts(&trainer, &people, &[("do", "attendance"), ("text", "04501000012001 3\n甲村黄志强 全勤")]).await;
    let looked = looked.must(200).text();
    assert!(looked.contains("出勤半天“3”看不懂") && looked.contains("甲村黄志强 不在这个班的名单里"), "{looked}");
    let looked = parts(&trainer, &people, &[("do", "attendance"), ("text", "04501000012001 1")]).await.must(200).text();
    parts(&trainer, &people, &[("do", "attend"), ("what", &hidden(&looked, "what"))]).await.must(303);
    let detail = trainer.get(&format!("/api/v1/classes/{id}")).await.must(200).json();
    let there: Vec<_> = detail["roster"].as_array().unwrap().iter().map(|row| row["half_days"].clone()).collect();
    assert_eq!(there, [json!([1]), json!([1, 2])], "by name: 覃小梅, 韦大山");

    // What proves it, handing in, and somebody else's decision.
    let file = Part::bytes(PHOTOGRAPH.to_vec()).file_name("sheet.png");
    let proof =
        trainer.request(Method::POST, &format!("{class}/evidence")).multipart(Form::new().part("evidence", file));
    trainer.send(proof).await.must(303);
    let svg = Part::bytes(b"<svg onload=alert(1)>".to_vec()).file_name("sheet.png");
    let bad = trainer.request(Method::POST, &format!("{class}/evidence")).multipart(Form::new().part("evidence", svg));
    assert!(trainer.send(bad).await.must(400).text().contains("请附上证明材料"));
    assert_eq!(credited(&city, Moment::now().year()).await, 0);
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(200);
    form(&office, &format!("{class}/decision"), &[("verdict", "return"), ("reason", "")]).await.must(400);
    form(&office, &format!("{class}/decision"), &[("verdict", "return"), ("reason", "签到表没有盖章")]).await.must(303);
    assert!(trainer.get("/studio").await.must(200).text().contains("签到表没有盖章"), "the organiser is told");
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(200);
    let approve = json!({"approve": true});
    let decision = format!("/api/v1/classes/{id}/decision");
    trainer.post(&decision, approve.clone()).await.must(403);
    city.client("office-b").await.post(&decision, approve.clone()).await.must(404);
    form(&office, &format!("{class}/decision"), &[("verdict", "approve")]).await.must(303);
    assert_eq!(office.post(&decision, approve).await.must(409).code(), "wrong_state");

    // The same number wherever it is shown, the markup of the title harmless.
    assert_eq!(credited(&city, Moment::now().year()).await, 6 * 3_600_000);
    let record = cadre.get("/record").await.must(200).text();
    assert!(record.contains("冬训&#60;b&#62;班") || record.contains("冬训&lt;b&gt;班"), "{record}");
    assert!(record.contains("（县区级）") && record.contains("<b>8</b><span>集中培训</span>"), "{record}");
    let report = format!("/api/v1/reports/attendance.csv?class={id}");
    let csv = office.get(&report).await.must(200).text();
    assert!(csv.contains("甲村韦大山") && csv.contains("集中培训"), "{csv}");
    assert!(is_sound(&city).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_classes_change_nothing_and_another_county_neither_sees_nor_touches_one() {
    let city = City::start().await;
    let (trainer, foreign) = (city.client("trainer").await, city.client("trainer-b").await);
    for (key, value) in [
        ("title", json!("班".repeat(201))),
        ("title", json!(" \u{0} ")),
        ("ends_on", json!((today() - chrono::Days::new(1)).to_string())),
        ("ends_on", json!("2026-02-30")),
        ("ends_on", json!("9998-12-31")),
        ("half_days", json!(0)),
        ("half_days", json!(3)),
        ("half_days", json!(i64::MAX)),
        ("unit_id", json!(city.units["甲村"])),
    ] {
        let mut body = class_of(&city, "东江县", "冬训班");
        body[key] = value.clone();
        trainer.post("/api/v1/classes", body).await.must(400);
    }
    trainer.post("/api/v1/classes", class_of(&city, "西山县", "冬训班")).await.must(404);
    assert_eq!(trainer.get("/api/v1/classes").await.must(200).json()["total"], 0);
    let id = announced(&city, &trainer, "冬训班").await;
    let class = format!("/studio/classes/{id}");
    for path in [class.clone(), format!("{class}/code"), format!("{class}/edit"), format!("/api/v1/classes/{id}")] {
        foreign.get(&path).await.must(404);
    }
    assert_eq!(foreign.get("/api/v1/classes").await.must(200).json()["total"], 0);
    let outsider = city.people["丙村韦大山"].to_string();
    parts(&trainer, &format!("{class}/people"), &[("do", "enroll"), ("what", &outsider)]).await.must(404);
    let none = json!({"people": ["丙村韦大山"]});
    trainer.post(&format!("/api/v1/classes/{id}/roster"), none).await.must(422);
    let stranger = json!({"marks": [{"person_id": city.people["甲村韦大山"], "half_day": 1, "there": true}]});
    trainer.post(&format!("/api/v1/classes/{id}/roll"), stranger).await.must(400);
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(400); // nobody is on its roster
    assert_eq!(trainer.get(&format!("/api/v1/classes/{id}")).await.must(200).json()["total"], 0);
    form(&trainer, &format!("{class}/call-off"), &[]).await.must(303);
    let closed = json!({"people": ["甲村韦大山"]});
    assert_eq!(trainer.post(&format!("/api/v1/classes/{id}/roster"), closed).await.must(409).code(), "wrong_state");
}
