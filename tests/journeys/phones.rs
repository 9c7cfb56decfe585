//! Alone on a phone: the line goes and comes back, a second phone takes over, nobody is there any more.

use entity::PersonId;
use serde_json::json;
use std::time::{Duration, Instant};
use tests::browser::Browser;
use tests::{City, Client, PATIENCE};

/// What the archive holds of this learner, once it is this much.
pub async fn credited_at_least(learner: &Client, ms: i64) -> i64 {
    let me = learner.get("/api/v1/me").await.must(200).json()["person_id"].as_i64().unwrap();
    credited_to(learner, PersonId(me), ms).await
}

/// What the archive holds of this person, once it is this much; as somebody sees it who may.
pub async fn credited_to(client: &Client, person: PersonId, ms: i64) -> i64 {
    let began = Instant::now();
    loop {
        let record = client.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
        let credited =
            record["entries"].as_array().unwrap().iter().map(|entry| entry["credited_ms"].as_i64().unwrap()).sum();
        if credited >= ms {
            return credited;
        }
        assert!(began.elapsed() < PATIENCE, "only {credited} ms are credited: {record}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether all that the page had to report has arrived.
pub const SENT: &str = "return !Object.keys(localStorage).some((key) => key.startsWith('yuanjiao:beats:') && JSON.parse(localStorage[key]).queue.length)";

/// A page whose date and timers run sixty times as fast: what it does after minutes is seen in seconds. How long ago a
/// beat was made is told by another clock.
pub const HURRIED: &str = "{ const real = Date.now.bind(Date), began = real(), every = setInterval;
    Date.now = () => began + (real() - began) * 60;
    window.setInterval = (run, ms, ...more) => every(run, ms / 60, ...more); }";

/// Open the film and press play.
pub async fn play(phone: &Browser) {
    phone.goto("/lessons/film").await;
    phone.until("return !!document.querySelector('video')").await;
    phone.run("document.querySelector('video').play()").await;
    phone.until("return document.querySelector('[data-status]').innerText.includes('记录')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_keeps_its_minutes_while_the_line_is_away() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    play(&phone).await;
    let far_enough = "const v = document.querySelector('video'); return v.currentTime > 2 && v.buffered.end(0) > 25";
    phone.until(far_enough).await;
    phone.cut_the_line(true).await;
    for second in [7, 12, 17] {
        phone.until(&format!("return document.querySelector('video').currentTime > {second}")).await;
        phone.run("document.querySelector('video').pause()").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        phone.run("document.querySelector('video').play()").await;
    }
    phone.until("return document.querySelector('[data-status]').innerText.includes('网络断开')").await;
    phone.picture("phone-offline").await;
    assert!(!phone.overflows().await);
    phone.cut_the_line(false).await;
    phone.until("return document.querySelector('[data-status]').innerText.includes('本次已记录')").await;
    phone.run("document.querySelector('video').pause()").await;
    phone.until(SENT).await;
    phone.goto("/record").await;
    let credited = credited_at_least(&city.client("cadre").await, 16_000).await;
    assert!(credited < 40_000, "{credited} ms are more than the time there was");
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_left_without_a_line_has_its_minutes_as_soon_as_the_next_lesson_is_opened() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    play(&phone).await;
    phone.until("const v = document.querySelector('video'); return v.currentTime > 1 && v.buffered.end(0) > 15").await;
    phone.cut_the_line(true).await;
    phone.until("return document.querySelector('video').currentTime > 6").await;
    phone.run("document.querySelector('video').pause()").await;
    phone.until("return document.querySelector('[data-status]').innerText.includes('网络断开')").await;
    // Nothing of the page that is left can reach the server any more, not even its goodbye.
    phone.devtools("Page.navigate", json!({ "url": "about:blank" })).await;
    phone.cut_the_line(false).await;
    phone.goto("/home").await; // no lesson: it delivers nothing
    phone.until("return Object.keys(localStorage).some((key) => key.startsWith('yuanjiao:beats:') && JSON.parse(localStorage[key]).left)").await;
    phone.goto("/lessons/film").await;
    credited_at_least(&city.client("cadre").await, 5_000).await;
    phone.until("return !Object.keys(localStorage).some(key => key.startsWith('yuanjiao:beats:'))").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_that_was_paused_for_ten_minutes_goes_on_with_its_session() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.before_each_page(HURRIED).await;
    phone.sign_in("cadre").await;
    play(&phone).await;
    phone.until("return document.querySelector('video').currentTime > 3").await;
    phone.run("document.querySelector('video').pause(); window.paused = Date.now()").await;
    phone.until("return Date.now() - window.paused > 600000").await;
    phone.run("document.querySelector('video').play()").await;
    phone.until("return document.querySelector('video').currentTime > 8").await;
    phone.run("document.querySelector('video').pause()").await;
    phone.until(SENT).await;
    phone.goto("/record").await;
    let cadre = city.client("cadre").await;
    credited_at_least(&cadre, 7_000).await;
    let person = city.people["甲村韦大山"];
    let record = cadre.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
    assert_eq!(record["entries"].as_array().unwrap().len(), 1, "{record}");
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_whose_session_was_ended_begins_another_and_loses_nothing() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    play(&phone).await;
    phone.until("return document.querySelector('video').currentTime > 3").await;
    phone.run("document.querySelector('video').pause()").await;
    phone.until(SENT).await;
    let session = "return Object.keys(localStorage).find((key) => key.startsWith('yuanjiao:beats:'))?.split(':').pop()";
    let ended = phone.run(session).await;
    let ended = ended.as_str().unwrap();
    let cadre = city.client("cadre").await;
    cadre.post(&format!("/api/v1/playback/{ended}/close"), json!({})).await.must(200);
    phone.run("document.querySelector('video').play()").await;
    phone.until(&format!("const now = (() => {{ {session} }})(); return now && now !== '{ended}'")).await;
    phone.until("return document.querySelector('video').currentTime > 10").await;
    phone.run("document.querySelector('video').pause()").await;
    phone.until(SENT).await;
    phone.goto("/record").await;
    credited_at_least(&cadre, 8_000).await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_second_phone_stops_the_first_which_says_so() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(first) = Browser::open(&city.url, 360, 740).await else { return };
    let Some(second) = Browser::open(&city.url, 360, 740).await else { return };
    for phone in [&first, &second] {
        phone.sign_in("cadre").await;
    }
    play(&first).await;
    first.until("return document.querySelector('video').currentTime > 4").await;
    play(&second).await;
    first.until("return document.querySelector('[data-status]').innerText.includes('另一台设备')").await;
    first.until("return document.querySelector('video').paused").await;
    first.picture("phone-elsewhere").await;
    let stopped = first.run("return document.querySelector('video').currentTime").await;
    let before = credited_at_least(&city.client("cadre").await, 3_000).await;
    // What both saw counts once: on beyond where the first was stopped.
    second.until(&format!("return document.querySelector('video').currentTime > {stopped} + 2")).await;
    second.run("document.querySelector('video').pause()").await;
    second.until(SENT).await;
    second.goto("/record").await;
    credited_at_least(&city.client("cadre").await, before + 1_000).await;
    first.close().await;
    second.close().await;
}

/// A clock that a test can put forward.
const SKIPPING: &str = "const real = performance.now.bind(performance); let ahead = 0; performance.now = () => real() + ahead; window.skip = (ms) => (ahead += ms);";

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_asks_gently_whether_anybody_is_there_and_then_stops() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.before_each_page(SKIPPING).await;
    phone.sign_in("cadre").await;
    play(&phone).await;
    phone.until("return document.querySelector('video').currentTime > 2").await;
    phone.run("skip(1_201_000)").await;
    phone.until("return !document.querySelector('[data-idle]').hidden").await;
    assert_eq!(
        phone.run("return document.querySelector('video').paused").await,
        json!(false),
        "it plays on while it asks"
    );
    phone.picture("phone-idle").await;
    assert!(!phone.overflows().await);
    phone.click("[data-idle] button").await;
    phone.until("return document.querySelector('[data-idle]').hidden").await;
    phone.run("skip(1_262_000)").await;
    phone.until("return document.querySelector('video').paused").await;
    phone.until("return document.querySelector('[data-idle]').innerText.includes('没有人应答')").await;
    phone.picture("phone-idle-stopped").await;
    phone.close().await;
}
