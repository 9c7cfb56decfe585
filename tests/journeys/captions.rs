//! A trainer brings a caption file, as it comes from any machine; what is said in it is found, and played from there.

use entity::{LessonState, PlaybackMode};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::browser::Browser;
use tests::{Answer, City, Client, PATIENCE};

/// Something that is said in no other lesson, at 62 seconds.
const SAID: &str = "把旧薄膜卷成筒挂在梁上";

fn file() -> String {
    let said = ["大家好", "今天讲大棚怎么收尾", SAID, "风口先关小半扇", "下课"];
    let starts = [0, 5, 62, 66, 140];
    let cue = |(number, (text, at)): (usize, (&str, i32))| {
        let end = at + 3;
        format!(
            "{number}\r\n00:{:02}:{:02},250 --> 00:{:02}:{:02},500\r\n{text}\r\n\r\n",
            at / 60,
            at % 60,
            end / 60,
            end % 60
        )
    };
    said.into_iter().zip(starts).enumerate().map(cue).collect()
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

async fn put(client: &Client, lesson: &str, query: &str, bytes: Vec<u8>) -> Answer {
    let path = format!("/api/v1/lessons/{lesson}/captions/普通话?{query}");
    client.send(client.request(Method::PUT, &path).body(bytes)).await
}

async fn preview(client: &Client, lesson: &str, query: &str, bytes: Vec<u8>) -> Answer {
    let path = format!("/api/v1/lessons/{lesson}/captions/preview?{query}");
    client.send(client.request(Method::POST, &path).body(bytes)).await
}

async fn hit(client: &Client, query: &str, lesson: &str) -> Option<Value> {
    let answer = client.get(&format!("/api/v1/search?q={query}")).await.must(200).json();
    answer["hits"].as_array().unwrap().iter().find(|hit| hit["slug"] == lesson).cloned()
}

/// Waits until a search answers as it should.
async fn soon(client: &Client, query: &str, lesson: &str, found: impl Fn(Option<&Value>) -> bool) -> Option<Value> {
    let began = Instant::now();
    loop {
        let hit = hit(client, query, lesson).await;
        if found(hit.as_ref()) {
            return hit;
        }
        assert!(began.elapsed() < PATIENCE, "{query}: {hit:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn exact(hit: Option<&Value>) -> bool {
    hit.is_some_and(|hit| hit["match_is_exact"] == true)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_of_the_captions_leads_to_the_second_it_is_said_at() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    put(&trainer, "east", "name=字幕.srt", gbk(&file())).await.must(200);
    let hit = soon(&cadre, SAID, "east", exact).await.unwrap();
    let at = hit["match_at_ms"].as_i64().unwrap();
    assert!((62_250..65_500).contains(&at), "{hit}");
    assert!(hit["snippet"].as_str().unwrap().contains(&format!("<mark>{SAID}</mark>")), "{hit}");
    let page = cadre.get(&format!("/search?q={SAID}")).await.must(200).text();
    assert!(
        page.contains("/lessons/east?t=62") && page.contains("1 分 2 秒处提到") && !page.contains("约 1 分 2 秒"),
        "{page}"
    );
    for query in ["旧薄膜", "jiubomo", "薄膜卷成筒"] {
        let at = self::hit(&cadre, query, "east").await.unwrap_or_default()["match_at_ms"].as_i64().unwrap_or(0);
        assert!(query == "jiubomo" || (62_250..65_500).contains(&at), "{query}: {at}");
    }
    let path = format!("/api/v1/lessons/{}/captions/普通话", city.lesson("east"));
    trainer.delete(&path).await.must(204);
    soon(&cadre, SAID, "east", |hit| !exact(hit)).await;
    cadre.get(&format!("{path}.vtt")).await.must(404);
    trainer.delete(&path).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_encoding_and_lines_and_keeps_nothing() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    let found = preview(&trainer, "east", "", gbk(&file())).await.must(200).json();
    assert_eq!((&found["encoding"], &found["format"], &found["cues"]), (&json!("GBK"), &json!("SRT"), &json!(5)));
    assert_eq!(found["first"][2], json!({"from_ms": 62_250, "to_ms": 65_500, "text": SAID}));
    let later = preview(&trainer, "east", "shift_ms=-62000", gbk(&file())).await.must(200).json();
    assert_eq!((&later["cues"], &later["first"][0]["from_ms"]), (&json!(3), &json!(250)));
    assert!(later["notes"][0]["text"].as_str().unwrap().contains("2 条"), "{later}");
    assert_eq!(cadre.get("/api/v1/lessons/east/captions").await.must(200).json(), json!({"captions": []}));
    for (bytes, query, status) in [
        (vec![], "", 422),
        (city.video.clone(), "", 422),
        ("没有时间的文字".into(), "", 422),
        (vec![b'a'; (2 << 20) + 1], "", 413),
        (gbk(&file()), "encoding=KOI8-R", 400),
        (gbk(&file()), "shift_ms=99999999999", 400),
        (gbk(&file()), "shift_ms=x", 400),
        (gbk(&file()), "shift_ms=-3600000", 422),
    ] {
        let refused = preview(&trainer, "east", query, bytes).await.must(status);
        assert!(!refused.json()["message"].as_str().unwrap().is_empty());
    }
    let broken = preview(&trainer, "east", "", b"1\n00:00:01,000 --> 00:99:02,000\nx".to_vec()).await.must(422);
    assert!(broken.json()["message"].as_str().unwrap().contains("第 2 行"), "{}", broken.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_are_read_by_who_sees_the_lesson_and_changed_by_its_authors() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let made = put(&trainer, "east", "name=甲.srt&shift_ms=1000", gbk(&file())).await.must(200).json();
    assert_eq!((&made["from_ms"], &made["encoding"], &made["cues"]), (&json!(1_250), &json!("GBK"), &json!(5)));
    let (cadre, url) = (city.client("cadre").await, made["url"].as_str().unwrap().to_owned());
    let track = cadre.get(&url).await.must(200);
    assert_eq!(track.header("content-type"), "text/vtt; charset=utf-8");
    assert!(track.text().starts_with("WEBVTT\n\n00:00:01.250 --> 00:00:04.500\n大家好\n"), "{}", track.text());
    let etag = track.header("etag").to_owned();
    cadre.get_with(&url, "If-None-Match", &etag).await.must(304);
    for (login, reads, writes) in
        [("cadre", 200, 403), ("site", 200, 403), ("cadre-b", 404, 403), ("trainer-b", 404, 404)]
    {
        let client = city.client(login).await;
        client.get(&url).await.must(reads);
        client.get("/api/v1/lessons/east/captions").await.must(reads);
        put(&client, "east", "", gbk(&file())).await.must(writes);
        preview(&client, "east", "", gbk(&file())).await.must(writes);
        client.delete("/api/v1/lessons/east/captions/普通话").await.must(writes);
    }
    put(&trainer, "east", "expected=0", gbk(&file())).await.must(409);
    put(&trainer, "east", &format!("expected={}", made["id"]), gbk(&file())).await.must(200);
    put(&trainer, "east", &format!("expected={}", made["id"]), gbk(&file())).await.must(409);
    assert_ne!(cadre.get(&url).await.must(200).header("etag"), etag);
    trainer.post("/api/v1/lessons/draft/submit", json!({})).await.must(200);
    put(&trainer, "draft", "", gbk(&file())).await.must(409);
    let languages = ["壮语", "瑶语", "侗语", "苗语", "英语", "毛南语", "仫佬语", "桂柳话"];
    for (number, language) in languages.into_iter().enumerate() {
        let request = trainer.request(Method::PUT, &format!("/api/v1/lessons/east/captions/{language}"));
        trainer.send(request.body(file())).await.must(if number < 7 { 200 } else { 400 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_studio_checks_a_file_then_keeps_it_and_loses_no_word() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let path = format!("/studio/lessons/{}/captions", city.lesson("east"));
    let editor = trainer.get(&format!("/studio/lessons/{}", city.lesson("east"))).await.must(200).text();
    assert!(editor.contains(&format!("action=\"{path}\"")) && editor.contains("选择字幕文件"));
    let part = |bytes: Vec<u8>| reqwest::multipart::Part::bytes(bytes).file_name("晚.srt");
    let form = |action: &str, bytes: Vec<u8>| {
        let form = reqwest::multipart::Form::new().text("action", action.to_owned()).part("file", part(bytes));
        form.text("language", "壮语").text("shift", "-1.5").text("encoding", "")
    };
    let send = |form| trainer.send(trainer.request(Method::POST, &path).multipart(form));
    let failed = send(form("check", b"no captions".to_vec())).await.must(422).text();
    assert!(
        failed.contains("没有找到一条字幕") && failed.contains("value=\"壮语\"") && failed.contains("value=\"-1.5\"")
    );
    let checked = send(form("save", gbk(&file()))).await.must(200).text();
    assert!(
        checked.contains("SRT，编码 GBK，共 5 条") && checked.contains(SAID) && checked.contains("1:00 – 1:04"),
        "{checked}"
    );
    assert_eq!(trainer.get("/api/v1/lessons/east/captions").await.json(), json!({"captions": []}));
    let hidden = |name: &str| {
        let rest = checked.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let mut confirmed = reqwest::multipart::Form::new().text("action", "save").text("shift", "-1.5");
    for name in ["name", "content", "language", "checked", "expected"] {
        confirmed = confirmed.text(name, hidden(name));
    }
    let answer = send(confirmed).await.must(303);
    assert!(answer.header("location").ends_with("?done=saved"));
    let page = trainer.get(answer.header("location")).await.must(200).text();
    assert!(page.contains("字幕已保存") && page.contains("晚.srt（GBK）"), "{page}");
    let track = trainer.get("/api/v1/lessons/east/captions").await.json()["captions"][0].clone();
    assert_eq!((&track["language"], &track["srclang"], &track["from_ms"]), (&json!("壮语"), &json!("za"), &json!(0)));
    let remove = reqwest::multipart::Form::new().text("action", "remove").text("language", "壮语");
    send(remove.text("expected", track["id"].to_string())).await.must(303);
    assert_eq!(trainer.get("/api/v1/lessons/east/captions").await.json(), json!({"captions": []}));
}

/// A lesson with a real recording and captions, kept by the trainer's county.
async fn with_spoken_film() -> Option<City> {
    let mut city = City::start().await;
    let film = city.client("cadre").await.get("/api/v1/lessons/film").await;
    let film = (film.status == 200).then(|| film.json())?;
    let blob = (film["media"]["sha256"].as_str()?.to_owned(), film["duration_ms"].as_i64()?);
    let county = city.units["东江县"];
    let course = city.course(county).await;
    let row = City::lesson_row(course, "spoken", 9, "大棚收尾", Some(blob), county, LessonState::Published);
    city.insert_lessons(vec![row]).await;
    let trainer = city.client("trainer").await;
    put(&trainer, "spoken", "name=大棚.srt", gbk(&file())).await.must(200);
    soon(&trainer, SAID, "spoken", exact).await;
    Some(city)
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_opens_at_the_second_of_a_hit_and_jumps_by_lines() {
    let Some(city) = with_spoken_film().await else { return };
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto(&format!("/search?q={SAID}")).await;
    phone.until("return document.body.innerText.includes('1 分 2 秒处提到')").await;
    phone.picture("captions-search-360").await;
    phone.click("a[href*=\"/lessons/spoken?t=62\"]").await;
    phone.until("return !!document.querySelector('[data-transcript] a')").await;
    // Slowly: the line must be seen while it is said.
    phone.run("const v = document.querySelector('video'); v.playbackRate = 0.25; v.play()").await;
    phone.until("const t = document.querySelector('video').currentTime; return t > 62 && t < 75").await;
    phone.until("return document.querySelector('[data-transcript] [aria-current]').innerText.includes('旧薄膜')").await;
    phone.click("[data-captions]").await;
    phone.until("const t = document.querySelector('video').textTracks[0]; return t.mode === 'showing' && t.cues?.length === 5").await;
    phone.run("scrollTo(0, 0)").await;
    phone.picture("captions-lesson-360").await;
    assert!(!phone.overflows().await);
    phone.click("[data-transcript] li:last-child a").await;
    phone
        .until("const v = document.querySelector('video'); return !v.seeking && v.currentTime > 140 && !v.paused")
        .await;
    assert!(phone.run("return location.search").await == "?t=62", "a line is followed without leaving the page");
    phone.goto("/lessons/spoken").await;
    phone.until("return document.querySelector('video').textTracks[0].mode === 'showing'").await; // remembered
    phone.goto("/lessons/spoken?t=5").await; // an explicit second wins over where one stopped
    phone.run("document.querySelector('video').play()").await;
    phone.until("const t = document.querySelector('video').currentTime; return t > 5 && t < 30").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_and_desk_show_captions() {
    let Some(city) = with_spoken_film().await else { return };
    let Some(room) = Browser::open(&city.url, 1920, 1080).await else { return };
    room.sign_in("site").await;
    let site = city.client("site").await;
    let roster = json!({"lesson_id": city.lesson("spoken"), "mode": PlaybackMode::Group.as_str(), "roster": [city.people["甲村覃小梅"]]});
    let playback = site.post("/api/v1/playback", roster).await.must(200).json();
    room.goto(&format!("/classroom/play/{}", playback["session_id"])).await;
    room.until(
        "const t = document.querySelector('video').textTracks[0]; return t.mode === 'showing' && t.cues?.length === 5",
    )
    .await;
    room.run("const v = document.querySelector('video'); v.playbackRate = 0.25; v.currentTime = 63; v.play()").await;
    room.until("return document.querySelector('video').textTracks[0].activeCues?.[0]?.text.includes('旧薄膜')").await;
    room.picture("captions-classroom-1920").await;
    room.goto("/lessons/spoken?t=62").await;
    room.until("return !!document.querySelector('[data-transcript] a')").await;
    room.picture("captions-lesson-1920").await;
    room.close().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto(&format!("/studio/lessons/{}/captions", city.lesson("spoken"))).await;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("大棚-新.srt");
    std::fs::write(&path, gbk(&file())).unwrap();
    desk.choose("#caption-file", &path).await;
    desk.fill("#caption-shift", "1.5").await;
    desk.click("button[value=check]").await;
    desk.until("return document.body.innerText.includes('SRT，编码 GBK，共 5 条')").await;
    desk.picture("captions-studio-1280").await;
    assert!(!desk.overflows().await);
    desk.click("button[value=save]").await;
    desk.until("return document.body.innerText.includes('字幕已保存')").await;
    let track = city.client("trainer").await.get("/api/v1/lessons/spoken/captions").await.json()["captions"][0].clone();
    assert_eq!((&track["from_ms"], &track["source_name"]), (&json!(1_750), &json!("大棚-新.srt")));
    desk.goto(&format!("/studio/lessons/{}", city.lesson("spoken"))).await;
    desk.run("document.querySelector('#captions').scrollIntoView()").await;
    desk.picture("captions-editor-1280").await;
    desk.close().await;
}
