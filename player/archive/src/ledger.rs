//! The ledger: entries are added, never changed.
//!
//! Owns the only two ways to write it (`append` and, through it, `correct`) and the chain's head. What an entry should
//! say is decided by its callers: `post` for playbacks, `classes` for classes.

use crate::chain::{self, GENESIS};
use crate::{Error, Result};
use entity::{
    AccountId, ClassId, Day, LessonId, Moment, PersonId, PlaybackId, Reason, RuleId, Source, UnitId, audit,
    ledger_entry, ledger_head,
};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, TransactionTrait,
};
use std::collections::BTreeMap;

mod post;

pub use post::{post_closed, post_playback};

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

/// Add entries at the end of the chain, in this order. Holds the chain's head until the transaction ends.
///
/// # Errors
/// [`Error::NotConserved`] when an entry's parts do not add up; then nothing is added.
pub async fn append(txn: &DatabaseTransaction, entries: &[NewEntry], now: Moment) -> Result<Vec<ledger_entry::Model>> {
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

/// Correct an entry by a new one that names it: who, why, and by how much. The old entry stays as it is.
///
/// An entry may be corrected again and again, but never below zero and never above what was claimed or one day,
/// whichever is more.
///
/// # Errors
/// [`Error::NoSuchEntry`], [`Error::CorrectsCorrection`], [`Error::CorrectionOutOfBounds`], [`Error::NoReason`].
pub async fn correct(
    db: &DatabaseConnection,
    seq: i64,
    credited_delta_ms: i64,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<ledger_entry::Model> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(Error::NoReason);
    }
    let txn = db.begin().await?;
    hold_head(&txn).await?; // two corrections at once must not both pass the bounds
    let wrong = ledger_entry::Entity::find_by_id(seq).one(&txn).await?.ok_or(Error::NoSuchEntry(seq))?;
    check_correction(&txn, &wrong, credited_delta_ms).await?;
    let added = append(&txn, &[correction(&wrong, credited_delta_ms, reason, by)], now).await?;
    let added = added.into_iter().next().ok_or(Error::NoSuchEntry(seq))?;
    audit_correction(&txn, &added, by, now).await?;
    txn.commit().await?;
    Ok(added)
}

/// The reasons of a stored entry.
///
/// # Errors
/// [`Error::Unreadable`] when the column is not what `append` writes.
pub fn reasons_of(entry: &ledger_entry::Model) -> Result<BTreeMap<Reason, i64>> {
    serde_json::from_str(&entry.reasons).map_err(|_| Error::Unreadable(entry.seq))
}

/// Take the chain's head for this transaction: on PostgreSQL by locking its row, on SQLite by being the only writer.
pub(crate) async fn hold_head(txn: &DatabaseTransaction) -> Result<ledger_head::Model> {
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
    let negative = entry.credited_ms < 0 && entry.source != Source::Correction;
    if adds_up && !negative && entry.reasons.values().all(|ms| *ms >= 0) {
        return Ok(());
    }
    Err(Error::NotConserved { claimed_ms: entry.claimed_ms, credited_ms: entry.credited_ms, reasons_ms })
}

async fn check_correction(txn: &DatabaseTransaction, wrong: &ledger_entry::Model, delta_ms: i64) -> Result<()> {
    if wrong.source == Source::Correction {
        return Err(Error::CorrectsCorrection(wrong.seq));
    }
    let earlier = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.eq(wrong.person_id))
        .filter(ledger_entry::Column::Day.eq(wrong.day))
        .filter(ledger_entry::Column::CorrectsSeq.eq(wrong.seq))
        .all(txn)
        .await?;
    let now_ms = earlier.iter().fold(wrong.credited_ms, |sum, row| sum.saturating_add(row.credited_ms));
    let most_ms = wrong.claimed_ms.max(ONE_DAY_MS);
    match now_ms.checked_add(delta_ms) {
        Some(after) if delta_ms != 0 && (0..=most_ms).contains(&after) => Ok(()),
        _ => Err(Error::CorrectionOutOfBounds { most_ms }),
    }
}

/// A correction keeps person, unit, day, lesson, class and rule; it claims what it credits, so it conserves.
fn correction(wrong: &ledger_entry::Model, delta_ms: i64, reason: &str, by: AccountId) -> NewEntry {
    NewEntry {
        person_id: wrong.person_id,
        unit_id: wrong.unit_id,
        day: wrong.day,
        source: Source::Correction,
        lesson_id: wrong.lesson_id,
        playback_id: None, // one entry per playback, person and day: that is the wrong one
        class_run_id: wrong.class_run_id,
        corrects_seq: Some(wrong.seq),
        claimed_ms: delta_ms,
        credited_ms: delta_ms,
        reasons: BTreeMap::new(),
        rule_id: wrong.rule_id,
        note: reason.to_owned(),
        author_id: Some(by),
    }
}

async fn audit_correction(
    db: &impl ConnectionTrait,
    added: &ledger_entry::Model,
    by: AccountId,
    now: Moment,
) -> Result<()> {
    let line = audit::ActiveModel {
        id: NotSet,
        at: Set(now),
        account_id: Set(Some(by)),
        action: Set("ledger.correct".to_owned()),
        target: Set(format!("ledger:{}", added.corrects_seq.unwrap_or(added.seq))),
        detail: Set(format!("更正 {} 毫秒：{}", added.credited_ms, added.note)),
    };
    line.insert(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
