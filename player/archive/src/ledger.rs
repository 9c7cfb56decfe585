//! The ledger: entries are added, never changed.
//!
//! Owns the only two ways to write it (`append` and, through it, `correct`) and the chain's head. What an entry should
//! say is decided by its callers: `post` for playbacks, `classes` for classes and other study.

use crate::chain::{self, GENESIS};
use crate::{Error, Result, seal};
use entity::{
    AccountId, ClassId, Day, LessonId, Moment, PersonId, PlaybackId, Reason, RuleId, Source, UnitId, ledger_entry,
    ledger_head,
};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait,
    IntoActiveModel, QueryFilter, QuerySelect,
};
use std::collections::BTreeMap;

mod correct;
pub mod guests;
pub mod merge;
mod post;

pub use correct::{amend, correct};
use correct::{audit_correction, check_correction, correction};
pub(crate) use correct::{correct_or_amend_within, correct_within};
pub(crate) use post::judged;
pub use post::{post_closed, post_playback, post_within};

/// What a new entry says; number, hashes and time of posting are the ledger's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Whose hours.
    pub person_id: PersonId,
    /// The unit they belong to.
    pub unit_id: UnitId,
    /// The civil day it counts for.
    pub day: Day,
    /// Where it comes from.
    pub source: Source,
    /// The lesson watched.
    pub lesson_id: Option<LessonId>,
    /// The playback it was earned in. Give one only when its beats are stored: `verify` recomputes the entry from them.
    pub playback_id: Option<PlaybackId>,
    /// The class attended.
    pub class_run_id: Option<ClassId>,
    /// The entry this one corrects.
    pub corrects_seq: Option<i64>,
    /// What was claimed, in milliseconds.
    pub claimed_ms: i64,
    /// What counts, in milliseconds; negative only in a correction.
    pub credited_ms: i64,
    /// Why the rest does not. Credited + reasons = claimed.
    pub reasons: BTreeMap<Reason, i64>,
    /// The rule that judged it.
    pub rule_id: RuleId,
    /// Why, for corrections; the title of the lesson or class otherwise.
    pub note: String,
    /// Who entered it; `None` for the server.
    pub author_id: Option<AccountId>,
}

/// Rows per insert statement: 18 columns each, well below SQLite's limit of bind variables.
const CHUNK: usize = 500;

/// The most one entry may come to by corrections, whatever was claimed: a day has no more.
const ONE_DAY_MS: i64 = 24 * 3_600_000;

/// Begin a transaction in which the ledger may grow. The chain's head is taken before anything else, as posting does, so
/// that a session is not posted meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let txn = entity::writing::begin(db).await?;
    hold_head(&txn).await?;
    Ok(txn)
}

/// Add entries at the end of the chain, in this order. Holds the chain's head until the transaction ends.
///
/// # Errors
/// [`Error::NotConserved`] when an entry's parts do not add up, [`Error::YearSealed`]; then nothing is added.
pub async fn append(txn: &DatabaseTransaction, entries: &[NewEntry], now: Moment) -> Result<Vec<ledger_entry::Model>> {
    seal::refuse(txn, entries.iter().map(|entry| (entry.person_id, entry.day))).await?;
    append_also_sealed(txn, entries, now).await
}

/// [`append`] for an amendment, which its caller writes in the same transaction.
pub(crate) async fn append_also_sealed(
    txn: &DatabaseTransaction,
    entries: &[NewEntry],
    now: Moment,
) -> Result<Vec<ledger_entry::Model>> {
    entries.iter().try_for_each(check_conserved)?;
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut head = hold_head(txn).await?;
    let rows: Vec<_> = entries.iter().map(|entry| chained(&mut head, entry, now)).collect();
    for chunk in rows.chunks(CHUNK) {
        let models = chunk.iter().map(|row| row.clone().into_active_model().reset_all());
        ledger_entry::Entity::insert_many(models).exec_without_returning(txn).await?;
    }
    head.into_active_model().reset_all().update(txn).await?;
    Ok(rows)
}

