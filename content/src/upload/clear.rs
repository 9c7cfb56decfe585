//! Taking uploads away: those that are given up, whose time is over, or that nobody knows.

use super::{Uploads, find, part};
use crate::store::blocking;
use crate::{Error, Result};
use entity::{Moment, UploadState, upload};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashSet;
use std::path::PathBuf;

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

/// Remove the files of an upload; none may be there.
pub(super) async fn remove_files(uploads: &Uploads, id: &str) -> Result<()> {
    let files = [uploads.part(id), uploads.unchecked(id)];
    blocking(move || files.iter().try_for_each(|file| part::remove_if_there(file))).await
}
