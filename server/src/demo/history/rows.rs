//! Writes sessions as the player and the archive would have left them: playback, beats, stays, entries.

use super::evening;
use super::session::{Beat, Session, Worth};
use crate::demo::settle::CHUNK;
use crate::demo::{Error, Result};
use archive::ledger::{self, NewEntry};
use archive::rules::RuleBook;
use entity::{
    Day, MarkedHow, Moment, PersonId, PlaybackId, PlaybackMode, Reason, Source, UnitId, beat, lesson, playback,
    presence,
};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use std::collections::{BTreeMap, HashMap};

/// Writes the sessions of one day after the other.
pub struct Writer<'a> {
    book: &'a RuleBook,
    lessons: &'a [lesson::Model],
    /// The highest key of a playback so far.
    last: PlaybackId,
}

impl<'a> Writer<'a> {
    /// A writer for an empty history.
    pub fn new(book: &'a RuleBook, lessons: &'a [lesson::Model]) -> Self {
        Self { book, lessons, last: PlaybackId(0) }
    }

    /// Write the sessions of one day and post them.
    ///
    /// # Errors
    /// When the database fails or the archive refuses an entry.
    pub async fn sessions(
        &mut self,
        txn: &DatabaseTransaction,
        mut sessions: Vec<Session>,
        day: Day,
        now: Moment,
    ) -> Result<()> {
        sessions.sort_by_key(|session| (session.closed(), session.unit_id));
        let posted = evening(day, now);
        for chunk in sessions.chunks(CHUNK) {
            let rows = chunk.iter().map(|session| playback_row(session, day, posted));
            playback::Entity::insert_many(rows).exec_without_returning(txn).await?;
        }
        let ids = self.new_ids(txn).await?;
        let (mut beats, mut stays, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for session in &sessions {
            let id = *ids.get(&key(session)).ok_or(Error::Data("a session is missing"))?;
            beats.extend((1..).zip(&session.beats).map(|(seq, beat)| beat_row(id, seq, beat, session)));
            stays.extend(stay_rows(id, session));
            self.judge(id, session, day, &mut entries)?;
        }
        for chunk in beats.chunks(CHUNK) {
            beat::Entity::insert_many(chunk.iter().cloned()).exec_without_returning(txn).await?;
        }
        for chunk in stays.chunks(CHUNK) {
            presence::Entity::insert_many(chunk.iter().cloned()).exec_without_returning(txn).await?;
        }
        ledger::append(txn, &entries, posted).await?;
        Ok(())
    }

    /// The keys of the playbacks just written, by what tells them apart.
    async fn new_ids(&mut self, txn: &DatabaseTransaction) -> Result<HashMap<Key, PlaybackId>> {
        let rows: Vec<(PlaybackId, UnitId, Option<PersonId>, Moment)> = playback::Entity::find()
            .select_only()
            .columns([
                playback::Column::Id,
                playback::Column::UnitId,
                playback::Column::PersonId,
                playback::Column::StartedAt,
            ])
            .filter(playback::Column::Id.gt(self.last))
            .into_tuple()
            .all(txn)
            .await?;
        self.last = rows.iter().map(|row| row.0).max().unwrap_or(self.last);
        Ok(rows.into_iter().map(|(id, unit, person, started)| ((unit, person, started), id)).collect())
    }

    /// An entry for everyone who was there.
    fn judge(&self, id: PlaybackId, session: &Session, day: Day, entries: &mut Vec<NewEntry>) -> Result<()> {
        let (rule_id, rules) = self.book.in_force(&session.path, day)?;
        let title = self.lessons.get(session.lesson).map_or("", |lesson| lesson.title.as_str());
        let entry = |person_id: PersonId, worth: Worth| NewEntry {
            person_id,
            unit_id: session.unit_id,
            day,
            source: if session.mode == PlaybackMode::Solo { Source::Solo } else { Source::Group },
            lesson_id: Some(session.lesson_id),
            playback_id: Some(id),
            class_run_id: None,
            corrects_seq: None,
            claimed_ms: worth.claimed_ms,
            credited_ms: worth.credited_ms,
            reasons: worth.reasons,
            rule_id,
            note: title.to_owned(),
            author_id: None,
        };
        entries.extend(session.person.map(|person| entry(person, session.worth(None, &rules))));
        entries.extend(session.stays.iter().map(|stay| entry(stay.person, session.worth(Some(stay), &rules))));
        Ok(())
    }
}

/// What tells two sessions apart: a room or a person begins one at a time.
type Key = (UnitId, Option<PersonId>, Moment);

fn key(session: &Session) -> Key {
    (session.unit_id, session.person, session.started)
}

fn playback_row(session: &Session, day: Day, posted: Moment) -> playback::ActiveModel {
    let totals = session.totals();
    playback::ActiveModel {
        id: NotSet,
        mode: Set(session.mode),
        lesson_id: Set(session.lesson_id),
        person_id: Set(session.person),
        account_id: Set(session.account),
        unit_id: Set(session.unit_id),
        duration_ms: Set(session.duration_ms),
        started_at: Set(session.started),
        day: Set(day),
        last_seq: Set(i64::try_from(session.beats.len()).unwrap_or(0)),
        last_position_ms: Set(session.beats.last().map_or(0, |beat| beat.to_ms)),
        last_playing: Set(false),
        last_rate_permille: Set(1000),
        last_beat_at: Set(session.ended()),
        claimed_ms: Set(totals.claimed_ms),
        credited_ms: Set(totals.credited_ms),
        reasons: Set(reasons_json(&totals.reasons)),
        seen: Set(session.seen()),
        superseded_at: Set(None),
        closed_at: Set(Some(session.closed())),
        posted_at: Set(Some(posted)),
        start_position_ms: Set(0),
        most_rate_permille: Set(1500),
        touched_at: Set(None),
        idle_after_ms: Set(None),
        served_at: Set(Some(session.started)),
        plays_cached: Set(false),
    }
}

fn reasons_json(reasons: &BTreeMap<Reason, i64>) -> String {
    let parts: Vec<String> = reasons.iter().map(|(reason, ms)| format!("\"{reason}\":{ms}")).collect();
    format!("{{{}}}", parts.join(","))
}

fn beat_row(playback_id: PlaybackId, seq: i64, beat: &Beat, session: &Session) -> beat::ActiveModel {
    let (span_from_ms, span_to_ms) = beat.span();
    let lost_ms = if beat.jumped { beat.claimed_ms() } else { 0 };
    beat::ActiveModel {
        playback_id: Set(playback_id),
        seq: Set(seq),
        position_ms: Set(beat.to_ms),
        playing: Set(beat.wall_to < session.ended()),
        rate_permille: Set(1000),
        claimed_ms: Set(beat.claimed_ms()),
        span_from_ms: Set(span_from_ms),
        span_to_ms: Set(span_to_ms),
        wall_from: Set(beat.wall_from),
        wall_to: Set(beat.wall_to),
        reason: Set(beat.jumped.then_some(Reason::SeekUnseen)),
        reason_ms: Set(lost_ms),
        happened_at: Set(Some(beat.wall_to)),
        received_at: Set(Some(beat.wall_to)),
        touched: Set(false),
    }
}

fn stay_rows(playback_id: PlaybackId, session: &Session) -> impl Iterator<Item = presence::ActiveModel> {
    session.stays.iter().map(move |stay| presence::ActiveModel {
        id: NotSet,
        playback_id: Set(playback_id),
        person_id: Set(stay.person),
        arrived_at: Set(stay.arrived),
        left_at: Set(Some(stay.left)),
        marked_by: Set(Some(session.account)),
        marked_how: Set(MarkedHow::Roll),
        guest_id: Set(None),
    })
}
