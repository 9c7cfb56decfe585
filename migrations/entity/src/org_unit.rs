//! Table `org_unit`.

use crate::ids::UnitId;
use crate::words::UnitLevel;
use sea_orm::entity::prelude::*;

/// A node of the org tree. `path` is the ids from the root down, each between slashes (`/1/12/345/`), so that a subtree is a prefix.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "org_unit")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: UnitId,
    /// The unit above; `None` for the root.
    pub parent_id: Option<UnitId>,
    /// The administrative code used in rosters and exports; unique, leading zeros matter.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// The full name people read.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// How high it stands.
    pub level: UnitLevel,
    /// The ids from the root to here, with slashes at both ends.
    #[sea_orm(column_type = "Text")]
    pub path: String,
}

impl ActiveModelBehavior for ActiveModel {}
