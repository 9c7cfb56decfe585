//! Table `appeal`.

use crate::ids::{AccountId, AppealId, PersonId, UnitId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// Somebody who does not agree with an entry of their training archive.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "appeal")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: AppealId,
    /// Who.
    pub person_id: PersonId,
    /// The ledger entry.
    pub entry_seq: i64,
    /// The unit of that entry: whoever assesses it decides.
    pub unit_id: UnitId,
    /// What they say.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// When.
    pub created_at: Moment,
    /// When it was decided.
    pub decided_at: Option<Moment>,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// Whether anything was granted.
    pub granted: Option<bool>,
    /// The reason given.
    #[sea_orm(column_type = "Text", nullable)]
    pub decision: Option<String>,
    /// The entry that corrects the one appealed against.
    pub correction_seq: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
