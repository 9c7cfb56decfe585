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

/// Between two looks for uploads that wait because the store was away, or a restart interrupted them.
const RESUME_EVERY: Duration = Duration::from_secs(300);

/// After the start and between two collections of what nothing names.
const FIRST_COLLECTION: Duration = Duration::from_secs(600);
const COLLECT_EVERY: Duration = Duration::from_secs(24 * 3600);

/// Sweep until told to stop. A round that fails is logged, and the next one tries again.
pub async fn run(
    db: Database,
    uploads: Uploads,
    store: Arc<Store>,
    collect_after_days: u32,
    stopped: watch::Receiver<bool>,
) {
    // Hashing a long upload that a restart interrupted must not keep anybody's minutes waiting.
    tokio::join!(
        rounds(&db, &uploads, stopped.clone()),
        unfinished(&db, &uploads, &store, stopped.clone()),
        collections(&db, &store, days_ms(collect_after_days), stopped),
    );
}

/// So many days in milliseconds.
pub fn days_ms(days: u32) -> i64 {
    i64::from(days) * 24 * 3600 * 1000
}

async fn rounds(db: &Database, uploads: &Uploads, mut stopped: watch::Receiver<bool>) {
    loop {
        playbacks(db).await;
        report(upload::expire(&db.write, uploads, Moment::now()).await, "dropped expired uploads");
        report(catalog::search::trim_outbox(&db.write, Moment::now()).await, "trimmed the outbox of the search index");
        if is_over(&mut stopped, EVERY).await {
            return;
        }
    }
}

async fn unfinished(db: &Database, uploads: &Uploads, store: &Store, mut stopped: watch::Receiver<bool>) {
    loop {
        let finished = upload::resume_processing(&db.write, uploads, store, Moment::now()).await;
        report(finished, "finished waiting uploads");
        if is_over(&mut stopped, RESUME_EVERY).await {
            return;
        }
    }
}

async fn collections(db: &Database, store: &Store, grace_ms: i64, mut stopped: watch::Receiver<bool>) {
    let mut wait = FIRST_COLLECTION;
    while !is_over(&mut stopped, wait).await {
        let collected = content::collect::collect(&db.write, store, grace_ms, Moment::now(), false).await;
        report(collected.map(|collected| collected.blobs + collected.stale), "collected files that nothing names");
        wait = COLLECT_EVERY;
    }
}

/// Wait; answers whether the server is to stop meanwhile.
async fn is_over(stopped: &mut watch::Receiver<bool>, wait: Duration) -> bool {
    // The sender gone means the server is gone.
    tokio::time::timeout(wait, stopped.wait_for(|stop| *stop)).await.is_ok()
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
