//! Table `class_run`.

use crate::ids::{AccountId, ClassId, PersonId, UnitId};
use crate::moment::{Day, Moment};
use crate::words::{ClassState, Source, UnitLevel};
use sea_orm::entity::prelude::*;

/// One concentrated training in person (集中培训), or one other study of a person (挂职锻炼, 学历教育, 送学上门, 实地教学).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "class_run")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: ClassId,
    /// The level of the organiser: city, county or township; of another study, of the person's unit.
    pub level: UnitLevel,
    /// What it was called.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// The organising unit; of another study, the person's.
    pub unit_id: UnitId,
    /// Where.
    #[sea_orm(column_type = "Text")]
    pub place: String,
    /// Who taught.
    #[sea_orm(column_type = "Text")]
    pub teacher: String,
    /// First day.
    pub starts_on: Day,
    /// Last day.
    pub ends_on: Day,
    /// Its length in half-days.
    pub half_days: i32,
    /// Who entered it.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: Moment,
    /// What its hours are, in the words of the ledger: a class, or which other study.
    pub source: Source,
    /// Where it stands.
    pub state: ClassState,
    /// What it is about; of another study, what whoever entered it says of it.
    #[sea_orm(column_type = "Text")]
    pub topics: String,
    /// Whose study it is; none for a class.
    pub person_id: Option<PersonId>,
    /// The half-day, from 1, that people may sign in to by code; none while nobody may.
    pub signing: Option<i32>,
    /// Since when.
    pub signing_since: Option<Moment>,
    /// Who handed it in.
    pub handed_in_by: Option<AccountId>,
    /// When.
    pub handed_in_at: Option<Moment>,
    /// Who approved, returned or refused it last; none of one that was entered with its hours.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<Moment>,
    /// Why it was returned or refused, or fewer half-days were approved.
    #[sea_orm(column_type = "Text", nullable)]
    pub decision: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
