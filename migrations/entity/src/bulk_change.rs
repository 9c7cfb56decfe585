//! Table `bulk_change`.

use crate::ids::{AccountId, BulkId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// One change of many lessons at once: looked at beforehand, then done, then perhaps undone.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_change")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: BulkId,
    /// Who makes it.
    pub account_id: AccountId,
    /// What is done to each lesson, as JSON.
    #[sea_orm(column_type = "Text")]
    pub deed: String,
    /// The place in the list it was asked from: the query of its address.
    #[sea_orm(column_type = "Text")]
    pub place: String,
    /// When it was looked at.
    pub made_at: Moment,
    /// When it was done.
    pub done_at: Option<Moment>,
    /// When it was undone.
    pub undone_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
