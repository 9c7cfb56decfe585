//! Table `bulk_lesson`.

use crate::ids::{BulkId, LessonId};
use sea_orm::entity::prelude::*;

/// A lesson of a change of many.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_lesson")]
pub struct Model {
    /// The change.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bulk_id: BulkId,
    /// The lesson.
    #[sea_orm(primary_key, auto_increment = false)]
    pub lesson_id: LessonId,
    /// The version it was at when the change was looked at; once done, the one the change left.
    pub version: i32,
    /// Its title at that time.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// What the changed fields held before, as JSON; `None` until the change is done, and for a lesson that was left out.
    #[sea_orm(column_type = "Text", nullable)]
    pub was: Option<String>,
    /// Why the last step left it out, for people.
    #[sea_orm(column_type = "Text", nullable)]
    pub left_out: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
