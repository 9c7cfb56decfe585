//! The in-class quiz (随堂测验) of a lesson: its questions, and whether the lesson counts only for those who pass.
//!
//! Owns the rows of `question` and the lesson's switch; who tried and how well is `player`'s, who may write is the
//! server's. In review nothing may change. Of a published lesson the questions may: a wrong key must be mended at once,
//! the change is audited, and whoever has begun keeps the questions as they were, so nothing judged changes. The switch
//! may not, because it changes what watching is worth: withdraw the lesson first. A lesson that asks for a pass keeps at
//! least one question.

pub mod sheet;

use crate::lesson::{self as lessons, write};
use crate::trail::Change;
use crate::{Error, Result, fields};
use entity::question::{Column, Entity};
use entity::{AccountId, LessonId, LessonState, Moment, QuestionId, QuestionKind, Verb, lesson, question};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, QueryFilter, QueryOrder,
};
use std::collections::HashSet;

/// Most questions of a lesson.
pub const MAX_QUESTIONS: usize = 100;
/// Most choices of a question: A to F.
pub const MAX_CHOICES: usize = 6;
/// Most characters of a question.
const TEXT: usize = 500;
/// Most characters of a choice.
const CHOICE: usize = 200;
/// Most characters of an explanation.
const EXPLANATION: usize = 900;

/// A question that can be asked: parsed, so that it has an answer that fits its choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub(crate) kind: QuestionKind,
    pub(crate) text: String,
    pub(crate) choices: Vec<String>,
    pub(crate) answer: Vec<usize>,
    pub(crate) explanation: String,
}

/// What a lesson's quiz is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quiz {
    /// Whether the lesson counts only with a pass.
    pub required: bool,
    /// The questions in order; one with an id takes the place of that question, one without is new.
    pub questions: Vec<(Option<QuestionId>, Question)>,
}

impl Question {
    /// Reads a question as typed. Of true or false (`choices` empty) `[0]` is true and `[1]` is false.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field and what is wrong with it.
    pub fn parse(
        kind: QuestionKind,
        text: &str,
        choices: &[String],
        answer: &[usize],
        explanation: &str,
    ) -> Result<Self> {
        let text = fields::block("text", text, TEXT)?;
        if text.is_empty() {
            return Err(Error::invalid("text", "请填写题目"));
        }
        let choices = choices_of(kind, choices)?;
        let answer = answer_of(kind, choices.len(), answer)?;
        Ok(Self { kind, text, choices, answer, explanation: fields::block("explanation", explanation, EXPLANATION)? })
    }

    /// A question as it is kept.
    fn of(row: &question::Model) -> Self {
        Self {
            kind: row.kind,
            text: row.text.clone(),
            choices: row.read_choices(),
            answer: row.read_answer(),
            explanation: row.explanation.clone(),
        }
    }

    fn row(&self) -> question::ActiveModel {
        question::ActiveModel {
            kind: Set(self.kind),
            text: Set(self.text.clone()),
            choices: Set(serde_json::to_string(&self.choices).unwrap_or_default()),
            answer: Set(serde_json::to_string(&self.answer).unwrap_or_default()),
            explanation: Set(self.explanation.clone()),
            ..Default::default()
        }
    }
}

impl Quiz {
    /// The quiz as it is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(db: &impl ConnectionTrait, lesson: &lesson::Model) -> Result<Self> {
        let rows = of_lesson(db, lesson.id).await?;
        let questions = rows.iter().map(|row| (Some(row.id), Question::of(row))).collect();
        Ok(Self { required: lesson.quiz_required, questions })
    }

    /// Whether it asks exactly what these questions ask, in their order.
    pub(crate) fn asks(&self, rows: &[question::Model]) -> bool {
        rows.iter().map(Question::of).eq(self.questions.iter().map(|(_, question)| question.clone()))
    }

    /// The same quiz, its questions in the places of those of the same text, so that they keep their ids.
    #[must_use]
    pub(crate) fn in_place_of(&self, rows: &[question::Model]) -> Self {
        let place = |question: &Question| rows.iter().find(|row| row.text == question.text).map(|row| row.id);
        let questions = self.questions.iter().map(|(_, question)| (place(question), question.clone())).collect();
        Self { required: self.required, questions }
    }
}

/// The questions of a lesson in order.
///
/// # Errors
/// When the database fails.
pub async fn of_lesson(db: &impl ConnectionTrait, id: LessonId) -> Result<Vec<question::Model>> {
    let rows = Entity::find().filter(Column::LessonId.eq(id));
    Ok(rows.order_by_asc(Column::Position).order_by_asc(Column::Id).all(db).await?)
}

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

fn choices_of(kind: QuestionKind, choices: &[String]) -> Result<Vec<String>> {
    if kind == QuestionKind::TrueFalse {
        return if choices.is_empty() {
            Ok(Vec::new())
        } else {
            Err(Error::invalid("choices", "判断题不用填选项"))
        };
    }
    if !(2..=MAX_CHOICES).contains(&choices.len()) {
        return Err(Error::invalid("choices", format!("选择题要有 2 到 {MAX_CHOICES} 个选项")));
    }
    let mut kept: Vec<String> = Vec::with_capacity(choices.len());
    for (letter, choice) in LETTERS.chars().zip(choices) {
        let choice = fields::line("choices", choice, CHOICE)?;
        if choice.is_empty() {
            return Err(Error::invalid("choices", format!("选项 {letter} 是空的")));
        }
        if kept.contains(&choice) {
            return Err(Error::invalid("choices", format!("选项 {letter} 与前面的一个相同")));
        }
        kept.push(choice);
    }
    Ok(kept)
}

fn answer_of(kind: QuestionKind, choices: usize, answer: &[usize]) -> Result<Vec<usize>> {
    let mut places = answer.to_vec();
    places.sort_unstable();
    places.dedup();
    let most = if kind == QuestionKind::TrueFalse { 2 } else { choices };
    if places.is_empty() || places.iter().any(|place| *place >= most) {
        return Err(Error::invalid("answer", "请标出正确答案，答案须是有的选项"));
    }
    match kind {
        QuestionKind::Multiple if places.len() < 2 => Err(Error::invalid("answer", "多选题至少有两个正确选项")),
        QuestionKind::Single | QuestionKind::TrueFalse if places.len() > 1 => {
            Err(Error::invalid("answer", "单选题和判断题只有一个正确答案"))
        }
        _ => Ok(places),
    }
}

/// The names of the choices.
pub const LETTERS: &str = "ABCDEF";

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests;
