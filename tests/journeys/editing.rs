//! The lesson editor: the order of a course, chapters, what is written and not saved, two people at one lesson, versions
//! and the way back, a lesson out of date.

use entity::Moment;
use reqwest::Method;
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::{Answer, City, Client};

/// A course of the first county's trainer with three drafts: its id and theirs.
async fn course(city: &City) -> (i64, Vec<i64>) {
    let trainer = city.client("trainer").await;
    let new = json!({"title": "沙糖桔一年管理", "summary": "", "category": "agriculture"});
    let course = trainer.post("/api/v1/courses", new).await.must(201).json()["id"].as_i64().unwrap();
    let mut lessons = Vec::new();
    for title in ["冬季清园", "春梢管理", "保果壮果"] {
        let blob = tests::city::sha256(b"only for the east");
        let lesson = json!({"title": title, "course_id": course, "summary": "先看叶，再看根。后浇水。", "source": "农业局", "media_sha256": blob});
        lessons.push(trainer.post("/api/v1/lessons", lesson).await.must(201).json()["id"].as_i64().unwrap());
    }
    (course, lessons)
}

async fn lesson(client: &Client, id: i64) -> Value {
    client.get(&format!("/api/v1/lessons/{id}")).await.must(200).json()
}

/// Press "save" in the editor with these fields changed in what the lesson said at `version`.
async fn save(client: &Client, id: i64, drawn: &Value, changed: &[(&str, &str)]) -> Answer {
    let text = |name: &str| drawn[name].as_str().unwrap_or_default().to_owned();
    let mut form: Vec<(String, String)> = ["title", "summary", "body", "category", "level", "language", "source"]
        .map(|name| (name.to_owned(), text(name)))
        .to_vec();
    for name in ["course_id", "audience_unit_id", "version"] {
        form.push((name.to_owned(), drawn[name].to_string()));
    }
    form.push(("media_sha256".to_owned(), drawn["media"]["sha256"].as_str().unwrap_or_default().to_owned()));
    for (name, value) in changed {
        form.retain(|(field, _)| field != name);
        form.push(((*name).to_owned(), (*value).to_owned()));
    }
    client.send(client.request(Method::POST, &format!("/studio/lessons/{id}")).form(&form)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lessons_of_a_course_stand_in_the_order_they_were_put_in() {
    let city = City::start().await;
    let (course, ids) = course(&city).await;
    let trainer = city.client("trainer").await;
    let path = format!("/api/v1/courses/{course}");
    let order = async || {
        let lessons = trainer.get(&path).await.must(200).json()["lessons"].clone();
        lessons.as_array().unwrap().iter().map(|lesson| lesson["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let put = |version: &Value, lessons: &[i64]| {
        let body = json!({"version": version, "lessons": lessons});
        trainer.send(trainer.request(Method::PUT, &format!("{path}/order")).json(&body))
    };
    let version = trainer.get(&path).await.json()["version"].clone();
    let turned = [ids[2], ids[0], ids[1]];
    put(&version, &turned).await.must(200);
    assert_eq!(order().await, turned);
    put(&version, &ids).await.must(409);
    let version = trainer.get(&path).await.json()["version"].clone();
    for wrong in [&ids[..2], &[ids[0], ids[0], ids[1]], &[ids[0], ids[1], city.lesson("video")]] {
        put(&version, wrong).await.must(409);
    }
    assert_eq!(order().await, turned);
    let form = [("version", version.to_string()), ("move", format!("{}:up", ids[1]))].into_iter();
    let form: Vec<_> = form.chain(turned.iter().map(|id| ("lesson", id.to_string()))).collect();
    let pressed = trainer.request(Method::POST, &format!("/studio/courses/{course}")).form(&form);
    trainer.send(pressed).await.must(303);
    assert_eq!(order().await, [ids[2], ids[1], ids[0]]);
    city.client("trainer-b").await.get(&format!("/studio/courses/{course}")).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saves_second_is_answered_with_both_texts() {
    let city = City::start().await;
    let (_, ids) = course(&city).await;
    let trainer = city.client("trainer").await;
    let path = format!("/api/v1/lessons/{}", ids[0]);
    let version = lesson(&trainer, ids[0]).await["version"].clone();
    trainer.patch(&path, json!({"version": version, "summary": "先保存的"})).await.must(200);
    let late = trainer.patch(&path, json!({"version": version, "summary": "后保存的"})).await.must(409).json();
    assert_eq!(late["code"], "version_conflict");
    assert_eq!((&late["current"]["summary"], &late["yours"]["summary"]), (&json!("先保存的"), &json!("后保存的")));
    let over = json!({"version": late["current"]["version"], "summary": late["yours"]["summary"]});
    trainer.patch(&path, over).await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_change_different_fields_keep_both_changes() {
    let city = City::start().await;
    let (_, ids) = course(&city).await;
    let (trainer, reviewer) = (city.client("trainer").await, city.client("reviewer").await);
    let drawn = lesson(&trainer, ids[0]).await;
    save(&reviewer, ids[0], &drawn, &[("title", "冬季清园与修剪")]).await.must(303);
    let late = save(&trainer, ids[0], &drawn, &[("summary", "清园用石硫合剂。")]).await.must(409).text();
    // The form that comes back holds the other's title, which this writer never touched, beside their own summary.
    assert!(late.contains("value=\"冬季清园与修剪\"") && late.contains("清园用石硫合剂。"), "{late}");
    let now = lesson(&trainer, ids[0]).await;
    let both = [("title", "冬季清园与修剪"), ("summary", "清园用石硫合剂。")];
    save(&trainer, ids[0], &now, &both).await.must(303);
    let kept = lesson(&trainer, ids[0]).await;
    assert_eq!((&kept["title"], &kept["summary"]), (&json!("冬季清园与修剪"), &json!("清园用石硫合剂。")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_kept_and_an_old_one_comes_back_as_a_new_one() {
    let city = City::start().await;
    let (_, ids) = course(&city).await;
    let trainer = city.client("trainer").await;
    let path = format!("/api/v1/lessons/{}", ids[0]);
    for summary in ["先看叶，再看果。后浇水。", "都不看。"] {
        let version = lesson(&trainer, ids[0]).await["version"].clone();
        trainer.patch(&path, json!({"version": version, "summary": summary, "tags": ["清园"]})).await.must(200);
    }
    let versions = trainer.get(&format!("{path}/versions")).await.must(200).json()["versions"].clone();
    let seen: Vec<_> =
        versions.as_array().unwrap().iter().map(|one| (one["version"].clone(), one["changed"].clone())).collect();
    let wanted = [(json!(3), json!(["简介"])), (json!(2), json!(["简介", "标签"])), (json!(1), json!([]))];
    assert_eq!(seen, wanted);
    let page = trainer.get(&format!("/studio/lessons/{}/versions?v=2", ids[0])).await.must(200).text();
    assert!(page.contains("先看叶，<del>再看根。</del><ins>再看果。</ins>后浇水。"), "{page}");
    let restore =
        |version: i32, seen: i32| trainer.post_empty(format!("{path}/versions/{version}/restore?version={seen}"));
    restore(1, 2).await.must(409);
    restore(9, 3).await.must(404);
    let restored = restore(1, 3).await.must(200).json();
    assert_eq!(
        (&restored["summary"], &restored["version"], &restored["tags"]),
        (&json!("先看叶，再看根。后浇水。"), &json!(4), &json!([]))
    );
    trainer.post(&format!("{path}/submit"), json!({})).await.must(200);
    restore(2, 5).await.must(409);
    city.client("trainer-b").await.get(&format!("{path}/versions")).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_kept_without_saving_and_who_else_writes_is_told() {
    let city = City::start().await;
    let (_, ids) = course(&city).await;
    let (trainer, reviewer) = (city.client("trainer").await, city.client("reviewer").await);
    let draft = format!("/api/v1/lessons/{}/draft", ids[0]);
    let put = async |client: &Client, body: Value| {
        client.send(client.request(Method::PUT, &draft).json(&body)).await.must(200).json()
    };
    let alone = put(&trainer, json!({"version": 1, "fields": {"title": "写了一半"}})).await;
    assert_eq!((&alone["others"], &alone["version"]), (&json!([]), &json!(1)));
    let seen = put(&reviewer, json!({"version": 1})).await;
    assert_eq!(seen["others"], json!([{"name": "trainer", "wrote": true}]));
    assert_eq!(put(&trainer, json!({"version": 1})).await["others"], json!([{"name": "reviewer", "wrote": false}]));
    // Heard of again without a word does not forget what was written.
    let page = trainer.get(&format!("/studio/lessons/{}", ids[0])).await.must(200).text();
    assert!(page.contains("写了一半"), "the draft is offered");
    assert!(!reviewer.get(&format!("/studio/lessons/{}", ids[0])).await.text().contains("写了一半"));
    assert_eq!(lesson(&trainer, ids[0]).await["title"], "冬季清园");
    let drawn = lesson(&trainer, ids[0]).await;
    save(&trainer, ids[0], &drawn, &[("title", "写完了")]).await.must(303);
    let page = trainer.get(&format!("/studio/lessons/{}", ids[0])).await.must(200).text();
    assert!(!page.contains("写了一半"));
    put(&trainer, json!({"version": 2, "fields": {"title": "改了又删"}})).await;
    trainer.delete(&draft).await.must(204);
    assert!(!trainer.get(&format!("/studio/lessons/{}", ids[0])).await.text().contains("改了又删"));
}

#[tokio::test(flavor = "multi_thread")]
async fn chapters_lead_to_their_place_and_a_bad_line_is_named() {
    let city = City::start().await;
    let (_, ids) = course(&city).await;
    let trainer = city.client("trainer").await;
    let drawn = lesson(&trainer, ids[0]).await;
    let bad = save(&trainer, ids[0], &drawn, &[("chapters", "0:00 开场\n剪枝 1:23")]).await.must(422).text();
    assert!(bad.contains("第 2 行") && bad.contains("剪枝 1:23"));
    save(&trainer, ids[0], &drawn, &[("chapters", "0:00 开场\r\n1:23 剪枝的时间")]).await.must(303);
    let kept = lesson(&trainer, ids[0]).await;
    assert_eq!(kept["chapters"][1], json!({"at_ms": 83_000, "title": "剪枝的时间"}));
    let page = trainer.get(&format!("/lessons/{}", kept["slug"].as_str().unwrap())).await.must(200).text();
    assert!(page.contains("data-seek-ms=\"83000\"") && page.contains("剪枝的时间"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cover_is_a_picture_that_the_lessons_audience_sees() {
    let city = City::start().await;
    let (_, ids) = course(&city).await;
    let trainer = city.client("trainer").await;
    let path = format!("/api/v1/lessons/{}", ids[0]);
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89".as_slice(), &[0; 40]]
        .concat();
    let picture = trainer.uploaded(&trainer.upload("封面.png", "image/png", &png).await).await["sha256"].clone();
    let text = trainer.uploaded(&trainer.upload("封面.txt", "text/plain", b"no picture").await).await["sha256"].clone();
    trainer.patch(&path, json!({"version": 1, "cover_sha256": text})).await.must(400);
    trainer.patch(&path, json!({"version": 1, "cover_sha256": picture})).await.must(200);
    let cadre = city.client("cadre").await;
    let cover = format!("/media/{}", picture.as_str().unwrap());
    cadre.get(&cover).await.must(404);
    trainer.post(&format!("{path}/submit"), json!({})).await.must(200);
    city.client("reviewer").await.post(&format!("{path}/publish"), json!({})).await.must(200);
    cadre.get(&cover).await.must(200);
    let slug = lesson(&cadre, ids[0]).await["slug"].as_str().unwrap().to_owned();
    assert!(cadre.get(&format!("/lessons/{slug}")).await.must(200).text().contains(&format!("poster=\"{cover}\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_out_of_date_says_so_and_its_author_is_told_once() {
    let city = City::start().await;
    let (_, ids) = course(&city).await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    let path = format!("/api/v1/lessons/{}", ids[0]);
    trainer.patch(&path, json!({"version": 1, "valid_until": "2026-01-31"})).await.must(200);
    trainer.post(&format!("{path}/submit"), json!({})).await.must(200);
    cadre.get(&path).await.must(404);
    city.client("reviewer").await.post(&format!("{path}/publish"), json!({})).await.must(200);
    let gone = cadre.get(&path).await.must(410);
    assert!(gone.json()["message"].as_str().unwrap().contains("2026-01-31"));
    let slug = lesson(&trainer, ids[0]).await["slug"].as_str().unwrap().to_owned();
    let page = cadre.get(&format!("/lessons/{slug}")).await.must(410).text();
    assert!(page.contains("有效期到 <b>2026-01-31</b>"));
    city.client("cadre-b").await.get(&format!("/lessons/{slug}")).await.must(404);
    assert_eq!(catalog::lesson::tell_expired(&city.db.write, Moment::now()).await.unwrap(), 1);
    assert_eq!(catalog::lesson::tell_expired(&city.db.write, Moment::now()).await.unwrap(), 0);
    let told = trainer.get("/api/v1/notices").await.must(200).json();
    assert_eq!(told["notices"][0]["kind"], "lesson.expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_two_people_edit_one_lesson_and_neither_loses_a_word() {
    let city = City::start().await;
    let (course, ids) = course(&city).await;
    let page = format!("/studio/lessons/{}", ids[0]);
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto(&page).await;
    desk.picture("editing-editor").await;
    desk.fill("[name=summary]", "清园用石硫合剂，冬至前后喷一次。").await;
    desk.until("return document.querySelector('[data-draft-note]').innerText.includes('已自动保存')").await;

    let Some(other) = Browser::open(&city.url, 1280, 900).await else { return };
    other.sign_in("reviewer").await;
    other.goto(&page).await;
    other
        .until("return document.querySelector('[data-others]').innerText.includes('trainer 也打开了这一课，正在修改')")
        .await;
    other.fill("[name=summary]", "清园要剪除病枝。").await;
    other.fill("[name=chapters]", "0:00 开场\n1:23 剪枝").await;
    other.picture("editing-others").await;
    other.click("button[value=save]").await;
    other.until("return document.body.innerText.includes('已保存')").await;
    other.close().await;

    desk.click("button[value=save]").await;
    desk.until("return !!document.querySelector('.conflict')").await;
    desk.picture("editing-conflict").await;
    assert!(!desk.overflows().await);
    let said = desk.run("return document.querySelector('.conflict').innerText").await;
    assert!(said.as_str().unwrap().contains("清园要剪除病枝。"), "{said}");
    let chapters = desk.run("return document.querySelector('[name=chapters]').value").await;
    assert_eq!(chapters, "0:00 开场\n1:23 剪枝");
    desk.fill("[name=summary]", "清园要剪除病枝，冬至前后喷一次石硫合剂。").await;
    desk.click("button[value=save]").await;
    desk.until("return document.body.innerText.includes('已保存')").await;

    desk.goto(&format!("{page}/versions?v=3")).await;
    desk.until("return !!document.querySelector('.diff ins')").await;
    desk.picture("editing-versions").await;
    desk.goto(&format!("/studio/courses/{course}")).await;
    desk.run("document.querySelectorAll('[data-item]')[2].focus()").await;
    desk.run("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp', altKey: true, bubbles: true, cancelable: true }))").await;
    desk.until("return document.querySelectorAll('[data-item]')[1].innerText.includes('保果壮果')").await;
    desk.picture("editing-order").await;
    desk.click("[data-save]").await;
    desk.until("return document.body.innerText.includes('顺序已保存')").await;
    desk.close().await;

    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("trainer").await;
    for (name, path) in [
        ("editing-phone-editor", page.clone()),
        ("editing-phone-versions", format!("{page}/versions?v=3")),
        ("editing-phone-order", format!("/studio/courses/{course}")),
    ] {
        phone.goto(&path).await;
        phone.picture(name).await;
        assert!(!phone.overflows().await, "{path}");
    }
    phone.close().await;
}
