//! Review by another person: remarks at a second, returned with a reason, published at a time, withdrawn; who is told,
//! and what the log keeps.

use entity::{LessonId, Moment, audit};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::{City, Client};

/// A lesson of the first county's trainer that waits for review.
async fn submitted(city: &City) -> i64 {
    let trainer = city.client("trainer").await;
    let course = json!({"title": "罗汉果", "summary": "", "category": "agriculture"});
    let course = trainer.post("/api/v1/courses", course).await.must(201).json()["id"].clone();
    let blob = tests::city::sha256(b"only for the east");
    let lesson = json!({"title": "罗汉果点花", "course_id": course, "source": "农业局", "media_sha256": blob});
    let id = trainer.post("/api/v1/lessons", lesson).await.must(201).json()["id"].as_i64().unwrap();
    trainer.post(&format!("/api/v1/lessons/{id}/submit"), json!({})).await.must(200);
    id
}

async fn told(client: &Client) -> Vec<String> {
    let notices = client.get("/api/v1/notices").await.must(200).json()["notices"].clone();
    notices.as_array().unwrap().iter().map(|notice| notice["text"].as_str().unwrap().to_owned()).collect()
}

async fn log_of(city: &City, lesson: i64) -> Vec<String> {
    let query = audit::Entity::find().select_only().column(audit::Column::Action);
    let query = query.filter(audit::Column::Target.eq(format!("lesson:{lesson}"))).order_by_asc(audit::Column::Id);
    query.into_tuple().all(&city.db.read).await.unwrap()
}

