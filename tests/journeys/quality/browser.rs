//! How a person chooses among the sizes, on a phone, at a desk and at a television; and what is begun with unasked.

use super::{source, with_film};
use crate::phones::credited_at_least;
use serde_json::json;
use std::time::Duration;
use tests::browser::Browser;

const VIDEO: &str = "const v = document.querySelector('video');";

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_changes_the_form_in_the_middle_and_loses_nothing() {
    let Some((city, _)) = with_film().await else { return };
    city.let_every_second_count().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    let cadre = city.client("cadre").await;
    let lesson = cadre.get("/api/v1/lessons/thin").await.must(200).json();
    let plays = |kind: &str| {
        format!("{VIDEO} return v.currentSrc.endsWith('{}')", source(&lesson, kind)["url"].as_str().unwrap())
    };
    phone.sign_in("cadre").await;
    phone.goto("/lessons/thin").await;
    phone.until("return !document.querySelector('[data-forms]').hidden").await;
    assert!(!phone.overflows().await);
    phone.picture("quality-phone-before").await;
    phone.run(&format!("{VIDEO} v.muted = true; v.play()")).await;
    phone.until(&format!("{VIDEO} return v.currentTime > 4")).await;
    phone.click("[data-quality=video_240]").await;
    phone.until(&plays("video_240")).await;
    phone.until(&format!("{VIDEO} return !v.paused && v.currentTime > 5 && v.videoHeight === 240")).await;
    assert_eq!(phone.run(&format!("{VIDEO} return v.currentTime < 12")).await, json!(true), "the place was lost");
    phone.picture("quality-phone-playing").await;

    // A click at three quarters of the seek bar.
    phone.run("document.querySelector('[data-seekbar]').scrollIntoView({block: 'center'})").await;
    phone.click_at("[data-seekbar] input", 0.75).await;
    phone.until(&format!("{VIDEO} return !v.seeking && !v.paused && v.currentTime > 34 && v.currentTime < 44")).await;
    let parts = "return performance.getEntriesByType('resource').filter((e) => e.name.includes('/media/')).map((e) => e.responseStatus)";
    assert!(phone.run(parts).await.as_array().unwrap().contains(&json!(206)), "{}", phone.run(parts).await);
    phone.run(&format!("{VIDEO} v.pause()")).await;
    phone.until("return document.querySelector('[data-status]').innerText.includes('已记录')").await;
    phone.click("[data-quality=audio]").await;
    phone.until(&plays("audio")).await;
    phone.until(&format!("{VIDEO} return v.paused && v.currentTime > 34")).await;
    phone.click("[data-quality=video_240]").await;
    phone.until(&plays("video_240")).await;

    // The choice is kept, and all of it was one session.
    phone.goto("/lessons/thin").await;
    phone.until("return document.querySelector('[data-quality=video_240]').ariaPressed === 'true'").await;
    assert!(credited_at_least(&cadre, 4_000).await < 25_000, "the seek was credited");
    let person = city.people["甲村韦大山"];
    let record = cadre.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
    assert_eq!(record["entries"].as_array().unwrap().len(), 1, "{record}");
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_desk_sees_where_the_bar_leads_and_what_was_made() {
    let Some((city, _)) = with_film().await else { return };
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/lessons/thin").await;
    desk.until("return !document.querySelector('[data-seekbar]').hidden").await;
    desk.hover_at("[data-seekbar] input", 0.5).await;
    desk.until("return !document.querySelector('[data-peek]').hidden && /0:2[34]/.test(document.querySelector('[data-peek] b').innerText)").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    desk.picture("quality-desk-peek").await;
    assert!(!desk.overflows().await);
    desk.goto(&format!("/studio/lessons/{}", city.lesson("thin"))).await;
    desk.until("return [...document.querySelectorAll('[data-part] .badge')].filter((b) => b.innerText === '已完成').length >= 5").await;
    desk.run("document.querySelector('[data-preparation]').scrollIntoView({block: 'center'})").await;
    desk.picture("quality-desk-preparation").await;
    assert!(!desk.overflows().await);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_starts_with_what_the_link_carries_and_saves_data_when_asked_to() {
    let Some((city, _)) = with_film().await else { return };
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    let lesson = city.client("cadre").await.get("/api/v1/lessons/thin").await.must(200).json();
    let forms = lesson["sources"].as_array().unwrap();
    let bitrate = |kind: &str| source(&lesson, kind)["bitrate"].as_i64().unwrap();
    let smallest = forms.iter().filter(|form| form["kind"] != "audio").min_by_key(|form| form["bitrate"].as_i64());
    assert_eq!(smallest.unwrap()["kind"], "video_240");
    // The link as the browser sees it, what was measured on it lately in bit/s, and the form to start with. A quarter
    // of a link is left for everything else.
    let fast = "{saveData: false, effectiveType: '4g', downlink: 10}";
    let saving = "{saveData: true, effectiveType: '4g', downlink: 10}";
    assert!(bitrate("original") > 7_500_000, "{lesson}");
    let barely = bitrate("video_480") * 4 / 3 + 1000;
    let not_quite = bitrate("video_480") * 4 / 3 - 1000;
    for (link, measured, form) in [
        (fast, None, "video_480"), // the film as it came takes more than 7.5 Mbit/s
        (fast, Some(100_000_000), "original"),
        (saving, None, "video_240"),
        (saving, Some(100_000_000), "video_240"),
        ("{saveData: false, effectiveType: '2g', downlink: 0.1}", None, "video_240"),
        ("{saveData: false, effectiveType: '2g', downlink: 0.1}", Some(100_000_000), "original"),
        (fast, Some(barely), "video_480"),
        (fast, Some(not_quite), "video_240"),
        (fast, Some(9_000), "video_240"),
        (&format!("{{saveData: false, effectiveType: '4g', downlink: {}}}", barely as f64 / 1e6), None, "video_480"),
        ("undefined", Some(barely), "video_480"),
    ] {
        let known = measured.map_or_else(
            || "localStorage.removeItem('yuanjiao.link')".to_owned(),
            |bits| format!("localStorage.setItem('yuanjiao.link', JSON.stringify({{bits: {bits}, at: Date.now()}}))"),
        );
        // The last script that was given is the last that runs.
        let see = format!("Object.defineProperty(navigator, 'connection', {{value: {link}, configurable: true}});");
        phone.before_each_page(&format!("{see} try {{ {known} }} catch {{}}")).await;
        phone.goto("/lessons/thin").await;
        phone.until("return !document.querySelector('[data-forms]').hidden").await;
        let begun = format!(
            "{VIDEO} const on = document.querySelector('[data-quality][aria-pressed=true]'); return [on.dataset.quality, new URL(v.currentSrc || v.src).pathname.split('#')[0] === on.dataset.src.split('#')[0]]"
        );
        assert_eq!(phone.run(&begun).await, json!([form, true]), "{link}, measured {measured:?}");
    }
    // Sound alone stays a choice, and a choice is kept whatever the link is.
    phone
        .before_each_page(&format!(
            "Object.defineProperty(navigator, 'connection', {{value: {saving}, configurable: true}})"
        ))
        .await;
    phone.goto("/lessons/thin").await;
    phone.click("[data-quality=audio]").await;
    phone.goto("/lessons/thin").await;
    phone.until("return document.querySelector('[data-quality=audio]').ariaPressed === 'true'").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_chooses_by_arrows() {
    let Some((city, _)) = with_film().await else { return };
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    let site = city.client("site").await;
    let person = city.people["甲村韦大山"];
    let body = json!({"lesson_id": city.lesson("thin"), "mode": "group", "roster": [person]});
    let begun = site.post("/api/v1/playback", body).await.must(200).json();
    screen.sign_in("site").await;
    // The browser's own guess depends on what else this machine does.
    screen.run("localStorage.setItem('yuanjiao.link', JSON.stringify({bits: 5e7, at: Date.now()}))").await;
    screen.goto(&format!("/classroom/play/{}", begun["session_id"])).await;
    let largest = source(&begun, "original")["url"].as_str().unwrap().to_owned();
    screen.until(&format!("{VIDEO} return v.currentSrc.endsWith('{largest}') && v.currentTime > 3")).await;
    screen.press(thirtyfour::Key::Right.into()).await;
    screen.until("return !document.querySelector('[data-peek]').hidden").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    screen.picture("quality-room-peek").await;
    screen.press(thirtyfour::Key::Down.into()).await;
    screen.until("return !document.querySelector('[data-forms]').hidden").await;
    screen.picture("quality-room-choice").await;
    let on_240 = "return document.activeElement.dataset.quality === 'video_240'";
    screen.press_until(thirtyfour::Key::Down, on_240, 6).await;
    screen.press(thirtyfour::Key::Enter.into()).await;
    screen.until(&format!("{VIDEO} return document.querySelector('[data-forms]').hidden && v.videoHeight === 240 && v.currentTime > 12 && !v.paused")).await;
    screen.close().await;
}
