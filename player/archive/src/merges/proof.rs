//! Proof that a merge is what was written down: with every change of its row, the audit log gets a digest of the whole row.

use crate::Result;
use crate::chain::sha256_hex;
use entity::{AccountId, MergeId, Moment, Verb, audit, person_merge};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use std::collections::BTreeMap;

/// The verb of such a line.
const VERB: Verb = Verb::PersonMergeRow;

/// What its target begins with; the key of the merge follows.
const TARGET: &str = "merge:";

/// Write down the row as it is now, in the transaction that changed it.
pub(crate) async fn write(
    db: &impl ConnectionTrait,
    row: &person_merge::Model,
    by: AccountId,
    now: Moment,
) -> Result<()> {
    audit::line(now, Some(by), VERB, format!("{TARGET}{}", row.id), digest(row)).insert(db).await?;
    Ok(())
}

/// The newest digest of every merge that was ever made.
pub(crate) async fn written(db: &impl ConnectionTrait) -> Result<BTreeMap<MergeId, String>> {
    let lines = audit::Entity::find().filter(audit::Column::Action.eq(VERB.as_str())).order_by_asc(audit::Column::Id);
    let read = |line: audit::Model| Some((MergeId(line.target.strip_prefix(TARGET)?.parse().ok()?), line.detail));
    Ok(lines.all(db).await?.into_iter().filter_map(read).collect())
}

/// The hash of every column.
pub(crate) fn digest(row: &person_merge::Model) -> String {
    let columns = json!([
        "m1",
        row.id.0,
        row.kept_id.0,
        row.merged_id.0,
        row.reason,
        row.merged_by.0,
        row.merged_at.0,
        row.before_seq,
        row.since_seq,
        row.until_seq,
        row.unit_id.0,
        row.left_on,
        row.posts,
        row.exemptions,
        row.parted_by.map(|by| by.0),
        row.parted_at.map(|at| at.0),
        row.part_reason,
    ]);
    sha256_hex(&[columns.to_string().as_bytes()])
}
