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

use crate::judge::Worth;
use crate::ledger::{self, NewEntry};
use crate::rules::{RuleBook, Rules};
use crate::watched::{self, Sessions};
use crate::{Result, late};
use entity::{
    LessonId, LessonState, Moment, PersonId, PlaybackMode, Reason, Source, ledger_entry, lesson, playback, quiz_attempt,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap};

/// What a giving entry says.
const NOTE: &str = "随堂测验通过";

/// Keys in one statement.
const CHUNK: usize = 400;

/// Hold the chain's head for this transaction, and answer when a pass of this person may be dated: `now`, or just after
/// the last entry of theirs for the lesson when clocks differ by a little.
///
/// # Errors
/// Only those of the database.
pub async fn hold(txn: &DatabaseTransaction, person: PersonId, lesson: LessonId, now: Moment) -> Result<Moment> {
    ledger::hold_head(txn).await?;
    let entries = entries_of(txn, person, lesson).await?;
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
    let Some(passed) = passed_at(txn, person, lesson).await? else { return Ok(Vec::new()) };
    let (mut known, mut added) = (Sessions::default(), Vec::new());
    for entry in waiting(txn, person, lesson).await? {
        let Some(given) = given_now(txn, &mut known, &entry).await? else { continue };
        let at = now.max(passed);
        let given = late::put_aside_given(txn, (&entry, given), at).await?;
        added.extend(ledger::append(txn, given.as_slice(), at).await?);
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

/// The entries that waited, and of which something was given by one of these.
pub(crate) fn given<'a>(entries: impl IntoIterator<Item = &'a ledger_entry::Model>) -> BTreeSet<i64> {
    let giving = entries.into_iter().filter(|entry| entry.credited_ms > 0 && gives(entry));
    giving.filter_map(|entry| entry.corrects_seq).collect()
}

/// Whether a session still waits for the quiz of its lesson, and since when it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quiz {
    /// The lesson counts only with a pass, and there is none.
    pub(crate) withheld: bool,
    passed_at: Option<Moment>,
}

impl Quiz {
    /// How it is with a session now.
    pub(crate) async fn of(db: &impl ConnectionTrait, session: &playback::Model) -> Result<Self> {
        let (PlaybackMode::Solo, Some(person)) = (session.mode, session.person_id) else { return Ok(Self::default()) };
        let passed_at = passed_at(db, person, session.lesson_id).await?;
        if passed_at.is_some() {
            return Ok(Self { withheld: false, passed_at });
        }
        let lesson = lesson::Entity::find_by_id(session.lesson_id).one(db).await?;
        Ok(Self { withheld: lesson.is_some_and(|lesson| lesson.quiz_required), passed_at })
    }

    /// When an entry that knows this may be dated.
    pub(crate) fn dated(self, now: Moment) -> Moment {
        self.passed_at.map_or(now, |passed| now.max(passed))
    }
}

/// What is known of the quizzes behind many entries, for the walk that proves them.
#[derive(Debug, Default)]
pub(crate) struct Quizzes {
    passed: HashMap<(PersonId, LessonId), Moment>,
    /// Since when, and whether it asks for a pass: only of lessons that are published, so that it has not changed since.
    asks: HashMap<LessonId, (Moment, bool)>,
}

impl Quizzes {
    /// Read what these entries need.
    pub(crate) async fn load(db: &impl ConnectionTrait, entries: &[ledger_entry::Model]) -> Result<Self> {
        let people: BTreeSet<_> = entries.iter().map(|entry| entry.person_id).collect();
        let lessons: BTreeSet<_> = entries.iter().filter_map(|entry| entry.lesson_id).collect();
        Ok(Self { passed: passes(db, &people).await?, asks: asks(db, &lessons).await? })
    }

