//! XLSX with real dates and numbers, written row by row so that memory stays flat.

use super::{Notes, about, about_sheets};
use crate::report::{Cell, Column, Report, Sheets};
use crate::{Error, Result};
use chrono::NaiveDateTime;
use futures_util::StreamExt;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

/// The rows of a worksheet, less heading and totals.
const MOST_ROWS: u64 = 1_048_576 - 2;

/// The report as a workbook: a sheet 明细 with the rows, a sheet 说明 that says what they are. The file is removed when
/// the answer is dropped.
///
/// # Errors
/// [`Error::TooManyRows`] when no worksheet can hold it; those of the report's rows.
pub async fn xlsx(mut report: Report) -> Result<NamedTempFile> {
    if report.row_count > MOST_ROWS {
        return Err(Error::TooManyRows(report.row_count));
    }
    // The writer blocks on compression and the disk; two batches wait for it at most.
    let (batches, waiting) = mpsc::channel(2);
    let notes = about(&report);
    let (columns, totals) = (std::mem::take(&mut report.columns), std::mem::take(&mut report.totals));
    let writer = tokio::task::spawn_blocking(move || write(&notes, &columns, &totals, waiting));
    while let Some(batch) = report.rows.next().await {
        if batches.send(batch?).await.is_err() {
            break; // the writer failed and says why below
        }
    }
    drop(batches);
    writer.await.map_err(|error| Error::File(std::io::Error::other(error)))?
}

/// A report of several tables as a workbook: a sheet for each, then 说明.
///
/// # Errors
/// When the workbook cannot be made.
pub async fn sheets_xlsx(sheets: Sheets) -> Result<NamedTempFile> {
    let written = tokio::task::spawn_blocking(move || write_sheets(&sheets));
    written.await.map_err(|error| Error::File(std::io::Error::other(error)))?
}

fn write_sheets(sheets: &Sheets) -> Result<NamedTempFile> {
    let mut workbook = Workbook::new();
    let formats = Formats::new();
    let mut notes = about_sheets(sheets);
    for table in &sheets.tables {
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(table.title)?;
        write_heading(sheet, &table.columns, &formats)?;
        for (row, cells) in (1_u32..).zip(&table.rows) {
            write_row(sheet, row, cells, &formats, None)?;
        }
        let last = u32::try_from(table.rows.len()).unwrap_or(u32::MAX).saturating_add(1);
        write_row(sheet, last, &table.totals, &formats, Some(&formats.bold))?;
        notes.push((table.title, table.note.clone()));
    }
    write_notes(workbook.add_worksheet_with_constant_memory()?, &notes, &formats)?;
    let file = NamedTempFile::new()?;
    workbook.save_to_writer(file.as_file())?;
    Ok(file)
}

fn write(
    notes: &Notes,
    columns: &[Column],
    totals: &[Cell],
    mut batches: mpsc::Receiver<Vec<Vec<Cell>>>,
) -> Result<NamedTempFile> {
    let mut workbook = Workbook::new();
    let formats = Formats::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name("明细")?;
    write_heading(sheet, columns, &formats)?;
    let mut row: u32 = 1;
    while let Some(batch) = batches.blocking_recv() {
        for cells in batch {
            write_row(sheet, row, &cells, &formats, None)?;
            row += 1;
        }
    }
    let last_column = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    sheet.autofilter(0, 0, row.saturating_sub(1), last_column)?;
    write_row(sheet, row, totals, &formats, Some(&formats.bold))?;
    write_notes(workbook.add_worksheet_with_constant_memory()?, notes, &formats)?;
    let file = NamedTempFile::new()?;
    workbook.save_to_writer(file.as_file())?;
    Ok(file)
}

struct Formats {
    bold: Format,
    heading: Format,
    id: Format,
    amount: Format,
    date: Format,
    time: Format,
}

impl Formats {
    fn new() -> Self {
        Self {
            bold: Format::new().set_bold(),
            heading: Format::new().set_bold().set_align(FormatAlign::Center).set_text_wrap(),
            id: Format::new().set_num_format("@"),
            amount: Format::new().set_num_format("0.00"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        }
    }
}

fn write_heading(sheet: &mut Worksheet, columns: &[Column], formats: &Formats) -> std::result::Result<(), XlsxError> {
    sheet.set_freeze_panes(1, 0)?;
    for (place, column) in (0_u16..).zip(columns) {
        sheet.set_column_width(place, f64::from(column.width))?;
        sheet.write_string_with_format(0, place, &column.title, &formats.heading)?;
    }
    Ok(())
}

/// Text is written as text, never as a formula, whatever it begins with.
fn write_row(
    sheet: &mut Worksheet,
    row: u32,
    cells: &[Cell],
    formats: &Formats,
    text_format: Option<&Format>,
) -> std::result::Result<(), XlsxError> {
    for (place, cell) in (0_u16..).zip(cells) {
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => match text_format {
                Some(format) => drop(sheet.write_string_with_format(row, place, fitting(text), format)?),
                None => drop(sheet.write_string(row, place, fitting(text))?),
            },
            Cell::Id(id) => drop(sheet.write_string_with_format(row, place, fitting(id), &formats.id)?),
            Cell::Count(count) => drop(sheet.write_number(row, place, *count as f64)?),
            Cell::Amount(amount) => {
                sheet.write_number_with_format(row, place, amount.to_f64(), &formats.amount)?;
            }
            Cell::Date(day) => {
                sheet.write_datetime_with_format(row, place, day.and_time(chrono::NaiveTime::MIN), &formats.date)?;
            }
            Cell::Time(moment) => {
                let local: NaiveDateTime = moment.local().naive_local();
                sheet.write_datetime_with_format(row, place, local, &formats.time)?;
            }
        }
    }
    Ok(())
}

fn write_notes(sheet: &mut Worksheet, notes: &Notes, formats: &Formats) -> std::result::Result<(), XlsxError> {
    sheet.set_name("说明")?;
    sheet.set_column_width(0, 12)?;
    sheet.set_column_width(1, 80)?;
    let rounding = ("取数", "分钟和学时向下取两位小数；合计按毫秒累加后再取，不是各行显示值之和".to_owned());
    for (row, (name, value)) in (0_u32..).zip(notes.iter().chain([&rounding])) {
        sheet.write_string_with_format(row, 0, *name, &formats.bold)?;
        sheet.write_string(row, 1, fitting(value))?;
    }
    Ok(())
}

/// A cell holds 32,767 characters.
fn fitting(text: &str) -> String {
    text.chars().take(32_767).collect()
}
