//! Corrections of entries, and amendments, which are corrections of a sealed year that somebody approves.

use super::{NewEntry, ONE_DAY_MS, append, append_also_sealed, hold_head, standing_ms};
use crate::{Error, Result, seal};
use chrono::Datelike;
use entity::{AccountId, Moment, Source, Verb, audit, ledger_entry};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait};
use std::collections::BTreeMap;

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
    let txn = entity::writing::begin(db).await?;
    hold_head(&txn).await?; // two corrections at once must not both pass the bounds
    let added = correct_within(&txn, seq, credited_delta_ms, reason, by, now).await?;
    txn.commit().await?;
    Ok(added)
}

/// Correct an entry of a sealed year: the correction, and in the same transaction the amendment that `by` approves.
///
/// # Errors
/// As [`correct`], and [`Error::NotSealed`], [`Error::SealUnderWay`].
pub async fn amend(
    db: &DatabaseConnection,
    seq: i64,
    credited_delta_ms: i64,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<ledger_entry::Model> {
    let txn = entity::writing::begin(db).await?;
    hold_head(&txn).await?;
    let wrong = correctable(&txn, seq, credited_delta_ms, reason).await?;
    let closed = seal::closed(&txn, wrong.person_id, wrong.day.year()).await?;
    let closed = closed.ok_or(Error::NotSealed(wrong.day.year()))?;
    let added = amended(&txn, &wrong, &closed, (credited_delta_ms, reason), by, now).await?;
    txn.commit().await?;
    Ok(added)
}

/// [`correct`] as part of a transaction that holds the chain's head already.
///
/// # Errors
/// As [`correct`].
pub(crate) async fn correct_within(
    txn: &DatabaseTransaction,
    seq: i64,
    credited_delta_ms: i64,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<ledger_entry::Model> {
    let wrong = correctable(txn, seq, credited_delta_ms, reason).await?;
    let added = append(txn, &[correction(&wrong, credited_delta_ms, reason.trim(), by)], now).await?;
    let added = added.into_iter().next().ok_or(Error::NoSuchEntry(seq))?;
    audit_correction(txn, &added, Verb::LedgerCorrect, by, now).await?;
    Ok(added)
}

/// [`correct_within`], or in a sealed year the amendment: for decisions that have an approver and a reason anyway.
///
/// # Errors
/// As [`correct`] and [`amend`].
pub(crate) async fn correct_or_amend_within(
    txn: &DatabaseTransaction,
    seq: i64,
    credited_delta_ms: i64,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<ledger_entry::Model> {
    let wrong = correctable(txn, seq, credited_delta_ms, reason).await?;
    match seal::closed(txn, wrong.person_id, wrong.day.year()).await? {
        None => correct_within(txn, seq, credited_delta_ms, reason, by, now).await,
        Some(closed) => amended(txn, &wrong, &closed, (credited_delta_ms, reason), by, now).await,
    }
}

async fn amended(
    txn: &DatabaseTransaction,
    wrong: &ledger_entry::Model,
    closed: &seal::Closed,
    (delta_ms, reason): (i64, &str),
    by: AccountId,
    now: Moment,
) -> Result<ledger_entry::Model> {
    if closed.line.is_none() {
        return Err(Error::SealUnderWay); // its record is not sealed yet: there is nothing to amend
    }
    let added = append_also_sealed(txn, &[correction(wrong, delta_ms, reason.trim(), by)], now).await?;
    let added = added.into_iter().next().ok_or(Error::NoSuchEntry(wrong.seq))?;
    seal::write_amendment(txn, closed, (&added, &added.note), by, now).await?;
    audit_correction(txn, &added, Verb::LedgerAmend, by, now).await?;
    Ok(added)
}

/// The entry, when it may be corrected by so much and for such a reason.
async fn correctable(txn: &DatabaseTransaction, seq: i64, delta_ms: i64, reason: &str) -> Result<ledger_entry::Model> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(Error::NoReason);
    }
    let wrong = ledger_entry::Entity::find_by_id(seq).one(txn).await?.ok_or(Error::NoSuchEntry(seq))?;
    check_correction(txn, &wrong, delta_ms).await?;
    Ok(wrong)
}

pub(super) async fn check_correction(
    txn: &DatabaseTransaction,
    wrong: &ledger_entry::Model,
    delta_ms: i64,
) -> Result<()> {
    if wrong.source == Source::Correction {
        return Err(Error::CorrectsCorrection(wrong.seq));
    }
    let now_ms = standing_ms(txn, wrong).await?;
    let most_ms = wrong.claimed_ms.max(ONE_DAY_MS);
    match now_ms.checked_add(delta_ms) {
        Some(after) if delta_ms != 0 && (0..=most_ms).contains(&after) => Ok(()),
        _ => Err(Error::CorrectionOutOfBounds { most_ms }),
    }
}

/// A correction keeps person, unit, day, lesson, class and rule; it claims what it credits, so it conserves.
pub(super) fn correction(wrong: &ledger_entry::Model, delta_ms: i64, reason: &str, by: AccountId) -> NewEntry {
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

pub(super) async fn audit_correction(
    db: &impl ConnectionTrait,
    added: &ledger_entry::Model,
    action: Verb,
    by: AccountId,
    now: Moment,
) -> Result<()> {
    let target = format!("ledger:{}", added.corrects_seq.unwrap_or(added.seq));
    let detail = format!("更正 {} 毫秒：{}", added.credited_ms, added.note);
    let line = audit::line(now, Some(by), action, target, detail);
    line.insert(db).await?;
    Ok(())
}
