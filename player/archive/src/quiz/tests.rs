#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::ledger::{correct, post_playback, reasons_of};
use crate::testing::{CITY, City, LESSON, OFFICE, OTHER_LESSON, START, Seconds, at, watched};
use crate::verify::{self, Fault};
use entity::Reason::{DailyCap, Overlap, QuizNotPassed, Repeated, TooShort};
use entity::{PlaybackId, quiz_attempt};
use sea_orm::{ActiveValue::Set, TransactionTrait};
use std::collections::HashMap;

/// Credited and reasons of an entry in seconds.
type Line = (i64, Vec<(Reason, i64)>);

fn line(entry: &ledger_entry::Model) -> Line {
    let reasons = reasons_of(entry).unwrap();
    assert_eq!(entry.credited_ms + reasons.values().sum::<i64>(), entry.claimed_ms);
    (entry.credited_ms / 1000, reasons.into_iter().map(|(reason, ms)| (reason, ms / 1000)).collect())
}

/// A city whose first lesson counts only with its quiz passed, published before anything happens.
async fn city(people: i64) -> City {
    let city = City::with_people(people).await;
    city.asks(LESSON, true, at(-1)).await;
    city
}

async fn post(city: &City, id: PlaybackId, now: Moment) -> Line {
    let rows = post_playback(&city.db, id, now).await.unwrap();
    sound(city).await;
    assert_eq!(rows.len(), 1);
    line(&rows[0])
}

async fn faults(city: &City) -> Vec<Fault> {
    verify::ledger(&city.db, &|_, _| {}).await.unwrap().faults
}

async fn sound(city: &City) {
    assert_eq!(faults(city).await, []);
}

/// Hand in a sheet that passes.
async fn pass(city: &City, who: i64, lesson: LessonId, now: Moment) -> Vec<Line> {
    let given = city.pass(who, lesson, now).await;
    sound(city).await;
    given.iter().map(line).collect()
}

#[tokio::test]
async fn what_was_watched_before_the_pass_waits_and_is_given_with_it() {
    let city = city(2).await;
    let early = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post(&city, early, at(400)).await, (0, vec![(QuizNotPassed, 300)]));
    let free = city.solo(1, OTHER_LESSON, at(500), &[watched((0, 200), (0, 200))]).await;
    assert_eq!(post(&city, free, at(800)).await, (200, vec![]), "a lesson that does not ask counts at once");
    assert_eq!(pass(&city, 1, LESSON, at(900)).await, [(300, vec![(QuizNotPassed, -300)])]);
    let late = city.solo(1, LESSON, at(1000), &[watched((0, 100), (300, 400))]).await;
    assert_eq!(post(&city, late, at(1200)).await, (100, vec![]));
    let other = city.solo(2, LESSON, at(1300), &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post(&city, other, at(1700)).await, (0, vec![(QuizNotPassed, 300)]), "another's pass is not mine");
    let rows = ledger_entry::Entity::find().order_by_asc(ledger_entry::Column::Seq).all(&city.db).await.unwrap();
    let given = &rows[2];
    assert_eq!(
        (given.source, given.note.as_str(), given.author_id, given.corrects_seq, given.claimed_ms),
        (Source::Correction, "随堂测验通过", None, Some(1), 0)
    );
    let record = crate::record::of_person(&city.db, PersonId(1), 2025, at(2000).day()).await.unwrap();
    assert_eq!((record.total.claimed_ms, record.total.credited_ms, record.reasons.len()), (600_000, 600_000, 0));
}

#[tokio::test]
async fn watching_again_the_same_day_counts_once_before_and_after_the_pass() {
    let city = city(1).await;
    for (s, from, to, waits, again) in [(0, 0, 300, 300, 0), (400, 200, 500, 200, 100)] {
        let id = city.solo(1, LESSON, at(s), &[watched((0, 300), (from, to))]).await;
        let mut reasons = vec![(Overlap, again), (QuizNotPassed, waits)];
        reasons.retain(|(_, s)| *s > 0);
        assert_eq!(post(&city, id, at(s + 350)).await, (0, reasons));
    }
    let given = pass(&city, 1, LESSON, at(1000)).await;
    assert_eq!(given, [(300, vec![(QuizNotPassed, -300)]), (200, vec![(QuizNotPassed, -200)])]);
    let again = city.solo(1, LESSON, at(1100), &[watched((0, 600), (0, 600))]).await;
    assert_eq!(post(&city, again, at(1800)).await, (100, vec![(Overlap, 500)]));
    assert!(pass(&city, 1, LESSON, at(2000)).await.is_empty(), "a second pass gives nothing");
}

