//! The tables of a report as a page, a CSV, a worksheet and the JSON tell them, and where two tellings differ.

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;
use std::io::Cursor;

/// A table as it stands somewhere: title, headings, rows with the totals last.
#[derive(Clone, Debug)]
pub struct Told {
    pub title: String,
    pub heads: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub fn of_json(report: &Value) -> Vec<Told> {
    let texts = |row: &Value| -> Vec<String> { row.as_array().unwrap().iter().map(word).collect() };
    let table = |table: &Value| {
        let mut rows: Vec<_> = table["rows"].as_array().unwrap().iter().map(texts).collect();
        rows.extend(Some(texts(&table["totals"])).filter(|totals| !totals.is_empty()));
        Told { title: word(&table["title"]), heads: texts(&table["columns"]), rows }
    };
    report["tables"].as_array().unwrap().iter().map(table).collect()
}

pub fn of_csv(text: &str) -> Vec<Told> {
    let text = text.strip_prefix('\u{feff}').unwrap();
    let parts = text.split("\r\n\r\n").skip(1);
    let lines = |part: &str| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(part.as_bytes());
        let lines = reader.records().map(|line| line.unwrap().iter().map(unguarded).collect());
        lines.collect()
    };
    parts
        .map(|part| {
            let mut lines = lines(part).into_iter();
            Told { title: lines.next().unwrap()[0].clone(), heads: lines.next().unwrap(), rows: lines.collect() }
        })
        .collect()
}

fn unguarded(text: &str) -> String {
    text.strip_prefix('\'').unwrap_or(text).trim_end_matches('\t').to_owned()
}

pub fn of_xlsx(bytes: Vec<u8>) -> Vec<Told> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let names: Vec<_> = book.sheet_names().into_iter().filter(|name| name != "说明").collect();
    let cell = |cell: &Data| match cell {
        Data::Float(number) => number.to_string(),
        Data::Empty => String::new(),
        Data::DateTime(at) => (day_zero() + chrono::Days::new(at.as_f64() as u64)).to_string(),
        other => other.to_string(),
    };
    let mut table = |title: String| {
        let range = book.worksheet_range(&title).unwrap();
        let mut rows = range.rows().map(|row| row.iter().map(cell).collect::<Vec<_>>());
        let heads = rows.next().unwrap();
        Told { title, heads, rows: rows.collect() }
    };
    names.into_iter().map(&mut table).collect()
}

/// The day that worksheets count from.
fn day_zero() -> entity::Day {
    entity::Day::from_ymd_opt(1899, 12, 30).unwrap()
}

/// The tables of a page: each after a heading with its title.
pub fn of_page(html: &str) -> Vec<Told> {
    let sections = html.split("<h2>").skip(1).filter_map(|part| part.split_once("</h2>"));
    sections
        .filter_map(|(title, rest)| {
            let (table, _) = rest.split_once("<table")?.1.split_once("</table>")?;
            let rows = table.split("<tr").skip(1).map(|row| row.split("</tr>").next().unwrap_or_default());
            let mut rows = rows.map(|row| {
                let cells = row.split("</t").filter_map(|cell| cell.rsplit_once("<t")?.1.split_once('>'));
                cells.map(|(_, text)| plain(text)).collect::<Vec<_>>()
            });
            let heads = rows.next()?;
            Some(Told { title: plain(title), heads, rows: rows.collect() })
        })
        .collect()
}

fn plain(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&amp;", "&"),
        ("&#38;", "&"),
    ];
    named.iter().fold(text, |text, (name, c)| text.replace(name, c)).trim().to_owned()
}

/// Whether two say the same: as numbers when both are, else as text.
fn same(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() < 1e-9,
        _ => a == b,
    }
}

/// What differs between the truth and a telling of it that may leave out columns, and tables without rows.
pub fn difference(truth: &[Told], told: &[Told]) -> Option<String> {
    for table in truth {
        let Some(other) = told.iter().find(|other| other.title == table.title) else {
            return (!table.rows.is_empty()).then(|| format!("{} is missing", table.title));
        };
        let places: Option<Vec<usize>> =
            other.heads.iter().map(|head| table.heads.iter().position(|known| known == head)).collect();
        let Some(places) = places else { return Some(format!("{}: other columns {:?}", table.title, other.heads)) };
        if table.rows.len() != other.rows.len() {
            return Some(format!("{}: {} rows and {}", table.title, table.rows.len(), other.rows.len()));
        }
        for (row, shown) in table.rows.iter().zip(&other.rows) {
            for (at, place) in places.iter().enumerate() {
                let text = shown.get(at).map_or("", String::as_str);
                // The word 合计 moves into the first column that is left.
                if !same(&row[*place], text) && text != "合计" {
                    return Some(format!("{} {}: {} and {text}", table.title, table.heads[*place], row[*place]));
                }
            }
        }
    }
    None
}
