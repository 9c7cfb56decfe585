//! Table `ledger_entry`.

use crate::ids::{AccountId, ClassId, LessonId, PersonId, PlaybackId, RuleId, UnitId};
use crate::moment::{Day, Moment};
use crate::words::Source;
use sea_orm::entity::prelude::*;

/// One line of the training archive. Only ever added; a correction is a new line. Chained: `hash` covers every other column and `prev_hash`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entry")]
pub struct Model {
    /// The place in the chain, from 1 without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Whose hours.
    pub person_id: PersonId,
    /// The unit they belonged to then.
    pub unit_id: UnitId,
    /// The civil day it counts for.
    pub day: Day,
    /// Where it comes from.
    pub source: Source,
    /// The lesson watched.
    pub lesson_id: Option<LessonId>,
    /// The playback it was earned in.
    pub playback_id: Option<PlaybackId>,
    /// The class attended.
    pub class_run_id: Option<ClassId>,
    /// The entry this one corrects.
    pub corrects_seq: Option<i64>,
    /// What was claimed.
    pub claimed_ms: i64,
    /// What counts; negative only in a correction.
    pub credited_ms: i64,
    /// A JSON object with sorted keys: reason code to milliseconds. Credited + reasons = claimed.
    #[sea_orm(column_type = "Text")]
    pub reasons: String,
    /// The rule that judged it.
    pub rule_id: RuleId,
    /// Why, for corrections; the title of the lesson or class otherwise.
    #[sea_orm(column_type = "Text")]
    pub note: String,
    /// Who entered it; `None` for the server.
    pub author_id: Option<AccountId>,
    /// When it was added.
    pub posted_at: Moment,
    /// The hash of the entry before, in hex.
    #[sea_orm(column_type = "Text")]
    pub prev_hash: String,
    /// SHA-256 over the canonical line, in hex.
    #[sea_orm(column_type = "Text")]
    pub hash: String,
}

impl ActiveModelBehavior for ActiveModel {}
