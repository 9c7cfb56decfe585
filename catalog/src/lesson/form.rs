//! What authors fill in: a new lesson, and a change of one. The limits are checked when they are written.

use entity::{Category, CourseId, Day, Level, UnitId};

/// What a new lesson is made of. It starts as a draft.
#[derive(Clone, Debug)]
pub struct NewLesson {
    /// The course it joins.
    pub course_id: CourseId,
    /// Its place in the course, from 1; the end when absent.
    pub position: Option<i32>,
    /// The name in addresses; made from the title when absent.
    pub slug: Option<String>,
    /// The title, 1 to 100 characters.
    pub title: String,
    /// What it teaches, at most 2,000 characters.
    pub summary: String,
    /// Transcript, or the article itself; at most 200,000 characters.
    pub body: String,
    /// What it is about; its course's category when absent.
    pub category: Option<Category>,
    /// At most 20 tags of at most 30 characters.
    pub tags: Vec<String>,
    /// The crop or animal it is about.
    pub crop: Option<String>,
    /// The solar terms or months it fits.
    pub season: Option<String>,
    /// How hard it is.
    pub level: Level,
    /// 普通话, 桂柳话, 壮语 and so on.
    pub language: String,
    /// Who teaches.
    pub lecturer: String,
    /// Where it comes from and under which right.
    pub source: String,
    /// The last day it may be shown.
    pub valid_until: Option<Day>,
    /// Its length; that of the media, or the reading time, when absent.
    pub duration_ms: Option<i64>,
    /// The blob that is played; an article lesson has none.
    pub media_sha256: Option<String>,
    /// The unit that keeps it; its course's when absent.
    pub unit_id: Option<UnitId>,
    /// Whom it is for; its course's audience when absent.
    pub audience_unit_id: Option<UnitId>,
    /// Sample text whose doses and sums are not advice.
    pub is_sample: bool,
    /// Its chapters, a line each: `1:23 What it is about`.
    pub chapters: String,
    /// The picture that stands for it.
    pub cover_sha256: Option<String>,
}

impl NewLesson {
    /// A lesson with only a title, in this course; everything else blank.
    pub fn titled(course_id: CourseId, title: &str) -> Self {
        Self {
            course_id,
            position: None,
            slug: None,
            title: title.to_owned(),
            summary: String::new(),
            body: String::new(),
            category: None,
            tags: Vec::new(),
            crop: None,
            season: None,
            level: Level::Entry,
            language: "普通话".to_owned(),
            lecturer: String::new(),
            source: String::new(),
            valid_until: None,
            duration_ms: None,
            media_sha256: None,
            unit_id: None,
            audience_unit_id: None,
            is_sample: false,
            chapters: String::new(),
            cover_sha256: None,
        }
    }
}

/// What changes in a lesson; absent fields stay. Of the doubly optional ones `Some(None)` empties the field.
#[derive(Clone, Debug, Default)]
pub struct LessonPatch {
    /// Another course.
    pub course_id: Option<CourseId>,
    /// Another place in the course.
    pub position: Option<i32>,
    /// Another name in addresses.
    pub slug: Option<String>,
    /// Another title.
    pub title: Option<String>,
    /// Another summary.
    pub summary: Option<String>,
    /// Another transcript or article.
    pub body: Option<String>,
    /// Another category.
    pub category: Option<Category>,
    /// Other tags.
    pub tags: Option<Vec<String>>,
    /// Another crop.
    pub crop: Option<Option<String>>,
    /// Another season.
    pub season: Option<Option<String>>,
    /// Another level.
    pub level: Option<Level>,
    /// Another language.
    pub language: Option<String>,
    /// Another lecturer.
    pub lecturer: Option<String>,
    /// Another source.
    pub source: Option<String>,
    /// Another last day.
    pub valid_until: Option<Option<Day>>,
    /// Another length.
    pub duration_ms: Option<i64>,
    /// Another blob.
    pub media_sha256: Option<Option<String>>,
    /// Another audience.
    pub audience_unit_id: Option<UnitId>,
    /// Other chapters.
    pub chapters: Option<String>,
    /// Another picture.
    pub cover_sha256: Option<Option<String>>,
}

impl LessonPatch {
    /// Whether it touches what a reviewer has approved; where a lesson stands on the shelf and how it is found may
    /// change without another review.
    pub(super) fn changes_content(&self) -> bool {
        self.title.is_some()
            || self.summary.is_some()
            || self.body.is_some()
            || self.category.is_some()
            || self.lecturer.is_some()
            || self.source.is_some()
            || self.duration_ms.is_some()
            || self.media_sha256.is_some()
            || self.audience_unit_id.is_some()
            || self.chapters.is_some()
            || self.cover_sha256.is_some()
    }
}
