//! Sessions that were read already, and which parts of a lesson somebody saw in them before.
//!
//! Owns what of earlier entries counts as seen: what was credited or waits for the quiz, and no correction took away.

use super::{CHUNK, Session};
use crate::intervals::Intervals;
use crate::judge::Before;
use crate::{Result, ledger, quiz};
use entity::{Day, LessonId, PlaybackId, Reason, ledger_entry, playback};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;
use std::sync::Arc;

/// Sessions already read, so that a room of sixty reads each earlier one once.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    read: HashMap<PlaybackId, Arc<Session>>,
}

impl Sessions {
    /// The session of a playback; `None` when there is no such row.
    pub(crate) async fn get(&mut self, db: &impl ConnectionTrait, id: PlaybackId) -> Result<Option<Arc<Session>>> {
        if !self.read.contains_key(&id) {
            self.prepare(db, &[id]).await?;
        }
        Ok(self.read.get(&id).cloned())
    }

    /// Read these sessions in a few queries, so that a long walk needs no query each; forgets what was read when that
    /// has grown, to keep memory flat.
    pub(crate) async fn prepare(&mut self, db: &impl ConnectionTrait, ids: &[PlaybackId]) -> Result<()> {
        if self.read.len() > 4 * CHUNK {
            self.read.clear();
        }
        let missing: Vec<_> = ids.iter().copied().filter(|id| !self.read.contains_key(id)).collect();
        for chunk in missing.chunks(CHUNK) {
            let rows =
                playback::Entity::find().filter(playback::Column::Id.is_in(chunk.iter().copied())).all(db).await?;
            for session in Session::load(db, &rows).await? {
                self.read.insert(session.playback_id, Arc::new(session));
            }
        }
        Ok(())
    }

    /// What stands in the ledger before a session is judged on one of its days. A session over midnight is one sitting:
    /// its two days are no repeats of each other.
    pub(super) async fn before(
        &mut self,
        db: &impl ConnectionTrait,
        (judged, day): (&Session, Day),
        earlier: &[&ledger_entry::Model],
        had: Had,
    ) -> Result<Before> {
        let mut before = Before::default();
        let given = quiz::given(earlier.iter().copied());
        for entry in earlier.iter().filter(|entry| entry.day == day) {
            before.day_credited_ms = before.day_credited_ms.saturating_add(entry.credited_ms);
            let Some(seen) = self.seen_in(db, judged.lesson_id, entry).await? else { continue };
            let waits = had == Had::OrWaits && quiz::waiting_ms(entry)? > 0;
            if entry.credited_ms > 0 || given.contains(&entry.seq) || waits {
                before.credited.extend(&seen);
            }
            before.watched.extend(&seen);
            before.watched_ms = before.watched_ms.saturating_add(would_count_ms(entry)?);
        }
        let elsewhere = |entry: &&&ledger_entry::Model| {
            entry.day != day && entry.playback_id.is_some_and(|id| id != judged.playback_id)
        };
        for entry in earlier.iter().filter(elsewhere) {
            let waits = had == Had::OrWaits && quiz::waiting_ms(entry)? > 0;
            if (waits || comes_to_ms(entry, earlier) > 0)
                && let Some(seen) = self.seen_in(db, judged.lesson_id, entry).await?
            {
                before.repeated.extend(&seen);
            }
        }
        Ok(before)
    }

    /// Which parts of this lesson the person of an entry saw in its session; `None` when it has none of it.
    async fn seen_in(
        &mut self,
        db: &impl ConnectionTrait,
        lesson: LessonId,
        entry: &ledger_entry::Model,
    ) -> Result<Option<Intervals>> {
        let (Some(id), true) = (entry.playback_id, entry.lesson_id == Some(lesson)) else { return Ok(None) };
        Ok(self.get(db, id).await?.map(|session| session.seen_by(entry.person_id, entry.day)))
    }
}

/// Which parts of a lesson somebody had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Had {
    /// Those that were credited.
    Credited,
    /// Those, and the ones that wait for the lesson's quiz.
    OrWaits,
}

/// What an entry credits with the corrections of it among these.
fn comes_to_ms(entry: &ledger_entry::Model, among: &[&ledger_entry::Model]) -> i64 {
    let corrections = among.iter().filter(|other| other.corrects_seq == Some(entry.seq));
    corrections.fold(entry.credited_ms, |sum, other| sum.saturating_add(other.credited_ms))
}

/// What an entry holds or would hold but for the minimum, the cap and the quiz.
fn would_count_ms(entry: &ledger_entry::Model) -> Result<i64> {
    let reasons = ledger::reasons_of(entry)?;
    let held_back =
        [Reason::TooShort, Reason::DailyCap, Reason::QuizNotPassed].iter().filter_map(|reason| reasons.get(reason));
    Ok(held_back.fold(entry.credited_ms, |sum, ms| sum.saturating_add(*ms)))
}

/// What of a lesson these entries of one person credit, each part once, in milliseconds.
pub(crate) async fn seen_ms(
    db: &impl ConnectionTrait,
    known: &mut Sessions,
    lesson: LessonId,
    entries: &[ledger_entry::Model],
) -> Result<i64> {
    let undone = quiz::undone(entries);
    let given = quiz::given(entries.iter().filter(|entry| !undone.contains(&entry.seq)));
    let mut seen = Intervals::default();
    for entry in entries.iter().filter(|entry| entry.credited_ms > 0 || given.contains(&entry.seq)) {
        seen.extend(&known.seen_in(db, lesson, entry).await?.unwrap_or_default());
    }
    Ok(seen.measure())
}
