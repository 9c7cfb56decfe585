//! What it does to the ledger that two rows of the roster are one person, and that they are not after all.
//!
//! No entry changes hands or is touched: each stays that of the number it was posted for, and is read as the one
//! person's (`merges`). What both numbers were credited with is judged once more, entry by entry in the order of posting,
//! as if they had been one from the beginning: what a later entry would then not have earned (the same part of a lesson
//! on the same day or within the time it counts once, what exceeds the daily cap) is taken back by a correction of that
//! entry, in open years only; a class that both attended counts by the longer attendance. A sealed record stays as it was
//! sealed: the caller is told which years were left alone. What waited under one number for a quiz that was passed under
//! the other is given. Parting them undoes exactly that, by corrections the other way. What was judged in between stays as
//! it was judged.

use super::{NewEntry, append, audit_correction, correction, hold_head, reasons_of};
use crate::{Error, Result, merges, quiz, seal};
use chrono::Datelike;
use entity::{
    AccountId, LineKind, Moment, PersonId, SealState, Verb, exemption, ledger_entry, person_merge, playback, presence,
    seal as seal_row, seal_line,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use std::collections::BTreeSet;

mod doubles;

use doubles::{doubles, is_by_hand};

/// What a merge did to the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// Milliseconds that both had been credited with, taken back.
    pub taken_back_ms: i64,
    /// Milliseconds that waited under one number for a quiz passed under the other, given.
    pub given_ms: i64,
    /// Sealed years in which both were credited with the same: nothing was taken back there.
    pub sealed_years: BTreeSet<i32>,
}

/// Whether two people may become one now, and when that may be dated: a merge is never of the instant of a seal, so that
/// every seal knows which of them came first. Asked before the merge is written down, in its transaction.
///
/// # Errors
/// [`Error::SealUnderWay`]; [`Error::SessionsWait`] while a session of theirs is not in the ledger, as two stays in one
/// room would be judged without each other.
pub async fn ready(txn: &DatabaseTransaction, people: [PersonId; 2], now: Moment) -> Result<Moment> {
    let waiting = sessions_not_posted(txn, people).await?;
    if waiting > 0 {
        return Err(Error::SessionsWait(waiting));
    }
    dated(txn, now).await
}

/// Take back what the two were credited with twice, give what waited for a quiz that only one of them has passed, and
/// move the exemptions, once the merge is written down in this transaction, which holds the chain's head.
///
/// # Errors
/// Those of the ledger.
pub async fn join(
    txn: &DatabaseTransaction,
    merge: person_merge::Model,
    (number, by): (&str, AccountId),
    now: Moment,
) -> Result<(person_merge::Model, Joined)> {
    let before_seq = hold_head(txn).await?.seq;
    let doubles = doubles(txn, merges::all_of(txn, merge.kept_id).await?).await?;
    let closed = seal::closed_among(txn, doubles.iter().map(|(entry, _)| (entry.person_id, entry.day))).await?;
    let is_closed = |entry: &ledger_entry::Model| closed.contains(&(entry.person_id, entry.day.year()));
    let (sealed, open): (Vec<_>, Vec<_>) = doubles.into_iter().partition(|(entry, _)| is_closed(entry));
    let reason = format!("与合并的编号 {number} 重复计入");
    let corrections: Vec<_> = open.iter().map(|(entry, ms)| correction(entry, -ms, &reason, by)).collect();
    add(txn, &corrections, by, now).await?;
    let given = quiz::release_all(txn, merge.kept_id, now).await?;
    let moved = move_exemptions(txn, &merge).await?;
    let mut row = merge.into_active_model();
    row.before_seq = Set(before_seq);
    row.since_seq = Set(hold_head(txn).await?.seq);
    row.exemptions = Set(moved);
    let joined = Joined {
        taken_back_ms: open.iter().map(|(_, ms)| ms).sum(),
        given_ms: given.iter().map(|entry| entry.credited_ms).sum(),
        sealed_years: sealed.iter().map(|(entry, _)| entry.day.year()).collect(),
    };
    let row = row.update(txn).await?;
    merges::proof::write(txn, &row, by, now).await?;
    Ok((row, joined))
}

/// Whether a merge may be taken back now, and when that may be dated.
///
/// # Errors
/// [`Error::SealUnderWay`]; [`Error::MergeSealed`] when a year was sealed since with the hours of both in one record.
pub async fn ready_to_part(txn: &DatabaseTransaction, merge: &person_merge::Model, now: Moment) -> Result<Moment> {
    let since = seal_row::Entity::find()
        .filter(seal_row::Column::AskedAt.gte(merge.merged_at))
        .select_only()
        .column(seal_row::Column::Id)
        .into_query();
    let sealed = seal_line::Entity::find()
        .filter(seal_line::Column::PersonId.eq(merge.kept_id))
        .filter(seal_line::Column::Kind.eq(LineKind::Record))
        .filter(seal_line::Column::SealId.in_subquery(since))
        .one(txn)
        .await?;
    if let Some(line) = sealed {
        let seal = seal_row::Entity::find_by_id(line.seal_id).one(txn).await?;
        return Err(Error::MergeSealed(seal.map_or(0, |seal| seal.year)));
    }
    dated(txn, now).await
}

