//! A player that fails: for want of a line it waits, and goes on by itself in the same form at the same place; a form that
//! does not play gives way to the nearest that does.

use super::{source, with_film};
use serde_json::{Value, json};
use tests::City;
use tests::browser::Browser;

const VIDEO: &str = "const v = document.querySelector('video');";

/// A browser whose video fails with the code `window.failing` as soon as it knows what it is to play, until that is 0.
/// `failed` is what failed, `places` where it played.
const FAILING: &str = "{ window.failing = 0; window.failed = []; window.places = [];
    try { window.failing = Number(localStorage.getItem('failing')); } catch {}
    const own = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'error').get;
    const error = function () { return window.failing ? { code: window.failing } : own.call(this); };
    Object.defineProperty(HTMLMediaElement.prototype, 'error', { get: error });
    const on = (event, act) => document.addEventListener(event, (told) => told.target.tagName === 'VIDEO' && act(told), true);
    on('loadedmetadata', (told) => {
        if (!window.failing) return;
        told.stopImmediatePropagation();
        told.target.dispatchEvent(new Event('error'));
    });
    on('error', (told) => window.failed.push(new URL(told.target.src).pathname));
    on('playing', (told) => window.places.push(told.target.currentTime)); }";

/// A script that lets the video fail from now on, and answers where.
fn fail(code: u8) -> String {
    format!(
        "{VIDEO} window.failing = {code}; window.failed = []; window.places = []; const at = v.currentTime; \
         v.dispatchEvent(new Event('error')); return at"
    )
}

/// A script that is true once the video plays on in this form, from this place and from no other.
fn plays_on(form: &Value, at: f64) -> String {
    format!(
        "{VIDEO} return v.src.endsWith('{}') && v.currentTime > {at} + 1.5 && \
         window.places.length > 0 && window.places.every((place) => place > {at} - 1)",
        form["url"].as_str().unwrap()
    )
}

/// A phone on the lesson of the film, where this form was chosen.
async fn phone_with(city: &City, kind: &str) -> Option<Browser> {
    let phone = Browser::open(&city.url, 360, 740).await?;
    phone.before_each_page(FAILING).await;
    phone.sign_in("cadre").await;
    phone.run(&format!("localStorage.setItem('yuanjiao.quality', '{kind}')")).await;
    phone.goto("/lessons/thin").await;
    phone.until("return !document.querySelector('[data-forms]').hidden").await;
    Some(phone)
}

