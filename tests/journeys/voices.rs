//! A lesson in the language of the house: a second sound is added in the studio, chosen on a phone and in a classroom, and
//! goes with the picture.

use crate::quality::with_film;
use entity::audit;
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::process::Command;
use tests::browser::Browser;
use tests::{Answer, City, Client};
use thirtyfour::Key;

const M4A: &str = "audio/mp4";

async fn put(client: &Client, lesson: &str, language: &str, body: Value) -> Answer {
    let path = format!("/api/v1/lessons/{lesson}/voices/{language}");
    client.send(client.request(Method::PUT, &path).json(&body)).await
}

/// A recording of the county: its hash. No two names have the same bytes.
async fn sound(city: &City, name: &str) -> String {
    city.blob(name.as_bytes(), M4A, &format!("{name}.m4a"), city.units["东江县"], Some(590_000)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_is_heard_by_who_sees_the_lesson_and_put_by_its_authors() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    let zhuang = sound(&city, "壮语版").await;
    let url = format!("/media/{zhuang}");
    cadre.get(&url).await.must(404);
    let made = put(&trainer, "east", "壮语", json!({"media_sha256": zhuang})).await.must(200).json();
    assert_eq!((&made["srclang"], &made["url"], &made["duration_ms"]), (&json!("za"), &json!(url), &json!(590_000)));
    let listed = cadre.get("/api/v1/lessons/east/voices").await.must(200).json();
    assert_eq!((&listed["language"], &listed["voices"][0]), (&json!("普通话"), &made));
    cadre.get(&url).await.must(200);
    let other = put(&trainer, "east", "侗语", json!({"media_sha256": sound(&city, "侗语版").await})).await;
    let other = other.must(200).json();
    for (login, reads, writes) in
        [("cadre", 200, 403), ("site", 200, 403), ("cadre-b", 404, 403), ("trainer-b", 404, 404)]
    {
        let client = city.client(login).await;
        client.get("/api/v1/lessons/east/voices").await.must(reads);
        client.get(&url).await.must(reads);
        put(&client, "east", "壮语", json!({"media_sha256": zhuang})).await.must(writes);
        client.delete("/api/v1/lessons/east/voices/壮语").await.must(writes);
    }
    trainer.delete(&format!("/api/v1/lessons/east/voices/侗语?expected={}", made["id"])).await.must(409);
    trainer.delete(&format!("/api/v1/lessons/east/voices/侗语?expected={}", other["id"])).await.must(204);
    trainer.delete("/api/v1/lessons/east/voices/侗语").await.must(404);
    // Whoever was not told yes a moment ago is told no.
    city.client("site").await.get(other["url"].as_str().unwrap()).await.must(404);
}

/// Waits until a search for lessons of a language finds this many.
async fn found_in(client: &Client, language: &str, many: i64) -> Value {
    for _ in 0..1200 {
        let answer = client.get(&format!("/api/v1/search?q=&language={language}")).await.must(200).json();
        if answer["total"] == many {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never {many} in {language}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_found_under_the_language_of_a_voice_for_as_long_as_it_has_it() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    found_in(&cadre, "壮语", 0).await;
    put(&trainer, "east", "壮语", json!({"media_sha256": sound(&city, "壮语版").await})).await.must(200);
    let answer = found_in(&cadre, "壮语", 1).await;
    assert_eq!((&answer["hits"][0]["slug"], &answer["hits"][0]["language"]), (&json!("east"), &json!("普通话")));
    let facets = answer["facets"]["language"].as_array().unwrap();
    assert!(facets.iter().any(|facet| facet["value"] == "壮语" && facet["count"] == 1), "{facets:?}");
    trainer.delete("/api/v1/lessons/east/voices/壮语").await.must(204);
    found_in(&cadre, "壮语", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_voice_of_the_lesson_is_refused_and_none_is_replaced_unseen() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let (east, first, second) = (city.units["东江县"], sound(&city, "一").await, sound(&city, "二").await);
    let film = city.blob(b"pictures", "video/mp4", "片.mp4", east, Some(9_000)).await;
    let foreign = city.blob(b"theirs", M4A, "西.m4a", city.units["西山县"], Some(9_000)).await;
    for (lesson, language, media) in [
        ("east", "普通话", &first),
        ("east", "a.b", &first),
        ("east", "壮语", &film),
        ("east", "壮语", &foreign),
        ("east", "壮语", &"0".repeat(64)),
        ("draft", "壮语", &first),
    ] {
        let refused = put(&trainer, lesson, language, json!({"media_sha256": media})).await;
        assert!(!refused.must(400).json()["message"].as_str().unwrap().is_empty(), "{lesson} {language}");
    }
    let made = put(&trainer, "east", "壮语", json!({"media_sha256": first, "expected": 0})).await.must(200).json();
    put(&trainer, "east", "壮语", json!({"media_sha256": second, "expected": 0})).await.must(409);
    let replaced = json!({"media_sha256": second, "expected": made["id"]});
    let new = put(&trainer, "east", "壮语", replaced.clone()).await.must(200).json();
    assert_ne!(new["id"], made["id"]);
    put(&trainer, "east", "壮语", replaced).await.must(409);
    let row = City::lesson_row(
        city.course(east).await,
        "reviewed",
        0,
        "审核中的一课",
        Some((film, 9_000)),
        east,
        entity::LessonState::Review,
    );
    let mut city = city;
    city.insert_lessons(vec![row]).await;
    put(&trainer, "reviewed", "壮语", json!({"media_sha256": first})).await.must(409);
    let lines = audit::Entity::find().filter(audit::Column::Action.eq("voice.put")).all(&city.db.read).await.unwrap();
    let details: Vec<&str> = lines.iter().map(|line| line.detail.as_str()).collect();
    assert_eq!(details, ["壮语：一.m4a", "壮语：二.m4a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_studio_adds_a_voice_asks_before_it_replaces_one_and_keeps_the_place_in_the_list() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let (first, second) = (sound(&city, "一").await, sound(&city, "二").await);
    let path = format!("/studio/lessons/{}/voices?back=state%3Dpublished", city.lesson("east"));
    let send = |form: Vec<(&'static str, String)>| trainer.send(trainer.request(Method::POST, &path).form(&form));
    let add = |media: &str| vec![("action", "add".into()), ("language", "壮语".into()), ("media_sha256", media.into())];
    let failed = send(add("")).await.must(422).text();
    assert!(failed.contains("请先选择录音文件") && failed.contains("value=\"壮语\""), "{failed}");
    let done = send(add(&first)).await.must(303);
    assert!(done.header("location").ends_with("voices?done=put&back=state%3Dpublished"), "{}", done.header("location"));
    let page = trainer.get(done.header("location")).await.must(200).text();
    assert!(page.contains("9:50 · 1 KB · 一.m4a") && page.contains("比原片短 10 秒"), "{page}");
    assert!(page.contains("href=\"/studio?state=published#lesson-"), "{page}");
    let asked = send(add(&second)).await.must(422).text();
    assert!(asked.contains("已经有壮语配音了（9:50 · 1 KB · 一.m4a）"), "{asked}");
    let replaces = asked.split("name=\"replaces\" value=\"").last().unwrap().split('"').next().unwrap().to_owned();
    let again = [add(&second), vec![("replaces", replaces), ("replaced", "壮语".into())]].concat();
    send(again).await.must(303);
    let voices = trainer.get("/api/v1/lessons/east/voices").await.must(200).json()["voices"].clone();
    assert_eq!(voices[0]["source_name"], "二.m4a");
    let remove =
        vec![("action", "remove".into()), ("language", "壮语".into()), ("replaces", voices[0]["id"].to_string())];
    send(remove.clone()).await.must(303);
    send(remove).await.must(422); // somebody was faster, and the page says so
    assert_eq!(trainer.get("/api/v1/lessons/east/voices").await.json()["voices"], json!([]));
    city.client("trainer-b").await.get(&path).await.must(404);
}

/// The film of `with_film` with a voice as long as it is, and one that no browser can play.
async fn with_voices() -> Option<City> {
    let (city, _) = with_film().await?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("voice.m4a");
    let words = "-v error -y -f lavfi -i sine=frequency=660:duration=48 -c:a aac -b:a 64k -movflags +faststart";
    assert!(Command::new("ffmpeg").args(words.split(' ')).arg(&path).status().unwrap().success());
    let east = city.units["东江县"];
    let zhuang = city.blob(&std::fs::read(path).unwrap(), M4A, "壮语.m4a", east, Some(48_000)).await;
    let broken = city.blob(b"no sound at all", "audio/mpeg", "侗语.mp3", east, Some(48_000)).await;
    let trainer = city.client("trainer").await;
    put(&trainer, "thin", "壮语", json!({"media_sha256": zhuang})).await.must(200);
    put(&trainer, "thin", "侗语", json!({"media_sha256": broken})).await.must(200);
    Some(city)
}

/// A script that is true while the voice is heard, the picture is mute, and both are at the same place.
const IN_STEP: &str = "const [v, a] = [document.querySelector('video'), document.querySelector('audio')]; \
    return v.muted && !v.paused && !a.paused && !a.muted && a.currentTime > 0.5 && Math.abs(a.currentTime - v.currentTime) < 0.15";

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_hears_the_chosen_language_in_step_and_remembers_it() {
    let Some(city) = with_voices().await else { return };
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/lessons/thin").await;
    phone.until("return !document.querySelector('[data-voices]').hidden").await;
    phone.run("scrollTo(0, 0)").await;
    phone.picture("voices-lesson-360").await;
    assert!(!phone.overflows().await);
    // A short film, and a slow machine.
    phone.run("const v = document.querySelector('video'); v.loop = true; v.play()").await;
    phone.until("return document.querySelector('video').currentTime > 0.5").await;
    phone.click("[data-voice='壮语']").await;
    phone.until(IN_STEP).await;
    phone.run("document.querySelector('video').currentTime = 20").await;
    phone.until(&format!("if (document.querySelector('video').currentTime < 20) return false; {IN_STEP}")).await;
    phone.click("[data-rate='1.25']").await;
    phone.until("return Math.abs(document.querySelector('audio').playbackRate - 1.25) < 0.1").await;
    phone.until(IN_STEP).await;
    // Knocked out of step, as by a stall, it finds its way back: at once when far, by leaning when near.
    for off in [3.0, -3.0, 0.25] {
        phone.run(&format!("document.querySelector('audio').currentTime += {off}")).await;
        phone.until(IN_STEP).await;
    }
    phone.run("document.querySelector('video').pause()").await;
    phone.until("return document.querySelector('audio').paused").await;
    // The player's own button for the sound means the voice.
    phone.run("document.querySelector('video').muted = false").await;
    phone.until("return document.querySelector('video').muted && document.querySelector('audio').muted").await;
    phone.run("document.querySelector('video').muted = false").await;
    phone.until("return document.querySelector('video').muted && !document.querySelector('audio').muted").await;
    phone.goto("/lessons/thin").await;
    phone.until("return document.querySelector(\"[data-voice='壮语']\")?.ariaPressed === 'true'").await;
    phone.run("const v = document.querySelector('video'); v.loop = true; v.play()").await;
    phone.until(IN_STEP).await;
    phone.click("[data-quality='video_240']").await; // another form of the picture, the same voice
    phone.until(&format!("if (!document.querySelector('video').src.includes('media')) return false; {IN_STEP}")).await;
    phone.click("[data-voice='侗语']").await;
    phone
        .until("return document.querySelector('[data-voice-said]').innerText === '侗语配音放不出来，先放原声。'")
        .await;
    phone.until("const v = document.querySelector('video'); return !v.muted && !v.paused").await;
    phone.picture("voices-lost-360").await;
    phone.click("[data-voice='普通话']").await;
    phone.until("return document.querySelector(\"[data-voice='普通话']\").ariaPressed === 'true'").await;
    phone.goto("/lessons/thin").await;
    phone.until("return document.querySelector(\"[data-voice='普通话']\")?.ariaPressed === 'true'").await;
    assert_eq!(phone.run("return document.querySelector('video').muted").await, json!(false));
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_room_chooses_the_language_by_the_remote_and_the_desk_adds_one() {
    let Some(city) = with_voices().await else { return };
    let Some(room) = Browser::open(&city.url, 1920, 1080).await else { return };
    room.sign_in("site").await;
    let roster = json!({"lesson_id": city.lesson("thin"), "mode": "group", "roster": [city.people["甲村覃小梅"]]});
    let site = city.client("site").await;
    let playback = site.post("/api/v1/playback", roster).await.must(200).json();
    room.goto(&format!("/classroom/play/{}", playback["session_id"])).await;
    room.begin_the_picture().await;
    room.press(Key::Down.into()).await;
    room.until("return !document.querySelector('[data-forms]').hidden").await;
    room.until("return document.activeElement.dataset.voice === '普通话'").await;
    room.picture("voices-classroom-1920").await;
    room.press_until(Key::Down, "return document.activeElement.dataset.voice === '壮语'", 3).await;
    room.press(Key::Enter.into()).await;
    room.until("return document.querySelector('[data-forms]').hidden").await;
    room.until(IN_STEP).await;
    room.press(Key::Enter.into()).await;
    room.until("return document.querySelector('video').paused && document.querySelector('audio').paused").await;
    room.press(Key::Right.into()).await;
    room.press(Key::Enter.into()).await;
    room.until(IN_STEP).await;
    room.picture("voices-classroom-playing-1920").await;
    room.close().await;

    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto(&format!("/studio/lessons/{}", city.lesson("thin"))).await;
    desk.click("a[href$='/voices']").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("桂柳话.m4a");
    let words = "-v error -y -f lavfi -i sine=frequency=220:duration=40 -ar 16000 -movflags +faststart";
    assert!(Command::new("ffmpeg").args(words.split(' ')).arg(&path).status().unwrap().success());
    desk.choose("[data-upload-file]", &path).await;
    desk.until("return document.querySelector('[name=media_sha256]').value.length === 64").await;
    desk.fill("#voice-language", "桂柳话").await;
    desk.picture("voices-studio-1280").await;
    desk.click("button[value=add]").await;
    desk.until("return document.body.innerText.includes('比原片短 8 秒')").await;
    desk.run("scrollTo(0, 0)").await;
    desk.picture("voices-studio-added-1280").await;
    assert!(!desk.overflows().await);
    desk.close().await;
    let Some(narrow) = Browser::open(&city.url, 360, 740).await else { return };
    narrow.sign_in("trainer").await;
    narrow.goto(&format!("/studio/lessons/{}/voices", city.lesson("thin"))).await;
    narrow.until("return document.body.innerText.includes('添加配音')").await;
    narrow.picture("voices-studio-360").await;
    assert!(!narrow.overflows().await);
    narrow.close().await;
}
