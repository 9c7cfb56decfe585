//! Table `rendition`.

use crate::ids::RenditionId;
use crate::moment::Moment;
use crate::words::RenditionKind;
use sea_orm::entity::prelude::*;

/// A blob that was made of a recording. Derived: it can be deleted and made again.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rendition")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: RenditionId,
    /// The recording it was made of.
    #[sea_orm(column_type = "Text")]
    pub media_sha256: String,
    /// What it is.
    pub kind: RenditionKind,
    /// The blob in the store.
    #[sea_orm(column_type = "Text")]
    pub blob_sha256: String,
    /// Its length.
    pub size_bytes: i64,
    /// The type it is served as.
    #[sea_orm(column_type = "Text")]
    pub mime: String,
    /// RFC 6381 codec names.
    #[sea_orm(column_type = "Text", nullable)]
    pub codecs: Option<String>,
    /// Picture width in pixels.
    pub width: Option<i32>,
    /// Picture height in pixels.
    pub height: Option<i32>,
    /// Length of the recording.
    pub duration_ms: Option<i64>,
    /// JSON that depends on the kind: the segments of a video for HLS, the grid of a storyboard.
    #[sea_orm(column_type = "Text", nullable)]
    pub detail: Option<String>,
    /// When it was made.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
