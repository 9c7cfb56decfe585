//! Table `lesson_version`.

use crate::ids::{AccountId, LessonId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// What authors had written of a lesson in one of its versions.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lesson_version")]
pub struct Model {
    /// The lesson.
    #[sea_orm(primary_key, auto_increment = false)]
    pub lesson_id: LessonId,
    /// The lesson's version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// When it was written.
    pub at: Moment,
    /// Who wrote; `None` for the command line.
    pub account_id: Option<AccountId>,
    /// A JSON object, `catalog::history::Snapshot`.
    #[sea_orm(column_type = "Text")]
    pub snapshot: String,
}

impl ActiveModelBehavior for ActiveModel {}
