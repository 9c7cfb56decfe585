//! What hangs on a lesson beside its row: captions and the quiz, read from a line, compared, and written.

use super::files::Files;
use super::line::{Line, QuizLine};
use super::plan::FieldChange;
use super::{CHUNK, Row};
use crate::caption::{self, Expected, NewCaption};
use crate::quiz::{self, Question, Quiz};
use crate::trail::Change;
use crate::{Error, Result};
use entity::{LessonId, QuestionKind, caption as caption_row, lesson, question};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;

/// What the captions are called in a list of changes.
pub(super) const CAPTIONS: &str = "字幕";
/// What the quiz is called in a list of changes.
pub(super) const QUIZ: &str = "随堂测验";

/// The captions a line names.
pub(super) fn captions_of(raw: &Line, files: &Files) -> Result<Vec<NewCaption>> {
    let mut captions: Vec<NewCaption> = Vec::new();
    for line in &raw.captions {
        let language = line.language.as_ref().or(raw.language.as_ref()).map_or("普通话", String::as_str);
        let language = caption::language(language)?;
        let found = files.captions.get(&line.file);
        let found = found.ok_or_else(|| Error::invalid(CAPTIONS, format!("没有这个字幕文件“{}”", line.file)))?;
        let found = found.as_ref().map_err(|reason| Error::invalid(CAPTIONS, reason.clone()))?;
        if captions.iter().any(|other| other.language == language) {
            return Err(Error::invalid(CAPTIONS, format!("“{language}”的字幕写了两个")));
        }
        captions.push(NewCaption { language, ..found.clone() });
    }
    Ok(captions)
}

/// The quiz of a line.
pub(super) fn quiz_of(raw: &QuizLine) -> Result<Quiz> {
    let questions = (1..).zip(&raw.questions).map(|(number, line)| {
        let wrong = |reason: String| Error::invalid(QUIZ, format!("第 {number} 题：{reason}"));
        let kind = QuestionKind::parse(&line.kind).ok_or_else(|| wrong(format!("没有这个题型“{}”", line.kind)))?;
        match Question::parse(kind, &line.text, &line.choices, &line.answer, &line.explanation) {
            Ok(question) => Ok((None, question)),
            Err(Error::Invalid { reason, .. }) => Err(wrong(reason)),
            Err(other) => Err(other),
        }
    });
    let quiz = Quiz { required: raw.required, questions: questions.collect::<Result<_>>()? };
    quiz::countable(&quiz).map(|()| quiz)
}

/// The captions and questions of lessons that are here.
pub(super) struct Kept {
    captions: HashMap<(LessonId, String), String>,
    questions: HashMap<LessonId, Vec<question::Model>>,
}

impl Kept {
    /// Those of these lessons.
    pub(super) async fn of(db: &impl ConnectionTrait, lessons: &[lesson::Model]) -> Result<Self> {
        let mut kept = Self { captions: HashMap::new(), questions: HashMap::new() };
        for chunk in lessons.chunks(CHUNK) {
            let ids = || chunk.iter().map(|lesson| lesson.id);
            let captions = caption_row::Entity::find().filter(caption_row::Column::LessonId.is_in(ids()));
            for track in captions.all(db).await? {
                kept.captions.insert((track.lesson_id, track.language), track.cues);
            }
            let questions = question::Entity::find().filter(question::Column::LessonId.is_in(ids()));
            for row in questions.order_by_asc(question::Column::Position).all(db).await? {
                kept.questions.entry(row.lesson_id).or_default().push(row);
            }
        }
        Ok(kept)
    }

    /// Where a line's captions and quiz differ from those of the lesson.
    pub(super) fn changes(&self, row: &Row, old: &lesson::Model) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        let differs = |new: &&NewCaption| {
            let cues = serde_json::to_string(&new.cues).unwrap_or_default();
            self.captions.get(&(old.id, new.language.clone())) != Some(&cues)
        };
        let languages: Vec<&str> = row.captions.iter().filter(differs).map(|new| new.language.as_str()).collect();
        if !languages.is_empty() {
            changes.push(FieldChange::new(CAPTIONS, "", &languages.join("、")));
        }
        if let Some(quiz) = &row.quiz {
            let none = Vec::new();
            let was = self.questions.get(&old.id).unwrap_or(&none);
            let same = quiz.required == old.quiz_required && quiz.asks(was);
            if !same {
                let told =
                    |count: usize, required: bool| format!("{count} 题{}", if required { "，须通过" } else { "" });
                let (old, new) = (told(was.len(), old.quiz_required), told(quiz.questions.len(), quiz.required));
                changes.push(FieldChange::new(QUIZ, &old, &new));
            }
        }
        changes
    }
}

/// Writes the captions and the quiz of a line; those that are there already stay untouched.
pub(super) async fn write(txn: &impl ConnectionTrait, lesson: &lesson::Model, row: &Row, change: Change) -> Result<()> {
    let kept = Kept::of(txn, std::slice::from_ref(lesson)).await?;
    let changes = kept.changes(row, lesson);
    if changes.iter().any(|change| change.field == CAPTIONS) {
        for new in &row.captions {
            let cues = serde_json::to_string(&new.cues).unwrap_or_default();
            if kept.captions.get(&(lesson.id, new.language.clone())) != Some(&cues) {
                caption::put_within(txn, lesson.id, new.clone(), Expected::Anything, change.by, change.now).await?;
            }
        }
    }
    if let Some(quiz) = row.quiz.as_ref().filter(|_| changes.iter().any(|change| change.field == QUIZ)) {
        let quiz = quiz.in_place_of(kept.questions.get(&lesson.id).map_or(&[], Vec::as_slice));
        quiz::put_within(txn, lesson.id, quiz, lesson.version, change.by, change.now).await?;
    }
    Ok(())
}
