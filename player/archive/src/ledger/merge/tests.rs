#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use crate::classes::{self, Attended, NewClass};
use crate::ledger::{begin, correct, post_closed};
use crate::testing::{COUNTY, City, LESSON, OFFICE, OTHER_LESSON, START, VILLAGE, at, day, watched};
use crate::{record, seal, verify};
use entity::{MergeId, UnitLevel, person};
use sea_orm::ActiveValue::NotSet;

/// Midday of the second of January 2026.
const NEW_YEAR: Moment = Moment(1_767_326_400_000);

/// The second person becomes one with the first, as the roster writes it down.
async fn merge(city: &City, now: Moment) -> Result<(person_merge::Model, Joined)> {
    let txn = begin(&city.db).await?;
    let now = ready(&txn, [PersonId(1), PersonId(2)], now).await?;
    let row = person_merge::ActiveModel {
        id: NotSet,
        kept_id: Set(PersonId(1)),
        merged_id: Set(PersonId(2)),
        reason: Set("同一个人".to_owned()),
        merged_by: Set(OFFICE),
        merged_at: Set(now),
        before_seq: Set(0),
        since_seq: Set(0),
        until_seq: Set(None),
        unit_id: Set(VILLAGE),
        left_on: Set(None),
        posts: Set("[]".to_owned()),
        exemptions: Set("[]".to_owned()),
        parted_by: Set(None),
        parted_at: Set(None),
        part_reason: Set(None),
    };
    let row = row.insert(&txn).await?;
    on_roster(&txn, Some(now.day())).await;
    let joined = join(&txn, row, ("000098", OFFICE), now).await?;
    txn.commit().await?;
    Ok(joined)
}

async fn parted(city: &City, id: MergeId, now: Moment) -> Result<person_merge::Model> {
    let txn = begin(&city.db).await?;
    let row = person_merge::Entity::find_by_id(id).one(&txn).await?.unwrap();
    let now = ready_to_part(&txn, &row, now).await?;
    let mut row = row.into_active_model();
    row.parted_at = Set(Some(now));
    let row = row.update(&txn).await?;
    on_roster(&txn, None).await;
    let row = part(&txn, row, ("000098", OFFICE), now).await?;
    txn.commit().await?;
    Ok(row)
}

async fn on_roster(txn: &DatabaseTransaction, left_on: Option<entity::Day>) {
    let second = person::ActiveModel { id: Set(PersonId(2)), left_on: Set(left_on), ..Default::default() };
    second.update(txn).await.unwrap();
}

/// What a person's year holds, in seconds, once the whole ledger and all seals have been checked.
async fn seconds(city: &City, who: i64) -> i64 {
    let found = verify::ledger(&city.db, &|_, _| ()).await.unwrap();
    assert!(found.is_sound(), "{found}");
    let seals = seal::check(&city.db, &|_, _| ()).await.unwrap();
    assert!(seals.is_sound(), "{:?}", seals.faults);
    record::of_person(&city.db, PersonId(who), 2025, START.day()).await.unwrap().total.credited_ms / 1000
}

/// The first sees the first half of a lesson, the second its middle on the same day.
async fn overlapping() -> City {
    let city = City::with_people(2).await;
    city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    city.solo(2, LESSON, at(400), &[watched((0, 300), (200, 500))]).await;
    city.solo(2, OTHER_LESSON, at(800), &[watched((0, 200), (0, 200))]).await;
    post_closed(&city.db, at(2000)).await.unwrap();
    city
}

#[tokio::test]
async fn what_both_saw_of_a_lesson_on_a_day_counts_once_and_twice_again_when_they_are_parted() {
    let city = overlapping().await;
    assert_eq!((seconds(&city, 1).await, seconds(&city, 2).await), (300, 500));
    let (row, joined) = merge(&city, at(3000)).await.unwrap();
    assert_eq!(joined, Joined { taken_back_ms: 100_000, ..Joined::default() });
    assert_eq!((row.before_seq, row.since_seq), (3, 4));
    assert_eq!(taken_back_ms(&city.db, &row).await.unwrap(), 100_000);
    assert_eq!(seconds(&city, 1).await, 700);
    parted(&city, row.id, at(4000)).await.unwrap();
    assert_eq!((seconds(&city, 1).await, seconds(&city, 2).await), (300, 500));
}

