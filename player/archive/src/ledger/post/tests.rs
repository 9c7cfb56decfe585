#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::ledger::reasons_of;
use crate::testing::{CITY, City, LESSON, OTHER_LESSON, START, Seconds, at, day, watched};
use crate::verify;
use entity::Reason::{DailyCap, NotPresent, OverWall, Overlap, Repeated, SecondDevice, SeekUnseen, TooShort};
use entity::{Day, Reason};

/// Day, claimed, credited and reasons in seconds.
type Line = (Day, i64, i64, Vec<(Reason, i64)>);

fn line(entry: &ledger_entry::Model) -> Line {
    let reasons = reasons_of(entry).unwrap().into_iter().map(|(reason, ms)| (reason, ms / 1000)).collect();
    (entry.day, entry.claimed_ms / 1000, entry.credited_ms / 1000, reasons)
}

/// Post and check the whole ledger after it.
async fn post(city: &City, id: PlaybackId) -> Vec<Line> {
    let rows = post_playback(&city.db, id, at(90_000)).await.unwrap();
    let findings = verify::ledger(&city.db, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound(), "{findings}");
    rows.iter().map(line).collect()
}

async fn post_one(city: &City, id: PlaybackId) -> (i64, Vec<(Reason, i64)>) {
    let lines = post(city, id).await;
    assert_eq!(lines.len(), 1);
    let (_, claimed, credited, reasons) = lines.into_iter().next().unwrap();
    assert_eq!(claimed, credited + reasons.iter().map(|(_, s)| s).sum::<i64>());
    (credited, reasons)
}

#[tokio::test]
async fn a_room_of_ten_gets_each_their_own_minutes() {
    let city = City::with_people(10).await;
    // Five minutes, back by 100 s, on to 400 s, a jump over 100 s, then to the end.
    let beats = [
        watched((0, 300), (0, 300)),
        watched((300, 500), (200, 400)),
        Seconds { wall: (500, 500), media: (400, 400), lost: Some((SeekUnseen, 100)) },
        watched((500, 600), (500, 600)),
    ];
    let mut stays = vec![(1, 0, None), (2, 150, None), (3, 0, Some(400)), (4, 0, Some(60))];
    stays.extend([(5, 0, Some(100)), (5, 200, None)]); // out for 100 s
    stays.extend((6..=10).map(|who| (who, -30, Some(9_000))));
    let id = city.room(LESSON, START, &beats, &stays).await;
    let lines = post(&city, id).await;
    let today = day("2025-11-27");
    let full = (today, 700, 500, vec![(SeekUnseen, 100), (Overlap, 100)]);
    assert_eq!(lines[0], full);
    assert_eq!(lines[1], (today, 700, 350, vec![(SeekUnseen, 100), (Overlap, 100), (NotPresent, 150)]));
    assert_eq!(lines[2], (today, 700, 300, vec![(SeekUnseen, 100), (Overlap, 100), (NotPresent, 200)]));
    assert_eq!(lines[3], (today, 700, 0, vec![(SeekUnseen, 100), (TooShort, 60), (NotPresent, 540)]));
    assert_eq!(lines[4], (today, 700, 400, vec![(SeekUnseen, 100), (Overlap, 100), (NotPresent, 100)]));
    assert!(lines[5..].iter().all(|line| *line == full) && lines.len() == 10);
}

#[tokio::test]
async fn posting_twice_changes_nothing_and_an_open_session_is_refused() {
    let city = City::with_people(1).await;
    let id = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    let first = post_playback(&city.db, id, at(400)).await.unwrap();
    assert_eq!(post_playback(&city.db, id, at(500)).await.unwrap(), first);
    assert_eq!(post_closed(&city.db, at(600)).await.unwrap(), 0);
    let open = city.solo(1, LESSON, START, &[]).await;
    playback::Entity::update_many()
        .set(playback::ActiveModel { closed_at: Set(None), ..Default::default() })
        .filter(playback::Column::Id.eq(open))
        .exec(&city.db)
        .await
        .unwrap();
    assert!(matches!(post_playback(&city.db, open, at(600)).await, Err(Error::StillOpen(_))));
    assert!(matches!(post_playback(&city.db, PlaybackId(99), at(600)).await, Err(Error::NoSuchPlayback(_))));
}

#[tokio::test]
async fn a_session_alone_keeps_the_reasons_of_the_player() {
    let city = City::with_people(1).await;
    let beats = [
        watched((0, 200), (0, 250)), // a quarter faster than the clock
        Seconds { wall: (200, 300), media: (250, 350), lost: Some((OverWall, 7)) },
        Seconds { wall: (400, 400), media: (500, 500), lost: Some((SecondDevice, 30)) },
    ];
    let id = city.solo(1, LESSON, START, &beats).await;
    assert_eq!(post_one(&city, id).await, (300, vec![(OverWall, 57), (SecondDevice, 30)]));
}

