//! Table `seal_line`.

use crate::ids::{AccountId, PersonId, SealId};
use crate::moment::Moment;
use crate::words::LineKind;
use sea_orm::entity::prelude::*;

/// One line in the chain of seals. Only ever added. `hash` covers every column before it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seal_line")]
pub struct Model {
    /// The place in the chain, from 1 without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The seal it belongs to.
    pub seal_id: SealId,
    /// What it is.
    pub kind: LineKind,
    /// Whose record; `None` for the roll.
    pub person_id: Option<PersonId>,
    /// What it says, as JSON.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Who sealed, or approved the amendment.
    pub written_by: AccountId,
    /// When.
    pub written_at: Moment,
    /// The hash of the line before.
    #[sea_orm(column_type = "Text")]
    pub prev_hash: String,
    /// The hash of this line.
    #[sea_orm(column_type = "Text")]
    pub hash: String,
    /// Of a record: the code on paper by which anyone may check it, the first sixty bits of its hash.
    #[sea_orm(column_type = "Text", nullable)]
    pub check_code: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
