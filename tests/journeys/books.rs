//! The four books and the roster, and the mark of sessions whose bytes never left the server.

use entity::playback;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::time::Duration;
use tests::browser::Browser;
use tests::paper::A4_LYING;
use tests::{City, Client, sha256};

const BOOKS: [(&str, &str); 5] = [
    ("viewing", "学习收看记录簿"),
    ("feedback", "信息反馈记录簿"),
    ("equipment", "设备资料登记簿"),
    ("runs", "设备运行记录簿"),
    ("roster", "学员花名册"),
];

/// A room of three watches five minutes.
async fn room(city: &City, lesson: &str, fetch: bool) -> i64 {
    let site = city.client("site").await;
    let roster: Vec<_> = ["韦大山", "覃小梅", "黄志强"].map(|name| city.people[&format!("甲村{name}")]).to_vec();
    let begin = json!({"lesson_id": city.lesson(lesson), "mode": "group", "roster": roster});
    let begun = site.post("/api/v1/playback", begin).await.must(200).json();
    if fetch {
        site.get_with(begun["media_url"].as_str().unwrap(), "range", "bytes=0-99").await.must(206);
    }
    let id = begun["session_id"].as_i64().unwrap();
    played(city, &site, id).await;
    id
}

async fn played(city: &City, client: &Client, id: i64) {
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    back(city, id).await;
    client.beat(id, 2, 300_000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
}

/// The people of the room came when it began.
async fn back(city: &City, id: i64) {
    use entity::presence::{Column, Entity};
    use sea_orm::sea_query::{Expr, ExprTrait};
    use sea_orm::{ColumnTrait, QueryFilter};
    Entity::update_many()
        .col_expr(Column::ArrivedAt, Expr::col(Column::ArrivedAt).sub(300_000))
        .filter(Column::PlaybackId.eq(id))
        .exec(&city.db.write)
        .await
        .unwrap();
}

async fn row(city: &City, id: i64) -> playback::Model {
    playback::Entity::find_by_id(entity::PlaybackId(id)).one(&city.db.read).await.unwrap().unwrap()
}

/// What is served is written down by a task of its own.
async fn is_served(city: &City, id: i64) -> bool {
    for _ in 0..1200 {
        if row(city, id).await.served_at.is_some() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

async fn report(city: &City, kind: &str) -> Value {
    let office = city.client("office").await;
    let year = entity::Moment::now().year();
    office.get(&format!("/api/v1/reports/{kind}.json?year={year}")).await.must(200).json()
}

fn column(report: &Value, title: &str) -> Vec<Value> {
    let at = report["columns"].as_array().unwrap().iter().position(|column| column == title).unwrap();
    report["rows"].as_array().unwrap().iter().map(|row| row[at].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_plays_without_fetching_is_flagged_and_whoever_fetches_is_not() {
    let city = City::start().await;
    let script = city.learner(1).await;
    let id = script.play(city.lesson("video")).await;
    played(&city, &script, id).await;
    let honest = city.learner(2).await;
    let fetching = honest.play(city.lesson("video")).await;
    let address = format!("/media/{}", sha256(&city.video));
    for _ in 0..3 {
        honest.get_with(&address, "range", "bytes=0-99").await.must(206);
    }
    assert!(is_served(&city, fetching).await);
    played(&city, &honest, fetching).await;
    let reading = script.play(city.lesson("article")).await;
    played(&city, &script, reading).await;
    assert!(row(&city, id).await.served_at.is_none());
    let attendance = report(&city, "attendance").await;
    let told: Vec<_> = column(&attendance, "姓名").into_iter().zip(column(&attendance, "提示")).collect();
    let flagged: Vec<_> = told.iter().filter(|(_, note)| note == "没有取课记录").map(|(name, _)| name).collect();
    assert_eq!(flagged, ["学员1"], "{told:?}");
    let minutes = column(&attendance, "计入分钟");
    assert!(minutes.iter().all(|minutes| minutes.as_f64().unwrap() > 2.9), "a flag cuts nothing: {minutes:?}"); // nobody turned the article's pages for the last two
    let person = attendance["rows"].as_array().unwrap().len();
    assert_eq!(person, 3);
    let people = city.client("office").await.get("/api/v1/people?q=学员1").await.must(200).json();
    let who = people["people"][0]["person_id"].as_i64().or(people["people"][0]["id"].as_i64()).unwrap();
    let page = city.client("office").await.get(&format!("/office/people/{who}")).await.must(200).text();
    assert!(page.contains("没有取课记录"), "the office sees it on the person's page");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_loaded_before_the_session_or_in_an_earlier_one_or_is_a_declared_copy_counts() {
    let city = City::start().await;
    let address = format!("/media/{}", sha256(&city.video));
    let early = city.learner(1).await;
    early.get_with(&address, "range", "bytes=0-99").await.must(206);
    let preloaded = early.play(city.lesson("video")).await;
    assert!(row(&city, preloaded).await.served_at.is_some(), "the page loads before it plays");
    let again = early.play(city.lesson("video")).await;
    assert!(row(&city, again).await.served_at.is_some(), "a browser keeps what it was served");
    let village = city.learner(2).await;
    let body = json!({"lesson_id": city.lesson("video"), "mode": "solo", "cached": true});
    let begun = village.post("/api/v1/playback", body).await.must(200).json();
    let cached = row(&city, begun["session_id"].as_i64().unwrap()).await;
    assert!(cached.plays_cached && cached.served_at.is_none());
    let head = city.learner(3).await;
    let asking = head.play(city.lesson("video")).await;
    head.send(head.request(reqwest::Method::HEAD, &address)).await.must(200);
    let tag = format!("\"{}\"", sha256(&city.video));
    head.get_with(&address, "if-none-match", &tag).await.must(304);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(row(&city, asking).await.served_at.is_none(), "no byte was served");
    head.get_with(&address, "range", "bytes=0-99").await.must(206); // all is known by now: by the short way
    assert!(is_served(&city, asking).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_and_a_proxy_that_sends_the_bytes_count_as_served() {
    let city = City::start().await;
    let box_ = city.learner(1).await;
    let id = box_.play(city.lesson("video")).await;
    let address = format!("/media/{}", sha256(&city.video));
    let ticket = box_.post(&format!("/api/v1{address}/ticket"), json!({})).await.must(200).json();
    assert!(row(&city, id).await.served_at.is_none(), "a ticket alone is not a byte");
    city.stranger().get_with(ticket["url"].as_str().unwrap(), "range", "bytes=0-99").await.must(206);
    assert!(is_served(&city, id).await);
    let behind = City::start_with(|config| config.accel_redirect = Some("/blobs".into())).await;
    let client = behind.learner(1).await;
    let id = client.play(behind.lesson("video")).await;
    let answer = client.get(&format!("/media/{}", sha256(&behind.video))).await.must(200);
    assert!(answer.header("x-accel-redirect").starts_with("/blobs/"));
    assert!(is_served(&behind, id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_show_the_logs_to_those_who_may_read_them_and_to_nobody_else() {
    let city = City::start().await;
    let fetched = room(&city, "video", true).await;
    let script = room(&city, "east", false).await;
    assert!(is_served(&city, fetched).await);
    let viewing = report(&city, "viewing").await;
    assert_eq!(viewing["row_count"], 2);
    assert_eq!(column(&viewing, "人数"), [json!(3), json!(3)]);
    let sessions = column(&viewing, "场次号");
    let flags: Vec<_> = sessions.into_iter().zip(column(&viewing, "提示")).collect();
    assert!(flags.contains(&(json!(script), json!("没有取课记录"))), "{flags:?}");
    assert!(flags.contains(&(json!(fetched), Value::Null)), "{flags:?}");
    let hours = report(&city, "hours").await;
    let at = |report: &Value, title: &str| {
        let place = report["columns"].as_array().unwrap().iter().position(|column| column == title).unwrap();
        report["totals"][place].clone()
    };
    assert_eq!(at(&viewing, "计入分钟"), at(&hours, "集体学习分钟"));
    let (village, foreign) = (city.units["甲村"], city.units["丙村"]);
    for (login, may) in [("site", true), ("trainer", true), ("office", true), ("auditor", true), ("cadre", false)] {
        let client = city.client(login).await;
        for (kind, title) in BOOKS {
            let status = if may { 200 } else { 403 };
            for path in ["/office/books", "/office/books/print"] {
                let page = client.get(&format!("{path}?kind={kind}&unit={village}")).await.must(status);
                assert!(!may || page.text().contains(title));
                client.get(&format!("{path}?kind={kind}&unit={foreign}")).await.must(if may { 404 } else { 403 });
            }
            for format in ["json", "csv", "xlsx"] {
                let file = format!("/api/v1/reports/{kind}.{format}?unit=");
                client.get(&format!("{file}{village}")).await.must(status);
                client.get(&format!("{file}{foreign}")).await.must(if may { 404 } else { 403 });
            }
        }
    }
    let office = city.client("office").await;
    let page = office.get(&format!("/office/books?unit={village}")).await.must(200).text();
    assert!(page.contains("甲村覃小梅") && page.contains("没有取课记录"), "{page}");
    office.get("/office/books/print?from=2026-02-01&to=2026-01-01").await.must(400);
    let wrong = office.get("/office/books?from=2026-02-01&to=2026-01-01").await.must(200).text();
    assert!(wrong.contains("“从”不能晚于“到”"));
}

/// Many rooms, so that a book has several sheets.
async fn many_rooms(city: &City) {
    use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
    let first = room(city, "video", true).await;
    let (model, stays) = (row(city, first).await, entity::presence::Entity::find().all(&city.db.read).await.unwrap());
    for number in 1..=70_i64 {
        let mut copy = model.clone().into_active_model().reset_all();
        copy.id = sea_orm::NotSet;
        copy.started_at = Set(model.started_at.plus_ms(-number * 60_000));
        let id = copy.insert(&city.db.write).await.unwrap().id;
        for stay in &stays {
            let mut copy = stay.clone().into_active_model().reset_all();
            (copy.id, copy.playback_id) = (sea_orm::NotSet, Set(id));
            copy.insert(&city.db.write).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_books_are_read_at_a_desk_and_printed_on_paper() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    many_rooms(&city).await;
    desk.sign_in("office").await;
    let village = city.units["甲村"];
    let from = entity::Moment::now().plus_ms(-2 * 86_400_000).day();
    let at = format!("unit={village}&from={from}");
    desk.goto(&format!("/office/books?{at}")).await;
    desk.until("return document.body.innerText.includes('学习收看记录簿')").await;
    desk.picture("books-viewing").await;
    assert!(!desk.overflows().await);
    desk.click("a[rel=next]").await;
    desk.until("return document.body.innerText.includes('第 2 / 2 页')").await;
    for (kind, title) in BOOKS {
        desk.goto(&format!("/office/books/print?kind={kind}&{at}")).await;
        desk.until(&format!("return document.querySelector('.book h1').innerText === '{title}'")).await;
        desk.picture(&format!("books-print-{kind}")).await;
        let paper = desk.print(&format!("books-{kind}")).await;
        assert!(paper.is(A4_LYING), "{kind}: {:?}", paper.size);
        paper.must_be_numbered();
        paper.must_hold_whole(&desk.cells(".book tbody tr:not(.book-foot, .book-total)").await);
        let head = &desk.cells(".book thead tr:last-child").await[0][0];
        assert!(paper.sheets.iter().all(|sheet| sheet.contains(head.trim())), "{kind}: a sheet without its heading");
        let (last, before) = paper.sheets.split_last().unwrap();
        assert!(last.contains("单位盖章处"), "{kind}");
        assert!(before.iter().all(|sheet| !sheet.contains("单位盖章处")), "{kind}");
    }
    desk.close().await;
}
