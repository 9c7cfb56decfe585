//! Attackers get nothing: whatever a script sends, nobody earns more than an honest viewer does in the same time.
//!
//! "Time" is the server's: a test moves a session into the past (`City::let_pass`) instead of waiting.

use serde_json::{Value, json};
use tests::{Answer, City, Client};

/// Credited so far by what the server answers, after checking that every claim is explained.
fn credited(totals: &Value) -> i64 {
    let reasons: i64 = totals["reasons"].as_object().unwrap().values().map(|ms| ms.as_i64().unwrap()).sum();
    assert_eq!(totals["credited_ms"].as_i64().unwrap() + reasons, totals["claimed_ms"].as_i64().unwrap(), "{totals}");
    totals["credited_ms"].as_i64().unwrap()
}

async fn dated(client: &Client, id: i64, beats: &[(i64, i64, i64)]) -> Answer {
    let beats: Vec<_> = beats
        .iter()
        .map(|(seq, position_ms, ago_ms)| {
            json!({"seq": seq, "position_ms": position_ms, "playing": true, "rate": 1.0, "ago_ms": ago_ms})
        })
        .collect();
    client.post(&format!("/api/v1/playback/{id}/beats"), json!({"beats": beats})).await
}

/// What the archive holds of this person, over all entries.
async fn archived(client: &Client) -> i64 {
    let me = client.get("/api/v1/me").await.must(200).json()["person_id"].as_i64().unwrap();
    let record = client.get(&format!("/api/v1/people/{me}/archive")).await.must(200).json();
    record["entries"].as_array().unwrap().iter().map(|entry| entry["credited_ms"].as_i64().unwrap()).sum()
}

