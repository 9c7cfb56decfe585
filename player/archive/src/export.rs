//! Reports as files that open right in Excel and WPS: CSV as a stream, XLSX as a temporary file.
//!
//! Owns encoding, real types and the guard against formulas; what the rows say is `report`'s.

mod csv;
mod xlsx;

pub use self::csv::{csv, sheets_csv};
pub use self::xlsx::{sheets_xlsx, xlsx};

use crate::report::{Report, Sheets, TIME_ZONE};

/// What a file says about itself: heading and value.
type Notes = Vec<(&'static str, String)>;

fn about(report: &Report) -> Notes {
    let mut notes = notes(report.kind.title(), &report.scope_name, report.period());
    notes.push(("行数", report.row_count.to_string()));
    notes
}

fn about_sheets(sheets: &Sheets) -> Notes {
    notes(sheets.kind.title(), &sheets.scope_name, sheets.period())
}

fn notes(title: &str, scope_name: &str, period: String) -> Notes {
    vec![("报表", title.to_owned()), ("范围", scope_name.to_owned()), ("期间", period), ("时区", TIME_ZONE.to_owned())]
}
