#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use crate::ledger::{correct, post_closed};
use crate::testing::{City, LESSON, OFFICE, OTHER_LESSON, START, at, watched};
use sea_orm::{ActiveModelTrait, DatabaseConnection, IntoActiveModel};

/// Five entries: four sessions and a correction.
async fn city() -> City {
    let city = City::with_people(2).await;
    for (who, lesson, s) in [(1, LESSON, 0), (2, LESSON, 10), (1, OTHER_LESSON, 1000), (2, OTHER_LESSON, 1010)] {
        city.solo(who, lesson, at(s), &[watched((0, 300), (0, 300))]).await;
    }
    post_closed(&city.db, at(5000)).await.unwrap();
    correct(&city.db, 3, 60_000, "停电", OFFICE, at(6000)).await.unwrap();
    assert!(walk(&city.db).await.is_empty());
    city
}

async fn walk(db: &DatabaseConnection) -> Vec<Fault> {
    let heard = std::cell::Cell::new(0);
    let findings = ledger(db, &|done, _| heard.set(done)).await.unwrap();
    assert_eq!(heard.get(), findings.entries);
    assert!(findings.is_sound() || findings.to_string().contains('第'));
    findings.faults
}

async fn entry(db: &DatabaseConnection, seq: i64) -> ledger_entry::Model {
    ledger_entry::Entity::find_by_id(seq).one(db).await.unwrap().unwrap()
}

async fn overwrite(db: &DatabaseConnection, row: ledger_entry::Model) {
    row.into_active_model().reset_all().update(db).await.unwrap();
}

#[tokio::test]
async fn a_change_of_any_column_is_found_at_its_entry() {
    type Forgery = fn(&mut ledger_entry::Model);
    let forgeries: [Forgery; 17] = [
        |row| row.person_id.0 += 1,
        |row| row.unit_id.0 += 1,
        |row| row.day = row.day.succ_opt().unwrap(),
        |row| row.source = entity::Source::Group,
        |row| row.lesson_id = None,
        |row| row.playback_id = None,
        |row| row.class_run_id = Some(entity::ClassId(1)),
        |row| row.corrects_seq = Some(1),
        |row| row.claimed_ms += 1,
        |row| row.credited_ms += 1,
        |row| row.reasons = r#"{"IDLE":1}"#.to_owned(),
        |row| row.rule_id.0 += 1,
        |row| row.note.push('!'),
        |row| row.author_id = Some(OFFICE),
        |row| row.posted_at.0 -= 1,
        |row| row.prev_hash = GENESIS.to_owned(),
        |row| row.hash = GENESIS.to_owned(),
    ];
    let city = city().await;
    let honest = entry(&city.db, 3).await;
    for (place, forge) in forgeries.iter().enumerate() {
        let mut row = honest.clone();
        forge(&mut row);
        overwrite(&city.db, row).await;
        let faults = walk(&city.db).await;
        assert!(faults.contains(&Fault::Altered { seq: 3 }), "forgery {place}: {faults:?}");
        overwrite(&city.db, honest.clone()).await;
    }
    assert!(walk(&city.db).await.is_empty());
}

#[tokio::test]
async fn an_entry_rewritten_with_a_fitting_hash_breaks_the_link_after_it() {
    let city = city().await;
    let mut row = entry(&city.db, 3).await;
    (row.claimed_ms, row.credited_ms) = (row.claimed_ms + 1000, row.credited_ms + 1000);
    row.hash = chain::link(&row.prev_hash, &row);
    overwrite(&city.db, row).await;
    let faults = walk(&city.db).await;
    assert_eq!(faults.first(), Some(&Fault::Unlinked { seq: 4 }));
    assert!(faults.contains(&Fault::NotAsWatched { seq: 3, credited_ms: 301_000, worth_ms: 300_000 }), "{faults:?}");
}

