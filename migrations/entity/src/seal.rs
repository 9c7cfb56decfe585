//! Table `seal`.

use crate::ids::{AccountId, SealId, UnitId};
use crate::moment::Moment;
use crate::words::SealState;
use sea_orm::entity::prelude::*;

/// The closing of a year of a unit and all below it. Its last line in the chain repeats what it says.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seal")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: SealId,
    /// Whose year.
    pub unit_id: UnitId,
    /// The civil year.
    pub year: i32,
    /// Where it stands.
    pub state: SealState,
    /// The last ledger entry it looks at.
    pub upto_seq: i64,
    /// How many records it seals.
    pub people: i64,
    /// How many are sealed.
    pub done: i64,
    /// Who sealed it.
    pub asked_by: AccountId,
    /// When it began.
    pub asked_at: Moment,
    /// When the last record was sealed.
    pub sealed_at: Option<Moment>,
    /// The hash of its closing line.
    #[sea_orm(column_type = "Text", nullable)]
    pub hash: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
