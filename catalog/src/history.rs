//! What a lesson said in each of its versions, how two of them differ, and going back to one.
//!
//! A version is kept whenever what authors write has changed, in the transaction of the change. Owns the rows
//! `lesson_version`.

mod diff;

use crate::lesson::{LessonPatch, get, replace, tags_of};
use crate::trail::Change;
use crate::{Error, Result};
pub use diff::{Piece, pieces};
use entity::{AccountId, Category, CourseId, LessonId, Level, Moment, UnitId, Verb, lesson, lesson_version};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Versions of one lesson that are kept: the latest.
const MOST: u64 = 100;

/// What authors write of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The title.
    pub title: String,
    /// What it teaches.
    pub summary: String,
    /// Transcript or article.
    pub body: String,
    /// The chapters, a line each.
    #[serde(default)]
    pub chapters: String,
    /// The category's word.
    pub category: String,
    /// The tags.
    pub tags: Vec<String>,
    /// The crop or animal.
    pub crop: Option<String>,
    /// Solar terms or months.
    pub season: Option<String>,
    /// The level's word.
    pub level: String,
    /// The language.
    pub language: String,
    /// Who teaches.
    pub lecturer: String,
    /// Where it comes from.
    pub source: String,
    /// The last civil day it may be shown, `2026-12-31`.
    pub valid_until: Option<String>,
    /// The blob that is played.
    pub media_sha256: Option<String>,
    /// The picture that stands for it.
    #[serde(default)]
    pub cover_sha256: Option<String>,
    /// The course.
    pub course_id: CourseId,
    /// The unit it is for.
    pub audience_unit_id: UnitId,
}

/// A field that two versions differ in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What people call the field.
    pub field: &'static str,
    /// What stayed, went and came, in order.
    pub pieces: Vec<Piece>,
}

impl Snapshot {
    /// What a lesson says now.
    pub fn of(lesson: &lesson::Model) -> Self {
        Self {
            title: lesson.title.clone(),
            summary: lesson.summary.clone(),
            body: lesson.body.clone(),
            chapters: lesson.chapters.clone(),
            category: lesson.category.as_str().to_owned(),
            tags: tags_of(lesson),
            crop: lesson.crop.clone(),
            season: lesson.season.clone(),
            level: lesson.level.as_str().to_owned(),
            language: lesson.language.clone(),
            lecturer: lesson.lecturer.clone(),
            source: lesson.source.clone(),
            valid_until: lesson.valid_until.map(|day| day.to_string()),
            media_sha256: lesson.media_sha256.clone(),
            cover_sha256: lesson.cover_sha256.clone(),
            course_id: lesson.course_id,
            audience_unit_id: lesson.audience_unit_id,
        }
    }

    /// Where a later version differs from this one, field by field. Keys are told as they are.
    pub fn differences(&self, later: &Self) -> Vec<Difference> {
        let fields = self.words().into_iter().zip(later.words());
        let differ = fields.filter(|((_, old), (_, new))| old != new);
        differ.map(|((field, old), (_, new))| Difference { field, pieces: pieces(&old, &new) }).collect()
    }

