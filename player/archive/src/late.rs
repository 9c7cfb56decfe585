//! What was learnt in a year and reaches the ledger only after that year was sealed.
//!
//! A session of somebody whose county has sealed already, a quiz passed in January for a lesson of December: nothing of it
//! enters the sealed year by itself, and nothing of it is lost. It is put aside here, the person sees it, and whoever
//! assesses them admits it as an amendment or refuses it, with a reason. What is admitted is judged anew, beside what the
//! day holds by then, so that `verify` finds it as sound as if it had come in time.

use crate::ledger::{self, NewEntry};
use crate::quiz::{self, Quiz};
use crate::watched::Sessions;
use crate::{Error, Result, appeals, merges, seal};
use chrono::Datelike;
use entity::{AccountId, LatePostingId, Moment, Verb, audit, late_posting, ledger_entry, playback};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};

mod list;

pub use list::{Filter, Listed, of_person, one, open_count, page};

/// A decision and who takes it.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Whether it counts after all.
    pub admit: bool,
    /// Why, 1 to 500 characters; the person reads it.
    pub reason: &'a str,
    /// Who decides, and so approves the amendment.
    pub by: AccountId,
}

/// Put aside those of these entries of a session whose year is closed, and answer the others.
pub(crate) async fn put_aside(txn: &DatabaseTransaction, entries: Vec<NewEntry>, now: Moment) -> Result<Vec<NewEntry>> {
    let closed = seal::closed_among(txn, entries.iter().map(|entry| (entry.person_id, entry.day))).await?;
    let (late, open): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| closed.contains(&(entry.person_id, entry.day.year())));
    for entry in &late {
        note(txn, entry, now).await?;
    }
    Ok(open)
}

/// Put aside what a passed quiz gives for a session of a year that is closed; otherwise it is answered as it came.
pub(crate) async fn put_aside_given(
    txn: &DatabaseTransaction,
    (waiting, given): (&ledger_entry::Model, NewEntry),
    now: Moment,
) -> Result<Option<NewEntry>> {
    if seal::closed(txn, given.person_id, given.day.year()).await?.is_none() {
        return Ok(Some(given));
    }
    if given.credited_ms > 0 {
        let claimed_ms = quiz::waiting_ms(waiting)?;
        let late = NewEntry { playback_id: waiting.playback_id, claimed_ms, note: waiting.note.clone(), ..given };
        note(txn, &late, now).await?;
    }
    Ok(None)
}

/// Decide what becomes of it; of two deciders at once the second is told.
///
/// # Errors
/// [`Error::NoReason`], [`Error::NoSuchLate`], [`Error::LateDecided`], [`Error::OwnLate`], and while its year is still
/// being sealed [`Error::SealUnderWay`].
pub async fn decide(
    db: &DatabaseConnection,
    id: LatePostingId,
    decision: &Decision<'_>,
    now: Moment,
) -> Result<late_posting::Model> {
    let reason = appeals::said(decision.reason).ok_or(Error::NoReason)?;
    let txn = entity::writing::begin(db).await?;
    ledger::hold_head(&txn).await?; // whoever comes second waits here, and then finds it decided
    let late = late_posting::Entity::find_by_id(id).one(&txn).await?.ok_or(Error::NoSuchLate(id))?;
    if late.decided_at.is_some() {
        return Err(Error::LateDecided(id));
    }
    if merges::is_own(&txn, decision.by, late.person_id).await? {
        return Err(Error::OwnLate);
    }
    let entry_seq = match decision.admit {
        true => Some(admit(&txn, &late, &reason, decision.by, now).await?),
        false => None,
    };
    let verb = if decision.admit { "计入" } else { "不计入" };
    let detail = format!("{} {} 的学习{verb}：{reason}", late.day, late.title);
    let line = audit::line(now, Some(decision.by), Verb::LateDecide, format!("late:{id}"), detail);
    line.insert(&txn).await?;
    let mut row = late.into_active_model();
    row.decided_at = Set(Some(now));
    row.decided_by = Set(Some(decision.by));
    row.reason = Set(Some(reason));
    row.entry_seq = Set(entry_seq);
    let decided = row.update(&txn).await?;
    txn.commit().await?;
    Ok(decided)
}

/// Write it down, unless the same waits already or was refused: a quiz may be passed again and again.
async fn note(txn: &DatabaseTransaction, entry: &NewEntry, now: Moment) -> Result<()> {
    let Some(playback_id) = entry.playback_id else { return Ok(()) };
    let known = late_posting::Entity::find()
        .filter(late_posting::Column::PlaybackId.eq(playback_id))
        .filter(late_posting::Column::PersonId.eq(entry.person_id))
        .filter(late_posting::Column::Day.eq(entry.day))
        .filter(late_posting::Column::EntrySeq.is_null());
    if known.count(txn).await? > 0 {
        return Ok(());
    }
    let row = late_posting::ActiveModel {
        id: NotSet,
        playback_id: Set(playback_id),
        person_id: Set(entry.person_id),
        unit_id: Set(entry.unit_id),
        day: Set(entry.day),
        title: Set(entry.note.clone()),
        claimed_ms: Set(entry.claimed_ms),
        credited_ms: Set(entry.credited_ms),
        noted_at: Set(now),
        decided_at: Set(None),
        decided_by: Set(None),
        reason: Set(None),
        entry_seq: Set(None),
    };
    row.insert(txn).await?;
    Ok(())
}

/// Let it into the sealed year, as an amendment. Answers the number of its entry.
async fn admit(
    txn: &DatabaseTransaction,
    late: &late_posting::Model,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<i64> {
    let closed = seal::closed(txn, late.person_id, late.day.year()).await?;
    if closed.as_ref().is_some_and(|closed| closed.line.is_none()) {
        return Err(Error::SealUnderWay); // its record is not sealed yet: there is nothing to amend
    }
    let (entry, at) = judged_anew(txn, late, now).await?;
    let added = ledger::append_also_sealed(txn, &[entry], at).await?;
    let added = added.into_iter().next().ok_or(Error::NoSuchLate(late.id))?;
    if let Some(closed) = closed {
        seal::write_amendment(txn, &closed, (&added, reason), by, at).await?;
    }
    Ok(added.seq)
}

/// The entry it makes now, and when that may be dated: of a session its worth, and where the session stands in the ledger
/// and waited for its quiz, what the pass gives.
async fn judged_anew(txn: &DatabaseTransaction, late: &late_posting::Model, now: Moment) -> Result<(NewEntry, Moment)> {
    let id = late.playback_id;
    let session = playback::Entity::find_by_id(id).one(txn).await?.ok_or(Error::NoSuchPlayback(id))?;
    let quiz = Quiz::of(txn, &session).await?;
    let posted = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PlaybackId.eq(id))
        .filter(ledger_entry::Column::PersonId.eq(late.person_id))
        .filter(ledger_entry::Column::Day.eq(late.day));
    let entry = match posted.one(txn).await? {
        Some(waiting) => quiz::given_now(txn, &mut Sessions::default(), &waiting).await?,
        None => {
            let entries = ledger::judged(txn, &session, Some(late.person_id), quiz).await?;
            entries.into_iter().find(|entry| entry.day == late.day)
        }
    };
    Ok((entry.ok_or(Error::NoSuchLate(late.id))?, quiz.dated(now)))
}

#[cfg(test)]
mod tests;
