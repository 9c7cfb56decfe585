//! What is asked for a lesson: one to be made, a change, a step on its way.

use crate::api::courses::optional_category;
use crate::error::{ApiError, ApiResult, Code};
use catalog::lesson::{LessonPatch, NewLesson};
use entity::{CourseId, Day, Level, UnitId};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// A lesson to be made.
#[derive(Deserialize, ToSchema)]
pub struct NewLessonBody {
    /// The course it joins.
    pub(crate) course_id: i64,
    /// Its place in the course, from 1; the end when absent.
    position: Option<i32>,
    /// The name in addresses; made from the title when absent.
    slug: Option<String>,
    /// The title, 1 to 100 characters.
    title: String,
    /// What it teaches, at most 2,000 characters.
    #[serde(default)]
    summary: String,
    /// Transcript or article, at most 200,000 characters.
    #[serde(default)]
    body: String,
    /// What it is about; its course's category when absent.
    category: Option<String>,
    /// At most 20 tags of at most 30 characters.
    #[serde(default)]
    tags: Vec<String>,
    /// The crop or animal it is about.
    crop: Option<String>,
    /// The solar terms or months it fits.
    season: Option<String>,
    /// `entry` (the usual), `advanced` or `expert`.
    level: Option<String>,
    /// The language it is taught in; 普通话 when absent.
    language: Option<String>,
    /// Who teaches.
    #[serde(default)]
    lecturer: String,
    /// Where it comes from and under which right.
    #[serde(default)]
    source: String,
    /// The last civil day it may be shown, as 2026-01-31.
    valid_until: Option<String>,
    /// Its length; that of the media, or the reading time, when absent.
    duration_ms: Option<i64>,
    /// The blob that is played.
    pub(crate) media_sha256: Option<String>,
    /// The unit whose subtree it is for; its course's audience when absent.
    pub(crate) audience_unit_id: Option<i64>,
    /// Sample text whose doses and sums are not advice.
    #[serde(default)]
    is_sample: bool,
    /// Its chapters, a line each: `1:23 What it is about`.
    #[serde(default)]
    chapters: String,
    /// The picture that stands for it: a blob.
    pub(crate) cover_sha256: Option<String>,
}

/// What changes in a lesson. Absent fields stay; `null` empties those that may be empty.
#[derive(Deserialize, ToSchema)]
pub struct LessonPatchBody {
    /// The version that was read.
    pub(crate) version: i32,
    /// Another course.
    pub(crate) course_id: Option<i64>,
    /// Another place in the course.
    position: Option<i32>,
    /// Another name in addresses.
    slug: Option<String>,
    /// Another title.
    title: Option<String>,
    /// Another summary.
    summary: Option<String>,
    /// Another transcript or article.
    body: Option<String>,
    /// Another category.
    category: Option<String>,
    /// Other tags.
    tags: Option<Vec<String>>,
    /// Another crop, or none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    crop: Option<Option<String>>,
    /// Another season, or none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    season: Option<Option<String>>,
    /// Another level.
    level: Option<String>,
    /// Another language.
    language: Option<String>,
    /// Another lecturer.
    lecturer: Option<String>,
    /// Another source.
    source: Option<String>,
    /// Another last day, or none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    valid_until: Option<Option<String>>,
    /// Another length.
    duration_ms: Option<i64>,
    /// Another blob, or none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) media_sha256: Option<Option<String>>,
    /// Another audience.
    pub(crate) audience_unit_id: Option<i64>,
    /// Other chapters, a line each.
    chapters: Option<String>,
    /// Another picture, or none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) cover_sha256: Option<Option<String>>,
}

/// Why a lesson is returned or withdrawn.
#[derive(Deserialize, ToSchema)]
pub struct ReasonBody {
    /// 1 to 500 characters, for its author.
    pub(crate) reason: String,
}

/// When a lesson is published.
#[derive(Default, Deserialize, ToSchema)]
pub struct PublishBody {
    /// In milliseconds since 1970, ahead and within a year; at once when absent.
    pub(crate) publish_at: Option<i64>,
}

/// Tells a field that is `null` from one that is absent.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(field).map(Some)
}

impl NewLessonBody {
    /// The lesson, once its words are understood.
    pub(crate) fn parse(self, audience: Option<UnitId>) -> ApiResult<NewLesson> {
        Ok(NewLesson {
            position: self.position,
            slug: self.slug,
            summary: self.summary,
            body: self.body,
            category: optional_category(self.category.as_deref())?,
            tags: self.tags,
            crop: self.crop,
            season: self.season,
            level: level(self.level.as_deref())?.unwrap_or(Level::Entry),
            language: self.language.unwrap_or_else(|| "普通话".to_owned()),
            lecturer: self.lecturer,
            source: self.source,
            valid_until: self.valid_until.as_deref().map(day).transpose()?,
            duration_ms: self.duration_ms,
            media_sha256: self.media_sha256,
            audience_unit_id: audience,
            is_sample: self.is_sample,
            chapters: self.chapters,
            cover_sha256: self.cover_sha256,
            ..NewLesson::titled(CourseId(self.course_id), &self.title)
        })
    }
}

impl LessonPatchBody {
    /// The change, once its words are understood.
    pub(crate) fn parse(self, audience: Option<UnitId>) -> ApiResult<LessonPatch> {
        let valid_until = match self.valid_until {
            Some(text) => Some(text.as_deref().map(day).transpose()?),
            None => None,
        };
        Ok(LessonPatch {
            course_id: self.course_id.map(CourseId),
            position: self.position,
            slug: self.slug,
            title: self.title,
            summary: self.summary,
            body: self.body,
            category: optional_category(self.category.as_deref())?,
            tags: self.tags,
            crop: self.crop,
            season: self.season,
            level: level(self.level.as_deref())?,
            language: self.language,
            lecturer: self.lecturer,
            source: self.source,
            valid_until,
            duration_ms: self.duration_ms,
            media_sha256: self.media_sha256,
            audience_unit_id: audience,
            chapters: self.chapters,
            cover_sha256: self.cover_sha256,
        })
    }
}

fn level(text: Option<&str>) -> ApiResult<Option<Level>> {
    let unknown = || ApiError::say(Code::InvalidRequest, "level 的值不在可选范围内");
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| catalog::level_named(text).ok_or_else(unknown)).transpose()
}

fn day(text: &str) -> ApiResult<Day> {
    let wrong = |_| ApiError::say(Code::InvalidRequest, "日期应写作 2026-01-31");
    Day::parse_from_str(text.trim(), "%Y-%m-%d").map_err(wrong)
}
