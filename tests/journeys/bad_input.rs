//! Bad input of every kind: the right 4xx, a stable code, a Chinese sentence, nothing half-written, never a 5xx.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, City};

/// What every refusal owes: a 4xx, a code, and a sentence in Chinese.
#[track_caller]
fn refused(answer: &Answer, what: &str) {
    assert!(answer.status.is_client_error(), "{what}: {} {}", answer.status, answer.text());
    let body = answer.json();
    assert!(body["code"].as_str().is_some_and(|code| !code.is_empty()), "{what}: {body}");
    let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(body["message"].as_str().is_some_and(chinese), "{what}: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_types_missing_fields_and_broken_text_are_refused() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let bodies: [Value; 9] = [
        json!({}),
        json!([]),
        json!("text"),
        json!({"lesson_id": "one", "mode": "solo"}),
        json!({"lesson_id": -1, "mode": "solo"}),
        json!({"lesson_id": 1, "mode": "nonsense"}),
        json!({"lesson_id": 999_999_999, "mode": "solo"}),
        json!({"lesson_id": 1e300, "mode": "solo"}),
        json!({"lesson_id": null, "mode": null}),
    ];
    for body in bodies {
        refused(&cadre.post("/api/v1/playback", body.clone()).await, &body.to_string());
    }
    for (name, bytes) in [
        ("broken JSON", b"{\"lesson_id\": ".to_vec()),
        ("broken UTF-8", b"{\"login\": \"\xff\xfe\"}".to_vec()),
        ("nothing", vec![]),
    ] {
        for path in ["/api/v1/session", "/api/v1/playback"] {
            let request =
                cadre.request(Method::POST, path).header("Content-Type", "application/json").body(bytes.clone());
            refused(&cadre.send(request).await, name);
        }
    }
    let request = cadre.request(Method::POST, "/api/v1/session").header("Content-Type", "text/plain").body("login=a");
    refused(&cadre.send(request).await, "another media type");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_body_is_refused_before_it_is_read() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let request = cadre.request(Method::POST, "/api/v1/session").header("Content-Type", "application/json");
    let answer = cadre.send(request.body(vec![b' '; 3 << 20])).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "too_large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_absurd_ids_are_not_found() {
    let city = City::start().await;
    let admin = city.client("city-admin").await;
    for id in ["0", "-1", "999999999", "9223372036854775808", "abc", "1%20OR%201=1", "%F0%9F%8D%8A", "1;--", "%2F"] {
        for path in ["/api/v1/lessons/", "/api/v1/courses/", "/api/v1/units/", "/api/v1/uploads/", "/media/"] {
            let answer = admin.get(&format!("{path}{id}")).await;
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{path}{id}: {}", answer.status);
            refused(&answer, path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_was_seen_is_named_by_a_number_from_one_on() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    for id in [json!(0), json!(-1), json!("1")] {
        refused(&cadre.post("/api/v1/notices/seen", json!({"id": id})).await, &id.to_string());
    }
    cadre.post("/api/v1/notices/seen", json!({"id": 1})).await.must(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beat_out_of_every_bound_is_refused_or_worth_nothing() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    for beat in [
        json!({"seq": 0, "position_ms": 0, "playing": true, "rate": 1.0}),
        json!({"seq": -5, "position_ms": 0, "playing": true, "rate": 1.0}),
        json!({"seq": 1, "position_ms": -1, "playing": true, "rate": 1.0}),
        json!({"seq": 1, "position_ms": 0, "playing": true, "rate": 0}),
        json!({"seq": 1, "position_ms": 0, "playing": true, "rate": 1e9}),
        json!({"seq": 1, "position_ms": 0, "playing": "yes", "rate": 1.0}),
        json!({"seq": 1.5, "position_ms": 0, "playing": true, "rate": 1.0}),
        json!({"seq": u64::MAX, "position_ms": 0, "playing": true, "rate": 1.0}),
    ] {
        refused(&cadre.post(&format!("/api/v1/playback/{id}/beat"), beat.clone()).await, &beat.to_string());
    }
    let far = json!({"seq": i32::MAX, "position_ms": i64::MAX, "playing": true, "rate": 1.0});
    let answer = cadre.post(&format!("/api/v1/playback/{id}/beat"), far).await;
    assert!(answer.status.as_u16() < 500, "{}", answer.text());
    let totals = cadre.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200).json();
    assert!(totals["credited_ms"].as_i64().unwrap() < 5_000, "{totals}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_with_bad_dates_units_and_kinds_are_refused() {
    let city = City::start().await;
    let office = city.client("office").await;
    let unit = city.units["东江县"];
    for path in [
        format!("hours.json?unit={unit}&year=abc"),
        format!("hours.json?unit={unit}&from=2026-13-01&to=2026-12-31"),
        format!("hours.json?unit={unit}&from=2026-12-31&to=2026-01-01"),
        "hours.json?unit=999999&year=2026".into(),
        "hours.json?unit=x&year=2026".into(),
        format!("hours.pdf?unit={unit}&year=2026"),
        format!("nonsense.csv?unit={unit}&year=2026"),
        format!("hours.json?unit={}&year=2026", city.units["西山县"]),
    ] {
        refused(&office.get(&format!("/api/v1/reports/{path}")).await, &path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_with_bad_fields_is_refused_whole() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let course = json!({"title": "罗汉果", "summary": "", "category": "agriculture"});
    let course = trainer.post("/api/v1/courses", course).await.must(201).json()["id"].clone();
    let good = json!({
        "title": "标题", "summary": "摘要", "body": "正文", "category": "agriculture", "level": "entry", "language": "普通话",
        "lecturer": "韦国胜", "source": "本县", "course_id": course,
    });
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("长".repeat(101))),
        ("category", json!("nonsense")),
        ("level", json!(7)),
        ("body", json!("长".repeat(300_000))),
        ("course_id", json!(999_999)),
        ("media_sha256", json!("nonsense")),
        ("media_sha256", json!("0".repeat(64))),
        ("valid_until", json!("2026-02-30")),
        ("tags", json!((0..50).map(|number| format!("标签{number}")).collect::<Vec<_>>())),
        ("audience_unit_id", json!(city.units["西山县"])),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        refused(&trainer.post("/api/v1/lessons", bad).await, field);
    }
    let quotes = json!("=1+1\"'<script>alert(1)</script>");
    let mut odd = good.clone();
    odd["title"] = quotes.clone();
    let kept = trainer.post("/api/v1/lessons", odd).await.must(201).json();
    assert_eq!(kept["title"], quotes);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_upload_headers_are_refused() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    for headers in [
        vec![("Tus-Resumable", "1.0.0")],
        vec![("Tus-Resumable", "1.0.0"), ("Upload-Length", "-1")],
        vec![("Tus-Resumable", "1.0.0"), ("Upload-Length", "99999999999999999999")],
        vec![("Tus-Resumable", "1.0.0"), ("Upload-Length", "999999999999999")],
        vec![("Tus-Resumable", "9.9"), ("Upload-Length", "5")],
        vec![("Tus-Resumable", "1.0.0"), ("Upload-Length", "5"), ("Upload-Metadata", "filename !!!notbase64")],
    ] {
        let request = headers
            .iter()
            .fold(trainer.request(Method::POST, "/uploads"), |request, (name, value)| request.header(*name, *value));
        let answer = trainer.send(request).await;
        assert!(answer.status.is_client_error(), "{headers:?}: {}", answer.status);
    }
}
