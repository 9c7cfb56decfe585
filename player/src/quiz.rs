//! Tries at the in-class quiz (随堂测验) of a lesson: begun, handed in once, judged.
//!
//! Owns `quiz_attempt`. A try keeps the questions as they were when it began, so that no later change of the quiz
//! touches it. A try counts from its beginning: one left open is one of the day's. What is asked is the catalog's, what
//! a pass is worth the archive's; the limits come from the rule in force, which the caller looks up. Choices stay in
//! their order: questions say "以上都对". The tries of two numbers that are one person are the tries of that person.

mod judging;
mod standing;

pub use judging::{Kept, Marked, judge};
pub use standing::{Standing, best_of, standing};

use crate::{Error, Result};
use entity::person_merge::of_one;
use entity::quiz_attempt::{Column, Entity};
use entity::{Day, LessonId, Moment, PersonId, QuizAttemptId, person, question, quiz_attempt};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, NotSet,
    QueryFilter, QueryOrder, QuerySelect, Set,
};

/// A sheet may be handed in for a day after it was begun, so that midnight takes nobody's answers.
const OPEN_MS: i64 = 24 * 3_600_000;

/// What the rule in force says of quizzes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tries of one person at one lesson's quiz on one day.
    pub attempts_a_day: i64,
    /// Right answers in percent that pass.
    pub pass_percent: i64,
}

/// A try that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its row.
    pub id: QuizAttemptId,
    /// What is asked. Holds the answers: whoever shows it leaves them out.
    pub questions: Vec<Kept>,
    /// When it can no longer be handed in.
    pub closes_at: Moment,
}

/// A try that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graded {
    /// Its row.
    pub id: QuizAttemptId,
    /// Each question with what was chosen.
    pub marked: Vec<Marked>,
    /// How many were right.
    pub right: i32,
    /// Whether that was enough.
    pub passed: bool,
    /// When it was handed in.
    pub submitted_at: Moment,
}

/// Begins a try; while one of today is open, answers that one, so that two tabs or a lost answer cost nothing.
///
/// # Errors
/// [`Error::NoQuiz`], [`Error::NoAttemptsLeft`], [`Error::UnknownPerson`].
pub async fn begin(
    db: &DatabaseConnection,
    person: PersonId,
    lesson: LessonId,
    limits: Limits,
    now: Moment,
) -> Result<Sheet> {
    let txn = entity::writing::begin(db).await?;
    let known = person::Entity::find_by_id(person).lock_exclusive().one(&txn).await?; // two tabs see each other
    known.ok_or(Error::UnknownPerson(person))?;
    let today = of_day(&txn, person, lesson, now.day()).await?;
    let row = match today.iter().find(|row| row.submitted_at.is_none()) {
        Some(open) => open.clone(),
        None if count(&today) >= limits.attempts_a_day => return Err(Error::NoAttemptsLeft(lesson)),
        None => insert(&txn, person, lesson, now).await?,
    };
    txn.commit().await?;
    sheet_of(&row)
}

/// Hands in the answers: for each question the places of the choices. The same answers again answer the same, others
/// come too late. `now` is not before any entry that does not know of this try; the caller has seen to that.
///
/// # Errors
/// [`Error::UnknownAttempt`] also for somebody else's, [`Error::HandedIn`], [`Error::AttemptOver`], [`Error::BadAnswers`].
pub async fn hand_in(
    txn: &DatabaseTransaction,
    (id, person, lesson): (QuizAttemptId, PersonId, LessonId),
    answers: &[Vec<usize>],
    pass_percent: i64,
    now: Moment,
) -> Result<Graded> {
    let theirs = Entity::find_by_id(id).filter(of_one(Column::PersonId, person)).filter(Column::LessonId.eq(lesson));
    let mut row = theirs.lock_exclusive().one(txn).await?.ok_or(Error::UnknownAttempt(id))?;
    let questions = kept(&row)?;
    let answers = judging::tidy(&questions, answers).ok_or(Error::BadAnswers)?;
    if row.submitted_at.is_some() {
        return if answers_of(&row)? == answers { graded(&row) } else { Err(Error::HandedIn(id)) };
    }
    if now > closes_at(&row) {
        return Err(Error::AttemptOver(id));
    }
    let right = judge(&questions, &answers).into_iter().filter(|right| *right).count();
    row.submitted_at = Some(now);
    row.right_count = i32::try_from(right).unwrap_or(i32::MAX);
    row.passed = judging::is_enough(right, questions.len(), pass_percent);
    row.answers = Some(json(&answers));
    let changed = quiz_attempt::ActiveModel {
        submitted_at: Set(row.submitted_at),
        answers: Set(row.answers.clone()),
        right_count: Set(row.right_count),
        passed: Set(row.passed),
        ..Default::default()
    };
    Entity::update_many().set(changed).filter(Column::Id.eq(id)).exec(txn).await?;
    graded(&row)
}

