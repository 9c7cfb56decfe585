//! What was looked for and not found: it reaches the county's trainers, and their answer whoever asked.

use super::{found, percent};
use sea_orm::EntityTrait;
use serde_json::Value;
use std::time::{Duration, Instant};
use tests::{City, Client, PATIENCE};

/// What the caller's counties searched for, once it is written.
async fn wishes(client: &Client, query: &str, until: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let answer = client.get(&format!("/api/v1/searches?{query}")).await.must(200).json();
        if until(&answer) || began.elapsed() > PATIENCE {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_found_reaches_the_countys_trainers_without_the_person() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    for query in ["火龙果", "huolongguo", "火龙果"] {
        found(&cadre, query).await;
    }
    found(&city.learner(1).await, "火龍果").await;
    found(&cadre, "13807731234").await;
    let form = [("q", "火龙果")];
    let wish = cadre.send(cadre.request(reqwest::Method::POST, "/search").form(&form)).await.must(303);
    assert!(wish.header("location").ends_with("told=1"));
    let trainer = city.client("trainer").await;
    let asked = |answer: &Value| answer["searches"][0]["asked"].as_i64() == Some(3);
    let answer = wishes(&trainer, "tier=none,weak", asked).await;
    let first = &answer["searches"][0];
    assert_eq!(
        (&first["meaning"], &first["query"], &first["asked"]),
        (&"huolongguo".into(), &"火龙果".into(), &3.into()),
        "{answer}"
    );
    assert!(!answer.to_string().contains("1380773"), "{answer}");
    let kept = entity::search_count::Entity::find().all(&city.db.read).await.unwrap();
    assert!(kept.iter().all(|row| row.unit_id == city.units["东江县"]), "only the county is kept");
    let foreign = city.client("trainer-b").await;
    assert_eq!(wishes(&foreign, "", |_| true).await["total"], 0);
    foreign.get(&format!("/api/v1/searches?unit={}", city.units["东江县"])).await.must(404);
    cadre.get("/api/v1/searches").await.must(403);
    for bad in ["tier=x", "from=today", "sort=x", "format=pdf", "page=0"] {
        assert_eq!(trainer.get(&format!("/api/v1/searches?{bad}")).await.must(400).code(), "invalid_request", "{bad}");
    }
    let file = trainer.get("/api/v1/searches?format=csv").await.must(200);
    assert!(file.text().starts_with('\u{feff}') && file.text().contains("\"火龙果\""), "{}", file.text());
    let page = trainer.get("/studio/searches").await.must(200).text();
    assert!(page.contains("火龙果") && page.contains("/studio/lessons/new?title=%E7%81%AB"), "{page}");
    let new = trainer.get("/studio/lessons/new?title=%E7%81%AB%E9%BE%99%E6%9E%9C").await.must(200).text();
    assert!(new.contains("value=\"火龙果\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_found_nothing_says_what_to_do() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let page = cadre.get(&format!("/search?q={}", percent("骆驼&<b>"))).await.must(200).text();
    assert!(page.contains("告诉县里想学这个") && page.contains("/search?category=agriculture"), "{page}");
    assert!(!page.contains("骆驼&<b>") && page.contains("骆驼&#38;&#60;b&#62;"), "{page}");
    let narrowed = cadre.get(&format!("/search?q={}&level=expert", percent("红薯"))).await.must(200).text();
    assert!(narrowed.contains("去掉筛选再找"), "{narrowed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_for_a_lesson_is_told_when_a_trainer_answers_with_one() {
    let city = City::start().await;
    let (trainer, cadre, other) =
        (city.client("trainer").await, city.client("cadre").await, city.client("cadre-b").await);
    let wish = async |client: &tests::Client, q: &str| {
        let form = client.request(reqwest::Method::POST, "/search").form(&[("q", q)]);
        client.send(form).await.must(303);
    };
    wish(&cadre, "沙糖橘环割").await;
    wish(&cadre, "shatangjuhuange").await;
    wish(&other, "沙糖桔环割").await;
    let answer = |lesson: i64| {
        trainer.post("/api/v1/searches/answers", serde_json::json!({"query": "砂糖桔环割", "lesson_id": lesson}))
    };
    answer(city.lesson("draft")).await.must(400);
    assert_eq!(answer(city.lesson("video")).await.must(200).json()["told"], 1, "one person of this county, once");
    let told = cadre.get("/api/v1/notices").await.must(200).json()["notices"].clone();
    assert_eq!(told[0]["text"], "您想学的“shatangjuhuange”有课了：《沙糖桔修剪与保花保果》");
    assert!(cadre.get("/home").await.must(200).text().contains("有课了"));
    let look = |id: String| cadre.request(reqwest::Method::POST, "/notices").form(&[("id", id)]);
    cadre.send(look("9".repeat(40))).await.must(404);
    assert_eq!(cadre.get("/api/v1/notices").await.json()["total"], 1, "no number of a notice is not all of them");
    assert_eq!(
        cadre.send(look(told[0]["id"].to_string())).await.must(303).header("location"),
        format!("/lessons/{}", city.lesson("video"))
    );
    assert_eq!(other.get("/api/v1/notices").await.json()["notices"], serde_json::json!([]));
    assert_eq!(answer(city.lesson("video")).await.must(200).json()["told"], 0, "nobody is told twice");
    let foreign =
        serde_json::json!({"query": "沙糖桔环割", "lesson_id": city.lesson("video"), "unit_id": city.units["西山县"]});
    trainer.post("/api/v1/searches/answers", foreign).await.must(400);
    let page = trainer.get("/studio/searches/answer?wish=%E6%B2%99%E7%B3%96%E6%A9%98").await.must(200).text();
    assert!(page.contains("用这一课答复") && page.contains("沙糖桔修剪与保花保果"));
}
