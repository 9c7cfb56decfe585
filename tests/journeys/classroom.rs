//! Journey 2: a village classroom plays a lesson to a room, and each person present gets their own minutes.

use serde_json::json;
use tests::City;

#[tokio::test(flavor = "multi_thread")]
async fn each_person_in_the_room_is_credited_for_their_own_minutes() {
    let city = City::start().await;
    let site = city.client("site").await;
    let (early, late, leaver) = (city.people["甲村韦大山"], city.people["甲村覃小梅"], city.people["甲村黄志强"]);
    let roster = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [early, leaver]});
    let begun = site.post("/api/v1/playback", roster).await.must(200).json();
    let id = begun["session_id"].as_i64().unwrap();
    assert!(begun["media_url"].as_str().unwrap().starts_with("/media/"));
    let attend = |person: entity::PersonId, action: &'static str| {
        let (site, path) = (site.clone(), format!("/api/v1/playback/{id}/attendance"));
        async move { site.post(&path, json!({"person_id": person, "action": action})).await.must(200) }
    };
    site.beat(id, 1, 0, true).await.must(200);
    pass(&city, id, 120_000).await;
    site.beat(id, 2, 120_000, true).await.must(200);
    attend(late, "arrive").await;
    pass(&city, id, 120_000).await;
    site.beat(id, 3, 240_000, true).await.must(200);
    attend(leaver, "leave").await;
    pass(&city, id, 180_000).await;
    site.beat(id, 4, 420_000, true).await.must(200);
    let end = site.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200).json();
    assert_eq!((&end["credited_ms"], &end["claimed_ms"]), (&json!(420_000), &json!(420_000)));
    let again = site.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200).json();
    assert_eq!(end["credited_ms"], again["credited_ms"]);
    let office = city.client("office").await;
    for (person, minutes) in [(early, 7), (late, 5), (leaver, 4)] {
        let record = office.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
        let entry = &record["entries"][0];
        let credited = entry["credited_ms"].as_i64().unwrap();
        assert!((credited - minutes * 60_000).abs() < 5_000, "{minutes} min, not {credited} ms");
        let reasons: i64 = entry["reasons"].as_object().unwrap().values().map(|ms| ms.as_i64().unwrap()).sum();
        assert_eq!(credited + reasons, entry["claimed_ms"].as_i64().unwrap());
    }
}

/// Everything about the session that has a time moves into the past.
pub async fn pass(city: &City, playback: i64, ms: i64) {
    use entity::presence::{Column, Entity};
    use sea_orm::sea_query::{Expr, ExprTrait};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    city.let_pass(playback, ms).await;
    for column in [Column::ArrivedAt, Column::LeftAt] {
        let earlier = Expr::col(column).sub(ms);
        Entity::update_many()
            .col_expr(column, earlier)
            .filter(Column::PlaybackId.eq(playback))
            .exec(&city.db.write)
            .await
            .unwrap();
    }
    use entity::beat;
    for column in [beat::Column::WallFrom, beat::Column::WallTo] {
        beat::Entity::update_many()
            .col_expr(column, Expr::col(column).sub(ms))
            .filter(beat::Column::PlaybackId.eq(playback))
            .exec(&city.db.write)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_takes_only_people_of_its_own_reach() {
    let city = City::start().await;
    let site = city.client("site").await;
    let stranger = city.people["丙村韦大山"];
    let roster = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [stranger]});
    site.post("/api/v1/playback", roster).await.must(404);
    let own = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": []});
    let id = site.post("/api/v1/playback", own).await.must(200).json()["session_id"].as_i64().unwrap();
    let arrive = json!({"person_id": stranger, "action": "arrive"});
    site.post(&format!("/api/v1/playback/{id}/attendance"), arrive).await.must(404);
}
