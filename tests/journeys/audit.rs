//! The audit log: it says who did what to whom, when and from where, and nobody edits it.

use calamine::{Reader, Xlsx};
use entity::{Verb, audit};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Set};
use serde_json::{Value, json};
use server::routes::{ROUTES, Route};
use std::io::Cursor;
use tests::browser::Browser;
use tests::{City, Client};

async fn lines(city: &City, action: &str) -> Vec<audit::Model> {
    audit::Entity::find().filter(audit::Column::Action.eq(action)).all(&city.db.read).await.unwrap()
}

async fn log(client: &Client, query: &str) -> Value {
    client.get(&format!("/api/v1/audit/log.json?{query}")).await.must(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_to_change_or_remove_a_line_of_the_log() {
    let city = City::start().await;
    let person = city.people["甲村覃小梅"];
    city.client("office").await.get(&format!("/api/v1/people/{person}/archive")).await.must(200);
    let line = lines(&city, "archive.read").await.remove(0);
    let mut changed = line.clone().into_active_model();
    changed.account_id = Set(None);
    assert!(changed.update(&city.db.write).await.is_err());
    assert!(audit::Entity::delete_by_id(line.id).exec(&city.db.write).await.is_err());
    assert!(audit::Entity::delete_many().exec(&city.db.write).await.is_err());
    assert_eq!(lines(&city, "archive.read").await, [line]);
    let writes = |route: &&Route| route.path.contains("audit") && route.method != "GET";
    assert_eq!(ROUTES.iter().filter(writes).count(), 0, "no route changes the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reading_of_anothers_archive_is_in_the_log_and_reading_ones_own_is_not() {
    let city = City::start().await;
    let (own, other) = (city.people["甲村韦大山"], city.people["甲村覃小梅"]);
    let cadre = city.client("cadre").await;
    cadre.get(&format!("/api/v1/people/{own}/archive")).await.must(200);
    cadre.get("/record").await.must(200);
    assert!(lines(&city, "archive.read").await.is_empty());
    let office = city.client("office").await;
    office.get(&format!("/api/v1/people/{other}/archive")).await.must(200);
    office.get_with(&format!("/office/people/{other}"), "x-forwarded-for", "10.0.0.9, 203.0.113.7").await.must(200);
    office.get(&format!("/api/v1/reports/hours.csv?unit={}", city.units["甲村"])).await.must(200);
    let read = lines(&city, "archive.read").await;
    let by = city.accounts["office"];
    let told: Vec<_> =
        read.iter().map(|line| (line.account_id, line.target.as_str(), line.address.as_deref())).collect();
    let target = format!("person:{other}");
    // A proxy on this machine tells for whom it asks; what its client claimed before that is not taken.
    assert_eq!(
        told,
        [(Some(by), target.as_str(), Some("127.0.0.1")), (Some(by), target.as_str(), Some("203.0.113.7"))]
    );
    assert_eq!(lines(&city, "report.read").await.len(), 1);
    office.get(&format!("/office/people/{}", city.people["丙村覃小梅"])).await.must(404);
    assert_eq!(lines(&city, "archive.read").await.len(), 2, "what was refused was not read");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_searches_by_person_account_action_and_day_and_takes_the_log_as_a_file() {
    let city = City::start().await;
    let admin = city.client("city-admin").await;
    for name in ["甲村覃小梅", "甲村黄志强", "甲村覃小梅"] {
        city.client("office").await.get(&format!("/api/v1/people/{}/archive", city.people[name])).await.must(200);
    }
    city.client("trainer").await.get(&format!("/api/v1/people/{}/archive", city.people["甲村覃小梅"])).await.must(200);
    let today = entity::Moment::now().day();
    for (query, rows) in [
        ("person=甲村覃小梅".to_owned(), 3),
        ("person=甲村覃小梅&who=office".to_owned(), 2),
        ("who=trainer".to_owned(), 1),
        ("action=archive.read".to_owned(), 4),
        (format!("action=archive.read&from={today}&to={today}"), 4),
        ("action=archive.read&to=2020-01-01".to_owned(), 0),
        ("person=没有这个人".to_owned(), 0),
    ] {
        let found = log(&admin, &query).await;
        assert_eq!((&found["row_count"], found["rows"].as_array().unwrap().len()), (&rows.into(), rows), "{query}");
    }
    let csv = admin.get("/api/v1/audit/log.csv?action=archive.read").await.must(200).text();
    assert_eq!(csv.matches("查看他人档案").count(), 4, "{csv}");
    let book = admin.get("/api/v1/audit/log.xlsx?action=archive.read").await.must(200).body;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book)).unwrap();
    assert_eq!(book.worksheet_range("明细").unwrap().rows().count(), 1 + 4);
    let page = admin.get("/office/audit?person=甲村黄志强").await.must(200).text();
    for verb in Verb::ALL {
        assert!(page.contains(&format!("<option value=\"{}\">{}</option>", verb.as_str(), verb.label())), "{verb:?}");
    }
    assert!(page.contains("共 1 条") && page.contains("127.0.0.1"), "{page}");
    city.client("office").await.get("/api/v1/audit/log.json").await.must(403);
    let elsewhere = log(&city.client("auditor-b").await, "").await;
    assert_eq!(elsewhere["row_count"], 0, "another county's auditor sees nothing of this one's people");
}

/// Five minutes of their own: the entry's number.
async fn watched(city: &City, client: &Client) -> i64 {
    let id = client.play(city.lesson("video")).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    client.beat(id, 2, 300_000, true).await.must(200);
    client.beat(id, 3, 390_000, false).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let person = client.get("/api/v1/me").await.must(200).json()["person_id"].clone();
    let record = client.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
    record["entries"][0]["seq"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_a_person_is_told_who_corrected_decided_and_approved_whatever_it_was_written_about() {
    let city = City::start().await;
    let (cadre, office, trainer) =
        (city.client("cadre").await, city.client("office").await, city.client("trainer").await);
    let seq = watched(&city, &cadre).await;
    let wrong = json!({"credited_delta_ms": -60_000, "reason": "核对播放记录"});
    office.post(&format!("/api/v1/ledger/{seq}/corrections"), wrong).await.must(201);
    let appeal =
        cadre.post(&format!("/api/v1/ledger/{seq}/appeals"), json!({"text": "我看完了"})).await.must(201).json();
    let refused = json!({"granted": false, "reason": "没有看完"});
    office.post(&format!("/api/v1/appeals/{}/decision", appeal["id"]), refused).await.must(200);
    let today = entity::Moment::now().day();
    let class = json!({"unit_id": city.units["东江县"], "title": "冬训班", "starts_on": today, "ends_on": today, "half_days": 2});
    let class = trainer.post("/api/v1/classes", class).await.must(201).json()["id"].clone();
    trainer.post(&format!("/api/v1/classes/{class}/roster"), json!({"people": ["甲村韦大山"]})).await.must(200);
    let left = json!({"merged_id": city.people["甲村黄志强"], "reason": "同一个人"});
    // What was done under the number that is merged is theirs, too.
    office.get(&format!("/api/v1/people/{}/archive", city.people["甲村黄志强"])).await.must(200);
    office.post(&format!("/api/v1/people/{}/merges", city.people["甲村韦大山"]), left).await.must(201);
    let admin = city.client("city-admin").await;
    let found = log(&admin, "person=甲村韦大山").await;
    let told: Vec<_> = found["rows"].as_array().unwrap().iter().map(|row| row[5].as_str().unwrap()).collect();
    for verb in [
        "ledger.correct",
        "appeal.make",
        "appeal.decide",
        "class.create",
        "class.enroll",
        "archive.read",
        "person.merge",
        "account.create",
    ] {
        assert!(told.contains(&verb), "{verb} is missing: {told:?}");
    }
    let named = found["rows"].as_array().unwrap().iter().find(|row| row[5] == "ledger.correct").unwrap();
    assert!(named[7].as_str().unwrap().starts_with("甲村韦大山（"), "{named}");
    let merged = log(&admin, "person=甲村黄志强&action=appeal.decide").await;
    assert_eq!(merged["row_count"], 1, "who is one with them is asked for with them");
    assert_eq!(log(&admin, "person=甲村覃小梅&action=appeal.decide").await["row_count"], 0);
    let mine = log(&city.client("auditor-b").await, "person=甲村韦大山").await;
    assert_eq!(mine["row_count"], 0, "another county's auditor finds nothing of it");
}

#[test]
fn every_verb_is_written_somewhere_and_can_be_chosen_by_its_name() {
    let mut sources = String::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for folder in ["catalog/src", "content/src", "player", "server/src"] {
        gather(&root.join(folder), &mut sources);
    }
    let unused: Vec<_> = Verb::ALL
        .iter()
        .filter(|verb| !sources.contains(&format!("Verb::{verb:?}")))
        .map(|verb| verb.as_str())
        .collect();
    assert!(unused.is_empty(), "nobody writes {unused:?}");
}

fn gather(folder: &std::path::Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            gather(&entry, into);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            into.push_str(&std::fs::read_to_string(entry).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_reads_what_its_own_offices_did_and_nothing_of_another_or_of_the_city() {
    let city = City::start().await;
    let person = city.people["甲村覃小梅"];
    for login in ["office", "city-office"] {
        city.client(login).await.get(&format!("/api/v1/people/{person}/archive")).await.must(200);
    }
    // The accounts of offices belong to nobody on the roster: where they hold their role is where they are.
    for reader in ["admin", "auditor"] {
        let found = log(&city.client(reader).await, "action=archive.read").await;
        assert_eq!(found["row_count"], 1, "{reader}");
        assert_eq!(found["rows"][0][3], "office");
    }
    for (reader, rows) in [("admin-b", 0), ("auditor-b", 0), ("city-admin", 2)] {
        assert_eq!(log(&city.client(reader).await, "action=archive.read").await["row_count"], rows, "{reader}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_thousands_of_lines_is_read_whole_and_page_by_page_without_a_gap() {
    let city = City::start().await;
    let now = entity::Moment::now();
    let rows = (0..1_203).map(|number| audit::line(now, None, Verb::StarMark, format!("test:{number}"), String::new()));
    for some in rows.collect::<Vec<_>>().chunks(500) {
        audit::Entity::insert_many(some.to_vec()).exec_without_returning(&city.db.write).await.unwrap();
    }
    let admin = city.client("city-admin").await;
    let all = log(&admin, "action=star.mark").await;
    let targets: Vec<_> =
        all["rows"].as_array().unwrap().iter().map(|row| row[6].as_str().unwrap().to_owned()).collect();
    let expected: Vec<_> = (0..1_203).rev().map(|number| format!("test:{number}")).collect();
    assert_eq!(targets, expected);
    let page = admin.get("/office/audit?action=star.mark&page=13").await.must(200).text();
    assert!(page.contains("test:0<") && page.contains("test:2<") && !page.contains("test:3<"), "the last three");
    assert!(audit::Entity::find().count(&city.db.read).await.unwrap() >= 1_203);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_an_auditor_finds_who_read_an_archive() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    let person = city.people["甲村覃小梅"];
    city.client("office").await.get(&format!("/office/people/{person}")).await.must(200);
    desk.sign_in("city-admin").await;
    desk.goto("/office/audit").await;
    desk.fill("#person", "甲村覃小梅").await;
    desk.click(".bar-form button").await;
    desk.until("return document.body.innerText.includes('共 1 条')").await;
    desk.picture("audit").await;
    assert!(!desk.overflows().await);
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 780).await else { return };
    phone.sign_in("city-admin").await;
    phone.goto("/office/audit").await;
    phone.until("return document.querySelector('h1') !== null").await;
    phone.picture("audit-360").await;
    assert!(!phone.overflows().await);
    phone.close().await;
}