const SAYS_THAT_IT_WAITS: &str = "return document.querySelector('[data-status]').innerText === '网络断开，接通后接着放' && document.querySelector('[data-broken]').hidden";
const SAYS_WHAT_IS_RECORDED: &str =
    "return /正在记录|本次已记录|本次学习已保存/.test(document.querySelector('[data-status]').innerText)";

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_goes_on_in_the_same_form_at_the_same_place_when_the_line_is_back() {
    let Some((city, _)) = with_film().await else { return };
    let Some(phone) = phone_with(&city, "video_480").await else { return };
    let lesson = city.client("cadre").await.get("/api/v1/lessons/thin").await.must(200).json();
    // Before the first byte came, which a browser takes for a format that it does not know.
    phone.cut_the_line(true).await;
    phone.run(&format!("{VIDEO} v.muted = true; v.play().catch(() => {{}})")).await;
    phone.until(SAYS_THAT_IT_WAITS).await;
    assert!(!phone.overflows().await);
    phone.picture("quality-phone-waits").await;
    phone.cut_the_line(false).await;
    phone.until(&plays_on(source(&lesson, "video_480"), 0.0)).await;
    phone.until(SAYS_WHAT_IS_RECORDED).await;

    // In the middle, far beyond what is buffered. Chromium itself asks again for half a minute before it gives up.
    phone.click("[data-quality=original]").await;
    let largest = source(&lesson, "original")["url"].as_str().unwrap();
    phone.until(&format!("{VIDEO} return v.src.endsWith('{largest}') && !v.paused && v.currentTime > 3")).await;
    phone.cut_the_line(true).await;
    phone.run(&format!("{VIDEO} window.cut = performance.now(); window.places = []; v.currentTime = 40")).await;
    phone.until("return performance.now() - window.cut > 25000").await;
    phone.until(SAYS_THAT_IT_WAITS).await;
    let last = "const key = Object.keys(localStorage).find((key) => key.startsWith('yuanjiao:beats:')); return JSON.parse(localStorage[key]).queue.at(-1)";
    let last = phone.run(last).await;
    assert_eq!(last["playing"], json!(false), "a picture that waits is claimed: {last}");
    assert!((39_000..41_000).contains(&last["position_ms"].as_i64().unwrap()), "{last}");
    phone.cut_the_line(false).await;
    phone.until(&plays_on(source(&lesson, "original"), 40.0)).await;
    phone.until(SAYS_WHAT_IS_RECORDED).await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_goes_on_by_itself_when_the_line_is_back() {
    let Some((city, _)) = with_film().await else { return };
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    let body = json!({"lesson_id": city.lesson("thin"), "mode": "group", "roster": [city.people["甲村韦大山"]]});
    let begun = city.client("site").await.post("/api/v1/playback", body).await.must(200).json();
    screen.before_each_page(FAILING).await;
    screen.sign_in("site").await;
    screen.run("localStorage.setItem('yuanjiao.quality', 'video_480'); localStorage.setItem('failing', 2)").await;
    screen.goto(&format!("/classroom/play/{}", begun["session_id"])).await;
    let waits = "const hint = document.querySelector('[data-hint]'); return !hint.hidden && hint.innerText === '网络断开，接通后自动接着放' && window.failed.length > 2";
    let plays = "return document.querySelector('[data-hint]').hidden && !document.querySelector('video').paused";
    let mut at = 0.0;
    for _ in ["at the beginning", "in the middle"] {
        screen.until(waits).await;
        screen.picture("quality-room-waits").await;
        assert_eq!(screen.run("return new Set(window.failed).size").await, json!(1), "another form was tried");
        // The line is back, and nobody presses anything.
        screen.run("window.places = []; window.failing = 0").await;
        screen.until(&plays_on(source(&begun, "video_480"), at)).await;
        screen.until(plays).await;
        at = screen.run(&fail(2)).await.as_f64().unwrap();
    }
    screen.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_leaves_a_form_that_does_not_play_and_tries_again_when_none_does() {
    let Some((city, _)) = with_film().await else { return };
    let Some(phone) = phone_with(&city, "video_480").await else { return };
    let lesson = city.client("cadre").await.get("/api/v1/lessons/thin").await.must(200).json();
    let address = |kind: &str| source(&lesson, kind)["url"].as_str().unwrap().to_owned();
    let lost = address("video_240").trim_start_matches("/media/").to_owned();
    std::fs::remove_file(city.data.join("media").join(&lost[..2]).join(&lost)).unwrap();
    phone.run(&format!("{VIDEO} v.muted = true; v.play()")).await;
    phone.until(&plays_on(source(&lesson, "video_480"), 0.0)).await;

    // One that the server lost: there is no smaller picture, so the nearest larger.
    let at = phone.run(&format!("{VIDEO} window.places = []; return v.currentTime")).await.as_f64().unwrap();
    phone.click("[data-quality=video_240]").await;
    phone.until("return window.failed.length > 0").await;
    phone.until(&plays_on(source(&lesson, "video_480"), at)).await;
    phone.until("return document.querySelector('[data-quality=video_480]').ariaPressed === 'true'").await;

    // A browser that plays none, until the page has said so.
    let seen = "new MutationObserver(() => (window.failing = 0)).observe(document.querySelector('[data-broken]'), {attributes: true})";
    phone.run(seen).await;
    let at = phone.run(&fail(4)).await.as_f64().unwrap();
    phone.until("return window.failing === 0").await;
    let tried = ["video_480", "video_240", "original", "audio"].map(address);
    assert_eq!(phone.run("return window.failed").await, json!(tried), "the nearest first, sound alone last");
    phone.until(&plays_on(source(&lesson, "video_480"), at)).await;
    phone.until(&format!("{VIDEO} return document.querySelector('[data-broken]').hidden && !v.paused")).await;
    phone.close().await;
}
