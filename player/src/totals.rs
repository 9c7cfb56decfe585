//! What the beats of one session amount to.
//!
//! Owns the union of the spans and the sums of credit and reasons. Everything here is derived: [`recompute`] finds the
//! same from the stored beats.

use crate::beat::Judged;
use crate::spans::Spans;
use crate::{Error, Result};
use entity::{PlaybackId, Reason, beat, playback};
use std::collections::BTreeMap;

/// No honest viewing leaves this many separate pieces of one lesson.
const MOST_SPANS: usize = 500;

/// The sums of one session. `credited_ms` and all `reasons` add up to `claimed_ms`, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What the client has claimed.
    pub claimed_ms: i64,
    /// What of it counts, before the person's day is judged.
    pub credited_ms: i64,
    /// Why the rest does not.
    pub reasons: BTreeMap<Reason, i64>,
    /// Which parts of the lesson have been played.
    pub seen: Spans,
}

impl Totals {
    /// Adds what one more beat was judged.
    ///
    /// Of its span, what was seen before in this session is `OVERLAP`; of what is new, no more counts than the wall
    /// clock gave, and the rest is `OVER_WALL`.
    pub fn add(&mut self, judged: &Judged) {
        let (from, to) = (judged.span_from_ms, judged.span_to_ms);
        let overlap_ms = self.seen.measure_within(from, to);
        let new_ms = to - from - overlap_ms;
        let credited_ms = new_ms.min(judged.wall_to.since(judged.wall_from));
        self.claimed_ms += judged.claimed_ms;
        self.credited_ms += credited_ms;
        self.explain(Reason::Overlap, overlap_ms);
        self.explain(Reason::OverWall, new_ms - credited_ms);
        if let Some(reason) = judged.reason {
            self.explain(reason, judged.reason_ms);
        }
        self.seen.insert(from, to);
        self.seen.coarsen(MOST_SPANS);
    }

    fn explain(&mut self, reason: Reason, ms: i64) {
        if ms > 0 {
            *self.reasons.entry(reason).or_default() += ms;
        }
    }

    /// Reads the derived columns of a playback.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when they are not what this crate writes.
    pub fn of(row: &playback::Model) -> Result<Self> {
        Self::read(row.id, (row.claimed_ms, row.credited_ms), &row.reasons, &row.seen)
    }

    /// The same from the columns themselves: claimed and credited, reasons and seen.
    pub(crate) fn read(
        id: PlaybackId,
        (claimed_ms, credited_ms): (i64, i64),
        reasons: &str,
        seen: &str,
    ) -> Result<Self> {
        let unreadable = |source| Error::Unreadable { id, source };
        let reasons = serde_json::from_str(reasons).map_err(unreadable)?;
        Ok(Self { claimed_ms, credited_ms, reasons, seen: serde_json::from_str(seen).map_err(unreadable)? })
    }

    /// The columns `reasons` and `seen`.
    pub(crate) fn texts(&self, id: PlaybackId) -> Result<(String, String)> {
        let unreadable = |source| Error::Unreadable { id, source };
        let reasons = serde_json::to_string(&self.reasons).map_err(unreadable)?;
        Ok((reasons, serde_json::to_string(&self.seen).map_err(unreadable)?))
    }
}

/// The totals of a session from its beats alone, given in the order of their numbers.
pub fn recompute(beats: &[beat::Model]) -> Totals {
    let mut totals = Totals::default();
    for row in beats {
        totals.add(&Judged::from(row));
    }
    totals
}

/// How a session stands: the answer to every beat and to closing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Its sums.
    pub totals: Totals,
    /// Another session of the same person has taken over; nothing more counts here.
    pub superseded: bool,
    /// It has ended; nothing more counts here.
    pub closed: bool,
}

impl Progress {
    /// How the session in this row stands.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when its derived columns cannot be read.
    pub fn of(row: &playback::Model) -> Result<Self> {
        let (superseded, closed) = (row.superseded_at.is_some(), row.closed_at.is_some());
        Ok(Self { totals: Totals::of(row)?, superseded, closed })
    }
}
