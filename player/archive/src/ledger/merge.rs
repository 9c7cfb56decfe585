//! What it does to the ledger that two rows of the roster are one person, and that they are not after all.
//!
//! No entry changes hands or is touched: each stays that of the number it was posted for, and is read as the one
//! person's (`merges`). What both numbers were credited with is judged once more, entry by entry in the order of posting,
//! as if they had been one from the beginning: what a later entry would then not have earned (the same part of a lesson
//! on the same day or within the time it counts once, what exceeds the daily cap) is taken back by a correction of that
//! entry, in open years only; a class that both attended counts by the longer attendance. A sealed record stays as it was
//! sealed: the caller is told which years were left alone. Parting them gives exactly that back, by corrections the other
//! way. What was judged in between stays as it was judged.

use super::{NewEntry, append, audit_correction, correction, hold_head};
use crate::quiz;
use crate::rules::RuleBook;
use crate::watched::{Sessions, matters};
use crate::{Error, Result, merges, seal};
use chrono::Datelike;
use entity::{
    AccountId, LineKind, Moment, PersonId, SealState, Source, exemption, ledger_entry, person_merge, playback,
    presence, seal as seal_row, seal_line,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use std::collections::BTreeSet;

/// What a merge did to the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// Milliseconds that both had been credited with, taken back.
    pub taken_back_ms: i64,
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

/// Take back what the two were credited with twice, and move the exemptions, once the merge is written down in this
/// transaction, which holds the chain's head.
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
    let moved = move_exemptions(txn, &merge).await?;
    let mut row = merge.into_active_model();
    row.before_seq = Set(before_seq);
    row.since_seq = Set(hold_head(txn).await?.seq);
    row.exemptions = Set(moved);
    let joined = Joined {
        taken_back_ms: open.iter().map(|(_, ms)| ms).sum(),
        sealed_years: sealed.iter().map(|(entry, _)| entry.day.year()).collect(),
    };
    Ok((row.update(txn).await?, joined))
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

/// Give back what [`join`] took, and the exemptions, once the parting is written down in this transaction.
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
    let reason = format!("与编号 {number} 的合并已拆分，退回当时扣除的时间");
    let taken = taken(txn, &merge).await?;
    let back: Vec<_> = taken.iter().map(|row| reversed(row, &reason, by)).collect();
    add(txn, &back, by, now).await?;
    exemption::Entity::update_many()
        .set(exemption::ActiveModel { person_id: Set(merge.merged_id), ..Default::default() })
        .filter(exemption::Column::Id.is_in(merge.exemption_ids()))
        .exec(txn)
        .await?;
    let mut row = merge.into_active_model();
    row.until_seq = Set(Some(until_seq));
    Ok(row.update(txn).await?)
}

/// Milliseconds that a merge took back because both had been credited with them.
///
/// # Errors
/// Only those of the database.
pub async fn taken_back_ms(db: &impl ConnectionTrait, merge: &person_merge::Model) -> Result<i64> {
    Ok(-taken(db, merge).await?.iter().map(|row| row.credited_ms).sum::<i64>())
}

async fn taken(db: &impl ConnectionTrait, merge: &person_merge::Model) -> Result<Vec<ledger_entry::Model>> {
    let rows = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::Seq.gt(merge.before_seq))
        .filter(ledger_entry::Column::Seq.lte(merge.since_seq))
        .order_by_asc(ledger_entry::Column::Seq);
    Ok(rows.all(db).await?)
}

async fn add(txn: &DatabaseTransaction, entries: &[NewEntry], by: AccountId, now: Moment) -> Result<()> {
    for row in append(txn, entries, now).await? {
        audit_correction(txn, &row, "ledger.correct", by, now).await?;
    }
    Ok(())
}

