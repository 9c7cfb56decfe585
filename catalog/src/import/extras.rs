//! What hangs on a lesson beside its row: captions, voices and the quiz, read from a line, compared, and written.

use super::files::Files;
use super::line::{Line, QuizLine};
use super::plan::FieldChange;
use super::{CHUNK, Row};
use crate::caption::{self, NewCaption};
use crate::quiz::{self, Question, Quiz};
use crate::track::{self, Expected};
use crate::trail::Change;
use crate::voice::{self, NewVoice};
use crate::{Error, Result};
use entity::{LessonId, QuestionKind, caption as caption_row, lesson, question, voice as voice_row};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;

/// What the captions are called in a list of changes.
const CAPTIONS: &str = "字幕";
/// What the voices are called in a list of changes.
const VOICES: &str = "语言配音";
/// What the quiz is called in a list of changes.
const QUIZ: &str = "随堂测验";
/// What may change of a lesson without its row.
pub(super) const FIELDS: [&str; 3] = [CAPTIONS, VOICES, QUIZ];

/// Whether anything hangs on a line.
pub(super) fn any(row: &Row) -> bool {
    row.quiz.is_some() || !row.captions.is_empty() || !row.voices.is_empty()
}

/// The captions a line names.
pub(super) fn captions_of(raw: &Line, files: &Files) -> Result<Vec<NewCaption>> {
    let mut captions: Vec<NewCaption> = Vec::new();
    for line in &raw.captions {
        let language = line.language.as_ref().or(raw.language.as_ref()).map_or("普通话", String::as_str);
        let language = track::language(language)?;
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

/// The voices a line names.
pub(super) fn voices_of(raw: &Line, files: &Files) -> Result<Vec<NewVoice>> {
    let own = raw.language.as_deref().unwrap_or("普通话");
    let plays = raw.media.is_some() || raw.media_sha256.is_some();
    let mut voices: Vec<NewVoice> = Vec::new();
    for line in &raw.voices {
        let language = track::language(&line.language)?;
        voice::fits(plays, own, &language)?;
        let wrong = |reason: String| Error::invalid(VOICES, reason);
        let sound = match files.media.get(&line.file) {
            Some(Ok(found)) if voice::is_sound(&found.mime) => found,
            Some(Ok(_)) => return Err(wrong(format!("“{}”不是录音文件", line.file))),
            Some(Err(reason)) => return Err(wrong(reason.clone())),
            None => return Err(wrong(format!("没有这个录音文件“{}”", line.file))),
        };
        if voices.iter().any(|other| other.language == language) {
            return Err(wrong(format!("“{language}”的配音写了两个")));
        }
        voices.push(NewVoice { language, media_sha256: sound.sha256.clone() });
    }
    Ok(voices)
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

/// The captions, voices and questions of lessons that are here.
pub(super) struct Kept {
    captions: HashMap<(LessonId, String), String>,
    voices: HashMap<(LessonId, String), String>,
    questions: HashMap<LessonId, Vec<question::Model>>,
}

impl Kept {
    /// Those of these lessons.
    pub(super) async fn of(db: &impl ConnectionTrait, lessons: &[lesson::Model]) -> Result<Self> {
        let mut kept = Self { captions: HashMap::new(), voices: HashMap::new(), questions: HashMap::new() };
        for chunk in lessons.chunks(CHUNK) {
            let ids = || chunk.iter().map(|lesson| lesson.id);
            let captions = caption_row::Entity::find().filter(caption_row::Column::LessonId.is_in(ids()));
            for track in captions.all(db).await? {
                kept.captions.insert((track.lesson_id, track.language), track.cues);
            }
            let voices = voice_row::Entity::find().filter(voice_row::Column::LessonId.is_in(ids()));
            for voice in voices.all(db).await? {
                kept.voices.insert((voice.lesson_id, voice.language), voice.media_sha256);
            }
            let questions = question::Entity::find().filter(question::Column::LessonId.is_in(ids()));
            for row in questions.order_by_asc(question::Column::Position).all(db).await? {
                kept.questions.entry(row.lesson_id).or_default().push(row);
            }
        }
        Ok(kept)
    }

    /// Where a line's captions, voices and quiz differ from those of the lesson.
    pub(super) fn changes(&self, row: &Row, old: &lesson::Model) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        let captions: Vec<&str> = self.new_captions(row, old).map(|new| new.language.as_str()).collect();
        let voices: Vec<&str> = self.new_voices(row, old).map(|new| new.language.as_str()).collect();
        for (field, languages) in [(CAPTIONS, captions), (VOICES, voices)] {
            if !languages.is_empty() {
                changes.push(FieldChange::new(field, "", &languages.join("、")));
            }
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

    /// The captions of a line that the lesson does not have so.
    fn new_captions<'a>(&self, row: &'a Row, old: &lesson::Model) -> impl Iterator<Item = &'a NewCaption> {
        row.captions.iter().filter(move |new| {
            let cues = serde_json::to_string(&new.cues).unwrap_or_default();
            self.captions.get(&(old.id, new.language.clone())) != Some(&cues)
        })
    }

    /// The voices of a line that the lesson does not have so.
    fn new_voices<'a>(&self, row: &'a Row, old: &lesson::Model) -> impl Iterator<Item = &'a NewVoice> {
        row.voices.iter().filter(move |new| self.voices.get(&(old.id, new.language.clone())) != Some(&new.media_sha256))
    }
}

/// Writes the captions, the voices and the quiz of a line; those that are there already stay untouched.
pub(super) async fn write(txn: &impl ConnectionTrait, lesson: &lesson::Model, row: &Row, change: Change) -> Result<()> {
    let kept = Kept::of(txn, std::slice::from_ref(lesson)).await?;
    let changes = kept.changes(row, lesson);
    for new in kept.new_captions(row, lesson) {
        caption::put_within(txn, lesson.id, new.clone(), Expected::Anything, change.by, change.now).await?;
    }
    for new in kept.new_voices(row, lesson) {
        voice::put_within(txn, lesson.id, new.clone(), Expected::Anything, change.by, change.now).await?;
    }
    if let Some(quiz) = row.quiz.as_ref().filter(|_| changes.iter().any(|change| change.field == QUIZ)) {
        let quiz = quiz.in_place_of(kept.questions.get(&lesson.id).map_or(&[], Vec::as_slice));
        quiz::put_within(txn, lesson.id, quiz, lesson.version, change.by, change.now).await?;
    }
    Ok(())
}
