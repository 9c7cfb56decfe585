//! Who watched a lesson: the people within reach, how much of it they have, and whether they passed its quiz.

use entity::{Moment, audit, quiz_attempt};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Set};
use serde_json::json;
use tests::browser::Browser;
use tests::{City, Client};

/// Plays a lesson for these seconds and ends the session.
async fn watch(city: &City, client: &Client, lesson: i64, seconds: i64) {
    let playback = client.play(lesson).await;
    client.beat(playback, 1, 0, true).await.must(200);
    city.let_pass(playback, seconds * 1000).await;
    client.beat(playback, 2, seconds * 1000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{playback}/close"), json!({})).await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watched_a_lesson_is_listed_to_those_who_reach_them_and_noted() {
    let city = City::start().await;
    let lesson = city.lesson("video");
    let (much, little) = (city.learner(1).await, city.learner(2).await);
    watch(&city, &much, lesson, 550).await;
    watch(&city, &little, lesson, 200).await;
    let now = Moment::now();
    let person = entity::person::Entity::find()
        .filter(entity::person::Column::Name.eq("学员1"))
        .one(&city.db.read)
        .await
        .unwrap()
        .unwrap();
    let passed = quiz_attempt::ActiveModel {
        person_id: Set(person.id),
        lesson_id: Set(entity::LessonId(lesson)),
        day: Set(now.day()),
        begun_at: Set(now),
        submitted_at: Set(Some(now)),
        questions: Set("[]".into()),
        answers: Set(Some("[]".into())),
        right_count: Set(1),
        question_count: Set(1),
        passed: Set(true),
        ..Default::default()
    };
    passed.insert(&city.db.write).await.unwrap();

    let trainer = city.client("trainer").await;
    let path = format!("/studio/lessons/{lesson}/watchers");
    let page = trainer.get(&path).await.must(200).text();
    assert!(page.contains("学员1") && page.contains("学员2") && page.contains("9:10"), "{page}");
    let done = trainer.get(&format!("{path}?state=done")).await.must(200).text();
    assert!(done.contains("学员1") && !done.contains("学员2"), "{done}");
    let begun = trainer.get(&format!("{path}?state=begun&page=7")).await.must(200).text();
    assert!(!begun.contains("学员1") && begun.contains("学员2"));
    let first = trainer.get(&format!("{path}?sort=percent")).await.must(200).text();
    assert!(first.find("学员1") < first.find("学员2"));

    let file = format!("/api/v1/lessons/{lesson}/watchers");
    let rows = trainer.get(&format!("{file}.json")).await.must(200).json();
    assert_eq!(rows["row_count"], 2);
    let of = |name: &str| rows["rows"].as_array().unwrap().iter().find(|row| row[4] == name).unwrap().clone();
    assert_eq!((&of("学员1")[7], &of("学员1")[8], &of("学员1")[10]), (&json!(91), &json!("已完成"), &json!("通过")));
    assert_eq!((&of("学员2")[7], &of("学员2")[8]), (&json!(33), &json!("学习中")));
    assert!(trainer.get(&format!("{file}.csv")).await.must(200).text().contains("收看分钟"));
    assert!(!trainer.get(&format!("{file}.xlsx")).await.must(200).body.is_empty());
    trainer.get(&format!("{file}.pdf")).await.must(404);

    let read = audit::Entity::find().filter(audit::Column::Target.eq(format!("lesson:{lesson}")));
    let read = read.filter(audit::Column::Action.eq("hours.read")).count(&city.db.read).await.unwrap();
    assert_eq!(read, 7, "every reading is noted");
    let west = city.client("trainer-b").await;
    let elsewhere = west.get(&path).await.must(200).text();
    assert!(elsewhere.contains("这里还没有人") && !elsewhere.contains("学员1"), "{elsewhere}");
    west.get(&format!("/studio/lessons/{}/watchers", city.lesson("draft"))).await.must(404);
    city.client("cadre").await.get(&path).await.must(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_who_watched_fits_a_phone_and_a_desk() {
    let city = City::start().await;
    let lesson = city.lesson("video");
    for (number, seconds) in [(1, 550), (2, 200), (3, 480)] {
        watch(&city, &city.learner(number).await, lesson, seconds).await;
    }
    for (width, height) in [(1280, 900), (360, 740)] {
        let Some(browser) = Browser::open(&city.url, width, height).await else { return };
        browser.sign_in("trainer").await;
        browser.goto(&format!("/studio/lessons/{lesson}/watchers")).await;
        browser.until("return document.querySelectorAll('tbody tr').length === 3").await;
        assert!(!browser.overflows().await);
        browser.picture(&format!("studio-watchers-{width}")).await;
        browser.close().await;
    }
}
