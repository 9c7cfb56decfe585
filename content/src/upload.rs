//! Resumable uploads, as tus 1.0.0 means them, without its HTTP.
//!
//! Owns the life of an upload: created, receiving, processing, complete or failed, and the file its bytes gather in,
//! `DATA/uploads/<id>.part`. That file's length **is** the offset: every byte in it was accepted, so after a kill or a
//! power cut the upload goes on where the disk says. Whether the caller may touch an upload is decided before.

mod append;
mod checksum;
mod concat;
mod finish;
mod locks;
mod metadata;
mod part;
mod quota;

use crate::store::blocking;
use crate::{Error, Result};
pub use append::append;
pub use checksum::{ALGORITHMS, Checksum};
pub use concat::Concat;
use entity::{AccountId, CourseId, Moment, UnitId, UploadState, media, upload};
pub use finish::{finish, resume_processing};
use locks::Locks;
pub use metadata::Metadata;
pub(crate) use part::must_fit;
use rand::distr::{Alphanumeric, SampleString};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashSet;
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

/// What is announced.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Who uploads.
    pub account_id: AccountId,
    /// For which unit.
    pub unit_id: UnitId,
    /// Bytes that will come; of a final upload its parts say so.
    pub length: u64,
    /// What it is in a concatenation.
    pub concat: Concat,
    /// The metadata that came with it.
    pub metadata: Metadata,
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

/// Announce an upload. An upload of no bytes, and a final one, are whole at once: `finish` is due.
pub async fn create(
    db: &impl ConnectionTrait,
    uploads: &Uploads,
    mut new: NewUpload,
    now: Moment,
) -> Result<upload::Model> {
    let limits = uploads.limits;
    if let Concat::Final(parts) = &new.concat {
        let keep_until = now.plus_ms(limits.lifetime_ms);
        new.length = concat::length_of(db, parts, new.account_id, now, keep_until).await?;
    } else {
        within_quota(db, uploads, new.unit_id, new.length).await?;
    }
    if new.length > limits.max_bytes {
        return Err(Error::TooLong { max: limits.max_bytes });
    }
    must_be_few(db, new.account_id, limits.max_open).await?;
    let id = Alphanumeric.sample_string(&mut rand::rng(), 24);
    let (dir, part, length) = (uploads.dir.clone(), uploads.part(&id), new.length);
    let takes_bytes = !matches!(new.concat, Concat::Final(_));
    blocking(move || {
        must_fit(&dir, length, limits.keep_free_bytes)?;
        if takes_bytes {
            std::fs::File::create_new(part)?.sync_all()?;
        }
        Ok(std::fs::File::open(dir)?.sync_all()?)
    })
    .await?;
    let state = match (&new.concat, new.length) {
        (Concat::Partial, 0) => UploadState::Complete,
        (Concat::Whole, 0) | (Concat::Final(_), _) => UploadState::Processing,
        _ => UploadState::Receiving,
    };
    Ok(row_of(id, new, state, None, now.plus_ms(limits.lifetime_ms), now)?.insert(db).await?)
}

/// Refuses `more` bytes that would bring the county of this unit above its quota, whether they are uploaded or come out of
/// a package that was.
///
/// # Errors
/// [`Error::OverQuota`], or the database.
pub async fn within_quota(db: &impl ConnectionTrait, uploads: &Uploads, unit: UnitId, more: u64) -> Result<()> {
    match uploads.limits.county_quota {
        Some(quota) => quota::must_fit(db, unit, more, quota).await,
        None => Ok(()),
    }
}

