//! Reports as files that open right in Excel and WPS: CSV as a stream, XLSX as a temporary file.
//!
//! Owns encoding, real types and the guard against formulas; what the rows say is `report`'s.

mod csv;
mod xlsx;

pub use self::csv::csv;
pub use self::xlsx::xlsx;

use crate::report::{Report, TIME_ZONE};

/// What a file says about itself: heading and value.
fn about(report: &Report) -> [(&'static str, String); 5] {
    [
        ("报表", report.kind.title().to_owned()),
        ("范围", report.scope_name.clone()),
        ("期间", report.period()),
        ("时区", TIME_ZONE.to_owned()),
        ("行数", report.row_count.to_string()),
    ]
}