#[tokio::test]
async fn the_same_part_counts_once_a_day_alone_and_in_the_room_together() {
    let city = City::with_people(2).await;
    let alone = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post_one(&city, alone).await, (300, vec![]));
    let room = city.room(LESSON, at(3600), &[watched((0, 600), (0, 600))], &[(1, 0, None), (2, 0, None)]).await;
    let lines = post(&city, room).await;
    assert_eq!(lines[0].2, 300);
    assert_eq!(lines[0].3, [(Overlap, 300)]);
    assert_eq!(lines[1].2, 600, "somebody else's watching is not mine");
    let other = city.solo(1, OTHER_LESSON, at(7200), &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post_one(&city, other).await, (300, vec![]));
    let tomorrow = city.solo(1, LESSON, at(86_400), &[watched((0, 600), (0, 600))]).await;
    assert_eq!(post_one(&city, tomorrow).await, (600, vec![]));
}

const DAY_S: i64 = 86_400;

/// The city's rule from November on with a lesson counting once in so long.
async fn counts_once_per(city: &City, long: &str) {
    let edit = |text: &str| text.replace("once_per = \"day\"", &format!("once_per = \"{long}\""));
    city.rule(CITY, "2025-11-01", edit).await;
}

#[tokio::test]
async fn where_a_lesson_counts_once_a_year_only_new_parts_count_on_another_day() {
    let city = City::with_people(2).await;
    counts_once_per(&city, "year").await;
    let alone = async |who, day: i64, beats: (i64, i64)| {
        let length = beats.1 - beats.0;
        let id = city.solo(who, LESSON, at(day * DAY_S), &[watched((0, length), beats)]).await;
        post_one(&city, id).await
    };
    assert_eq!(alone(1, 0, (0, 300)).await, (300, vec![]));
    assert_eq!(alone(1, 1, (0, 600)).await, (300, vec![(Repeated, 300)]));
    assert_eq!(alone(1, 2, (0, 600)).await, (0, vec![(Repeated, 600)]));
    assert_eq!(alone(2, 2, (0, 600)).await, (600, vec![]), "somebody else's year is not mine");
    assert_eq!(alone(1, 40, (0, 600)).await, (600, vec![]), "the sixth of January is another year");
    let other = city.solo(1, OTHER_LESSON, at(3 * DAY_S), &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post_one(&city, other).await, (300, vec![]));
}

#[tokio::test]
async fn where_a_lesson_counts_once_in_a_lifetime_a_new_year_does_not_count_it_again() {
    let city = City::with_people(1).await;
    counts_once_per(&city, "lifetime").await;
    for (day, outcome) in [(0, (600, vec![])), (40, (0, vec![(Repeated, 600)]))] {
        let id = city.solo(1, LESSON, at(day * DAY_S), &[watched((0, 600), (0, 600))]).await;
        assert_eq!(post_one(&city, id).await, outcome);
    }
}

#[tokio::test]
async fn days_apart_are_counted_both_ways_so_that_posting_late_earns_no_more() {
    let city = City::with_people(1).await;
    city.rule(CITY, "2025-11-01", |text| text.replace("after_days = 1", "after_days = 7")).await;
    for (day, outcome) in [(10, (300, vec![])), (4, (0, vec![(Repeated, 300)])), (17, (300, vec![]))] {
        let id = city.solo(1, LESSON, at(day * DAY_S), &[watched((0, 300), (0, 300))]).await;
        assert_eq!(post_one(&city, id).await, outcome, "day {day}");
    }
}

#[tokio::test]
async fn what_is_repeated_was_watched_and_so_makes_up_the_minimum_of_the_day() {
    let city = City::with_people(1).await;
    counts_once_per(&city, "year").await;
    let first = city.solo(1, LESSON, START, &[watched((0, 250), (0, 250))]).await;
    assert_eq!(post_one(&city, first).await, (250, vec![]));
    let on = city.solo(1, LESSON, at(DAY_S), &[watched((0, 310), (0, 310))]).await;
    assert_eq!(post_one(&city, on).await, (60, vec![(Repeated, 250)]), "a minute more of a lesson of five");
    let little = city.solo(1, LESSON, at(2 * DAY_S), &[watched((0, 60), (310, 370))]).await;
    assert_eq!(post_one(&city, little).await, (0, vec![(TooShort, 60)]));
}

#[tokio::test]
async fn what_a_correction_took_away_may_be_earned_on_another_day() {
    let city = City::with_people(1).await;
    counts_once_per(&city, "lifetime").await;
    let first = city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post_one(&city, first).await, (300, vec![]));
    crate::ledger::correct(&city.db, 1, -300_000, "代学", crate::testing::OFFICE, at(400)).await.unwrap();
    let again = city.solo(1, LESSON, at(DAY_S), &[watched((0, 300), (0, 300))]).await;
    assert_eq!(post_one(&city, again).await, (300, vec![]));
}

#[tokio::test]
async fn a_session_over_midnight_counts_for_both_days() {
    let city = City::with_people(1).await;
    let before_midnight = Moment::start_of(day("2026-01-01")).plus_ms(-200_000);
    let id = city.solo(1, LESSON, before_midnight, &[watched((0, 600), (0, 600))]).await;
    let lines = post(&city, id).await;
    assert_eq!(lines, [(day("2025-12-31"), 200, 200, vec![]), (day("2026-01-01"), 400, 400, vec![])]);
}

