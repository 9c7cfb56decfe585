//! Table `upload`.

use crate::ids::{AccountId, CourseId, UnitId};
use crate::moment::Moment;
use crate::words::UploadState;
use sea_orm::entity::prelude::*;

/// One tus upload (tus.io 1.0.0).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upload")]
pub struct Model {
    /// A random name; the last part of its address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Who uploads.
    pub account_id: AccountId,
    /// For which unit.
    pub unit_id: UnitId,
    /// Bytes announced.
    pub length: i64,
    /// Bytes that are durably here.
    pub received: i64,
    /// The `Upload-Metadata` header as it came.
    #[sea_orm(column_type = "Text")]
    pub metadata: String,
    /// From the metadata.
    #[sea_orm(column_type = "Text")]
    pub filename: String,
    /// From the metadata.
    #[sea_orm(column_type = "Text")]
    pub filetype: String,
    /// From the metadata.
    pub course_id: Option<CourseId>,
    /// Where it stands.
    pub state: UploadState,
    /// The blob it became.
    #[sea_orm(column_type = "Text", nullable)]
    pub sha256: Option<String>,
    /// Why it failed, in Chinese.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    /// When it was created.
    pub created_at: Moment,
    /// When an unfinished one is dropped.
    pub expires_at: Moment,
    /// What it is in a concatenation: nothing, `partial`, or `final;` and the ids of its parts, apart by spaces.
    #[sea_orm(column_type = "Text", nullable)]
    pub concat: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
