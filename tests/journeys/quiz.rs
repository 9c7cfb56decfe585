//! The in-class quiz: how tries are counted, and what a change of the questions leaves alone.
//!
//! Owns what every journey of a quiz begins with: a lesson with three questions, a try, and handing it in.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, City, Client};

mod browser;
mod cheats;
mod hours;
mod studio;
mod tables;

/// Stands in an explanation and nowhere else.
const WHY: &str = "剪完再喷药才透";

fn three() -> Value {
    json!([
        {"kind": "single", "text": "冬天先做什么", "choices": ["喷药", "剪病虫枝", "施肥"], "answer": [1], "explanation": WHY},
        {"kind": "multiple", "text": "哪些天不喷药", "choices": ["大风天", "阴天", "雨前"], "answer": [0, 2], "explanation": WHY},
        {"kind": "true_false", "text": "药瓶可以装水喝", "answer": [1], "explanation": WHY},
    ])
}

/// Right for [`three`].
pub fn right() -> Value {
    json!({"answers": [[1], [0, 2], [1]]})
}

fn wrong() -> Value {
    json!({"answers": [[0], [0, 1, 2], []]})
}

async fn put(client: &Client, lesson: &str, body: Value) -> Answer {
    let path = format!("/api/v1/lessons/{lesson}/quiz");
    client.send(client.request(Method::PUT, &path).json(&body)).await
}

async fn version(client: &Client, lesson: &str) -> i64 {
    client.get(&format!("/api/v1/lessons/{lesson}/quiz")).await.must(200).json()["version"].as_i64().unwrap()
}

/// The lesson `east`, published, with a quiz of three questions.
pub async fn city(required: bool) -> City {
    let city = City::start().await;
    let (trainer, reviewer) = (city.client("trainer").await, city.client("reviewer").await);
    reviewer.post("/api/v1/lessons/east/withdraw", json!({"reason": "加随堂测验"})).await.must(200);
    let version = version(&trainer, "east").await;
    put(&trainer, "east", json!({"version": version, "required": required, "questions": three()})).await.must(200);
    trainer.post("/api/v1/lessons/east/submit", json!({})).await.must(200);
    reviewer.post("/api/v1/lessons/east/publish", json!({})).await.must(200);
    city
}

pub async fn begin(client: &Client) -> i64 {
    let begun = client.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(200).json();
    begun["attempt_id"].as_i64().unwrap()
}

pub async fn hand_in(client: &Client, attempt: i64, answers: Value) -> Answer {
    client.post(&format!("/api/v1/lessons/east/quiz/attempts/{attempt}"), answers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_from_their_beginning_and_no_tab_wins_one() {
    let city = city(false).await;
    let cadre = city.client("cadre").await;
    let (one, two) = tokio::join!(begin(&cadre), begin(&cadre));
    assert_eq!(one, two, "two tabs share the open try");
    let left = |answer: Answer| answer.must(200).json()["attempts_left"].as_i64().unwrap();
    assert_eq!(left(cadre.get("/api/v1/lessons/east/quiz/attempts").await), 2);
    for bad in [json!({"answers": []}), json!({"answers": [[9], [], []]}), json!({"answers": [[0, 1], [], []]})] {
        hand_in(&cadre, one, bad).await.must(400);
    }
    hand_in(&cadre, one, json!({})).await.must(400);
    let first = hand_in(&cadre, one, wrong()).await.must(200);
    let again = hand_in(&cadre, one, wrong()).await.must(200);
    assert_eq!(first.json(), again.json(), "handed in twice is handed in once");
    assert_eq!(hand_in(&cadre, one, right()).await.must(409).code(), "wrong_state");
    for _ in 0..2 {
        let (attempt, other) = (begin(&cadre).await, begin(&cadre).await);
        assert_eq!(attempt, other);
        let (a, b) = tokio::join!(hand_in(&cadre, attempt, right()), hand_in(&cadre, attempt, wrong()));
        let mut status = [a.status.as_u16(), b.status.as_u16()];
        status.sort_unstable();
        assert_eq!(status, [200, 409], "one of two different sheets counts");
    }
    let refused = cadre.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(409);
    assert!(refused.text().contains("明天再来"));
    let form = cadre.request(Method::POST, "/lessons/east/quiz").form(&[("x", "y")]);
    cadre.send(form).await.must(409);
    assert_eq!(left(cadre.get("/api/v1/lessons/east/quiz/attempts").await), 0);
    use sea_orm::{EntityTrait, PaginatorTrait};
    assert_eq!(entity::quiz_attempt::Entity::find().count(&city.db.read).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_after_the_fact_touches_nobody_who_has_begun() {
    let city = city(false).await;
    let (cadre, trainer) = (city.client("cadre").await, city.client("trainer").await);
    let attempt = begin(&cadre).await;
    let kept = trainer.get("/api/v1/lessons/east/quiz").await.must(200).json();
    let mut changed = kept.clone();
    changed["questions"][0]["answer"] = json!([0]);
    changed["questions"].as_array_mut().unwrap().pop();
    let now = put(&trainer, "east", changed.clone()).await.must(200).json();
    assert_eq!(now["questions"][0]["id"], kept["questions"][0]["id"]);
    put(&trainer, "east", changed).await.must(409);
    assert_eq!(put(&trainer, "east", now.clone()).await.must(200).json(), now, "the same twice changes nothing");
    let mut switched = now.clone();
    switched["required"] = json!(true);
    assert_eq!(put(&trainer, "east", switched).await.must(409).code(), "wrong_state");
    let judged = hand_in(&cadre, attempt, right()).await.must(200).json();
    assert_eq!((&judged["right"], &judged["total"], &judged["passed"]), (&json!(3), &json!(3), &json!(true)));
    let next = cadre.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(200).json();
    assert_eq!(next["questions"].as_array().unwrap().len(), 2);
    for bad in [
        json!([{"kind": "single", "text": "问", "choices": ["甲"], "answer": [0]}]),
        json!([{"kind": "single", "text": "问", "choices": ["甲", "乙"], "answer": [2]}]),
        json!([{"kind": "essay", "text": "问", "answer": [0]}]),
        json!([{"id": 99_999, "kind": "true_false", "text": "问", "answer": [0]}]),
        json!(vec![json!({"kind": "true_false", "text": "问", "answer": [0]}); 101]),
    ] {
        let body = json!({"version": now["version"], "questions": bad});
        assert_eq!(put(&trainer, "east", body).await.must(400).code(), "invalid_request");
    }
    assert_eq!(trainer.get("/api/v1/lessons/east/quiz").await.json(), now, "nothing is half done");
    use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
    let changes = entity::audit::Entity::find().filter(entity::audit::Column::Action.eq("lesson.quiz"));
    assert_eq!(changes.count(&city.db.read).await.unwrap(), 2, "who wrote it and who changed the key is kept");
}
