//! What is made of a recording before people play it: a form that browsers play, smaller ones for thin links, sound
//! alone, and pictures.
//!
//! Owns the queue of jobs in the database, the workers that empty it, and how ffmpeg is run. What came in is never
//! changed: whatever is made is a blob of its own, named in `rendition`, and can be made again.

pub mod audio;
mod faststart;
pub mod ffmpeg;
pub mod job;
mod loudness;
pub mod playable;
pub mod poster;
mod progress;
mod scratch;
pub(crate) mod search;
mod source;
pub mod storyboard;
pub mod video;
mod worker;
pub mod woven;

use crate::Result;
use entity::{RenditionKind, media, rendition};
use ffmpeg::Tools;
pub use job::{enqueue, enqueue_all, retry, status};
pub use progress::Progress;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
pub use source::Source;
use std::path::Path;
pub use worker::{Settings, run};

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file was written.
    Made(Made),
    /// The recording needs none of this kind: it plays as it is, is smaller already, or has no picture or no sound.
    Skip,
    /// It cannot be made without ffmpeg, and this machine has none.
    NeedsFfmpeg,
}

/// The facts about a file that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The type it is served as.
    pub mime: String,
    /// RFC 6381 codec names.
    pub codecs: Option<String>,
    /// Picture width in pixels.
    pub width: Option<i32>,
    /// Picture height in pixels.
    pub height: Option<i32>,
    /// Length in milliseconds.
    pub duration_ms: Option<i64>,
    /// JSON that depends on the kind.
    pub detail: Option<String>,
}

/// Make a rendition of `source` into the file `out`, which may exist and is overwritten.
///
/// # Errors
/// `Unpreparable` for what will never succeed; anything else may pass and is worth another attempt.
pub async fn make(
    kind: RenditionKind,
    source: &Source,
    out: &Path,
    tools: Option<&Tools>,
    progress: &Progress,
) -> Result<Outcome> {
    if kind == RenditionKind::Playable {
        return playable::make(tools, source, out, progress).await;
    }
    let Some(tools) = tools else { return Ok(Outcome::NeedsFfmpeg) };
    match kind {
        RenditionKind::Video720 => video::make(tools, source, 720, out, progress).await,
        RenditionKind::Video480 => video::make(tools, source, 480, out, progress).await,
        RenditionKind::Video240 => video::make(tools, source, 240, out, progress).await,
        RenditionKind::Audio => audio::make(tools, source, out, progress).await,
        RenditionKind::Poster => poster::make(tools, source, out, progress).await,
        RenditionKind::Storyboard => storyboard::make(tools, source, out, progress).await,
        RenditionKind::Playable => Ok(Outcome::Skip),
    }
}

/// The blob that is played for a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// Its name in the store.
    pub sha256: String,
    /// The type it is served as.
    pub mime: String,
    /// Its length.
    pub size_bytes: i64,
}

/// The playable form of `media` when one was made, or else the recording as it came.
///
/// # Errors
/// When the database fails.
pub async fn playable(db: &impl ConnectionTrait, media: &media::Model) -> Result<Played> {
    let made = rendition::Entity::find()
        .filter(rendition::Column::MediaSha256.eq(&media.sha256))
        .filter(rendition::Column::Kind.eq(RenditionKind::Playable))
        .one(db)
        .await?;
    Ok(match made {
        Some(made) => Played { sha256: made.blob_sha256, mime: made.mime, size_bytes: made.size_bytes },
        None => Played { sha256: media.sha256.clone(), mime: media.mime.clone(), size_bytes: media.size_bytes },
    })
}

#[cfg(test)]
mod tests;
