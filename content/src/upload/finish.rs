//! From the last byte to the media row: hash, probe, store. Repeatable at every step, so that a kill costs only time.

use super::clear::remove_files;
use super::{Concat, Uploads, concat, find};
use crate::intake::{Origin, adopt, move_in};
use crate::store::{Store, blocking, hash_file};
use crate::{Error, Result};
use entity::{Moment, UploadState, media, upload};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, TransactionTrait,
};

/// Turn a whole upload into media; an upload in any other state is left as it is.
///
/// Bytes that are in the store already are not kept twice. A file that cannot be taken makes the upload failed, with
/// the reason in Chinese; trouble with the database or the store, and a full disk, leave it in processing, to be resumed.
pub async fn finish(
    db: &(impl ConnectionTrait + TransactionTrait),
    uploads: &Uploads,
    store: &Store,
    id: &str,
    now: Moment,
) -> Result<upload::Model> {
    let _held = uploads.locks.hold(id).await.ok_or(Error::Busy)?;
    let row = find(db, id).await?;
    if row.state != UploadState::Processing {
        return Ok(row);
    }
    let made_of = Concat::of(&row);
    let done = match into_media(db, uploads, store, &row, now).await {
        Ok(media) => {
            let mut done = row.into_active_model();
            done.state = Set(UploadState::Complete);
            done.sha256 = Set(Some(media.sha256));
            done
        }
        // Both come back, and so does room: the upload waits in processing.
        Err(away @ (Error::Database(_) | Error::StoreUnavailable(_))) => return Err(away),
        Err(full) if full.is_full() => return Err(full),
        Err(error) => {
            tracing::error!(upload = id, %error, "an upload could not become media");
            let mut failed = row.into_active_model();
            failed.state = Set(UploadState::Failed);
            failed.error = Set(Some(reason(&error).to_owned()));
            failed
        }
    };
    let row = done.update(db).await?;
    remove_files(uploads, id).await?;
    if let (UploadState::Complete, Concat::Final(parts)) = (row.state, made_of) {
        concat::drop_parts(db, uploads, &parts).await?;
    }
    Ok(row)
}

/// Finish what was in processing when the server stopped. Answers how many.
///
/// Uploads whose bytes lie on another server of the same database are left to that one.
pub async fn resume_processing(
    db: &(impl ConnectionTrait + TransactionTrait),
    uploads: &Uploads,
    store: &Store,
    now: Moment,
) -> Result<u64> {
    let waiting = upload::Entity::find().filter(upload::Column::State.eq(UploadState::Processing)).all(db).await?;
    let mut finished = 0;
    for row in waiting {
        let moved = match &row.sha256 {
            Some(sha256) => store.contains(sha256).await?,
            None => false,
        };
        if !moved && !concat::is_here(uploads, &row) {
            continue;
        }
        match finish(db, uploads, store, &row.id, now).await {
            Ok(_) => finished += 1,
            // A request is finishing or removing it at this moment.
            Err(Error::Busy | Error::NoSuchUpload) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(finished)
}

async fn into_media(
    db: &(impl ConnectionTrait + TransactionTrait),
    uploads: &Uploads,
    store: &Store,
    row: &upload::Model,
    now: Moment,
) -> Result<media::Model> {
    let origin = Origin { filename: &row.filename, unit_id: row.unit_id, by: Some(row.account_id) };
    let part = uploads.part(&row.id);
    if let (Concat::Final(parts), None) = (Concat::of(row), &row.sha256) {
        concat::join(uploads, row, &parts).await?;
    }
    let hashed = match (part.exists(), &row.sha256) {
        // The process died after the bytes had moved into the store.
        (false, Some(sha256)) => return adopt(db, store, sha256, &origin, now).await,
        (false, None) => return Err(Error::NoSuchUpload),
        (true, _) => {
            let part = part.clone();
            blocking(move || hash_file(&part)).await?
        }
    };
    let promised = super::Metadata::parse(&row.metadata).ok().and_then(|metadata| metadata.sha256());
    if i64::try_from(hashed.size()) != Ok(row.length) || promised.is_some_and(|promised| promised != hashed.sha256()) {
        return Err(Error::HashMismatch);
    }
    // Written down before the bytes move, so that they are found again.
    let mut named = row.clone().into_active_model();
    named.sha256 = Set(Some(hashed.sha256().to_owned()));
    named.update(db).await?;
    move_in(db, store, &part, &hashed, &origin, now).await
}

fn reason(error: &Error) -> &'static str {
    match error {
        Error::NoSuchUpload | Error::NoSuchBlob => "服务器上的文件不见了，请重新上传",
        Error::HashMismatch => "文件内容与上传时不一致，请重新上传",
        _ => "服务器读写文件失败，请稍后重新上传",
    }
}
