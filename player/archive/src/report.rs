//! Reports over a part of the org tree: what they say about themselves, their columns, and their rows as a stream.
//!
//! Owns scope, period and order (units as a tree by code, then people by code, then days); the kinds fill in the
//! rows. Rows come in batches, so a report of a hundred thousand rows needs the memory of one batch.

use crate::merges::Merges;
use crate::rules::RuleBook;
use crate::view::{self, Slice, Whom};
use crate::{About, Error, Result};
use chrono::Datelike;
use entity::{Day, Moment, Scope, UnitId, org_unit};
use futures_util::Stream;
use sea_orm::{DatabaseConnection, EntityTrait};
use std::pin::Pin;
use std::sync::Arc;

mod assessment;
mod attendance;
mod audit;
mod books;
mod bulletin;
mod cell;
mod gaps;
mod hours;
mod kind;
mod people;
pub mod plan;
mod sheets;
mod stars;
pub mod watchers;

pub use audit::{AuditQuery, audit_log};
pub use cell::Cell;
pub use kind::Kind;
use people::Roster;
pub use sheets::{Sheets, SheetsKind, Table, sheets};

/// The zone of every date and time in a report.
pub const TIME_ZONE: &str = "Asia/Shanghai (UTC+8)";

/// What a report is asked for.
#[derive(Clone, Debug)]
pub struct ReportQuery {
    /// This unit and all below; `None` for everything the caller reaches.
    pub unit: Option<UnitId>,
    /// First civil day; with neither day the whole year.
    pub from: Option<Day>,
    /// Last civil day, itself included.
    pub to: Option<Day>,
    /// The civil year; the current one when nothing is said. An assessment is always of a whole year.
    pub year: Option<i32>,
    /// What it is about; only attendance and hours can be about less than everything.
    pub about: About,
    /// What the caller reaches.
    pub scope: Scope,
    /// The civil day on which it is asked.
    pub today: Day,
}

/// A report: its heading, and its rows still to come.
pub struct Report {
    /// Which one.
    pub kind: Kind,
    /// The names of the units it covers.
    pub scope_name: String,
    /// First civil day.
    pub from: Day,
    /// Last civil day, itself included.
    pub to: Day,
    /// The civil day as of which people belong to their units.
    pub as_of: Day,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// How many rows will come.
    pub row_count: u64,
    /// The totals row, a cell for every column; empty when nothing can be added up.
    pub totals: Vec<Cell>,
    /// The rows in batches.
    pub rows: Rows,
}

/// Batches of rows; each row has a cell for every column.
pub type Rows = Pin<Box<dyn Stream<Item = Result<Vec<Vec<Cell>>>> + Send>>;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Its width in characters.
    pub width: u8,
}

impl Column {
    fn new(title: impl Into<String>, width: u8) -> Self {
        Self { title: title.into(), width }
    }
}

impl Report {
    /// What the report covers, as `2026-01-01 至 2026-12-31`.
    pub fn period(&self) -> String {
        format!("{} 至 {}", self.from, self.to)
    }

    /// A file name for people, without characters that file systems refuse.
    pub fn file_name(&self, extension: &str) -> String {
        file_name(&[self.kind.title(), &self.scope_name, &self.from.to_string(), &self.to.to_string()], extension)
    }
}

fn file_name(parts: &[&str], extension: &str) -> String {
    let safe = |c: char| if c.is_control() || "\\/:*?\"<>|".contains(c) { '_' } else { c };
    let short: String = parts.join("_").chars().map(safe).take(100).collect();
    format!("{short}.{extension}")
}

/// Make a report. Its heading is read now, its rows while they are taken.
///
/// # Errors
/// [`Error::NoSuchUnit`] when the unit does not exist or lies outside the scope, [`Error::BadPeriod`],
/// [`Error::NotByLesson`].
pub async fn report(db: &DatabaseConnection, kind: Kind, query: &ReportQuery) -> Result<Report> {
    if query.about != About::Everything && !matches!(kind, Kind::Attendance | Kind::Hours) {
        return Err(Error::NotByLesson);
    }
    let frame = frame(db, matches!(kind, Kind::Assessment | Kind::Gaps), query).await?;
    match kind {
        Kind::Attendance => attendance::report(frame).await,
        Kind::Hours => hours::report(frame).await,
        Kind::Assessment => assessment::report(frame).await,
        Kind::Gaps => gaps::report(frame).await,
        book => books::report(frame, book, Window::ALL).await,
    }
}

