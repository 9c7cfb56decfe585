//! What is answered about lessons: in a list, in full, and when two people saved one.

use crate::api::media::sources::Prepared;
use catalog::Page;
use catalog::lesson::tags_of;
use entity::{lesson, media};
use serde::Serialize;
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

impl From<catalog::chapters::Chapter> for ChapterAnswer {
    fn from(chapter: catalog::chapters::Chapter) -> Self {
        Self { at_ms: chapter.at_ms, title: chapter.title }
    }
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
