//! A report's rows as a table: what stands the same in every row is left out, times of the row's own day are short.

use crate::error::ApiResult;
use archive::report::{Cell, Column, Report, Table};
use entity::{Day, UnitId, UnitLevel};
use futures_util::StreamExt;

/// The table of a book, or one of several of a report.
pub(super) struct Sheet {
    /// Headings, and whether the column holds numbers.
    pub(super) heads: Vec<(String, bool)>,
    /// The rows.
    pub(super) rows: Vec<Vec<Shown>>,
    /// The totals.
    pub(super) totals: Vec<Shown>,
}

/// A cell as people read it.
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) number: bool,
    /// Long enough to be broken into lines.
    pub(super) long: bool,
}

impl Sheet {
    /// The rows of a report, at most so many.
    pub(super) async fn read(mut report: Report, level: UnitLevel, most: usize) -> ApiResult<Self> {
        let shown = shown(&report.columns, level);
        let mut rows = Vec::new();
        while let Some(batch) = report.rows.next().await {
            rows.extend(batch?.iter().map(|row| kept(row, &shown)));
            if rows.len() >= most {
                break;
            }
        }
        rows.truncate(most);
        let mut totals = kept(&report.totals, &shown);
        if let Some(first) = totals.first_mut().filter(|first| first.text.is_empty()) {
            first.text = "合计".to_owned(); // it stood in a column that is left out
        }
        let columns = report.columns.into_iter().zip(&shown).filter(|(_, shown)| **shown);
        let heads = columns.enumerate().map(|(at, (column, _))| (column.title, is_of_numbers(&rows, at))).collect();
        Ok(Self { heads, rows, totals })
    }
}

/// One table of a report of several, as people read it.
pub(super) struct Titled {
    pub(super) title: &'static str,
    pub(super) note: String,
    pub(super) sheet: Sheet,
    /// Where the name of each row's unit leads, if anywhere.
    pub(super) links: Vec<Option<String>>,
    /// The column that holds that name, if it is shown.
    pub(super) link_at: Option<usize>,
}

impl Titled {
    /// The table of a unit of this level. `link` says where a row about a unit leads.
    pub(super) fn of(table: &Table, level: UnitLevel, link: impl Fn(UnitId) -> String) -> Self {
        let shown = shown(&table.columns, level);
        let rows: Vec<_> = table.rows.iter().map(|row| kept(row, &shown)).collect();
        let columns = table.columns.iter().zip(&shown).filter(|(_, shown)| **shown).map(|(column, _)| column);
        let link_at = columns.clone().position(|column| ["单位", "村"].contains(&column.title.as_str()));
        let heads = columns.enumerate().map(|(at, column)| (column.title.clone(), is_of_numbers(&rows, at))).collect();
        Self {
            title: table.title,
            note: table.note.clone(),
            sheet: Sheet { heads, rows, totals: kept(&table.totals, &shown) },
            links: table.units.iter().map(|unit| unit.map(&link)).collect(),
            link_at,
        }
    }

    /// Where a cell leads.
    pub(super) fn link(&self, row: &usize, column: &usize) -> Option<&str> {
        (Some(*column) == self.link_at).then(|| self.links.get(*row)?.as_deref()).flatten()
    }
}

/// Of a village's report its county, township and name need no column.
fn shown(columns: &[Column], level: UnitLevel) -> Vec<bool> {
    let hidden: &[&str] = match level {
        UnitLevel::City => &[],
        UnitLevel::County => &["县区"],
        UnitLevel::Township => &["县区", "乡镇"],
        UnitLevel::Village | UnitLevel::Other => &["县区", "乡镇", "村"],
    };
    columns.iter().map(|column| !hidden.contains(&column.title.as_str())).collect()
}

fn kept(row: &[Cell], shown: &[bool]) -> Vec<Shown> {
    let day = row.iter().find_map(|cell| match cell {
        Cell::Date(day) => Some(*day),
        _ => None,
    });
    row.iter().zip(shown).filter(|(_, shown)| **shown).map(|(cell, _)| Shown::of(cell, day)).collect()
}

fn is_of_numbers(rows: &[Vec<Shown>], at: usize) -> bool {
    rows.iter().any(|row| row.get(at).is_some_and(|cell| cell.number))
}

impl Shown {
    fn of(cell: &Cell, day: Option<Day>) -> Self {
        let text = match cell {
            Cell::Time(at) if Some(at.day()) == day => at.local().format("%H:%M").to_string(),
            Cell::Time(at) => at.local().format("%Y-%m-%d %H:%M").to_string(),
            other => other.text(),
        };
        let number = matches!(cell, Cell::Count(_) | Cell::Amount(_));
        Self { long: matches!(cell, Cell::Text(_)) && text.chars().count() > 10, number, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::Moment;

    #[test]
    fn a_time_of_the_rows_own_day_is_short_and_another_is_whole() {
        let day = Day::from_ymd_opt(2026, 11, 5).unwrap_or_default();
        let noon = Moment::start_of(day).plus_ms(12 * 3_600_000);
        let row = [Cell::Date(day), Cell::Time(noon), Cell::Time(noon.plus_ms(86_400_000)), Cell::Count(3)];
        let texts: Vec<_> = kept(&row, &[false, true, true, true]).into_iter().map(|cell| cell.text).collect();
        assert_eq!(texts, ["12:00", "2026-11-06 12:00", "3"]);
    }
}