#[tokio::test]
async fn less_than_the_minimum_does_not_wait_and_is_not_given() {
    let city = city(1).await;
    let short = city.solo(1, LESSON, START, &[watched((0, 90), (0, 90))]).await;
    assert_eq!(post(&city, short, at(100)).await, (0, vec![(TooShort, 90)]));
    let more = city.solo(1, LESSON, at(200), &[watched((0, 90), (90, 180))]).await;
    assert_eq!(post(&city, more, at(300)).await, (0, vec![(QuizNotPassed, 90)]));
    let third = city.solo(1, LESSON, at(400), &[watched((0, 20), (180, 200))]).await;
    assert_eq!(post(&city, third, at(450)).await, (0, vec![(QuizNotPassed, 20)]), "what waits counts for the minimum");
    assert_eq!(pass(&city, 1, LESSON, at(500)).await.iter().map(|line| line.0).collect::<Vec<_>>(), [90, 20]);
}

#[tokio::test]
async fn the_cap_of_the_day_it_was_watched_holds_when_it_is_given() {
    let city = city(1).await;
    city.rule(CITY, "2025-11-27", |text| text.replace("daily_cap_minutes = 480", "daily_cap_minutes = 10")).await;
    let waits = city.solo(1, LESSON, START, &[watched((0, 400), (0, 400))]).await;
    assert_eq!(post(&city, waits, at(450)).await, (0, vec![(QuizNotPassed, 400)]));
    let free = city.solo(1, OTHER_LESSON, at(500), &[watched((0, 500), (0, 500))]).await;
    assert_eq!(post(&city, free, at(1100)).await, (500, vec![]), "what waits takes no room of the day");
    let given = pass(&city, 1, LESSON, at(86_400)).await;
    assert_eq!(given, [(100, vec![(DailyCap, 300), (QuizNotPassed, -400)])]);
    let full = city.solo(1, OTHER_LESSON, at(1200), &[watched((0, 90), (500, 590))]).await;
    assert_eq!(post(&city, full, at(90_000)).await, (0, vec![(DailyCap, 90)]));
}

#[tokio::test]
async fn a_room_does_not_wait_and_what_it_gave_is_not_given_again() {
    let city = city(2).await;
    let alone = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    post(&city, alone, at(400)).await;
    let room = city.room(LESSON, at(500), &[watched((0, 300), (200, 500))], &[(1, 0, None), (2, 0, None)]).await;
    let rows = post_playback(&city.db, room, at(900)).await.unwrap();
    assert_eq!(rows.iter().map(line).collect::<Vec<_>>(), [(300, vec![]), (300, vec![])]);
    assert_eq!(pass(&city, 1, LESSON, at(1000)).await, [(200, vec![(Overlap, 100), (QuizNotPassed, -300)])]);
}

#[tokio::test]
async fn what_was_given_by_hand_is_not_given_again() {
    let city = city(1).await;
    let alone = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    post(&city, alone, at(400)).await;
    correct(&city.db, 1, 250_000, "当面问过，都会", OFFICE, at(500)).await.unwrap();
    assert_eq!(pass(&city, 1, LESSON, at(600)).await, [(50, vec![(Overlap, 250), (QuizNotPassed, -300)])]);
}

#[tokio::test]
async fn clocks_that_differ_do_not_change_which_came_first() {
    let city = city(1).await;
    let first = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    post(&city, first, at(5_000)).await;
    assert_eq!(
        pass(&city, 1, LESSON, at(4_000)).await.len(),
        1,
        "the pass came after the entry, whatever its clock says"
    );
    let second = city.solo(1, LESSON, at(400), &[watched((0, 200), (300, 500))]).await;
    assert_eq!(post(&city, second, at(3_000)).await, (200, vec![]));
    let dated = ledger_entry::Entity::find_by_id(3).one(&city.db).await.unwrap().unwrap().posted_at;
    assert!(dated > at(5_000), "an entry that knows of the pass is not older than it");
}

#[tokio::test]
async fn a_change_of_the_lesson_touches_only_what_comes_after_it() {
    let city = City::with_people(1).await;
    let before = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post(&city, before, at(400)).await, (300, vec![]));
    city.asks(LESSON, true, at(500)).await;
    sound(&city).await;
    let while_asked = city.solo(1, LESSON, at(600), &[watched((0, 200), (300, 500))]).await;
    assert_eq!(post(&city, while_asked, at(900)).await, (0, vec![(QuizNotPassed, 200)]));
    city.asks(LESSON, false, at(1000)).await;
    sound(&city).await;
    let after = city.solo(1, LESSON, at(1100), &[watched((0, 100), (500, 600))]).await;
    assert_eq!(post(&city, after, at(1300)).await, (100, vec![]));
}

