//! A television in a browser: paired from a phone, led through its list, calm without a line.

use super::play_days::every_day;
use super::until;
use entity::Moment;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use std::time::Duration;
use tests::City;
use tests::browser::Browser;
use tests::terminal::paired;
use thirtyfour::Key;

/// Whether the focus can be seen: an outline of some width.
const SEEN: &str =
    "const f = document.activeElement; return f !== document.body && parseFloat(getComputedStyle(f).outlineWidth) > 2";

/// The first lesson of the list has the focus.
const ON_THE_LIST: &str = "return document.activeElement.matches('.showing li:first-child a')";

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_is_paired_from_a_phone_and_opens_its_list_by_itself() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    screen.goto("/classroom/pair").await;
    screen.until("return /^\\d{3} \\d{3}$/.test(document.querySelector('[data-code]').innerText)").await;
    screen.until(SEEN).await;
    screen.picture("pair").await;
    assert!(!screen.overflows().await);
    let code = screen.run("return document.querySelector('[data-code]').innerText").await;
    let phone = Browser::open(&city.url, 360, 740).await.unwrap();
    phone.sign_in("site").await;
    phone.goto("/pair").await;
    phone.picture("approve-empty").await;
    phone.fill("#code", "000 001").await;
    phone.click("form button.wide").await;
    phone.until("return !!document.querySelector('#code-error')").await;
    phone.picture("approve-wrong").await;
    assert!(!phone.overflows().await);
    phone.fill("#code", code.as_str().unwrap()).await;
    phone.click("form button.wide").await;
    phone.until("return document.body.innerText.includes('配对好了')").await;
    screen.until("return location.pathname === '/classroom'").await;
    screen.until("return document.body.innerText.includes('还没有设播放日')").await;
    screen.until(SEEN).await;
    screen.picture("no-play-day").await;
    until(async || {
        phone.goto("/studio/devices").await;
        phone.run("return document.body.innerText.includes('开着')").await == json!(true)
    })
    .await;
    phone.picture("approve-done").await;
    assert!(!phone.overflows().await);
    phone.close().await;

    // The list of the minute after this one, so that the last seconds are counted down.
    let now = Moment::now();
    let wait_ms = 60_000 - now.0.rem_euclid(60_000);
    let minute = catalog::play_day::minute_now(now);
    if minute >= 23 * 60 + 57 {
        return; // the evening of this test would be tomorrow's
    }
    let (minute, wait_ms) = if wait_ms < 20_000 { (minute + 2, wait_ms + 60_000) } else { (minute + 1, wait_ms) };
    shorten(&city, "film").await;
    every_day(&city, "东江县", minute, &["film", "video", "east"]).await;
    screen.run("dispatchEvent(new Event('online'))").await; // an open page looks once a minute, and at once after a break
    screen.until(ON_THE_LIST).await;
    if wait_ms > 60_000 {
        tokio::time::sleep(Duration::from_millis(wait_ms as u64 - 59_000)).await;
    }
    screen.until("return document.querySelector('.soon')?.innerText.includes('秒后打开点名')").await;
    screen.until(SEEN).await;
    screen.picture("play-day").await;
    assert!(!screen.overflows().await);
    for _ in 0..3 {
        if screen.run("return location.pathname").await == "/classroom/film" {
            break;
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    screen.until("return location.pathname === '/classroom/film'").await;
    screen.until("return document.activeElement.matches('[data-all]')").await;
    screen.picture("opened-by-itself").await;

    // Back leads to the list, which does not open a second time.
    screen.press(Key::Escape.into()).await;
    screen.until("return location.pathname === '/classroom'").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(screen.run("return !!document.querySelector('.soon')").await, json!(false));
    screen.until(ON_THE_LIST).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return location.pathname === '/classroom/film'").await;
    teach(&screen).await;
    screen.until("return document.querySelector('.soon')?.innerText.includes('接着放')").await;
    screen.picture("next-of-the-list").await;
    screen.press(Key::Down.into()).await;
    screen.until("return !document.querySelector('.soon')").await;
    screen.until("return document.activeElement.matches('.shares li')").await;
    screen.press_until(Key::Up, "return document.activeElement.matches('[data-upnext]')", 5).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return location.pathname === '/classroom/video'").await;
    screen.until("return document.activeElement.matches('[data-all]')").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return document.body.innerText.includes('今天播过了')").await;
    screen.picture("ticked").await;
    screen.close().await;
}

/// Half of a lesson of eight seconds is soon played.
async fn shorten(city: &City, slug: &str) {
    use sea_orm::sea_query::Expr;
    let lesson = entity::lesson::Entity::update_many()
        .col_expr(entity::lesson::Column::DurationMs, Expr::value(8_000))
        .filter(entity::lesson::Column::Slug.eq(slug));
    lesson.exec(&city.db.write).await.unwrap();
}

/// Calls the roll, plays more than half of the lesson, ends the class.
async fn teach(screen: &Browser) {
    screen.until("return document.activeElement.matches('[data-all]')").await;
    screen.press_until(Key::Enter, "return document.querySelector('[data-count]').innerText === '4'", 20).await;
    screen.press_until(Key::Right, "return document.activeElement.matches('[data-start]')", 5).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return location.pathname.startsWith('/classroom/play/')").await;
    screen.until("return document.querySelector('video').readyState >= 2").await;
    screen.run("document.querySelector('video').play()").await;
    screen.until("return document.querySelector('video').currentTime > 6").await;
    screen.run("document.querySelector('video').pause()").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return !document.querySelector('[data-asking]').hidden").await;
    screen.press_until(Key::Right, "return document.activeElement.matches('[data-end]')", 4).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.body.innerText.includes('下课了')").await;
}

/// What makes a browser's `fetch` fail as if the cable were out.
const CUT: &str = "window.online = window.fetch; window.fetch = () => Promise.reject(new TypeError('cut'))";

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_without_a_line_says_so_calmly_stays_usable_and_goes_on_by_itself() {
    let city = City::start().await;
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    let (id, terminal) = paired(&city, "site", "甲村").await;
    screen.goto("/classroom/pair").await;
    let cookie = format!("document.cookie = 'yj_access={}; path=/'", terminal.token.as_ref().unwrap());
    screen.run(&cookie).await;
    screen.run("document.cookie = 'yj_terminal=1; path=/'").await;
    screen.goto("/classroom").await;
    screen.until("return !!document.activeElement.closest('.deck')").await;
    screen.run(CUT).await;
    screen.run("dispatchEvent(new Event('online'))").await;
    screen.until("return document.querySelector('.line')?.innerText.includes('网络断开')").await;
    screen.press(Key::Right.into()).await;
    screen.until(SEEN).await;
    screen.picture("no-line").await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.querySelector('.line').innerText.includes('接通后自动打开')").await;
    assert_eq!(screen.run("return location.pathname").await, json!("/classroom"), "no error page of the browser");
    screen.run("window.fetch = window.online").await;
    screen.until("return location.pathname.startsWith('/classroom/')").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return location.pathname === '/classroom' && !!document.activeElement.closest('.deck')").await;

    // Revoked: the page that is open learns of it by itself and shows how to go on.
    city.client("site").await.delete(&format!("/api/v1/devices/{id}")).await.must(204);
    screen.run("dispatchEvent(new Event('online'))").await;
    screen.until("return location.pathname === '/classroom/pair'").await;
    screen.until("return /\\d{3} \\d{3}/.test(document.querySelector('[data-code]').innerText)").await;
    assert!(screen.run("return document.body.innerText").await.as_str().unwrap().contains("这台电视已经停用"));
    screen.picture("revoked").await;
    screen.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_trainer_sets_a_play_day_by_keys() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/studio/play-days").await;
    desk.picture("play-days-none").await;
    desk.click("a[href^=\"/studio/play-days/new\"]").await;
    desk.fill("#title", "冬季农技夜校").await;
    desk.fill("#days", "逢6").await;
    desk.fill("#q", "zhenshiyingpian").await;
    desk.press(Key::Enter.into()).await;
    desk.until("return !!document.querySelector('button[value^=\"add:\"]')").await;
    desk.click("button[value^=\"add:\"]").await;
    desk.until("return document.querySelectorAll('button[value^=\"drop:\"]').length === 1").await;
    desk.fill("#q", "shatangju").await;
    desk.press(Key::Enter.into()).await;
    desk.until("return !!document.querySelector('button[value^=\"add:\"]')").await;
    desk.click("button[value^=\"add:\"]").await;
    desk.until("return document.querySelectorAll('button[value^=\"drop:\"]').length === 2").await;
    desk.click("button[value^=\"up:\"]").await;
    desk.until("return document.querySelector('ol.picked li').innerText.includes('沙糖桔')").await;
    assert_eq!(desk.run("return document.querySelector('#title').value").await, json!("冬季农技夜校"));
    desk.picture("play-day-form").await;
    assert!(!desk.overflows().await);
    desk.click("button[value=save]").await;
    desk.until("return document.body.innerText.includes('每月逢6的日子（6、16、26日）')").await;
    desk.picture("play-days").await;
    desk.close().await;
    let phone = Browser::open(&city.url, 360, 740).await.unwrap();
    phone.sign_in("trainer").await;
    for (page, name) in [("/studio/play-days", "play-days-360"), ("/studio/play-days/new", "play-day-form-360")] {
        phone.goto(page).await;
        phone.picture(name).await;
        assert!(!phone.overflows().await, "{page}");
    }
    phone.close().await;
}
