//! A class that was left by a power cut or a restart: its room leads back into it, ends it, and begins no other before.

use crate::classroom::pass;
use entity::{PlaybackId, playback};
use sea_orm::EntityTrait;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::browser::Browser;
use tests::terminal::paired;
use tests::{City, Client};
use thirtyfour::Key;

/// The card of a class that is still on, as a page is drawn.
const STILL_ON: &str = "data-open-class=\"";
const WAY_BACK: &str = "[data-open-class] a";

async fn begun(city: &City, client: &Client, lesson: &str, people: &[&str]) -> i64 {
    let roster: Vec<i64> = people.iter().map(|name| city.people[*name].0).collect();
    let body = json!({"lesson_id": city.lesson(lesson), "mode": "group", "roster": roster});
    client.post("/api/v1/playback", body).await.must(200).json()["session_id"].as_i64().unwrap()
}

async fn open(client: &Client, path: &str) -> String {
    client.get_with(path, "Accept", "text/html").await.must(200).text()
}

async fn end(client: &Client, id: i64) {
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
}

async fn is_open(city: &City, id: i64) -> bool {
    let row = playback::Entity::find_by_id(PlaybackId(id)).one(&city.db.read).await.unwrap();
    row.unwrap().closed_at.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_that_was_left_comes_first_on_the_start_page_of_whoever_runs_it() {
    let city = City::start().await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    assert!(!open(&terminal, "/classroom").await.contains(STILL_ON));
    let id = begun(&city, &terminal, "video", &["甲村覃小梅", "甲村黄志强"]).await;
    terminal.beat(id, 1, 0, true).await.must(200);
    // Nothing was heard of it for a whole day's work: it is still on.
    pass(&city, id, 11 * 3_600_000).await;
    let page = open(&terminal, "/classroom").await;
    let card = page.find(STILL_ON).unwrap();
    assert!(card < page.find("<h1>").unwrap() && card < page.find("class=\"deck\"").unwrap(), "{page}");
    let (way, facts) = (format!("href=\"/classroom/play/{id}\" data-first"), "《沙糖桔修剪与保花保果》还没有下课");
    assert!(page.contains(&way) && page.contains(facts) && page.contains("到场 2 人"), "{page}");
    // Somebody who searches is not led away from that.
    assert!(!open(&terminal, "/classroom?category=agriculture").await.contains(STILL_ON));
    // Only who may play it is shown it.
    let (_, other) = paired(&city, "site", "甲村").await;
    for stranger in [&other, &city.client("site").await, &city.client("trainer").await] {
        assert!(!open(stranger, "/classroom").await.contains(STILL_ON));
        stranger.get_with(&format!("/classroom/play/{id}"), "Accept", "text/html").await.must(404);
    }
    let room = open(&terminal, &format!("/classroom/play/{id}")).await;
    for name in ["甲村覃小梅", "甲村黄志强"] {
        let present = format!("data-person=\"{}\" aria-pressed=\"true\"", city.people[name]);
        assert!(room.contains(&present), "the roll need not be called again: {name}");
    }
    end(&terminal, id).await;
    assert!(!open(&terminal, "/classroom").await.contains(STILL_ON));
    assert!(open(&terminal, &format!("/classroom/done/{id}")).await.contains("下课了"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roll_of_another_lesson_asks_first_what_becomes_of_a_class_that_is_still_on() {
    let city = City::start().await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let id = begun(&city, &terminal, "video", &["甲村覃小梅"]).await;
    for lesson in ["east", "video"] {
        let roll = open(&terminal, &format!("/classroom/{lesson}")).await;
        assert!(roll.contains(&format!("{STILL_ON}{id}\"")) && roll.contains("结束这堂课"), "{roll}");
        assert!(roll.contains(&format!("data-then=\"/classroom/{lesson}\"")), "then the roll is called");
        assert!(!roll.contains("data-person") && !roll.contains("data-start"), "no roll is called in vain");
    }
    // Where two were left, as by a program, the newer comes first, and then the older.
    let newer = begun(&city, &terminal, "east", &["甲村黄志强"]).await;
    for (still_on, ended) in [(newer, id), (id, newer)] {
        assert!(is_open(&city, still_on).await, "nothing ends by itself: {ended}");
        let page = open(&terminal, "/classroom").await;
        assert!(page.contains(&format!("{STILL_ON}{still_on}\"")), "{page}");
        end(&terminal, still_on).await;
    }
    let roll = open(&terminal, "/classroom/east").await;
    assert!(!roll.contains(STILL_ON) && roll.contains("data-start"));
}

/// The television of this terminal, switched on: nothing is known to it but who it is.
async fn switched_on(city: &City, terminal: &Client) -> Option<Browser> {
    let screen = Browser::open(&city.url, 1920, 1080).await?;
    screen.goto("/classroom/pair").await;
    screen.run(&format!("document.cookie = 'yj_access={}; path=/'", terminal.token.as_ref().unwrap())).await;
    screen.run("document.cookie = 'yj_terminal=1; path=/'").await;
    screen.goto("/classroom").await;
    Some(screen)
}

/// Presses one arrow after the other until the element has the focus.
async fn walk(screen: &Browser, arrows: &[Key], css: &str) {
    let there = format!("return document.activeElement.matches('{css}')");
    for arrow in arrows {
        if screen.run(&there).await == json!(true) {
            break;
        }
        screen.press(arrow.clone().into()).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    screen.until(&there).await;
}

/// Who is ticked in the panel of a running class.
async fn ticked(screen: &Browser) -> BTreeSet<i64> {
    let ids = "return [...document.querySelectorAll('[data-panel] [data-person][aria-pressed=true]')].map((one) => Number(one.dataset.person))";
    serde_json::from_value(screen.run(ids).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_comes_back_to_its_class_after_a_power_cut() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let Some(screen) = switched_on(&city, &terminal).await else { return };
    screen.until("return !!document.activeElement.closest('.deck')").await;
    screen.goto("/classroom/film").await;
    screen.until("return document.activeElement.matches('[data-all]')").await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.querySelector('[data-count]').innerText === '4'").await;
    screen.until("return document.activeElement.matches('[data-start]')").await;
    walk(&screen, &[Key::Down, Key::Down], "[data-person]").await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.querySelector('[data-count]').innerText === '3'").await;
    let aside = [Key::Up, Key::Right, Key::Right, Key::Right, Key::Left, Key::Left, Key::Left, Key::Left];
    walk(&screen, &aside, "[data-start]").await;
    screen.press(Key::Enter.into()).await;
    screen.until("return location.pathname.startsWith('/classroom/play/')").await;
    let id = screen.run("return Number(document.querySelector('[data-playback]').dataset.playback)").await;
    let id = id.as_i64().unwrap();
    let here = format!("return location.pathname === '/classroom/play/{id}'");
    screen.until("return document.querySelector('[data-count]').innerText === '3'").await;
    let before = ticked(&screen).await;
    assert_eq!(before.len(), 3);

    // The power goes, and comes back: OK on what has the focus leads into the same room, where everybody still is.
    screen.close().await;
    let screen = switched_on(&city, &terminal).await.unwrap();
    screen.until(&format!("return document.activeElement.matches('{WAY_BACK}')")).await;
    screen.until("return document.querySelector('[data-open-class]').innerText.includes('到场 3 人')").await;
    screen.picture("classroom-still-on").await;
    assert!(!screen.overflows().await);
    screen.press(Key::Enter.into()).await;
    screen.until(&here).await;
    screen.until("return document.querySelector('[data-count]').innerText === '3'").await;
    assert_eq!(ticked(&screen).await, before, "the roll is as it was");

    // So it is after a long while away, whatever this browser has kept of it.
    screen.until("return Object.keys(localStorage).some((key) => key.startsWith('yuanjiao:beats:'))").await;
    screen.goto("/classroom").await;
    screen.until(&format!("return document.activeElement.matches('{WAY_BACK}')")).await;
    screen.run(LONG_AGO).await;
    screen.press(Key::Enter.into()).await;
    screen.until(&here).await;
    screen.until("return document.querySelector('[data-count]').innerText === '3'").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(is_open(&city, id).await, "coming back does not end it");

    // The other press ends it, and it is offered no more.
    screen.goto("/classroom").await;
    screen.until(&format!("return document.activeElement.matches('{WAY_BACK}')")).await;
    walk(&screen, &[Key::Right], "[data-open-class] [data-end]").await;
    screen.press(Key::Enter.into()).await;
    screen.until(&format!("return location.pathname === '/classroom/done/{id}'")).await;
    screen.until("return document.body.innerText.includes('下课了')").await;
    assert!(!is_open(&city, id).await);
    screen.goto("/classroom").await;
    screen.until("return !!document.activeElement.closest('.deck')").await;
    assert_eq!(screen.run("return !!document.querySelector('[data-open-class]')").await, json!(false));

    // Before another is begun it is asked what becomes of one that is still on; then the roll is called.
    let left = begun(&city, &terminal, "video", &["甲村覃小梅"]).await;
    screen.goto("/classroom/film").await;
    screen.until(&format!("return document.activeElement.matches('{WAY_BACK}')")).await;
    screen.picture("classroom-roll-asks").await;
    assert!(!screen.overflows().await);
    walk(&screen, &[Key::Right], "[data-open-class] [data-end]").await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.activeElement.matches('[data-all], [data-start]')").await;
    assert_eq!(screen.run("return location.pathname").await, json!("/classroom/film"));
    assert!(!is_open(&city, left).await);
    screen.close().await;
}

/// What the browser has kept of a class is of an hour ago.
const LONG_AGO: &str =
    "for (const key of Object.keys(localStorage).filter((key) => key.startsWith('yuanjiao:beats:'))) {
    const kept = JSON.parse(localStorage.getItem(key));
    localStorage.setItem(key, JSON.stringify({ ...kept, at: kept.at - 3600000 }));
}";
