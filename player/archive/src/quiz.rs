//! What an in-class quiz (随堂测验) does to hours: what waits for it, and how that is given when it is passed.
//!
//! A lesson may count only for those who pass its quiz. Whoever watches it alone before that gets an entry that holds
//! everything back under QUIZ_NOT_PASSED; with the pass, in its transaction, each of these is followed by a correction
//! that gives what the day still has room for. A room is another matter: it watched together under a site manager's
//! eyes and answers the quiz by raised hands, nobody hands in a sheet of their own, so a group session never waits.
//!
//! Which came first, the pass or the entry, is settled by the chain's head: both hold it, a pass is never dated before
//! an entry that did not know of it ([`hold`]), nor an entry that knows of it before the pass. So `verify` finds from
//! the dates alone what the posting found. What the lesson asked for at that time is not dated: it can change only
//! while the lesson is not published, so for what was posted since the lesson last changed the lesson tells, and for
//! older entries the entry itself.
//!
//! A pass counts for everybody its person is one with (`merges`): what waited under one number is given with the merge
//! when the quiz was passed under the other (`release_all`), and taken back when the two are parted.

use crate::judge::Worth;
use crate::ledger::{self, NewEntry};
use crate::rules::{RuleBook, Rules};
use crate::watched::{self, Sessions};
use crate::{Result, late};
use entity::{LessonId, Moment, PersonId, Reason, Source, ledger_entry};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use std::collections::BTreeSet;

mod passed;

pub(crate) use passed::{Quiz, Quizzes};
use passed::{one_with, passed_at, passes};

/// What a giving entry says.
const NOTE: &str = "随堂测验通过";

/// Hold the chain's head for this transaction, and answer when a pass of this person may be dated: `now`, or just after
/// the last entry of theirs for the lesson when clocks differ by a little.
///
/// # Errors
/// Only those of the database.
pub async fn hold(txn: &DatabaseTransaction, person: PersonId, lesson: LessonId, now: Moment) -> Result<Moment> {
    ledger::hold_head(txn).await?;
    let entries = entries_of(txn, &one_with(txn, person).await?, lesson).await?;
    let last = entries.iter().filter(|entry| entry.playback_id.is_some()).map(|entry| entry.posted_at).max();
    Ok(last.map_or(now, |last| now.max(last.plus_ms(1))))
}

/// Give a person who has passed what waited for it: a new entry for each that holds something back. Answers them.
///
/// Given is what the session is still worth beside everything else of that day: the daily cap holds, and what was
/// credited meanwhile in a room is not credited again. What cannot be given keeps a reason; what belongs into a sealed
/// year is put aside (`late`). A second call finds nothing that waits; without a pass nothing is given.
///
/// # Errors
/// Those of the ledger.
pub async fn release(
    txn: &DatabaseTransaction,
    person: PersonId,
    lesson: LessonId,
    now: Moment,
) -> Result<Vec<ledger_entry::Model>> {
    ledger::hold_head(txn).await?;
    let people = one_with(txn, person).await?;
    let Some(passed) = passed_at(txn, &people, lesson).await? else { return Ok(Vec::new()) };
    let (mut known, mut added) = (Sessions::default(), Vec::new());
    for entry in waiting(txn, &people, lesson).await? {
        let Some(given) = given_now(txn, &mut known, &entry).await? else { continue };
        let at = now.max(passed);
        let given = late::put_aside_given(txn, (&entry, given), at).await?;
        added.extend(ledger::append(txn, given.as_slice(), at).await?);
    }
    Ok(added)
}

/// [`release`] for every lesson whose quiz this person has passed: when who they are one with is not who it was, other
/// passes count.
///
/// # Errors
/// Those of the ledger.
pub(crate) async fn release_all(
    txn: &DatabaseTransaction,
    person: PersonId,
    now: Moment,
) -> Result<Vec<ledger_entry::Model>> {
    let people = one_with(txn, person).await?;
    let passes = passes(txn, &people.into_iter().collect()).await?;
    let passed: BTreeSet<LessonId> = passes.into_keys().map(|(_, lesson)| lesson).collect();
    let mut added = Vec::new();
    for lesson in passed {
        added.extend(release(txn, person, lesson, now).await?);
    }
    Ok(added)
}

/// What an entry that waited gives now that its quiz is passed.
pub(crate) async fn given_now(
    db: &impl ConnectionTrait,
    known: &mut Sessions,
    waiting: &ledger_entry::Model,
) -> Result<Option<NewEntry>> {
    let book = RuleBook::load(db).await?;
    let (Some(lesson), Some(rules)) = (waiting.lesson_id, book.by_id(waiting.rule_id)) else { return Ok(None) };
    let (person, day) = (waiting.person_id, waiting.day);
    let earlier = watched::earlier(db, &book, &[person].into(), &[day].into(), &[lesson].into()).await?;
    giving(db, known, rules, waiting, &earlier.of((person, day), lesson, rules)).await
}

