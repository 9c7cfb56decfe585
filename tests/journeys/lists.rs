//! The trainer's list of lessons: narrowed, sorted, paged, and come back to at the same place.

use entity::{JobState, LessonState, Level, Moment, RenditionKind, job, lesson};
use reqwest::Method;
use sea_orm::{ActiveModelTrait, Set};
use serde_json::json;
use tests::browser::Browser;
use tests::{City, Client};

/// Lessons of the first county, each unlike the others: the titles tell how.
async fn shelf(city: &mut City) {
    let county = city.units["东江县"];
    let course = city.course(county).await;
    let blob = city.blob(b"a film nobody prepared", "video/mp4", "film.mp4", county, Some(90_000)).await;
    let row = |slug: &str, title: &str, state| City::lesson_row(course, slug, 0, title, None, county, state);
    let mut rows = vec![
        row("plain", "普通的一课", LessonState::Draft),
        row("dialect", "桂柳话的一课", LessonState::Draft),
        row("expert", "专业的一课", LessonState::Published),
        row("expired", "过期的一课", LessonState::Published),
        row("village", "甲村的一课", LessonState::Withdrawn),
        row("broken", "转码失败的一课", LessonState::Draft),
    ];
    rows[1].language = Set("桂柳话".into());
    rows[2].level = Set(Level::Expert);
    rows[2].plays = Set(9);
    rows[3].valid_until = Set(Some("2020-01-01".parse().unwrap()));
    rows[4].unit_id = Set(city.units["甲村"]);
    rows[5].media_sha256 = Set(Some(blob.clone()));
    rows[5].duration_ms = Set(90_000);
    city.insert_lessons(rows).await;
    let now = Moment::now();
    let failed = job::ActiveModel {
        media_sha256: Set(blob),
        kind: Set(RenditionKind::Video480),
        state: Set(JobState::Failed),
        progress_permille: Set(0),
        attempts: Set(3),
        run_after: Set(now),
        error: Set(Some("画面读不出来".into())),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    failed.insert(&city.db.write).await.unwrap();
}

/// The titles of the list at this address, in order.
async fn titles(client: &Client, address: &str) -> Vec<String> {
    let page = client.get(address).await.must(200).text();
    let rows = page.split("<tr id=\"lesson-").skip(1);
    let title = |row: &str| row.split("《").nth(1).unwrap().split('》').next().unwrap().to_owned();
    rows.map(title).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_narrowed_by_whatever_its_address_says() {
    let mut city = City::start().await;
    shelf(&mut city).await;
    let trainer = city.client("trainer").await;
    let village = city.units["甲村"];
    for (address, wanted) in [
        ("/studio?q=普通".to_owned(), "普通的一课"),
        ("/studio?language=桂柳话".to_owned(), "桂柳话的一课"),
        ("/studio?level=expert".to_owned(), "专业的一课"),
        ("/studio?lack=expired".to_owned(), "过期的一课"),
        ("/studio?state=published&lack=expired".to_owned(), "过期的一课"),
        ("/studio?state=withdrawn".to_owned(), "甲村的一课"),
        (format!("/studio?unit={village}"), "甲村的一课"),
        ("/studio?preparation=failed".to_owned(), "转码失败的一课"),
        ("/studio?lack=captions&state=draft".to_owned(), "转码失败的一课"),
    ] {
        assert_eq!(titles(&trainer, &address).await, [wanted], "{address}");
    }
    assert_eq!(titles(&trainer, "/studio?sort=plays").await[0], "专业的一课");
    assert_eq!(titles(&trainer, "/studio?sort=shortest").await[0], "转码失败的一课");
    assert_eq!(titles(&trainer, "/studio?lack=expiring").await, [""; 0]);
    let narrowed = trainer.get("/studio?level=expert&q=专业&lack=nothing").await.must(200).text();
    assert!(narrowed.contains("去掉条件 专业\"") && narrowed.contains("去掉条件 标题含“专业”\""), "{narrowed}");
    assert!(narrowed.contains("已发布 1") && narrowed.contains("草稿 0"));
    let nothing = trainer.get("/studio?q=没有这样的课&category=law").await.must(200).text();
    assert!(nothing.contains("没有符合条件的课") && nothing.contains("清除全部条件"));
    trainer.get(&format!("/studio?unit={}", city.units["西山县"])).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_narrow_the_list_as_the_page_does() {
    let mut city = City::start().await;
    shelf(&mut city).await;
    let trainer = city.client("trainer").await;
    let titles = async |query: &str| {
        let page = trainer.get(&format!("/api/v1/lessons?state=any&{query}")).await.must(200).json();
        page["lessons"].as_array().unwrap().iter().map(|one| one["title"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(titles("level=专业").await, [json!("专业的一课")]);
    assert_eq!(titles("preparation=failed").await, [json!("转码失败的一课")]);
    assert_eq!(titles(&format!("unit={}", city.units["甲村"])).await, [json!("甲村的一课")]);
    assert!(titles("unit=999999").await.is_empty(), "of a unit that is not there there is nothing");
    assert_eq!(titles("sort=plays&size=1").await, [json!("专业的一课")]);
    let wrong = trainer.get("/api/v1/lessons?lack=everything").await.must(400);
    assert!(wrong.text().contains("lack"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_neither_repeat_nor_lose_a_lesson_and_keep_their_place() {
    let mut city = City::start().await;
    let county = city.units["东江县"];
    let course = city.course(county).await;
    let row = |n: usize| lesson::ActiveModel {
        published_on: Set(None),
        ..City::lesson_row(course, &format!("many-{n}"), n, &format!("第{n}课"), None, county, LessonState::Draft)
    };
    city.insert_lessons((0..45).map(row).collect()).await;
    let trainer = city.client("trainer").await;
    let mut seen = Vec::new();
    for page in 1..=3 {
        seen.extend(titles(&trainer, &format!("/studio?q=第&size=20&page={page}")).await);
    }
    assert_eq!(seen.len(), 45);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 45);
    // A page that is no more leads to the last there is.
    assert_eq!(titles(&trainer, "/studio?q=第&size=20&page=99").await.len(), 5);

    let page = trainer.get("/studio?q=第&size=20&page=2&state=draft").await.must(200).text();
    let row = page.split("<tr id=\"lesson-").nth(1).unwrap();
    let id = row.split('"').next().unwrap();
    let href = row.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let editor = trainer.get(&href).await.must(200).text();
    let list = format!("/studio?state=draft&#38;q=%E7%AC%AC&#38;size=20&#38;page=2#lesson-{id}");
    assert!(editor.contains(&format!("<a href=\"{list}\">课程管理</a>")), "{editor}");
    let back = href.split_once('?').unwrap().1;
    let drawn = trainer.get(&format!("/api/v1/lessons/{id}")).await.must(200).json();
    let mut form: Vec<(&str, String)> = ["title", "body", "category", "level", "language", "source"]
        .map(|name| (name, drawn[name].as_str().unwrap_or_default().to_owned()))
        .to_vec();
    form.extend([("course_id", drawn["course_id"].to_string()), ("version", drawn["version"].to_string())]);
    form.push(("action", "save".to_owned()));
    let saved = trainer.send(trainer.request(Method::POST, &href).form(&form)).await.must(303);
    assert_eq!(saved.header("location"), format!("/studio/lessons/{id}?done=saved&{back}"));
    let editor = trainer.get(saved.header("location")).await.must(200).text();
    assert!(editor.contains(&list));
    let delete = [("action", "delete".to_owned()), ("version", "2".to_owned())];
    let gone = trainer.send(trainer.request(Method::POST, &href).form(&delete)).await.must(303);
    assert_eq!(gone.header("location"), "/studio?state=draft&q=%E7%AC%AC&size=20&page=2&done=deleted");
    let after = trainer.get(gone.header("location")).await.must(200).text();
    assert!(after.contains("已删除。") && after.contains("第 2 / 3 页，共 44 条"), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_quiz_voices_and_preparation_lead_back_to_the_same_place() {
    let mut city = City::start().await;
    shelf(&mut city).await;
    let trainer = city.client("trainer").await;
    let (east, back) = (city.lesson("east"), "back=state%3Dpublished%26sort%3Dtitle");
    let list = trainer.get("/studio?state=published&sort=title").await.must(200).text();
    assert!(list.contains(&format!("href=\"/studio/preparation?{}\"", back.replace('&', "&#38;"))), "{list}");
    let editor = trainer.get(&format!("/studio/lessons/{east}?{back}")).await.must(200).text();
    let led_back =
        |page: &str| page.contains(&format!("href=\"/studio?state=published&#38;sort=title#lesson-{east}\""));
    for name in ["captions", "quiz", "voices"] {
        let path = format!("/studio/lessons/{east}/{name}");
        assert!(editor.contains(&format!("\"{path}?{back}\"")), "{name}: {editor}");
        let page = trainer.get(&format!("{path}?{back}")).await.must(200).text();
        assert!(led_back(&page) && page.contains(&format!("/studio/lessons/{east}?{back}")), "{name}: {page}");
    }
    let quiz = format!("/studio/lessons/{east}/quiz?{back}");
    let wrong = [("action", "add"), ("version", "1"), ("kind", "single"), ("text", "")];
    let said = trainer.send(trainer.request(Method::POST, &quiz).form(&wrong)).await.must(422).text();
    assert!(led_back(&said), "{said}");
    let right = [("action", "add"), ("version", "1"), ("kind", "true_false"), ("text", "要剪枝"), ("truth", "true")];
    let done = trainer.send(trainer.request(Method::POST, &quiz).form(&right)).await.must(303);
    assert_eq!(done.header("location"), format!("/studio/lessons/{east}/quiz?done=added&{back}"));
    let page = trainer.get(done.header("location")).await.must(200).text();
    assert!(led_back(&page) && page.contains(&format!("&#38;{back}#write")), "{page}");
    let captions = format!("/studio/lessons/{east}/captions?{back}");
    let form =
        reqwest::multipart::Form::new().text("action", "remove").text("language", "普通话").text("expected", "1");
    trainer.send(trainer.request(Method::POST, &captions).multipart(form)).await.must(422);
    let none = reqwest::multipart::Form::new().text("action", "check").text("language", "普通话");
    let said = trainer.send(trainer.request(Method::POST, &captions).multipart(none)).await.must(422).text();
    assert!(led_back(&said), "{said}");
    let failed = trainer.get(&format!("/studio/preparation?{back}")).await.must(200).text();
    assert!(failed.contains("href=\"/studio?state=published&#38;sort=title\""), "{failed}");
    assert!(failed.contains(&format!("state=waiting&#38;{back}")), "{failed}");
    let blob = tests::city::sha256(b"a film nobody prepared");
    let form = [("media", blob.as_str()), ("kind", "video_480"), ("state", "failed")];
    let again = format!("/studio/preparation?{back}");
    let done = trainer.send(trainer.request(Method::POST, &again).form(&form)).await.must(303);
    assert_eq!(done.header("location"), format!("/studio/preparation?state=failed&done=again&{back}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_lacks_what_the_list_can_be_narrowed_to() {
    let mut city = City::start().await;
    let (county, trainer) = (city.units["东江县"], city.client("trainer").await);
    let course = city.course(county).await;
    let sheet = city.blob(b"%PDF-1.4", "application/pdf", "讲义.pdf", county, None).await;
    let row = City::lesson_row(course, "sheet", 0, "一份讲义", Some((sheet, 60_000)), county, LessonState::Draft);
    city.insert_lessons(vec![row]).await;
    let lacks = async |title: &str| {
        let page = trainer.get(&format!("/studio?q={title}")).await.must(200).text();
        ["字幕", "随堂测验", "齐全"].map(|word| {
            page.contains(&format!("off\">{word}<"))
                || page.contains(&format!("warn\">{word}<"))
                || page.contains(&format!("soft\">{word}<"))
        })
    };
    let narrowed = async |lack: &str| titles(&trainer, &format!("/studio?lack={lack}")).await;
    assert_eq!(lacks("东江县调解员").await, [true, true, false]);
    assert_eq!(lacks("一份讲义").await, [false, true, false], "nobody hears a handout");
    assert!(narrowed("captions").await.iter().all(|title| title != "一份讲义"));
    assert!(narrowed("captions").await.iter().any(|title| title.starts_with("东江县调解员")));
    let srt = "1\n00:00:01,000 --> 00:00:03,500\n先调解\n";
    let path = format!("/api/v1/lessons/{}/captions/普通话", city.lesson("east"));
    trainer.send(trainer.request(Method::PUT, &path).body(srt)).await.must(200);
    let question = json!({"kind": "true_false", "text": "要先听双方说", "choices": [], "answer": [0]});
    let body = json!({"version": 1, "required": false, "questions": [question]});
    let quiz = format!("/api/v1/lessons/{}/quiz", city.lesson("east"));
    trainer.send(trainer.request(Method::PUT, &quiz).json(&body)).await.must(200);
    assert_eq!(lacks("东江县调解员").await, [false, false, true]);
    let editor = trainer.get(&format!("/studio/lessons/{}", city.lesson("sheet"))).await.must(200).text();
    assert!(editor.contains("warn\">随堂测验<") && !editor.contains("warn\">字幕<"), "{editor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_in_preparation_is_listed_with_what_to_do_and_made_again() {
    let mut city = City::start().await;
    shelf(&mut city).await;
    let trainer = city.client("trainer").await;
    let page = trainer.get("/studio/preparation").await.must(200).text();
    assert!(page.contains("转码失败 1") && page.contains("转码失败的一课") && page.contains("画面读不出来"), "{page}");
    assert!(page.contains("再失败也不影响播放"), "{page}");
    let west = city.client("trainer-b").await;
    assert!(!west.get("/studio/preparation").await.must(200).text().contains("转码失败的一课"));
    let blob = tests::city::sha256(b"a film nobody prepared");
    let retry = async |client: &Client| {
        let form = [("media", blob.as_str()), ("kind", "video_480"), ("state", "failed")];
        client.send(client.request(Method::POST, "/studio/preparation").form(&form)).await
    };
    retry(&west).await.must(404);
    let again = retry(&trainer).await.must(303);
    let page = trainer.get(again.header("location")).await.must(200).text();
    assert!(page.contains("已重新排队") && page.contains("转码失败 0") && page.contains("转码中 1"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_the_list_with_every_condition_and_what_failed_fit_a_phone_and_a_desk() {
    let mut city = City::start().await;
    shelf(&mut city).await;
    for (width, height) in [(1280, 900), (360, 740)] {
        let Some(browser) = Browser::open(&city.url, width, height).await else { return };
        browser.sign_in("trainer").await;
        for (name, path) in [
            ("studio-narrowed", "/studio?level=entry&language=%E6%99%AE%E9%80%9A%E8%AF%9D&lack=quiz#keep"),
            ("studio-nothing", "/studio?q=nothing"),
            ("studio-preparation", "/studio/preparation"),
        ] {
            browser.goto(path).await;
            browser.find("h1").await;
            assert!(!browser.overflows().await, "{path} at {width}");
            browser.picture(&format!("{name}-{width}")).await;
        }
        browser.close().await;
    }
}
