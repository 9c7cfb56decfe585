#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::testing::{CITY, City, LESSON, OFFICE, START, VILLAGE, at, day, watched};
use crate::{rules, verify};
use entity::audit;
use sea_orm::{PaginatorTrait, TransactionTrait};

fn entry(claimed_ms: i64, credited_ms: i64) -> NewEntry {
    NewEntry {
        person_id: PersonId(1),
        unit_id: VILLAGE,
        day: START.day(),
        source: Source::Solo,
        lesson_id: Some(LESSON),
        playback_id: None,
        class_run_id: None,
        corrects_seq: None,
        claimed_ms,
        credited_ms,
        reasons: BTreeMap::from([(Reason::SeekUnseen, claimed_ms - credited_ms), (Reason::Overlap, 0)]),
        rule_id: RuleId(1),
        note: "课".to_owned(),
        author_id: None,
    }
}

async fn appended(city: &City, entries: &[NewEntry]) -> Result<Vec<ledger_entry::Model>> {
    let txn = city.db.begin().await?;
    let rows = append(&txn, entries, START).await?;
    txn.commit().await?;
    Ok(rows)
}

#[tokio::test]
async fn entries_are_numbered_and_chained_without_a_gap() {
    let city = City::with_people(1).await;
    let many: Vec<_> = (0..1203).map(|n| entry(n + 10, n)).collect();
    let rows = appended(&city, &many).await.unwrap();
    let next = appended(&city, &[entry(5, 5)]).await.unwrap();
    assert_eq!((rows[0].seq, rows[0].prev_hash.as_str(), rows[1202].seq), (1, GENESIS, 1203));
    assert_eq!((next[0].seq, &next[0].prev_hash), (1204, &rows[1202].hash));
    assert_eq!(rows[0].reasons, r#"{"SEEK_UNSEEN":10}"#, "parts of nothing are left out");
    let stored = ledger_entry::Entity::find_by_id(700).one(&city.db).await.unwrap();
    assert_eq!(stored.as_ref(), rows.get(699));
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
}

#[tokio::test]
async fn an_entry_that_does_not_add_up_is_refused_with_all_its_neighbours() {
    let city = City::with_people(1).await;
    let mut wrong = entry(100, 60);
    wrong.credited_ms = 61;
    for wrong in [wrong, entry(100, 101), entry(-5, -5)] {
        let refused = appended(&city, &[entry(10, 10), wrong]).await;
        assert!(matches!(refused, Err(Error::NotConserved { .. })));
    }
    assert_eq!(ledger_entry::Entity::find().count(&city.db).await.unwrap(), 0);
}

#[tokio::test]
async fn a_correction_is_a_new_entry_that_names_the_old_one() {
    let city = City::with_people(1).await;
    appended(&city, &[entry(600_000, 300_000)]).await.unwrap();
    let by = |delta| correct(&city.db, 1, delta, " 停电，村委已证明 ", OFFICE, at(5));
    let added = by(120_000).await.unwrap();
    assert_eq!((added.seq, added.corrects_seq, added.author_id), (2, Some(1), Some(OFFICE)));
    assert_eq!(
        (added.source, added.credited_ms, added.note.as_str()),
        (Source::Correction, 120_000, "停电，村委已证明")
    );
    assert_eq!(by(-420_000).await.unwrap().seq, 3, "down to nothing");
    assert!(matches!(by(-1).await, Err(Error::CorrectionOutOfBounds { .. })));
    assert!(matches!(by(0).await, Err(Error::CorrectionOutOfBounds { .. })));
    assert!(matches!(by(i64::MAX).await, Err(Error::CorrectionOutOfBounds { .. })));
    assert!(matches!(by(24 * 3_600_000 + 1).await, Err(Error::CorrectionOutOfBounds { .. })));
    assert!(matches!(correct(&city.db, 2, 1, "再", OFFICE, at(5)).await, Err(Error::CorrectsCorrection(2))));
    assert!(matches!(correct(&city.db, 99, 1, "再", OFFICE, at(5)).await, Err(Error::NoSuchEntry(99))));
    assert!(matches!(correct(&city.db, 1, 1, " \n", OFFICE, at(5)).await, Err(Error::NoReason)));
    assert_eq!(audit::Entity::find().count(&city.db).await.unwrap(), 2);
    let old = ledger_entry::Entity::find_by_id(1).one(&city.db).await.unwrap().unwrap();
    assert_eq!(old.credited_ms, 300_000, "the old entry stays as it was");
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
}

#[tokio::test]
async fn many_at_once_still_make_one_chain() {
    let city = City::with_people(8).await;
    let mut ids = Vec::new();
    for who in 1..=8 {
        ids.push(city.solo(who, LESSON, START, &[watched((0, 300), (0, 300))]).await);
    }
    let posts = ids.into_iter().map(|id| {
        let db = city.db.clone();
        tokio::spawn(async move { post_playback(&db, id, at(400)).await.map(|rows| rows.len()) })
    });
    for post in posts.collect::<Vec<_>>() {
        assert_eq!(post.await.unwrap().unwrap(), 1);
    }
    let findings = verify::ledger(&city.db, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound() && findings.entries == 8, "{findings}");
}

#[tokio::test]
async fn a_new_rule_begins_in_the_future_and_once_a_day() {
    let city = City::with_people(0).await;
    let from = |day: &str| include_str!("../rules/presets.toml").replace("2019-01-01", day);
    let (past, future) = (from("2025-11-27"), from("2026-01-01"));
    let enacted = rules::enact(&city.db, CITY, &past, OFFICE, START).await;
    assert!(matches!(enacted, Err(Error::RuleTooEarly(_))), "today is already being judged");
    let id = rules::enact(&city.db, CITY, &future, OFFICE, START).await.unwrap();
    let again = rules::enact(&city.db, CITY, &future, OFFICE, START).await;
    assert!(matches!(again, Err(Error::RuleDayTaken(_))));
    rules::ensure_presets(&city.db, CITY, START).await.unwrap();
    let (of_2025, _) = rules::in_force(&city.db, "/1/2/", day("2025-12-31")).await.unwrap();
    let (of_2026, _) = rules::in_force(&city.db, "/1/2/", day("2026-06-01")).await.unwrap();
    assert_eq!((of_2025 == id, of_2026 == id), (false, true));
}