#[tokio::test]
async fn removed_entries_are_named() {
    let city = city().await;
    ledger_entry::Entity::delete_many().filter(ledger_entry::Column::Seq.is_in([2, 3])).exec(&city.db).await.unwrap();
    assert_eq!(walk(&city.db).await, [Fault::Missing { first: 2, last: 3 }]);
    ledger_entry::Entity::delete_by_id(5).exec(&city.db).await.unwrap();
    assert!(walk(&city.db).await.contains(&Fault::WrongEnd { head_seq: 5, last_seq: 4 }));
}

#[tokio::test]
async fn entries_put_in_beside_the_chain_are_found() {
    let city = city().await;
    let honest = entry(&city.db, 5).await;
    let mut behind = ledger_entry::Model { seq: 6, prev_hash: honest.hash.clone(), ..honest.clone() };
    behind.hash = chain::link(&behind.prev_hash, &behind);
    behind.clone().into_active_model().reset_all().insert(&city.db).await.unwrap();
    assert_eq!(walk(&city.db).await, [Fault::WrongEnd { head_seq: 5, last_seq: 6 }]);
    ledger_entry::Entity::delete_by_id(6).exec(&city.db).await.unwrap();
    let mut before = ledger_entry::Model { seq: 0, ..behind };
    before.hash = chain::link(&before.prev_hash, &before);
    before.into_active_model().reset_all().insert(&city.db).await.unwrap();
    assert!(walk(&city.db).await.contains(&Fault::Unlinked { seq: 0 }));
}

#[tokio::test]
async fn hours_that_the_beats_do_not_bear_are_found() {
    let city = city().await;
    entity::beat::Entity::delete_many()
        .filter(entity::beat::Column::PlaybackId.eq(entry(&city.db, 2).await.playback_id.unwrap()))
        .exec(&city.db)
        .await
        .unwrap();
    assert_eq!(walk(&city.db).await, [Fault::NotAsWatched { seq: 2, credited_ms: 300_000, worth_ms: 0 }]);
    assert_eq!(START.day().to_string(), "2025-11-27");
}

#[tokio::test]
async fn a_roll_of_a_class_that_was_written_anew_is_found_at_the_hours_it_gave() {
    let city = city().await;
    let class = crate::classes::NewClass {
        level: entity::UnitLevel::County,
        title: "培训班".to_owned(),
        unit_id: crate::testing::VILLAGE,
        place: String::new(),
        teacher: String::new(),
        starts_on: START.day(),
        ends_on: START.day(),
        half_days: 2,
    };
    let there = [(1, 2), (2, 1)];
    let attended =
        there.map(|(who, half_days)| crate::classes::Attended { person_id: entity::PersonId(who), half_days });
    crate::classes::record(&city.db, class, attended.to_vec(), None, at(90_000)).await.unwrap();
    assert_eq!(walk(&city.db).await, []);
    // Half a class is more than a seventh missed and counts for nothing; by a forged roll it would be six hours.
    for (forged, fault) in [
        ("UPDATE class_attendance SET half_days = 2 WHERE person_id = 2", (7, 0, 21_600_000)),
        ("UPDATE class_attendance SET half_days = 1 WHERE person_id = 1", (6, 21_600_000, 0)),
        ("UPDATE class_run SET half_days = 1", (6, 21_600_000, 10_800_000)),
        ("DELETE FROM class_attendance WHERE person_id = 1", (6, 21_600_000, 0)),
        ("UPDATE class_run SET level = 'city'", (6, 21_600_000, 0)),
        ("UPDATE class_run SET decided_at = NULL", (6, 21_600_000, 0)),
    ] {
        let txn = entity::writing::begin(&city.db).await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&txn, forged).await.unwrap();
        let found = ledger(&txn, &|_, _| ()).await.unwrap();
        let (seq, credited_ms, worth_ms) = fault;
        let expected = Fault::NotAsAttended { seq, credited_ms, worth_ms };
        assert!(found.faults.contains(&expected), "{forged}: {:?}", found.faults);
        txn.rollback().await.unwrap();
    }
}
