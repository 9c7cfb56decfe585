//! CSV for spreadsheets: UTF-8 with a byte order mark, CRLF, no cell that a spreadsheet would run.

use super::{about, about_sheets};
use crate::report::{Cell, Report, Sheets};
use crate::{Error, Result};
use ::csv::{Terminator, Writer, WriterBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::borrow::Cow;

/// The report as CSV, piece by piece: what it is, an empty line, the headings, the rows, the totals.
///
/// Cells that a spreadsheet would take for a formula get an apostrophe before them. A roster number that a spreadsheet
/// would mangle (leading zero, or more than eleven digits) gets a tab after it, which keeps it text and is not seen.
pub fn csv(mut report: Report) -> impl Stream<Item = Result<Bytes>> + Send {
    async_stream::try_stream! {
        let mut head = vec![0xEF, 0xBB, 0xBF];
        let notes = about(&report);
        head.extend(encode(notes.iter().map(|(name, value)| [guarded(name), guarded(value)]))?);
        head.extend_from_slice(b"\r\n");
        head.extend(encode([report.columns.iter().map(|column| guarded(&column.title))])?);
        yield Bytes::from(head);
        while let Some(batch) = report.rows.next().await {
            yield Bytes::from(encode(batch?.iter().map(|row| texts(row)))?);
        }
        if !report.totals.is_empty() {
            yield Bytes::from(encode([texts(&report.totals)])?);
        }
    }
}

/// A report of several tables as one CSV: what it is, then each table after an empty line and its title.
///
/// # Errors
/// [`Error::File`] when a line cannot be written, which memory never refuses.
pub fn sheets_csv(sheets: &Sheets) -> Result<Bytes> {
    let mut file = vec![0xEF, 0xBB, 0xBF];
    let notes = about_sheets(sheets);
    file.extend(encode(notes.iter().map(|(name, value)| [guarded(name), guarded(value)]))?);
    for table in &sheets.tables {
        file.extend_from_slice(b"\r\n");
        file.extend(encode([[guarded(table.title), guarded(&table.note)]])?);
        file.extend(encode([table.columns.iter().map(|column| guarded(&column.title))])?);
        let rows = table.rows.iter().chain(Some(&table.totals).filter(|totals| !totals.is_empty()));
        file.extend(encode(rows.map(|row| texts(row)))?);
    }
    Ok(file.into())
}

fn encode<'a, Row>(rows: impl IntoIterator<Item = Row>) -> Result<Vec<u8>>
where
    Row: IntoIterator<Item = Cow<'a, str>>,
{
    let mut writer: Writer<Vec<u8>> =
        WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for row in rows {
        let mut fields = row.into_iter();
        fields.try_for_each(|field| writer.write_field(field.as_bytes())).map_err(broken)?;
        writer.write_record(None::<&[u8]>).map_err(broken)?; // ends the line
    }
    writer.into_inner().map_err(|error| Error::File(error.into_error()))
}

fn broken(error: ::csv::Error) -> Error {
    Error::File(error.into())
}

fn texts(row: &[Cell]) -> impl Iterator<Item = Cow<'_, str>> {
    row.iter().map(text)
}

fn text(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Id(id) if is_mangled(id) => format!("{id}\t").into(),
        Cell::Text(text) | Cell::Id(text) => guarded(text),
        other => other.text().into(), // real numbers and dates: a minus sign is a minus sign
    }
}

fn is_mangled(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) && (id.starts_with('0') || id.len() > 11)
}

/// Text no spreadsheet runs (OWASP, CSV injection): formulas begin with `=`, `+`, `-`, `@`, also in full width.
fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}']) {
        return format!("'{text}").into();
    }
    text.into()
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