    /// The fields in which a later version differs from this one.
    pub fn changed(&self, later: &Self) -> Vec<&'static str> {
        let fields = self.words().into_iter().zip(later.words());
        fields.filter(|((_, old), (_, new))| old != new).map(|((field, _), _)| field).collect()
    }

    fn words(&self) -> [(&'static str, String); 16] {
        let label = |found: Option<&'static str>, word: &str| found.map_or_else(|| word.to_owned(), str::to_owned);
        [
            ("标题", self.title.clone()),
            ("简介", self.summary.clone()),
            ("正文", self.body.clone()),
            ("章节", self.chapters.clone()),
            ("类别", label(Category::parse(&self.category).map(Category::label), &self.category)),
            ("标签", self.tags.join("、")),
            ("作物或畜禽", self.crop.clone().unwrap_or_default()),
            ("适用时节", self.season.clone().unwrap_or_default()),
            ("难度", label(Level::parse(&self.level).map(Level::label), &self.level)),
            ("语言", self.language.clone()),
            ("主讲人", self.lecturer.clone()),
            ("来源与授权", self.source.clone()),
            ("有效期至", self.valid_until.clone().unwrap_or_default()),
            ("音视频", self.media_sha256.clone().unwrap_or_default()),
            ("封面", self.cover_sha256.clone().unwrap_or_default()),
            ("面向单位", self.audience_unit_id.to_string()),
        ]
    }

    /// The change that makes a lesson say this again. It stays in the course it is in now.
    fn patch(self, now: &lesson::Model) -> LessonPatch {
        let was = Self::of(now);
        let changed = |new: String, old: &String| (new != *old).then_some(new);
        LessonPatch {
            title: changed(self.title, &was.title),
            summary: changed(self.summary, &was.summary),
            body: changed(self.body, &was.body),
            chapters: changed(self.chapters, &was.chapters),
            category: Category::parse(&self.category).filter(|category| *category != now.category),
            tags: (self.tags != was.tags).then_some(self.tags),
            crop: (self.crop != was.crop).then_some(self.crop),
            season: (self.season != was.season).then_some(self.season),
            level: Level::parse(&self.level).filter(|level| *level != now.level),
            language: changed(self.language, &was.language),
            lecturer: changed(self.lecturer, &was.lecturer),
            source: changed(self.source, &was.source),
            valid_until: (self.valid_until != was.valid_until)
                .then(|| self.valid_until.and_then(|day| day.parse().ok())),
            media_sha256: (self.media_sha256 != was.media_sha256).then_some(self.media_sha256),
            cover_sha256: (self.cover_sha256 != was.cover_sha256).then_some(self.cover_sha256),
            audience_unit_id: Some(self.audience_unit_id).filter(|unit| *unit != was.audience_unit_id),
            ..LessonPatch::default()
        }
    }
}

/// Keeps what lessons say, each unless its latest kept version says the same; drops what is beyond the hundredth.
pub(crate) async fn keep(txn: &impl ConnectionTrait, lessons: &[lesson::Model], change: Change) -> Result<()> {
    let latest = latest(txn, lessons.iter().map(|lesson| lesson.id)).await?;
    let mut rows = Vec::new();
    for lesson in lessons {
        let row = row(lesson, change)?;
        if latest.get(&lesson.id) != row.snapshot.try_as_ref() {
            rows.push(row);
        }
    }
    insert(txn, rows).await?;
    let full: Vec<LessonId> = lesson_version::Entity::find()
        .select_only()
        .column(lesson_version::Column::LessonId)
        .filter(lesson_version::Column::LessonId.is_in(entity::padded(lessons.iter().map(|lesson| lesson.id))))
        .group_by(lesson_version::Column::LessonId)
        .having(lesson_version::Column::Version.count().gt(MOST))
        .into_tuple()
        .all(txn)
        .await?;
    for id in full {
        drop_oldest(txn, id).await?;
    }
    Ok(())
}

/// Keeps what lessons said before their first change since versions are kept.
pub(crate) async fn keep_first(txn: &impl ConnectionTrait, olds: &[&lesson::Model]) -> Result<()> {
    let known: HashSet<LessonId> = lesson_version::Entity::find()
        .select_only()
        .column(lesson_version::Column::LessonId)
        .distinct()
        .filter(lesson_version::Column::LessonId.is_in(entity::padded(olds.iter().map(|old| old.id))))
        .into_tuple()
        .all(txn)
        .await?
        .into_iter()
        .collect();
    let new = olds.iter().filter(|old| !known.contains(&old.id));
    let rows = new.map(|old| row(old, Change { by: old.created_by, now: old.updated_at }));
    insert(txn, rows.collect::<Result<_>>()?).await
}

fn row(lesson: &lesson::Model, change: Change) -> Result<lesson_version::ActiveModel> {
    Ok(lesson_version::ActiveModel {
        lesson_id: Set(lesson.id),
        version: Set(lesson.version),
        at: Set(change.now),
        account_id: Set(change.by),
        snapshot: Set(serde_json::to_string(&Snapshot::of(lesson)).map_err(std::io::Error::other)?),
    })
}

