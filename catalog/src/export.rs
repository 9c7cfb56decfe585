//! Lessons as the lines that `import` takes, and the files that those lines name.
//!
//! One lesson at a time, so that a long course is never held whole. What depends on this server stays here: ids, plays,
//! who keeps a lesson and for whom it is.

use crate::import::line::{CaptionLine, Line, QuestionLine, QuizLine, VoiceLine};
use crate::lesson::tags_of;
use crate::quiz::Quiz;
use crate::{Result, caption, lesson, voice};
use entity::{LessonId, LessonState, caption::Cue, course, media};
use sea_orm::{ConnectionTrait, EntityTrait};
use std::collections::BTreeMap;

/// What a lesson is made of.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Its line.
    pub line: Line,
    /// The SHA-256 of each recording, voice and picture, by the name its line gives it.
    pub media: BTreeMap<String, String>,
    /// The cues of each track, by the name its line gives it.
    pub captions: BTreeMap<String, Vec<Cue>>,
}

/// The line of a course.
pub fn course(course: &course::Model) -> Line {
    Line {
        kind: Some("course".to_owned()),
        id: Some(course.slug.clone()),
        title: Some(course.title.clone()),
        summary: course.summary.clone(),
        category: Some(course.category.as_str().to_owned()),
        ..Line::default()
    }
}

/// A lesson, in the course of this title.
///
/// # Errors
/// When the lesson is gone or the database fails.
pub async fn lesson(db: &impl ConnectionTrait, id: LessonId, course: &str) -> Result<Exported> {
    let row = lesson::get(db, id).await?;
    let mut media = BTreeMap::new();
    let film = named(db, "media", &row.slug, row.media_sha256.as_deref(), &mut media).await?;
    let cover = named(db, "covers", &row.slug, row.cover_sha256.as_deref(), &mut media).await?;
    let mut captions = BTreeMap::new();
    let mut tracks = Vec::new();
    for track in caption::of_lesson(db, &row).await? {
        let file = format!("captions/{}.{}.vtt", row.slug, track.language);
        captions.insert(file.clone(), track.read_cues());
        tracks.push(CaptionLine { language: Some(track.language), file });
    }
    let mut voices = Vec::new();
    for (voice, blob) in voice::of_lesson(db, &row).await? {
        let name = format!("{}.{}", row.slug, voice.language);
        let file = named(db, "voices", &name, Some(&blob.sha256), &mut media).await?;
        voices.extend(file.map(|file| VoiceLine { language: voice.language, file }));
    }
    // What waits for review here is a draft anywhere else; what was published stays so where the operator says it.
    let state = Some(row.state).filter(|state| matches!(state, LessonState::Draft | LessonState::Withdrawn));
    let line = Line {
        tags: tags_of(&row),
        quiz: quiz(&Quiz::of(db, &row).await?),
        id: Some(row.slug),
        title: Some(row.title),
        summary: row.summary,
        body: row.body,
        category: Some(row.category.as_str().to_owned()),
        crop: row.crop,
        season: row.season,
        level: Some(row.level.as_str().to_owned()),
        language: Some(row.language),
        lecturer: row.lecturer,
        source: row.source,
        valid_until: row.valid_until.map(|day| day.to_string()),
        duration_ms: Some(row.duration_ms),
        published: row.published_on.filter(|_| row.state == LessonState::Published).map(|day| day.to_string()),
        state: state.map(|state| state.as_str().to_owned()),
        is_sample: row.is_sample,
        media: film,
        media_sha256: row.media_sha256,
        cover,
        chapters: Some(row.chapters).filter(|text| !text.is_empty()),
        captions: tracks,
        voices,
        course: Some(course.to_owned()),
        position: Some(row.position),
        ..Line::default()
    };
    Ok(Exported { line, media, captions })
}

/// Names a blob by its folder and stem, with the ending it came with.
async fn named(
    db: &impl ConnectionTrait,
    folder: &str,
    stem: &str,
    sha256: Option<&str>,
    media: &mut BTreeMap<String, String>,
) -> Result<Option<String>> {
    let Some(sha256) = sha256 else { return Ok(None) };
    let Some(blob) = media::Entity::find_by_id(sha256).one(db).await? else { return Ok(None) };
    let ending = blob.filename.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let plain = |ending: &String| ending.len() <= 8 && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let name = format!("{folder}/{stem}.{}", ending.filter(plain).unwrap_or_else(|| "bin".to_owned()));
    media.insert(name.clone(), blob.sha256);
    Ok(Some(name))
}

fn quiz(quiz: &Quiz) -> Option<QuizLine> {
    let question = |question: &crate::quiz::Question| QuestionLine {
        kind: question.kind.as_str().to_owned(),
        text: question.text.clone(),
        choices: question.choices.clone(),
        answer: question.answer.clone(),
        explanation: question.explanation.clone(),
    };
    let questions: Vec<_> = quiz.questions.iter().map(|(_, one)| question(one)).collect();
    (!questions.is_empty()).then_some(QuizLine { required: quiz.required, questions })
}