/// Give back what [`join`] took, and the exemptions, and take back what it gave, once the parting is written down in this
/// transaction. What either number's own passes are worth is given again.
///
/// # Errors
/// Those of the ledger.
pub async fn part(
    txn: &DatabaseTransaction,
    merge: person_merge::Model,
    (number, by): (&str, AccountId),
    now: Moment,
) -> Result<person_merge::Model> {
    let until_seq = hold_head(txn).await?.seq;
    let of_merge = of_merge(txn, &merge).await?;
    let back = of_merge.iter().map(|row| reversed(row, number, by)).collect::<Result<Vec<_>>>()?;
    add(txn, &back, by, now).await?;
    for person in [merge.kept_id, merge.merged_id] {
        quiz::release_all(txn, person, now).await?;
    }
    exemption::Entity::update_many()
        .set(exemption::ActiveModel { person_id: Set(merge.merged_id), ..Default::default() })
        .filter(exemption::Column::Id.is_in(merge.exemption_ids()))
        .exec(txn)
        .await?;
    let mut row = merge.into_active_model();
    row.until_seq = Set(Some(until_seq));
    let row = row.update(txn).await?;
    merges::proof::write(txn, &row, by, now).await?;
    Ok(row)
}

/// Milliseconds that a merge took back because both had been credited with them.
///
/// # Errors
/// Only those of the database.
pub async fn taken_back_ms(db: &impl ConnectionTrait, merge: &person_merge::Model) -> Result<i64> {
    let of_merge = of_merge(db, merge).await?;
    Ok(-of_merge.iter().filter(|row| is_by_hand(row)).map(|row| row.credited_ms).sum::<i64>())
}

/// The entries that a merge added.
async fn of_merge(db: &impl ConnectionTrait, merge: &person_merge::Model) -> Result<Vec<ledger_entry::Model>> {
    let rows = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::Seq.gt(merge.before_seq))
        .filter(ledger_entry::Column::Seq.lte(merge.since_seq))
        .order_by_asc(ledger_entry::Column::Seq);
    Ok(rows.all(db).await?)
}

async fn add(txn: &DatabaseTransaction, entries: &[NewEntry], by: AccountId, now: Moment) -> Result<()> {
    for row in append(txn, entries, now).await? {
        audit_correction(txn, &row, Verb::LedgerCorrect, by, now).await?;
    }
    Ok(())
}

/// A correction of the same entry by the same amounts the other way.
fn reversed(row: &ledger_entry::Model, number: &str, by: AccountId) -> Result<NewEntry> {
    let what = if quiz::gives(row) { "收回凭其随堂测验计入的时间" } else { "退回当时扣除的时间" };
    let reason = format!("与编号 {number} 的合并已拆分，{what}");
    let reasons = reasons_of(row)?.into_iter().map(|(reason, ms)| (reason, -ms)).collect();
    let back = correction(row, -row.credited_ms, &reason, by);
    Ok(NewEntry { corrects_seq: row.corrects_seq, claimed_ms: -row.claimed_ms, reasons, ..back })
}

/// The instant of now, or just after the newest seal.
async fn dated(txn: &DatabaseTransaction, now: Moment) -> Result<Moment> {
    let newest = seal_row::Entity::find().order_by_desc(seal_row::Column::AskedAt).one(txn).await?;
    match newest {
        Some(seal) if seal.state == SealState::Sealing => Err(Error::SealUnderWay),
        Some(seal) => Ok(now.max(seal.asked_at.plus_ms(1))),
        None => Ok(now),
    }
}

async fn sessions_not_posted(txn: &DatabaseTransaction, people: [PersonId; 2]) -> Result<u64> {
    let in_room = presence::Entity::find()
        .select_only()
        .column(presence::Column::PlaybackId)
        .filter(presence::Column::PersonId.is_in(people))
        .into_query();
    let theirs =
        Condition::any().add(playback::Column::PersonId.is_in(people)).add(playback::Column::Id.in_subquery(in_room));
    let open = playback::Entity::find().filter(playback::Column::PostedAt.is_null()).filter(theirs);
    Ok(open.count(txn).await?)
}

/// Move the exemptions of the merged person to the one who is kept: their ids.
async fn move_exemptions(txn: &DatabaseTransaction, merge: &person_merge::Model) -> Result<String> {
    let theirs = exemption::Column::PersonId.eq(merge.merged_id);
    let rows = exemption::Entity::find().filter(theirs.clone()).all(txn).await?;
    exemption::Entity::update_many()
        .set(exemption::ActiveModel { person_id: Set(merge.kept_id), ..Default::default() })
        .filter(theirs)
        .exec(txn)
        .await?;
    Ok(person_merge::listed(&rows.iter().map(|row| row.id).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
