//! Who works on a job: taken, renewed and ended by one worker at a time.
//!
//! Every step is one conditional UPDATE, whose count of rows says whether it was ours to take: two processes on one
//! database never hold the same job, and a worker that lost its lease can no longer finish it.

use super::{ORDER, facts};
use crate::Result;
use crate::prepare::{Made, search};
use crate::store::Hashed;
use entity::{JobState, Moment, RenditionKind, job, rendition};
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, TransactionSession, TransactionTrait,
};

/// A lease that is not renewed for so long is taken again: its worker died.
pub const LEASE_MS: i64 = 60_000;

/// Waits before the second, third and fourth attempt; after that the job has failed.
pub(super) const BACK_OFF_MS: [i64; 3] = [60_000, 600_000, 3_600_000];

/// A job that was begun this often and never ended brings its worker down each time.
const MOST_BEGINNINGS: i32 = 12;

/// What a worker took upon itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job as it now stands.
    pub job: job::Model,
    /// Who holds it.
    pub worker: String,
}

/// Take the most urgent job that is due; with ffmpeg at hand (`able`) also those that waited for it.
///
/// # Errors
/// When the database fails.
pub async fn lease(db: &impl ConnectionTrait, worker: &str, able: bool, now: Moment) -> Result<Option<Lease>> {
    loop {
        let Some(candidate) = next(db, able, now).await? else { return Ok(None) };
        if candidate.attempts >= MOST_BEGINNINGS {
            give_up(db, &candidate, now).await?;
            continue;
        }
        let taken = job::Entity::update_many()
            .set(job::ActiveModel {
                state: Set(JobState::Running),
                worker: Set(Some(worker.to_owned())),
                leased_until: Set(Some(now.plus_ms(LEASE_MS))),
                attempts: Set(candidate.attempts.saturating_add(1)),
                progress_permille: Set(0),
                updated_at: Set(now),
                ..Default::default()
            })
            .filter(job::Column::Id.eq(candidate.id))
            .filter(job::Column::Attempts.eq(candidate.attempts))
            .filter(due(able, now));
        if taken.exec(db).await?.rows_affected == 0 {
            continue; // another worker was faster
        }
        let job = job::Entity::find_by_id(candidate.id).one(db).await?;
        return Ok(job.map(|job| Lease { job, worker: worker.to_owned() }));
    }
}

async fn next(db: &impl ConnectionTrait, able: bool, now: Moment) -> Result<Option<job::Model>> {
    let mut urgency = Expr::case(job::Column::Kind.eq(RenditionKind::Playable), 0);
    for (place, kind) in (1..).zip(ORDER.iter().skip(1)) {
        urgency = urgency.case(job::Column::Kind.eq(*kind), place);
    }
    let urgency: Expr = urgency.finally(99).into();
    Ok(job::Entity::find()
        .filter(due(able, now))
        .order_by_asc(urgency)
        .order_by_asc(job::Column::RunAfter)
        .order_by_asc(job::Column::Id)
        .limit(1)
        .one(db)
        .await?)
}

/// Queued and due, or left by a dead worker, or waiting for the ffmpeg that is here now.
fn due(able: bool, now: Moment) -> Condition {
    let queued = Condition::all().add(job::Column::State.eq(JobState::Queued)).add(job::Column::RunAfter.lte(now));
    let left = Condition::all().add(job::Column::State.eq(JobState::Running)).add(job::Column::LeasedUntil.lt(now));
    let due = Condition::any().add(queued).add(left);
    if able { due.add(job::Column::State.eq(JobState::Waiting)) } else { due }
}

async fn give_up(db: &impl ConnectionTrait, job: &job::Model, now: Moment) -> Result<()> {
    let failed = job::ActiveModel {
        state: Set(JobState::Failed),
        leased_until: Set(None),
        worker: Set(None),
        error: Set(Some("处理时服务器多次中断，已停止尝试".to_owned())),
        updated_at: Set(now),
        ..Default::default()
    };
    job::Entity::update_many()
        .set(failed)
        .filter(job::Column::Id.eq(job.id))
        .filter(job::Column::Attempts.eq(job.attempts))
        .exec(db)
        .await?;
    Ok(())
}

/// Every running job belongs to nobody: to be called when a server starts on a database that is its alone, so that a
/// restart does not wait for leases of the dead.
pub async fn release_all(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    let free = job::ActiveModel { leased_until: Set(Some(now.plus_ms(-1))), ..Default::default() };
    let freed = job::Entity::update_many().set(free).filter(job::Column::State.eq(JobState::Running));
    Ok(freed.exec(db).await?.rows_affected)
}

