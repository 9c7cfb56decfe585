//! Table `training_plan`.

use crate::ids::{AccountId, PlanId, UnitId};
use crate::moment::{Day, Moment};
use sea_orm::entity::prelude::*;

/// A training plan (培训计划): what people with certain posts in a subtree have to learn by a day.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "training_plan")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PlanId,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// A word to those it binds.
    #[sea_orm(column_type = "Text")]
    pub note: String,
    /// For the people of this unit and all below it.
    pub unit_id: UnitId,
    /// A JSON array of posts; empty for everybody on the roster.
    #[sea_orm(column_type = "Text")]
    pub posts: String,
    /// The first civil day whose study counts.
    pub from_on: Day,
    /// The last civil day to do it.
    pub due_on: Day,
    /// Who set it.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: Moment,
    /// When it was called off.
    pub ended_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
