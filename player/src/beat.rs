//! What one beat of the player is worth.
//!
//! Owns the rule that turns "the playhead is at 93.5 s" into a span of the lesson, or into the reason why not. Pure:
//! knows no database, and the caller says what time it is. What was watched before is weighed in [`crate::totals`].
//!
//! **Whose clock.** A beat may wait in a device without a line, so it says how long ago it happened by the device's
//! running clock; what the device believes the date to be is never asked. The server places it that long before it came.
//! No beat lies after its arrival or before the one with the next lower number, and no instant is used twice, so that a
//! whole session never earns more than the server's clock has moved. What can't be placed earns nothing and waits as
//! `CLOCK_UNRESOLVED` for somebody to decide.

use crate::{Error, Result};
use entity::{Moment, Reason, beat};

/// The highest number a beat may carry: one a millisecond for three weeks.
pub const MOST_SEQ: i64 = i32::MAX as i64;
/// Faster play than this is not learning; more media a second than this is never allowed, whatever the rule says.
pub const MOST_RATE_PERMILLE: i32 = 1500;
/// Timers and clocks are not exact: this much more than allowed still belongs to the span (but never adds credit
/// beyond the wall clock, see [`crate::totals::Totals::add`]).
const SLACK_MS: i64 = 500;
/// Up to this much above what is allowed, and a tenth of it, the player ran ahead; beyond, somebody moved the playhead.
const AHEAD_MS: i64 = 2_000;
/// One beat vouches for at most this much of the wall clock.
pub const IDLE_MS: i64 = 600_000;
/// A beat, or a press at the door, may be delivered this late: a long day without a line. A session that fell silent in
/// the middle waits so long for the rest of its beats.
pub const LATEST_MS: i64 = 12 * 3_600_000;
/// A thin link delivers a beat late and the next one in time. Up to this much of the wall clock that a beat did not
/// use is therefore left for the next; no instant is ever used twice.
const LATE_MS: i64 = 10_000;
/// A beat that seems to lie before the one with the next lower number by more than this was dated by a clock that
/// jumped; less is the difference between two deliveries.
const BACKWARDS_MS: i64 = 60_000;
/// How long after the idle check is due somebody may still answer it without losing anything.
pub const GRACE_MS: i64 = 60_000;

/// Where a playhead is, or was, as the client tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    seq: i64,
    position_ms: i64,
    playing: bool,
    rate_permille: i32,
    ago_ms: Option<i64>,
    touched: bool,
}

impl Beat {
    /// A beat whose numbers make sense, without a date and without a touch.
    ///
    /// # Errors
    /// [`Error::BadSeq`], [`Error::BadPosition`] and [`Error::BadRate`].
    pub fn parse(seq: i64, position_ms: i64, playing: bool, rate: f64) -> Result<Self> {
        if !(1..=MOST_SEQ).contains(&seq) {
            return Err(Error::BadSeq);
        }
        if position_ms < 0 {
            return Err(Error::BadPosition);
        }
        if !(0.25..=3.0).contains(&rate) {
            return Err(Error::BadRate); // so is a NaN
        }
        let rate_permille = (rate * 1000.0).round() as i32;
        Ok(Self { seq, position_ms, playing, rate_permille, ago_ms: None, touched: false })
    }

    /// The same beat, made so long before it comes by the running clock of the device.
    #[must_use]
    pub fn made_ago(self, ago_ms: i64) -> Self {
        Self { ago_ms: Some(ago_ms), ..self }
    }

    /// The same beat, if `touched` by a person since the one before: a key, a tap, an answer to the idle check.
    #[must_use]
    pub fn by_hand(self, touched: bool) -> Self {
        Self { touched, ..self }
    }

    /// Its number in the session.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// Whether it says when it was made. One that doesn't is taken to be of the moment it comes, and means nothing once a
    /// later one has come.
    pub fn is_dated(&self) -> bool {
        self.ago_ms.is_some()
    }

    /// What it tells, once it has come at `now`.
    pub fn told(&self, now: Moment) -> Told {
        let ago_ms = self.ago_ms.unwrap_or(0);
        let placed = (0..=LATEST_MS).contains(&ago_ms);
        Told {
            seq: self.seq,
            position_ms: self.position_ms,
            playing: self.playing,
            rate_permille: self.rate_permille,
            happened_at: placed.then(|| now.plus_ms(-ago_ms)),
            touched: self.touched,
        }
    }
}

