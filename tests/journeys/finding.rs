//! Journey 1: a cadre finds a lesson on a phone, by words and letters, filters and pages, and only what is for them.

use entity::{LessonState, outbox};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::Value;
use std::time::{Duration, Instant};
use tests::{City, Client, PATIENCE};

mod sizes;
mod weight;
mod wishes;

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn found(client: &Client, query: &str) -> Vec<String> {
    let answer = client.get(&format!("/api/v1/search?q={}", percent(query))).await.must(200).json();
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["slug"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_found_by_words_pinyin_initials_dialect_and_traditional_script() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    for query in ["沙糖桔修剪", "砂糖橘", "shatangju", "stj", "沙糖桔保花", "修剪"] {
        assert_eq!(found(&cadre, query).await.first().map(String::as_str), Some("video"), "{query}");
    }
    for query in ["番薯", "紅薯儲藏", "hongshu"] {
        assert_eq!(found(&cadre, query).await.first().map(String::as_str), Some("article"), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_says_what_the_contract_promises() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let answer = cadre.get(&format!("/api/v1/search?q={}", percent("沙糖桔"))).await.must(200).json();
    assert!(answer["total"].as_i64().unwrap() >= 1 && answer["page"] == 1 && answer["took_ms"].is_number());
    assert!(answer["facets"].is_object() || answer["facets"].is_array());
    let hit = &answer["hits"][0];
    assert_eq!(hit["lesson_id"], city.lesson("video"));
    assert_eq!((&hit["duration_ms"], &hit["size_bytes"]), (&Value::from(600_000), &Value::from(300_000)));
    for name in ["slug", "course_id", "title", "snippet", "category", "published"] {
        assert!(!hit[name].is_null(), "{name} is missing in {hit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_countys_lessons_and_drafts_are_never_found() {
    let city = City::start().await;
    assert!(found(&city.client("cadre").await, "调解员工作手册").await.contains(&"east".to_owned()));
    assert!(!found(&city.client("cadre-b").await, "东江县调解员工作手册").await.contains(&"east".to_owned()));
    assert!(!found(&city.client("cadre").await, "未发布的草稿课程").await.contains(&"draft".to_owned()));
    city.client("cadre-b").await.get(&format!("/api/v1/lessons/{}", city.lesson("east"))).await.must(404);
    city.client("cadre").await.get("/api/v1/lessons/draft").await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_lesson_is_gone_from_search() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    assert!(found(&cadre, "红薯储藏").await.contains(&"article".to_owned()));
    let id = entity::LessonId(city.lesson("article"));
    let mut row = entity::lesson::Entity::find_by_id(id).one(&city.db.read).await.unwrap().unwrap().into_active_model();
    row.state = Set(LessonState::Withdrawn);
    row.update(&city.db.write).await.unwrap();
    outbox::ActiveModel { lesson_id: Set(id), at: Set(entity::Moment::now()), ..Default::default() }
        .insert(&city.db.write)
        .await
        .unwrap();
    let began = Instant::now();
    while found(&cadre, "红薯储藏").await.contains(&"article".to_owned()) {
        assert!(began.elapsed() < PATIENCE, "still found");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn suggestions_come_for_han_pinyin_and_initials() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    for query in ["沙糖", "shatang", "stj"] {
        let answer = cadre.get(&format!("/api/v1/suggest?q={}", percent(query))).await.must(200);
        assert!(answer.text().contains("沙糖桔"), "{query}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn search_survives_what_people_and_attackers_type() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let long = "沙".repeat(3_000);
    for query in [
        "\"'<>&;--",
        "\u{202e}沙糖桔",
        "🍊🍊🍊",
        "a* OR b:c^9 (",
        "%00",
        "\u{0}\u{1}",
        &long,
        " ",
        "AND",
        "修剪 ".repeat(500).as_str(),
    ] {
        let answer = cadre.get(&format!("/api/v1/search?q={}", percent(query))).await;
        assert!(matches!(answer.status.as_u16(), 200 | 400 | 414 | 431), "{} for {:.20}", answer.status, query);
    }
    for bad in ["page=0", "page=-1", "size=100000", "size=x", "sort=nonsense", "category=nonsense"] {
        let answer = cadre.get(&format!("/api/v1/search?q=a&{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
        assert_eq!(answer.code(), "invalid_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_with_a_value_that_is_none_is_refused_in_chinese() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    for bad in
        ["length=long", "captions=maybe", "size_band=tiny", "level=x", "category=law,x", "cursor=x", "cursor=AQID"]
    {
        let answer = cadre.get(&format!("/api/v1/search?{bad}")).await.must(400).json();
        assert_eq!(answer["code"], "invalid_request", "{bad}");
        assert!(!answer["message"].as_str().unwrap().is_ascii(), "{bad}: {answer}");
    }
    let many = cadre.get("/api/v1/search?category=agriculture,law&length=upto5,5to15&captions=false").await.must(200);
    assert!(many.json()["total"].as_i64().unwrap() >= 2, "{}", many.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_count_what_each_value_would_leave() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let answer = cadre.get("/api/v1/search?size_band=none").await.must(200).json();
    for facet in ["category", "crop", "level", "language", "length", "captions", "size_band"] {
        for value in answer["facets"][facet].as_array().unwrap() {
            let name = percent(value["value"].as_str().unwrap());
            let others = if facet == "size_band" { "" } else { "size_band=none&" };
            let narrowed = cadre.get(&format!("/api/v1/search?{others}{facet}={name}")).await.must(200).json();
            assert_eq!(narrowed["total"], value["count"], "{facet} {value}");
        }
    }
    assert!(answer["facets"]["size_band"].as_array().unwrap().len() > 1, "counted without its own filter: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_leads_through_every_hit_once() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let total = cadre.get("/api/v1/search").await.must(200).json()["total"].as_u64().unwrap();
    let (mut seen, mut address) = (Vec::new(), "/api/v1/search?size=1".to_owned());
    for page in 1.. {
        let answer = cadre.get(&address).await.must(200).json();
        assert_eq!(answer["page"], page);
        seen.push(answer["hits"][0]["lesson_id"].as_i64().unwrap());
        match answer["next_cursor"].as_str() {
            Some(cursor) => address = format!("/api/v1/search?size=1&cursor={cursor}"),
            None => break,
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len() as u64, total);
}
