//! What reaches a sealed year too late: seen by the person, decided by the office, proved by an auditor.

use entity::{Day, Moment, PlaybackMode, beat, playback};
use sea_orm::{ActiveModelTrait, Set};
use serde_json::{Value, json};
use std::time::Duration;
use tests::City;
use tests::browser::Browser;

fn last_year() -> i32 {
    Moment::now().year() - 1
}

/// The second county seals last year; then a terminal that had no line brings five minutes of 丙村韦大山 of last November.
async fn city_with_a_late_session() -> City {
    let city = City::start().await;
    let office = city.client("office-b").await;
    let begun = json!({"year": last_year()});
    let seal = office.post(&format!("/api/v1/units/{}/seals", city.units["西山县"]), begun).await.must(202).json();
    for _ in 0..1200 {
        if office.get(&format!("/api/v1/seals/{}", seal["id"])).await.must(200).json()["state"] == "sealed" {
            session_of_last_year(&city).await;
            archive::ledger::post_closed(&city.db.write, Moment::now()).await.unwrap();
            return city;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never sealed");
}

async fn session_of_last_year(city: &City) {
    let day = Day::from_ymd_opt(last_year(), 11, 20).unwrap();
    let began = Moment::start_of(day).plus_ms(9 * 3_600_000);
    let ended = began.plus_ms(300_000);
    let row = playback::ActiveModel {
        mode: Set(PlaybackMode::Solo),
        lesson_id: Set(entity::LessonId(city.lesson("video"))),
        person_id: Set(Some(city.people["丙村韦大山"])),
        account_id: Set(city.accounts["cadre-b"]),
        unit_id: Set(city.units["丙村"]),
        duration_ms: Set(600_000),
        started_at: Set(began),
        day: Set(day),
        last_seq: Set(1),
        last_position_ms: Set(300_000),
        last_playing: Set(false),
        last_rate_permille: Set(1000),
        last_beat_at: Set(ended),
        claimed_ms: Set(300_000),
        credited_ms: Set(300_000),
        reasons: Set("{}".into()),
        seen: Set("[]".into()),
        superseded_at: Set(None),
        closed_at: Set(Some(ended)),
        posted_at: Set(None),
        start_position_ms: Set(0),
        most_rate_permille: Set(1500),
        touched_at: Set(None),
        idle_after_ms: Set(None),
        served_at: Set(Some(began)),
        plays_cached: Set(false),
        ..Default::default()
    };
    let session = row.insert(&city.db.write).await.unwrap();
    let heard = beat::ActiveModel {
        playback_id: Set(session.id),
        seq: Set(1),
        position_ms: Set(300_000),
        playing: Set(true),
        rate_permille: Set(1000),
        claimed_ms: Set(300_000),
        span_from_ms: Set(0),
        span_to_ms: Set(300_000),
        wall_from: Set(began),
        wall_to: Set(ended),
        reason: Set(None),
        reason_ms: Set(0),
        happened_at: Set(None),
        received_at: Set(None),
        touched: Set(false),
    };
    heard.insert(&city.db.write).await.unwrap();
}

async fn is_sound(city: &City) -> bool {
    let ledger = archive::verify::ledger(&city.db.read, &|_, _| ()).await.unwrap();
    ledger.is_sound() && archive::seal::check(&city.db.read, &|_, _| ()).await.unwrap().is_sound()
}

/// Milliseconds that count of last year.
async fn credited(city: &City) -> i64 {
    let path = format!("/api/v1/people/{}/archive?year={}", city.people["丙村韦大山"], last_year());
    let record = city.client("cadre-b").await.get(&path).await.must(200).json();
    record["entries"].as_array().unwrap().iter().map(|entry| entry["credited_ms"].as_i64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_the_seal_waits_is_seen_by_the_person_and_counts_only_as_an_amendment() {
    let city = city_with_a_late_session().await;
    let office = city.client("office-b").await;
    assert_eq!(credited(&city).await, 0);
    let record = format!("/record?year={}", last_year());
    let page = city.client("cadre-b").await.get(&record).await.must(200).text();
    assert!(page.contains("封存以后才送到") && page.contains("等待处理"));
    let waits = office.get("/api/v1/late-sessions?state=open").await.must(200).json();
    let late = &waits["rows"][0];
    let expected = (&json!(1), &json!("丙村韦大山"), &json!(300_000), &json!("open"));
    assert_eq!((&waits["total"], &late["person"], &late["credited_ms"], &late["state"]), expected);
    let path = format!("/api/v1/late-sessions/{}/decision", late["id"]);
    let decision = json!({"admit": true, "reason": "断网，元旦后才传到"});
    city.client("office").await.post(&path, decision.clone()).await.must(404);
    city.client("auditor-b").await.post(&path, decision.clone()).await.must(403);
    office.post(&path, json!({"admit": true, "reason": ""})).await.must(400);
    let decided = office.post(&path, decision.clone()).await.must(200).json();
    assert_eq!(decided["state"], "admitted");
    assert_eq!(office.post(&path, decision).await.must(409).code(), "wrong_state");
    assert_eq!(credited(&city).await, 300_000);
    let page = city.client("cadre-b").await.get(&record).await.must(200).text();
    assert!(page.contains("已按修订计入") && page.contains("断网，元旦后才传到"));
    let seals = city.client("auditor-b").await.get("/office/seal").await.must(200).text();
    assert!(seals.contains("断网，元旦后才传到"), "the amendment says why");
    assert!(is_sound(&city).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_city_sealed_no_county_admits_to_and_a_refusal_leaves_the_ledger_alone() {
    let city = City::start().await;
    let above = city.client("city-office").await;
    let begun = json!({"year": last_year()});
    above.post(&format!("/api/v1/units/{}/seals", city.units["桂岭市"]), begun).await.must(202);
    while archive::seal::closed(&city.db.read, city.people["丙村韦大山"], last_year())
        .await
        .unwrap()
        .unwrap()
        .line
        .is_none()
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    session_of_last_year(&city).await;
    archive::ledger::post_closed(&city.db.write, Moment::now()).await.unwrap();
    let late: Value = above.get("/api/v1/late-sessions").await.must(200).json();
    let path = format!("/api/v1/late-sessions/{}/decision", late["rows"][0]["id"]);
    let decision = json!({"admit": false, "reason": "没有旁证"});
    city.client("office-b").await.post(&path, decision.clone()).await.must(403);
    assert_eq!(above.post(&path, decision).await.must(200).json()["state"], "refused");
    assert_eq!(credited(&city).await, 0);
    assert!(is_sound(&city).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_an_office_decides_on_what_came_too_late_and_the_person_reads_why() {
    let city = city_with_a_late_session().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("office-b").await;
    desk.goto("/office/seal").await;
    desk.until("return document.body.innerText.includes('1 件等待处理')").await;
    desk.goto("/office/late").await;
    desk.click("main details summary").await;
    desk.picture("late-desk").await;
    assert!(!desk.overflows().await);
    desk.click("main input[value=admit]").await;
    desk.fill("main input[name=reason]", "村里断网，元旦后才传到，村委证明").await;
    desk.click("main details .btn").await;
    desk.until("return document.body.innerText.includes('已按修订计入')").await;
    desk.picture("late-decided").await;
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre-b").await;
    phone.goto(&format!("/record?year={}", last_year())).await;
    phone.until("return document.body.innerText.includes('村委证明')").await;
    phone
        .run("[...document.querySelectorAll('h2')].find(h => h.innerText.includes('封存以后')).scrollIntoView()")
        .await;
    phone.picture("late-phone").await;
    assert!(!phone.overflows().await);
    phone.close().await;
}
