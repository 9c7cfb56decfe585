//! Table `class_sign_in`.

use crate::ids::{AccountId, ClassId, ClassSignInId, PersonId};
use crate::moment::Moment;
use crate::words::MarkedHow;
use sea_orm::entity::prelude::*;

/// One person was there in one half-day of a class.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "class_sign_in")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: ClassSignInId,
    /// Which class.
    pub class_run_id: ClassId,
    /// Which half-day, from 1.
    pub half_day: i32,
    /// Who.
    pub person_id: PersonId,
    /// By the roll, or by the rotating code.
    pub marked_how: MarkedHow,
    /// Who wrote it down; with the code, their own account.
    pub marked_by: AccountId,
    /// When.
    pub marked_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