async fn state(client: &Client, id: i64) -> Value {
    client.get(&format!("/api/v1/lessons/{id}")).await.must(200).json()["state"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_goes_back_and_forth_until_it_is_published_and_everybody_whom_it_concerns_is_told() {
    let city = City::start().await;
    let (trainer, reviewer) = (city.client("trainer").await, city.client("reviewer").await);
    let id = submitted(&city).await;
    let step = |verb: &str| format!("/api/v1/lessons/{id}/{verb}");
    assert_eq!(told(&reviewer).await, ["《罗汉果点花》已提交，等您审核"]);
    assert_eq!(told(&city.client("city-reviewer").await).await.len(), 1);
    assert_eq!(told(&city.client("reviewer-b").await).await, Vec::<String>::new());

    let note = json!({"at_ms": 83_000, "text": "这里剂量说错了"});
    let note = reviewer.post(&step("notes"), note).await.must(201).json();
    reviewer.post(&step("notes"), json!({"at_ms": 700_000, "text": "过了结尾"})).await.must(400);
    reviewer.post(&step("notes"), json!({"text": " "})).await.must(400);
    reviewer.post(&step("return"), json!({"reason": "请改第 83 秒"})).await.must(200);
    assert_eq!(
        told(&trainer).await,
        ["《罗汉果点花》被退回修改：请改第 83 秒", "《罗汉果点花》有新的审核意见：这里剂量说错了"]
    );
    assert_eq!(told(&city.client("city-reviewer").await).await, Vec::<String>::new(), "it waits for nobody now");
    trainer.post(&step(&format!("notes/{}/done", note["id"])), json!({})).await.must(200);
    let notes = trainer.get(&step("notes")).await.must(200).json();
    assert_eq!(notes["notes"][0]["at_ms"], 83_000);
    assert!(notes["notes"][0]["done_at"].is_i64());
    trainer.post("/api/v1/notices/seen", json!({})).await.must(204);
    assert_eq!(told(&trainer).await, Vec::<String>::new());
    trainer.post(&step("submit"), json!({})).await.must(200);

    let at = Moment::now().plus_ms(3_600_000);
    reviewer.post(&step("publish"), json!({"publish_at": 1})).await.must(400);
    let waits = reviewer.post(&step("publish"), json!({"publish_at": at.0})).await.must(200).json();
    assert_eq!((&waits["state"], &waits["publish_at"]), (&json!("review"), &json!(at.0)));
    let (cadre, path) = (city.client("cadre").await, format!("/api/v1/lessons/{id}"));
    assert_eq!(catalog::lesson::publish_due(&city.db.write, at.plus_ms(-1)).await.unwrap(), 0);
    cadre.get(&path).await.must(404);
    assert_eq!(catalog::lesson::publish_due(&city.db.write, at).await.unwrap(), 1);
    cadre.get(&path).await.must(200);
    assert_eq!(told(&trainer).await.first().unwrap(), "《罗汉果点花》审核通过，已发布");
    trainer.post("/api/v1/notices/seen", json!({})).await.must(204);

    reviewer.post(&step("withdraw"), json!({"reason": "画面有误"})).await.must(200);
    assert_eq!(told(&trainer).await, ["《罗汉果点花》已撤回：画面有误"]);
    let steps = ["create", "submit", "note", "return", "note_done", "submit", "schedule", "publish", "withdraw"];
    assert_eq!(log_of(&city, id).await, steps.map(|step| format!("lesson.{step}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_publishes_what_they_made_or_handed_in_and_no_neighbour_at_all() {
    let city = City::start().await;
    let id = submitted(&city).await;
    let step = |verb: &str| format!("/api/v1/lessons/{id}/{verb}");
    let (reviewer, above) = (city.client("reviewer").await, city.client("city-reviewer").await);
    city.client("reviewer-b").await.post(&step("publish"), json!({})).await.must(404);
    city.client("reviewer-b").await.get(&step("notes")).await.must(404);
    above.post(&step("return"), json!({"reason": "缺字幕"})).await.must(200);
    reviewer.post(&step("submit"), json!({})).await.must(200);
    let refused = reviewer.post(&step("publish"), json!({})).await.must(403);
    assert_eq!(refused.code(), "own_lesson");
    reviewer.post(&step("publish"), json!({"publish_at": "soon"})).await.must(400);
    assert_eq!(state(&reviewer, id).await, "review");
    above.post(&step("publish"), json!({})).await.must(200);
    assert_eq!(state(&reviewer, id).await, "published");
    above.post(&step("notes"), json!({"text": "太晚了"})).await.must(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_returned_while_it_waits_for_its_time_is_not_published() {
    let city = City::start().await;
    let id = submitted(&city).await;
    let reviewer = city.client("reviewer").await;
    let at = Moment::now().plus_ms(3_600_000);
    reviewer.post(&format!("/api/v1/lessons/{id}/publish"), json!({"publish_at": at.0})).await.must(200);
    reviewer.post(&format!("/api/v1/lessons/{id}/return"), json!({"reason": "再看看"})).await.must(200);
    assert_eq!(catalog::lesson::publish_due(&city.db.write, at).await.unwrap(), 0);
    let row = catalog::lesson::get(&city.db.read, LessonId(id)).await.unwrap();
    assert_eq!(row.publish_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_earned_with_a_lesson_stay_when_it_is_withdrawn() {
    let city = City::start().await;
    let (cadre, video) = (city.client("cadre").await, city.lesson("video"));
    let playback = cadre.play(video).await;
    cadre.beat(playback, 1, 0, true).await.must(200);
    city.let_pass(playback, 180_000).await;
    cadre.beat(playback, 2, 180_000, true).await.must(200);
    cadre.post(&format!("/api/v1/playback/{playback}/close"), json!({})).await.must(200);
    let path = format!("/api/v1/people/{}/archive", city.people["甲村韦大山"]);
    let before = cadre.get(&path).await.must(200).json()["entries"].clone();
    assert_eq!(before.as_array().unwrap().len(), 1);
    let reviewer = city.client("city-reviewer").await;
    reviewer.post(&format!("/api/v1/lessons/{video}/withdraw"), json!({"reason": "过时"})).await.must(200);
    assert_eq!(cadre.get(&path).await.must(200).json()["entries"], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_two_people_review_a_lesson() {
    let city = City::start().await;
    let id = submitted(&city).await;
    let page = format!("/studio/lessons/{id}");
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("reviewer").await;
    desk.goto("/studio").await;
    desk.until("return document.querySelector('.notices').innerText.includes('等您审核')").await;
    desk.picture("review-told").await;
    desk.click(".notices .btn").await;
    desk.until(&format!("return location.pathname === '{page}'")).await;
    desk.fill("#note_at", "1:83:00").await;
    desk.fill("#note_text", "这里剂量说错了，应为每亩 30 毫升").await;
    desk.click("[data-notes] form .btn:not([data-take-time])").await;
    desk.until("return !!document.querySelector('#note_at-error')").await;
    let kept = desk.run("return document.querySelector('#note_text').value").await;
    assert_eq!(kept, "这里剂量说错了，应为每亩 30 毫升");
    desk.fill("#note_at", "1:23").await;
    desk.click("[data-notes] form .btn:not([data-take-time])").await;
    desk.until("return document.querySelector('.remarks')?.innerText.includes('1:23')").await;
    desk.run("document.querySelector('#notes').scrollIntoView()").await;
    desk.picture("review-remarks").await;
    desk.click(".deeds summary").await;
    desk.fill("#reason", "请改第 1 分 23 秒").await;
    desk.picture("review-return").await;
    desk.click("button[value=return]").await;
    desk.until("return document.body.innerText.includes('已退回给作者')").await;
    desk.close().await;

    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("trainer").await;
    phone.goto("/home").await;
    phone.picture("review-phone-told").await;
    assert!(!phone.overflows().await);
    phone.click(".notices .btn").await;
    phone.until(&format!("return location.pathname === '{page}'")).await;
    phone.run("document.querySelector('#notes').scrollIntoView()").await;
    phone.picture("review-phone-remarks").await;
    assert!(!phone.overflows().await);
    phone.click(".remarks form .btn").await;
    phone.until("return !!document.querySelector('.remarks .done')").await;
    phone.click("button[value=submit]").await;
    phone.until("return document.body.innerText.includes('已提交审核')").await;
    phone.close().await;

    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("reviewer").await;
    desk.goto(&page).await;
    desk.run("document.querySelector('#publish_at').value = '2020-01-01T08:00'").await;
    desk.click("button[value=publish]").await;
    desk.until("return !!document.querySelector('#publish_at-error')").await;
    let tomorrow = Moment::now().plus_ms(86_400_000).local().format("%Y-%m-%dT08:00").to_string();
    desk.run(&format!("document.querySelector('#publish_at').value = '{tomorrow}'")).await;
    desk.click("button[value=publish]").await;
    desk.until("return document.body.innerText.includes('自动发布')").await;
    desk.picture("review-scheduled").await;
    assert!(!desk.overflows().await);
    desk.close().await;
}
