//! The in-class quiz (随堂测验) of a lesson: its questions, and whether the lesson counts only for those who pass.
//!
//! Owns the rows of `question` and the lesson's switch; who tried and how well is `player`'s, who may write is the
//! server's. In review nothing may change. Of a published lesson the questions may: a wrong key must be mended at once,
//! the change is audited, and whoever has begun keeps the questions as they were, so nothing judged changes. The switch
//! may not, because it changes what watching is worth: withdraw the lesson first. A lesson that asks for a pass keeps at
//! least one question.

pub mod sheet;
mod write;

pub(crate) use write::{countable, drop_all};
pub use write::{put, put_within};

use crate::{Error, Result, fields};
use entity::question::{Column, Entity};
use entity::{LessonId, QuestionId, QuestionKind, lesson, question};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

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
