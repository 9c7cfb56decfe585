#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::ledger::post_closed;
use crate::testing::{CITY, City, FAR_VILLAGE, LESSON, OFFICE, START, at, day, watched};
use crate::{record, verify};
use entity::{PersonId, PostKind, Reason, Scope, UnitId};

/// Midday of the second of January 2026: 2025 is over.
const NEW_YEAR: Moment = Moment(1_767_326_400_000);
const FAR_COUNTY: UnitId = UnitId(5);
/// Lives in the far county; the others at home.
const VISITOR: i64 = 20;

async fn city() -> City {
    let city = City::with_people(2).await;
    city.person(VISITOR, FAR_VILLAGE, PostKind::Member).await;
    city
}

async fn sealed(city: &City, unit: UnitId) {
    seal::begin(&city.db, unit, 2025, OFFICE, NEW_YEAR).await.unwrap();
    while seal::work(&city.db, NEW_YEAR).await.unwrap() > 0 {}
}

async fn sound(city: &City) {
    let ledger = verify::ledger(&city.db, &|_, _| ()).await.unwrap();
    assert!(ledger.is_sound(), "{ledger}");
    let seals = seal::check(&city.db, &|_, _| ()).await.unwrap();
    assert!(seals.is_sound(), "{seals}");
}

async fn credited(city: &City, who: i64) -> i64 {
    let year = record::of_person(&city.db, PersonId(who), 2025, day("2025-12-31")).await.unwrap();
    year.total.credited_ms
}

async fn rows(city: &City) -> Vec<Listed> {
    let everything = Filter { reach: Scope::of(["/1/".to_owned()]), ..Filter::default() };
    page(&city.db, &everything, 1, 50).await.unwrap().rows
}

async fn decided(city: &City, id: LatePostingId, admit: bool) -> Result<late_posting::Model> {
    let decision = Decision { admit, reason: " 断网，元旦后才传到 ", by: OFFICE };
    decide(&city.db, id, &decision, NEW_YEAR).await
}

/// A room at home in which somebody sits whose county has sealed the year already.
async fn room_with_a_sealed_visitor() -> City {
    let city = city().await;
    sealed(&city, FAR_COUNTY).await;
    city.room(LESSON, START, &[watched((0, 600), (0, 600))], &[(1, 0, None), (VISITOR, 0, None)]).await;
    assert_eq!(post_closed(&city.db, NEW_YEAR).await.unwrap(), 1);
    city
}

#[tokio::test]
async fn whose_year_is_sealed_holds_up_nobody_else_in_the_room_and_waits_for_a_decision() {
    let city = room_with_a_sealed_visitor().await;
    assert_eq!((credited(&city, 1).await, credited(&city, VISITOR).await), (600_000, 0));
    let waits = rows(&city).await;
    assert_eq!(waits.len(), 1);
    assert_eq!((waits[0].person.as_str(), waits[0].unit.as_str()), ("韦20", "竹山村"));
    assert_eq!((waits[0].row.claimed_ms, waits[0].row.credited_ms), (600_000, 600_000));
    assert_eq!(post_closed(&city.db, NEW_YEAR).await.unwrap(), 0, "the session is done");
    assert_eq!(open_count(&city.db, &Scope::of(["/1/5/".to_owned()])).await.unwrap(), 1);
    assert_eq!(open_count(&city.db, &Scope::of(["/1/2/".to_owned()])).await.unwrap(), 0);
    assert!(one(&city.db, &Scope::of(["/1/2/".to_owned()]), waits[0].row.id).await.is_err());
    sound(&city).await;
}

