//! One transaction of beats: read the sessions, judge in the order of arrival, write beats and sessions.
//!
//! Three statements however many beats there are.

use super::Job;
use crate::beat::{Judged, LastBeat, judge};
use crate::totals::{Progress, Totals};
use crate::{Error, Result, writing};
use entity::{PlaybackId, beat, playback};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::BTreeMap;

/// Writes these beats and commits; answers each in order. An error of a single beat is its answer; an error of the
/// whole means that nothing was written.
pub(super) async fn write(db: &DatabaseConnection, jobs: &[Job]) -> Result<Vec<Result<Progress>>> {
    let txn = writing::begin(db).await?;
    let mut sessions = load(&txn, jobs).await?;
    let mut beats = Vec::with_capacity(jobs.len());
    let answers = jobs.iter().map(|job| apply(&mut sessions, job, &mut beats)).collect();
    if !beats.is_empty() {
        store(&txn, sessions, beats).await?;
    }
    txn.commit().await?;
    Ok(answers)
}

/// A session while its beats are judged.
struct Session {
    row: playback::Model,
    totals: Totals,
    changed: bool,
}

/// The sessions these beats belong to, locked in the order of their ids; `Err` inside for one that cannot be read.
async fn load(txn: &DatabaseTransaction, jobs: &[Job]) -> Result<BTreeMap<PlaybackId, Result<Session>>> {
    let mut ids: Vec<PlaybackId> = jobs.iter().map(|job| job.playback_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = playback::Entity::find()
        .filter(playback::Column::Id.is_in(ids))
        .order_by_asc(playback::Column::Id)
        .lock_exclusive()
        .all(txn)
        .await?;
    let session =
        |row: playback::Model| (row.id, Totals::of(&row).map(|totals| Session { row, totals, changed: false }));
    Ok(rows.into_iter().map(session).collect())
}

fn apply(
    sessions: &mut BTreeMap<PlaybackId, Result<Session>>,
    job: &Job,
    beats: &mut Vec<beat::ActiveModel>,
) -> Result<Progress> {
    let session = match sessions.get_mut(&job.playback_id) {
        Some(Ok(session)) => session,
        Some(Err(Error::Unreadable { id, source })) => return Err(unreadable_again(*id, source)),
        Some(Err(_)) | None => return Err(Error::UnknownPlayback(job.playback_id)),
    };
    if session.row.account_id != job.owner {
        return Err(Error::NotYours(job.playback_id));
    }
    if session.row.closed_at.is_none() {
        beats.extend(session.take(job));
    }
    Ok(session.progress())
}

/// The cause once more, for a second beat of the same session: causes cannot be copied.
fn unreadable_again(id: PlaybackId, source: &serde_json::Error) -> Error {
    Error::Unreadable { id, source: serde::de::Error::custom(source) }
}

impl Session {
    /// Judges one beat and moves on; its row, unless its number has been passed.
    fn take(&mut self, job: &Job) -> Option<beat::ActiveModel> {
        let last = self.last_beat();
        let judged = judge(&last, &job.beat, job.at)?;
        self.totals.add(&judged);
        self.set_last(last.after(&job.beat, &judged, job.at));
        self.changed = true;
        Some(self.beat_row(&judged).into_active_model())
    }

    fn last_beat(&self) -> LastBeat {
        LastBeat {
            seq: self.row.last_seq,
            position_ms: self.row.last_position_ms,
            playing: self.row.last_playing,
            rate_permille: self.row.last_rate_permille,
            at: self.row.last_beat_at,
            duration_ms: self.row.duration_ms,
            superseded: self.row.superseded_at.is_some(),
        }
    }

    fn set_last(&mut self, last: LastBeat) {
        self.row.last_seq = last.seq;
        self.row.last_position_ms = last.position_ms;
        self.row.last_playing = last.playing;
        self.row.last_rate_permille = last.rate_permille;
        self.row.last_beat_at = last.at;
    }

    /// The row of the beat that was taken last.
    fn beat_row(&self, judged: &Judged) -> beat::Model {
        beat::Model {
            playback_id: self.row.id,
            seq: self.row.last_seq,
            position_ms: judged.position_ms,
            playing: self.row.last_playing,
            rate_permille: self.row.last_rate_permille,
            claimed_ms: judged.claimed_ms,
            span_from_ms: judged.span_from_ms,
            span_to_ms: judged.span_to_ms,
            wall_from: judged.wall_from,
            wall_to: judged.wall_to,
            reason: judged.reason,
            reason_ms: judged.reason_ms,
        }
    }

    fn progress(&self) -> Progress {
        Progress {
            totals: self.totals.clone(),
            superseded: self.row.superseded_at.is_some(),
            closed: self.row.closed_at.is_some(),
        }
    }

    /// The whole row for the upsert. It exists and is locked, so only [`MOVED`] is ever written.
    fn into_row(mut self) -> Result<playback::ActiveModel> {
        self.totals.write(&mut self.row)?;
        Ok(self.row.into_active_model())
    }
}

/// What beats change in a session.
const MOVED: [playback::Column; 9] = [
    playback::Column::LastSeq,
    playback::Column::LastPositionMs,
    playback::Column::LastPlaying,
    playback::Column::LastRatePermille,
    playback::Column::LastBeatAt,
    playback::Column::ClaimedMs,
    playback::Column::CreditedMs,
    playback::Column::Reasons,
    playback::Column::Seen,
];

async fn store(
    txn: &DatabaseTransaction,
    sessions: BTreeMap<PlaybackId, Result<Session>>,
    beats: Vec<beat::ActiveModel>,
) -> Result<()> {
    let key = [beat::Column::PlaybackId, beat::Column::Seq];
    let once = OnConflict::columns(key).do_nothing().to_owned();
    beat::Entity::insert_many(beats).on_conflict(once).exec_without_returning(txn).await?;
    let rows: Vec<_> = sessions
        .into_values()
        .flatten()
        .filter(|session| session.changed)
        .map(Session::into_row)
        .collect::<Result<_>>()?;
    let moved = OnConflict::column(playback::Column::Id).update_columns(MOVED).to_owned();
    playback::Entity::insert_many(rows).on_conflict(moved).exec_without_returning(txn).await?;
    Ok(())
}
