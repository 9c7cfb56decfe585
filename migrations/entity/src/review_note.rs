//! Table `review_note`.

use crate::ids::{AccountId, LessonId, ReviewNoteId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A remark made while a lesson is reviewed, at a second of its recording or about the whole.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_note")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: ReviewNoteId,
    /// The lesson.
    pub lesson_id: LessonId,
    /// Where in the recording; `None` for the whole.
    pub at_ms: Option<i64>,
    /// What is to be done.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Who remarked.
    pub created_by: AccountId,
    /// When.
    pub created_at: Moment,
    /// When it was settled.
    pub done_at: Option<Moment>,
    /// Who settled it.
    pub done_by: Option<AccountId>,
}

impl ActiveModelBehavior for ActiveModel {}
