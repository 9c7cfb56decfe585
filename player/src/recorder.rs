//! The one writer of beats in this process.
//!
//! Owns durability: a beat is acknowledged only after the transaction that holds it. Beats that arrive while one batch
//! is written make up the next, so the cost of a commit is shared by all of them. Keeps nothing between batches: many
//! processes may record into one PostgreSQL, each locking the rows it judges.

mod batch;
mod rows;
mod running;

use crate::beat::Beat;
use crate::totals::Progress;
use crate::{Error, Result};
use entity::{AccountId, Moment, Outage, PlaybackId};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// Beats that may wait; with more the disk is behind by seconds, and it is kinder to say so.
const MOST_WAITING: usize = 4096;
/// Jobs written in one transaction.
const MOST_IN_BATCH: usize = 512;

/// Beats that may come together: what a device gathers in eight hours without a line, one a minute.
pub const MOST_TOGETHER: usize = 500;

/// The way to the writer. Clones lead to the same one; it stops when the last is gone.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Job>,
}

/// Beats of one session that wait to be written, in the order of their numbers, and who waits for them.
struct Job {
    playback_id: PlaybackId,
    owner: AccountId,
    beats: Vec<Beat>,
    at: Moment,
    answer: oneshot::Sender<Result<Progress>>,
}

impl Recorder {
    /// Starts the writer on the running Tokio runtime.
    pub fn start(db: DatabaseConnection) -> Self {
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        tokio::spawn(run(db, waiting));
        Self { queue }
    }

    /// Records a beat that came at `now`; answers once it is durable.
    ///
    /// A beat seen before, and any beat of a closed session, changes nothing and is answered as the session stands.
    ///
    /// # Errors
    /// [`Error::UnknownPlayback`], [`Error::NotYours`]; [`Error::Busy`] when too many wait; [`Error::Database`]. Nothing
    /// is recorded then, and the same beat may be sent again.
    pub async fn record(&self, playback_id: PlaybackId, owner: AccountId, beat: Beat, now: Moment) -> Result<Progress> {
        self.record_all(playback_id, owner, vec![beat], now).await
    }

    /// Records beats of one session that came together at `now`, in any order: all of them or none.
    ///
    /// # Errors
    /// As [`Recorder::record`], and [`Error::TooManyBeats`] above [`MOST_TOGETHER`].
    pub async fn record_all(
        &self,
        playback_id: PlaybackId,
        owner: AccountId,
        mut beats: Vec<Beat>,
        now: Moment,
    ) -> Result<Progress> {
        if beats.len() > MOST_TOGETHER {
            return Err(Error::TooManyBeats { most: MOST_TOGETHER });
        }
        beats.sort_by_key(Beat::seq);
        let (answer, answered) = oneshot::channel();
        let job = Job { playback_id, owner, beats, at: now, answer };
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Closed(_) => Error::Stopped,
        })?;
        answered.await.map_err(|_| Error::Stopped)?
    }
}

async fn run(db: DatabaseConnection, mut waiting: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(MOST_IN_BATCH);
    while waiting.recv_many(&mut jobs, MOST_IN_BATCH).await > 0 {
        match batch::write(&db, &jobs).await {
            Ok(answers) => answer(jobs.drain(..), answers),
            Err(cause) => one_by_one(&db, jobs.drain(..), cause).await,
        }
    }
}

/// Writes the beats of a failed batch alone, so that one that cannot be written does not take its neighbours along.
async fn one_by_one(db: &DatabaseConnection, jobs: impl Iterator<Item = Job>, cause: Error) {
    tracing::warn!(%cause, "a batch of beats failed");
    let mut gone = outage(&cause);
    for job in jobs {
        if let Some(cause) = &gone {
            answer([job], [Err(Error::Database(cause.clone()))]);
            continue;
        }
        match batch::write(db, std::slice::from_ref(&job)).await {
            Ok(answers) => answer([job], answers),
            Err(cause) => {
                gone = outage(&cause);
                answer([job], [Err(cause)]);
            }
        }
    }
}

/// The cause when no other beat will fare better: trying each would only keep everybody waiting.
fn outage(cause: &Error) -> Option<DbErr> {
    match cause {
        Error::Database(cause) => Outage::of(cause).map(|_| cause.clone()),
        _ => None,
    }
}

fn answer(jobs: impl IntoIterator<Item = Job>, answers: impl IntoIterator<Item = Result<Progress>>) {
    for (job, progress) in jobs.into_iter().zip(answers) {
        // Whoever has hung up will send the beat again, which then changes nothing.
        let _ = job.answer.send(progress);
    }
}

#[cfg(test)]
mod tests;
