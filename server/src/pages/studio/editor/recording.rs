//! The recording of a lesson, as the editor shows it.

use crate::api::media::sources::prepared;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::figures::{clock, size};
use entity::media;

/// The recording as the editor shows it.
pub struct MediaView {
    pub url: String,
    pub preparation_url: String,
    pub poster_url: Option<String>,
    pub is_video: bool,
    pub is_audio: bool,
    pub about: String,
}

pub async fn view_of(db: &Database, media: media::Model) -> ApiResult<MediaView> {
    let prepared = prepared(db, &media).await?;
    Ok(MediaView {
        url: prepared.media_url().unwrap_or_else(|| format!("/media/{}", media.sha256)),
        preparation_url: format!("/api/v1/media/{}/preparation", media.sha256),
        poster_url: prepared.poster_url,
        is_video: media.mime.starts_with("video/"),
        is_audio: media.mime.starts_with("audio/"),
        about: about(&media),
    })
}

fn about(media: &media::Model) -> String {
    let mut facts = vec![media.filename.clone(), size(media.size_bytes)];
    facts.extend(media.duration_ms.map(clock));
    facts.extend(media.width.zip(media.height).map(|(width, height)| format!("{width}×{height}")));
    facts.join(" · ")
}
