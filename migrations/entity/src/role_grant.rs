//! Table `role_grant`.

use crate::ids::{AccountId, GrantId, UnitId};
use crate::moment::Moment;
use crate::words::Role;
use sea_orm::entity::prelude::*;

/// A role given to an account at a unit; it reaches that unit and all below it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_grant")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: GrantId,
    /// Who has it.
    pub account_id: AccountId,
    /// Which role.
    pub role: Role,
    /// Where.
    pub unit_id: UnitId,
    /// Since when.
    pub granted_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
