//! A player that adapts to the link (hls.js, which most web players are built on), in a real Chromium: it jumps about in
//! our playlists, shows the picture that stands there, and changes the form.
//!
//! `TEST_HLS_JS` names the library's file (`npm pack hls.js`, `package/dist/hls.min.js`); `cargo test -p tests --test journeys adaptive -- --ignored` runs it:
//! Debian's npm brings 350 packages, too many for one test.

use crate::quality::with_film;
use serde_json::{Value, json};
use tests::browser::Browser;

/// A player on the recording, kept short of breath so that every jump asks for ranges anew; and what it complained of.
const PLAYER: &str = "
    document.body.innerHTML = '<video muted width=640></video><video muted width=640 data-plain></video>';
    window.v = document.querySelector('video');
    window.plain = document.querySelector('[data-plain]');
    window.trouble = [];
    window.hls = new Hls({ enableWorker: false, maxBufferLength: 3, maxMaxBufferLength: 6, backBufferLength: 0 });
    hls.on(Hls.Events.ERROR, (_, told) => trouble.push(told.details + (told.fatal ? ' (fatal)' : '')));
    hls.on(Hls.Events.MANIFEST_PARSED, () => { hls.currentLevel = hls.levels.findIndex((level) => level.height === 240); });
    hls.loadSource(MASTER);
    hls.attachMedia(v);";

/// How far the two pictures are apart, 0 to 255, once both stand at the same moment.
const APART: &str = "
    const seen = [v, plain].map((film) => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 90 });
        const brush = canvas.getContext('2d');
        brush.drawImage(film, 0, 0, 160, 90);
        return brush.getImageData(0, 0, 160, 90).data;
    });
    return seen[0].reduce((sum, byte, at) => sum + Math.abs(byte - seen[1][at]), 0) / seen[0].length;";

const STANDS: &str = "return [v, plain].every((film) => !film.seeking && film.readyState >= 2)";

async fn apart(desk: &Browser) -> f64 {
    desk.run(APART).await.as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs hls.js from npm: see the head of this file"]
async fn browser_adaptive_player_jumps_to_the_right_pictures_and_changes_the_form() {
    let library = std::env::var("TEST_HLS_JS").unwrap();
    let Some((city, hash)) = with_film().await else { return };
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    let lesson = city.client("cadre").await.get("/api/v1/lessons/thin").await.must(200).json();
    let forms = lesson["sources"].as_array().unwrap();
    let thin = forms.iter().find(|form| form["kind"] == "video_240").unwrap()["url"].clone();
    desk.ignore_content_policy().await;
    desk.sign_in("cadre").await;
    desk.run(&std::fs::read_to_string(library).unwrap()).await;
    desk.run(&PLAYER.replace("MASTER", &json!(format!("/media/{hash}/master.m3u8")).to_string())).await;
    desk.until("return v.readyState >= 2 && v.videoHeight === 240").await;
    desk.run(&format!("plain.src = {thin}")).await;

    // Out of order, into pieces that were never loaded, on a boundary, and back.
    for at in [31.35, 5.25, 42.05, 18.0, 0.45, 47.05] {
        desk.run(&format!("v.currentTime = {at}; plain.currentTime = {at}")).await;
        desk.until(STANDS).await;
        let there = desk.run("return v.currentTime").await.as_f64().unwrap();
        assert!((there - at).abs() < 0.01, "asked for {at}, is at {there}");
        // The clocks of the two may be a frame or two apart, and no two decodings of grain are quite the same.
        let mut nearest = f64::MAX;
        for off in [0.0, -0.1, 0.1, -0.2, 0.2] {
            desk.run(&format!("plain.currentTime = {}", at + off)).await;
            desk.until(STANDS).await;
            nearest = apart(&desk).await.min(nearest);
        }
        desk.run(&format!("plain.currentTime = {at} > 24 ? {at} - 7 : {at} + 7")).await;
        desk.until(STANDS).await;
        let other = apart(&desk).await;
        assert!(nearest + 4.0 < other, "at {at}: {nearest} from its picture, {other} from another");
    }

    // It plays on from there, and goes over to the larger form without stopping.
    desk.run("v.currentTime = 12; v.play()").await;
    desk.until("return !v.paused && v.currentTime > 13").await;
    desk.run("hls.nextLevel = hls.levels.findIndex((level) => level.height === 480)").await;
    desk.until("return v.videoHeight === 480 && !v.paused && v.currentTime > 14").await;
    desk.picture("adaptive-480").await;
    let told = desk.run("return trouble.filter((what) => what.endsWith('(fatal)'))").await;
    assert_eq!(told, json!([]));
    let statuses = "return [...new Set(performance.getEntriesByType('resource').filter((e) => /\\.mp4$/.test(new URL(e.name).pathname) && e.initiatorType === 'xmlhttprequest').map((e) => e.responseStatus))]";
    assert_eq!(desk.run(statuses).await, Value::from(vec![206]));
    desk.close().await;
}
