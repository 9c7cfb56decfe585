//! From bytes to rows of plain text: XLSX, and CSV in UTF-8 or GB18030 as Excel and WPS save it.
//!
//! Whatever a cell holds becomes text: leading zeros and formulas as typed, numbers without a point, days as
//! `2024-01-05`. Everything is bounded, so that neither a zip bomb nor an endless sheet fills the memory.

use super::claims::{self, Twice};
use crate::{Error, Result};
use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};
use std::collections::BTreeMap;
use std::io::{BufReader, Cursor, Read};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// The most rows of all sheets together.
pub const MAX_ROWS: usize = 200_000;
/// The most characters of a cell.
pub(super) const MAX_CELL: usize = 1000;
/// Columns beyond this one are not read.
const MAX_COLUMNS: u32 = 64;
/// The most bytes a workbook may unpack to, and the most text its cells may hold.
const MAX_UNPACKED: u64 = 256 << 20;

/// The text of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Its sheets; a CSV file has one.
    pub tables: Vec<Table>,
}

/// The text of one sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The sheet's name; empty for CSV.
    pub name: String,
    /// Rows that hold anything, each with its line in the file, from 1.
    pub rows: Vec<(usize, Vec<String>)>,
}

/// Reads a roster file. The content decides what it is; the name only helps to say what is wrong.
///
/// # Errors
/// [`Error::NotASheet`] and [`Error::TooLarge`], each with a Chinese reason.
pub fn read(bytes: &[u8], filename: &str) -> Result<Sheet> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge("文件超过 64 MiB，请分批导入"));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return workbook(bytes);
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(not_a_sheet("这是旧版 .xls 或加密的文件，请另存为不加密的 .xlsx 再导入"));
    }
    if filename.to_lowercase().ends_with(".xlsx") {
        return Err(not_a_sheet("文件名是 .xlsx，内容却不是 Excel 工作簿，请用 Excel 或 WPS 重新另存"));
    }
    let text =
        decode(bytes).ok_or_else(|| not_a_sheet("文件不是 Excel 工作簿，也不是 UTF-8 或 GBK 编码的 CSV 表格"))?;
    Ok(Sheet { tables: vec![comma_separated(&text)?] })
}

fn not_a_sheet(reason: &str) -> Error {
    Error::NotASheet(reason.to_owned())
}

/// Text in UTF-8, with or without a mark, else in GB18030, of which GBK is a part; UTF-16 only with its mark.
fn decode(bytes: &[u8]) -> Option<String> {
    let encoding = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => encoding_rs::UTF_8,
        None => encoding_rs::GB18030,
    };
    let (text, _, malformed) = encoding.decode(bytes);
    // The CSV reader counts lines right only when each ends in one character.
    (!malformed && !text.contains('\0')).then(|| text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn comma_separated(text: &str) -> Result<Table> {
    let heading = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = [b',', b'\t', b';'].into_iter().max_by_key(|delimiter| {
        let found = heading.bytes().filter(|byte| byte == delimiter).count();
        (found, std::cmp::Reverse(*delimiter == b';'))
    });
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter.unwrap_or(b','));
    let mut rows = Rows::default();
    for record in reader.from_reader(text.as_bytes()).records() {
        let record = record.map_err(|_| not_a_sheet("CSV 表格格式有误，无法读取"))?;
        let line = record.position().map_or(0, csv::Position::line);
        for (column, cell) in (0..MAX_COLUMNS).zip(record.iter()) {
            rows.put(u32::try_from(line).unwrap_or(u32::MAX), column, cell)?;
        }
    }
    Ok(rows.table(String::new()))
}