    /// Whether somebody had passed by the time the entry was added.
    pub(crate) fn passed(&self, entry: &ledger_entry::Model) -> bool {
        let passed = entry.lesson_id.and_then(|lesson| self.passed.get(&(entry.person_id, lesson)));
        passed.is_some_and(|at| *at <= entry.posted_at)
    }

    /// Whether the entry of a session had to wait.
    pub(crate) fn withheld(&self, entry: &ledger_entry::Model) -> bool {
        if entry.source != Source::Solo || self.passed(entry) {
            return false;
        }
        match entry.lesson_id.and_then(|lesson| self.asks.get(&lesson)) {
            Some((since, asks)) if entry.posted_at > *since => *asks,
            _ => waiting_ms(entry).is_ok_and(|ms| ms > 0),
        }
    }
}

async fn passes(
    db: &impl ConnectionTrait,
    people: &BTreeSet<PersonId>,
) -> Result<HashMap<(PersonId, LessonId), Moment>> {
    let people: Vec<_> = people.iter().copied().collect();
    let mut first: HashMap<(PersonId, LessonId), Moment> = HashMap::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<(PersonId, LessonId, Moment)> = quiz_attempt::Entity::find()
            .select_only()
            .columns([
                quiz_attempt::Column::PersonId,
                quiz_attempt::Column::LessonId,
                quiz_attempt::Column::SubmittedAt,
            ])
            .filter(quiz_attempt::Column::PersonId.is_in(chunk.iter().copied()))
            .filter(quiz_attempt::Column::Passed.eq(true))
            .filter(quiz_attempt::Column::SubmittedAt.is_not_null())
            .into_tuple()
            .all(db)
            .await?;
        for (person, lesson, at) in rows {
            first.entry((person, lesson)).and_modify(|first| *first = at.min(*first)).or_insert(at);
        }
    }
    Ok(first)
}

async fn asks(db: &impl ConnectionTrait, lessons: &BTreeSet<LessonId>) -> Result<HashMap<LessonId, (Moment, bool)>> {
    let lessons: Vec<_> = lessons.iter().copied().collect();
    let mut asks = HashMap::new();
    for chunk in lessons.chunks(CHUNK) {
        let rows: Vec<(LessonId, Moment, bool)> = lesson::Entity::find()
            .select_only()
            .columns([lesson::Column::Id, lesson::Column::UpdatedAt, lesson::Column::QuizRequired])
            .filter(lesson::Column::Id.is_in(chunk.iter().copied()))
            .filter(lesson::Column::State.eq(LessonState::Published))
            .into_tuple()
            .all(db)
            .await?;
        asks.extend(rows.into_iter().map(|(lesson, since, asks)| (lesson, (since, asks))));
    }
    Ok(asks)
}

/// When this person first passed the quiz of this lesson.
async fn passed_at(db: &impl ConnectionTrait, person: PersonId, lesson: LessonId) -> Result<Option<Moment>> {
    let first: Option<Option<Moment>> = quiz_attempt::Entity::find()
        .select_only()
        .column_as(quiz_attempt::Column::SubmittedAt.min(), "first")
        .filter(quiz_attempt::Column::PersonId.eq(person))
        .filter(quiz_attempt::Column::LessonId.eq(lesson))
        .filter(quiz_attempt::Column::Passed.eq(true))
        .into_tuple()
        .one(db)
        .await?;
    Ok(first.flatten())
}

/// The entries of this person and lesson that hold something back of which nothing was said since, oldest first.
async fn waiting(db: &impl ConnectionTrait, person: PersonId, lesson: LessonId) -> Result<Vec<ledger_entry::Model>> {
    let entries = entries_of(db, person, lesson).await?;
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

async fn entries_of(db: &impl ConnectionTrait, person: PersonId, lesson: LessonId) -> Result<Vec<ledger_entry::Model>> {
    let entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.eq(person))
        .filter(ledger_entry::Column::LessonId.eq(lesson))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    Ok(entries)
}

#[cfg(test)]
mod tests;