/// What a beat tells: everything that judging needs of it, and all that is stored of it besides the judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number in the session.
    pub seq: i64,
    /// The playhead.
    pub position_ms: i64,
    /// Whether it moves.
    pub playing: bool,
    /// Its speed, in thousandths.
    pub rate_permille: i32,
    /// When; `None` when that cannot be told.
    pub happened_at: Option<Moment>,
    /// Whether a person had touched the player since the beat before.
    pub touched: bool,
}

/// What is known of a session when its next beat comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastBeat {
    /// Number of the last accepted beat; 0 before the first.
    pub seq: i64,
    /// Where the playhead was.
    pub position_ms: i64,
    /// Whether it was moving.
    pub playing: bool,
    /// Its speed, in thousandths.
    pub rate_permille: i32,
    /// Up to when the wall clock has been used.
    pub at: Moment,
    /// Length of the lesson.
    pub duration_ms: i64,
    /// The fastest play that counts, in thousandths.
    pub most_rate_permille: i32,
    /// When another session of the same person took over.
    pub superseded_at: Option<Moment>,
    /// The last sign of a person.
    pub touched_at: Moment,
    /// After how long without such a sign nothing counts.
    pub idle_after_ms: Option<i64>,
}

impl LastBeat {
    /// What is known once a beat has been judged.
    #[must_use]
    pub fn after(&self, told: &Told, judged: &Judged) -> Self {
        let at = self.instant(told).unwrap_or(self.at);
        Self {
            seq: told.seq,
            position_ms: judged.position_ms,
            playing: told.playing,
            rate_permille: told.rate_permille,
            at: self.at.max(judged.wall_to).max(at.plus_ms(-LATE_MS)),
            touched_at: if told.touched { self.touched_at.max(at) } else { self.touched_at },
            ..*self
        }
    }

    /// When a beat lies in this session; `None` when a clock has jumped.
    ///
    /// Never before the last one. A beat dated before the session, or before its neighbour, beyond what deliveries
    /// differ by, cannot be placed.
    fn instant(&self, told: &Told) -> Option<Moment> {
        let at = told.happened_at?;
        (self.at.since(at) <= BACKWARDS_MS).then(|| at.max(self.at))
    }

    /// Up to when anything may count, and why not after that.
    fn limit(&self) -> Option<(Moment, Reason)> {
        let taken_over = self.superseded_at.map(|at| (at, Reason::SecondDevice));
        let idle = self.idle_after_ms.map(|ms| (self.touched_at.plus_ms(ms.saturating_add(GRACE_MS)), Reason::Idle));
        taken_over.into_iter().chain(idle).min_by_key(|(at, _)| *at)
    }
}

/// What one beat claims, the span of it that was really played, and why the rest was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The playhead, never beyond the lesson's end.
    pub position_ms: i64,
    /// How far the playhead came.
    pub claimed_ms: i64,
    /// Start of the span in the lesson.
    pub span_from_ms: i64,
    /// End of the span in the lesson.
    pub span_to_ms: i64,
    /// Server's clock at the start of the span.
    pub wall_from: Moment,
    /// Server's clock at its end.
    pub wall_to: Moment,
    /// Why the rest of the claim is not in the span.
    pub reason: Option<Reason>,
    /// The rest of the claim: `claimed_ms` less the length of the span.
    pub reason_ms: i64,
}

