//! Appeals: a person does not agree with an entry, the office answers with a reason.
//!
//! Owns who may appeal against what, how it is decided, and once. Nothing is edited: what is granted is a new entry,
//! made in the same transaction as the decision. Whom a decider reaches is said by the caller as a [`Reach`].

use crate::{Error, Result, ledger, merges};
use chrono::Months;
use entity::{AccountId, AppealId, Day, Moment, PersonId, Reason, Source, Verb, appeal, audit, ledger_entry};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};

mod case;
mod list;
pub mod waiting;

pub use case::{Case, InRoom, Session, Step, case};
pub(crate) use list::listed;
pub use list::{Filter, Listed, Reach, of_entries, one, open_count, page};

/// Longest text of an appeal and of a decision, in characters.
pub const LONGEST: usize = 500;

/// How many months back an entry may be appealed against.
const MONTHS: u32 = 12;

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This many milliseconds are given back.
    Granted {
        /// More than nothing, at most what is left of the claim.
        ms: i64,
    },
    /// Nothing is.
    Refused,
}

/// A decision and who takes it.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// What is decided.
    pub verdict: Verdict,
    /// Why; the person reads it.
    pub reason: &'a str,
    /// Who decides.
    pub by: AccountId,
    /// The decider may only give back what waits because a clock was wrong (CLOCK_UNRESOLVED).
    pub clock_only: bool,
}

/// Appeal against one's own entry.
///
/// # Errors
/// [`Error::NoAppealText`], [`Error::NoSuchEntry`] also for somebody else's entry, [`Error::CorrectsCorrection`],
/// [`Error::AppealTooLate`], [`Error::AppealOpen`].
pub async fn make(
    db: &DatabaseConnection,
    who: PersonId,
    seq: i64,
    text: &str,
    by: AccountId,
    now: Moment,
) -> Result<appeal::Model> {
    let text = said(text).ok_or(Error::NoAppealText)?;
    let txn = entity::writing::begin(db).await?;
    ledger::hold_head(&txn).await?; // two at once must not both find that none is open
    let entry = ledger_entry::Entity::find_by_id(seq).one(&txn).await?;
    let own = merges::all_of(&txn, who).await?;
    let entry = entry.filter(|entry| own.contains(&entry.person_id)).ok_or(Error::NoSuchEntry(seq))?;
    check_appealable(&txn, &entry, now.day()).await?;
    let row = appeal::ActiveModel {
        id: NotSet,
        person_id: Set(who),
        entry_seq: Set(seq),
        unit_id: Set(entry.unit_id),
        text: Set(text),
        created_at: Set(now),
        decided_at: Set(None),
        decided_by: Set(None),
        granted: Set(None),
        decision: Set(None),
        correction_seq: Set(None),
    };
    let made = row.insert(&txn).await?;
    note(&txn, by, Verb::AppealMake, &made, format!("对台账第 {seq} 号记录提出申诉"), now).await?;
    txn.commit().await?;
    Ok(made)
}

/// Whether an entry of this day may be appealed against on `today`.
pub fn is_in_time(day: Day, today: Day) -> bool {
    today.checked_sub_months(Months::new(MONTHS)).is_none_or(|oldest| day >= oldest)
}

/// Decide an appeal; of two deciders at once the second is told.
///
/// # Errors
/// [`Error::NoReason`], [`Error::NoSuchAppeal`], [`Error::AppealDecided`], [`Error::OwnAppeal`],
/// [`Error::GrantOutOfBounds`], and those of [`ledger::correct`].
pub async fn decide(
    db: &DatabaseConnection,
    id: AppealId,
    decision: &Decision<'_>,
    now: Moment,
) -> Result<appeal::Model> {
    let reason = said(decision.reason).ok_or(Error::NoReason)?;
    let txn = entity::writing::begin(db).await?;
    ledger::hold_head(&txn).await?; // whoever comes second waits here, and then finds it decided
    let open = appeal::Entity::find_by_id(id).one(&txn).await?.ok_or(Error::NoSuchAppeal(id))?;
    if open.decided_at.is_some() {
        return Err(Error::AppealDecided(id));
    }
    let decided = decide_within(&txn, open, (decision, reason), now).await?;
    txn.commit().await?;
    Ok(decided)
}