#[tokio::test]
async fn what_is_admitted_is_an_amendment_and_what_is_refused_is_not_in_the_ledger() {
    let city = room_with_a_sealed_visitor().await;
    let id = rows(&city).await[0].row.id;
    let no_reason = Decision { admit: true, reason: " ", by: OFFICE };
    assert!(matches!(decide(&city.db, id, &no_reason, NEW_YEAR).await, Err(Error::NoReason)));
    let row = decided(&city, id, true).await.unwrap();
    assert_eq!(row.reason.as_deref(), Some("断网，元旦后才传到"));
    let closed = seal::closed(&city.db, PersonId(VISITOR), 2025).await.unwrap().unwrap();
    let found = seal::amendments(&city.db, &closed.seal, None).await.unwrap();
    assert_eq!((found.len(), Some(found[0].entry_seq), found[0].delta_ms), (1, row.entry_seq, 600_000));
    assert_eq!(found[0].reason, "断网，元旦后才传到");
    assert_eq!(credited(&city, VISITOR).await, 600_000);
    assert!(matches!(decided(&city, id, false).await, Err(Error::LateDecided(_))));
    let other = room_with_a_sealed_visitor().await;
    let row = decided(&other, rows(&other).await[0].row.id, false).await.unwrap();
    assert_eq!((row.entry_seq, credited(&other, VISITOR).await), (None, 0));
    assert_eq!(of_person(&other.db, PersonId(VISITOR), 2025).await.unwrap(), [row]);
    sound(&city).await;
    sound(&other).await;
}

#[tokio::test]
async fn two_that_came_late_for_the_same_part_are_judged_one_after_the_other() {
    let city = room_with_a_sealed_visitor().await;
    city.room(LESSON, at(3600), &[watched((0, 600), (0, 600))], &[(VISITOR, 0, None)]).await;
    assert_eq!(post_closed(&city.db, NEW_YEAR).await.unwrap(), 1);
    let waits = rows(&city).await;
    assert_eq!(waits.iter().map(|one| one.row.credited_ms).collect::<Vec<_>>(), [600_000, 600_000]);
    for one in &waits {
        decided(&city, one.row.id, true).await.unwrap();
    }
    assert_eq!(credited(&city, VISITOR).await, 600_000);
    let record = record::of_person(&city.db, PersonId(VISITOR), 2025, day("2025-12-31")).await.unwrap();
    assert_eq!(record.reasons.get(&Reason::Overlap), Some(&600_000));
    sound(&city).await;
}

#[tokio::test]
async fn nobody_admits_their_own_and_nothing_is_admitted_while_the_year_is_being_sealed() {
    let city = city().await;
    seal::begin(&city.db, FAR_COUNTY, 2025, OFFICE, NEW_YEAR).await.unwrap();
    city.room(LESSON, START, &[watched((0, 600), (0, 600))], &[(VISITOR, 0, None)]).await;
    post_closed(&city.db, NEW_YEAR).await.unwrap();
    let id = rows(&city).await[0].row.id;
    assert!(matches!(decided(&city, id, true).await, Err(Error::SealUnderWay)));
    while seal::work(&city.db, NEW_YEAR).await.unwrap() > 0 {}
    city.account(OFFICE, VISITOR).await;
    assert!(matches!(decided(&city, id, true).await, Err(Error::OwnLate)));
    sound(&city).await;
}

#[tokio::test]
async fn what_came_late_under_another_number_of_the_decider_is_their_own() {
    let city = room_with_a_sealed_visitor().await;
    let id = rows(&city).await[0].row.id;
    city.account(OFFICE, 1).await;
    city.merge(1, VISITOR).await;
    assert!(matches!(decided(&city, id, true).await, Err(Error::OwnLate)));
}

#[tokio::test]
async fn a_quiz_passed_after_the_seal_is_a_pass_and_what_waited_for_it_waits_for_the_office() {
    let city = city().await;
    city.asks(LESSON, true, at(-1)).await;
    city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    post_closed(&city.db, at(400)).await.unwrap();
    assert_eq!(credited(&city, 1).await, 0);
    sealed(&city, CITY).await;
    for _ in 0..2 {
        assert!(city.pass(1, LESSON, NEW_YEAR).await.is_empty());
    }
    let waits = rows(&city).await;
    assert_eq!(waits.len(), 1, "passed twice waits once");
    assert_eq!((waits[0].row.credited_ms, waits[0].row.day), (300_000, START.day()));
    assert_eq!(credited(&city, 1).await, 0);
    decided(&city, waits[0].row.id, true).await.unwrap();
    assert_eq!(credited(&city, 1).await, 300_000);
    assert!(city.pass(1, LESSON, NEW_YEAR).await.is_empty());
    assert_eq!(rows(&city).await.len(), 1, "it was given");
    sound(&city).await;
}
