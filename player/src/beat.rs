//! What one beat of the player is worth.
//!
//! Owns the rule that turns "the playhead is at 93.5 s" into a span of the lesson, or into the reason why not. Pure:
//! knows no database, and the caller says what time it is. What was watched before is weighed in [`crate::totals`].

use crate::{Error, Result};
use entity::{Moment, Reason, beat};

/// The highest number a beat may carry: one a millisecond for three weeks.
pub const MOST_SEQ: i64 = i32::MAX as i64;
/// Faster play than this is not learning; more media a second than this is never allowed.
const MOST_RATE_PERMILLE: i32 = 1500;
/// Timers and clocks are not exact: this much more than allowed still belongs to the span (but never adds credit
/// beyond the wall clock, see [`crate::totals::Totals::add`]).
const SLACK_MS: i64 = 500;
/// Up to this much above what is allowed, and a tenth of it, the player ran ahead; beyond, somebody moved the playhead.
const AHEAD_MS: i64 = 2_000;
/// One beat vouches for at most this much of the wall clock.
pub const IDLE_MS: i64 = 600_000;
/// A thin link delivers a beat late and the next one in time. Up to this much of the wall clock that a beat did not
/// use is therefore left for the next; no instant is ever used twice.
const LATE_MS: i64 = 10_000;

/// Where a playhead is, as the client tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    seq: i64,
    position_ms: i64,
    playing: bool,
    rate_permille: i32,
}

impl Beat {
    /// A beat whose numbers make sense.
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
        Ok(Self { seq, position_ms, playing, rate_permille })
    }

    /// Its number in the session.
    pub fn seq(&self) -> i64 {
        self.seq
    }
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
    /// Whether another session of the same person has taken over.
    pub superseded: bool,
}

impl LastBeat {
    /// What is known once `beat` has been judged at `now`.
    #[must_use]
    pub fn after(&self, beat: &Beat, judged: &Judged, now: Moment) -> Self {
        Self {
            seq: beat.seq,
            position_ms: judged.position_ms,
            playing: beat.playing,
            rate_permille: beat.rate_permille,
            at: self.at.max(judged.wall_to).max(now.plus_ms(-LATE_MS)),
            ..*self
        }
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

/// Judges a beat that came at `now`; `None` when its number has been seen or passed, so that it changes nothing.
///
/// Only the way forward of a moving playhead claims anything. What the wall clock allows becomes a span. A little more
/// is `OVER_WALL`, far more is a seek (`SEEK_UNSEEN`), what lies beyond ten minutes without a sign is `IDLE`, and a
/// session that another has taken over earns nothing (`SECOND_DEVICE`).
pub fn judge(last: &LastBeat, beat: &Beat, now: Moment) -> Option<Judged> {
    if beat.seq <= last.seq {
        return None;
    }
    let now = now.max(last.at); // machines that share a database may differ by a little
    let elapsed_ms = now.since(last.at);
    let position_ms = beat.position_ms.min(last.duration_ms);
    let claimed_ms = if last.playing { (position_ms - last.position_ms).max(0) } else { 0 };
    // The speed may have changed between the two beats; the faster one explains the way that was made.
    let rate = i64::from(last.rate_permille.max(beat.rate_permille).min(MOST_RATE_PERMILLE));
    let (span_ms, reason) = if last.superseded {
        (0, (claimed_ms > 0).then_some(Reason::SecondDevice))
    } else {
        weigh(claimed_ms, elapsed_ms, rate)
    };
    let slower = i64::from(last.rate_permille.min(beat.rate_permille));
    let (wall_from, wall_to) = wall_of(span_ms, slower, last.at, now);
    let (span_from_ms, span_to_ms) = (last.position_ms, last.position_ms + span_ms);
    let reason_ms = claimed_ms - span_ms;
    Some(Judged { position_ms, claimed_ms, span_from_ms, span_to_ms, wall_from, wall_to, reason, reason_ms })
}

/// How much of a claim was played, and the reason for the rest.
fn weigh(claimed_ms: i64, elapsed_ms: i64, rate: i64) -> (i64, Option<Reason>) {
    let allowed_ms = media_in(elapsed_ms, rate);
    let vouched_ms = media_in(elapsed_ms.min(IDLE_MS), rate);
    if claimed_ms > allowed_ms.saturating_add(AHEAD_MS + allowed_ms / 10) {
        (0, Some(Reason::SeekUnseen))
    } else if claimed_ms <= vouched_ms + SLACK_MS {
        (claimed_ms, None)
    } else if elapsed_ms > IDLE_MS {
        (vouched_ms, Some(Reason::Idle))
    } else {
        (vouched_ms, Some(Reason::OverWall))
    }
}

/// The stretch of the wall clock in which a span was played.
fn wall_of(span_ms: i64, rate: i64, from: Moment, now: Moment) -> (Moment, Moment) {
    if span_ms == 0 {
        return (now, now);
    }
    // A span takes its own length, or longer when slow. Played faster it takes all the time there was, up to its length.
    let needed_ms = span_ms.saturating_mul(1000) / rate.clamp(1, 1000);
    let to = from.plus_ms(needed_ms).max(now.plus_ms(-LATE_MS));
    (from, to.min(from.plus_ms(IDLE_MS)).min(now))
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

#[cfg(test)]
mod tests;
