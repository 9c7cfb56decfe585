//! What is typed into the lesson editor, as text; and what of it is to be written.
//!
//! The text survives every failure: it is drawn again as it was typed, with what is wrong beside each field.

use crate::error::{ApiError, ApiResult};
use crate::pages::choose::Errors;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use catalog::history::Snapshot;
use catalog::lesson::{LessonPatch, NewLesson, tags_of};
use chrono::{NaiveDateTime, NaiveTime};
use entity::{Category, CourseId, Day, Level, Moment, UnitId, lesson};
use serde::Deserialize;

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

/// The fields that are not plain text, read.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The category.
    pub category: Category,
    level: Level,
    valid_until: Option<Day>,
    /// Whom it is for.
    pub audience: Option<UnitId>,
    tags: Vec<String>,
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

    /// The fields that are not plain text, or what is wrong with them.
    pub fn parse(&self, errors: &mut Errors) -> Option<Parsed> {
        let category = Category::parse(&self.category);
        if category.is_none() {
            errors.put("category", "请选择类别");
        }
        let valid_until = match self.valid_until.trim() {
            "" => None,
            text => match text.parse() {
                Ok(day) => Some(day),
                Err(_) => {
                    errors.put("valid_until", "日期应写成 2026-12-31");
                    None
                }
            },
        };
        let tags = self.tags.split(|c: char| c.is_whitespace() || "、,，;；".contains(c));
        Some(Parsed {
            category: category?,
            level: Level::parse(&self.level).unwrap_or(Level::Entry),
            valid_until,
            audience: self.audience_unit_id.parse().ok(),
            tags: tags.map(str::to_owned).filter(|tag| !tag.is_empty()).collect(),
        })
    }

    /// A new lesson of this form.
    pub fn to_new(&self, course: CourseId, parsed: Parsed) -> NewLesson {
        NewLesson {
            summary: self.summary.clone(),
            body: self.body.clone(),
            category: Some(parsed.category),
            tags: parsed.tags,
            crop: Some(self.crop.clone()),
            season: Some(self.season.clone()),
            level: parsed.level,
            language: self.language.clone(),
            lecturer: self.lecturer.clone(),
            source: self.source.clone(),
            valid_until: parsed.valid_until,
            media_sha256: filled(&self.media_sha256),
            audience_unit_id: parsed.audience,
            chapters: self.chapters.clone(),
            cover_sha256: filled(&self.cover_sha256),
            ..NewLesson::titled(course, &self.title)
        }
    }

    /// What this form changes in a kept lesson.
    pub fn to_patch(&self, old: &lesson::Model, course: CourseId, parsed: Parsed) -> LessonPatch {
        let was = Self::of(old);
        let text = |new: &String, was: &String| (new.trim() != was.trim()).then(|| new.clone());
        let maybe = |new: &String, was: &String| text(new, was).map(|text| filled(&text));
        LessonPatch {
            course_id: (course != old.course_id).then_some(course),
            title: text(&self.title, &was.title),
            summary: text(&self.summary, &was.summary),
            body: text(&self.body, &was.body),
            category: (parsed.category != old.category).then_some(parsed.category),
            tags: (parsed.tags != tags_of(old)).then_some(parsed.tags),
            crop: maybe(&self.crop, &was.crop),
            season: maybe(&self.season, &was.season),
            level: (parsed.level != old.level).then_some(parsed.level),
            language: text(&self.language, &was.language),
            lecturer: text(&self.lecturer, &was.lecturer),
            source: text(&self.source, &was.source),
            valid_until: (parsed.valid_until != old.valid_until).then_some(parsed.valid_until),
            media_sha256: maybe(&self.media_sha256, &was.media_sha256),
            audience_unit_id: parsed.audience.filter(|unit| *unit != old.audience_unit_id),
            chapters: text(&self.chapters, &was.chapters),
            cover_sha256: maybe(&self.cover_sha256, &was.cover_sha256),
            ..LessonPatch::default()
        }
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

fn filled(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
