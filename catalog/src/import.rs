//! Lessons from a JSONL file: first a plan that shows adds, changes and bad rows by line, then all of it or nothing.
//!
//! The same file twice changes nothing. Media bytes are not read here: the caller stores the files first and says
//! which path became which blob.

mod row;
mod shelves;

pub use row::Row;

use crate::course;
use crate::lesson;
use crate::trail::{self, Change};
use crate::{Error, Result, season};
use entity::org_unit;
use entity::{AccountId, Category, CourseId, LessonId, LessonState, Moment, UnitId, lesson as lesson_row, media};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, TransactionSession,
    TransactionTrait,
};
use shelves::Shelves;
use std::collections::{BTreeMap, HashMap};

/// Most lines of one file.
pub const MAX_LINES: usize = 200_000;

/// Rows looked up at once.
const CHUNK: usize = 500;

/// What importing a file would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The unit that will keep the lessons, and whose subtree they are for unless a row says otherwise.
    pub unit: Option<UnitId>,
    /// Lessons not here yet.
    pub adds: Vec<Row>,
    /// Lessons that are here and differ, with the names of the fields that would change.
    pub changes: Vec<RowChange>,
    /// How many lessons are here already, exactly so.
    pub unchanged: usize,
    /// Lines that cannot be taken.
    pub bad: Vec<BadRow>,
}

/// A lesson that is here and differs from its line.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The lesson.
    pub lesson_id: LessonId,
    /// The version the plan was made against.
    pub version: i32,
    /// The fields that would change.
    pub fields: Vec<&'static str>,
    /// What the line says.
    pub row: Row,
}

/// A line that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its number, from 1.
    pub line: usize,
    /// Why, in Chinese.
    pub reason: String,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lessons added.
    pub added: usize,
    /// Lessons changed.
    pub changed: usize,
    /// Lessons left as they were.
    pub unchanged: usize,
}

/// The media paths a file names, each once, so that the caller can store them before planning. Lines that cannot be
/// read are left to [`plan`] to report.
pub fn media_paths(jsonl: &str) -> Vec<String> {
    let rows = jsonl.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut paths: Vec<String> =
        rows.filter_map(|row| row.get("media").and_then(|path| path.as_str()).map(str::to_owned)).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// What importing this text for `unit` would do, when no line names a media path.
pub async fn plan(db: &impl ConnectionTrait, jsonl: &str, unit: UnitId, now: Moment) -> Result<Plan> {
    plan_with_media(db, jsonl, &HashMap::new(), unit, now).await
}

/// What importing this text for `unit` would do; `blobs` says which media path became which SHA-256.
pub async fn plan_with_media(
    db: &impl ConnectionTrait,
    jsonl: &str,
    blobs: &HashMap<String, String>,
    unit: UnitId,
    now: Moment,
) -> Result<Plan> {
    course::unit_exists(db, unit).await?;
    let mut plan = Plan { unit: Some(unit), ..Plan::default() };
    let mut rows = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (line, text) in numbered(jsonl) {
        if line > MAX_LINES {
            plan.bad.push(BadRow { line, reason: format!("一次最多导入{MAX_LINES}行") });
            break;
        }
        match row::parse(line, text, blobs, now.day()) {
            Ok(row) => match seen.insert(row.slug.clone(), line) {
                Some(first) => {
                    plan.bad.push(BadRow { line, reason: format!("与第{first}行编号相同：{}", row.slug) })
                }
                None => rows.push(row),
            },
            Err(reason) => plan.bad.push(BadRow { line, reason }),
        }
    }
    for chunk in rows.chunks(CHUNK) {
        compare(db, chunk, &mut plan).await?;
    }
    Ok(plan)
}

fn numbered(jsonl: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = jsonl.strip_prefix('\u{feff}').unwrap_or(jsonl);
    text.lines().enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim().is_empty())
}

async fn compare(db: &impl ConnectionTrait, rows: &[Row], plan: &mut Plan) -> Result<()> {
    let slugs = rows.iter().map(|row| row.slug.as_str());
    let found = lesson_row::Entity::find().filter(lesson_row::Column::Slug.is_in(slugs)).all(db).await?;
    let here: HashMap<&str, &lesson_row::Model> = found.iter().map(|old| (old.slug.as_str(), old)).collect();
    let blobs = media_lengths(db, rows).await?;
    let units = unit_ids(db, rows).await?;
    for row in rows {
        let mut row = row.clone();
        if let Err(reason) = resolve(&mut row, &blobs, &units) {
            plan.bad.push(BadRow { line: row.line, reason });
            continue;
        }
        match here.get(row.slug.as_str()) {
            None => plan.adds.push(row),
            Some(old) => match row.differs_from(old) {
                fields if fields.is_empty() => plan.unchanged += 1,
                fields => plan.changes.push(RowChange { lesson_id: old.id, version: old.version, fields, row }),
            },
        }
    }
    Ok(())
}