/// A correction by the same amount the other way.
fn reversed(row: &ledger_entry::Model, reason: &str, by: AccountId) -> NewEntry {
    NewEntry { corrects_seq: row.corrects_seq, ..correction(row, -row.credited_ms, reason, by) }
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

/// An entry, and how much of it they have twice.
type Double = (ledger_entry::Model, i64);

/// What people who are one were credited with twice, entry by entry.
async fn doubles(db: &impl ConnectionTrait, people: Vec<PersonId>) -> Result<Vec<Double>> {
    let entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.is_in(people))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    let book = RuleBook::load(db).await?;
    let (mut sessions, mut one, mut doubles) = (Sessions::default(), OnePerson::default(), Vec::new());
    for entry in entries.iter().filter(|entry| !is_by_hand(entry)) {
        let by_hand = entries.iter().filter(|other| other.corrects_seq == Some(entry.seq) && is_by_hand(other));
        let stands_ms = by_hand.fold(entry.credited_ms, |sum, other| sum.saturating_add(other.credited_ms));
        let stands = ledger_entry::Model { credited_ms: stands_ms, ..entry.clone() };
        match entry.source {
            Source::Class => doubles.extend(one.attend(stands)),
            _ => doubles.extend(one.watch(db, &mut sessions, &book, entry, stands).await?),
        }
    }
    Ok(doubles)
}

/// A correction that only changes what another entry comes to; what a passed quiz gives is an entry of its own here.
fn is_by_hand(entry: &ledger_entry::Model) -> bool {
    entry.source == Source::Correction && !quiz::gives(entry)
}

/// The entries so far, each as it would stand had the two been one from the beginning.
#[derive(Default)]
struct OnePerson(Vec<ledger_entry::Model>);

impl OnePerson {
    /// Take in a class: of two attendances of the same one the shorter does not count.
    fn attend(&mut self, mut entry: ledger_entry::Model) -> Option<Double> {
        let (person, class) = (entry.person_id, entry.class_run_id);
        let same = |other: &&mut ledger_entry::Model| {
            other.source == Source::Class && other.class_run_id == class && other.person_id != person
        };
        let twin = self.0.iter_mut().filter(same).max_by_key(|other| other.credited_ms);
        let double = twin.and_then(|twin| {
            let shorter = if entry.credited_ms <= twin.credited_ms { &mut entry } else { twin };
            let ms = std::mem::take(&mut shorter.credited_ms);
            (ms > 0).then(|| (shorter.clone(), ms))
        });
        self.0.push(entry);
        double
    }

    /// Take in what was watched: what it would have earned beside the entries so far is its own.
    async fn watch(
        &mut self,
        db: &impl ConnectionTrait,
        sessions: &mut Sessions,
        book: &RuleBook,
        entry: &ledger_entry::Model,
        mut stands: ledger_entry::Model,
    ) -> Result<Option<Double>> {
        let due_ms = self.worth(db, sessions, book, entry).await?.unwrap_or(entry.credited_ms);
        let twice_ms = (entry.credited_ms.min(stands.credited_ms) - due_ms).max(0);
        stands.credited_ms -= twice_ms;
        let corrected = match entry.corrects_seq {
            Some(seq) => self.0.iter().find(|other| other.seq == seq).cloned(),
            None => Some(entry.clone()),
        };
        self.0.push(stands);
        Ok(corrected.filter(|_| twice_ms > 0).map(|corrected| (corrected, twice_ms)))
    }

    /// What an entry is worth beside those before it; `None` when it does not follow from a session, or nothing of the
    /// other number matters to it.
    async fn worth(
        &self,
        db: &impl ConnectionTrait,
        sessions: &mut Sessions,
        book: &RuleBook,
        entry: &ledger_entry::Model,
    ) -> Result<Option<i64>> {
        let (Some(lesson), Some(rules)) = (entry.lesson_id, book.by_id(entry.rule_id)) else { return Ok(None) };
        let of_lessons = self.0.iter().filter(|other| other.lesson_id.is_some());
        let before: Vec<_> = of_lessons.filter(|other| matters(other, entry.day, lesson, rules)).collect();
        if entry.credited_ms <= 0 || before.iter().all(|other| other.person_id == entry.person_id) {
            return Ok(None);
        }
        if let Some(id) = entry.playback_id {
            let Some(session) = sessions.get(db, id).await? else { return Ok(None) };
            let worth = session.worth(db, sessions, (entry.person_id, entry.day), &before, rules, false).await?;
            return Ok(Some(worth.credited_ms));
        }
        let Some(waited) = before.iter().find(|other| Some(other.seq) == entry.corrects_seq) else { return Ok(None) };
        let given = quiz::giving(db, sessions, rules, waited, &before).await?;
        Ok(given.map(|given| given.credited_ms))
    }
}

#[cfg(test)]
mod tests;
