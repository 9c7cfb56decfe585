#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use crate::ledger::post_closed;
use crate::testing::{City, LESSON, OFFICE, START, VILLAGE, at, day, watched};
use entity::{Day, Scope};
use proptest::prelude::*;

const SHA256: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

async fn evidence(city: &City) {
    let row = media::ActiveModel {
        sha256: Set(SHA256.to_owned()),
        size_bytes: Set(10),
        mime: Set("image/jpeg".to_owned()),
        filename: Set("合影.jpg".to_owned()),
        duration_ms: Set(None),
        width: Set(None),
        height: Set(None),
        codecs: Set(None),
        faststart: Set(None),
        unit_id: Set(VILLAGE),
        uploaded_by: Set(None),
        created_at: Set(START),
    };
    row.insert(&city.db).await.unwrap();
}

fn mark_of(points: i64) -> NewMark<'static> {
    let (unit_id, year) = (VILLAGE, START.year());
    NewMark { unit_id, year, item: "practice", points, reason: "带动十户种沃柑", evidence_sha256: SHA256 }
}

async fn village(city: &City, today: Day) -> Rating {
    let scope = Scope::of(["/1/2/".to_owned()]);
    ratings(&city.db, &scope, START.year(), today).await.unwrap().remove(0)
}

#[tokio::test]
async fn points_rest_on_the_sessions_people_and_months_of_the_village() {
    let city = City::with_people(2).await;
    for number in 0..4 {
        let beats = [watched((0, 600), (0, 600))];
        let id = city.room(LESSON, at(number * 86_400), &beats, &[(1, 0, None)]).await;
        entity::playback::Entity::update_many()
            .set(entity::playback::ActiveModel { credited_ms: Set(600_000), ..Default::default() })
            .filter(entity::playback::Column::Id.eq(id))
            .exec(&city.db)
            .await
            .unwrap();
    }
    post_closed(&city.db, at(600_000)).await.unwrap();
    let rating = village(&city, day("2025-12-31")).await;
    let of = |id: &str| rating.items.iter().find(|rated| rated.item.id == id).unwrap();
    // Four sessions on 27 to 30 November: one month of twelve, three of the thirty-six that a year should have.
    assert_eq!(of("running").points, Some(Hundredths(20_00 / 12)));
    assert_eq!(of("sessions").points, Some(Hundredths(20_00 * 3 / 36)));
    assert_eq!(of("sessions").sessions.len(), 4);
    assert!(of("sessions").basis.contains("集体学习 4 场") && of("sessions").basis.contains("11月27日第"));
    // One of two people studied: 50 of the 80 percent that earn all twenty points.
    assert_eq!(of("participation").points, Some(Hundredths(12_50)));
    assert_eq!(of("standing").points, Some(Hundredths(0)));
    assert_eq!(of("practice").points, None);
    assert_eq!(rating.points, Hundredths(166 + 166 + 12_50));
    assert_eq!(rating.stars, 0);
}

#[tokio::test]
async fn a_mark_needs_evidence_and_the_newest_counts_while_the_earlier_stays() {
    let city = City::with_people(1).await;
    let missing = mark(&city.db, mark_of(8), OFFICE, START).await;
    assert!(matches!(missing, Err(Error::BadMark("evidence"))));
    evidence(&city).await;
    for (wrong, field) in [
        (NewMark { points: 11, ..mark_of(8) }, "points"),
        (NewMark { points: -1, ..mark_of(8) }, "points"),
        (NewMark { reason: "  ", ..mark_of(8) }, "reason"),
        (NewMark { item: "sessions", ..mark_of(8) }, "item"),
    ] {
        let refused = mark(&city.db, wrong, OFFICE, START).await;
        assert!(matches!(refused, Err(Error::BadMark(said)) if said == field), "{field}");
    }
    let county = NewMark { unit_id: crate::testing::COUNTY, ..mark_of(8) };
    assert!(matches!(mark(&city.db, county, OFFICE, START).await, Err(Error::NoSuchUnit(_))));
    mark(&city.db, mark_of(3), OFFICE, START).await.unwrap();
    mark(&city.db, mark_of(8), OFFICE, at(60)).await.unwrap();
    let kept = marks(&city.db, VILLAGE, START.year()).await.unwrap();
    assert_eq!(kept.iter().map(|mark| mark.points).collect::<Vec<_>>(), [8, 3]);
    let rating = village(&city, day("2025-12-31")).await;
    let rated = rating.items.iter().find(|rated| rated.item.id == "practice").unwrap();
    assert_eq!(rated.points, Some(Hundredths(8_00)));
    assert!(rated.basis.contains("带动十户种沃柑") && rated.basis.contains("合影.jpg"), "{}", rated.basis);
    let lines = audit::Entity::find().filter(audit::Column::Action.eq("star.mark")).all(&city.db).await.unwrap();
    assert_eq!(lines.len(), 2);
}

#[test]
fn the_shipped_scheme_has_six_items_of_a_hundred_points_and_another_sum_is_refused() {
    let scheme = Scheme::preset().unwrap();
    assert_eq!(scheme.items.len(), 6);
    let wrong = include_str!("presets.toml").replace("points = 10", "points = 11");
    assert!(matches!(Scheme::parse(&wrong), Err(Error::BrokenRules { .. })));
}

proptest! {
    #[test]
    fn more_points_never_mean_fewer_stars(a in 0_i64..=10_000, b in 0_i64..=10_000) {
        let scheme = Scheme::preset().unwrap();
        let (less, more) = (a.min(b), a.max(b));
        prop_assert!(scheme.stars_for(Hundredths(less)) <= scheme.stars_for(Hundredths(more)));
        prop_assert!(scheme.stars_for(Hundredths(more)) <= 5);
    }
}
