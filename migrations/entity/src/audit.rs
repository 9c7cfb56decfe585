//! Table `audit`.

use crate::ids::{AccountId, AuditId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// Who did what to what. Only ever added.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: AuditId,
    /// When.
    pub at: Moment,
    /// Who; `None` for the command line.
    pub account_id: Option<AccountId>,
    /// A dotted verb such as `lesson.publish`.
    #[sea_orm(column_type = "Text")]
    pub action: String,
    /// Kind and id, such as `lesson:12`.
    #[sea_orm(column_type = "Text")]
    pub target: String,
    /// What changed, without secrets.
    #[sea_orm(column_type = "Text")]
    pub detail: String,
}

impl ActiveModelBehavior for ActiveModel {}
