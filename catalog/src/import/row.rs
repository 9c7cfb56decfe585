//! One line of an import: how it is checked, and what it makes of a lesson.

use super::line::Line;
use super::{Files, Terms, extras};
use crate::caption::NewCaption;
use crate::quiz::Quiz;
use crate::voice::NewVoice;
use crate::{Error, chapters, fields, slug};
use entity::{Category, Day, LessonState, Level, UnitId, lesson};
use sea_orm::ActiveValue::{NotSet, Set};

/// A line that can be taken.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number in the file, from 1.
    pub line: usize,
    /// The name in addresses, and what tells the lesson apart.
    pub slug: String,
    /// The title.
    pub title: String,
    /// The summary.
    pub summary: String,
    /// Transcript or article.
    pub body: String,
    /// The category.
    pub category: Category,
    /// The tags.
    pub tags: Vec<String>,
    /// The crop or animal.
    pub crop: Option<String>,
    /// The season; `None` leaves what is there.
    pub season: Option<String>,
    /// How hard it is.
    pub level: Level,
    /// The language taught in.
    pub language: String,
    /// Who teaches.
    pub lecturer: String,
    /// Where it comes from.
    pub source: String,
    /// The last day it may be shown.
    pub valid_until: Option<Day>,
    /// Its length.
    pub duration_ms: i64,
    /// The blob that is played.
    pub media_sha256: Option<String>,
    /// Its picture; `None` leaves what is there.
    pub cover_sha256: Option<String>,
    /// Its chapters; `None` leaves what is there.
    pub chapters: Option<String>,
    /// Captions that take the place of those in their languages.
    pub captions: Vec<NewCaption>,
    /// Voices that take the place of those in their languages.
    pub voices: Vec<NewVoice>,
    /// The quiz that takes the place of the one there is.
    pub quiz: Option<Quiz>,
    /// The state to have; a state it does not name follows from `published_on`.
    pub state: LessonState,
    /// Whether the line named a state.
    pub state_named: bool,
    /// The day it was published.
    pub published_on: Option<Day>,
    /// Plays counted elsewhere; taken once, when the lesson is added.
    pub plays: Option<i64>,
    /// Sample text.
    pub is_sample: bool,
    /// The title of its course; its category's course when absent.
    pub course: Option<String>,
    /// Its place in the course.
    pub position: Option<i32>,
    /// The code of the unit whose subtree it is for.
    pub audience_code: Option<String>,
    /// The unit with that code, once looked up.
    pub audience_unit: Option<UnitId>,
}

/// Reads one line, or says in Chinese why it cannot be taken.
pub(super) fn parse(line: usize, raw: Line, files: &Files, today: Day) -> std::result::Result<Row, String> {
    let published_on = day_of("published", raw.published.as_deref())?;
    let valid_until = day_of("valid_until", raw.valid_until.as_deref())?;
    if published_on.is_some_and(|day| day > today) {
        return Err("published:发布日期在将来".to_owned());
    }
    let media_sha256 = media_of(&raw, files)?;
    let cover_sha256 = cover_of(&raw, files)?;
    let duration_ms = length_of(&raw)?;
    let row = checked(line, raw, files, duration_ms).map_err(in_words)?;
    Ok(Row { published_on, valid_until, media_sha256, cover_sha256, ..row })
}

/// What is wrong with a field, as a line of a manifest says it.
pub(super) fn in_words(error: Error) -> String {
    match error {
        Error::Invalid { field, reason } => format!("{}：{reason}", label(field)),
        other => other.to_string(),
    }
}

/// What people call a field.
fn label(field: &'static str) -> &'static str {
    match field {
        "title" => "标题",
        "summary" => "简介",
        "body" => "正文",
        "category" => "类别",
        "tags" => "标签",
        "level" => "难度",
        "chapters" => "章节",
        "slug" => "编号",
        other => other,
    }
}

pub(super) fn day_of(field: &str, text: Option<&str>) -> std::result::Result<Option<Day>, String> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let day = Day::parse_from_str(text, "%Y-%m-%d");
    day.map(Some).map_err(|_| format!("{field}：日期应写作 2026-01-31"))
}

fn checked(line: usize, raw: Line, files: &Files, duration_ms: Option<i64>) -> crate::Result<Row> {
    let title = fields::title(raw.title.as_deref().unwrap_or_default())?;
    let body = fields::body(&raw.body)?;
    let (state, state_named) = state_of(&raw)?;
    Ok(Row {
        line,
        slug: match raw.id.as_deref() {
            Some(text) => slug::parse(text)?,
            None => slug::from_title(&title, 1),
        },
        title,
        summary: fields::summary(&raw.summary)?,
        category: category_of(raw.category.as_deref())?,
        tags: fields::tags(&raw.tags)?,
        crop: fields::short_or_none("crop", raw.crop.as_deref())?,
        season: fields::short_or_none("season", raw.season.as_deref())?,
        level: level_of(raw.level.as_deref())?,
        language: fields::short("language", raw.language.as_deref().unwrap_or("普通话"))?,
        lecturer: fields::short("lecturer", &raw.lecturer)?,
        source: fields::source(&raw.source)?,
        valid_until: None,
        duration_ms: fields::duration_ms(duration_ms.unwrap_or_else(|| fields::reading_ms(&body)))?,
        body,
        media_sha256: None,
        cover_sha256: None,
        captions: extras::captions_of(&raw, files)?,
        voices: extras::voices_of(&raw, files)?,
        quiz: raw.quiz.as_ref().map(extras::quiz_of).transpose()?,
        chapters: raw.chapters.as_deref().map(chapters::checked).transpose()?,
        state,
        state_named,
        published_on: None,
        plays: raw.plays.map(|plays| plays.max(0)),
        is_sample: raw.is_sample,
        course: raw.course.as_deref().map(fields::title).transpose()?,
        position: raw.position.map(|position| position.clamp(1, 1_000_000)),
        audience_code: fields::short_or_none("audience", raw.audience.as_deref())?,
        audience_unit: None,
    })
}

