//! Table `late_posting`.

use crate::ids::{AccountId, LatePostingId, PersonId, PlaybackId, UnitId};
use crate::moment::{Day, Moment};
use sea_orm::entity::prelude::*;

/// What somebody learnt on a day of a year that was sealed before it reached the ledger.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "late_posting")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: LatePostingId,
    /// The session.
    pub playback_id: PlaybackId,
    /// Whose hours.
    pub person_id: PersonId,
    /// The unit they would belong to: whoever assesses it decides.
    pub unit_id: UnitId,
    /// The civil day of the sealed year.
    pub day: Day,
    /// The lesson's title.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// What was claimed when it came.
    pub claimed_ms: i64,
    /// What of it would have counted then; when it is admitted it is judged anew.
    pub credited_ms: i64,
    /// When it came.
    pub noted_at: Moment,
    /// When it was decided.
    pub decided_at: Option<Moment>,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// Why.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// The entry that let it into the sealed year, as an amendment; none when it was refused.
    pub entry_seq: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
