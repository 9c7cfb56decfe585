//! Table `wish`.

use crate::ids::{AccountId, UnitId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// Somebody pressed "I want to learn this", and is to be told when there is a lesson. Nobody reads who it was.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wish")]
pub struct Model {
    /// Who is to be told.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// What groups spellings of one wish.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub meaning: String,
    /// The wish as it was spelt.
    #[sea_orm(column_type = "Text")]
    pub query: String,
    /// The unit of who asked.
    pub unit_id: UnitId,
    /// When.
    pub asked_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
