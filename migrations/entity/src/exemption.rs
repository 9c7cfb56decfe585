//! Table `exemption`.

use crate::ids::{AccountId, ExemptionId, PersonId};
use crate::moment::{Day, Moment};
use crate::words::ExemptionKind;
use sea_orm::entity::prelude::*;

/// For a time the rules ask less of a person. Never deleted: one that no longer holds is ended early.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exemption")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: ExemptionId,
    /// Whose.
    pub person_id: PersonId,
    /// Why.
    pub kind: ExemptionKind,
    /// The first civil day.
    pub begins_on: Day,
    /// The last civil day.
    pub ends_on: Day,
    /// What it rests on, as a certificate.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// Who approved it.
    pub approved_by: AccountId,
    /// When.
    pub approved_at: Moment,
    /// The last civil day after all; the day before `begins_on` when it never held.
    pub ended_early_on: Option<Day>,
    /// Who ended it early.
    pub ended_by: Option<AccountId>,
    /// Why.
    #[sea_orm(column_type = "Text", nullable)]
    pub end_reason: Option<String>,
}

impl Model {
    /// The last civil day on which it holds.
    pub fn last_day(&self) -> Day {
        self.ended_early_on.unwrap_or(self.ends_on)
    }
}

impl ActiveModelBehavior for ActiveModel {}
