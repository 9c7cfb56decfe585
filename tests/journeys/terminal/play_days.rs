//! Play days: a county sets one, and its rooms are led through the list.

use super::{open, send_form, until};
use entity::{Day, LessonId, Moment, play_day, play_day_lesson};
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait, Set};
use serde_json::{Value, json};
use tests::City;
use tests::terminal::paired;

/// A play day of a unit on every date, at this minute of the day, in force since long ago.
pub async fn every_day(city: &City, unit: &str, at_minute: i32, lessons: &[&str]) -> i64 {
    let days = (1..=31).map(|date| date.to_string()).collect::<Vec<_>>().join(",");
    let row = play_day::ActiveModel {
        unit_id: Set(city.units[unit]),
        title: Set(format!("{unit}夜校")),
        days: Set(days),
        at_minute: Set(at_minute),
        valid_from: Set(Day::from_ymd_opt(2026, 1, 1).unwrap()),
        ended_on: Set(None),
        created_by: Set(None),
        created_at: Set(Moment(0)),
        ..Default::default()
    };
    let id = row.insert(&city.db.write).await.unwrap().id;
    for (position, slug) in (1..).zip(lessons) {
        let row = play_day_lesson::ActiveModel {
            play_day_id: Set(id),
            position: Set(position),
            lesson_id: Set(LessonId(city.lesson(slug))),
        };
        row.insert(&city.db.write).await.unwrap();
    }
    id.0
}

