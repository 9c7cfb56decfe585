//! One number: record, reports, their files and the overview say the same.

use super::{always, deed, equal};
use crate::overview::units_overview;
use crate::report::{self, Cell, Kind, Report, ReportQuery};
use crate::testing::{CITY, City, day};
use crate::{About, CreditHours, Hundredths, export, record};
use calamine::{Data, Reader, Xlsx};
use entity::{PersonId, Scope};
use futures_util::StreamExt;

fn query() -> ReportQuery {
    ReportQuery {
        unit: Some(CITY),
        from: None,
        to: None,
        year: Some(2025),
        about: About::Everything,
        scope: Scope::of(["/1/".to_owned()]),
        today: day("2025-12-31"),
    }
}

async fn rows(report: &mut Report) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    while let Some(batch) = report.rows.next().await {
        rows.extend(batch.unwrap());
    }
    rows
}

fn column(report: &Report, title: &str) -> usize {
    report.columns.iter().position(|column| column.title == title).unwrap()
}

/// The rows of a report as its CSV has them: the last one is the totals.
async fn of_csv(kind: Kind, city: &City) -> Vec<Vec<String>> {
    let report = report::report(&city.db, kind, &query()).await.unwrap();
    let pieces: Vec<_> = export::csv(report).map(|piece| piece.unwrap()).collect().await;
    let text = String::from_utf8(pieces.concat()).unwrap();
    let (_, table) = text.split_once("\r\n\r\n").unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let plain = |text: &str| text.strip_prefix('\'').unwrap_or(text).trim_end_matches('\t').to_owned();
    reader.records().map(|line| line.unwrap().iter().map(plain).collect()).collect()
}

async fn of_xlsx(kind: Kind, city: &City) -> Vec<Vec<Data>> {
    let file = export::xlsx(report::report(&city.db, kind, &query()).await.unwrap()).await.unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook(file.path()).unwrap();
    let sheet = book.worksheet_range("明细").unwrap();
    sheet.rows().skip(1).map(<[Data]>::to_vec).collect()
}

/// Whether a worksheet's cell says what the report's does.
fn says(cell: &Cell, data: &Data) -> bool {
    match (cell, data) {
        (Cell::Amount(amount), Data::Float(number)) => (amount.to_f64() - number).abs() < 1e-9,
        (Cell::Count(count), Data::Float(number)) => (*count as f64 - number).abs() < 1e-9,
        (Cell::Date(_) | Cell::Time(_), Data::DateTime(_)) => true, // looked at where worksheets are written
        (Cell::Empty, Data::Empty) => true,
        (cell, Data::String(text)) => cell.text() == *text,
        (cell, Data::Empty) => cell.text().is_empty(),
        _ => false,
    }
}

/// A report's cells as its CSV and its worksheet have them.
async fn files_agree(kind: Kind, city: &City) -> Result<(), String> {
    let mut report = report::report(&city.db, kind, &query()).await.unwrap();
    let mut cells = rows(&mut report).await;
    cells.push(report.totals.clone());
    let texts: Vec<Vec<String>> = cells.iter().map(|row| row.iter().map(Cell::text).collect()).collect();
    equal(&format!("{kind:?} as CSV"), &of_csv(kind, city).await, &texts)?;
    let sheet = of_xlsx(kind, city).await;
    equal(&format!("rows of {kind:?} as XLSX"), &sheet.len(), &cells.len())?;
    for (row, told) in cells.iter().zip(&sheet) {
        if let Some(place) = (0..row.len()).find(|place| !says(&row[*place], told.get(*place).unwrap_or(&Data::Empty)))
        {
            return Err(format!("{kind:?} as XLSX: {:?} and {:?}", row[place], told.get(place)));
        }
    }
    Ok(())
}

#[test]
fn record_reports_files_and_overview_say_the_same_number_whatever_happened() {
    always(deed(), async |city: &City| {
        let mut hours = report::report(&city.db, Kind::Hours, &query()).await.unwrap();
        let hour_rows = rows(&mut hours).await;
        let mut assessment = report::report(&city.db, Kind::Assessment, &query()).await.unwrap();
        let judged = rows(&mut assessment).await;
        let mut attendance = report::report(&city.db, Kind::Attendance, &query()).await.unwrap();
        let entered = rows(&mut attendance).await;
        let (mut credit, mut credited_ms, mut told) = (CreditHours::default(), 0, 0);
        // Counties by code, then people by code, which fall as ids rise.
        for (place, who) in [20, 3, 2, 1].into_iter().enumerate() {
            let record = record::of_person(&city.db, PersonId(who), 2025, day("2025-12-31")).await.unwrap();
            let own = Cell::Amount(record.total.credit.hundredths());
            equal("hours", &hour_rows[place][column(&hours, "学时合计")], &own)?;
            equal("assessment", &judged[place][column(&assessment, "学时合计")], &own)?;
            let minutes = Cell::Amount(Hundredths::minutes(record.total.credited_ms));
            equal("minutes", &hour_rows[place][column(&hours, "计入分钟")], &minutes)?;
            let entries = usize::try_from(record.total.entries).unwrap();
            let own: Vec<_> = entered.iter().skip(told).take(entries).collect();
            let sum: i64 = own.iter().map(|row| seq_of(row, &attendance)).sum();
            let seqs: i64 = record.entries.rows.iter().map(|entry| entry.seq).sum();
            equal("the entries of the attendance", &sum, &seqs)?;
            (credit, credited_ms, told) =
                (credit + record.total.credit, credited_ms + record.total.credited_ms, told + entries);
        }
        equal("rows of the attendance", &entered.len(), &told)?;
        let whole = Cell::Amount(credit.hundredths());
        for (report, title) in [(&hours, "学时合计"), (&assessment, "学时合计"), (&attendance, "学时")] {
            equal(title, &report.totals[column(report, title)], &whole)?;
        }
        let overview = units_overview(&city.db, CITY, 2025, day("2025-12-31")).await.unwrap().whole;
        equal("overview", &(overview.total.credited_ms, overview.total.credit), &(credited_ms, credit))?;
        for kind in [Kind::Hours, Kind::Assessment, Kind::Attendance, Kind::Gaps] {
            files_agree(kind, city).await?;
        }
        Ok(())
    });
}

fn seq_of(row: &[Cell], attendance: &Report) -> i64 {
    match row[column(attendance, "台账号")] {
        Cell::Count(seq) => seq,
        _ => 0,
    }
}
