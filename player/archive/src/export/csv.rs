//! CSV for spreadsheets: UTF-8 with a byte order mark, CRLF, no cell that a spreadsheet would run.

use super::about;
use crate::report::{Cell, Report};
use crate::{Error, Result};
use ::csv::{Terminator, Writer, WriterBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// The report as CSV, piece by piece: what it is, an empty line, the headings, the rows, the totals.
///
/// Cells that a spreadsheet would take for a formula get an apostrophe before them. A roster number that a spreadsheet
/// would mangle (leading zero, or more than eleven digits) gets a tab after it, which keeps it text and is not seen.
pub fn csv(mut report: Report) -> impl Stream<Item = Result<Bytes>> + Send {
    async_stream::try_stream! {
        let mut head = vec![0xEF, 0xBB, 0xBF];
        let lines = about(&report).into_iter().map(|(name, value)| vec![guarded(name), guarded(&value)]);
        head.extend(encode(lines)?);
        head.extend_from_slice(b"\r\n");
        head.extend(encode([report.columns.iter().map(|column| guarded(&column.title)).collect()])?);
        yield Bytes::from(head);
        while let Some(batch) = report.rows.next().await {
            yield Bytes::from(encode(batch?.iter().map(|row| texts(row)))?);
        }
        yield Bytes::from(encode([texts(&report.totals)])?);
    }
}

fn encode(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut writer: Writer<Vec<u8>> =
        WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).map_err(|error| Error::File(error.into()))?;
    }
    writer.into_inner().map_err(|error| Error::File(error.into_error()))
}

fn texts(row: &[Cell]) -> Vec<String> {
    row.iter().map(text).collect()
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Id(id) if is_mangled(id) => format!("{id}\t"),
        Cell::Text(text) | Cell::Id(text) => guarded(text),
        other => other.text(), // real numbers and dates: a minus sign is a minus sign
    }
}

fn is_mangled(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) && (id.starts_with('0') || id.len() > 11)
}

/// Text no spreadsheet runs (OWASP, CSV injection): formulas begin with `=`, `+`, `-`, `@`, also in full width.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}']) {
        return format!("'{text}");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hundredths;

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u{FF1D}1"] {
            assert_eq!(text(&Cell::Text(evil.to_owned())), format!("'{evil}"));
            assert_eq!(text(&Cell::Id(evil.to_owned())), format!("'{evil}"));
        }
        assert_eq!(text(&Cell::Amount(Hundredths(-150))), "-1.50");
        assert_eq!(text(&Cell::Count(-3)), "-3");
    }

    #[test]
    fn roster_numbers_keep_their_zeros_in_a_spreadsheet() {
        assert_eq!(text(&Cell::Id("0451".to_owned())), "0451\t");
        assert_eq!(text(&Cell::Id("451220199001011234".to_owned())), "451220199001011234\t");
        assert_eq!(text(&Cell::Id("P-0451".to_owned())), "P-0451");
        assert_eq!(text(&Cell::Id("4512".to_owned())), "4512");
    }
}