fn tomorrow() -> String {
    Moment::now().day().succ_opt().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_sets_a_play_day_and_its_rooms_alone_play_it() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let county = city.units["东江县"];
    let body = json!({"unit_id": county, "title": "冬季夜校", "days": "逢6", "at": "19:30", "valid_from": tomorrow(),
        "lessons": [city.lesson("video"), city.lesson("east")]});
    let made = trainer.post("/api/v1/play-days", body).await.must(201).json();
    assert_eq!((&made["days"], &made["at"]), (&json!("*6"), &json!("19:30")));
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let next = terminal.get("/api/v1/schedule").await.must(200).json()["next"].clone();
    assert_eq!(next["title"], "冬季夜校");
    let day = Moment(next["at"].as_i64().unwrap()).day().to_string();
    assert!(day.contains('6') && day.ends_with(['6']), "{day}");
    assert!(open(&terminal, "/classroom").await.text().contains("今天不是播放日"));
    let (_, other) = paired(&city, "trainer-b", "丙村").await;
    assert_eq!(other.get("/api/v1/schedule").await.must(200).json()["next"], Value::Null);
    assert!(open(&other, "/classroom").await.text().contains("还没有设播放日"));
    let id = made["id"].as_i64().unwrap();
    city.client("trainer-b").await.post(&format!("/api/v1/play-days/{id}/end"), json!({})).await.must(404);
    city.client("site").await.post(&format!("/api/v1/play-days/{id}/end"), json!({})).await.must(403);
    let ended = trainer.post(&format!("/api/v1/play-days/{id}/end"), json!({})).await.must(200).json();
    assert!(ended["ended_on"].is_string());
    assert_eq!(terminal.get("/api/v1/schedule").await.must(200).json()["next"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn play_days_are_listed_of_a_unit_or_of_all_the_caller_reaches_with_those_from_above() {
    let city = City::start().await;
    for unit in ["桂岭市", "东江县", "甲村", "西山县"] {
        every_day(&city, unit, 19 * 60, &["video"]).await;
    }
    let listed = async |login: &str, query: String| {
        let answer = city.client(login).await.get(&format!("/api/v1/play-days{query}")).await.must(200).json();
        let days = answer["play_days"].as_array().unwrap().iter();
        days.map(|day| day["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let of = |unit: &str| format!("?unit={}", city.units[unit]);
    assert_eq!(listed("trainer", of("乙村")).await, ["东江县夜校", "桂岭市夜校"]);
    assert_eq!(listed("trainer", String::new()).await, ["甲村夜校", "东江县夜校", "桂岭市夜校"]);
    assert_eq!(listed("city-admin", String::new()).await.len(), 4);
    city.client("trainer").await.get(&format!("/api/v1/play-days{}", of("西山县"))).await.must(404);
    let document = city.stranger().get("/openapi.json").await.must(200).json();
    let parameters = document["paths"]["/api/v1/play-days"]["get"]["parameters"].as_array().unwrap();
    assert!(parameters.iter().any(|one| one["name"] == "unit" && one["required"] == false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_play_day_is_refused_field_by_field_and_never_beyond_reach() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let right = json!({"unit_id": city.units["东江县"], "title": "夜校", "days": "5,15,25", "at": "19:30",
        "valid_from": tomorrow(), "lessons": [city.lesson("video")]});
    for (field, value) in [
        ("title", json!("")),
        ("days", json!("32")),
        ("at", json!("7点半")),
        ("valid_from", json!("2020-01-01")),
        ("valid_from", json!("明天")),
        ("lessons", json!([])),
        ("lessons", json!([city.lesson("article")])),
        ("lessons", json!([city.lesson("draft")])),
        ("lessons", json!(vec![city.lesson("video"); 2])),
    ] {
        let mut body = right.clone();
        body[field] = value.clone();
        let refused = trainer.post("/api/v1/play-days", body).await.must(400);
        assert!(refused.json()["message"].as_str().unwrap().starts_with(field), "{value}: {}", refused.text());
    }
    let mut body = right.clone();
    for beyond in ["西山县", "桂岭市"] {
        body["unit_id"] = json!(city.units[beyond]);
        trainer.post("/api/v1/play-days", body.clone()).await.must(404);
    }
    body["lessons"] = json!([city.lesson("east")]);
    let city_admin = city.client("city-admin").await;
    let refused = city_admin.post("/api/v1/play-days", body).await.must(400);
    assert!(refused.text().contains("不是给桂岭市全部站点看的"), "{}", refused.text());
    assert_eq!(play_day::Entity::find().count(&city.db.read).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_play_day_searches_orders_and_keeps_everything() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let (county, from) = (city.units["东江县"].to_string(), tomorrow());
    let (video, east) = (city.lesson("video").to_string(), city.lesson("east").to_string());
    let post = async |days: &str, lessons: &str, q: &str, deed: &str| {
        let fields = [
            ("unit_id", county.as_str()),
            ("title", "冬闲夜校"),
            ("days", days),
            ("at", "19:30"),
            ("valid_from", from.as_str()),
            ("lessons", lessons),
            ("q", q),
            ("do", deed),
        ];
        send_form(&trainer, "/studio/play-days", &fields).await
    };
    until(async || post("x", "", "shatangju", "search").await.must(200).text().contains(&format!("add:{video}"))).await;
    let page = post("x", &east, "shatangju", &format!("add:{video}")).await.must(200).text();
    assert!(page.contains("value=\"冬闲夜校\"") && page.contains("value=\"x\"") && page.contains("已在课单"));
    assert!(page.contains(&format!("name=\"lessons\" value=\"{east},{video}\"")));
    let page = post("x", &format!("{east},{video}"), "", &format!("up:{video}")).await.must(200).text();
    assert!(page.contains(&format!("name=\"lessons\" value=\"{video},{east}\"")));
    let page = post("x", &format!("{video},{east}"), "", "save").await.must(422).text();
    assert!(page.contains("id=\"days-error\"") && page.contains("value=\"冬闲夜校\""));
    assert!(page.contains(&format!("name=\"lessons\" value=\"{video},{east}\"")));
    post("5,15,25", &format!("{video},{east}"), "", "save").await.must(303);
    let page = open(&trainer, "/studio/play-days").await.must(200).text();
    assert!(page.contains("冬闲夜校") && page.contains("每月5、15、25日") && page.contains("未到开始日"));
    let id = play_day::Entity::find().one(&city.db.read).await.unwrap().unwrap().id;
    send_form(&city.client("trainer-b").await, &format!("/studio/play-days/{id}/end"), &[]).await.must(404);
    send_form(&trainer, &format!("/studio/play-days/{id}/end"), &[]).await.must(303);
    assert!(open(&trainer, "/studio/play-days").await.must(200).text().contains("已取消"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_played_is_ticked_and_the_next_of_the_list_follows() {
    let city = City::start().await;
    every_day(&city, "东江县", 23 * 60 + 59, &["video", "east"]).await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let today = async || terminal.get("/api/v1/schedule").await.must(200).json();
    let before = today().await;
    let lessons = before["today"][0]["lessons"].as_array().unwrap();
    assert_eq!(lessons.iter().map(|one| one["slug"].as_str().unwrap()).collect::<Vec<_>>(), ["video", "east"]);
    assert_eq!((&lessons[0]["played"], &before["opens"][0]["href"]), (&json!(false), &json!("/classroom/video")));
    let roster = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [city.people["甲村覃小梅"]]});
    let id = terminal.post("/api/v1/playback", roster).await.must(200).json()["session_id"].as_i64().unwrap();
    terminal.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 400_000).await;
    terminal.beat(id, 2, 400_000, true).await.must(200);
    let during = today().await;
    assert_eq!((&during["today"][0]["lessons"][0]["played"], &during["opens"]), (&json!(false), &json!([])));
    terminal.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let after = today().await;
    assert_eq!(after["today"][0]["lessons"][0]["played"], json!(true));
    assert_ne!(before["version"], after["version"]);
    let page = open(&terminal, "/classroom").await.must(200).text();
    assert!(page.contains("今天是播放日") && page.contains("今天播过了"));
    let done = open(&terminal, &format!("/classroom/done/{id}")).await.must(200).text();
    assert!(done.contains("href=\"/classroom/east\"") && done.contains("data-upnext=\"东江县调解员工作手册\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_city_and_the_county_set_stands_side_by_side_and_a_late_list_opens_within_the_hour() {
    let city = City::start().await;
    let now = catalog::play_day::minute_now(Moment::now());
    every_day(&city, "东江县", now, &["east"]).await;
    every_day(&city, "桂岭市", now, &["video"]).await;
    let long_ago = every_day(&city, "清水镇", (now - 90).max(0), &["video"]).await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let schedule = terminal.get("/api/v1/schedule").await.must(200).json();
    let titles: Vec<&str> =
        schedule["today"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert!(titles.ends_with(&["桂岭市夜校", "东江县夜校"]) && titles.len() == 3, "{titles:?}");
    let opens: Vec<&str> =
        schedule["opens"].as_array().unwrap().iter().map(|one| one["href"].as_str().unwrap()).collect();
    assert!(opens.ends_with(&["/classroom/video", "/classroom/east"]), "{opens:?}");
    if now >= 90 {
        assert_eq!(opens.len(), 2, "play day {long_ago} is over an hour old");
    }
    let (_, other) = paired(&city, "trainer-b", "丙村").await;
    let schedule = other.get("/api/v1/schedule").await.must(200).json();
    assert_eq!(schedule["today"].as_array().unwrap().len(), 1);
}
