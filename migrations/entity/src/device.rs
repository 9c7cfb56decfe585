//! Table `device`.

use crate::ids::{DeviceId, UnitId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A classroom terminal, bound to a unit.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: DeviceId,
    /// The station it stands in.
    pub unit_id: UnitId,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Of the first release, where the code stood here; always `None` now (see `pairing`).
    #[sea_orm(column_type = "Text", nullable)]
    pub pairing_hash: Option<String>,
    /// Until when an approved terminal may come to fetch its sign-in.
    pub pairing_expires_at: Option<Moment>,
    /// When the terminal fetched its sign-in for the first time.
    pub paired_at: Option<Moment>,
    /// When it was revoked.
    pub revoked_at: Option<Moment>,
    /// When it was last heard of.
    pub last_seen_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
