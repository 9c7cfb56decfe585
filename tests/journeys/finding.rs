//! Journey 1: a cadre finds a lesson on a phone.

use entity::{LessonState, outbox};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::Value;
use std::time::{Duration, Instant};
use tests::{City, Client, PATIENCE};

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
async fn a_first_visit_of_a_phone_page_costs_under_40_kilobytes() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    for path in ["/home", "/search?q=stj", "/lessons/video", "/lessons/article", "/record"] {
        let page = compressed(&cadre, path).await;
        let html = cadre.get(path).await.must(200).text();
        let mut assets: Vec<&str> = html
            .split('"')
            .filter(|text| text.starts_with("/assets/"))
            .filter_map(|url| url.split('#').next())
            .collect();
        assets.sort_unstable();
        assets.dedup();
        assert!(assets.len() >= 2, "{path} names no assets: {assets:?}");
        let mut bytes = page;
        for asset in assets {
            bytes += compressed(&cadre, asset).await;
        }
        assert!(bytes < 40_000, "{path} costs {bytes} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_words_go_out_as_they_are() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let few = cadre.get_with("/api/v1/me", "Accept-Encoding", "gzip, zstd").await.must(200);
    assert_eq!((few.header("content-encoding"), few.header("vary")), ("", "accept-encoding"));
    assert_eq!(few.header("content-length"), few.body.len().to_string());
    let page = cadre.get_with("/home", "Accept-Encoding", "gzip").await.must(200);
    assert_eq!(page.header("content-encoding"), "gzip");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_compressed_already_goes_out_as_it_is_and_says_how_long_it_is() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let ask = async |path: &str| trainer.get_with(path, "Accept-Encoding", "gzip, zstd").await.must(200);
    for path in ["/api/v1/reports/hours.xlsx", "/studio/import/template.xlsx"] {
        let book = ask(path).await;
        assert_eq!((book.header("content-encoding"), &book.body[..2]), ("", b"PK".as_slice()), "{path}");
        assert_eq!(book.header("content-length"), book.body.len().to_string(), "{path}");
    }
    let admin = city.client("city-admin").await;
    let zip = admin.get_with("/studio/courses/1/package.zip", "Accept-Encoding", "gzip, zstd").await.must(200);
    assert_eq!((zip.header("content-encoding"), &zip.body[..2]), ("", b"PK".as_slice()));
    assert_eq!(ask("/api/v1/reports/hours.csv").await.header("content-encoding"), "zstd");
}

/// The bytes of a body as they travel.
async fn compressed(client: &Client, path: &str) -> usize {
    let answer = client.get_with(path, "Accept-Encoding", "gzip").await.must(200);
    assert!(answer.header("content-encoding") == "gzip" || answer.body.len() < 600, "{path}");
    answer.body.len()
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
    let look = cadre.request(reqwest::Method::POST, "/notices").form(&[("id", told[0]["id"].to_string())]);
    assert_eq!(cadre.send(look).await.must(303).header("location"), format!("/lessons/{}", city.lesson("video")));
    assert_eq!(other.get("/api/v1/notices").await.json()["notices"], serde_json::json!([]));
    assert_eq!(answer(city.lesson("video")).await.must(200).json()["told"], 0, "nobody is told twice");
    let foreign =
        serde_json::json!({"query": "沙糖桔环割", "lesson_id": city.lesson("video"), "unit_id": city.units["西山县"]});
    trainer.post("/api/v1/searches/answers", foreign).await.must(400);
    let page = trainer.get("/studio/searches/answer?wish=%E6%B2%99%E7%B3%96%E6%A9%98").await.must(200).text();
    assert!(page.contains("用这一课答复") && page.contains("沙糖桔修剪与保花保果"));
}
