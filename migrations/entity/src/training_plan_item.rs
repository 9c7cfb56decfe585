//! Table `training_plan_item`.

use crate::ids::{LessonId, PlanId};
use sea_orm::entity::prelude::*;

/// One thing a plan requires: a lesson to be learnt, or a class to be attended.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "training_plan_item")]
pub struct Model {
    /// The plan.
    #[sea_orm(primary_key, auto_increment = false)]
    pub plan_id: PlanId,
    /// Its place in it, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The lesson; `None` for a class.
    pub lesson_id: Option<LessonId>,
    /// The title of the class (集中培训), as it will be recorded; `None` for a lesson.
    #[sea_orm(column_type = "Text", nullable)]
    pub class_title: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