/// Judges the beat that follows `last`.
///
/// Only the way forward of a moving playhead claims anything. What the wall clock allows becomes a span. A little more
/// is `OVER_WALL`, far more is a seek (`SEEK_UNSEEN`), what lies beyond ten minutes without a beat, or beyond an idle
/// check that nobody answered, is `IDLE`, and what lies after another session took over is `SECOND_DEVICE`. A beat that
/// can't be placed in time is `CLOCK_UNRESOLVED`.
pub fn judge(last: &LastBeat, told: &Told) -> Judged {
    let position_ms = told.position_ms.min(last.duration_ms);
    let claimed_ms = if last.playing { (position_ms - last.position_ms).max(0) } else { 0 };
    let Some(at) = last.instant(told) else {
        return judged(last, position_ms, claimed_ms, 0, (last.at, last.at), Some(Reason::ClockUnresolved));
    };
    // The speed may have changed between the two beats; the faster one explains the way that was made.
    let rate = i64::from(last.rate_permille.max(told.rate_permille).min(last.most_rate_permille));
    let (until, limit) = match last.limit() {
        Some((until, reason)) if until < at => (until.max(last.at), Some(reason)),
        _ => (at, None),
    };
    let (span_ms, reason) = weigh(claimed_ms, at.since(last.at), until.since(last.at), rate, limit);
    let slower = i64::from(last.rate_permille.min(told.rate_permille));
    judged(last, position_ms, claimed_ms, span_ms, wall_of(span_ms, slower, last.at, until), reason)
}

fn judged(
    last: &LastBeat,
    position_ms: i64,
    claimed_ms: i64,
    span_ms: i64,
    (wall_from, wall_to): (Moment, Moment),
    reason: Option<Reason>,
) -> Judged {
    let reason_ms = claimed_ms - span_ms;
    Judged {
        position_ms,
        claimed_ms,
        span_from_ms: last.position_ms,
        span_to_ms: last.position_ms + span_ms,
        wall_from,
        wall_to,
        reason: reason.filter(|_| reason_ms > 0),
        reason_ms,
    }
}

/// How much of a claim was played, and the reason for the rest. Of `elapsed_ms` only the first `open_ms` may count, the
/// rest not for the reason of `limit`; a playhead is taken to have moved evenly.
fn weigh(claimed_ms: i64, elapsed_ms: i64, open_ms: i64, rate: i64, limit: Option<Reason>) -> (i64, Option<Reason>) {
    if let (0, Some(reason)) = (open_ms, limit) {
        return (0, Some(reason));
    }
    let allowed_ms = media_in(elapsed_ms, rate);
    if claimed_ms > allowed_ms.saturating_add(AHEAD_MS + allowed_ms / 10) {
        return (0, Some(Reason::SeekUnseen));
    }
    let vouched_ms = media_in(open_ms.min(IDLE_MS), rate);
    if let Some(reason) = limit {
        let before_ms = claimed_ms.saturating_mul(open_ms) / elapsed_ms.max(1);
        (before_ms.min(vouched_ms), Some(reason))
    } else if claimed_ms <= vouched_ms + SLACK_MS {
        (claimed_ms, None)
    } else if elapsed_ms > IDLE_MS {
        (vouched_ms, Some(Reason::Idle))
    } else {
        (vouched_ms, Some(Reason::OverWall))
    }
}

/// The stretch of the wall clock in which a span was played.
fn wall_of(span_ms: i64, rate: i64, from: Moment, until: Moment) -> (Moment, Moment) {
    if span_ms == 0 {
        return (until, until);
    }
    // A span takes its own length, or longer when slow. Played faster it takes all the time there was, up to its length.
    let needed_ms = span_ms.saturating_mul(1000) / rate.clamp(1, 1000);
    let to = from.plus_ms(needed_ms).max(until.plus_ms(-LATE_MS));
    (from, to.min(from.plus_ms(IDLE_MS)).min(until))
}

fn media_in(wall_ms: i64, rate_permille: i64) -> i64 {
    wall_ms.saturating_mul(rate_permille) / 1000
}

impl From<&beat::Model> for Judged {
    fn from(row: &beat::Model) -> Self {
        Self {
            position_ms: row.position_ms,
            claimed_ms: row.claimed_ms,
            span_from_ms: row.span_from_ms,
            span_to_ms: row.span_to_ms,
            wall_from: row.wall_from,
            wall_to: row.wall_to,
            reason: row.reason,
            reason_ms: row.reason_ms,
        }
    }
}

impl From<&beat::Model> for Told {
    fn from(row: &beat::Model) -> Self {
        let kept = row.received_at.is_some(); // rows of before say only when they were judged
        Self {
            seq: row.seq,
            position_ms: row.position_ms,
            playing: row.playing,
            rate_permille: row.rate_permille,
            happened_at: if kept { row.happened_at } else { Some(row.wall_to) },
            touched: row.touched,
        }
    }
}

#[cfg(test)]
mod tests;
