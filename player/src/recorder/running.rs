//! A session while its beats are judged.
//!
//! Owns the order of beats: they are judged by their numbers, whatever order they come in. One that comes after its
//! successors is put where it belongs, and the whole session is judged anew from what all of them tell, so that the
//! outcome does not depend on the line.

use super::rows::Row;
use crate::Result;
use crate::beat::{Beat, Judged, LastBeat, Told, judge};
use crate::totals::{Progress, Totals};
use entity::{Moment, PlaybackId, beat};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// One session, its row locked.
pub(super) struct Running {
    pub(super) row: Row,
    totals: Totals,
    /// What each beat told and when it came, by number; kept only where beats come out of order.
    heard: Option<BTreeMap<i64, (Told, Moment)>>,
    /// What is to be written, by number.
    judged: BTreeMap<i64, beat::Model>,
}

impl Running {
    /// Reads the session of this row, with all its stored beats where some came out of order.
    pub(super) fn of(row: Row, stored: Option<Vec<beat::Model>>) -> Result<Self> {
        let totals = row.totals()?;
        let heard = |beat: beat::Model| (beat.seq, (Told::from(&beat), beat.received_at.unwrap_or(beat.wall_to)));
        let heard = stored.map(|beats| beats.into_iter().map(heard).collect());
        Ok(Self { row, totals, heard, judged: BTreeMap::new() })
    }

    /// Judges beats that came together at `now`, given in the order of their numbers. A beat that was seen changes
    /// nothing; neither does one without a date that was passed.
    pub(super) fn take(&mut self, beats: &[Beat], now: Moment) {
        let mut overtaken = false;
        for beat in beats {
            let told = beat.told(now);
            if told.seq > self.row.last_seq {
                self.next(told, now);
            } else if let Some(heard) = self.heard.as_mut().filter(|_| beat.is_dated())
                && let Entry::Vacant(place) = heard.entry(told.seq)
            {
                place.insert((told, now));
                overtaken = true;
            }
        }
        if overtaken {
            self.judge_anew();
        }
    }

    /// How the session stands.
    pub(super) fn progress(&self) -> Progress {
        Progress {
            totals: self.totals.clone(),
            superseded: self.row.superseded_at.is_some(),
            closed: self.row.closed_at.is_some(),
        }
    }

    /// The rows to be written: none when nothing changed.
    pub(super) fn into_rows(mut self) -> Result<(Vec<beat::Model>, Option<Row>)> {
        if self.judged.is_empty() {
            return Ok((Vec::new(), None));
        }
        self.row.set_totals(&self.totals)?;
        Ok((self.judged.into_values().collect(), Some(self.row)))
    }

    fn next(&mut self, told: Told, came: Moment) {
        let last = self.last();
        let judged = judge(&last, &told);
        self.totals.add(&judged);
        self.judged.insert(told.seq, row_of(self.row.id, &told, &judged, came));
        if let Some(heard) = &mut self.heard {
            heard.insert(told.seq, (told, came));
        }
        self.move_to(&last.after(&told, &judged));
    }

    fn judge_anew(&mut self) {
        self.totals = Totals::default();
        self.move_to(&self.first());
        for (told, came) in self.heard.clone().unwrap_or_default().into_values() {
            self.next(told, came);
        }
    }

    /// What was known before the first beat.
    fn first(&self) -> LastBeat {
        let (at, position_ms) = (self.row.started_at, self.row.start_position_ms);
        LastBeat { seq: 0, position_ms, playing: true, rate_permille: 1000, at, touched_at: at, ..self.last() }
    }

    fn last(&self) -> LastBeat {
        LastBeat {
            seq: self.row.last_seq,
            position_ms: self.row.last_position_ms,
            playing: self.row.last_playing == 1,
            rate_permille: self.row.last_rate_permille,
            at: self.row.last_beat_at,
            duration_ms: self.row.duration_ms,
            most_rate_permille: self.row.most_rate_permille,
            superseded_at: self.row.superseded_at,
            touched_at: self.row.touched_at.unwrap_or(self.row.started_at),
            idle_after_ms: self.row.idle_after_ms,
        }
    }

    fn move_to(&mut self, last: &LastBeat) {
        self.row.last_seq = last.seq;
        self.row.last_position_ms = last.position_ms;
        self.row.last_playing = last.playing.into();
        self.row.last_rate_permille = last.rate_permille;
        self.row.last_beat_at = last.at;
        self.row.touched_at = Some(last.touched_at);
    }
}

fn row_of(session: PlaybackId, told: &Told, judged: &Judged, came: Moment) -> beat::Model {
    beat::Model {
        playback_id: session,
        seq: told.seq,
        position_ms: judged.position_ms,
        playing: told.playing,
        rate_permille: told.rate_permille,
        claimed_ms: judged.claimed_ms,
        span_from_ms: judged.span_from_ms,
        span_to_ms: judged.span_to_ms,
        wall_from: judged.wall_from,
        wall_to: judged.wall_to,
        reason: judged.reason,
        reason_ms: judged.reason_ms,
        happened_at: told.happened_at,
        received_at: Some(came),
        touched: told.touched,
    }
}

#[cfg(test)]
mod tests;