#[tokio::test]
async fn a_rule_that_changes_in_mid_session_judges_only_what_comes_after_its_midnight() {
    let city = City::with_people(1).await;
    city.rule(CITY, "2026-01-01", |text| text.replace("daily_cap_minutes = 480", "daily_cap_minutes = 5")).await;
    let before_midnight = Moment::start_of(day("2026-01-01")).plus_ms(-200_000);
    let id = city.solo(1, LESSON, before_midnight, &[watched((0, 600), (0, 600))]).await;
    let lines = post(&city, id).await;
    let capped = vec![(DailyCap, 100)];
    assert_eq!(lines, [(day("2025-12-31"), 200, 200, vec![]), (day("2026-01-01"), 400, 300, capped)]);
}

#[tokio::test]
async fn less_than_two_minutes_of_a_lesson_a_day_count_nothing() {
    let city = City::with_people(1).await;
    let short = city.solo(1, LESSON, START, &[watched((0, 100), (0, 100))]).await;
    assert_eq!(post_one(&city, short).await, (0, vec![(TooShort, 100)]));
    let again = city.solo(1, LESSON, at(200), &[watched((0, 90), (0, 90))]).await;
    assert_eq!(post_one(&city, again).await, (0, vec![(TooShort, 90)]), "the same seconds again are no second minute");
    let more = city.solo(1, LESSON, at(400), &[watched((0, 90), (60, 150))]).await;
    assert_eq!(post_one(&city, more).await, (90, vec![]), "over the minimum, for its own part");
    let rest = city.solo(1, LESSON, at(600), &[watched((0, 90), (0, 90))]).await;
    assert_eq!(post_one(&city, rest).await, (60, vec![(Overlap, 30)]), "what was too short may still be earned");
}

#[tokio::test]
async fn a_day_holds_no_more_than_its_cap() {
    let city = City::with_people(1).await;
    city.rule(CITY, "2025-11-27", |text| text.replace("daily_cap_minutes = 480", "daily_cap_minutes = 10")).await;
    let first = city.solo(1, LESSON, START, &[watched((0, 400), (0, 400))]).await;
    assert_eq!(post_one(&city, first).await, (400, vec![]));
    let second = city.solo(1, OTHER_LESSON, at(500), &[watched((0, 600), (0, 600))]).await;
    assert_eq!(post_one(&city, second).await, (200, vec![(DailyCap, 400)]));
    let yesterday = city.solo(1, OTHER_LESSON, at(-86_400), &[watched((0, 600), (0, 600))]).await;
    assert_eq!(post_one(&city, yesterday).await, (600, vec![]), "a new rule touches only what comes after it");
}

#[tokio::test]
async fn whoever_was_never_there_that_day_gets_no_entry() {
    let city = City::with_people(2).await;
    let id = city.room(LESSON, START, &[watched((0, 300), (0, 300))], &[(1, 0, None), (2, 80_000, None)]).await;
    assert_eq!(post(&city, id).await.len(), 1);
    let silent = city.solo(1, LESSON, at(900), &[]).await;
    assert!(post(&city, silent).await.is_empty());
    assert_eq!(post_closed(&city.db, at(1000)).await.unwrap(), 0, "also a silent session is done");
}

#[tokio::test]
async fn any_order_of_sessions_verifies_however_often_a_lesson_counts() {
    for policy in [("", ""), ("once_per = \"day\"", "once_per = \"year\""), ("after_days = 1", "after_days = 3")] {
        any_order_verifies(policy).await;
    }
}

async fn any_order_verifies((old, new): (&str, &str)) {
    let city = City::with_people(3).await;
    city.rule(CITY, "2025-11-26", |text| text.replace(old, new)).await; // some sessions are before it
    let mut random = fastrand::Rng::with_seed(20_261_123);
    for _ in 0..40 {
        let start = at(random.i64(-200_000..200_000));
        let lesson = if random.bool() { LESSON } else { OTHER_LESSON };
        let mut wall = 0;
        let beats: Vec<_> = (0..random.usize(0..8))
            .map(|_| {
                let (long, from) = (random.i64(0..200), random.i64(0..500));
                let wall_from = wall + random.i64(0..30);
                wall = wall_from + long;
                let lost = random.bool().then_some((SeekUnseen, 5));
                Seconds { wall: (wall_from, wall), media: (from, from + long * random.i64(1..3) / 2), lost }
            })
            .collect();
        let alone = random.bool();
        let stays: Vec<_> = (1..=3).map(|who| (who, random.i64(-10..300), Some(random.i64(300..900)))).collect();
        match alone {
            true => city.solo(random.i64(1..=3), lesson, start, &beats).await,
            false => city.room(lesson, start, &beats, &stays).await,
        };
    }
    assert_eq!(post_closed(&city.db, at(300_000)).await.unwrap(), 40);
    let findings = verify::ledger(&city.db, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound() && findings.recomputed > 40, "{findings}");
}
