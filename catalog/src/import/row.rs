//! One line of an import: how it is read, checked, and compared with the lesson it may already be.

use crate::{Error, fields, slug};
use entity::{Category, Day, LessonState, Level, UnitId, lesson};
use sea_orm::ActiveValue::{NotSet, Set};
use serde::Deserialize;
use std::collections::HashMap;

/// A line that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// The fields a line may have; unknown ones are left alone.
#[derive(Deserialize)]
struct Line {
    #[serde(alias = "slug")]
    id: Option<String>,
    title: Option<String>,
    #[serde(default)]
    summary: String,
    #[serde(alias = "transcript", default)]
    body: String,
    category: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    crop: Option<String>,
    season: Option<String>,
    level: Option<String>,
    language: Option<String>,
    #[serde(default)]
    lecturer: String,
    #[serde(default)]
    source: String,
    valid_until: Option<String>,
    duration_s: Option<f64>,
    duration_ms: Option<i64>,
    #[serde(alias = "published_on")]
    published: Option<String>,
    plays: Option<i64>,
    state: Option<String>,
    #[serde(default)]
    is_sample: bool,
    media: Option<String>,
    media_sha256: Option<String>,
    course: Option<String>,
    position: Option<i32>,
    audience: Option<String>,
}

/// Reads one line, or says in Chinese why it cannot be taken.
pub(super) fn parse(
    line: usize,
    text: &str,
    blobs: &HashMap<String, String>,
    today: Day,
) -> std::result::Result<Row, String> {
    let raw: Line = serde_json::from_str(text).map_err(|error| describe(&error))?;
    let published_on = day_of("published", raw.published.as_deref())?;
    let valid_until = day_of("valid_until", raw.valid_until.as_deref())?;
    if published_on.is_some_and(|day| day > today) {
        return Err("published:发布日期在将来".to_owned());
    }
    let media_sha256 = media_of(&raw, blobs)?;
    let duration_ms = length_of(&raw)?;
    let row = checked(line, raw, media_sha256, duration_ms).map_err(|error| match error {
        Error::Invalid { field, reason } => format!("{field}：{reason}"),
        other => other.to_string(),
    })?;
    Ok(Row { published_on, valid_until, ..row })
}

fn day_of(field: &str, text: Option<&str>) -> std::result::Result<Option<Day>, String> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let day = Day::parse_from_str(text, "%Y-%m-%d");
    day.map(Some).map_err(|_| format!("{field}：日期应写作2026-01-31"))
}

fn checked(line: usize, raw: Line, media_sha256: Option<String>, duration_ms: Option<i64>) -> crate::Result<Row> {
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
        media_sha256,
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

fn media_of(raw: &Line, blobs: &HashMap<String, String>) -> std::result::Result<Option<String>, String> {
    let sha256 = match (&raw.media_sha256, &raw.media) {
        (Some(sha256), _) => sha256,
        (None, Some(path)) => blobs.get(path).unwrap_or(path),
        (None, None) => return Ok(None),
    };
    fields::sha256(sha256).map(Some).map_err(|_| format!("没有这个媒体文件：{sha256}"))
}

fn length_of(raw: &Line) -> std::result::Result<Option<i64>, String> {
    match (raw.duration_ms, raw.duration_s) {
        (Some(ms), _) => Ok(Some(ms)),
        (None, Some(seconds)) if (0.0..=1e6).contains(&seconds) => Ok(Some((seconds * 1000.0).round() as i64)),
        (None, Some(_)) => Err("duration_s:时长超出范围".to_owned()),
        (None, None) => Ok(None),
    }
}

fn category_of(text: Option<&str>) -> crate::Result<Category> {
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

fn describe(error: &serde_json::Error) -> String {
    use serde_json::error::Category as Kind;
    match error.classify() {
        Kind::Data => format!("字段的类型不对({error})"),
        Kind::Io | Kind::Syntax | Kind::Eof => "不是一行有效的JSON".to_owned(),
    }
}

impl Row {
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
            published_on: Set(self.published_on),
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
            chapters: NotSet,
            cover_sha256: NotSet,
        }
    }

    /// The names of the fields in which this line differs from the lesson that is here.
    pub(super) fn differs_from(&self, old: &lesson::Model) -> Vec<&'static str> {
        let pairs = [
            ("title", self.title != old.title),
            ("summary", self.summary != old.summary),
            ("body", self.body != old.body),
            ("category", self.category != old.category),
            ("tags", fields::tags_json(&self.tags) != old.tags),
            ("crop", self.crop != old.crop),
            ("season", self.season.is_some() && self.season != old.season),
            ("level", self.level != old.level),
            ("language", self.language != old.language),
            ("lecturer", self.lecturer != old.lecturer),
            ("source", self.source != old.source),
            ("valid_until", self.valid_until != old.valid_until),
            ("duration_ms", self.duration_ms != old.duration_ms),
            ("media", self.media_sha256 != old.media_sha256),
            ("state", self.state_named && self.state != old.state),
            ("published", self.published_on.is_some() && self.published_on != old.published_on),
            ("is_sample", self.is_sample != old.is_sample),
            ("audience", self.audience_unit.is_some_and(|unit| unit != old.audience_unit_id)),
        ];
        pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}
