//! The room in a real Chromium: a television by arrows and OK, a telephone that joins by code, presses while the link is
//! away.

use crate::phones::HURRIED;
use crate::room::{ask_about, draw_every_minute, forty};
use entity::{PlaybackId, playback};
use player::classroom::checks;
use sea_orm::EntityTrait;
use serde_json::json;
use std::time::Duration;
use tests::City;
use tests::browser::Browser;
use thirtyfour::Key;

/// Walks to the element with arrows, like somebody with a remote: down and up until it stands in the row, then aside.
/// Answers how many presses that took.
async fn walk_to(screen: &Browser, css: &str) -> usize {
    for presses in 0..60 {
        let script = format!(
            "const to = document.querySelector(`{css}`).getBoundingClientRect(), at = document.activeElement.getBoundingClientRect();
             const middle = (box) => [box.left + box.width / 2, box.top + box.height / 2];
             const [x, y] = middle(to), [a, b] = middle(at);
             if (document.activeElement === document.querySelector(`{css}`)) return 'there';
             if (y > at.bottom) return 'down'; if (y < at.top) return 'up';
             return x > a ? 'right' : 'left'"
        );
        let key = match screen.run(&script).await.as_str().unwrap_or_default() {
            "there" => return presses,
            "down" => Key::Down,
            "up" => Key::Up,
            "right" => Key::Right,
            _ => Key::Left,
        };
        screen.press(key.into()).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    panic!("{css} was not reached");
}

async fn press_on(screen: &Browser, css: &str) -> usize {
    let presses = walk_to(screen, css).await;
    screen.press(Key::Enter.into()).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    presses + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_roll_of_forty_is_called_by_arrows_and_a_phone_joins_by_code() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let people = forty(&city).await;
    ask_about(
        &city,
        "film",
        "保花保果的药，最好在什么时候打？",
        r#"["盛花的时候","谢花以后七天左右","果子转色的时候"]"#,
        "[1]",
    )
    .await;
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    screen.sign_in("site").await;
    screen.goto("/classroom/film").await;
    screen.until("return document.activeElement.matches('[data-all]')").await;
    // Forty are ticked with one press; six who are absent are unticked one by one.
    screen.press(Key::Enter.into()).await;
    let mut presses = 1;
    for absent in [5, 11, 17, 23, 29, 35] {
        presses += press_on(&screen, &format!("[data-person=\"{}\"]", people[absent])).await;
    }
    screen.until("return document.querySelector('[data-count]').innerText === '34'").await;
    screen.picture("room-roll-40").await;
    assert!(presses <= 60, "{presses} presses for 40 people with 6 absent: at one a second that is over a minute");
    // A telephone joins by the code before the lesson begins.
    press_on(&screen, "[data-by-phone]").await;
    screen.until("return /[0-9]{3} [0-9]{3}/.test(document.querySelector('[data-digits]').innerText)").await;
    screen.picture("room-roll-code").await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    city.learner(1).await;
    phone.sign_in("learner-1").await;
    phone.goto("/join").await;
    phone.fill("#code", "111111").await;
    phone.press(Key::Enter.into()).await;
    phone.until("return document.body.innerText.includes('签到码不对')").await;
    phone.picture("room-join-wrong").await;
    let digits = screen.run("return document.querySelector('[data-digits]').innerText").await;
    phone.fill("#code", digits.as_str().unwrap()).await;
    phone.picture("room-join").await;
    phone.press(Key::Enter.into()).await;
    phone.until("return document.body.innerText.includes('签到成功')").await;
    phone.picture("room-joined").await;
    assert!(!phone.overflows().await);
    phone.close().await;
    screen.until("return document.querySelector('[data-joined]').innerText === '35'").await;
    screen.press(Key::Enter.into()).await;
    press_on(&screen, "[data-start]").await;
    screen.until("return location.pathname.startsWith('/classroom/play/')").await;
    play(&city, &screen).await;
    screen.close().await;
}

async fn play(city: &City, screen: &Browser) {
    screen.begin_the_picture().await;
    screen.run("document.querySelector('video').loop = true").await; // a short film, and a slow machine
    screen.until("return document.querySelector('video').currentTime > 3").await;
    screen.until("return document.querySelector('[data-corner] [data-digits]').innerText.length === 7").await;
    screen.picture("room-play-code").await;
    let room = screen.run("return Number(document.querySelector('[data-playback]').dataset.playback)").await;
    // The link goes away: presses are taken, and told of later.
    screen.run("window.realFetch = window.fetch; window.fetch = () => Promise.reject(new TypeError('away'))").await;
    screen.press(Key::Up.into()).await;
    screen.until("return !document.querySelector('[data-panel]').hidden").await;
    let leaver = city.people["甲村蒙秀英"];
    press_on(screen, &format!("[data-panel] [data-person=\"{leaver}\"]")).await;
    press_on(screen, "[data-more]").await;
    press_on(screen, "[data-more]").await;
    screen.until("return !document.querySelector('[data-waiting]').hidden").await;
    screen.picture("room-panel-offline").await;
    screen.run("document.querySelector('video').addEventListener('timeupdate', () => (window.goesOn = true))").await;
    screen.until("return window.goesOn === true").await;
    screen.run("window.fetch = window.realFetch; dispatchEvent(new Event('online'))").await;
    screen.until("return document.querySelector('[data-waiting]').hidden").await;
    let site = city.client("site").await;
    let state = site.get(&format!("/api/v1/playback/{room}/room")).await.must(200).json();
    assert_eq!(state["guests"], 2);
    assert!(!state["present"].as_array().unwrap().contains(&json!(leaver.0)));
    // Names are drawn; a quiet strip says so, and the lesson plays on.
    pass_for_a_draw(city, room.as_i64().unwrap()).await;
    screen.until("return !document.querySelector('[data-ask]').hidden").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return document.querySelector('[data-panel]').hidden").await;
    assert_eq!(screen.run("return document.querySelector('video').paused").await, json!(false));
    screen.picture("room-ask").await;
    screen.press(Key::Up.into()).await;
    screen.until("return !document.querySelector('[data-panel]').hidden").await;
    screen.picture("room-panel-checks").await;
    press_on(screen, "[data-check] button").await;
    screen.until("return document.querySelectorAll('[data-check]').length === 2").await;
    sign_by_pin(city, screen).await;
    finish(screen).await;
}

async fn pass_for_a_draw(city: &City, room: i64) {
    draw_every_minute(city).await;
    use entity::playback::{Column, Entity};
    use sea_orm::sea_query::{Expr, ExprTrait};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    Entity::update_many()
        .col_expr(Column::StartedAt, Expr::col(Column::StartedAt).sub(90_000))
        .filter(Column::Id.eq(room))
        .exec(&city.db.write)
        .await
        .unwrap();
    for _ in 0..700 {
        if !checks::of(&city.db.read, PlaybackId(room)).await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let running = checks::running(&city.db.read, entity::Moment::now()).await.unwrap();
    let row = Entity::find_by_id(PlaybackId(room)).one(&city.db.read).await.unwrap();
    panic!("no names were drawn at {:?}: {running:?} {row:?}", entity::Moment::now());
}

async fn sign_by_pin(city: &City, screen: &Browser) {
    let who = city.people["甲村蒙秀英"];
    roster::pin::set(&city.db.write, who, "482913", city.accounts["site"], entity::Moment::now()).await.unwrap();
    press_on(screen, "[data-by-pin]").await;
    press_on(screen, &format!("[data-pin-person=\"{who}\"]")).await;
    screen.picture("room-pin").await;
    for digit in [4, 8, 2, 9, 1, 3] {
        press_on(screen, &format!("[data-pin-digit=\"{digit}\"]")).await;
    }
    screen.until(&format!("return document.querySelector('[data-panel] [data-person=\"{who}\"]').getAttribute('aria-pressed') === 'true'")).await;
    screen.press(Key::Escape.into()).await;
    screen.press(Key::Escape.into()).await;
    screen
        .until("return document.querySelector('[data-pin]').hidden && document.querySelector('[data-panel]').hidden")
        .await;
}

async fn finish(screen: &Browser) {
    screen.press(Key::Escape.into()).await;
    screen.until("return !document.querySelector('[data-asking]').hidden").await;
    press_on(screen, "[data-end]").await;
    screen.until("return document.body.innerText.includes('下课了')").await;
    screen.picture("room-done").await;
    press_on(screen, "a[href^=\"/classroom/quiz/\"]").await;
    screen.until("return document.activeElement.matches('.choice')").await;
    for _ in 0..3 {
        screen.press(Key::Right.into()).await;
    }
    screen.press(Key::Down.into()).await;
    for _ in 0..12 {
        screen.press(Key::Right.into()).await;
    }
    screen.press(Key::Left.into()).await;
    screen.picture("room-quiz").await;
    press_on(screen, "[data-reveal]").await;
    screen.until("return document.querySelector('.choice.right i')?.innerText === '11'").await;
    screen.picture("room-quiz-answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_session_page_matches_a_guest_on_a_phone() {
    let city = City::start().await;
    let site = city.client("site").await;
    let body = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [city.people["甲村韦大山"]]});
    let room = site.post("/api/v1/playback", body).await.must(200).json()["session_id"].clone();
    let guest = json!({"name": "甲村覃小梅", "place": "木棉屯", "phone": "13800138000"});
    site.post(&format!("/api/v1/sessions/{room}/guests"), guest).await.must(201);
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("site").await;
    phone.goto("/sessions").await;
    phone.picture("room-sessions").await;
    assert!(!phone.overflows().await);
    phone.goto(&format!("/sessions/{room}")).await;
    phone.picture("room-session").await;
    phone.click("a[href^='?guest=']").await;
    phone.until("return !!document.querySelector('form[action$=\"/match\"] button')").await;
    phone.picture("room-session-match").await;
    phone.click("form[action$='/match'] button").await;
    phone.until("return document.body.innerText.includes('已对应')").await;
    phone.picture("room-session-matched").await;
    assert!(!phone.overflows().await);
    phone.close().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("office").await;
    desk.goto(&format!("/sessions/{room}")).await;
    desk.picture("room-session-desk").await;
    assert!(!desk.overflows().await);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_room_that_talks_for_ten_minutes_goes_on_with_its_class() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let site = city.client("site").await;
    let roster = json!({"lesson_id": city.lesson("film"), "mode": "group", "roster": [city.people["甲村覃小梅"]]});
    let id = site.post("/api/v1/playback", roster).await.must(200).json()["session_id"].as_i64().unwrap();
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    screen.before_each_page(HURRIED).await;
    screen.sign_in("site").await;
    screen.goto(&format!("/classroom/play/{id}")).await;
    screen.until("return document.querySelector('video').currentTime > 2").await;
    screen.press(Key::Enter.into()).await;
    screen.until("window.paused ??= Date.now(); return document.querySelector('video').paused").await;
    screen.until("return Date.now() - window.paused > 600000").await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.querySelector('video').currentTime > 5").await;
    let here = screen.run("return location.pathname").await;
    assert_eq!(here, json!(format!("/classroom/play/{id}")));
    let row = playback::Entity::find_by_id(PlaybackId(id)).one(&city.db.read).await.unwrap().unwrap();
    assert_eq!(row.closed_at, None);
    screen.close().await;
}