async fn close(client: &Client, id: i64) -> Value {
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn beats_faster_than_time_earn_the_time_that_passed() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let began = std::time::Instant::now();
    let id = cadre.play(city.lesson("video")).await;
    let mut last = Value::Null;
    for seq in 1..=300 {
        last = cadre.beat(id, seq, seq * 2_000, true).await.must(200).json();
        credited(&last);
    }
    let passed = i64::try_from(began.elapsed().as_millis()).unwrap() + 1_000;
    assert!(credited(&last) <= passed, "{last} in {passed} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn beats_said_to_have_waited_earn_no_more_than_has_passed_since_the_session_began() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let began = std::time::Instant::now();
    let id = cadre.play(city.lesson("video")).await;
    city.let_pass(id, 60_000).await;
    let most = || 62_000 + i64::try_from(began.elapsed().as_millis()).unwrap();
    let forged: Vec<_> = (1..=40).map(|seq| (seq, seq * 15_000, (40 - seq) * 15_000)).collect();
    let totals = dated(&cadre, id, &forged).await.must(200).json();
    assert!(credited(&totals) <= most(), "{totals}");
    for ago_ms in [-5_000, 86_400_000, i64::MAX, i64::MIN] {
        let lost = dated(&cadre, id, &[(41, 600_000, ago_ms)]).await.must(200).json();
        assert!(credited(&lost) <= most(), "{lost}");
    }
    close(&cadre, id).await;
    assert!(archived(&cadre).await <= most());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_viewer_without_a_line_gets_every_minute() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 540_000).await;
    let gathered: Vec<_> = (2..=10).map(|seq| (seq, (seq - 1) * 60_000, (10 - seq) * 60_000)).collect();
    let totals = dated(&cadre, id, &gathered).await.must(200).json();
    assert_eq!((credited(&totals), &totals["claimed_ms"]), (540_000, &json!(540_000)));
    let again = dated(&cadre, id, &gathered).await.must(200).json();
    assert_eq!(again, totals);
    close(&cadre, id).await;
    assert_eq!(archived(&cadre).await, 540_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_to_the_end_and_edited_numbers_earn_nothing() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    let jumped = cadre.beat(id, 2, 600_000, true).await.must(200).json();
    assert!(credited(&jumped) < 2_000, "{jumped}");
    let highest = cadre.beat(id, i64::from(i32::MAX), 600_000, true).await.must(200).json();
    assert!(credited(&highest) < 3_000, "{highest}");
    for seq in [0, -1, i64::from(i32::MAX) + 1, i64::MAX] {
        cadre.beat(id, seq, 1_000, true).await.must(400);
    }
    let passed = cadre.beat(id, 3, 300_000, true).await.must(200).json();
    assert_eq!(passed, highest, "a number that was passed changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_for_another_session_than_their_own() {
    let city = City::start().await;
    let (cadre, other, far) = (city.client("cadre").await, city.learner(1).await, city.client("cadre-b").await);
    let id = cadre.play(city.lesson("video")).await;
    for stranger in [&other, &far] {
        stranger.beat(id, 1, 15_000, true).await.must(404);
        dated(stranger, id, &[(1, 15_000, 0)]).await.must(404);
        stranger.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(404);
    }
    let arrive = json!({"person_id": city.people["甲村韦大山"], "action": "arrive"});
    cadre.post(&format!("/api/v1/playback/{id}/attendance"), arrive).await.must(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_at_once_earn_what_one_does() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let mut sessions = Vec::new();
    for _ in 0..50 {
        sessions.push(cadre.play(city.lesson("video")).await);
    }
    for id in &sessions {
        cadre.beat(*id, 1, 0, true).await.must(200);
    }
    for id in &sessions {
        city.let_pass(*id, 300_000).await;
    }
    for id in &sessions {
        credited(&cadre.beat(*id, 2, 300_000, true).await.must(200).json());
    }
    for id in &sessions {
        close(&cadre, *id).await;
    }
    let sum = archived(&cadre).await;
    assert!((299_000..=303_000).contains(&sum), "{sum} ms for five minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn lessons_that_are_not_for_somebody_cannot_be_claimed() {
    let city = City::start().await;
    let far = city.client("cadre-b").await;
    for (slug, status) in [("east", 404), ("draft", 404)] {
        let body = json!({"lesson_id": city.lesson(slug), "mode": "solo"});
        far.post("/api/v1/playback", body).await.must(status);
    }
    far.post("/api/v1/playback", json!({"lesson_id": 999_999, "mode": "solo"})).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_session_takes_nothing_more_however_it_is_dated() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    cadre.beat(id, 2, 300_000, true).await.must(200);
    let end = close(&cadre, id).await;
    city.let_pass(id, 300_000).await;
    let late = dated(&cadre, id, &[(3, 450_000, 100_000), (4, 600_000, 0)]).await.must(200).json();
    assert_eq!((&late["credited_ms"], &late["closed"]), (&end["credited_ms"], &json!(true)));
    assert_eq!(archived(&cadre).await, 300_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_or_senseless_beats_are_refused_whole() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    let many: Vec<_> = (1..=501).map(|seq| (seq, seq * 1_000, 0)).collect();
    assert_eq!(dated(&cadre, id, &many).await.must(400).json()["code"], "invalid_request");
    let one_bad = json!({"beats": [
        {"seq": 1, "position_ms": 1_000, "playing": true}, {"seq": 2, "position_ms": -1, "playing": true},
    ]});
    cadre.post(&format!("/api/v1/playback/{id}/beats"), one_bad).await.must(400);
    let untouched = dated(&cadre, id, &[]).await.must(200).json();
    assert_eq!(untouched["claimed_ms"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_nobody_touches_stops_counting() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let body = json!({"lesson_id": city.lesson("film"), "mode": "solo"});
    let begun = cadre.post("/api/v1/playback", body).await.must(200).json();
    assert_eq!((&begun["idle_after_s"], &begun["most_rate"]), (&json!(1_200), &json!(1.5)));
    let began = std::time::Instant::now();
    let article = json!({"lesson_id": city.lesson("article"), "mode": "solo"});
    let id = cadre.post("/api/v1/playback", article).await.must(200).json()["session_id"].as_i64().unwrap();
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    let left_open = cadre.beat(id, 2, 300_000, true).await.must(200).json();
    let idle = left_open["reasons"]["IDLE"].as_i64().unwrap();
    let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap();
    assert!((179_000 - took_ms..=181_000).contains(&credited(&left_open)), "{left_open}");
    assert_eq!(credited(&left_open) + idle, 300_000, "{left_open}");
}
