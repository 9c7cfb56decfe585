//! Removes blobs that nothing names any more, after a time of grace; never one in use.
//!
//! What names a blob: a recording, something made of one, a lesson or a voice of one, or an upload that is becoming a recording. What
//! people brought is not judged here: a recording that no lesson uses stays until an operator says so (`forget`),
//! because a withdrawn or half-made lesson may want it back, and nobody but its owner knows.
//!
//! The race with somebody who brings the same bytes at the same moment is decided in the database: a blob is removed
//! inside a transaction that lets no other write, and whoever adds a row that names a blob looks, inside theirs, whether
//! it is still there (`intake`). So either we see the row, or they see that the blob is gone and bring it again. Both ask
//! the store while others wait to write, so a server has three seconds to answer; then the transaction is taken back
//! and the round ends. Should it carry out a removal that it never answered, and somebody bring the same bytes just
//! then, `verify` tells of the blob that is missing, and bringing it once more mends that.

use crate::Result;
use crate::store::{Store, Stored};
use entity::{
    AccountId, Moment, UploadState, Verb, audit, class_evidence, job, lesson, media, rendition, star_mark, upload,
    voice,
};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::collections::HashSet;
use std::fmt;

/// How long an unnamed blob is kept unless the settings say otherwise, in milliseconds: seven days.
pub const GRACE_MS: i64 = 7 * DAY_MS;

/// A file on its way in that nobody wrote to for so long belongs to a process that died, in milliseconds: two days.
const STALE_MS: i64 = 2 * DAY_MS;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Recordings forgotten in one call at most; the next call goes on.
const MOST_FORGOTTEN: u64 = 10_000;

/// What was removed, or would be.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Blobs that nothing names.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were on their way in and that nobody writes to any more.
    pub stale: u64,
}

/// Remove the blobs that nothing names and that were last put more than `grace_ms` before `now`.
///
/// Safe beside running servers and beside itself. A dry run removes nothing and says what would be.
pub async fn collect(
    db: &DatabaseConnection,
    store: &Store,
    grace_ms: i64,
    now: Moment,
    dry_run: bool,
) -> Result<Collected> {
    let before = now.plus_ms(-grace_ms);
    let mut collected = Collected::default();
    for first in 0..=u8::MAX {
        let mut old = store.shelf(first).await?;
        old.retain(|blob| blob.put_at < before);
        for blob in unnamed(db, old).await? {
            if dry_run || remove(db, store, &blob.sha256, before).await? {
                collected.blobs += 1;
                collected.bytes += blob.size;
            }
        }
    }
    if !dry_run {
        collected.stale = store.clear_incoming(now.plus_ms(-STALE_MS)).await?;
    }
    Ok(collected)
}

impl fmt::Display for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "无主文件 {} 个，共 {} 字节", self.blobs, self.bytes)?;
        if self.stale > 0 {
            write!(f, "；中断遗留的临时文件 {} 个", self.stale)?;
        }
        Ok(())
    }
}

/// Forget the recordings that no lesson of any state uses, that prove no mark and no class, and that nobody brought since `before`,
/// with all that was made of them. Their blobs are then unnamed, and `collect` removes them. Answers them, oldest first.
pub async fn forget(
    db: &DatabaseConnection,
    before: Moment,
    by: Option<AccountId>,
    now: Moment,
    dry_run: bool,
) -> Result<Vec<media::Model>> {
    let mut forgotten = unused(db, before).await?;
    if dry_run {
        return Ok(forgotten);
    }
    let mut gone = HashSet::new();
    for recording in &forgotten {
        if forget_one(db, recording, by, now).await? {
            gone.insert(recording.sha256.clone());
        }
    }
    forgotten.retain(|recording| gone.contains(&recording.sha256));
    Ok(forgotten)
}

async fn unused(db: &impl ConnectionTrait, before: Moment) -> Result<Vec<media::Model>> {
    let in_lessons = Query::select()
        .column(lesson::Column::MediaSha256)
        .from(lesson::Entity)
        .and_where(lesson::Column::MediaSha256.is_not_null())
        .to_owned();
    let as_covers = Query::select()
        .column(lesson::Column::CoverSha256)
        .from(lesson::Entity)
        .and_where(lesson::Column::CoverSha256.is_not_null())
        .to_owned();
    let as_voices = Query::select().column(voice::Column::MediaSha256).from(voice::Entity).to_owned();
    let brought_again = Query::select()
        .column(upload::Column::Sha256)
        .from(upload::Entity)
        .and_where(upload::Column::Sha256.is_not_null())
        .and_where(Expr::col(upload::Column::CreatedAt).gte(before))
        .to_owned();
    let proving = Query::select().column(star_mark::Column::EvidenceSha256).from(star_mark::Entity).to_owned();
    let of_classes = Query::select().column(class_evidence::Column::Sha256).from(class_evidence::Entity).to_owned();
    let found = media::Entity::find()
        .filter(media::Column::CreatedAt.lt(before))
        .filter(media::Column::Sha256.not_in_subquery(in_lessons))
        .filter(media::Column::Sha256.not_in_subquery(as_covers))
        .filter(media::Column::Sha256.not_in_subquery(as_voices))
        .filter(media::Column::Sha256.not_in_subquery(brought_again))
        .filter(media::Column::Sha256.not_in_subquery(proving))
        .filter(media::Column::Sha256.not_in_subquery(of_classes))
        .order_by_asc(media::Column::CreatedAt)
        .limit(MOST_FORGOTTEN);
    Ok(found.all(db).await?)
}

