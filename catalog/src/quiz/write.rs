//! How a quiz is put in the place of the one before: checked, written and audited in one transaction.
//!
//! What may change of a lesson in which state is said by the module above. What is the same already is not written.

use super::{MAX_QUESTIONS, Question, Quiz, of_lesson};
use crate::lesson::{self as lessons, write};
use crate::trail::Change;
use crate::{Error, Result};
use entity::question::{Column, Entity};
use entity::{AccountId, LessonId, LessonState, Moment, QuestionId, Verb, lesson, question};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, QueryFilter,
};
use std::collections::HashSet;

/// Puts a quiz in the place of the one before, when the lesson is still at `expected_version`. What is the same already
/// changes nothing, not even the version.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Stale`], and [`Error::WrongState`] as the module says.
pub async fn put(
    db: &DatabaseConnection,
    id: LessonId,
    quiz: Quiz,
    expected_version: i32,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let txn = entity::writing::begin(db).await?;
    let put = put_within(&txn, id, quiz, expected_version, by, now).await?;
    txn.commit().await?;
    Ok(put)
}

/// [`put`] within a transaction of the caller's.
///
/// # Errors
/// Those of [`put`].
pub async fn put_within(
    txn: &impl ConnectionTrait,
    id: LessonId,
    quiz: Quiz,
    expected_version: i32,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let old = lessons::get(txn, id).await?;
    let was = of_lesson(txn, id).await?;
    check(&old, &was, &quiz, expected_version)?;
    let same = was.iter().map(|row| (Some(row.id), Question::of(row)));
    if quiz.required == old.quiz_required && same.eq(quiz.questions.iter().cloned()) {
        return Ok(old);
    }
    let change = Change { by, now };
    let detail = summary(&old, &was, &quiz);
    let row = lesson::ActiveModel { quiz_required: Set(quiz.required), ..Default::default() };
    let new = write::write(txn, &old, row, Verb::LessonQuiz, &detail, change).await?; // the version is held from here on
    write(txn, id, &was, &quiz, change).await?;
    Ok(new)
}

/// Removes the questions of a lesson that is deleted itself.
pub(crate) async fn drop_all(txn: &impl ConnectionTrait, id: LessonId) -> Result<()> {
    Entity::delete_many().filter(Column::LessonId.eq(id)).exec(txn).await?;
    Ok(())
}

fn check(old: &lesson::Model, was: &[question::Model], quiz: &Quiz, expected_version: i32) -> Result<()> {
    let switched = quiz.required != old.quiz_required;
    if old.version != expected_version {
        return Err(Error::Stale { current: old.version });
    }
    if old.state == LessonState::Review || (old.state == LessonState::Published && switched) {
        return Err(Error::WrongState { state: old.state });
    }
    let mut known: HashSet<QuestionId> = was.iter().map(|row| row.id).collect();
    if !quiz.questions.iter().filter_map(|(id, _)| *id).all(|id| known.remove(&id)) {
        return Err(Error::invalid("id", "有一道题不在这一课里，或者出现了两次"));
    }
    countable(quiz)
}

/// Whether a quiz has neither too many questions, nor none to pass, nor one twice.
pub(crate) fn countable(quiz: &Quiz) -> Result<()> {
    if quiz.questions.len() > MAX_QUESTIONS {
        return Err(Error::invalid("questions", format!("一课最多 {MAX_QUESTIONS} 道题")));
    }
    if quiz.required && quiz.questions.is_empty() {
        return Err(Error::invalid("required", "要求通过随堂测验的课，至少要有一道题"));
    }
    let mut texts = HashSet::new();
    match quiz.questions.iter().find(|(_, question)| !texts.insert(question.text.as_str())) {
        Some((_, twice)) => Err(Error::invalid("text", format!("这道题已经有了：{}", twice.text))),
        None => Ok(()),
    }
}

async fn write(
    txn: &impl ConnectionTrait,
    lesson: LessonId,
    was: &[question::Model],
    quiz: &Quiz,
    change: Change,
) -> Result<()> {
    let kept: HashSet<QuestionId> = quiz.questions.iter().filter_map(|(id, _)| *id).collect();
    let gone: Vec<QuestionId> = was.iter().map(|row| row.id).filter(|id| !kept.contains(id)).collect();
    Entity::delete_many().filter(Column::Id.is_in(gone)).exec(txn).await?;
    for (position, (id, question)) in (1..).zip(&quiz.questions) {
        let mut row = question.row();
        row.position = Set(position);
        match id.and_then(|id| was.iter().find(|row| row.id == id)) {
            Some(old) if old.position == position && Question::of(old) == *question => {}
            Some(old) => {
                Entity::update_many().set(row).filter(Column::Id.eq(old.id)).exec(txn).await?;
            }
            None => {
                row.id = NotSet;
                row.lesson_id = Set(lesson);
                row.created_by = Set(change.by);
                row.created_at = Set(change.now);
                row.insert(txn).await?;
            }
        }
    }
    Ok(())
}

/// What the audit says: how many came, changed and went, with the beginning of each changed question.
fn summary(old: &lesson::Model, was: &[question::Model], quiz: &Quiz) -> String {
    let was_of = |id: &QuestionId| was.iter().find(|row| row.id == *id).map(Question::of);
    let short = |question: &Question| question.text.chars().take(20).collect::<String>();
    let new = quiz.questions.iter().filter(|(id, _)| id.is_none()).count();
    let changed: Vec<String> = quiz
        .questions
        .iter()
        .filter(|(id, question)| id.as_ref().and_then(was_of).is_some_and(|was| was != *question))
        .map(|(_, question)| short(question))
        .collect();
    let gone = (was.len() + new).saturating_sub(quiz.questions.len());
    let mut parts = vec![format!("共 {} 题：新增 {new}，更改 {}，删除 {gone}", quiz.questions.len(), changed.len())];
    parts.extend((!changed.is_empty()).then(|| format!("改了：{}", changed.join("；"))));
    let switch = if quiz.required { "通过随堂测验才计学时" } else { "不要求通过随堂测验" };
    parts.extend((quiz.required != old.quiz_required).then(|| switch.to_owned()));
    parts.join("。").chars().take(500).collect()
}
