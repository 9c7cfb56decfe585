//! What the playable form of a recording tells about it: no reader of ours knows how long an old disc's film is.
//!
//! Lessons were given a length before that was known, and whoever learns is credited up to a lesson's length, so they
//! are put right in the same transaction.

use crate::prepare::Made;
use crate::{Error, Result};
use entity::{lesson, media};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

/// Give the recording the facts it lacks, and its lessons their length when it was not known before.
pub(super) async fn complete(db: &impl ConnectionTrait, sha256: &str, made: &Made) -> Result<()> {
    let media = media::Entity::find_by_id(sha256).one(db).await?.ok_or(Error::NoSuchBlob)?;
    let facts = media::ActiveModel {
        duration_ms: Set(media.duration_ms.or(made.duration_ms)),
        width: Set(media.width.or(made.width)),
        height: Set(media.height.or(made.height)),
        ..Default::default()
    };
    media::Entity::update_many().set(facts).filter(media::Column::Sha256.eq(sha256)).exec(db).await?;
    match (media.duration_ms, made.duration_ms) {
        (None, Some(duration_ms)) => lengthen_lessons(db, sha256, duration_ms).await,
        _ => Ok(()),
    }
}

async fn lengthen_lessons(db: &impl ConnectionTrait, sha256: &str, duration_ms: i64) -> Result<()> {
    let length = lesson::ActiveModel { duration_ms: Set(duration_ms), ..Default::default() };
    lesson::Entity::update_many().set(length).filter(lesson::Column::MediaSha256.eq(sha256)).exec(db).await?;
    Ok(())
}