/// Forget one recording, and what was made of it, unless a lesson uses it; answers whether it is forgotten.
pub async fn forget_one(
    db: &DatabaseConnection,
    recording: &media::Model,
    by: Option<AccountId>,
    now: Moment,
) -> Result<bool> {
    let txn = alone(db).await?;
    let sha256 = &recording.sha256;
    // First the row, then the look: a lesson that takes the recording at this moment holds its row until it is saved.
    media::Entity::delete_by_id(sha256).exec(&txn).await?;
    let uses = Condition::any().add(lesson::Column::MediaSha256.eq(sha256)).add(lesson::Column::CoverSha256.eq(sha256));
    let used = lesson::Entity::find().filter(uses).one(&txn).await?.is_some();
    let speaks = voice::Entity::find().filter(voice::Column::MediaSha256.eq(sha256)).one(&txn).await?.is_some();
    let proves =
        star_mark::Entity::find().filter(star_mark::Column::EvidenceSha256.eq(sha256)).one(&txn).await?.is_some();
    let of_class = class_evidence::Entity::find().filter(class_evidence::Column::Sha256.eq(sha256)).one(&txn).await?;
    if used || speaks || proves || of_class.is_some() {
        return Ok(false); // the transaction ends without a commit
    }
    rendition::Entity::delete_many().filter(rendition::Column::MediaSha256.eq(sha256)).exec(&txn).await?;
    job::Entity::delete_many().filter(job::Column::MediaSha256.eq(sha256)).exec(&txn).await?;
    let note = audit::line(now, by, Verb::MediaRemove, format!("media:{sha256}"), recording.filename.clone());
    note.insert(&txn).await?;
    txn.commit().await?;
    Ok(true)
}

/// Remove one blob if, with everybody else waiting, still nothing names it and nobody put it again.
async fn remove(db: &DatabaseConnection, store: &Store, sha256: &str, before: Moment) -> Result<bool> {
    let txn = alone(db).await?;
    if named(&txn, &[sha256]).await?.contains(sha256) {
        return Ok(false);
    }
    let gone = store.remove(sha256, before).await?;
    txn.commit().await?;
    if gone {
        tracing::info!(sha256, "collected a blob that nothing names");
    }
    Ok(gone)
}

/// A transaction beside which nobody adds a row that names a blob: they wait until it ends, and see what it did.
async fn alone(db: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let at_once = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let txn = db.begin_with_options(at_once).await?;
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared("LOCK TABLE media, rendition IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(txn)
}

async fn unnamed(db: &impl ConnectionTrait, blobs: Vec<Stored>) -> Result<Vec<Stored>> {
    const CHUNK: usize = 400;
    let mut unnamed = Vec::new();
    for chunk in blobs.chunks(CHUNK) {
        let names: Vec<&str> = chunk.iter().map(|blob| blob.sha256.as_str()).collect();
        let named = named(db, &names).await?;
        unnamed.extend(chunk.iter().filter(|blob| !named.contains(&blob.sha256)).cloned());
    }
    Ok(unnamed)
}

/// Those of the names that a row still means.
async fn named(db: &impl ConnectionTrait, names: &[&str]) -> Result<HashSet<String>> {
    let names = || names.iter().copied();
    let media: Vec<String> = media::Entity::find()
        .select_only()
        .column(media::Column::Sha256)
        .filter(media::Column::Sha256.is_in(names()))
        .into_tuple()
        .all(db)
        .await?;
    let made: Vec<String> = rendition::Entity::find()
        .select_only()
        .column(rendition::Column::BlobSha256)
        .filter(rendition::Column::BlobSha256.is_in(names()))
        .into_tuple()
        .all(db)
        .await?;
    let lessons: Vec<Option<String>> = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::MediaSha256)
        .filter(lesson::Column::MediaSha256.is_in(names()))
        .into_tuple()
        .all(db)
        .await?;
    let covers: Vec<Option<String>> = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::CoverSha256)
        .filter(lesson::Column::CoverSha256.is_in(names()))
        .into_tuple()
        .all(db)
        .await?;
    // Its bytes may be in the store already and its row not yet.
    let uploads: Vec<Option<String>> = upload::Entity::find()
        .select_only()
        .column(upload::Column::Sha256)
        .filter(upload::Column::Sha256.is_in(names()))
        .filter(upload::Column::State.eq(UploadState::Processing))
        .into_tuple()
        .all(db)
        .await?;
    Ok(media.into_iter().chain(made).chain(lessons.into_iter().chain(covers).chain(uploads).flatten()).collect())
}

#[cfg(test)]
mod tests;
