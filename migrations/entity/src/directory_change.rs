//! Table `directory_change`.

use crate::ids::{AccountId, DirectoryChangeId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// What a server knows of an account is out of date. Written by the database itself, in the transaction of the change.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_change")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: DirectoryChangeId,
    /// Whose; none when it may be anybody's.
    pub account_id: Option<AccountId>,
    /// When.
    pub at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