/// The entry that gives what `waiting` holds back, beside the entries of the same person that matter to it.
pub(crate) async fn giving(
    db: &impl ConnectionTrait,
    known: &mut Sessions,
    rules: &Rules,
    waiting: &ledger_entry::Model,
    beside: &[&ledger_entry::Model],
) -> Result<Option<NewEntry>> {
    let Some(id) = waiting.playback_id else { return Ok(None) };
    let Some(session) = known.get(db, id).await? else { return Ok(None) };
    let other: Vec<_> = beside.iter().copied().filter(|entry| entry.seq != waiting.seq).collect();
    let worth = session.worth_now(db, known, (waiting.person_id, waiting.day), &other, rules).await?;
    // Somebody may have been given it by hand meanwhile: an entry never comes to more than was claimed.
    let corrections = other.iter().filter(|entry| entry.corrects_seq == Some(waiting.seq));
    let held_ms = corrections.fold(waiting.credited_ms, |sum, entry| sum.saturating_add(entry.credited_ms));
    let room_ms = waiting.claimed_ms.saturating_sub(held_ms).max(0);
    Ok(Some(given_of(waiting, waiting_ms(waiting)?, room_ms, &worth)))
}

/// It claims nothing new: what it credits, and the reasons that remain, come out of QUIZ_NOT_PASSED.
fn given_of(waiting: &ledger_entry::Model, waiting_ms: i64, room_ms: i64, worth: &Worth) -> NewEntry {
    let credited_ms = worth.credited_ms.min(waiting_ms).min(room_ms);
    let rest_ms = waiting_ms - credited_ms;
    let of = |reason| worth.reasons.get(&reason).copied().unwrap_or(0);
    let capped_ms = of(Reason::DailyCap).min(rest_ms);
    let repeated_ms = of(Reason::Repeated).min(rest_ms - capped_ms);
    let parts = [
        (Reason::QuizNotPassed, -waiting_ms),
        (Reason::DailyCap, capped_ms),
        (Reason::Repeated, repeated_ms),
        (Reason::Overlap, rest_ms - capped_ms - repeated_ms),
    ];
    NewEntry {
        person_id: waiting.person_id,
        unit_id: waiting.unit_id,
        day: waiting.day,
        source: Source::Correction,
        lesson_id: waiting.lesson_id,
        playback_id: None, // one entry per playback, person and day: that is the one that waited
        class_run_id: None,
        corrects_seq: Some(waiting.seq),
        claimed_ms: 0,
        credited_ms,
        reasons: parts.into_iter().filter(|(_, ms)| *ms != 0).collect(),
        rule_id: waiting.rule_id,
        note: NOTE.to_owned(),
        author_id: None,
    }
}

/// What an entry of a session holds back until the quiz is passed.
pub(crate) fn waiting_ms(entry: &ledger_entry::Model) -> Result<i64> {
    Ok(ledger::reasons_of(entry)?.get(&Reason::QuizNotPassed).copied().unwrap_or(0).max(0))
}

/// Whether an entry gives what waited for a quiz. Nobody else can write one: a correction by hand has its author.
pub(crate) fn gives(entry: &ledger_entry::Model) -> bool {
    let takes = || ledger::reasons_of(entry).is_ok_and(|reasons| reasons.contains_key(&Reason::QuizNotPassed));
    entry.source == Source::Correction && entry.author_id.is_none() && entry.corrects_seq.is_some() && takes()
}

/// What was given, and taken back because those who were one are not: the numbers of both entries, which together are
/// as good as not there.
pub(crate) fn undone<'a>(entries: impl IntoIterator<Item = &'a ledger_entry::Model>) -> BTreeSet<i64> {
    let (mut giving, mut undone): (Vec<&ledger_entry::Model>, _) = (Vec::new(), BTreeSet::new());
    for entry in entries {
        if gives(entry) {
            giving.push(entry);
        } else if let Some(at) = giving.iter().rposition(|given| takes_back(entry, given)) {
            undone.extend([entry.seq, giving.remove(at).seq]);
        }
    }
    undone
}

fn takes_back(entry: &ledger_entry::Model, given: &ledger_entry::Model) -> bool {
    let returned = || ledger::reasons_of(entry).ok()?.get(&Reason::QuizNotPassed).copied();
    entry.corrects_seq == given.corrects_seq && entry.source == Source::Correction && returned().is_some()
}

/// The entries that waited, and of which something was given by one of these.
pub(crate) fn given<'a>(entries: impl IntoIterator<Item = &'a ledger_entry::Model>) -> BTreeSet<i64> {
    let giving = entries.into_iter().filter(|entry| entry.credited_ms > 0 && gives(entry));
    giving.filter_map(|entry| entry.corrects_seq).collect()
}

/// The entries of these people and this lesson that hold something back of which nothing was said since, oldest first.
async fn waiting(db: &impl ConnectionTrait, people: &[PersonId], lesson: LessonId) -> Result<Vec<ledger_entry::Model>> {
    let mut entries = entries_of(db, people, lesson).await?;
    let undone = undone(&entries);
    entries.retain(|entry| !undone.contains(&entry.seq));
    let answered: BTreeSet<i64> =
        entries.iter().filter(|entry| gives(entry)).filter_map(|entry| entry.corrects_seq).collect();
    let mut waiting = Vec::new();
    for entry in entries {
        if entry.playback_id.is_some() && waiting_ms(&entry)? > 0 && !answered.contains(&entry.seq) {
            waiting.push(entry);
        }
    }
    Ok(waiting)
}

async fn entries_of(
    db: &impl ConnectionTrait,
    people: &[PersonId],
    lesson: LessonId,
) -> Result<Vec<ledger_entry::Model>> {
    let entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.is_in(people.iter().copied()))
        .filter(ledger_entry::Column::LessonId.eq(lesson))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    Ok(entries)
}

#[cfg(test)]
mod tests;