#[tokio::test]
async fn hours_that_no_pass_bears_are_found() {
    let city = city(1).await;
    let id = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    post(&city, id, at(400)).await;
    pass(&city, 1, LESSON, at(500)).await;
    quiz_attempt::Entity::update_many()
        .set(quiz_attempt::ActiveModel { passed: Set(false), ..Default::default() })
        .filter(quiz_attempt::Column::PersonId.eq(PersonId(1)))
        .exec(&city.db)
        .await
        .unwrap();
    assert_eq!(faults(&city).await, [Fault::NotAsWatched { seq: 2, credited_ms: 300_000, worth_ms: 0 }]);
    city.asks(LESSON, false, at(-1)).await;
    let found = faults(&city).await;
    assert!(found.contains(&Fault::NotAsWatched { seq: 1, credited_ms: 0, worth_ms: 300_000 }), "{found:?}");
}

#[tokio::test]
async fn nothing_is_given_without_a_pass() {
    let city = city(1).await;
    let id = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    post(&city, id, at(400)).await;
    let txn = city.db.begin().await.unwrap();
    assert!(release(&txn, PersonId(1), LESSON, at(500)).await.unwrap().is_empty());
}

#[tokio::test]
async fn whatever_the_order_a_day_never_counts_more_than_was_seen_nor_than_its_cap() {
    let city = city(8).await;
    city.rule(CITY, "2025-11-27", |text| text.replace("daily_cap_minutes = 480", "daily_cap_minutes = 12")).await;
    let mut random = fastrand::Rng::with_seed(20_261_128);
    for step in 0..80 {
        let who = random.i64(1..=8);
        if random.u32(0..6) == 0 {
            pass(&city, who, LESSON, at(step * 900)).await;
            continue;
        }
        let lesson = if random.u32(0..4) > 0 { LESSON } else { OTHER_LESSON };
        let (from, long) = (random.i64(0..450), random.i64(60..300));
        let beats = [Seconds { wall: (0, long), media: (from, (from + long).min(600)), lost: None }];
        let start = at(step * 900);
        let id = match random.u32(0..3) {
            0 => city.room(lesson, start, &beats, &[(who, 0, None), (who % 8 + 1, 10, None)]).await,
            _ => city.solo(who, lesson, start, &beats).await,
        };
        post_playback(&city.db, id, start.plus_ms(1_000_000)).await.unwrap();
    }
    sound(&city).await;
    let rows = ledger_entry::Entity::find().all(&city.db).await.unwrap();
    assert!(rows.iter().filter(|row| gives(row)).count() > 3, "the dice made too few passes to prove anything");
    let mut days: HashMap<(PersonId, entity::Day), i64> = HashMap::new();
    let mut seen: HashMap<(PersonId, entity::Day, LessonId), i64> = HashMap::new();
    for row in &rows {
        *days.entry((row.person_id, row.day)).or_default() += row.credited_ms;
        *seen.entry((row.person_id, row.day, row.lesson_id.unwrap())).or_default() += row.credited_ms;
    }
    assert!(days.values().all(|ms| *ms <= 12 * 60_000), "{days:?}");
    assert!(seen.values().all(|ms| (0..=600_000).contains(ms)), "{seen:?}");
    for who in 1..=8 {
        let record = crate::record::of_person(&city.db, PersonId(who), 2025, at(80_000).day()).await.unwrap();
        let reasons_ms: i64 = record.reasons.values().sum();
        assert_eq!(record.total.credited_ms + reasons_ms, record.total.claimed_ms);
        assert!(record.reasons.values().all(|ms| *ms > 0), "{:?}", record.reasons);
    }
}

#[tokio::test]
async fn where_a_lesson_counts_once_a_year_what_waits_is_given_once_over_all_days() {
    let city = city(2).await;
    let edit = |text: &str| text.replace("once_per = \"day\"", "once_per = \"year\"");
    city.rule(CITY, "2025-11-01", edit).await;
    let first = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post(&city, first, at(400)).await, (0, vec![(QuizNotPassed, 300)]));
    let next_day = city.solo(1, LESSON, at(86_400), &[watched((0, 500), (0, 500))]).await;
    assert_eq!(post(&city, next_day, at(87_000)).await, (0, vec![(Repeated, 300), (QuizNotPassed, 200)]));
    let given = pass(&city, 1, LESSON, at(88_000)).await;
    assert_eq!(given, [(300, vec![(QuizNotPassed, -300)]), (200, vec![(QuizNotPassed, -200)])]);
    let alone = city.solo(2, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post(&city, alone, at(89_000)).await, (0, vec![(QuizNotPassed, 300)]));
    let room = city.room(LESSON, at(86_400), &[watched((0, 300), (0, 300))], &[(2, 0, None)]).await;
    assert_eq!(post(&city, room, at(90_000)).await, (300, vec![]), "a room does not wait");
    let given = pass(&city, 2, LESSON, at(91_000)).await;
    assert_eq!(given, [(0, vec![(Repeated, 300), (QuizNotPassed, -300)])], "and was credited meanwhile");
}
