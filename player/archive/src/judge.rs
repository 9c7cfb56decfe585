//! What one person's watching on one civil day is worth.
//!
//! Pure. Takes stretches of accepted watching (from beats), the times the person was there, what earlier entries
//! already hold, and the rule; every millisecond claimed comes out credited or under one reason.

use crate::intervals::Intervals;
use crate::rules::Rules;
use entity::{Day, Moment, Reason, beat};
use std::collections::BTreeMap;

/// A beat, cut to one civil day: this part of the lesson went by between these instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    wall: (i64, i64),
    media: (i64, i64),
    /// What the player already refused, and why.
    lost: (Reason, i64),
}

/// What a person watched in one session on one day, and how it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worth {
    pub(crate) claimed_ms: i64,
    pub(crate) credited_ms: i64,
    pub(crate) reasons: BTreeMap<Reason, i64>,
}

/// What the ledger already holds for the person and the day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Before {
    /// Parts of this lesson that were credited, or wait to be: they count once a day.
    pub(crate) credited: Intervals,
    /// Parts that were on other days, and by the rule do not count again yet.
    pub(crate) repeated: Intervals,
    /// Parts of this lesson that were watched, credited or not.
    pub(crate) watched: Intervals,
    /// Time of this lesson that would have counted but for the minimum, the cap and its quiz.
    pub(crate) watched_ms: i64,
    /// Credited time over all lessons.
    pub(crate) day_credited_ms: i64,
}

/// Sort beats into civil days, cutting those that span midnight in proportion.
pub(crate) fn by_day(beats: &[beat::Model]) -> BTreeMap<Day, Vec<Stretch>> {
    let mut days: BTreeMap<Day, Vec<Stretch>> = BTreeMap::new();
    for beat in beats {
        let walls = day_cuts(beat.wall_from, beat.wall_to.max(beat.wall_from));
        for (day, wall) in walls {
            days.entry(day).or_default().push(cut(beat, wall));
        }
    }
    days
}

/// The parts of the lesson the person saw while there.
pub(crate) fn seen(stretches: &[Stretch], stays: &Intervals) -> Intervals {
    let mut seen = Intervals::default();
    for (_, media) in stretches.iter().flat_map(|stretch| stretch.present(stays)) {
        seen.insert(media.0, media.1);
    }
    seen
}

/// What the stretches are worth to someone who was there during `stays`.
///
/// Order of reasons: what the player refused, NOT_PRESENT, OVERLAP (with earlier entries of the day and within the
/// session), REPEATED (with entries of other days), OVER_WALL, then TOO_SHORT and DAILY_CAP over the sum, and QUIZ_NOT_PASSED over what is left when it is `withheld`:
/// so that is exactly what a pass would have been worth. The minimum looks at the whole day: a later session that
/// brings the day over it is credited for its own part; the earlier entry stays as it is.
pub(crate) fn worth(stretches: &[Stretch], stays: &Intervals, before: &Before, rules: &Rules, withheld: bool) -> Worth {
    let mut worth = Worth::default();
    let mut had_today = before.credited.clone();
    let mut had = before.repeated.clone();
    had.extend(&before.credited);
    for stretch in stretches {
        worth.refuse(stretch.lost.0, stretch.lost.1);
        let mut absent_ms = stretch.media_ms();
        for (wall, media) in stretch.present(stays) {
            let media_ms = media.1 - media.0;
            let fresh_ms = had_today.insert(media.0, media.1);
            let new_ms = had.insert(media.0, media.1);
            let credited_ms = new_ms.min(wall.1 - wall.0);
            absent_ms -= media_ms;
            worth.credit(credited_ms);
            worth.refuse(Reason::Overlap, media_ms - fresh_ms);
            worth.refuse(Reason::Repeated, fresh_ms - new_ms);
            worth.refuse(Reason::OverWall, new_ms - credited_ms);
        }
        worth.refuse(Reason::NotPresent, absent_ms);
    }
    let mut watched = before.watched.clone();
    watched.extend(&seen(stretches, stays));
    let repeated_ms = worth.reasons.get(&Reason::Repeated).copied().unwrap_or(0);
    let lesson_ms =
        before.watched_ms.saturating_add(worth.credited_ms).saturating_add(repeated_ms).min(watched.measure());
    if lesson_ms < rules.minimum_watch_minutes * 60_000 {
        worth.withdraw(Reason::TooShort, worth.credited_ms);
    }
    let room_ms = (rules.daily_cap_minutes * 60_000).saturating_sub(before.day_credited_ms).max(0);
    worth.withdraw(Reason::DailyCap, (worth.credited_ms - room_ms).max(0));
    if withheld {
        worth.withdraw(Reason::QuizNotPassed, worth.credited_ms);
    }
    worth
}

impl Worth {
    fn credit(&mut self, ms: i64) {
        self.claimed_ms += ms;
        self.credited_ms += ms;
    }

    fn refuse(&mut self, reason: Reason, ms: i64) {
        if ms > 0 {
            self.claimed_ms += ms;
            *self.reasons.entry(reason).or_default() += ms;
        }
    }

    fn withdraw(&mut self, reason: Reason, ms: i64) {
        if ms > 0 {
            self.credited_ms -= ms;
            *self.reasons.entry(reason).or_default() += ms;
        }
    }
}

/// Part of the clock's time and the part of the lesson that went by in it.
type Part = ((i64, i64), (i64, i64));

impl Stretch {
    fn media_ms(&self) -> i64 {
        self.media.1 - self.media.0
    }

    /// The parts during which the person was there. A stretch of no length in time belongs to who is there then.
    fn present(&self, stays: &Intervals) -> Vec<Part> {
        let (from, to) = self.wall;
        if from == to {
            return if stays.contains(from) { vec![(self.wall, self.media)] } else { Vec::new() };
        }
        let at = |wall: i64| self.media.0 + share(self.media_ms(), wall - from, to - from);
        stays.parts_within(from, to).map(|(a, b)| ((a, b), (at(a), at(b)))).collect()
    }
}

/// `[from, to)` cut at every midnight, each part with its civil day; a single empty part when it is empty.
fn day_cuts(from: Moment, to: Moment) -> Vec<(Day, (i64, i64))> {
    let mut parts = Vec::with_capacity(1);
    let mut start = from;
    while let Some(midnight) = start.day().succ_opt().map(Moment::start_of)
        && midnight < to
    {
        parts.push((start.day(), (start.0, midnight.0)));
        start = midnight;
    }
    parts.push((start.day(), (start.0, to.0)));
    parts
}

fn cut(beat: &beat::Model, wall: (i64, i64)) -> Stretch {
    let (from, to) = (beat.wall_from.0, beat.wall_to.max(beat.wall_from).0);
    let reached = |total: i64, at: i64| {
        if from == to { 0 } else { share(total, at - from, to - from) }
    };
    let media_ms = (beat.span_to_ms - beat.span_from_ms).max(0);
    let lost_ms = beat.reason_ms.max(0);
    let end = |total: i64| if wall.1 == to { total } else { reached(total, wall.1) };
    Stretch {
        wall,
        media: (beat.span_from_ms + reached(media_ms, wall.0), beat.span_from_ms + end(media_ms)),
        lost: (beat.reason.unwrap_or(Reason::OverWall), end(lost_ms) - reached(lost_ms, wall.0)),
    }
}

/// `total * part / whole`, rounded down, without overflow.
fn share(total: i64, part: i64, whole: i64) -> i64 {
    let exact = i128::from(total) * i128::from(part) / i128::from(whole.max(1));
    i64::try_from(exact).unwrap_or(total)
}

#[cfg(test)]
mod tests;
