//! Lessons from a manifest: first a plan that shows adds, changes and bad rows by line, then all of it or nothing.
//!
//! The same manifest twice changes nothing. No bytes are read here: the caller reads the files that lines name and says
//! what they are ([`Files`]), and has them in the store before it applies the plan. A lesson is known by its slug; one
//! that is here stays in its course and its place.

mod compare;
mod extras;
mod files;
pub mod line;
mod manifest;
mod plan;
mod row;
mod shelves;

pub use files::{Files, MediaFile};
pub use manifest::{HEADINGS, Manifest, Named};
pub use plan::{BadRow, FieldChange, Plan, RowChange, Summary};
pub use row::Row;
pub use shelves::CoursePlan;

use crate::course;
use crate::lesson::{self, write};
use crate::trail::{self, Change};
use crate::{Error, Result, season};
use entity::{AccountId, Category, CourseId, LessonState, Moment, Scope, UnitId, Verb, lesson as lesson_row};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter,
};
use shelves::Shelves;
use std::collections::{BTreeMap, HashMap};

/// Most lines of one manifest.
pub const MAX_LINES: usize = 200_000;

/// Rows looked up at once.
const CHUNK: usize = 500;

/// On whose word lessons come in.
#[derive(Clone, Debug)]
pub enum Terms {
    /// Whoever may import at a shell vouches for the manifest: a lesson is published when its line says so.
    Operator,
    /// An author who reaches these units: lessons come in as drafts, and only what may be edited is changed.
    Author(Scope),
}

impl Terms {
    fn reaches(&self, path: &str) -> bool {
        match self {
            Self::Operator => true,
            Self::Author(reach) => reach.contains(path),
        }
    }
}

/// What importing this manifest for `unit` would do.
///
/// # Errors
/// [`Error::UnitNotFound`], or the database; what is wrong with lines is in the plan.
pub async fn plan(
    db: &impl ConnectionTrait,
    manifest: &Manifest,
    files: &Files,
    unit: UnitId,
    terms: &Terms,
    now: Moment,
) -> Result<Plan> {
    course::unit_exists(db, unit).await?;
    let mut plan = Plan { unit: Some(unit), ..Plan::default() };
    let mut rows = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (line, read) in &manifest.lines {
        let line = *line;
        if line > MAX_LINES {
            plan.bad.push(BadRow { line, reason: format!("一次最多导入{MAX_LINES}行") });
            break;
        }
        let reason = match read {
            Err(reason) => reason.clone(),
            Ok(raw) if raw.is_course() => match CoursePlan::of(db, raw, terms).await? {
                Ok(course) if plan.courses.iter().any(|other| other.title == course.title) => {
                    format!("课程“{}”写了两行", course.title)
                }
                Ok(course) => {
                    plan.courses.push(course);
                    continue;
                }
                Err(reason) => reason,
            },
            Ok(raw) => match row::parse(line, raw.clone(), files, now.day()).map(|row| row.on(terms)) {
                Ok(row) => match seen.insert(row.slug.clone(), line) {
                    Some(first) => format!("与第{first}行编号相同：{}", row.slug),
                    None => {
                        rows.push(row);
                        continue;
                    }
                },
                Err(reason) => reason,
            },
        };
        plan.bad.push(BadRow { line, reason });
    }
    for chunk in rows.chunks(CHUNK) {
        compare::compare(db, chunk, files, terms, &mut plan).await?;
    }
    Ok(plan.in_order())
}

/// Carries out a plan in one transaction; refuses one with bad rows.
///
/// # Errors
/// [`Error::BadRows`]; [`Error::Stale`] or [`Error::SlugTaken`] when something changed since the plan was made.
pub async fn apply(db: &DatabaseConnection, plan: &Plan, by: Option<AccountId>, now: Moment) -> Result<Summary> {
    let txn = entity::writing::begin(db).await?;
    let summary = apply_within(&txn, plan, by, now).await?;
    txn.commit().await?;
    Ok(summary)
}

