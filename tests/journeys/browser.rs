//! The journeys in a real Chromium: a phone of 360 px, a television driven by arrows and OK, a trainer's desk.

use crate::phones::{SENT, credited_at_least, credited_to};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::City;
use tests::browser::Browser;
use tests::city::sha256;
use thirtyfour::Key;

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_finds_plays_seeks_and_sees_the_minutes() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/home").await;
    phone.picture("phone-home").await;
    assert!(!phone.overflows().await);
    phone.fill("input[name=q]", "zhenshiyingpian").await;
    phone.press(Key::Enter.into()).await;
    phone.until("return !!document.querySelector('a[href*=\"/lessons/film\"]')").await;
    phone.picture("phone-search").await;
    assert!(!phone.overflows().await);
    phone.click("a[href*=\"/lessons/film\"]").await;
    phone.until("return !!document.querySelector('video')").await;
    phone.run("document.querySelector('video').play()").await;
    phone.until("return document.querySelector('video').currentTime > 4").await;
    phone.picture("phone-lesson").await;
    assert!(!phone.overflows().await);
    phone.run("document.querySelector('video').currentTime = 30").await;
    phone.until("const v = document.querySelector('video'); return !v.seeking && v.currentTime > 31").await;
    phone.run("document.querySelector('video').pause()").await;
    phone.until(SENT).await;
    phone.goto("/record").await;
    let credited = credited_at_least(&city.client("cadre").await, 4_000).await;
    assert!(credited < 25_000, "the seek was credited: {credited} ms");
    phone.goto("/record").await;
    phone.until("return document.body.innerText.includes('真实影片课程')").await;
    phone.picture("phone-record").await;
    assert!(!phone.overflows().await);
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_plays_to_a_room_by_arrows_and_ok_alone() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    screen.sign_in("site").await;
    screen.goto("/classroom").await;
    screen.until("return !!document.activeElement.closest('.deck')").await;
    screen.picture("classroom").await;
    let on_film = "return document.activeElement.innerText.includes('真实影片课程')";
    for key in [Key::Right, Key::Down, Key::Left, Key::Right] {
        if screen.run(on_film).await != serde_json::json!(true) {
            let _ = press_some(&screen, key, on_film).await;
        }
    }
    screen.press_until(Key::Right, on_film, 3).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.activeElement.matches('[data-all]')").await;
    screen.press_until(Key::Enter, "return document.querySelector('[data-count]').innerText === '4'", 20).await;
    screen.picture("classroom-roll").await;
    screen.press_until(Key::Right, "return document.activeElement.matches('[data-start]')", 5).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return location.pathname.startsWith('/classroom/play/')").await;
    screen.begin_the_picture().await;
    screen.until("return document.querySelector('video').currentTime > 5").await;
    screen.picture("classroom-play").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return !document.querySelector('[data-asking]').hidden").await;
    screen.picture("classroom-end").await;
    screen.press_until(Key::Right, "return document.activeElement.matches('[data-end]')", 4).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.body.innerText.includes('下课了')").await;
    screen.picture("classroom-done").await;
    let office = city.client("office").await;
    for name in ["韦大山", "覃小梅", "黄志强", "蒙秀英"] {
        credited_to(&office, city.people[&format!("甲村{name}")], 4_000).await;
    }
    screen.close().await;
}

/// Walk one way until a script answers true or the focus stops moving.
async fn press_some(screen: &Browser, key: Key, done: &str) -> bool {
    for _ in 0..8 {
        screen.press(key.clone().into()).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        if screen.run(done).await == serde_json::json!(true) {
            return true;
        }
    }
    false
}

fn sample_film() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/demo/media");
    let mut films: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    films.sort();
    films.into_iter().filter(|path| path.extension().is_some_and(|end| end == "mp4")).nth(1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_trainer_uploads_submits_and_a_reviewer_publishes() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/studio").await;
    desk.picture("studio").await;
    desk.goto("/studio/lessons/new").await;
    desk.fill("[name=title]", "罗汉果人工点花授粉").await;
    desk.fill("[name=summary]", "清晨点花的手法").await;
    desk.fill("[name=new_course]", "罗汉果课程").await;
    desk.fill("[name=lecturer]", "莫桂兰").await;
    desk.fill("[name=source]", "东江县农业农村局").await;
    desk.run("document.querySelector('[name=category]').value = 'agriculture'").await;
    desk.choose("[data-upload-file]", &sample_film()).await;
    let hash = sha256(&std::fs::read(sample_film()).unwrap());
    desk.until(&format!("return document.querySelector('[name=media_sha256]').value === '{hash}'")).await;
    desk.picture("studio-editor").await;
    desk.click("button[value=submit]").await;
    desk.until("return document.body.innerText.includes('待审核')").await;
    desk.goto("/studio/attendance").await;
    desk.picture("studio-attendance").await;
    assert!(!desk.overflows().await);
    desk.close().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("reviewer").await;
    desk.goto("/studio").await;
    let link = desk.run("return [...document.querySelectorAll('a')].find(a => a.innerText.includes('罗汉果人工点花')).getAttribute('href')").await;
    desk.goto(link.as_str().unwrap()).await;
    desk.click("button[value=publish]").await;
    desk.until("return document.body.innerText.includes('已发布')").await;
    desk.picture("studio-published").await;
    desk.close().await;
    let cadre = city.client("cadre").await;
    for _ in 0..1200 {
        if cadre.get("/api/v1/search?q=luohanguo").await.must(200).text().contains("罗汉果人工点花授粉") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the published lesson is not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_the_pictures_of_a_year_stand_side_by_side_on_a_desk() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    cadre.beat(id, 2, 300_000, true).await.must(200);
    cadre.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    desk.sign_in("office").await;
    desk.goto("/office").await;
    let tops = desk.run("return [...document.querySelectorAll('.charts > *')].map((box) => box.offsetTop)").await;
    let tops = tops.as_array().unwrap();
    assert!(tops.len() == 3 && tops.iter().all(|top| *top == tops[0]), "{tops:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_office_drills_down_to_a_person() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("office").await;
    desk.goto("/office").await;
    desk.picture("office").await;
    for name in ["清水镇", "甲村", "甲村韦大山"] {
        let script = format!(
            "return [...document.querySelectorAll('main a')].find(a => a.innerText.trim() === '{name}')?.getAttribute('href') ?? ''"
        );
        let link = desk.run(&script).await;
        assert_ne!(link, "", "no link to {name}");
        desk.goto(link.as_str().unwrap()).await;
    }
    desk.until("return document.body.innerText.includes('56')").await;
    desk.picture("office-person").await;
    assert!(!desk.overflows().await);
    desk.close().await;
}