/// Announce an upload of bytes that are here already: it is complete, and nothing is to be sent.
///
/// Whether the caller may see that recording is decided before.
pub async fn create_known(
    db: &impl ConnectionTrait,
    uploads: &Uploads,
    new: NewUpload,
    known: &media::Model,
    now: Moment,
) -> Result<upload::Model> {
    let id = Alphanumeric.sample_string(&mut rand::rng(), 24);
    let expires_at = now.plus_ms(uploads.limits.lifetime_ms);
    let sha256 = Some(known.sha256.clone());
    Ok(row_of(id, new, UploadState::Complete, sha256, expires_at, now)?.insert(db).await?)
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

async fn must_be_few(db: &impl ConnectionTrait, account: AccountId, most: u64) -> Result<()> {
    let open = upload::Entity::find()
        .filter(upload::Column::AccountId.eq(account))
        .filter(upload::Column::State.eq(UploadState::Receiving))
        .count(db)
        .await?;
    if open >= most { Err(Error::TooManyOpen) } else { Ok(()) }
}

fn row_of(
    id: String,
    new: NewUpload,
    state: UploadState,
    sha256: Option<String>,
    expires_at: Moment,
    now: Moment,
) -> Result<upload::ActiveModel> {
    let said = |key: &str, or: &str| new.metadata.get(key).or(new.metadata.get(or)).unwrap_or_default();
    let length = i64::try_from(new.length).map_err(std::io::Error::other)?;
    Ok(upload::ActiveModel {
        id: Set(id),
        account_id: Set(new.account_id),
        unit_id: Set(new.unit_id),
        length: Set(length),
        received: Set(if state == UploadState::Receiving { 0 } else { length }),
        metadata: Set(new.metadata.header().to_owned()),
        filename: Set(crate::intake::clean_filename(said("filename", "name"))),
        filetype: Set(said("filetype", "type").chars().take(100).collect()),
        course_id: Set(new.metadata.get("course_id").and_then(|text| text.parse().ok()).map(CourseId)),
        state: Set(state),
        sha256: Set(sha256),
        error: Set(None),
        created_at: Set(now),
        expires_at: Set(expires_at),
        concat: Set(new.concat.kept()),
    })
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

/// Drop an upload and its bytes. A blob it became stays.
pub async fn terminate(db: &impl ConnectionTrait, uploads: &Uploads, id: &str) -> Result<()> {
    let _held = uploads.locks.hold(id).await.ok_or(Error::Busy)?;
    find(db, id).await?;
    upload::Entity::delete_by_id(id).exec(db).await?;
    remove_files(uploads, id).await
}

/// Drop the uploads whose time is over, and answer how many.
pub async fn expire(db: &impl ConnectionTrait, uploads: &Uploads, now: Moment) -> Result<u64> {
    let part_of_nothing = upload::Column::Concat.eq("partial");
    let over: Vec<String> = upload::Entity::find()
        .select_only()
        .column(upload::Column::Id)
        .filter(Condition::any().add(upload::Column::State.ne(UploadState::Complete)).add(part_of_nothing))
        .filter(upload::Column::ExpiresAt.lte(now))
        .limit(500)
        .into_tuple()
        .all(db)
        .await?;
    let mut dropped = 0;
    for id in over {
        match terminate(db, uploads, &id).await {
            Ok(()) => dropped += 1,
            // Somebody writes to it just now: it is not over.
            Err(Error::Busy | Error::NoSuchUpload) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(dropped)
}

/// Remove the files of uploads that are complete, or that there are none of: a backup copies files before it copies rows.
/// To be called only while nobody uploads.
pub async fn drop_strays(db: &impl ConnectionTrait, uploads: &Uploads) -> Result<()> {
    let unfinished = upload::Column::State.is_in([UploadState::Receiving, UploadState::Processing]);
    // A part of a concatenation is complete before what it is a part of.
    let of_another = upload::Column::Concat.eq("partial");
    let rows = upload::Entity::find().filter(Condition::any().add(unfinished).add(of_another)).all(db).await?;
    let kept: HashSet<PathBuf> = rows.iter().map(|row| uploads.part(&row.id)).collect();
    let dir = uploads.dir.clone();
    blocking(move || {
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            if !kept.contains(&path) {
                part::remove_if_there(&path)?;
            }
        }
        Ok(())
    })
    .await
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

async fn remove_files(uploads: &Uploads, id: &str) -> Result<()> {
    let files = [uploads.part(id), uploads.unchecked(id)];
    blocking(move || files.iter().try_for_each(|file| part::remove_if_there(file))).await
}

#[cfg(test)]
pub(crate) mod tests;
