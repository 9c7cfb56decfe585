//! Table `play_day_lesson`.

use crate::ids::{LessonId, PlayDayId};
use sea_orm::entity::prelude::*;

/// One lesson of a play day's list.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "play_day_lesson")]
pub struct Model {
    /// Which play day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub play_day_id: PlayDayId,
    /// Its place, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The lesson.
    pub lesson_id: LessonId,
}

impl ActiveModelBehavior for ActiveModel {}
