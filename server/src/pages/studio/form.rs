//! What is typed into the lesson editor, as text; what of it is to be written is `written`.
//!
//! The text survives every failure: it is drawn again as it was typed, with what is wrong beside each field.

use crate::error::{ApiError, ApiResult};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use catalog::history::Snapshot;
use catalog::lesson::tags_of;
use chrono::{NaiveDateTime, NaiveTime};
use entity::{Level, Moment, UnitId, lesson};
use serde::Deserialize;

mod written;

pub use written::Parsed;

/// 200,000 characters of three bytes each, percent-encoded, and the rest of the form.
const FORM_BYTES: usize = 2_500_000;

/// The fields of the editor, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LessonForm {
    /// The title.
    pub title: String,
    /// What it teaches.
    pub summary: String,
    /// Transcript or article.
    pub body: String,
    /// The id of the chosen course.
    pub course_id: String,
    /// The title of a course to be made for it; wins over the chosen one.
    pub new_course: String,
    /// The category's word.
    pub category: String,
    /// The level's word.
    pub level: String,
    /// The crop or animal.
    pub crop: String,
    /// Solar terms or months.
    pub season: String,
    /// Tags, apart by spaces or commas.
    pub tags: String,
    /// The language.
    pub language: String,
    /// Who teaches.
    pub lecturer: String,
    /// Where it comes from.
    pub source: String,
    /// `2026-12-31`, or blank.
    pub valid_until: String,
    /// The id of the audience unit.
    pub audience_unit_id: String,
    /// The chapters, a line each.
    pub chapters: String,
    /// The picture that stands for it, or blank.
    pub cover_sha256: String,
    /// The blob that is played, or blank.
    pub media_sha256: String,
    /// Why it is returned or withdrawn.
    pub reason: String,
    /// When to publish, `2026-12-01T08:00` in Shanghai; blank for at once.
    pub publish_at: String,
    /// The version the page was drawn from.
    pub version: String,
    /// Which button was pressed.
    pub action: String,
}

impl LessonForm {
    /// Read the form; larger than other forms, because an article may be.
    ///
    /// # Errors
    /// `too_large`, or `invalid_request` for something that is no such form.
    pub async fn read(request: &HttpRequest, payload: &mut Payload) -> ApiResult<Self> {
        let form = actix_web::dev::UrlEncoded::<Self>::new(request, payload).limit(FORM_BYTES);
        let mut form = form.await.map_err(ApiError::from)?;
        // A form's line ends are CR LF (HTML, form submission); kept text has LF, so that unchanged stays unchanged.
        form.body = form.body.replace("\r\n", "\n");
        form.summary = form.summary.replace("\r\n", "\n");
        form.chapters = form.chapters.replace("\r\n", "\n");
        Ok(form)
    }

    /// The form as a new lesson finds it.
    pub fn blank(audience: Option<UnitId>) -> Self {
        Self {
            language: "普通话".to_owned(),
            level: Level::Entry.as_str().to_owned(),
            audience_unit_id: audience.map(|id| id.to_string()).unwrap_or_default(),
            version: "0".to_owned(),
            ..Self::default()
        }
    }

    /// The form of a lesson as it is kept.
    pub fn of(row: &lesson::Model) -> Self {
        Self {
            title: row.title.clone(),
            summary: row.summary.clone(),
            body: row.body.clone(),
            course_id: row.course_id.to_string(),
            category: row.category.as_str().to_owned(),
            level: row.level.as_str().to_owned(),
            crop: row.crop.clone().unwrap_or_default(),
            season: row.season.clone().unwrap_or_default(),
            tags: tags_of(row).join(" "),
            language: row.language.clone(),
            lecturer: row.lecturer.clone(),
            source: row.source.clone(),
            valid_until: row.valid_until.map(|day| day.to_string()).unwrap_or_default(),
            audience_unit_id: row.audience_unit_id.to_string(),
            chapters: row.chapters.clone(),
            cover_sha256: row.cover_sha256.clone().unwrap_or_default(),
            media_sha256: row.media_sha256.clone().unwrap_or_default(),
            version: row.version.to_string(),
            ..Self::default()
        }
    }