#[tokio::test]
async fn what_is_learnt_under_the_one_number_knows_what_was_learnt_under_the_other() {
    let city = overlapping().await;
    let (row, _) = merge(&city, at(3000)).await.unwrap();
    city.solo(1, LESSON, at(3100), &[watched((0, 200), (400, 600))]).await;
    post_closed(&city.db, at(3400)).await.unwrap();
    assert_eq!(seconds(&city, 1).await, 800, "of two hundred seconds one hundred were seen under the other number");
    parted(&city, row.id, at(4000)).await.unwrap();
    city.solo(1, LESSON, at(4100), &[watched((0, 100), (300, 400))]).await;
    post_closed(&city.db, at(4400)).await.unwrap();
    assert_eq!(seconds(&city, 1).await, 500, "apart again, each has only what was their own before");
}

#[tokio::test]
async fn what_was_taken_by_hand_before_is_not_taken_a_second_time() {
    let city = overlapping().await;
    correct(&city.db, 2, -300_000, "核实", OFFICE, at(2500)).await.unwrap();
    let (_, joined) = merge(&city, at(3000)).await.unwrap();
    assert_eq!(joined.taken_back_ms, 0);
    assert_eq!(seconds(&city, 1).await, 500);
}

#[tokio::test]
async fn a_class_that_both_attended_counts_once_by_the_longer_attendance() {
    let city = City::with_people(2).await;
    let class = NewClass {
        level: UnitLevel::Township,
        title: "冬训班".to_owned(),
        unit_id: VILLAGE,
        place: String::new(),
        teacher: String::new(),
        starts_on: day("2025-11-17"),
        ends_on: day("2025-11-20"),
        half_days: 8,
    };
    let attended = |who, half_days| Attended { person_id: PersonId(who), half_days };
    classes::record(&city.db, class, vec![attended(1, 7), attended(2, 8)], None, START).await.unwrap();
    let (longer, shorter) = (seconds(&city, 2).await, seconds(&city, 1).await);
    assert!(longer > shorter && shorter > 0);
    let (row, joined) = merge(&city, at(3000)).await.unwrap();
    assert_eq!(joined.taken_back_ms, shorter * 1000);
    assert_eq!(seconds(&city, 1).await, longer);
    let year = record::of_person(&city.db, PersonId(1), 2025, START.day()).await.unwrap();
    let days = year.standings.iter().find(|standing| standing.id == "township_days").unwrap();
    assert_eq!(days.have.0, 400, "four days, not seven and a half");
    parted(&city, row.id, at(4000)).await.unwrap();
    assert_eq!((seconds(&city, 1).await, seconds(&city, 2).await), (shorter, longer));
}

#[tokio::test]
async fn a_sealed_year_stays_as_it_was_sealed_and_is_named() {
    let city = overlapping().await;
    seal::begin(&city.db, COUNTY, 2025, OFFICE, NEW_YEAR).await.unwrap();
    assert!(matches!(merge(&city, NEW_YEAR).await, Err(Error::SealUnderWay)));
    while seal::work(&city.db, NEW_YEAR).await.unwrap() > 0 {}
    let (row, joined) = merge(&city, NEW_YEAR).await.unwrap();
    assert_eq!(joined, Joined { sealed_years: BTreeSet::from([2025]), ..Joined::default() });
    assert_eq!(row.before_seq, row.since_seq);
    assert_eq!(seconds(&city, 1).await, 800, "in a sealed year only an amendment takes the double part back");
    parted(&city, row.id, NEW_YEAR).await.unwrap();
    assert_eq!((seconds(&city, 1).await, seconds(&city, 2).await), (300, 500));
}

#[tokio::test]
async fn two_who_were_sealed_as_one_are_not_parted_and_the_years_of_both_are_closed() {
    let city = overlapping().await;
    let (row, _) = merge(&city, NEW_YEAR).await.unwrap();
    let sealed = seal::begin(&city.db, COUNTY, 2025, OFFICE, NEW_YEAR).await.unwrap();
    while seal::work(&city.db, NEW_YEAR).await.unwrap() > 0 {}
    assert_eq!(sealed.people, 1);
    assert_eq!(seconds(&city, 1).await, 700);
    assert!(matches!(parted(&city, row.id, NEW_YEAR).await, Err(Error::MergeSealed(2025))));
    let refused = correct(&city.db, 3, -1000, "核实", OFFICE, NEW_YEAR).await;
    assert!(matches!(refused, Err(Error::YearSealed(2025))), "an entry of the other number is in the sealed record");
}

#[tokio::test]
async fn two_with_a_session_that_is_not_in_the_ledger_wait_for_it() {
    let city = City::with_people(2).await;
    city.room(LESSON, START, &[watched((0, 300), (0, 300))], &[(1, 0, None), (2, 0, None)]).await;
    assert!(matches!(merge(&city, at(1000)).await, Err(Error::SessionsWait(1))));
    post_closed(&city.db, at(2000)).await.unwrap();
    assert_eq!(merge(&city, at(3000)).await.unwrap().1.taken_back_ms, 300_000, "of two seats in one room one");
    assert_eq!(seconds(&city, 1).await, 300);
}

