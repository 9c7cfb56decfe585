//! Who tries to cheat: no answer is told before one was given, and a try is its owner's alone.

use super::{WHY, begin, city, hand_in, put, right, three, version, wrong};
use reqwest::Method;
use serde_json::json;
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_reaches_anybody_before_it_was_given() {
    let city = city(true).await;
    let (cadre, site, expert) = (city.client("cadre").await, city.client("site").await, city.client("expert").await);
    let begun = cadre.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(200);
    let question = &begun.json()["questions"][0];
    let names: HashSet<_> = question.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, HashSet::from(["kind", "text", "choices"]), "nothing else of a question is told");
    let id = city.lesson("east");
    let mut bodies = vec![("begin", begun.text())];
    for client in [&cadre, &site, &expert] {
        for path in [
            format!("/api/v1/lessons/{id}"),
            "/api/v1/lessons?size=100".into(),
            "/api/v1/lessons/east/quiz/attempts".into(),
            format!("/api/v1/courses/{}", 1),
            "/api/v1/search?q=冬天先做什么".into(),
            "/api/v1/suggest?q=剪完".into(),
            "/openapi.json".into(),
            "/home".into(),
            "/lessons/east".into(),
            "/lessons/east/quiz".into(),
            "/courses/course-0".into(),
            "/search?q=剪病虫枝".into(),
            "/record".into(),
            "/classroom".into(),
            "/classroom/east".into(),
        ] {
            bodies.push(("page", client.get(&path).await.text()));
        }
        client.get("/api/v1/lessons/east/quiz").await.must(403);
        client.get(&format!("/studio/lessons/{id}/quiz")).await.must(403);
        client.get(&format!("/studio/lessons/{id}/quiz/template.xlsx")).await.must(403);
        put(client, "east", json!({"version": 1, "questions": []})).await.must(403);
    }
    for (what, body) in &bodies {
        assert!(!body.contains(WHY) && !body.contains("正确答案") && !body.contains("\"answer\":["), "{what}: {body}");
    }
    let found = cadre.get(&format!("/api/v1/search?q={WHY}")).await.must(200).json();
    let hits = found["hits"].as_array().unwrap();
    assert!(hits.iter().all(|hit| !hit.to_string().contains(WHY)), "explanations are not searched: {found}");
    let sheet = cadre.get("/lessons/east/quiz").await.must(200).text();
    assert!(sheet.contains("剪病虫枝") && !sheet.contains("checked"), "{sheet}");
    let attempt = begin(&cadre).await;
    cadre.get(&format!("/lessons/east/quiz?attempt={attempt}")).await.must(404);
    let told = hand_in(&cadre, attempt, wrong()).await.must(200);
    assert!(told.text().contains(WHY));
    let told = told.json();
    assert_eq!(
        (&told["right"], &told["passed"], &told["questions"][0]["answer"]),
        (&json!(0), &json!(false), &json!([1]))
    );
    let page = cadre.get(&format!("/lessons/east/quiz?attempt={attempt}")).await.must(200).text();
    assert!(page.contains(WHY) && page.contains("正确答案") && page.contains("还没通过"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_is_its_owners_and_a_quiz_is_for_learners_who_see_the_lesson() {
    let city = city(false).await;
    let (cadre, other) = (city.client("cadre").await, city.learner(1).await);
    let attempt = begin(&cadre).await;
    hand_in(&other, attempt, right()).await.must(404);
    other.get(&format!("/lessons/east/quiz?attempt={attempt}")).await.must(404);
    city.client("trainer")
        .await
        .post(&format!("/api/v1/lessons/east/quiz/attempts/{attempt}"), right())
        .await
        .must(404);
    let wrong_lesson = format!("/api/v1/lessons/video/quiz/attempts/{attempt}");
    cadre.post(&wrong_lesson, right()).await.must(404);
    for (login, status) in [("cadre-b", 404), ("trainer-b", 404), ("site", 409), ("trainer", 409)] {
        let client = city.client(login).await;
        client.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(status);
        client.get("/api/v1/lessons/east/quiz/attempts").await.must(status);
        client.get("/lessons/east/quiz").await.must(status);
    }
    let stranger = city.client("trainer-b").await;
    stranger.get("/api/v1/lessons/east/quiz").await.must(404);
    put(&stranger, "east", json!({"version": 1, "questions": three()})).await.must(404);
    let id = city.lesson("east");
    for path in [format!("/studio/lessons/{id}/quiz"), format!("/studio/lessons/{id}/quiz/template.xlsx")] {
        stranger.get(&path).await.must(404);
    }
    let add = stranger.request(Method::POST, &format!("/studio/lessons/{id}/quiz")).form(&[("action", "add")]);
    stranger.send(add).await.must(404);
    let draft = version(&city.client("trainer").await, "draft").await;
    put(&city.client("trainer").await, "draft", json!({"version": draft, "questions": three()})).await.must(200);
    cadre.post("/api/v1/lessons/draft/quiz/attempts", json!({})).await.must(404);
    cadre.post("/api/v1/lessons/video/quiz/attempts", json!({})).await.must(404);
    assert!(!cadre.get("/lessons/video").await.must(200).text().contains("随堂测验"));
    hand_in(&cadre, attempt, right()).await.must(200);
}
