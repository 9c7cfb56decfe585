//! Table `saved_view`.

use crate::ids::{AccountId, ViewId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A view of the list of lessons that somebody keeps under a name.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_view")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: ViewId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What they call it; each name once.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The query of its address: filters and order.
    #[sea_orm(column_type = "Text")]
    pub query: String,
    /// When it was kept.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