async fn insert(txn: &impl ConnectionTrait, rows: Vec<lesson_version::ActiveModel>) -> Result<()> {
    if !rows.is_empty() {
        lesson_version::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    Ok(())
}

async fn drop_oldest(txn: &impl ConnectionTrait, lesson: LessonId) -> Result<()> {
    let oldest: Option<i32> = of(lesson)
        .select_only()
        .column(lesson_version::Column::Version)
        .order_by_desc(lesson_version::Column::Version)
        .offset(MOST)
        .limit(1)
        .into_tuple()
        .one(txn)
        .await?;
    if let Some(oldest) = oldest {
        let dropped = lesson_version::Entity::delete_many().filter(lesson_version::Column::LessonId.eq(lesson));
        dropped.filter(lesson_version::Column::Version.lte(oldest)).exec(txn).await?;
    }
    Ok(())
}

/// The kept versions of a lesson, latest first.
pub async fn of_lesson(db: &impl ConnectionTrait, id: LessonId) -> Result<Vec<lesson_version::Model>> {
    Ok(of(id).order_by_desc(lesson_version::Column::Version).all(db).await?)
}

/// What a lesson said when it was at this version; `None` when that is no longer kept.
pub async fn at(db: &impl ConnectionTrait, id: LessonId, version: i32) -> Result<Option<Snapshot>> {
    let then = of(id).filter(lesson_version::Column::Version.lte(version));
    let row = then.order_by_desc(lesson_version::Column::Version).one(db).await?;
    row.as_ref().map(snapshot_of).transpose()
}

/// What a kept version says.
pub fn snapshot_of(row: &lesson_version::Model) -> Result<Snapshot> {
    Ok(serde_json::from_str(&row.snapshot).map_err(std::io::Error::other)?)
}

/// Makes a lesson that is still at `expected_version` say again what it said in `version`; that is one more version.
pub async fn restore(
    db: &DatabaseConnection,
    id: LessonId,
    version: i32,
    expected_version: i32,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let kept = of(id).filter(lesson_version::Column::Version.eq(version)).one(db).await?;
    let wanted = snapshot_of(&kept.ok_or(Error::VersionNotFound)?)?;
    let patch = wanted.patch(&get(db, id).await?);
    let detail = format!("恢复到第 {version} 版");
    replace(db, id, patch, expected_version, (Verb::LessonRestore, &detail), Change { by, now }).await
}

/// Drops the versions of a lesson that is deleted.
pub(crate) async fn drop_all(txn: &impl ConnectionTrait, id: LessonId) -> Result<()> {
    lesson_version::Entity::delete_many().filter(lesson_version::Column::LessonId.eq(id)).exec(txn).await?;
    Ok(())
}

fn of(id: LessonId) -> sea_orm::Select<lesson_version::Entity> {
    lesson_version::Entity::find().filter(lesson_version::Column::LessonId.eq(id))
}

/// What the latest kept version of each of these lessons says.
async fn latest(
    txn: &impl ConnectionTrait,
    lessons: impl Iterator<Item = LessonId>,
) -> Result<HashMap<LessonId, String>> {
    let ids = entity::padded(lessons);
    let newest = lesson_version::Entity::find()
        .select_only()
        .column(lesson_version::Column::LessonId)
        .column_as(lesson_version::Column::Version.max(), "version")
        .filter(lesson_version::Column::LessonId.is_in(ids.iter().copied()))
        .group_by(lesson_version::Column::LessonId);
    let newest: Vec<(LessonId, i32)> = newest.into_tuple().all(txn).await?;
    let all = newest.into_iter().map(|(lesson, version)| {
        let of = lesson_version::Column::LessonId.eq(lesson);
        Condition::all().add(of).add(lesson_version::Column::Version.eq(version))
    });
    let which = all.fold(Condition::any().add(lesson_version::Column::Version.lt(0)), Condition::add);
    let rows = lesson_version::Entity::find().filter(which).all(txn).await?;
    Ok(rows.into_iter().map(|row| (row.lesson_id, row.snapshot)).collect())
}
