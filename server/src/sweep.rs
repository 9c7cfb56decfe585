//! The background work of a running server: ends what nobody ends, posts what nobody posted, drops what nobody finishes.
//!
//! Everything here is also safe to run in several processes on one database, and to be stopped at any moment.

use crate::database::Database;
use crate::failure::Failure;
use crate::once;
use archive::rules::RuleBook;
use content::store::Store;
use content::upload::{self, Uploads};
use entity::{Moment, UnitId, org_unit};
use player::classroom::checks;
use player::session;
use rand::RngExt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two rounds. Minutes of a session that ended stand in the archive within this time.
const EVERY: Duration = Duration::from_secs(20);

/// Between two looks for a year that is to be sealed: somebody waits before the progress bar.
const SEAL_EVERY: Duration = Duration::from_secs(1);

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
        seals(&db, stopped.clone()),
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
        report(draw_names(db, Moment::now()).await, "drew names to confirm presence");
        report(upload::expire(&db.write, uploads, Moment::now()).await, "dropped expired uploads");
        report(catalog::lesson::publish_due(&db.write, Moment::now()).await, "published lessons whose time has come");
        report(catalog::lesson::tell_expired(&db.write, Moment::now()).await, "told of lessons out of date");
        report(catalog::draft::drop_older(&db.write, Moment::now()).await, "dropped drafts nobody came back to");
        report(catalog::asked::drop_wishes(&db.write, Moment::now()).await, "dropped wishes of a year ago");
        report(catalog::notice::drop_older(&db.write, Moment::now()).await, "dropped notices seen long ago");
        report(once::forget_old(&db.write, Moment::now()).await, "forgot what was answered a day ago");
        report(roster::pairing::sweep(&db.write, Moment::now()).await, "dropped expired pairings");
        report(
            roster::account::forget_failures(&db.write, Moment::now()).await,
            "forgot wrong passwords of an hour ago",
        );
        report(roster::changes::trim(&db.write, Moment::now()).await, "trimmed the notes of changed accounts");
        report(catalog::search::trim_outbox(&db.write, Moment::now()).await, "trimmed the outbox of the search index");
        if is_over(&mut stopped, EVERY).await {
            return;
        }
    }
}

/// Seals what is to be sealed, a batch at a time, so that others can write between.
async fn seals(db: &Database, mut stopped: watch::Receiver<bool>) {
    loop {
        let sealed = report(archive::seal::work(&db.write, Moment::now()).await, "sealed records");
        let wait = if sealed == 0 { SEAL_EVERY } else { Duration::ZERO };
        if is_over(&mut stopped, wait).await {
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

/// Draws names in the rooms whose rule says that it is time.
async fn draw_names(db: &Database, now: Moment) -> Result<u64, Failure> {
    let failed = |cause| Failure::new("不能抽查到场", cause);
    let mut rooms = checks::running(&db.read, now).await.map_err(|cause| Failure::new("不能抽查到场", cause))?;
    if rooms.is_empty() {
        return Ok(0);
    }
    let book = RuleBook::load(&db.read).await.map_err(|cause| Failure::new("不能抽查到场", cause))?;
    let ids: BTreeSet<_> = rooms.iter().map(|room| room.unit_id).collect();
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(ids)).all(&db.read).await.map_err(failed)?;
    let every: HashMap<UnitId, i64> = units
        .iter()
        .filter_map(|unit| Some((unit.id, book.in_force(&unit.path, now.day()).ok()?.1.presence_check_minutes)))
        .collect();
    rooms.retain(|room| room.is_due(every.get(&room.unit_id).copied().unwrap_or(0), now));
    let pick = |count| rand::rng().random_range(0..count);
    checks::draw(&db.write, &rooms, pick, now).await.map_err(|cause| Failure::new("不能抽查到场", cause))
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