/// What an entry comes to with its corrections.
///
/// # Errors
/// Only those of the database.
pub(crate) async fn standing_ms(db: &impl ConnectionTrait, entry: &ledger_entry::Model) -> Result<i64> {
    let corrections = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.eq(entry.person_id))
        .filter(ledger_entry::Column::Day.eq(entry.day))
        .filter(ledger_entry::Column::CorrectsSeq.eq(entry.seq))
        .all(db)
        .await?;
    Ok(corrections.iter().fold(entry.credited_ms, |sum, row| sum.saturating_add(row.credited_ms)))
}

/// The reasons of a stored entry.
///
/// # Errors
/// [`Error::Unreadable`] when the column is not what `append` writes.
pub fn reasons_of(entry: &ledger_entry::Model) -> Result<BTreeMap<Reason, i64>> {
    read_reasons(entry.seq, &entry.reasons)
}

/// The reasons in the column of entry `seq`. Most entries have none, and a report reads a million of them.
pub(crate) fn read_reasons(seq: i64, column: &str) -> Result<BTreeMap<Reason, i64>> {
    if column == "{}" {
        return Ok(BTreeMap::new());
    }
    serde_json::from_str(column).map_err(|_| Error::Unreadable(seq))
}

/// Take the chain's head for this transaction: on PostgreSQL by locking its row, on SQLite by being the only writer.
///
/// # Errors
/// When the database fails.
pub async fn hold_head(txn: &DatabaseTransaction) -> Result<ledger_head::Model> {
    if let Some(head) = ledger_head::Entity::find_by_id(1).lock_exclusive().one(txn).await? {
        return Ok(head);
    }
    let first = ledger_head::Model { id: 1, seq: 0, hash: GENESIS.to_owned() };
    // Two servers may meet here at first use: one inserts, the other waits, then both read the same row.
    ledger_head::Entity::insert(first.clone().into_active_model().reset_all())
        .on_conflict(OnConflict::column(ledger_head::Column::Id).do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    Ok(ledger_head::Entity::find_by_id(1).lock_exclusive().one(txn).await?.unwrap_or(first))
}

fn chained(head: &mut ledger_head::Model, entry: &NewEntry, now: Moment) -> ledger_entry::Model {
    let mut row = ledger_entry::Model {
        seq: head.seq + 1,
        person_id: entry.person_id,
        unit_id: entry.unit_id,
        day: entry.day,
        source: entry.source,
        lesson_id: entry.lesson_id,
        playback_id: entry.playback_id,
        class_run_id: entry.class_run_id,
        corrects_seq: entry.corrects_seq,
        claimed_ms: entry.claimed_ms,
        credited_ms: entry.credited_ms,
        reasons: reasons_json(&entry.reasons),
        rule_id: entry.rule_id,
        note: entry.note.clone(),
        author_id: entry.author_id,
        posted_at: now,
        prev_hash: std::mem::take(&mut head.hash),
        hash: String::new(),
    };
    row.hash = chain::link(&row.prev_hash, &row);
    head.seq = row.seq;
    head.hash.clone_from(&row.hash);
    row
}

/// A JSON object with keys in alphabetical order, so that equal reasons are equal text; parts of 0 are left out.
fn reasons_json(reasons: &BTreeMap<Reason, i64>) -> String {
    let sorted: BTreeMap<_, _> =
        reasons.iter().filter(|(_, ms)| **ms != 0).map(|(code, ms)| (code.as_str(), ms)).collect();
    let fields: Vec<_> = sorted.iter().map(|(code, ms)| format!("\"{code}\":{ms}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn check_conserved(entry: &NewEntry) -> Result<()> {
    let reasons_ms = entry.reasons.values().fold(0_i64, |sum, ms| sum.saturating_add(*ms));
    let adds_up = entry.credited_ms.checked_add(reasons_ms) == Some(entry.claimed_ms);
    // Only a correction takes something back: credit, or a reason that no longer holds.
    let negative = entry.credited_ms < 0 || entry.reasons.values().any(|ms| *ms < 0);
    if adds_up && (!negative || entry.source == Source::Correction) {
        return Ok(());
    }
    Err(Error::NotConserved { claimed_ms: entry.claimed_ms, credited_ms: entry.credited_ms, reasons_ms })
}

#[cfg(test)]
mod tests;
