//! Guests of a session that was posted before they were known: what a match with a person changes in the ledger.
//!
//! The stays themselves are the player's. A person without an entry of the session gets the entries they would have had;
//! one who has an entry gets a correction by what the guest's stay adds to theirs. A match taken back is a correction by
//! the same amount the other way. Nothing posted changes, so `verify` finds what it found before.

use super::{NewEntry, ONE_DAY_MS, append, audit_correction, check_correction, correction, post};
use crate::intervals::Intervals;
use crate::quiz::Quiz;
use crate::rules::RuleBook;
use crate::watched::{self, Session, Sessions};
use crate::{Error, Result};
use entity::{AccountId, GuestId, Moment, PersonId, PlaybackId, Verb, guest, ledger_entry, playback, presence};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

/// Give a person what a guest's stay is worth to them. Does nothing before the session is posted: then it is posted with
/// all the others. To be called once, when the match is made.
///
/// # Errors
/// [`Error::NoSuchPlayback`], [`Error::NoRule`].
pub async fn credit(
    txn: &DatabaseTransaction,
    (guest, who): (&guest::Model, PersonId),
    by: AccountId,
    now: Moment,
) -> Result<Vec<ledger_entry::Model>> {
    let playback = playback_of(txn, guest.playback_id).await?;
    if playback.posted_at.is_none() {
        return Ok(Vec::new());
    }
    let known = entries_of(txn, playback.id, who).await?;
    if known.is_empty() {
        let entries: Vec<NewEntry> = post::judged(txn, &playback, Some(who), Quiz::default()).await?;
        return append(txn, &entries, now).await;
    }
    let reason = format!("来宾“{}”并入", guest.name);
    let mut added = Vec::new();
    for entry in known {
        let delta = share(txn, &playback, guest, &entry).await?;
        added.extend(correct(txn, &entry, delta, &reason, by, now).await?);
    }
    Ok(added)
}

/// Take back what [`credit`] gave, or what the posting gave for the guest's stay.
///
/// # Errors
/// [`Error::NoSuchPlayback`].
pub async fn withdraw(
    txn: &DatabaseTransaction,
    (guest, who): (&guest::Model, PersonId),
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<Vec<ledger_entry::Model>> {
    let playback = playback_of(txn, guest.playback_id).await?;
    let reason = format!("撤回来宾“{}”的并入：{}", guest.name, reason.trim());
    let mut added = Vec::new();
    for entry in entries_of(txn, playback.id, who).await? {
        let delta = -share(txn, &playback, guest, &entry).await?;
        added.extend(correct(txn, &entry, delta, &reason, by, now).await?);
    }
    Ok(added)
}

async fn playback_of(txn: &DatabaseTransaction, id: PlaybackId) -> Result<playback::Model> {
    playback::Entity::find_by_id(id).one(txn).await?.ok_or(Error::NoSuchPlayback(id))
}

async fn entries_of(
    db: &impl ConnectionTrait,
    playback: PlaybackId,
    who: PersonId,
) -> Result<Vec<ledger_entry::Model>> {
    let entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PlaybackId.eq(playback))
        .filter(ledger_entry::Column::PersonId.eq(who))
        .order_by_asc(ledger_entry::Column::Seq);
    Ok(entries.all(db).await?)
}

/// What the guest's stay adds to this entry: its worth with that stay, less its worth without it.
async fn share(
    txn: &DatabaseTransaction,
    playback: &playback::Model,
    guest: &guest::Model,
    entry: &ledger_entry::Model,
) -> Result<i64> {
    let (with, without) = stays(txn, playback, guest, entry.person_id).await?;
    Ok(worth(txn, playback, entry, with).await? - worth(txn, playback, entry, without).await?)
}

/// The person's stays in the room with the guest's, and without.
async fn stays(
    db: &impl ConnectionTrait,
    playback: &playback::Model,
    guest: &guest::Model,
    who: PersonId,
) -> Result<(Intervals, Intervals)> {
    let rows = presence::Entity::find()
        .filter(presence::Column::PlaybackId.eq(playback.id))
        .filter(presence::Column::PersonId.eq(who))
        .all(db)
        .await?;
    let (mut with, mut without) = (Intervals::default(), Intervals::default());
    for row in &rows {
        let left = row.left_at.map_or(i64::MAX, |left| left.0);
        with.insert(row.arrived_at.0, left);
        if row.guest_id != Some(guest.id) {
            without.insert(row.arrived_at.0, left);
        }
    }
    if !rows.iter().any(|row| is_of(row, guest.id)) {
        let left = guest.left_at.or(playback.closed_at).map_or(i64::MAX, |left| left.0);
        with.insert(guest.arrived_at.0, left);
    }
    Ok((with, without))
}

/// Whether this row is the guest's stay. One that was taken back has no length.
fn is_of(row: &presence::Model, guest: GuestId) -> bool {
    row.guest_id == Some(guest) && row.left_at != Some(row.arrived_at)
}

/// What the session is worth on the entry's day to somebody there during `stays`, after what stood before the entry.
async fn worth(
    txn: &DatabaseTransaction,
    playback: &playback::Model,
    entry: &ledger_entry::Model,
    stays: Intervals,
) -> Result<i64> {
    let book = RuleBook::load(txn).await?;
    let rules = book.by_id(entry.rule_id).ok_or(Error::NoRule(entry.day))?;
    let mut session =
        Session::load(txn, std::slice::from_ref(playback)).await?.pop().ok_or(Error::NoSuchPlayback(playback.id))?;
    session.seat(entry.person_id, stays);
    let (people, days) = ([entry.person_id].into(), [entry.day].into());
    let earlier = watched::earlier(txn, &book, &people, &days, &[playback.lesson_id].into()).await?;
    let before = earlier.before(entry, rules);
    let worth =
        session.worth(txn, &mut Sessions::default(), (entry.person_id, entry.day), &before, rules, false).await?;
    Ok(worth.credited_ms)
}

/// A correction by so much, as far as the entry may go: other corrections may have come in between.
async fn correct(
    txn: &DatabaseTransaction,
    entry: &ledger_entry::Model,
    delta_ms: i64,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<Vec<ledger_entry::Model>> {
    let corrections = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.eq(entry.person_id))
        .filter(ledger_entry::Column::Day.eq(entry.day))
        .filter(ledger_entry::Column::CorrectsSeq.eq(entry.seq))
        .all(txn)
        .await?;
    let stands_ms = corrections.iter().fold(entry.credited_ms, |sum, row| sum.saturating_add(row.credited_ms));
    let most_ms = entry.claimed_ms.max(ONE_DAY_MS).max(stands_ms);
    let delta_ms = delta_ms.clamp(-stands_ms, most_ms - stands_ms);
    if delta_ms == 0 {
        return Ok(Vec::new());
    }
    check_correction(txn, entry, delta_ms).await?;
    let added = append(txn, &[correction(entry, delta_ms, reason, by)], now).await?;
    for row in &added {
        audit_correction(txn, row, Verb::LedgerCorrect, by, now).await?;
    }
    Ok(added)
}

#[cfg(test)]
mod tests;
