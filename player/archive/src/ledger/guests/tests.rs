#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use crate::ledger::{begin, post_playback};
use crate::testing::{City, LESSON, OFFICE, START, VILLAGE, at, watched};
use crate::verify;
use entity::Source;

async fn give(city: &City, guest: &guest::Model, who: i64) -> Vec<i64> {
    let txn = begin(&city.db).await.unwrap();
    let rows = credit(&txn, (guest, PersonId(who)), OFFICE, at(90_000)).await.unwrap();
    txn.commit().await.unwrap();
    rows.iter().map(|row| row.credited_ms / 1000).collect()
}

async fn take(city: &City, guest: &guest::Model, who: i64) -> Vec<i64> {
    let txn = begin(&city.db).await.unwrap();
    let rows = withdraw(&txn, (guest, PersonId(who)), "认错了人", OFFICE, at(91_000)).await.unwrap();
    txn.commit().await.unwrap();
    assert!(rows.iter().all(|row| row.source == Source::Correction && row.author_id == Some(OFFICE)));
    assert!(rows.iter().all(|row| row.note.ends_with("认错了人")));
    rows.iter().map(|row| row.credited_ms / 1000).collect()
}

/// What the ledger holds for a person, in seconds, once the whole of it has been checked.
async fn holds(city: &City, who: i64) -> i64 {
    let findings = verify::ledger(&city.db, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound(), "{findings}");
    let rows = ledger_entry::Entity::find().filter(ledger_entry::Column::PersonId.eq(PersonId(who))).all(&city.db);
    rows.await.unwrap().iter().map(|row| row.credited_ms / 1000).sum()
}

#[tokio::test]
async fn a_guest_found_after_posting_gets_an_entry_and_taking_it_back_is_a_correction() {
    let city = City::with_people(3).await;
    let room = city.room(LESSON, START, &[watched((0, 600), (0, 600))], &[(1, 0, None)]).await;
    let known = city.guest(room, at(100), at(400)).await;
    assert_eq!(give(&city, &known, 2).await, [0; 0], "not posted yet: it is posted with everybody");
    post_playback(&city.db, room, at(700)).await.unwrap();
    city.seat(&known, 2).await;
    assert_eq!(give(&city, &known, 2).await, [300]);
    assert_eq!(holds(&city, 2).await, 300);
    assert_eq!(take(&city, &known, 2).await, [-300]);
    assert_eq!(holds(&city, 2).await, 0);
    city.seat(&known, 3).await;
    assert_eq!(give(&city, &known, 3).await, [300], "somebody else");
    assert_eq!(take(&city, &known, 3).await, [-300]);
    assert_eq!(give(&city, &known, 2).await, [300], "the first one after all");
    assert_eq!((holds(&city, 2).await, holds(&city, 3).await), (300, 0));
}

#[tokio::test]
async fn who_was_on_the_roll_gets_only_what_the_guests_stay_adds() {
    let city = City::with_people(2).await;
    let stays = [(1, 0, None), (2, 0, Some(200))];
    let room = city.room(LESSON, START, &[watched((0, 600), (0, 600))], &stays).await;
    post_playback(&city.db, room, at(700)).await.unwrap();
    let same = city.guest(room, at(50), at(150)).await;
    assert_eq!(give(&city, &same, 1).await, [0; 0], "was there all along");
    let longer = city.guest(room, at(100), at(500)).await;
    assert_eq!(give(&city, &longer, 2).await, [300], "left at 200 s by the roll, but stayed to 500 s as a guest");
    assert_eq!(holds(&city, 2).await, 500);
    assert_eq!(take(&city, &longer, 2).await, [-300]);
    assert_eq!((holds(&city, 1).await, holds(&city, 2).await), (600, 200));
}

#[tokio::test]
async fn a_stay_posted_as_a_guests_is_taken_back_to_zero() {
    let city = City::with_people(1).await;
    let room = city.room(LESSON, START, &[watched((0, 600), (0, 600))], &[]).await;
    let known = city.guest(room, at(0), at(600)).await;
    city.seat(&known, 1).await;
    post_playback(&city.db, room, at(700)).await.unwrap();
    assert_eq!(holds(&city, 1).await, 600);
    assert_eq!(take(&city, &known, 1).await, [-600]);
    assert_eq!(holds(&city, 1).await, 0);
}

#[tokio::test]
async fn a_correction_by_the_office_in_between_never_lets_an_entry_fall_below_zero() {
    let city = City::with_people(1).await;
    let room = city.room(LESSON, START, &[watched((0, 600), (0, 600))], &[]).await;
    let known = city.guest(room, at(0), at(600)).await;
    city.seat(&known, 1).await;
    let posted = post_playback(&city.db, room, at(700)).await.unwrap();
    let seq = posted.first().unwrap().seq;
    crate::ledger::correct(&city.db, seq, -400_000, "中途离开", OFFICE, at(800)).await.unwrap();
    assert_eq!(take(&city, &known, 1).await, [-200]);
    assert_eq!(holds(&city, 1).await, 0);
}

#[tokio::test]
async fn a_guest_of_another_village_is_entered_for_their_own() {
    let city = City::with_people(1).await;
    city.person(9, crate::testing::FAR_VILLAGE, entity::PostKind::Member).await;
    let room = city.room(LESSON, START, &[watched((0, 600), (0, 600))], &[(1, 0, None)]).await;
    post_playback(&city.db, room, at(700)).await.unwrap();
    let known = city.guest(room, at(0), at(600)).await;
    city.seat(&known, 9).await;
    give(&city, &known, 9).await;
    let rows = entries_of(&city.db, room, PersonId(9)).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.unit_id).collect::<Vec<_>>(), [crate::testing::FAR_VILLAGE]);
    assert_ne!(rows.first().map(|row| row.unit_id), Some(VILLAGE));
}
