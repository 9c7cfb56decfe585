//! The background work of a running server: ends what nobody ends, posts what nobody posted, drops what nobody finishes.
//!
//! Everything here is also safe to run in several processes on one database, and to be stopped at any moment.

use crate::database::Database;
use content::store::Store;
use content::upload::{self, Uploads};
use entity::Moment;
use player::session;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two rounds. Minutes of a session that just fell silent appear within this time after its ten minutes.
const EVERY: Duration = Duration::from_secs(20);

/// Sweep until told to stop. A round that fails is logged, and the next one tries again.
pub async fn run(db: Database, uploads: Uploads, store: Arc<Store>, stopped: watch::Receiver<bool>) {
    // Hashing a long upload that a restart interrupted must not keep anybody's minutes waiting.
    tokio::join!(rounds(&db, &uploads, stopped), unfinished(&db, &uploads, &store));
}

async fn rounds(db: &Database, uploads: &Uploads, mut stopped: watch::Receiver<bool>) {
    loop {
        playbacks(db).await;
        report(upload::expire(&db.write, uploads, Moment::now()).await, "dropped expired uploads");
        // The sender gone means the server is gone.
        if let Ok(Ok(_) | Err(_)) = tokio::time::timeout(EVERY, stopped.wait_for(|stop| *stop)).await {
            return;
        }
    }
}

async fn unfinished(db: &Database, uploads: &Uploads, store: &Store) {
    report(upload::resume_processing(&db.write, uploads, store, Moment::now()).await, "finished waiting uploads");
}

/// Ends silent sessions, then posts every ended one, so that their minutes stand in the archive.
async fn playbacks(db: &Database) {
    loop {
        let ended = session::close_stale(&db.write, Moment::now()).await.map(|ids| ids.len() as u64);
        if report(ended, "ended silent sessions") == 0 {
            break;
        }
    }
    loop {
        let posted = archive::ledger::post_closed(&db.write, Moment::now()).await.map(|posted| posted as u64);
        if report(posted, "posted playbacks") == 0 {
            break;
        }
    }
}

/// Logs how much was done, or why nothing could be; answers how much.
fn report<E: std::fmt::Display>(outcome: Result<u64, E>, what: &str) -> u64 {
    match outcome {
        Ok(0) => 0,
        Ok(count) => {
            tracing::info!(count, "{what}");
            count
        }
        Err(cause) => {
            tracing::warn!(%cause, "could not sweep: {what}");
            0
        }
    }
}
