//! What lessons look like on the wire, in and out.

use crate::api::courses::optional_category;
use crate::api::media::sources::Prepared;
use crate::error::{ApiError, ApiResult, Code};
use catalog::Page;
use catalog::lesson::{LessonPatch, NewLesson, tags_of};
use entity::{CourseId, Day, Level, UnitId, lesson, media};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A page of lessons.
#[derive(Serialize, ToSchema)]
pub struct LessonsAnswer {
    /// Lessons in all pages.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// Lessons of a full page.
    size: u64,
    /// The lessons.
    lessons: Vec<LessonBrief>,
}

/// A lesson in a list.
#[derive(Serialize, ToSchema)]
pub struct LessonBrief {
    /// The key.
    id: i64,
    /// The name in addresses.
    slug: String,
    /// Its course.
    course_id: i64,
    /// Its place in the course, from 1.
    position: i32,
    /// The title.
    title: String,
    /// What it teaches.
    summary: String,
    /// What it is about.
    category: &'static str,
    /// `entry`, `advanced` or `expert`.
    level: &'static str,
    /// The language it is taught in.
    language: String,
    /// Who teaches.
    lecturer: String,
    /// Its length.
    duration_ms: i64,
    /// Whether it is a recording; without one it is an article.
    has_media: bool,
    /// `draft`, `review`, `published` or `withdrawn`.
    state: &'static str,
    /// The civil day it was first published.
    published: Option<String>,
    /// How often it was played.
    plays: i64,
    /// Sample text whose doses and sums are not advice.
    is_sample: bool,
    /// To be sent back with a change.
    version: i32,
}

/// A lesson with everything in it.
#[derive(Serialize, ToSchema)]
pub struct LessonAnswer {
    /// What lists show of it.
    #[serde(flatten)]
    brief: LessonBrief,
    /// Transcript, or the article itself.
    body: String,
    /// Whether watching it alone counts only for those who pass its in-class quiz.
    quiz_required: bool,
    /// Its tags.
    tags: Vec<String>,
    /// The crop or animal it is about.
    crop: Option<String>,
    /// The solar terms or months it fits.
    season: Option<String>,
    /// Where it comes from and under which right.
    source: String,
    /// The last civil day it may be shown.
    valid_until: Option<String>,
    /// Where it plays, in the form that browsers understand; an article has none.
    media_url: Option<String>,
    /// The other forms it plays in.
    #[serde(flatten)]
    prepared: Prepared,
    /// What is played; an article has none.
    media: Option<MediaAnswer>,
    /// The unit that keeps it.
    unit_id: i64,
    /// The unit whose subtree it is for.
    audience_unit_id: i64,
    /// Why it was returned or withdrawn.
    return_reason: Option<String>,
    /// Its chapters, in order.
    chapters: Vec<ChapterAnswer>,
    /// The picture that stands for it.
    cover_url: Option<String>,
    /// When it is published by itself, in milliseconds since 1970: it is reviewed and waits for its time.
    publish_at: Option<i64>,
    /// When it last changed, in milliseconds since 1970.
    updated_at: i64,
}

/// Somebody saved a lesson meanwhile: nothing was written, and neither text is lost.
#[derive(Serialize, ToSchema)]
pub struct ConflictAnswer {
    /// `version_conflict`.
    pub(crate) code: &'static str,
    /// A Chinese sentence to show.
    pub(crate) message: &'static str,
    /// The lesson as it was saved by the other; send its version to put yours over it.
    pub(crate) current: LessonAnswer,
    /// The change as it came.
    #[schema(value_type = Object)]
    pub(crate) yours: serde_json::Value,
}

/// A part of a recording.
#[derive(Serialize, ToSchema)]
pub struct ChapterAnswer {
    /// Where it begins.
    at_ms: i64,
    /// What it is about.
    title: String,
}

/// What is played.
#[derive(Serialize, ToSchema)]
pub struct MediaAnswer {
    /// Its SHA-256 in hex.
    sha256: String,
    /// Where its bytes are.
    url: String,
    /// The type it is served as.
    mime: String,
    /// Its length in bytes.
    size_bytes: i64,
}

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

impl From<catalog::chapters::Chapter> for ChapterAnswer {
    fn from(chapter: catalog::chapters::Chapter) -> Self {
        Self { at_ms: chapter.at_ms, title: chapter.title }
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

impl From<Page<lesson::Model>> for LessonsAnswer {
    fn from(found: Page<lesson::Model>) -> Self {
        let lessons = found.items.into_iter().map(LessonBrief::from).collect();
        Self { total: found.total, page: found.page, size: found.size, lessons }
    }
}

impl From<lesson::Model> for LessonBrief {
    fn from(lesson: lesson::Model) -> Self {
        Self {
            id: lesson.id.0,
            slug: lesson.slug,
            course_id: lesson.course_id.0,
            position: lesson.position,
            title: lesson.title,
            summary: lesson.summary,
            category: lesson.category.as_str(),
            level: lesson.level.as_str(),
            language: lesson.language,
            lecturer: lesson.lecturer,
            duration_ms: lesson.duration_ms,
            has_media: lesson.media_sha256.is_some(),
            state: lesson.state.as_str(),
            published: lesson.published_on.map(|day| day.to_string()),
            plays: lesson.plays,
            is_sample: lesson.is_sample,
            version: lesson.version,
        }
    }
}

impl LessonAnswer {
    /// A lesson with the blob it plays and what was made of it.
    pub(crate) fn of(lesson: lesson::Model, blob: Option<media::Model>, prepared: Prepared) -> Self {
        let media = blob.map(|blob| MediaAnswer {
            url: format!("/media/{}", blob.sha256),
            sha256: blob.sha256,
            mime: blob.mime,
            size_bytes: blob.size_bytes,
        });
        Self {
            body: lesson.body.clone(),
            quiz_required: lesson.quiz_required,
            tags: tags_of(&lesson),
            crop: lesson.crop.clone(),
            season: lesson.season.clone(),
            source: lesson.source.clone(),
            valid_until: lesson.valid_until.map(|day| day.to_string()),
            media_url: prepared.media_url().or(media.as_ref().map(|media| media.url.clone())),
            prepared,
            media,
            unit_id: lesson.unit_id.0,
            audience_unit_id: lesson.audience_unit_id.0,
            return_reason: lesson.return_reason.clone(),
            chapters: catalog::chapters::of(&lesson.chapters).into_iter().map(ChapterAnswer::from).collect(),
            cover_url: lesson.cover_sha256.as_ref().map(|sha256| format!("/media/{sha256}")),
            publish_at: lesson.publish_at.map(|at| at.0),
            updated_at: lesson.updated_at.0,
            brief: lesson.into(),
        }
    }
}
