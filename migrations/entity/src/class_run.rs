//! Table `class_run`.

use crate::ids::{AccountId, ClassId, UnitId};
use crate::moment::{Day, Moment};
use crate::words::UnitLevel;
use sea_orm::entity::prelude::*;

/// One concentrated training in person (集中培训).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "class_run")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: ClassId,
    /// The organiser: city, county or township.
    pub level: UnitLevel,
    /// What it was called.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// The organising unit.
    pub unit_id: UnitId,
    /// Where.
    #[sea_orm(column_type = "Text")]
    pub place: String,
    /// Who taught.
    #[sea_orm(column_type = "Text")]
    pub teacher: String,
    /// First day.
    pub starts_on: Day,
    /// Last day.
    pub ends_on: Day,
    /// Its length in half-days.
    pub half_days: i32,
    /// Who entered it.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
