//! Table `wish_answer`.

use crate::ids::{AccountId, LessonId, UnitId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A lesson that answers what people of a subtree searched for and did not find.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wish_answer")]
pub struct Model {
    /// What groups spellings of one wish.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub meaning: String,
    /// For the people of this unit and all below it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit_id: UnitId,
    /// The lesson.
    pub lesson_id: LessonId,
    /// Who answered.
    pub answered_by: AccountId,
    /// When.
    pub answered_at: Moment,
    /// How many people were told.
    pub told: i64,
}

impl ActiveModelBehavior for ActiveModel {}
