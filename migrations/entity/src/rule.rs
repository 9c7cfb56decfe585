//! Table `rule`.

use crate::ids::{AccountId, RuleId, UnitId};
use crate::moment::{Day, Moment};
use sea_orm::entity::prelude::*;

/// One dated version of the rules of hours, for a unit and all below it that has none of its own.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rule")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: RuleId,
    /// Where it holds.
    pub unit_id: UnitId,
    /// The first civil day it judges.
    pub valid_from: Day,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The rules as TOML.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Who set it.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
