//! Table `outbox`.

use crate::ids::{LessonId, OutboxId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// Lessons whose search entry is to be made anew; written in the transaction of the change.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// The key; the index remembers the highest it has applied.
    #[sea_orm(primary_key)]
    pub id: OutboxId,
    /// Which lesson.
    pub lesson_id: LessonId,
    /// When it changed.
    pub at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