    /// The form as it was drawn from an older version of a lesson.
    fn of_version(was: &Snapshot) -> Self {
        Self {
            title: was.title.clone(),
            summary: was.summary.clone(),
            body: was.body.clone(),
            chapters: was.chapters.clone(),
            course_id: was.course_id.to_string(),
            category: was.category.clone(),
            level: was.level.clone(),
            crop: was.crop.clone().unwrap_or_default(),
            season: was.season.clone().unwrap_or_default(),
            tags: was.tags.join(" "),
            language: was.language.clone(),
            lecturer: was.lecturer.clone(),
            source: was.source.clone(),
            valid_until: was.valid_until.clone().unwrap_or_default(),
            audience_unit_id: was.audience_unit_id.to_string(),
            media_sha256: was.media_sha256.clone().unwrap_or_default(),
            cover_sha256: was.cover_sha256.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Take over what somebody else saved in the fields that this writer left as they were drawn.
    pub fn take_over(&mut self, drawn_from: &Snapshot, saved: &lesson::Model) {
        let (mut was, mut theirs) = (Self::of_version(drawn_from), Self::of(saved));
        let pairs = was.fields().into_iter().zip(theirs.fields());
        for (mine, (was, theirs)) in self.fields().into_iter().zip(pairs) {
            if mine.trim() == was.trim() {
                mine.clone_from(theirs);
            }
        }
    }

    fn fields(&mut self) -> [&mut String; 17] {
        [
            &mut self.title,
            &mut self.summary,
            &mut self.body,
            &mut self.chapters,
            &mut self.course_id,
            &mut self.category,
            &mut self.level,
            &mut self.crop,
            &mut self.season,
            &mut self.tags,
            &mut self.language,
            &mut self.lecturer,
            &mut self.source,
            &mut self.valid_until,
            &mut self.audience_unit_id,
            &mut self.media_sha256,
            &mut self.cover_sha256,
        ]
    }

    /// The text fields with the names people know them by, for comparing two states of a lesson.
    pub fn named(&self) -> [(&'static str, &str); 13] {
        [
            ("标题", &self.title),
            ("简介", &self.summary),
            ("正文", &self.body),
            ("章节", &self.chapters),
            ("类别", &self.category),
            ("难度", &self.level),
            ("作物或畜禽", &self.crop),
            ("适用时节", &self.season),
            ("标签", &self.tags),
            ("语言", &self.language),
            ("主讲人", &self.lecturer),
            ("来源与授权", &self.source),
            ("有效期至", &self.valid_until),
        ]
    }

    /// When to publish: `None` for at once.
    ///
    /// # Errors
    /// A sentence for the field, when it is no time.
    pub fn publish_at(&self) -> Result<Option<Moment>, &'static str> {
        let text = self.publish_at.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").map_err(|_| "时间应写成 2026-12-01T08:00")?;
        let into_day_ms = at.signed_duration_since(at.date().and_time(NaiveTime::MIN)).num_milliseconds();
        Ok(Some(Moment::start_of(at.date()).plus_ms(into_day_ms)))
    }

    /// The version the writer saw.
    pub fn version(&self) -> i32 {
        self.version.parse().unwrap_or(0)
    }

    /// Take the reviewed content from the kept lesson: of a published one only the rest may change.
    pub fn keep_content(&mut self, old: &lesson::Model) {
        let was = Self::of(old);
        let Self { course_id, new_course, level, crop, season, tags, language, valid_until, .. } = self.clone();
        let Self { reason, version, action, .. } = self.clone();
        *self = Self {
            course_id,
            new_course,
            level,
            crop,
            season,
            tags,
            language,
            valid_until,
            reason,
            version,
            action,
            ..was
        };
    }
}
