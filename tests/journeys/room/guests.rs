//! Guests are counted, described and found to be somebody.

use super::{Room, assert_sound, of_person};
use entity::{PersonId, PlaybackId};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;
use tests::City;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_matched_after_the_ledger_was_posted_and_the_match_is_reversible() {
    let city = City::start().await;
    let (roll, found, other) = (city.people["甲村韦大山"], city.people["甲村覃小梅"], city.people["乙村覃小梅"]);
    let mut room = Room::open(&city, "site", &[roll]).await;
    room.beat(0, true).await;
    let count = json!({"count": 2, "ago_ms": 0});
    for _ in 0..2 {
        let counted = room.site.send(room.site.request(reqwest::Method::PUT, &room.path("/guests/count")).json(&count));
        assert_eq!(counted.await.must(200).json()["guests"], 2);
    }
    room.pass(240).await;
    room.beat(240, true).await;
    room.close().await;
    let session = room.seen().await;
    assert!(of_person(&session, roll)["credited_ms"].as_i64().unwrap() > 230_000, "posted at once");
    let guest = session["guests"][0]["guest_id"].as_i64().unwrap();
    move_guests(&city, room.id).await;
    let site = &room.site;
    let named = json!({"name": "甲村覃小梅", "place": "木棉屯", "phone": "13800138000"});
    site.patch(&format!("/api/v1/guests/{guest}"), named).await.must(204);
    let candidates = site.get(&format!("/api/v1/guests/{guest}/candidates")).await.must(200).json();
    assert_eq!(candidates[0]["person_id"], found.0, "{candidates}");
    let join = |who: PersonId| {
        let path = format!("/api/v1/guests/{guest}/person");
        let request = site.request(reqwest::Method::PUT, &path).json(&json!({"person_id": who}));
        async move { site.send(request).await }
    };
    join(found).await.must(204);
    join(found).await.must(204);
    let credited = async |who: PersonId| of_person(&room.seen().await, who)["credited_ms"].as_i64();
    let full = credited(found).await.unwrap();
    assert!((full - 240_000).abs() < 5_000, "{full}");
    assert_eq!(join(other).await.must(404).code(), "not_found", "the site manager does not reach that village");
    let trainer = city.client("trainer").await;
    let taken = trainer.request(reqwest::Method::PUT, &format!("/api/v1/guests/{guest}/person"));
    let taken = trainer.send(taken.json(&json!({"person_id": other}))).await.must(409);
    assert_eq!(taken.code(), "wrong_state");
    let part = |reason: &str| {
        let path = format!("/api/v1/guests/{guest}/person");
        let request = site.request(reqwest::Method::DELETE, &path).json(&json!({"reason": reason}));
        async move { site.send(request).await }
    };
    assert_eq!(part(" ").await.must(400).code(), "invalid_request");
    part("认错了人").await.must(204);
    assert_eq!(credited(found).await, Some(0), "taken back by a correction");
    assert_sound(&city).await;
    let matched = trainer.request(reqwest::Method::PUT, &format!("/api/v1/guests/{guest}/person"));
    trainer.send(matched.json(&json!({"person_id": other}))).await.must(204);
    assert_eq!(credited(other).await, Some(full));
    part("还是认错了").await.must(204);
    join(found).await.must(204);
    assert_eq!((credited(found).await, credited(other).await), (Some(full), Some(0)));
    assert_sound(&city).await;
    let archive = city.client("office").await.get(&format!("/api/v1/people/{found}/archive")).await.must(200).json();
    assert!(
        archive["entries"]
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["title"].as_str().unwrap().contains("认错了人"))
    );
    for stranger in ["site-b", "trainer-b"] {
        let stranger = city.client(stranger).await;
        stranger.get(&format!("/api/v1/guests/{guest}/candidates")).await.must(404);
        stranger.get(&format!("/api/v1/sessions/{}", room.id)).await.must(404);
        stranger.post(&format!("/api/v1/sessions/{}/guests", room.id), json!({"name": "某人"})).await.must(404);
    }
}

/// Guests move into the past with their session.
async fn move_guests(city: &City, playback: i64) {
    use entity::{guest, playback};
    let row = playback::Entity::find_by_id(PlaybackId(playback)).one(&city.db.read).await.unwrap().unwrap();
    for known in guest::Entity::find().filter(guest::Column::PlaybackId.eq(playback)).all(&city.db.read).await.unwrap()
    {
        let mut known = known.into_active_model();
        known.arrived_at = Set(row.started_at);
        known.update(&city.db.write).await.unwrap();
    }
}