/// The first watches a lesson that counts only with its quiz passed, and the second passes that quiz.
async fn watched_by_one_passed_by_the_other() -> City {
    let city = City::with_people(2).await;
    city.asks(LESSON, true, at(-1)).await;
    city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    post_closed(&city.db, at(1000)).await.unwrap();
    assert!(city.pass(2, LESSON, at(1100)).await.is_empty());
    assert_eq!(seconds(&city, 1).await, 0);
    city
}

#[tokio::test]
async fn a_quiz_passed_under_the_one_number_gives_what_waited_under_the_other_until_they_are_parted() {
    let city = watched_by_one_passed_by_the_other().await;
    let (row, joined) = merge(&city, at(3000)).await.unwrap();
    assert_eq!((joined.given_ms, joined.taken_back_ms), (300_000, 0));
    assert_eq!(taken_back_ms(&city.db, &row).await.unwrap(), 0);
    assert_eq!(seconds(&city, 1).await, 300);
    city.solo(1, LESSON, at(3100), &[watched((0, 100), (300, 400))]).await;
    post_closed(&city.db, at(3400)).await.unwrap();
    assert_eq!(seconds(&city, 1).await, 400, "who has passed under either number waits for nothing");
    parted(&city, row.id, at(4000)).await.unwrap();
    assert_eq!(seconds(&city, 1).await, 100, "what was judged while they were one stays");
    city.solo(1, LESSON, at(4100), &[watched((0, 100), (500, 600))]).await;
    post_closed(&city.db, at(4400)).await.unwrap();
    assert_eq!(seconds(&city, 1).await, 100, "apart again, the pass is the other's");
    assert_eq!(city.pass(1, LESSON, at(4500)).await.len(), 2);
    assert_eq!(seconds(&city, 1).await, 500, "their own pass gives what was taken back, and the rest");
}

#[tokio::test]
async fn what_was_given_and_taken_back_is_given_again_by_a_second_merge() {
    let city = watched_by_one_passed_by_the_other().await;
    city.solo(2, LESSON, at(1200), &[watched((0, 200), (200, 400))]).await;
    post_closed(&city.db, at(1500)).await.unwrap();
    for round in 0..3 {
        let (row, joined) = merge(&city, at(3000 + 100 * round)).await.unwrap();
        assert_eq!((joined.given_ms, joined.taken_back_ms), (200_000, 0), "the last third was the other's already");
        assert_eq!(seconds(&city, 1).await, 400);
        parted(&city, row.id, at(3050 + 100 * round)).await.unwrap();
        assert_eq!((seconds(&city, 1).await, seconds(&city, 2).await), (0, 200));
    }
}

#[tokio::test]
async fn a_pass_of_ones_own_while_they_were_one_is_ones_own_when_they_are_parted() {
    let city = watched_by_one_passed_by_the_other().await;
    let (row, _) = merge(&city, at(3000)).await.unwrap();
    assert!(city.pass(1, LESSON, at(3100)).await.is_empty(), "it was given");
    parted(&city, row.id, at(4000)).await.unwrap();
    assert_eq!((seconds(&city, 1).await, seconds(&city, 2).await), (300, 0));
}

#[tokio::test]
async fn a_merge_that_was_rewritten_removed_or_put_in_is_named() {
    let city = overlapping().await;
    let (row, _) = merge(&city, at(3000)).await.unwrap();
    let again = "INSERT INTO person_merge (id, kept_id, merged_id, reason, merged_by, merged_at, before_seq, since_seq, \
        unit_id, posts, exemptions) VALUES (77, 1, 3, '', 900, 0, 0, 0, 4, '[]', '[]')";
    for (forged, named) in [
        ("UPDATE person_merge SET reason = '另有原因'".to_owned(), verify::Fault::MergeAltered { merge: row.id }),
        ("UPDATE person_merge SET parted_at = 1".to_owned(), verify::Fault::MergeAltered { merge: row.id }),
        ("DELETE FROM person_merge".to_owned(), verify::Fault::MergeMissing { merge: row.id }),
        (again.to_owned(), verify::Fault::MergePutIn { merge: MergeId(77) }),
    ] {
        let txn = entity::writing::begin(&city.db).await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&txn, &forged).await.unwrap();
        let found = verify::ledger(&txn, &|_, _| ()).await.unwrap();
        assert!(found.faults.contains(&named), "{forged}: {:?}", found.faults);
        txn.rollback().await.unwrap();
    }
}
