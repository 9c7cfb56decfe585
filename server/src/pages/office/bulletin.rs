//! The monthly bulletin (通报) of a unit: on the screen, and ready for paper. Every cell is the archive's.

use super::pictures;
use super::sheet::Titled;
use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::chart::Chart;
use crate::pages::choose::{Choice, Tab, tabs, unit, units};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::report::{ReportQuery, Sheets, SheetsKind, sheets};
use archive::{About, YEARS};
use askama::Template;
use chrono::{Datelike, Days, Months};
use entity::{Day, Moment, UnitId, org_unit};
use serde::Deserialize;

/// Which unit's bulletin of which month, as `2026-11`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BulletinQuery {
    unit: String,
    month: String,
}

#[derive(Template)]
#[template(path = "office/bulletin.html")]
struct BulletinPage {
    shell: Shell,
    tabs: Vec<Tab>,
    units: Vec<Choice>,
    unit: String,
    month: String,
    month_words: String,
    charts: Vec<Chart>,
    tables: Vec<Titled>,
    files: Files,
}

/// A report on paper: its tables, then lines to sign and a place for the seal.
#[derive(Template)]
#[template(path = "office/sheets_print.html")]
pub(super) struct SheetsPrint {
    pub(super) shell: Shell,
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) period: String,
    /// A line of its own before the signatures, as for the public notice.
    pub(super) notice: Option<&'static str>,
    pub(super) signers: &'static [&'static str],
    pub(super) printed: String,
    pub(super) by: String,
    pub(super) back: String,
    pub(super) charts: Vec<Chart>,
    pub(super) tables: Vec<Titled>,
}

/// Where a report is to be had on paper and as a file.
pub(super) struct Files {
    pub(super) print: String,
    pub(super) xlsx: String,
    pub(super) csv: String,
}

impl Files {
    /// `parameters` are those of the files, `shown` those of the page.
    pub(super) fn of(kind: SheetsKind, parameters: &str, shown: &str) -> Self {
        let word = kind.word();
        let file = |extension: &str| format!("/api/v1/reports/{word}.{extension}?{parameters}");
        Self { print: format!("/office/{word}/print?{shown}"), xlsx: file("xlsx"), csv: file("csv") }
    }
}

/// What is asked for, read from the address.
struct Asked {
    unit: org_unit::Model,
    first: Day,
    last: Day,
}

/// `GET /office/bulletin`: a month of a unit.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn show(reader: Reader, query: Query<BulletinQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (asked, made) = make(&reader, &query, &db).await?;
    let (month, month_words) = (asked.month(), asked.month_words());
    let link = |unit: UnitId| format!("/office/bulletin?unit={unit}&month={month}");
    let parameters = format!("unit={}&from={}&to={}", asked.unit.id, asked.first, asked.last);
    crate::pages::draw(&BulletinPage {
        shell: Shell::new(&reader, format!("{} {month_words}通报", asked.unit.name), "/office"),
        tabs: tabs(&reader, "/office/bulletin"),
        units: units(&db.read, &reader.reach(), &asked.unit).await?,
        charts: pictures::of_bulletin(&made),
        tables: made.tables.iter().map(|table| Titled::of(table, asked.unit.level, link)).collect(),
        files: Files::of(SheetsKind::Bulletin, &parameters, &asked.parameters()),
        unit: asked.unit.name,
        month,
        month_words,
    })
}

/// `GET /office/bulletin/print`: the same on paper.
///
/// # Errors
/// As [`show`].
pub async fn print(reader: Reader, query: Query<BulletinQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (asked, made) = make(&reader, &query, &db).await?;
    let title = format!("{} {}{}", asked.unit.name, asked.month_words(), SheetsKind::Bulletin.title());
    let mut shell = Shell::new(&reader, title.clone(), "/office");
    shell.theme = "plain";
    crate::pages::draw(&SheetsPrint {
        shell,
        title,
        unit: roster::org::full_name(&db.read, &asked.unit).await?,
        period: made.period(),
        notice: None,
        signers: &["制表人：", "审核人：", "签发人：", "日期："],
        printed: Moment::now().local().format("%Y-%m-%d %H:%M").to_string(),
        by: reader.name.clone(),
        back: format!("/office/bulletin?{}", asked.parameters()),
        charts: pictures::of_bulletin(&made),
        tables: made.tables.iter().map(|table| Titled::of(table, asked.unit.level, |_| String::new())).collect(),
    })
}

async fn make(reader: &Reader, query: &BulletinQuery, db: &Database) -> ApiResult<(Asked, Sheets)> {
    let (reach, today) = (reader.reach(), Moment::now().day());
    let unit = unit(&db.read, &reach, Some(&query.unit)).await?;
    let (first, last) = month(&query.month, today);
    let (from, to, scope) = (Some(first), Some(last), reach);
    let report = ReportQuery { unit: Some(unit.id), from, to, year: None, about: About::Everything, scope, today };
    let made = sheets(&db.read, SheetsKind::Bulletin, &report).await?;
    Ok((Asked { unit, first, last }, made))
}

/// How long into a month the one before is what offices write about.
const REPORTING: Days = Days::new(7);

/// The first and last day of a month written as `2026-11`; when it is not one, of this month, or in its first week of the
/// one before.
fn month(text: &str, today: Day) -> (Day, Day) {
    let first: Option<Day> = format!("{text}-01").parse().ok().filter(|day: &Day| YEARS.contains(&day.year()));
    let first = first.or_else(|| today.checked_sub_days(REPORTING)?.with_day(1)).unwrap_or(today);
    let last = first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(first);
    (first, last)
}

impl Asked {
    fn month(&self) -> String {
        self.first.format("%Y-%m").to_string()
    }

    fn month_words(&self) -> String {
        format!("{} 年 {} 月", self.first.year(), self.first.month())
    }

    fn parameters(&self) -> String {
        format!("unit={}&month={}", self.unit.id, self.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_runs_from_its_first_day_to_its_last() {
        let day = |text: &str| text.parse::<Day>().unwrap_or_default();
        assert_eq!(month("2024-02", day("2026-11-29")), (day("2024-02-01"), day("2024-02-29")));
        assert_eq!(month("2025-12", day("2026-11-29")), (day("2025-12-01"), day("2025-12-31")));
        for wrong in ["", "2026-13", "11-2026", "2026-11-03", "99999-01"] {
            assert_eq!(month(wrong, day("2026-11-29")), (day("2026-11-01"), day("2026-11-30")), "{wrong}");
        }
    }
}
