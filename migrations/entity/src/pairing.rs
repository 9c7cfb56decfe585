//! Table `pairing`.

use crate::ids::{DeviceId, PairingId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A terminal that asks to be paired: it shows `code` and waits until somebody approves it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pairing")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PairingId,
    /// Six digits, shown on the television.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// SHA-256 in hex of what the terminal alone knows, and shows to collect its sign-in.
    #[sea_orm(column_type = "Text")]
    pub secret_hash: String,
    /// When it asked.
    pub asked_at: Moment,
    /// When code and secret die.
    pub expires_at: Moment,
    /// The terminal it became, once approved.
    pub device_id: Option<DeviceId>,
}

impl ActiveModelBehavior for ActiveModel {}