/// Fills in what only the database knows: the length of the media, the id of the audience.
fn resolve(
    row: &mut Row,
    blobs: &HashMap<String, Option<i64>>,
    units: &HashMap<String, UnitId>,
) -> std::result::Result<(), String> {
    if let Some(sha256) = &row.media_sha256 {
        let recorded = blobs.get(sha256).ok_or_else(|| format!("没有这个媒体文件：{sha256}"))?;
        row.duration_ms = recorded.unwrap_or(row.duration_ms);
    }
    if let Some(code) = &row.audience_code {
        row.audience_unit = Some(*units.get(code).ok_or_else(|| format!("没有这个单位：{code}"))?);
    }
    Ok(())
}

async fn media_lengths(db: &impl ConnectionTrait, rows: &[Row]) -> Result<HashMap<String, Option<i64>>> {
    let named: Vec<&str> = rows.iter().filter_map(|row| row.media_sha256.as_deref()).collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let found = media::Entity::find().filter(media::Column::Sha256.is_in(named)).all(db).await?;
    Ok(found.into_iter().map(|media| (media.sha256, media.duration_ms)).collect())
}

async fn unit_ids(db: &impl ConnectionTrait, rows: &[Row]) -> Result<HashMap<String, UnitId>> {
    let named: Vec<&str> = rows.iter().filter_map(|row| row.audience_code.as_deref()).collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let found = org_unit::Entity::find().filter(org_unit::Column::Code.is_in(named)).all(db).await?;
    Ok(found.into_iter().map(|unit| (unit.code, unit.id)).collect())
}

/// Carries out a plan in one transaction; refuses one with bad rows. Lessons with a `published` day are published at
/// once: whoever may import from the command line vouches for the file.
///
/// Also runs inside a larger transaction.
pub async fn apply<C: ConnectionTrait + TransactionTrait>(
    db: &C,
    plan: &Plan,
    by: Option<AccountId>,
    now: Moment,
) -> Result<Summary> {
    if !plan.bad.is_empty() {
        return Err(Error::BadRows(plan.bad.len()));
    }
    let unit = plan.unit.ok_or(Error::UnitNotFound)?;
    let summary = Summary { added: plan.adds.len(), changed: plan.changes.len(), unchanged: plan.unchanged };
    if summary.added + summary.changed == 0 {
        return Ok(summary);
    }
    let change = Change { by, now };
    let txn = db.begin().await?;
    let mut shelves = Shelves { unit, change, places: BTreeMap::new() };
    let mut touched = add_all(&txn, &plan.adds, &mut shelves).await?;
    for item in &plan.changes {
        change_one(&txn, item, change).await?;
        touched.push(item.lesson_id);
    }
    trail::reindex(&txn, &touched, now).await?;
    let detail = format!("新增{}课，修改{}课", summary.added, summary.changed);
    trail::note(&txn, "lesson.import", format!("unit:{unit}"), &detail, change).await?;
    txn.commit().await?;
    Ok(summary)
}

async fn add_all(txn: &impl ConnectionTrait, rows: &[Row], shelves: &mut Shelves) -> Result<Vec<LessonId>> {
    let mut slugs = Vec::new();
    for chunk in rows.chunks(CHUNK) {
        let mut fresh = Vec::new();
        for row in chunk {
            let (course, position) = shelves.place(txn, row).await?;
            fresh.push(model(row, course, position, shelves));
            slugs.push(row.slug.clone());
        }
        lesson_row::Entity::insert_many(fresh).exec_without_returning(txn).await?;
    }
    let mut ids = Vec::new();
    for chunk in slugs.chunks(CHUNK) {
        let query = lesson_row::Entity::find().select_only().column(lesson_row::Column::Id);
        let query = query.filter(lesson_row::Column::Slug.is_in(chunk.iter().map(String::as_str)));
        ids.extend(query.into_tuple::<LessonId>().all(txn).await?);
    }
    Ok(ids)
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
    let old = lesson::get(txn, item.lesson_id).await?;
    if old.version != item.version {
        return Err(Error::Stale { current: old.version });
    }
    let mut row = item.row.columns();
    if item.row.season.is_none() {
        row.season = sea_orm::ActiveValue::NotSet;
    }
    if let Some(unit) = item.row.audience_unit {
        row.audience_unit_id = Set(unit);
    }
    row.updated_at = Set(change.now);
    row.version = Set(old.version.saturating_add(1));
    let update = lesson_row::Entity::update_many().filter(lesson_row::Column::Id.eq(old.id));
    update.filter(lesson_row::Column::Version.eq(old.version)).set(row).exec(txn).await?;
    Ok(())
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (adds, changes, bad) = (self.adds.len(), self.changes.len(), self.bad.len());
        write!(f, "新增{adds}课，修改{changes}课，不变{}课，错误{bad}行", self.unchanged)?;
        for change in self.changes.iter().take(SHOWN) {
            write!(f, "\n  修改 第{}行 {}：{}", change.row.line, change.row.title, change.fields.join("、"))?;
        }
        for row in self.bad.iter().take(SHOWN) {
            write!(f, "\n  错误 第{}行：{}", row.line, row.reason)?;
        }
        if changes > SHOWN || bad > SHOWN { write!(f, "\n  ……(其余从略)") } else { Ok(()) }
    }
}

/// Lines of each kind a plan shows.
const SHOWN: usize = 50;

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "已新增{}课，修改{}课，{}课不变", self.added, self.changed, self.unchanged)
    }
}