/// The open try of this person, as it is to be filled in.
///
/// # Errors
/// [`Error::UnknownAttempt`] also for one that is somebody else's or was handed in.
pub async fn sheet(
    db: &impl ConnectionTrait,
    (id, person, lesson): (QuizAttemptId, PersonId, LessonId),
) -> Result<Sheet> {
    let row = own(db, id, person, lesson).await?;
    if row.submitted_at.is_some() {
        return Err(Error::UnknownAttempt(id));
    }
    sheet_of(&row)
}

/// A try of this person that was handed in.
///
/// # Errors
/// [`Error::UnknownAttempt`] also for one that is somebody else's or still open.
pub async fn result(
    db: &impl ConnectionTrait,
    (id, person, lesson): (QuizAttemptId, PersonId, LessonId),
) -> Result<Graded> {
    graded(&own(db, id, person, lesson).await?)
}

/// The civil day a try of this person was begun: the rule of that day judges it.
///
/// # Errors
/// [`Error::UnknownAttempt`] also for somebody else's.
pub async fn day_of(
    db: &impl ConnectionTrait,
    (id, person, lesson): (QuizAttemptId, PersonId, LessonId),
) -> Result<Day> {
    Ok(own(db, id, person, lesson).await?.day)
}

async fn own(
    db: &impl ConnectionTrait,
    id: QuizAttemptId,
    person: PersonId,
    lesson: LessonId,
) -> Result<quiz_attempt::Model> {
    let theirs = Entity::find_by_id(id).filter(of_one(Column::PersonId, person)).filter(Column::LessonId.eq(lesson));
    theirs.one(db).await?.ok_or(Error::UnknownAttempt(id))
}

async fn tries(db: &impl ConnectionTrait, person: PersonId, lesson: LessonId) -> Result<Vec<quiz_attempt::Model>> {
    let rows = Entity::find().filter(of_one(Column::PersonId, person)).filter(Column::LessonId.eq(lesson));
    Ok(rows.order_by_asc(Column::Id).all(db).await?)
}

async fn of_day(
    db: &impl ConnectionTrait,
    person: PersonId,
    lesson: LessonId,
    day: Day,
) -> Result<Vec<quiz_attempt::Model>> {
    Ok(tries(db, person, lesson).await?.into_iter().filter(|row| row.day == day).collect())
}

fn count(rows: &[quiz_attempt::Model]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

async fn insert(
    txn: &DatabaseTransaction,
    person: PersonId,
    lesson: LessonId,
    now: Moment,
) -> Result<quiz_attempt::Model> {
    let asked = question::Entity::find().filter(question::Column::LessonId.eq(lesson));
    let asked = asked.order_by_asc(question::Column::Position).order_by_asc(question::Column::Id).all(txn).await?;
    if asked.is_empty() {
        return Err(Error::NoQuiz(lesson));
    }
    let questions: Vec<Kept> = asked.iter().map(Kept::of).collect();
    let row = quiz_attempt::ActiveModel {
        id: NotSet,
        person_id: Set(person),
        lesson_id: Set(lesson),
        day: Set(now.day()),
        begun_at: Set(now),
        submitted_at: Set(None),
        question_count: Set(i32::try_from(questions.len()).unwrap_or(i32::MAX)),
        questions: Set(json(&questions)),
        answers: Set(None),
        right_count: Set(0),
        passed: Set(false),
    };
    Ok(row.insert(txn).await?)
}

fn sheet_of(row: &quiz_attempt::Model) -> Result<Sheet> {
    Ok(Sheet { id: row.id, questions: kept(row)?, closes_at: closes_at(row) })
}

fn graded(row: &quiz_attempt::Model) -> Result<Graded> {
    let submitted_at = row.submitted_at.ok_or(Error::UnknownAttempt(row.id))?;
    let (questions, answers) = (kept(row)?, answers_of(row)?);
    let right = judge(&questions, &answers);
    let marked = questions.into_iter().zip(answers).zip(right);
    let marked = marked.map(|((question, chosen), right)| Marked { question, chosen, right }).collect();
    Ok(Graded { id: row.id, marked, right: row.right_count, passed: row.passed, submitted_at })
}

fn closes_at(row: &quiz_attempt::Model) -> Moment {
    row.begun_at.plus_ms(OPEN_MS)
}

fn kept(row: &quiz_attempt::Model) -> Result<Vec<Kept>> {
    serde_json::from_str(&row.questions).map_err(|source| Error::UnreadableAttempt { id: row.id, source })
}

fn answers_of(row: &quiz_attempt::Model) -> Result<Vec<Vec<usize>>> {
    let text = row.answers.as_deref().unwrap_or("[]");
    serde_json::from_str(text).map_err(|source| Error::UnreadableAttempt { id: row.id, source })
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]
mod tests;
