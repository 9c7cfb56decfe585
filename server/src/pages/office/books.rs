//! The four books and the roster (四簿一册) on the screen: one book of a unit and a period, page by page.
//!
//! Rows and totals are the archive's; the files and the print come from the same report.

use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, page_number, tabs, unit, units};
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::About;
use archive::report::{Kind, ReportQuery};
use askama::Template;
use chrono::Datelike;
use entity::{Day, Moment, Scope, org_unit};
use serde::Deserialize;

pub mod print;

use super::sheet::Sheet;

/// Rows of a page on the screen.
const PAGE: u64 = 50;

/// Which book of which unit and days.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BooksQuery {
    kind: String,
    unit: String,
    from: String,
    to: String,
    page: String,
}

#[derive(Template)]
#[template(path = "office/books.html")]
struct BooksPage {
    shell: Shell,
    tabs: Vec<Tab>,
    books: Vec<Tab>,
    kind: &'static str,
    title: &'static str,
    units: Vec<Choice>,
    from: String,
    to: String,
    problem: Option<&'static str>,
    about: String,
    sheet: Option<Sheet>,
    pager: Pager,
    xlsx: String,
    csv: String,
    print: String,
}

/// What is asked for, read from the address.
struct Asked {
    kind: Kind,
    word: &'static str,
    unit: org_unit::Model,
    from: Day,
    to: Day,
}

/// `GET /office/books`: a page of a book.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn show(reader: Reader, query: Query<BooksQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (reach, today) = (reader.reach(), Moment::now().day());
    let asked = query.read(unit(&db.read, &reach, Some(&query.unit)).await?, today);
    let number = page_number(Some(&query.page));
    let made = archive::report::page(&db.read, asked.kind, &asked.report(reach.clone(), today), number, PAGE).await;
    let (report, problem) = match made {
        Ok(report) => (Some(report), None),
        Err(archive::Error::BadPeriod) => (None, Some("起止日期不对：“从”不能晚于“到”。")),
        Err(cause) => return Err(cause.into()),
    };
    let total = report.as_ref().map_or(0, |report| report.row_count);
    let about = report.as_ref().map(|report| format!("{}，{}，北京时间", report.scope_name, report.period()));
    let parameters = asked.parameters();
    let file = |extension: &str| format!("/api/v1/reports/{}.{extension}?{parameters}", asked.word);
    let (unit_id, from, to) = (asked.unit.id.to_string(), asked.from.to_string(), asked.to.to_string());
    let kept = [("kind", asked.word), ("unit", &unit_id), ("from", &from), ("to", &to)];
    crate::pages::draw(&BooksPage {
        shell: Shell::new(&reader, asked.kind.title(), "/office"),
        tabs: tabs(&reader, "/office/books"),
        books: asked.books(),
        kind: asked.word,
        title: asked.kind.title(),
        units: units(&db.read, &reach, &asked.unit).await?,
        pager: Pager::new("/office/books", &kept, number, PAGE, total),
        from: asked.from.to_string(),
        to: asked.to.to_string(),
        problem,
        about: about.unwrap_or_default(),
        sheet: match report {
            Some(report) => Some(Sheet::read(report, asked.unit.level, usize::MAX).await?),
            None => None,
        },
        xlsx: file("xlsx"),
        csv: file("csv"),
        print: format!("/office/books/print?kind={}&{parameters}", asked.word),
    })
}

impl BooksQuery {
    /// Without days a book is of this month up to today; without a kind it is the viewing record.
    fn read(&self, unit: org_unit::Model, today: Day) -> Asked {
        let (kind, word) =
            Kind::BOOKS.into_iter().find(|(_, word)| *word == self.kind).unwrap_or((Kind::Viewing, "viewing"));
        let to = self.to.parse().unwrap_or(today);
        let from = self.from.parse().unwrap_or_else(|_| to.with_day(1).unwrap_or(to));
        Asked { kind, word, unit, from, to }
    }
}

impl Asked {
    fn report(&self, scope: Scope, today: Day) -> ReportQuery {
        ReportQuery {
            unit: Some(self.unit.id),
            from: Some(self.from),
            to: Some(self.to),
            year: None,
            about: About::Everything,
            scope,
            today,
        }
    }

    /// The parameters of this book in an address.
    fn parameters(&self) -> String {
        format!("unit={}&from={}&to={}", self.unit.id, self.from, self.to)
    }

    /// The books beside each other.
    fn books(&self) -> Vec<Tab> {
        let tab = |(kind, word): (Kind, &str)| Tab {
            href: format!("/office/books?kind={word}&{}", self.parameters()),
            label: kind.title().to_owned(),
            current: kind == self.kind,
        };
        Kind::BOOKS.into_iter().map(tab).collect()
    }
}
