//! Reports of several short tables, whole in memory: the bulletin (通报) and the star rating (创星升级).
//!
//! The tables are made once; screen, paper, CSV, XLSX and JSON show their cells and compute nothing.

use super::{Cell, Column, ReportQuery, bulletin, covered, file_name, frame, stars};
use crate::{About, Error, Hundredths, Result};
use entity::{Day, UnitId};
use sea_orm::DatabaseConnection;

/// Which report of several tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetsKind {
    /// The monthly bulletin (通报): users, study, stations, searches.
    Bulletin,
    /// The star rating of the year (创星升级): every village by its six items, and what each point rests on.
    Stars,
}

/// A report of several tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheets {
    /// Which one.
    pub kind: SheetsKind,
    /// The names of the units it covers.
    pub scope_name: String,
    /// First civil day.
    pub from: Day,
    /// Last civil day, itself included.
    pub to: Day,
    /// The civil day as of which people belong to their units.
    pub as_of: Day,
    /// The tables, in order.
    pub tables: Vec<Table>,
}

/// One table of such a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its title, and the name of its worksheet.
    pub title: &'static str,
    /// What its numbers mean, in a sentence or two.
    pub note: String,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows; each has a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// The unit each row is about; shorter than the rows where they are about something else.
    pub units: Vec<Option<UnitId>>,
    /// The totals row, a cell for every column; empty when nothing can be added up.
    pub totals: Vec<Cell>,
}

impl SheetsKind {
    /// The kind with this name in addresses.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "bulletin" => Some(Self::Bulletin),
            "stars" => Some(Self::Stars),
            _ => None,
        }
    }

    /// Its name in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bulletin => "bulletin",
            Self::Stars => "stars",
        }
    }

    /// The title people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Bulletin => "远程教育学用情况通报",
            Self::Stars => "创星升级评定表",
        }
    }
}

impl Sheets {
    /// What it covers, as `2026-11-01 至 2026-11-30`.
    pub fn period(&self) -> String {
        format!("{} 至 {}", self.from, self.to)
    }

    /// A file name for people, without characters that file systems refuse.
    pub fn file_name(&self, extension: &str) -> String {
        file_name(&[self.kind.title(), &self.scope_name, &self.from.to_string(), &self.to.to_string()], extension)
    }
}

/// Make a report of several tables. A rating is always of a whole year, or of what has gone by of it.
///
/// # Errors
/// [`Error::NoSuchUnit`] when the unit does not exist or lies outside the scope, [`Error::BadPeriod`],
/// [`Error::NotByLesson`].
pub async fn sheets(db: &DatabaseConnection, kind: SheetsKind, query: &ReportQuery) -> Result<Sheets> {
    if query.about != About::Everything {
        return Err(Error::NotByLesson);
    }
    let whole_year = kind == SheetsKind::Stars;
    let scope = covered(db, query).await?;
    let frame = frame(db, whole_year, query).await?;
    let tables = match kind {
        SheetsKind::Bulletin => bulletin::tables(&frame, &scope).await?,
        SheetsKind::Stars => stars::tables(&frame, query.today).await?,
    };
    let (scope_name, from, to) = (frame.roster.scope_name.clone(), frame.slice.from, frame.slice.to);
    Ok(Sheets { kind, scope_name, from, to, as_of: query.today, tables })
}

/// Columns of titles and widths.
pub(super) fn columns(titles: &[(&str, u8)]) -> Vec<Column> {
    titles.iter().map(|(title, width)| Column::new(*title, *width)).collect()
}

/// A part of a whole in percent, two decimals, rounded down; nothing when there is no whole.
pub(super) fn percent(part: u64, whole: u64) -> Cell {
    let share = part.saturating_mul(10_000).checked_div(whole);
    share.and_then(|share| i64::try_from(share).ok()).map_or(Cell::Empty, |share| Cell::Amount(Hundredths(share)))
}

/// Milliseconds as hours, two decimals, rounded down.
pub(super) fn hours(ms: i64) -> Cell {
    Cell::Amount(Hundredths(ms.div_euclid(36_000)))
}

/// Milliseconds as hours for each of so many; nothing when there are none.
pub(super) fn hours_each(ms: i64, among: u64) -> Cell {
    i64::try_from(among).ok().and_then(|among| ms.checked_div(among)).map_or(Cell::Empty, hours)
}

/// A count as a cell.
pub(super) fn count(count: impl TryInto<i64>) -> Cell {
    Cell::Count(count.try_into().unwrap_or(i64::MAX))
}

/// A text as a cell.
pub(super) fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}
