//! One transaction of beats: read the sessions, judge in the order of arrival, write beats and sessions.
//!
//! A few statements however many beats there are.

use super::Job;
use super::rows::{self, Row};
use super::running::Running;
use crate::totals::Progress;
use crate::{Error, Result};
use entity::{PlaybackId, beat};
use sea_orm::{ColumnTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter};
use std::collections::{BTreeMap, HashMap};

/// Writes these beats and commits; answers each job in order. An error of a single job is its answer; an error of the
/// whole means that nothing was written.
pub(super) async fn write(db: &DatabaseConnection, jobs: &[Job]) -> Result<Vec<Result<Progress>>> {
    let txn = entity::writing::begin(db).await?;
    let mut sessions = load(&txn, jobs).await?;
    let answers = jobs.iter().map(|job| apply(&mut sessions, job)).collect();
    store(&txn, sessions).await?;
    txn.commit().await?;
    Ok(answers)
}

/// The sessions these beats belong to, locked in the order of their ids; `Err` inside for one that cannot be read.
async fn load(txn: &DatabaseTransaction, jobs: &[Job]) -> Result<BTreeMap<PlaybackId, Result<Running>>> {
    let mut ids: Vec<PlaybackId> = jobs.iter().map(|job| job.playback_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = rows::sessions(txn, &ids).await?;
    let mut stored = stored_beats(txn, mixed_up(&rows, jobs)).await?;
    let session = |row: Row| {
        let (id, stored) = (row.id, stored.remove(&row.id));
        (id, Running::of(row, stored))
    };
    Ok(rows.into_iter().map(session).collect())
}

/// The sessions of which a dated beat comes after one with a higher number.
fn mixed_up(rows: &[Row], jobs: &[Job]) -> Vec<PlaybackId> {
    let mut reached: HashMap<PlaybackId, i64> = rows.iter().map(|row| (row.id, row.last_seq)).collect();
    let mut mixed = Vec::new();
    for job in jobs {
        let Some(reached) = reached.get_mut(&job.playback_id) else { continue };
        for beat in &job.beats {
            // The newest sent once more is by far the commonest, and needs no looking up.
            if beat.seq() < *reached && beat.is_dated() {
                mixed.push(job.playback_id);
            }
            *reached = beat.seq().max(*reached);
        }
    }
    mixed.sort_unstable();
    mixed.dedup();
    mixed
}

async fn stored_beats(
    txn: &DatabaseTransaction,
    sessions: Vec<PlaybackId>,
) -> Result<HashMap<PlaybackId, Vec<beat::Model>>> {
    let mut stored: HashMap<_, Vec<_>> = sessions.iter().map(|id| (*id, Vec::new())).collect();
    if sessions.is_empty() {
        return Ok(stored);
    }
    for row in beat::Entity::find().filter(beat::Column::PlaybackId.is_in(sessions)).all(txn).await? {
        stored.entry(row.playback_id).or_default().push(row);
    }
    Ok(stored)
}

fn apply(sessions: &mut BTreeMap<PlaybackId, Result<Running>>, job: &Job) -> Result<Progress> {
    let session = match sessions.get_mut(&job.playback_id) {
        Some(Ok(session)) => session,
        Some(Err(Error::Unreadable { id, source })) => return Err(unreadable_again(*id, source)),
        Some(Err(_)) | None => return Err(Error::UnknownPlayback(job.playback_id)),
    };
    if session.row.account_id != job.owner {
        return Err(Error::NotYours(job.playback_id));
    }
    if session.row.closed_at.is_none() {
        session.take(&job.beats, job.at);
    }
    Ok(session.progress())
}

/// The cause once more, for a second beat of the same session: causes cannot be copied.
fn unreadable_again(id: PlaybackId, source: &serde_json::Error) -> Error {
    Error::Unreadable { id, source: serde::de::Error::custom(source) }
}

async fn store(txn: &DatabaseTransaction, sessions: BTreeMap<PlaybackId, Result<Running>>) -> Result<()> {
    let (mut beats, mut moved) = (Vec::new(), Vec::new());
    for session in sessions.into_values().flatten() {
        let (judged, row) = session.into_rows()?;
        beats.extend(judged);
        moved.extend(row);
    }
    rows::write_beats(txn, &beats).await?;
    rows::write_sessions(txn, &moved).await
}
