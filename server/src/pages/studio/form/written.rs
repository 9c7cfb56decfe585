//! What of the form is to be written: a new lesson, or what changes in a kept one.

use super::LessonForm;
use crate::pages::choose::Errors;
use catalog::lesson::{LessonPatch, NewLesson, tags_of};
use entity::{Category, CourseId, Day, Level, UnitId, lesson};

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
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
