//! Table `person_merge`.

use crate::ids::{AccountId, ExemptionId, MergeId, PersonId, PostId, UnitId};
use crate::moment::{Day, Moment};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QuerySelect, QueryTrait};
use serde::Serialize;

/// That two rows of the roster are one and the same person, from when an office found it until it is taken back.
///
/// What happened (entries of the ledger, sessions, stays, tries at quizzes) keeps the person it was written for and is
/// read together; what a person is now (posts, exemptions) was moved to the one who is kept, and this row says what, so
/// that parting them puts it back.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person_merge")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: MergeId,
    /// Who stays on the roster.
    pub kept_id: PersonId,
    /// Who is the same person, and is listed no more.
    pub merged_id: PersonId,
    /// Why.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// Who decided it.
    pub merged_by: AccountId,
    /// When; never in the instant of a seal.
    pub merged_at: Moment,
    /// The newest ledger entry before it.
    pub before_seq: i64,
    /// The newest ledger entry once it was made: those between the two take back what was credited twice, and give what
    /// waited under one number for a quiz that was passed under the other.
    pub since_seq: i64,
    /// The newest ledger entry when it was taken back.
    pub until_seq: Option<i64>,
    /// The unit the merged person belonged to.
    pub unit_id: UnitId,
    /// The day they had left the roster before, if they had.
    pub left_on: Option<Day>,
    /// The posts that were theirs: a JSON array of ids.
    #[sea_orm(column_type = "Text")]
    pub posts: String,
    /// The exemptions that were theirs: a JSON array of ids.
    #[sea_orm(column_type = "Text")]
    pub exemptions: String,
    /// Who took it back.
    pub parted_by: Option<AccountId>,
    /// When.
    pub parted_at: Option<Moment>,
    /// Why.
    #[sea_orm(column_type = "Text", nullable)]
    pub part_reason: Option<String>,
}

impl Model {
    /// Whether an entry with this number was posted while the two were one.
    pub fn holds_for_entry(&self, seq: i64) -> bool {
        seq > self.before_seq && self.until_seq.is_none_or(|until| seq <= until)
    }

    /// Whether the two were one at this moment.
    pub fn holds_at(&self, at: Moment) -> bool {
        self.merged_at <= at && self.parted_at.is_none_or(|parted| at < parted)
    }

    /// The posts that were the merged person's.
    pub fn post_ids(&self) -> Vec<PostId> {
        serde_json::from_str(&self.posts).unwrap_or_default()
    }

    /// The exemptions that were the merged person's.
    pub fn exemption_ids(&self) -> Vec<ExemptionId> {
        serde_json::from_str(&self.exemptions).unwrap_or_default()
    }
}

/// The rows of a person who is kept, and of everybody they are one with: `column` names the person of a row.
pub fn of_one(column: impl ColumnTrait, kept: PersonId) -> Condition {
    let merged = Entity::find()
        .select_only()
        .column(Column::MergedId)
        .filter(Column::KeptId.eq(kept))
        .filter(Column::PartedAt.is_null());
    Condition::any().add(column.eq(kept)).add(column.in_subquery(merged.into_query()))
}

/// Ids as the columns of this table hold them.
pub fn listed<I: Serialize>(ids: &[I]) -> String {
    serde_json::to_string(ids).unwrap_or_else(|_| "[]".to_owned())
}

impl ActiveModelBehavior for ActiveModel {}
