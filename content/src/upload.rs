//! Resumable uploads, as tus 1.0.0 means them, without its HTTP.
//!
//! Owns the life of an upload: created, receiving, processing, complete or failed, and the file its bytes gather in,
//! `DATA/uploads/<id>.part`. That file's length **is** the offset: every byte in it was accepted, so after a kill or a
//! power cut the upload goes on where the disk says. Whether the caller may touch an upload is decided before.

mod append;
mod checksum;
mod clear;
mod concat;
mod create;
mod finish;
mod locks;
mod metadata;
mod part;
mod quota;

use crate::store::blocking;
use crate::{Error, Result};
pub use append::append;
pub use checksum::{ALGORITHMS, Checksum};
pub use clear::{drop_strays, expire, terminate};
pub use concat::Concat;
pub use create::{NewUpload, create, create_known, within_quota};
use entity::{AccountId, Moment, UploadState, upload};
pub use finish::{finish, resume_processing};
use locks::Locks;
pub use metadata::Metadata;
pub(crate) use part::must_fit;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The folder of unfinished uploads and who is writing to them. One per process; cheap to clone.
#[derive(Clone, Debug)]
pub struct Uploads {
    dir: PathBuf,
    limits: Limits,
    locks: Arc<Locks>,
}

/// How much is taken.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest upload in bytes.
    pub max_bytes: u64,
    /// Bytes that must stay free on the disk.
    pub keep_free_bytes: u64,
    /// How long an unfinished upload is kept, in milliseconds.
    pub lifetime_ms: i64,
    /// Unfinished uploads one account may have.
    pub max_open: u64,
    /// Bytes the units of one county may keep together; `None` for as many as the disk takes.
    pub county_quota: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        const DAY_MS: i64 = 24 * 3600 * 1000;
        Self {
            max_bytes: 20 << 30,
            keep_free_bytes: 512 << 20,
            lifetime_ms: 7 * DAY_MS,
            max_open: 50,
            county_quota: None,
        }
    }
}

/// Where an upload stands after an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Durable bytes.
    pub offset: u64,
    /// Bytes announced.
    pub length: u64,
}

impl Progress {
    /// Whether all bytes are here, so that `finish` is due.
    pub fn is_whole(&self) -> bool {
        self.offset == self.length
    }
}

impl Uploads {
    /// Open the folder `uploads` of the data folder, making it when it is missing.
    pub fn open(data: &Path, limits: Limits) -> Result<Self> {
        let dir = data.join("uploads");
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir, limits, locks: Arc::new(Locks::new(SILENCE)) })
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn part(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.part"))
    }

    /// Where bytes wait until their checksum is known.
    fn unchecked(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.unchecked"))
    }
}

/// The unfinished uploads of an account, last begun first, with `received` as the disk has it.
pub async fn open(
    db: &impl ConnectionTrait,
    uploads: &Uploads,
    account: AccountId,
    now: Moment,
) -> Result<Vec<upload::Model>> {
    let mut rows = upload::Entity::find()
        .filter(upload::Column::AccountId.eq(account))
        .filter(upload::Column::State.eq(UploadState::Receiving))
        .filter(upload::Column::Concat.is_null())
        .filter(upload::Column::ExpiresAt.gt(now))
        .order_by_desc(upload::Column::CreatedAt)
        .order_by_asc(upload::Column::Id)
        .limit(uploads.limits.max_open)
        .all(db)
        .await?;
    let files: Vec<PathBuf> = rows.iter().map(|row| uploads.part(&row.id)).collect();
    let lengths = blocking(move || {
        let length = |file: &PathBuf| std::fs::metadata(file).map_or(0, |meta| meta.len());
        Ok(files.iter().map(length).collect::<Vec<u64>>())
    })
    .await?;
    for (row, length) in rows.iter_mut().zip(lengths) {
        row.received = i64::try_from(length).unwrap_or(row.length).min(row.length);
    }
    Ok(rows)
}

/// The upload as it stands, with `received` as the disk has it.
///
/// When all bytes are on the disk but a kill came before that was written down, it is now: an upload that is answered
/// as processing may still wait for its `finish`, which may be called as often as anybody likes.
pub async fn status(db: &impl ConnectionTrait, uploads: &Uploads, id: &str, now: Moment) -> Result<upload::Model> {
    let row = current(db, uploads, id, now).await?;
    if row.state != UploadState::Receiving || row.received < row.length {
        return Ok(row);
    }
    // Whoever holds it writes it down by themselves.
    let Some(_held) = uploads.locks.hold(id).await else { return Ok(row) };
    let (received, expires_at) = (u64::try_from(row.received).unwrap_or(0), row.expires_at);
    note_received(db, row, received, expires_at).await?;
    find(db, id).await
}

/// Ask a writer that fell silent to put down what it has, before a client that comes back is told the offset.
///
/// To be called only for a client that is about to go on: a slow writer would lose its connection by it.
pub async fn make_way(uploads: &Uploads, id: &str) {
    uploads.locks.make_way(id).await;
}

/// A writer silent for so long makes way for the next request of the same upload.
const SILENCE: Duration = Duration::from_secs(2);

async fn current(db: &impl ConnectionTrait, uploads: &Uploads, id: &str, now: Moment) -> Result<upload::Model> {
    let mut row = find(db, id).await?;
    if row.state == UploadState::Receiving {
        if row.expires_at <= now {
            return Err(Error::UploadExpired);
        }
        let part = uploads.part(id);
        let received = blocking(move || part::durable_length(&part)).await?;
        row.received = i64::try_from(received).unwrap_or(row.length).min(row.length);
    }
    Ok(row)
}

async fn find(db: &impl ConnectionTrait, id: &str) -> Result<upload::Model> {
    upload::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchUpload)
}

async fn note_received(db: &impl ConnectionTrait, row: upload::Model, received: u64, expires_at: Moment) -> Result<()> {
    let received = i64::try_from(received).unwrap_or(row.length);
    let whole = received >= row.length;
    let is_part = Concat::of(&row) == Concat::Partial;
    let mut row = row.into_active_model();
    row.received = Set(received);
    row.expires_at = Set(expires_at);
    if whole {
        row.state = Set(if is_part { UploadState::Complete } else { UploadState::Processing });
    }
    row.update(db).await?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