/// Decide this open appeal, for this reason, in a transaction that holds the chain's head already.
async fn decide_within(
    txn: &DatabaseTransaction,
    open: appeal::Model,
    (decision, reason): (&Decision<'_>, String),
    now: Moment,
) -> Result<appeal::Model> {
    if merges::is_own(txn, decision.by, open.person_id).await? {
        return Err(Error::OwnAppeal);
    }
    let correction_seq = match decision.verdict {
        Verdict::Refused => None,
        Verdict::Granted { ms } => Some(grant(txn, &open, ms, &reason, decision, now).await?),
    };
    let mut row = open.into_active_model();
    row.decided_at = Set(Some(now));
    row.decided_by = Set(Some(decision.by));
    row.granted = Set(Some(correction_seq.is_some()));
    row.decision = Set(Some(reason));
    row.correction_seq = Set(correction_seq);
    let decided = row.update(txn).await?;
    let said = decided.decision.as_deref().unwrap_or_default();
    let detail = match decision.verdict {
        Verdict::Granted { ms } => format!("准予补记 {ms} 毫秒：{said}"),
        Verdict::Refused => format!("不予补记：{said}"),
    };
    note(txn, decision.by, Verb::AppealDecide, &decided, detail, now).await?;
    Ok(decided)
}

/// The most that may still be given back for an entry.
pub(crate) async fn grantable_ms(
    db: &impl ConnectionTrait,
    entry: &ledger_entry::Model,
    clock_only: bool,
) -> Result<i64> {
    let standing_ms = ledger::standing_ms(db, entry).await?;
    let left_ms = entry.claimed_ms.saturating_sub(standing_ms);
    if !clock_only {
        return Ok(left_ms.max(0));
    }
    let waiting_ms = ledger::reasons_of(entry)?.get(&Reason::ClockUnresolved).copied().unwrap_or(0);
    let given_ms = standing_ms.saturating_sub(entry.credited_ms).max(0);
    Ok(left_ms.min(waiting_ms.saturating_sub(given_ms)).max(0))
}

/// The text on its way into a row: trimmed, 1 to 500 characters, and without the NUL that PostgreSQL refuses.
pub(crate) fn said(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n").replace('\0', "");
    let text = text.trim();
    (1..=LONGEST).contains(&text.chars().count()).then(|| text.to_owned())
}

async fn check_appealable(db: &impl ConnectionTrait, entry: &ledger_entry::Model, today: Day) -> Result<()> {
    if entry.source == Source::Correction {
        return Err(Error::CorrectsCorrection(entry.seq));
    }
    if !is_in_time(entry.day, today) {
        return Err(Error::AppealTooLate(entry.day));
    }
    let open = appeal::Entity::find()
        .filter(appeal::Column::EntrySeq.eq(entry.seq))
        .filter(appeal::Column::DecidedAt.is_null())
        .count(db)
        .await?;
    if open == 0 { Ok(()) } else { Err(Error::AppealOpen(entry.seq)) }
}

async fn grant(
    txn: &DatabaseTransaction,
    open: &appeal::Model,
    ms: i64,
    reason: &str,
    decision: &Decision<'_>,
    now: Moment,
) -> Result<i64> {
    let seq = open.entry_seq;
    let entry = ledger_entry::Entity::find_by_id(seq).one(txn).await?.ok_or(Error::NoSuchEntry(seq))?;
    let most_ms = grantable_ms(txn, &entry, decision.clock_only).await?;
    if !(1..=most_ms).contains(&ms) {
        return Err(Error::GrantOutOfBounds { most_ms });
    }
    // In a sealed year a grant is an amendment; who may only give back for a wrong clock does not amend.
    let added = match decision.clock_only {
        true => ledger::correct_within(txn, seq, ms, reason, decision.by, now).await?,
        false => ledger::correct_or_amend_within(txn, seq, ms, reason, decision.by, now).await?,
    };
    Ok(added.seq)
}

async fn note(
    db: &impl ConnectionTrait,
    by: AccountId,
    action: Verb,
    about: &appeal::Model,
    detail: String,
    now: Moment,
) -> Result<()> {
    let line = audit::line(now, Some(by), action, format!("appeal:{}", about.id), detail);
    line.insert(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
