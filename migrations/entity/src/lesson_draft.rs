//! Table `lesson_draft`.

use crate::ids::{AccountId, LessonId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// What one account is writing in the editor of one lesson and has not saved.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lesson_draft")]
pub struct Model {
    /// The lesson.
    #[sea_orm(primary_key, auto_increment = false)]
    pub lesson_id: LessonId,
    /// Who writes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// The version of the lesson it began from.
    pub version: i32,
    /// A JSON object of the form's fields.
    #[sea_orm(column_type = "Text")]
    pub fields: String,
    /// When it was kept last; `None` while nothing was written.
    pub saved_at: Option<Moment>,
    /// When the editor was open last.
    pub seen_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
