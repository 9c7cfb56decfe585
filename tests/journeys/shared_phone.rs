//! One phone, more than one person, and a line that comes and goes: what is kept on it is its owner's alone.

use crate::phones::{credited_at_least, play};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::cutter::Line;
use tests::{Answer, City};

/// The worker of the phone has the pages, and the text of this one lies there.
const KEPT: &str = "return !!navigator.serviceWorker.controller && caches.open('yuanjiao:lessons:' + document.body.dataset.owner).then((lessons) => lessons.match(location.pathname)).then(Boolean)";
const WORDS: &str = "挖完的坑晒一个冬天";

/// A city behind a line that can be taken away, also from workers, and a phone on it.
async fn phone_behind_a_line() -> Option<(City, Line, Browser)> {
    let city = City::start().await;
    city.let_every_second_count().await;
    city.learner_account(1).await;
    let line = Line::to(&city.url).await;
    let phone = Browser::open(&line.url, 360, 740).await?;
    Some((city, line, phone))
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_minutes_without_a_line_wait_until_their_owner_is_back_on_a_shared_phone() {
    let Some((city, line, phone)) = phone_behind_a_line().await else { return };
    phone.sign_in("cadre").await;
    play(&phone).await;
    let mark = phone.run("return document.body.dataset.owner").await;
    let unsent = format!(
        "Object.keys(localStorage).filter((key) => key.startsWith('yuanjiao:beats:{}:'))",
        mark.as_str().unwrap()
    );
    phone.until("const v = document.querySelector('video'); return v.currentTime > 2 && v.buffered.end(0) > 15").await;
    phone.until("return !!navigator.serviceWorker.controller").await;
    line.take_away(true);
    phone.until("return document.querySelector('video').currentTime > 9").await;
    phone.run("document.querySelector('video').pause()").await;
    phone.until("return document.querySelector('[data-status]').innerText.includes('网络断开')").await;
    phone.goto("/home").await;
    line.take_away(false);
    phone.goto("/home").await;
    phone.sign_out().await;

    phone.sign_in("learner-1").await;
    // Left longer ago than another window would need to send them.
    phone.run(&format!("for (const key of {unsent}) localStorage[key] = JSON.stringify({{...JSON.parse(localStorage[key]), at: Date.now() - 180_000}})")).await;
    play(&phone).await;
    phone.until("return document.querySelector('video').currentTime > 2").await;
    assert_eq!(phone.run(&format!("return {unsent}.length")).await, json!(1), "another person's minutes were touched");
    phone.sign_out().await;

    phone.sign_in("cadre").await;
    phone.goto("/lessons/film").await;
    phone.until(&format!("return {unsent}.length === 0")).await;
    credited_at_least(&city.client("cadre").await, 6_000).await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_lesson_that_was_opened_is_read_without_a_line_and_by_nobody_else() {
    let Some((_city, line, phone)) = phone_behind_a_line().await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/record").await;
    phone.goto("/lessons/article").await;
    phone.until(KEPT).await;
    phone.goto("/home").await;
    phone.fill("input[name=q]", "红薯").await;
    phone.run("document.querySelector('form[data-suggest]').requestSubmit()").await;
    phone.until("return location.pathname === '/search'").await;

    line.take_away(true);
    phone.goto("/lessons/article").await;
    phone.until(&format!("return document.body.innerText.includes('{WORDS}')")).await;
    phone.until("return document.querySelector('[data-state]').innerText.includes('存在本机')").await;
    phone.until("return getComputedStyle(document.querySelector('h1')).lineHeight !== 'normal'").await;
    phone.picture("phone-kept-lesson").await;
    assert!(!phone.overflows().await);
    phone.goto("/record").await;
    phone.until("return !!document.querySelector('[data-list] a[href=\"/lessons/article\"]')").await;
    let record = phone.run("return document.body.innerText").await;
    assert!(!record.as_str().unwrap().contains("韦大山"), "{record}");
    phone.picture("phone-offline-page").await;
    let all = "return caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((cache) => cache.keys())))).then((found) => found.flat().map((request) => new URL(request.url).pathname))";
    let all = phone.run(all).await;
    for path in all.as_array().unwrap().iter().filter_map(Value::as_str) {
        assert!(["/assets/", "/offline", "/lessons/article"].iter().any(|kept| path.starts_with(kept)), "{all}");
    }

    line.take_away(false);
    phone.goto("/home").await;
    phone.sign_out().await;
    phone.sign_in("learner-1").await;
    phone.goto("/home").await;
    phone.click("input[name=q]").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let offered = phone.run("return document.querySelectorAll('.suggest li').length").await;
    assert_eq!(offered, json!(0), "another person's searches");
    line.take_away(true);
    phone.goto("/lessons/article").await;
    phone.until("return document.querySelector('h1').innerText === '没有网络'").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let seen = phone.run("return document.body.innerText").await;
    assert!(!seen.as_str().unwrap().contains("红薯"), "{seen}");
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_back_after_signing_out_leads_to_the_door() {
    let city = City::start().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    for page in ["/record", "/home", "/search?q=%E7%BA%A2%E8%96%AF", "/lessons/article"] {
        phone.sign_in("cadre").await;
        phone.goto(page).await;
        phone.until("return document.readyState === 'complete'").await;
        phone.sign_out().await;
        phone.run("history.back()").await;
        phone.until("return location.pathname === '/sign-in' && location.search.startsWith('?next=')").await;
    }
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_clears_the_cache_of_the_browser_but_not_its_storage() {
    let city = City::start().await;
    let left = city.stranger().post_empty("/sign-out").await.must(303);
    assert_eq!((left.header("clear-site-data"), left.header("location")), ("\"cache\"", "/sign-in"));
    let cadre = city.client("cadre").await;
    for own in ["/record", "/home", "/lessons/article"] {
        assert_eq!(cadre.get(own).await.must(200).header("cache-control"), "no-store", "{own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_told_how_to_install_the_pages() {
    let city = City::start().await;
    let stranger = city.stranger();
    let door = stranger.get("/sign-in").await.must(200).text();
    assert!(door.contains("<link rel=\"manifest\" href=\"/manifest.webmanifest\">"), "{door}");
    let manifest = stranger.get("/manifest.webmanifest").await.must(200);
    assert_eq!(manifest.header("content-type"), "application/manifest+json");
    assert_eq!(manifest.header("cache-control"), "public, max-age=86400");
    let manifest = manifest.json();
    assert_eq!(
        (&manifest["name"], &manifest["lang"], &manifest["start_url"]),
        (&json!("远教"), &json!("zh-CN"), &json!("/"))
    );
    let mut drawn = Vec::new();
    for icon in manifest["icons"].as_array().unwrap() {
        let picture = stranger.get(icon["src"].as_str().unwrap()).await.must(200);
        assert_eq!(picture.header("content-type"), "image/png");
        assert!(picture.body.len() < 6 * 1024, "{} bytes", picture.body.len());
        let (wide, high) = size_of(&picture);
        assert_eq!(icon["sizes"], format!("{wide}x{high}"));
        drawn.push((wide, icon["purpose"].as_str().unwrap().to_owned()));
    }
    assert_eq!(drawn, [(192, "any".to_owned()), (512, "any".to_owned()), (512, "maskable".to_owned())]);
}

/// Width and height as the head of a PNG says them (PNG, section 11.2.1).
fn size_of(picture: &Answer) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(picture.body[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_is_asked_for_at_every_visit_and_keeps_nothing_but_the_shell() {
    let city = City::start().await;
    let stranger = city.stranger();
    let worker = stranger.get("/sw.js").await.must(200);
    assert_eq!(worker.header("cache-control"), "no-cache");
    assert_eq!(worker.header("content-type"), "text/javascript; charset=utf-8");
    assert!(worker.header("content-security-policy").contains("worker-src 'self'"));
    stranger.get_with("/sw.js", "if-none-match", worker.header("etag")).await.must(304);
    let text = worker.text();
    assert!(!text.contains("{release}") && !text.contains("\"./"), "{text}");
    let files = text.split_once("FILES = ").unwrap().1.split_once(';').unwrap().0;
    let files: Vec<String> = serde_json::from_str(files).unwrap();
    assert!(files.len() > 4);
    for file in files {
        assert!(file == "/offline" || file.starts_with("/assets/"), "{file}");
        stranger.get(&file).await.must(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_finds_nothing_in_the_way_of_installing_the_pages() {
    let city = City::start().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.goto("/sign-in").await;
    let found = phone.devtools("Page.getAppManifest", json!({})).await;
    assert_eq!(found["errors"], json!([]), "{found}");
    assert!(found["url"].as_str().unwrap().ends_with("/manifest.webmanifest"), "{found}");
    phone.until("return navigator.serviceWorker.ready.then((ready) => !!ready.active)").await;
    let errors = phone.devtools("Page.getInstallabilityErrors", json!({})).await;
    assert_eq!(errors["installabilityErrors"], json!([]), "{errors}");
    phone.close().await;
}
