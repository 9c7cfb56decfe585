//! Table `play_day`.

use crate::ids::{AccountId, PlayDayId, UnitId};
use crate::moment::{Day, Moment};
use sea_orm::entity::prelude::*;

/// The days on which every station below a unit plays, and what.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "play_day")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PlayDayId,
    /// For the stations of this subtree.
    pub unit_id: UnitId,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// Days of the month such as `5,15,25`, or `*6`: every date with a 6 in it.
    #[sea_orm(column_type = "Text")]
    pub days: String,
    /// When it begins: minutes after midnight.
    pub at_minute: i32,
    /// The first day it is in force.
    pub valid_from: Day,
    /// The last day, when it has been ended.
    pub ended_on: Option<Day>,
    /// Who set it.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
