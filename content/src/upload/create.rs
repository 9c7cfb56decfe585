//! Announcing an upload: what is taken, for whom, and whether there is room for it.

use super::part::must_fit;
use super::{Concat, Metadata, Uploads, concat, quota};
use crate::store::blocking;
use crate::{Error, Result};
use entity::{AccountId, CourseId, Moment, UnitId, UploadState, media, upload};
use rand::distr::{Alphanumeric, SampleString};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

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