/// One page of a book, from 1: its rows only, under the totals of all of it. Of another report all rows.
///
/// # Errors
/// As [`report`].
pub async fn page(db: &DatabaseConnection, kind: Kind, query: &ReportQuery, page: u64, size: u64) -> Result<Report> {
    if !Kind::BOOKS.iter().any(|(book, _)| *book == kind) {
        return report(db, kind, query).await;
    }
    let first = page.clamp(1, 1_000_000).saturating_sub(1).saturating_mul(size);
    if query.about != About::Everything {
        return Err(Error::NotByLesson);
    }
    books::report(frame(db, false, query).await?, kind, Window { first, most: size }).await
}

async fn frame(db: &DatabaseConnection, whole_year: bool, query: &ReportQuery) -> Result<Frame> {
    let scope = covered(db, query).await?;
    let (from, to) = period(whole_year, query)?;
    let whom = Whom::Of(scope.clone());
    let (upto_seq, merges) = (view::newest_seq(db).await?, Arc::new(Merges::now(db).await?));
    let slice = Slice { whom, from, to, upto_seq, about: query.about, merges };
    let mut roster = Roster::load(db, &scope).await?;
    if let Some(title) = query.about.title(db).await? {
        roster.scope_name.push_str(&format!("《{title}》"));
    }
    let (judged_on, as_of) = (query.today.clamp(from, to), query.today);
    Ok(Frame { db: db.clone(), book: RuleBook::load(db).await?, roster, judged_on, as_of, slice })
}

/// Which rows are wanted.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// How many are passed over.
    first: u64,
    /// How many are taken at most.
    most: u64,
}

impl Window {
    const ALL: Self = Self { first: 0, most: u64::MAX };
}

/// One row per entry. See [`report`].
///
/// # Errors
/// As [`report`].
pub async fn attendance(db: &DatabaseConnection, query: &ReportQuery) -> Result<Report> {
    report(db, Kind::Attendance, query).await
}

/// One row per person: hours by source. See [`report`].
///
/// # Errors
/// As [`report`].
pub async fn hours(db: &DatabaseConnection, query: &ReportQuery) -> Result<Report> {
    report(db, Kind::Hours, query).await
}

/// One row per person: each standing. See [`report`].
///
/// # Errors
/// As [`report`].
pub async fn assessment(db: &DatabaseConnection, query: &ReportQuery) -> Result<Report> {
    report(db, Kind::Assessment, query).await
}

/// What every kind of report starts from.
#[derive(Clone)]
struct Frame {
    db: DatabaseConnection,
    book: RuleBook,
    roster: Roster,
    slice: Slice,
    /// The day whose rules judge.
    judged_on: Day,
    /// The day as of which people belong to their units.
    as_of: Day,
}

impl Frame {
    /// The first instant of the period, and the first after it.
    fn instants(&self) -> (Moment, Moment) {
        let after = self.slice.to.succ_opt().map_or(Moment(i64::MAX), Moment::start_of);
        (Moment::start_of(self.slice.from), after)
    }

    fn finish(self, kind: Kind, columns: Vec<Column>, row_count: u64, totals: Vec<Cell>, rows: Rows) -> Report {
        let (from, to, as_of) = (self.slice.from, self.slice.to, self.as_of);
        Report { kind, scope_name: self.roster.scope_name, from, to, as_of, columns, row_count, totals, rows }
    }
}

/// The subtrees to report on. A unit above the caller's reach is refused like one beside it.
async fn covered(db: &DatabaseConnection, query: &ReportQuery) -> Result<Scope> {
    let Some(id) = query.unit else { return Ok(query.scope.clone()) };
    let unit = org_unit::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchUnit(id))?;
    if query.scope.contains(&unit.path) { Ok(Scope::of([unit.path])) } else { Err(Error::NoSuchUnit(id)) }
}

fn period(whole_year: bool, query: &ReportQuery) -> Result<(Day, Day)> {
    let said = query.year.or(query.to.map(|day| day.year())).or(query.from.map(|day| day.year()));
    let (first, last) = view::year_days(said.unwrap_or(query.today.year()))?;
    if whole_year {
        return Ok((first, last));
    }
    let (from, to) = (query.from.unwrap_or(first), query.to.unwrap_or(last));
    for day in [from, to] {
        view::year_days(day.year())?; // a year of five digits is a typing error, and sorts wrongly as text
    }
    if from <= to { Ok((from, to)) } else { Err(Error::BadPeriod) }
}

#[cfg(test)]
mod tests;