fn workbook(bytes: &[u8]) -> Result<Sheet> {
    let broken = |_| not_a_sheet("工作簿已损坏或不是 .xlsx，请用 Excel 或 WPS 重新另存");
    bounded(bytes)?;
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Twice::of(bytes)).map_err(broken)?;
    let visible =
        |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible;
    let names: Vec<String> = book.sheets_metadata().iter().filter(visible).map(|sheet| sheet.name.clone()).collect();
    let mut rows = Rows::default();
    let mut tables = Vec::new();
    for name in names {
        let mut cells = book.worksheet_cells_reader(&name).map_err(broken)?;
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (row, column) = cell.get_position();
            rows.put(row.saturating_add(1), column, &text_of(cell.get_value()))?;
        }
        tables.push(rows.table(name));
    }
    Ok(Sheet { tables })
}

/// Refuses a zip that unpacks to more than any roster does, or claims more. One that declares less is not believed:
/// every entry is unpacked once, into nothing.
fn bounded(bytes: &[u8]) -> Result<()> {
    let broken = || not_a_sheet("工作簿已损坏，无法解压");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    let mut left = MAX_UNPACKED;
    if archive.decompressed_size().is_some_and(|declared| declared > u128::from(left)) {
        return Err(BOMB);
    }
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|_| broken())?;
        let unpacked = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink()).map_err(|_| broken())?;
        left = left.checked_sub(unpacked).ok_or(BOMB)?;
    }
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| broken())?;
        let name = part.name().map_err(|_| broken())?.into_owned();
        if !claims::are_modest(&name, BufReader::new(part)) {
            return Err(BOMB);
        }
    }
    Ok(())
}

const BOMB: Error = Error::TooLarge("工作簿解压后太大，请分批导入");

fn text_of<'a>(value: &'a DataRef<'_>) -> std::borrow::Cow<'a, str> {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.as_str().into(),
        DataRef::SharedString(text) => (*text).into(),
        DataRef::Int(number) => number.to_string().into(),
        // `{}` writes a whole f64 without point or exponent: 123, 13800000000.
        DataRef::Float(number) => number.to_string().into(),
        DataRef::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.into(),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}").into()
        }
        DataRef::DateTime(duration) => duration.as_f64().to_string().into(),
        DataRef::Error(error) => error.to_string().into(),
        DataRef::Empty => "".into(),
    }
}

/// Rows as they fill, by line, with what is left of the bounds.
struct Rows {
    lines: BTreeMap<u32, Vec<String>>,
    rows_left: usize,
    bytes_left: u64,
}

impl Default for Rows {
    fn default() -> Self {
        Self { lines: BTreeMap::new(), rows_left: MAX_ROWS, bytes_left: MAX_UNPACKED }
    }
}

impl Rows {
    fn put(&mut self, line: u32, column: u32, text: &str) -> Result<()> {
        self.pay(text.len())?; // all of it is looked through: one long text may stand in every cell
        let text = plain(text);
        if text.is_empty() || column >= MAX_COLUMNS {
            return Ok(());
        }
        self.pay(64)?;
        if !self.lines.contains_key(&line) {
            self.rows_left = self.rows_left.checked_sub(1).ok_or(Error::TooLarge("表格超过 200,000 行，请分批导入"))?;
        }
        let row = self.lines.entry(line).or_default();
        let column = usize::try_from(column).unwrap_or_default();
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        if let Some(cell) = row.get_mut(column) {
            *cell = text;
        }
        Ok(())
    }

    fn pay(&mut self, bytes: usize) -> Result<()> {
        let left = self.bytes_left.checked_sub(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.bytes_left = left.ok_or(Error::TooLarge("表格内容太多，请分批导入"))?;
        Ok(())
    }

    /// What has been put so far, as a table; the bounds go on.
    fn table(&mut self, name: String) -> Table {
        let lines = std::mem::take(&mut self.lines);
        let rows = lines.into_iter().map(|(line, row)| (usize::try_from(line).unwrap_or(usize::MAX), row));
        Table { name, rows: rows.collect() }
    }
}

/// A cell's text without what cannot be seen, one character longer than allowed at most.
fn plain(text: &str) -> String {
    let unseen = |c: char| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{200B}' | '\u{FEFF}');
    let text: String = text.trim().chars().filter(|c| !unseen(*c)).take(MAX_CELL + 1).collect();
    text.trim().to_owned()
}
