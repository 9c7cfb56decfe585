//! Table `media`.

use crate::ids::{AccountId, UnitId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A blob in the store, named by its SHA-256. Never changes.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "media")]
pub struct Model {
    /// The hash in lower-case hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: String,
    /// Its length.
    pub size_bytes: i64,
    /// The type it is served as.
    #[sea_orm(column_type = "Text")]
    pub mime: String,
    /// The name it came with.
    #[sea_orm(column_type = "Text")]
    pub filename: String,
    /// Length of the recording.
    pub duration_ms: Option<i64>,
    /// Picture width in pixels.
    pub width: Option<i32>,
    /// Picture height in pixels.
    pub height: Option<i32>,
    /// RFC 6381 codec names, such as `avc1,mp4a`.
    #[sea_orm(column_type = "Text", nullable)]
    pub codecs: Option<String>,
    /// For MP4: the index stands before the data, so play begins at once.
    pub faststart: Option<bool>,
    /// The unit that brought it.
    pub unit_id: UnitId,
    /// Who brought it.
    pub uploaded_by: Option<AccountId>,
    /// When it came.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