fn media_of(raw: &Line, files: &Files) -> std::result::Result<Option<String>, String> {
    let stated = raw.media_sha256.as_deref().map(fields::sha256).transpose();
    let stated =
        stated.map_err(|_| format!("没有这个媒体文件：{}", raw.media_sha256.as_deref().unwrap_or_default()))?;
    let found = match raw.media.as_ref().map(|name| (name, files.media.get(name))) {
        Some((_, Some(Ok(found)))) => Some(found.sha256.clone()),
        // A thin package: the recording itself is here already.
        Some((_, Some(Err(_)) | None)) if stated.as_ref().is_some_and(|sha256| files.may_use(sha256)) => None,
        Some((_, Some(Err(reason)))) => return Err(reason.clone()),
        Some((name, None)) => return Err(format!("没有这个媒体文件：{name}")),
        None => None,
    };
    match (found, stated) {
        (Some(found), Some(stated)) if found != stated => Err("文件的内容与清单里写的 SHA-256 不符".to_owned()),
        (None, Some(stated)) if !files.may_use(&stated) => Err(format!("没有这个媒体文件：{stated}")),
        (found, stated) => Ok(found.or(stated)),
    }
}

fn cover_of(raw: &Line, files: &Files) -> std::result::Result<Option<String>, String> {
    let Some(name) = &raw.cover else { return Ok(None) };
    match files.media.get(name) {
        Some(Ok(found)) if found.mime.starts_with("image/") => Ok(Some(found.sha256.clone())),
        Some(Ok(_)) => Err(format!("封面须是图片：{name}")),
        Some(Err(reason)) => Err(reason.clone()),
        None => Err(format!("没有这个封面文件：{name}")),
    }
}

fn length_of(raw: &Line) -> std::result::Result<Option<i64>, String> {
    match (raw.duration_ms, raw.duration_s) {
        (Some(ms), _) => Ok(Some(ms)),
        (None, Some(seconds)) if (0.0..=1e6).contains(&seconds) => Ok(Some((seconds * 1000.0).round() as i64)),
        (None, Some(_)) => Err("duration_s:时长超出范围".to_owned()),
        (None, None) => Ok(None),
    }
}

pub(super) fn category_of(text: Option<&str>) -> crate::Result<Category> {
    let text = text.map(str::trim).unwrap_or_default();
    fields::category_named(text).ok_or_else(|| Error::invalid("category", format!("没有这个分类“{}”", brief(text))))
}

fn level_of(text: Option<&str>) -> crate::Result<Level> {
    match text.map(str::trim) {
        None | Some("") => Ok(Level::Entry),
        Some(text) => {
            fields::level_named(text).ok_or_else(|| Error::invalid("level", format!("没有这个难度“{}”", brief(text))))
        }
    }
}

fn state_of(raw: &Line) -> crate::Result<(LessonState, bool)> {
    match raw.state.as_deref().map(str::trim) {
        None | Some("") if raw.published.is_some() => Ok((LessonState::Published, false)),
        None | Some("") => Ok((LessonState::Draft, false)),
        Some(text) => match LessonState::parse(text) {
            Some(state) => Ok((state, true)),
            None => Err(Error::invalid("state", format!("没有这个状态“{}”", brief(text)))),
        },
    }
}

fn brief(text: &str) -> String {
    text.chars().take(20).collect()
}

impl Row {
    /// The row as these terms let it in: an author's lessons are drafts, whatever the line says.
    pub(super) fn on(self, terms: &Terms) -> Self {
        match terms {
            Terms::Operator => self,
            Terms::Author(_) => {
                Self { state: LessonState::Draft, state_named: false, published_on: None, plays: None, ..self }
            }
        }
    }

    /// The columns this line decides, for an insert or an update alike.
    pub(super) fn columns(&self) -> lesson::ActiveModel {
        lesson::ActiveModel {
            id: NotSet,
            slug: NotSet,
            course_id: NotSet,
            position: NotSet,
            title: Set(self.title.clone()),
            summary: Set(self.summary.clone()),
            body: Set(self.body.clone()),
            category: Set(self.category),
            tags: Set(fields::tags_json(&self.tags)),
            crop: Set(self.crop.clone()),
            season: Set(self.season.clone()),
            level: Set(self.level),
            language: Set(self.language.clone()),
            lecturer: Set(self.lecturer.clone()),
            source: Set(self.source.clone()),
            valid_until: Set(self.valid_until),
            duration_ms: Set(self.duration_ms),
            media_sha256: Set(self.media_sha256.clone()),
            state: if self.state_named { Set(self.state) } else { NotSet },
            unit_id: NotSet,
            audience_unit_id: NotSet,
            published_on: self.published_on.map_or(NotSet, |day| Set(Some(day))),
            plays: NotSet,
            is_sample: Set(self.is_sample),
            return_reason: NotSet,
            created_by: NotSet,
            reviewed_by: NotSet,
            updated_at: NotSet,
            version: NotSet,
            quiz_required: NotSet,
            submitted_by: NotSet,
            publish_at: NotSet,
            chapters: self.chapters.clone().map_or(NotSet, Set),
            cover_sha256: self.cover_sha256.clone().map_or(NotSet, |sha256| Set(Some(sha256))),
        }
    }
}
