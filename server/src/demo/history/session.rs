//! One invented session: what the player would have stored of it, and what it is worth to whom.
//!
//! Pure. Watching goes at normal speed, so a span is as long as the clock's time; the worth is computed in the simplest
//! way that is right for such sessions, and the archive's own `verify` must agree with it.

use archive::rules::Rules;
use entity::{AccountId, LessonId, Moment, PersonId, PlaybackMode, Reason, UnitId};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::ops::Range;

/// Between two stored beats; well under the ten minutes that count as one sign of life.
const BETWEEN_BEATS_MS: Range<i64> = 300_000..540_000;

/// How long a jump of the playhead takes.
const JUMP_MS: i64 = 1_500;

/// One session from its start to its end.
pub struct Session {
    /// Alone or in a room.
    pub mode: PlaybackMode,
    /// The lesson, by its place in the list.
    pub lesson: usize,
    /// The lesson's key.
    pub lesson_id: LessonId,
    /// The lesson's length.
    pub duration_ms: i64,
    /// The learner of a session alone.
    pub person: Option<PersonId>,
    /// Who operates the player.
    pub account: AccountId,
    /// The unit of the learner or of the room.
    pub unit_id: UnitId,
    /// That unit's path.
    pub path: String,
    /// When it began.
    pub started: Moment,
    /// What the player sent.
    pub beats: Vec<Beat>,
    /// Who was in the room; empty for a session alone.
    pub stays: Vec<Stay>,
}

/// One beat: the playhead came from `from_ms` to `to_ms` between two instants.
pub struct Beat {
    /// Where the playhead was.
    pub from_ms: i64,
    /// Where it came.
    pub to_ms: i64,
    /// The server's clock at the one.
    pub wall_from: Moment,
    /// The server's clock at the other.
    pub wall_to: Moment,
    /// It jumped: nothing of that was watched.
    pub jumped: bool,
}

/// One person's stay in the room.
pub struct Stay {
    /// Who.
    pub person: PersonId,
    /// From when.
    pub arrived: Moment,
    /// Until when.
    pub left: Moment,
}

/// What is claimed, what counts, and why the rest does not.
pub struct Worth {
    /// All the playhead's way forward.
    pub claimed_ms: i64,
    /// What counts of it.
    pub credited_ms: i64,
    /// The rest.
    pub reasons: BTreeMap<Reason, i64>,
}

impl Beat {
    /// How far the playhead came.
    pub fn claimed_ms(&self) -> i64 {
        self.to_ms - self.from_ms
    }

    /// The part of the lesson that was watched: empty after a jump.
    pub fn span(&self) -> (i64, i64) {
        if self.jumped { (self.to_ms, self.to_ms) } else { (self.from_ms, self.to_ms) }
    }

    fn present_ms(&self, stay: &Stay) -> i64 {
        let shared_ms = self.wall_to.min(stay.left).since(self.wall_from.max(stay.arrived));
        if self.jumped { 0 } else { shared_ms.max(0) }
    }
}

impl Session {
    /// When the last beat came.
    pub fn ended(&self) -> Moment {
        self.beats.last().map_or(self.started, |beat| beat.wall_to)
    }

    /// When it was closed, a moment later.
    pub fn closed(&self) -> Moment {
        self.ended().plus_ms(8_000)
    }

    /// The session's own totals, before anybody's day is judged.
    pub fn totals(&self) -> Worth {
        let claimed_ms = self.beats.iter().map(Beat::claimed_ms).sum();
        let jumped_ms: i64 = self.beats.iter().filter(|beat| beat.jumped).map(Beat::claimed_ms).sum();
        let reasons = [(Reason::SeekUnseen, jumped_ms)].into_iter().filter(|(_, ms)| *ms > 0).collect();
        Worth { claimed_ms, credited_ms: claimed_ms - jumped_ms, reasons }
    }

    /// What it is worth to someone who was there for this stay, the first session of that lesson on their day.
    pub fn worth(&self, stay: Option<&Stay>, rules: &Rules) -> Worth {
        let mut worth = self.totals();
        if let Some(stay) = stay {
            let present_ms: i64 = self.beats.iter().map(|beat| beat.present_ms(stay)).sum();
            worth.withdraw(Reason::NotPresent, worth.credited_ms - present_ms);
        }
        if worth.credited_ms < rules.minimum_watch_minutes * 60_000 {
            worth.withdraw(Reason::TooShort, worth.credited_ms);
        }
        worth
    }

    /// The union of what was watched, as JSON.
    pub fn seen(&self) -> String {
        let mut seen: Vec<(i64, i64)> = Vec::new();
        for (from, to) in self.beats.iter().map(Beat::span).filter(|(from, to)| from < to) {
            match seen.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => seen.push((from, to)),
            }
        }
        let parts: Vec<String> = seen.iter().map(|(from, to)| format!("[{from},{to}]")).collect();
        format!("[{}]", parts.join(","))
    }
}

impl Worth {
    fn withdraw(&mut self, reason: Reason, ms: i64) {
        if ms > 0 {
            self.credited_ms -= ms;
            *self.reasons.entry(reason).or_default() += ms;
        }
    }
}

/// The beats of watching from the start to `until_ms`, with a jump of `jump_ms` (0: none) after the first stretch.
pub fn beats(started: Moment, until_ms: i64, jump_ms: i64, rng: &mut Rng) -> Vec<Beat> {
    let mut wall = started.plus_ms(rng.i64(900..4_000));
    let mut at_ms = 0;
    let mut jump_ms = jump_ms;
    let mut beats = vec![Beat { from_ms: 0, to_ms: 0, wall_from: wall, wall_to: wall, jumped: false }];
    while at_ms < until_ms {
        let step_ms = rng.i64(BETWEEN_BEATS_MS).min(until_ms - at_ms);
        let then = wall.plus_ms(step_ms);
        beats.push(Beat { from_ms: at_ms, to_ms: at_ms + step_ms, wall_from: wall, wall_to: then, jumped: false });
        (wall, at_ms) = (then, at_ms + step_ms);
        let over_ms = std::mem::take(&mut jump_ms).min(until_ms - at_ms);
        if over_ms > 0 {
            let then = wall.plus_ms(JUMP_MS);
            beats.push(Beat { from_ms: at_ms, to_ms: at_ms + over_ms, wall_from: wall, wall_to: then, jumped: true });
            (wall, at_ms) = (then, at_ms + over_ms);
        }
    }
    beats
}
