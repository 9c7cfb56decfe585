//! In which forms a recording is played: as it is, smaller, or as sound alone; its poster and its seek pictures.
//!
//! The one answer that the API and the pages share.

use crate::database::Database;
use crate::error::ApiResult;
use content::prepare::storyboard::Grid;
use entity::{RenditionKind, media, rendition};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;

/// What plays, and what is shown before and while it does.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Prepared {
    /// The forms, the largest first; the recording itself is the first of them.
    pub sources: Vec<SourceAnswer>,
    /// One list for players that adapt to the link (HLS); absent until there is a smaller form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hls_url: Option<String>,
    /// A picture to show before it plays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poster_url: Option<String>,
    /// Small pictures for the seek bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storyboard: Option<StoryboardAnswer>,
}

/// One form of a recording.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceAnswer {
    /// `original`, `video_720`, `video_480`, `video_240` or `audio`.
    pub kind: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// Where its bytes are.
    pub url: String,
    /// Its length in bytes.
    pub size_bytes: i64,
    /// Picture width in pixels.
    pub width: Option<i32>,
    /// Picture height in pixels.
    pub height: Option<i32>,
    /// The type it is served as.
    pub mime: String,
    /// Bits a second on average; 0 when its length is not known.
    pub bitrate: i64,
}

/// A sheet of small pictures: along the rows, one for each step from the beginning.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StoryboardAnswer {
    /// The sheet.
    pub url: String,
    /// Pictures in a row.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// Width of a picture in pixels.
    pub tile_width: u32,
    /// Height of a picture in pixels.
    pub tile_height: u32,
    /// From one picture to the next, in milliseconds of the recording.
    pub every_ms: u64,
}

/// The kinds that play, the largest first.
const PLAYED: [RenditionKind; 4] =
    [RenditionKind::Video720, RenditionKind::Video480, RenditionKind::Video240, RenditionKind::Audio];

/// Everything that was made of `media` so far, which the caller may read.
///
/// # Errors
/// When the database fails.
pub async fn prepared(db: &Database, media: &media::Model) -> ApiResult<Prepared> {
    let made = rendition::Entity::find().filter(rendition::Column::MediaSha256.eq(&media.sha256)).all(&db.read).await?;
    let of = |kind: RenditionKind| made.iter().find(|made| made.kind == kind);
    let smaller: Vec<&rendition::Model> = PLAYED.into_iter().filter_map(of).collect();
    let plays = media.mime.starts_with("video/") || media.mime.starts_with("audio/");
    let own = plays.then(|| original(media, of(RenditionKind::Playable)));
    Ok(Prepared {
        hls_url: smaller.first().map(|_| format!("/media/{}/master.m3u8", media.sha256)),
        sources: own.into_iter().chain(smaller.into_iter().map(|made| source(media, made))).collect(),
        poster_url: of(RenditionKind::Poster).map(|made| address(&made.blob_sha256)),
        storyboard: of(RenditionKind::Storyboard).and_then(storyboard),
    })
}

/// As [`prepared`], of what a lesson plays; an article plays nothing.
///
/// # Errors
/// When the database fails.
pub async fn prepared_of(db: &Database, sha256: Option<&str>) -> ApiResult<Prepared> {
    let Some(sha256) = sha256 else { return Ok(Prepared::default()) };
    match media::Entity::find_by_id(sha256).one(&db.read).await? {
        Some(media) => prepared(db, &media).await,
        None => Ok(Prepared::default()),
    }
}

impl SourceAnswer {
    /// Its length as people read it.
    pub fn size(&self) -> String {
        crate::pages::figures::size(self.size_bytes)
    }
}

impl Prepared {
    /// The hashes of everything that plays.
    pub fn blobs(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().filter_map(|source| source.url.strip_prefix("/media/"))
    }

    /// Where the recording itself plays, in the form that browsers understand.
    pub fn media_url(&self) -> Option<String> {
        self.sources.first().map(|source| source.url.clone())
    }
}

fn original(media: &media::Model, playable: Option<&rendition::Model>) -> SourceAnswer {
    let (sha256, mime, size_bytes) = playable.map_or((&media.sha256, &media.mime, media.size_bytes), |made| {
        (&made.blob_sha256, &made.mime, made.size_bytes)
    });
    SourceAnswer {
        kind: "original",
        label: "原画",
        url: address(sha256),
        size_bytes,
        width: media.width.or(playable.and_then(|made| made.width)),
        height: media.height.or(playable.and_then(|made| made.height)),
        mime: mime.clone(),
        bitrate: bitrate(size_bytes, media.duration_ms.or(playable.and_then(|made| made.duration_ms))),
    }
}

fn source(media: &media::Model, made: &rendition::Model) -> SourceAnswer {
    SourceAnswer {
        kind: made.kind.as_str(),
        label: made.kind.label(),
        url: address(&made.blob_sha256),
        size_bytes: made.size_bytes,
        width: made.width,
        height: made.height,
        mime: made.mime.clone(),
        bitrate: bitrate(made.size_bytes, made.duration_ms.or(media.duration_ms)),
    }
}

fn storyboard(made: &rendition::Model) -> Option<StoryboardAnswer> {
    let Grid { columns, rows, tile_width, tile_height, every_ms } =
        serde_json::from_str(made.detail.as_deref()?).ok()?;
    Some(StoryboardAnswer { url: address(&made.blob_sha256), columns, rows, tile_width, tile_height, every_ms })
}

fn address(sha256: &str) -> String {
    format!("/media/{sha256}")
}

fn bitrate(size_bytes: i64, duration_ms: Option<i64>) -> i64 {
    let bits = size_bytes.saturating_mul(8_000);
    duration_ms.filter(|ms| *ms > 0).map_or(0, |ms| bits / ms)
}
