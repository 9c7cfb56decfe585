//! One line of the list of lessons.

use crate::error::ApiResult;
use crate::pages::figures::clock;
use crate::pages::studio::place::{Back, Place};
use catalog::Viewer;
use entity::{
    CourseId, Day, LessonId, LessonState, Moment, UnitId, caption, course, lesson, media, org_unit, question,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};

/// A lesson in the list.
pub struct Row {
    /// The lesson.
    pub id: LessonId,
    /// Its editor, from which the way back leads here.
    pub href: String,
    /// The title.
    pub title: String,
    /// Its course.
    pub course: CourseOf,
    /// Where it stands.
    pub state: LessonState,
    /// The class of the state's badge.
    pub kind: &'static str,
    /// Whether it is published.
    pub published: bool,
    /// What it is about.
    pub category: &'static str,
    /// What it is made of, and how long.
    pub media: String,
    /// How often it was played.
    pub plays: i64,
    /// When it last changed.
    pub updated: String,
    /// What it lacks.
    pub missing: Vec<&'static str>,
}

/// The course of a lesson: a link for those who keep it, a name for others.
#[derive(Clone, Default)]
pub struct CourseOf {
    /// The title.
    pub title: String,
    /// Its page.
    pub href: Option<String>,
}

/// The caller's lessons, as seen today.
pub struct Shelf<'a, C> {
    /// Where rows are read.
    pub db: &'a C,
    /// Whose lessons.
    pub viewer: Viewer,
    /// Which day.
    pub today: Day,
}

/// The colour of a state's badge.
pub fn badge_of(state: LessonState) -> &'static str {
    match state {
        LessonState::Draft => "",
        LessonState::Review => "warn",
        LessonState::Published => "ok",
        LessonState::Withdrawn => "off",
    }
}

/// An instant as a list shows it: `11-23 20:15`, with its year when that is another one.
pub fn short_time(at: Moment, today: Day) -> String {
    let form =
        if at.day().format("%Y").to_string() == today.format("%Y").to_string() { "%m-%d %H:%M" } else { "%Y-%m-%d" };
    at.local().format(form).to_string()
}

/// What there is beside a lesson's row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside {
    /// It plays: a film or a sound recording, no handout.
    pub plays: bool,
    /// It has captions in some language.
    pub captioned: bool,
    /// It has an in-class quiz.
    pub quizzed: bool,
}

/// What a lesson lacks that people expect of one; the list narrowed by `Lack` holds the same lessons.
pub fn missing(lesson: &lesson::Model, beside: Beside, today: Day) -> Vec<&'static str> {
    let blank = |text: &str| text.trim().is_empty();
    let lacks = [
        (blank(&lesson.summary), "简介"),
        (blank(&lesson.body) && lesson.media_sha256.is_none(), "正文或音视频"),
        (beside.plays && !beside.captioned, "字幕"),
        (!beside.quizzed, "随堂测验"),
        (blank(&lesson.lecturer), "主讲人"),
        (blank(&lesson.source), "来源"),
        (lesson.valid_until.is_some_and(|day| day < today), "已过有效期"),
    ];
    lacks.into_iter().filter_map(|(lacks, word)| lacks.then_some(word)).collect()
}

impl<C: ConnectionTrait> Shelf<'_, C> {
    /// These lessons as lines of the list at this place.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows(&self, lessons: Vec<lesson::Model>, place: &Place) -> ApiResult<Vec<Row>> {
        if lessons.is_empty() {
            return Ok(Vec::new());
        }
        let courses = self.courses(&lessons).await?;
        let kinds = self.kinds(&lessons).await?;
        let captioned = self.having(&lessons, caption::Entity, caption::Column::LessonId).await?;
        let quizzed = self.having(&lessons, question::Entity, question::Column::LessonId).await?;
        let back = Back::from(place).only();
        let beside = |lesson: &lesson::Model| Beside {
            plays: lesson.media_sha256.as_ref().and_then(|sha256| kinds.get(sha256)).is_some_and(|mime| plays(mime)),
            captioned: captioned.contains(&lesson.id),
            quizzed: quizzed.contains(&lesson.id),
        };
        let row = |lesson: lesson::Model| Row {
            href: format!("/studio/lessons/{}{back}", lesson.id),
            course: courses.get(&lesson.course_id).cloned().unwrap_or_default(),
            kind: badge_of(lesson.state),
            published: lesson.state == LessonState::Published,
            category: lesson.category.label(),
            media: form_of(&lesson, &kinds),
            plays: lesson.plays,
            updated: short_time(lesson.updated_at, self.today),
            missing: missing(&lesson, beside(&lesson), self.today),
            id: lesson.id,
            title: lesson.title,
            state: lesson.state,
        };
        Ok(lessons.into_iter().map(row).collect())
    }

    async fn courses(&self, lessons: &[lesson::Model]) -> ApiResult<HashMap<CourseId, CourseOf>> {
        let ids = lessons.iter().map(|lesson| lesson.course_id);
        let courses = course::Entity::find().filter(course::Column::Id.is_in(ids)).all(self.db).await?;
        let units = courses.iter().map(|course| course.unit_id);
        let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(units)).all(self.db).await?;
        let kept: HashSet<UnitId> =
            units.into_iter().filter(|unit| self.viewer.staff.contains(&unit.path)).map(|unit| unit.id).collect();
        let of = |course: course::Model| {
            let href = kept.contains(&course.unit_id).then(|| format!("/studio/courses/{}", course.id));
            (course.id, CourseOf { title: course.title, href })
        };
        Ok(courses.into_iter().map(of).collect())
    }

    async fn kinds(&self, lessons: &[lesson::Model]) -> ApiResult<HashMap<String, String>> {
        let hashes = lessons.iter().filter_map(|lesson| lesson.media_sha256.clone());
        let query = media::Entity::find().select_only().column(media::Column::Sha256).column(media::Column::Mime);
        let rows: Vec<(String, String)> =
            query.filter(media::Column::Sha256.is_in(hashes)).into_tuple().all(self.db).await?;
        Ok(rows.into_iter().collect())
    }

    /// Those of the lessons that rows of this table name.
    async fn having<E: EntityTrait>(
        &self,
        lessons: &[lesson::Model],
        _: E,
        of: E::Column,
    ) -> ApiResult<HashSet<LessonId>> {
        let query = E::find().select_only().column(of).distinct();
        let query = query.filter(of.is_in(lessons.iter().map(|lesson| lesson.id)));
        let ids: Vec<LessonId> = query.into_tuple().all(self.db).await?;
        Ok(ids.into_iter().collect())
    }
}

/// Whether a type is played.
pub fn plays(mime: &str) -> bool {
    mime.starts_with("video/") || mime.starts_with("audio/")
}

/// `视频 3:20`, `音频 12:05`, `文件` or `图文`.
fn form_of(lesson: &lesson::Model, kinds: &HashMap<String, String>) -> String {
    let mime = lesson.media_sha256.as_ref().and_then(|sha256| kinds.get(sha256)).map_or("", String::as_str);
    match mime.split('/').next() {
        Some("video") => format!("视频 {}", clock(lesson.duration_ms)),
        Some("audio") => format!("音频 {}", clock(lesson.duration_ms)),
        Some("") | None => "图文".to_owned(),
        Some(_) => "文件".to_owned(),
    }
}
