//! One recording in many sizes: what is made of it, who may have it, and how outside players adapt.

use entity::LessonState;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use tests::city::sha256;
use tests::{City, Client};

mod browser;
mod errors;

const LENGTH_MS: i64 = 48_000;

/// A city whose county `东江县` shows a film of 48 seconds as the lesson `thin`, prepared in every form: its hash.
pub async fn with_film() -> Option<(City, String)> {
    if Command::new("ffmpeg").arg("-version").output().is_err() {
        assert!(std::env::var("CI").is_err(), "ffmpeg must be there in CI: run tests/run");
        return None;
    }
    let mut city = City::start_with(|config| config.prepare_workers = Some(2)).await;
    let trainer = city.client("trainer").await;
    let film = film();
    let upload = trainer.upload("沙糖桔冬剪.mp4", "video/mp4", &film).await;
    let hash = trainer.uploaded(&upload).await["sha256"].as_str().unwrap().to_owned();
    assert_eq!(hash, sha256(&film));
    let county = city.units["东江县"];
    let course = city.course(county).await;
    let row = City::lesson_row(
        course,
        "thin",
        0,
        "沙糖桔冬剪手法",
        Some((hash.clone(), LENGTH_MS)),
        county,
        LessonState::Published,
    );
    city.insert_lessons(vec![row]).await;
    prepared(&trainer, &hash).await;
    Some((city, hash))
}

/// Coloured fields with a running clock, some grain and a tone: bytes enough that smaller forms are worth making.
fn film() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let words = format!(
        "-v error -y -f lavfi -i testsrc2=size=854x480:rate=10:duration={0},noise=alls=12:allf=t \
         -f lavfi -i sine=frequency=330:duration={0} -c:v libx264 -preset ultrafast -crf 24 -g 20 -pix_fmt yuv420p \
         -c:a aac -b:a 128k -movflags +faststart",
        LENGTH_MS / 1000
    );
    assert!(Command::new("ffmpeg").args(words.split_whitespace()).arg(&path).status().unwrap().success());
    std::fs::read(path).unwrap()
}

/// Wait until nothing more is made: what was.
async fn prepared(trainer: &Client, hash: &str) -> Value {
    let began = Instant::now();
    loop {
        let found = trainer.get(&format!("/api/v1/media/{hash}/preparation")).await.must(200).json();
        if found["parts"].as_array().is_some_and(|parts| !parts.is_empty()) && found["busy"] == json!(false) {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(600), "{found}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn source<'a>(answer: &'a Value, kind: &str) -> &'a Value {
    let sources = answer["sources"].as_array().unwrap();
    sources.iter().find(|source| source["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_plays_in_every_size_for_those_who_may_see_it() {
    let Some((city, hash)) = with_film().await else { return };
    let cadre = city.client("cadre").await;
    let lesson = cadre.get("/api/v1/lessons/thin").await.must(200).json();
    let sizes: Vec<i64> =
        lesson["sources"].as_array().unwrap().iter().map(|s| s["size_bytes"].as_i64().unwrap()).collect();
    assert_eq!(sizes.len(), 4, "{lesson}");
    assert!(sizes.is_sorted_by(|larger, smaller| larger > smaller), "{sizes:?}");
    let thin = source(&lesson, "video_240");
    assert_eq!((&thin["label"], &thin["height"], &thin["mime"]), (&json!("流畅"), &json!(240), &json!("video/mp4")));
    assert!(thin["bitrate"].as_i64().unwrap() < 200_000, "{thin}");
    let begun =
        cadre.post("/api/v1/playback", json!({"lesson_id": lesson["id"], "mode": "solo"})).await.must(200).json();
    assert_eq!(begun["sources"], lesson["sources"]);
    assert_eq!(begun["media_url"], source(&lesson, "original")["url"]);

    let strangers = [city.client("cadre-b").await, city.client("trainer-b").await];
    let made = [thin["url"].clone(), lesson["poster_url"].clone(), lesson["storyboard"]["url"].clone()];
    for path in made.iter().map(|path| path.as_str().unwrap()) {
        let answer = cadre.get_with(path, "range", "bytes=0-9").await;
        assert_eq!((answer.status.as_u16(), answer.header("accept-ranges")), (206, "bytes"), "{path}");
        assert!(answer.header("content-disposition").contains("UTF-8''%E6%B2%99%E7%B3%96%E6%A1%94"), "{path}");
        for stranger in &strangers {
            stranger.get(path).await.must(404);
        }
    }
    let lists = [format!("/media/{hash}/master.m3u8"), format!("/media/{hash}/video_240.m3u8")];
    let preparation = format!("/api/v1/media/{hash}/preparation");
    for path in &lists {
        cadre.get(path).await.must(200);
        strangers[0].get(path).await.must(404);
        city.stranger().get(path).await.must(401);
    }
    cadre.get(&format!("/media/{hash}/video_9.m3u8")).await.must(404);
    cadre.get(&preparation).await.must(403);
    strangers[1].get(&preparation).await.must(404);
    strangers[1].post(&format!("{preparation}/poster/retry"), json!({})).await.must(404);
    let trainer = city.client("trainer").await;
    for _ in 0..2 {
        let again = trainer.post(&format!("{preparation}/poster/retry"), json!({})).await.must(200).json();
        assert_eq!(again["busy"], json!(false), "what is made is not made again");
    }
    trainer.post(&format!("{preparation}/film/retry"), json!({})).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outside_player_adapts_with_a_ticket_alone() {
    let Some((city, hash)) = with_film().await else { return };
    let cadre = city.client("cadre").await;
    let ticket = cadre.post(&format!("/api/v1/media/{hash}/ticket"), json!({})).await.must(200).json();
    let ticket = ticket["url"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    let master = format!("{}/media/{hash}/master.m3u8?{ticket}", city.url);
    let text = city.stranger().get(&format!("/media/{hash}/master.m3u8?{ticket}")).await.must(200).text();
    let forms: Vec<&str> = text.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF")).collect();
    assert_eq!(forms.len(), 3, "{text}");
    assert!(forms[0].contains("RESOLUTION=426x240") && forms[0].contains("CODECS=\"avc1.42"), "{text}");
    assert!(forms[2].contains("CODECS=\"mp4a.40.2\"") && !forms[2].contains("RESOLUTION"), "{text}");
    // From the beginning: ffmpeg 5.1 loses its place when it seeks in fragments, in its own files from nginx too.
    for number in 0..3 {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-v", "error", "-xerror", "-i", &master, "-map", &format!("0:p:{number}")]);
        ffmpeg.args(["-progress", "-", "-f", "null", "-"]).env("no_proxy", "*");
        let played = tokio::task::spawn_blocking(move || ffmpeg.output().unwrap()).await.unwrap();
        let (told, said) = (String::from_utf8_lossy(&played.stdout), String::from_utf8_lossy(&played.stderr));
        assert!(played.status.success() && said.is_empty(), "{said}");
        let reached = told.lines().rev().find_map(|line| line.strip_prefix("out_time_us=")?.parse::<f64>().ok());
        let seconds = reached.unwrap() / 1e6;
        assert!((47.0..50.0).contains(&seconds), "form {number}: {seconds} s");
    }
}