/// Renew the lease and note the progress; `false` when the lease was lost and the work is for nothing.
pub async fn renew(db: &impl ConnectionTrait, lease: &Lease, permille: i32, now: Moment) -> Result<bool> {
    let held = job::ActiveModel {
        leased_until: Set(Some(now.plus_ms(LEASE_MS))),
        progress_permille: Set(permille.clamp(0, 1000)),
        updated_at: Set(now),
        ..Default::default()
    };
    change(db, lease, held).await
}

/// How a job ends that made nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// There was nothing to make.
    Skipped,
    /// It needs ffmpeg.
    Waiting,
    /// The recording is at fault; says how, in Chinese.
    Never(String),
    /// Something failed that may pass; says what, in Chinese.
    Later(String),
    /// It was not begun in earnest: the server stops, or the disk is nearly full. To be begun again after this long.
    PutBack {
        /// In milliseconds.
        after_ms: i64,
        /// What the trainer reads meanwhile.
        reason: Option<String>,
    },
}

/// Note how a job ended; `false` when the lease was lost, and nothing was noted.
pub async fn end(db: &impl ConnectionTrait, lease: &Lease, ending: Ending, now: Moment) -> Result<bool> {
    let attempts = lease.job.attempts;
    let (state, error, run_after, attempts) = match ending {
        Ending::Skipped => (JobState::Skipped, None, now, attempts),
        Ending::Waiting => (JobState::Waiting, None, now, attempts.saturating_sub(1)),
        Ending::Never(reason) => (JobState::Failed, Some(reason), now, attempts),
        Ending::Later(reason) => {
            let wait = usize::try_from(attempts - 1).ok().and_then(|begun| BACK_OFF_MS.get(begun));
            match wait {
                Some(wait) => (JobState::Queued, Some(reason), now.plus_ms(*wait), attempts),
                None => (JobState::Failed, Some(reason), now, attempts),
            }
        }
        Ending::PutBack { after_ms, reason } => {
            (JobState::Queued, reason, now.plus_ms(after_ms), attempts.saturating_sub(1))
        }
    };
    let ended = job::ActiveModel {
        state: Set(state),
        error: Set(error),
        run_after: Set(run_after),
        attempts: Set(attempts),
        progress_permille: Set(0),
        leased_until: Set(None),
        worker: Set(None),
        updated_at: Set(now),
        ..Default::default()
    };
    change(db, lease, ended).await
}

/// Give the blob `hashed`, which is in the store, its row, end the job and let search know, in one transaction. `false`
/// when the lease was lost: whoever holds it now writes the row.
pub async fn finish(
    db: &(impl ConnectionTrait + TransactionTrait),
    lease: &Lease,
    made: Made,
    hashed: &Hashed,
    now: Moment,
) -> Result<bool> {
    let txn = db.begin().await?;
    let done = job::ActiveModel {
        state: Set(JobState::Done),
        error: Set(None),
        progress_permille: Set(1000),
        leased_until: Set(None),
        worker: Set(None),
        updated_at: Set(now),
        ..Default::default()
    };
    if !change(&txn, lease, done).await? {
        return Ok(false);
    }
    let (sha256, kind) = (&lease.job.media_sha256, lease.job.kind);
    if kind == RenditionKind::Playable {
        facts::complete(&txn, sha256, &made).await?;
    }
    rendition::Entity::delete_many()
        .filter(rendition::Column::MediaSha256.eq(sha256))
        .filter(rendition::Column::Kind.eq(kind))
        .exec(&txn)
        .await?;
    let row = rendition::ActiveModel {
        id: NotSet,
        media_sha256: Set(sha256.clone()),
        kind: Set(kind),
        blob_sha256: Set(hashed.sha256().to_owned()),
        size_bytes: Set(i64::try_from(hashed.size()).map_err(std::io::Error::other)?),
        mime: Set(made.mime),
        codecs: Set(made.codecs),
        width: Set(made.width),
        height: Set(made.height),
        duration_ms: Set(made.duration_ms),
        detail: Set(made.detail),
        created_at: Set(now),
    };
    rendition::Entity::insert(row).exec_without_returning(&txn).await?;
    search::read_anew(&txn, sha256, kind, now).await?;
    txn.commit().await?;
    Ok(true)
}

/// Change the job as long as the lease is ours.
async fn change(db: &impl ConnectionTrait, lease: &Lease, to: job::ActiveModel) -> Result<bool> {
    let changed = job::Entity::update_many()
        .set(to)
        .filter(job::Column::Id.eq(lease.job.id))
        .filter(job::Column::State.eq(JobState::Running))
        .filter(job::Column::Worker.eq(&lease.worker))
        .filter(job::Column::Attempts.eq(lease.job.attempts));
    Ok(changed.exec(db).await?.rows_affected > 0)
}
