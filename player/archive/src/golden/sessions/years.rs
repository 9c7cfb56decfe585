//! The years themselves: what people do, and what comes of it.

use crate::testing::{LESSON, OTHER_LESSON};
use entity::LessonId;
use entity::Reason::{self, DailyCap, NotPresent, OverWall, Overlap, QuizNotPassed, Repeated, SeekUnseen, TooShort};

/// A lesson that counts only with its quiz passed.
pub(super) const ASKING: LessonId = LessonId(3);

/// Civil day, hour and minute in Shanghai.
pub(super) type At = (&'static str, i64, i64);

#[derive(Clone, Copy)]
pub(super) enum Deed {
    /// Watches alone from one second of a lesson to another, as fast as the clock.
    Alone(At, LessonId, i64, i64),
    /// Sits in a room that plays so many seconds, from one second to another.
    Room(At, LessonId, i64, (i64, i64)),
    /// Sits there as a guest whom nobody knows until it is posted.
    Guest(At, LessonId, i64, (i64, i64)),
    /// The last guest was somebody else after all.
    NotMe,
    /// Jumps over so many seconds after watching so many.
    Jumps(At, LessonId, i64, i64),
    /// So many seconds of a lesson go by in half the time.
    Hurries(At, LessonId, i64),
    /// Passes the quiz of a lesson.
    Passes(LessonId),
    /// The newest entry is corrected by so many minutes.
    Corrected(i64),
    /// Moves to the far village.
    Moves,
}

use Deed::{Alone, Corrected, Guest, Hurries, Jumps, Moves, NotMe, Passes, Room};

/// What it is about; far or at home; what was done; the credit hours of 2025; what does not count, in seconds.
type Year = (&'static str, bool, Vec<Deed>, &'static str, Vec<(Reason, i64)>);

pub(super) const MARCH: At = ("2025-03-05", 9, 0);
const MARCH_AGAIN: At = ("2025-03-05", 15, 0);
const NEXT_DAY: At = ("2025-03-06", 9, 0);
pub(super) const MAY: At = ("2025-05-05", 9, 0);
pub(super) const AUGUST: At = ("2025-08-05", 9, 0);

pub(super) fn years() -> Vec<Year> {
    vec![
        ("a lesson of 45 minutes is one hour", false, vec![Alone(MARCH, LESSON, 0, 2700)], "1.00", vec![]),
        // 540 minutes, of which 480 count: 480 / 45 = 10.666.
        (
            "nine hours on one day",
            false,
            vec![Alone(("2025-03-05", 6, 0), LESSON, 0, 16_200), Alone(("2025-03-05", 12, 0), OTHER_LESSON, 0, 16_200)],
            "10.66",
            vec![(DailyCap, 3600)],
        ),
        ("a second less than two minutes", false, vec![Alone(MARCH, LESSON, 0, 119)], "0.00", vec![(TooShort, 119)]),
        // The second visit makes 200 seconds of the day and counts with its own 100: 100 / 2700 = 0.037.
        (
            "two visits under two minutes",
            false,
            vec![Alone(MARCH, LESSON, 0, 100), Alone(MARCH_AGAIN, LESSON, 100, 200)],
            "0.03",
            vec![(TooShort, 100)],
        ),
        // 1800 / 2700 = 0.666.
        (
            "the same half hour twice on one day",
            false,
            vec![Alone(MARCH, LESSON, 0, 1800), Alone(MARCH_AGAIN, LESSON, 0, 1800)],
            "0.66",
            vec![(Overlap, 1800)],
        ),
        // 3600 / 2700 = 1.333.
        (
            "the same half hour on two days",
            false,
            vec![Alone(MARCH, LESSON, 0, 1800), Alone(NEXT_DAY, LESSON, 0, 1800)],
            "1.33",
            vec![],
        ),
        // Twenty minutes on either side, in one lesson: 2400 / 2700 = 0.888.
        ("over a midnight", false, vec![Alone(("2025-03-05", 23, 40), LESSON, 0, 2400)], "0.88", vec![]),
        // The half hours after the first New Year and before the second: 3600 / 2700 = 1.333.
        (
            "over both ends of the year",
            false,
            vec![Alone(("2024-12-31", 23, 30), LESSON, 0, 3600), Alone(("2025-12-31", 23, 30), LESSON, 0, 3600)],
            "1.33",
            vec![],
        ),
        // There for 1800 of 3600 seconds: 1800 / 2700 = 0.666.
        (
            "came late to a room and left early",
            false,
            vec![Room(MARCH, LESSON, 3600, (600, 2400))],
            "0.66",
            vec![(NotPresent, 1800)],
        ),
        // Alone 1800, then a room of 3600 of which the first 1800 were had: 3600 / 2700 = 1.333.
        (
            "alone and in a room on one day",
            false,
            vec![Alone(MARCH, LESSON, 0, 1800), Room(MARCH_AGAIN, LESSON, 3600, (0, 3600))],
            "1.33",
            vec![(Overlap, 1800)],
        ),
        ("a guest found later", false, vec![Guest(MARCH, LESSON, 3600, (0, 2700))], "1.00", vec![(NotPresent, 900)]),
        (
            "a guest who was somebody else",
            false,
            vec![Guest(MARCH, LESSON, 3600, (0, 2700)), NotMe],
            "0.00",
            vec![(NotPresent, 900)],
        ),
        // 90 minutes less 45.
        ("a correction that takes away", false, vec![Alone(MARCH, LESSON, 0, 5400), Corrected(-45)], "1.00", vec![]),
        // 30 minutes and 15 for a time of which the roll says nothing.
        (
            "a correction that gives",
            false,
            vec![Room(MARCH, LESSON, 3600, (0, 1800)), Corrected(15)],
            "1.00",
            vec![(NotPresent, 1800)],
        ),
        ("a quiz not passed", false, vec![Alone(MARCH, ASKING, 0, 2700)], "0.00", vec![(QuizNotPassed, 2700)]),
        ("a quiz passed later", false, vec![Alone(MARCH, ASKING, 0, 2700), Passes(ASKING)], "1.00", vec![]),
        // Watched 1800, jumped over 900: 1800 / 2700 = 0.666.
        ("a jump", false, vec![Jumps(MARCH, LESSON, 1800, 900)], "0.66", vec![(SeekUnseen, 900)]),
        // 2700 seconds of the lesson in 1350 of the clock: 1350 / 2700.
        ("faster than the clock", false, vec![Hurries(MARCH, LESSON, 2700)], "0.50", vec![(OverWall, 1350)]),
        // 90 minutes, of which the far county's 60 count: two hours of 30 minutes.
        ("far: beyond the cap", true, vec![Alone(MARCH, LESSON, 0, 5400)], "2.00", vec![(DailyCap, 1800)]),
        // Half an hour once, and of the second time the half that was new: 45 minutes of 30.
        (
            "far: the same lesson twice in a year",
            true,
            vec![Alone(MARCH, LESSON, 0, 1800), Alone(MAY, LESSON, 900, 2700)],
            "1.50",
            vec![(Repeated, 900)],
        ),
        // March is posted after May, and finds its half hour counted.
        (
            "far: the earlier session comes later",
            true,
            vec![Alone(MAY, LESSON, 0, 1800), Alone(MARCH, LESSON, 0, 1800)],
            "1.00",
            vec![(Repeated, 1800)],
        ),
        // An hour of 30 minutes until June, of 60 from July on: 60 minutes are 2 and 1.
        (
            "far: the rule changes in mid-year",
            true,
            vec![Alone(MAY, LESSON, 0, 3600), Alone(AUGUST, OTHER_LESSON, 0, 3600)],
            "3.00",
            vec![],
        ),
        // Of last year; until June it would have counted again this year.
        (
            "far: once in a lifetime from July on",
            true,
            vec![Alone(("2024-12-05", 9, 0), LESSON, 0, 1800), Alone(AUGUST, LESSON, 0, 1800)],
            "0.00",
            vec![(Repeated, 1800)],
        ),
        // An hour of 45 minutes at home, then one of 60 in the far county.
        (
            "moved in mid-year",
            false,
            vec![Alone(MARCH, LESSON, 0, 2700), Moves, Alone(AUGUST, OTHER_LESSON, 0, 3600)],
            "2.00",
            vec![],
        ),
        // 2700 + 2700.
        (
            "two lessons in two rooms on one day",
            false,
            vec![Room(MARCH, LESSON, 2700, (0, 2700)), Room(MARCH_AGAIN, OTHER_LESSON, 2700, (0, 2700))],
            "2.00",
            vec![],
        ),
    ]
}
