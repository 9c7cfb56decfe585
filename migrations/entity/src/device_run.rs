//! Table `device_run`.

use crate::ids::{DeviceId, DeviceRunId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// One stretch of time in which a terminal was on: a line of the equipment run log (设备运行记录簿).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device_run")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: DeviceRunId,
    /// Which terminal.
    pub device_id: DeviceId,
    /// When it was first heard of.
    pub began_at: Moment,
    /// When it was last heard of.
    pub last_seen_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
