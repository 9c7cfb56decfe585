//! Reports as files that open right in Excel and WPS: CSV as a stream, XLSX as a temporary file.
//!
//! Owns encoding, real types and the guard against formulas; what the rows say is `report`'s.

mod csv;
mod xlsx;

pub use self::csv::{csv, sheets_csv};
pub use self::xlsx::{sheets_xlsx, xlsx};

use crate::report::{Kind, Report, Sheets, TIME_ZONE};
use entity::Day;

/// What a file says about itself: heading and value.
type Notes = Vec<(&'static str, String)>;

fn about(report: &Report) -> Notes {
    let mut notes = notes(report.kind.title(), &report.scope_name, report.period());
    if report.kind != Kind::Audit {
        notes.push(belonging(report.as_of));
    }
    notes.push(("行数", report.row_count.to_string()));
    notes
}

fn about_sheets(sheets: &Sheets) -> Notes {
    let mut notes = notes(sheets.kind.title(), &sheets.scope_name, sheets.period());
    notes.push(belonging(sheets.as_of));
    notes
}

/// Whoever was transferred stands where they belong now, with all their hours.
fn belonging(as_of: Day) -> (&'static str, String) {
    ("归属", format!("人员按 {as_of} 所在的单位统计，调动前的学时随人计入"))
}

fn notes(title: &str, scope_name: &str, period: String) -> Notes {
    vec![("报表", title.to_owned()), ("范围", scope_name.to_owned()), ("期间", period), ("时区", TIME_ZONE.to_owned())]
}
