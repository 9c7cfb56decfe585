//! Table `class_attendance`.

use crate::ids::{ClassAttendanceId, ClassId, PersonId};
use crate::words::AttendanceStatus;
use sea_orm::entity::prelude::*;

/// How one person attended one class.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "class_attendance")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: ClassAttendanceId,
    /// Which class.
    pub class_run_id: ClassId,
    /// Who.
    pub person_id: PersonId,
    /// Half-days present.
    pub half_days: i32,
    /// How it counts.
    pub status: AttendanceStatus,
}

impl ActiveModelBehavior for ActiveModel {}
