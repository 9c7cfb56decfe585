//! How a person chooses among the sizes, on a phone, at a desk and at a television; and what is begun with unasked.

use super::{LENGTH_MS, source, with_film};
use crate::phones::credited_at_least;
use entity::{Moment, RenditionKind, rendition};
use sea_orm::{ActiveModelTrait, Set};
use serde_json::json;
use server::pages::figures;
use std::time::Duration;
use tests::browser::Browser;

const VIDEO: &str = "const v = document.querySelector('video');";
const FAST: &str = "{saveData: false, effectiveType: '4g', downlink: 10}";

/// A script that lets a page see this link. The browser's own guess depends on what else this machine does.
fn see(link: &str) -> String {
    format!("Object.defineProperty(navigator, 'connection', {{value: {link}, configurable: true}});")
}

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
    let saving = "{saveData: true, effectiveType: '4g', downlink: 10}";
    assert!(bitrate("original") > 7_500_000, "{lesson}");
    let barely = bitrate("video_480") * 4 / 3 + 1000;
    let not_quite = bitrate("video_480") * 4 / 3 - 1000;
    let over_3g = if bitrate("video_480") * 4 / 3 < 450_000 { "video_480" } else { "video_240" };
    for (link, measured, form) in [
        (FAST, None, "video_480"), // the film as it came takes more than 7.5 Mbit/s
        (FAST, Some(100_000_000), "original"),
        (saving, None, "video_240"),
        (saving, Some(100_000_000), "video_240"),
        ("{saveData: false, effectiveType: '2g', downlink: 0.1}", None, "video_240"),
        // What was measured at the township in the morning does not come over the link of the hamlet at noon.
        ("{saveData: false, effectiveType: 'slow-2g', downlink: 0.05}", Some(100_000_000), "video_240"),
        ("{saveData: false, effectiveType: '2g', downlink: 0.1}", Some(100_000_000), "video_240"),
        ("{saveData: false, effectiveType: '3g', downlink: 0.7}", Some(100_000_000), over_3g),
        ("{saveData: false, effectiveType: '3g', downlink: 0.7}", Some(9_000), "video_240"),
        (FAST, Some(barely), "video_480"),
        (FAST, Some(not_quite), "video_240"),
        (FAST, Some(9_000), "video_240"),
        (&format!("{{saveData: false, effectiveType: '4g', downlink: {}}}", barely as f64 / 1e6), None, "video_480"),
        ("undefined", Some(barely), "video_480"),
    ] {
        let known = measured.map_or_else(
            || "localStorage.removeItem('yuanjiao.link')".to_owned(),
            |bits| format!("localStorage.setItem('yuanjiao.link', JSON.stringify({{bits: {bits}, at: Date.now()}}))"),
        );
        // The last script that was given is the last that runs.
        phone.before_each_page(&format!("{} try {{ {known} }} catch {{}}", see(link))).await;
        phone.goto("/lessons/thin").await;
        phone.until("return !document.querySelector('[data-forms]').hidden").await;
        let begun = format!(
            "{VIDEO} const on = document.querySelector('[data-quality][aria-pressed=true]'); return [on.dataset.quality, new URL(v.currentSrc || v.src).pathname.split('#')[0] === on.dataset.src.split('#')[0]]"
        );
        assert_eq!(phone.run(&begun).await, json!([form, true]), "{link}, measured {measured:?}");
    }
    // Sound alone stays a choice, and a choice is kept whatever the link is.
    phone.before_each_page(&see(saving)).await;
    phone.goto("/lessons/thin").await;
    phone.click("[data-quality=audio]").await;
    phone.goto("/lessons/thin").await;
    phone.until("return document.querySelector('[data-quality=audio]').ariaPressed === 'true'").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_knows_a_link_by_what_comes_over_it_and_not_by_what_it_had_kept() {
    let Some((city, _)) = with_film().await else { return };
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.run("localStorage.setItem('yuanjiao.quality', 'video_240')").await;
    // 60 kB/s are half a megabit; what a browser had kept comes as fast as ever.
    phone.devtools("Network.enable", json!({})).await;
    let line = json!({"offline": false, "latency": 0, "downloadThroughput": 60_000, "uploadThroughput": -1});
    phone.devtools("Network.emulateNetworkConditions", line).await;
    let whole = "v.buffered.length > 0 && v.buffered.end(v.buffered.length - 1) > 45";
    for _ in ["over the link", "out of what was kept"] {
        phone.goto("/lessons/thin").await;
        phone.until("return !document.querySelector('[data-forms]').hidden").await;
        phone.run(&format!("{VIDEO} v.muted = true; v.play()")).await;
        phone.until(&format!("{VIDEO} return 'yuanjiao.link' in localStorage && {whole}")).await;
        let bits = phone.run("return JSON.parse(localStorage['yuanjiao.link']).bits").await.as_i64().unwrap();
        assert!((1..1_500_000).contains(&bits), "{bits}");
    }
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_lesson_page_says_the_size_of_the_form_that_plays() {
    let Some((city, hash)) = with_film().await else { return };
    let cadre = city.client("cadre").await;
    let lesson = cadre.get("/api/v1/lessons/thin").await.must(200).json();
    let size = |kind: &str| figures::size(source(&lesson, kind)["size_bytes"].as_i64().unwrap());
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.before_each_page(&see(FAST)).await;
    phone.sign_in("cadre").await;
    phone.goto("/lessons/thin").await;
    for kind in ["video_480", "video_240", "audio", "original"] {
        if kind != "video_480" {
            phone.click(&format!("[data-quality={kind}]")).await; // it began with the other
        }
        let says = "return document.querySelector('.facts-line b').innerText === 'SIZE' && document.querySelector('[data-status]').innerText === '全部看完约用 SIZE 流量'";
        phone.until(&says.replace("SIZE", &size(kind))).await;
    }
    phone.close().await;

    // Without scripts it is the recording itself, or what it was converted to.
    let says = async |size: &str| {
        let page = cadre.get("/lessons/thin").await.must(200).text();
        assert!(page.contains(&format!("全部看完约用 <span data-size-of-form>{size}</span> 流量")), "{page}");
        assert!(page.contains(&format!("<li><b data-size-of-form>{size}</b></li>")), "{page}");
    };
    says(&size("original")).await;
    let converted = rendition::ActiveModel {
        media_sha256: Set(hash.clone()),
        kind: Set(RenditionKind::Playable),
        blob_sha256: Set(hash),
        size_bytes: Set(12_345_678),
        mime: Set("video/mp4".into()),
        duration_ms: Set(Some(LENGTH_MS)),
        created_at: Set(Moment::now()),
        ..Default::default()
    };
    converted.insert(&city.db.write).await.unwrap();
    says("12.3 MB").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_chooses_by_arrows() {
    let Some((city, _)) = with_film().await else { return };
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    let site = city.client("site").await;
    let person = city.people["甲村韦大山"];
    let body = json!({"lesson_id": city.lesson("thin"), "mode": "group", "roster": [person]});
    let begun = site.post("/api/v1/playback", body).await.must(200).json();
    screen.before_each_page(&see(FAST)).await;
    screen.sign_in("site").await;
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