/// [`apply`] within a transaction of the caller's.
///
/// # Errors
/// Those of [`apply`].
pub async fn apply_within(
    txn: &impl ConnectionTrait,
    plan: &Plan,
    by: Option<AccountId>,
    now: Moment,
) -> Result<Summary> {
    if !plan.bad.is_empty() {
        return Err(Error::BadRows(plan.bad.len()));
    }
    let unit = plan.unit.ok_or(Error::UnitNotFound)?;
    let summary = Summary { added: plan.adds.len(), changed: plan.changes.len(), unchanged: plan.unchanged };
    if plan.is_empty() {
        return Ok(summary);
    }
    let change = Change { by, now };
    let mut shelves = Shelves { unit, change, places: BTreeMap::new() };
    shelves.arrange(txn, &plan.courses).await?;
    add_all(txn, &plan.adds, &mut shelves).await?;
    for item in &plan.changes {
        change_one(txn, item, change).await?;
    }
    let detail = format!("新增{}课，修改{}课", summary.added, summary.changed);
    trail::note(txn, Verb::LessonImport, format!("unit:{unit}"), &detail, change).await?;
    Ok(summary)
}

async fn add_all(txn: &impl ConnectionTrait, rows: &[Row], shelves: &mut Shelves) -> Result<()> {
    for chunk in rows.chunks(CHUNK) {
        let mut fresh = Vec::new();
        for row in chunk {
            let (course, position) = shelves.place(txn, row).await?;
            fresh.push(model(row, course, position, shelves));
        }
        let taken = |cause| Error::of_insert(cause, chunk.first().map_or("", |row| row.slug.as_str()));
        lesson_row::Entity::insert_many(fresh).exec_without_returning(txn).await.map_err(taken)?;
        let slugs = chunk.iter().map(|row| row.slug.as_str());
        let made = lesson_row::Entity::find().filter(lesson_row::Column::Slug.is_in(slugs)).all(txn).await?;
        let ids: Vec<_> = made.iter().map(|lesson| lesson.id).collect();
        trail::reindex(txn, &ids, shelves.change.now).await?;
        let made: HashMap<&str, &lesson_row::Model> = made.iter().map(|one| (one.slug.as_str(), one)).collect();
        for row in chunk.iter().filter(|row| extras::any(row)) {
            let lesson = made.get(row.slug.as_str()).ok_or(Error::LessonNotFound)?;
            extras::write(txn, lesson, row, shelves.change).await?;
        }
    }
    Ok(())
}

fn model(row: &Row, course: CourseId, position: i32, shelves: &Shelves) -> lesson_row::ActiveModel {
    let mut fresh = row.columns();
    fresh.slug = Set(row.slug.clone());
    fresh.course_id = Set(course);
    fresh.position = Set(position);
    fresh.season = Set(row.season.clone().or_else(|| spoken_season(row)));
    fresh.unit_id = Set(shelves.unit);
    fresh.audience_unit_id = Set(row.audience_unit.unwrap_or(shelves.unit));
    fresh.plays = Set(row.plays.unwrap_or(0));
    fresh.published_on = Set(row.published_on);
    fresh.chapters = Set(row.chapters.clone().unwrap_or_default());
    fresh.cover_sha256 = Set(row.cover_sha256.clone());
    fresh.quiz_required = Set(row.quiz.as_ref().is_some_and(|quiz| quiz.required));
    fresh.return_reason = Set(None);
    fresh.created_by = Set(shelves.change.by);
    fresh.reviewed_by = Set(None);
    fresh.updated_at = Set(shelves.change.now);
    fresh.version = Set(1);
    if !row.state_named {
        fresh.state = Set(if row.published_on.is_some() { LessonState::Published } else { LessonState::Draft });
    }
    fresh
}

fn spoken_season(row: &Row) -> Option<String> {
    let farming = row.category == Category::Agriculture;
    farming.then(|| season::spoken_of(&format!("{}{}{}", row.title, row.summary, row.body))).flatten()
}

async fn change_one(txn: &impl ConnectionTrait, item: &RowChange, change: Change) -> Result<()> {
    let mut lesson = lesson::get(txn, item.lesson_id).await?;
    if lesson.version != item.version {
        return Err(Error::Stale { current: lesson.version });
    }
    let of_the_row = |field: &&FieldChange| !extras::FIELDS.contains(&field.field);
    let fields: Vec<&str> = item.fields.iter().filter(of_the_row).map(|change| change.field).collect();
    if !fields.is_empty() {
        let mut row = item.row.columns();
        if item.row.season.is_none() {
            row.season = NotSet;
        }
        if let Some(unit) = item.row.audience_unit {
            row.audience_unit_id = Set(unit);
        }
        lesson = write::write(txn, &lesson, row, Verb::LessonImport, &fields.join("、"), change).await?;
    }
    extras::write(txn, &lesson, &item.row, change).await
}
