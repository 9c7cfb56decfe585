//! A book ready for paper: all its rows, A4, with the place for signatures and the seal.

use super::super::sheet::{Sheet, Shown};
use super::BooksQuery;
use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::unit;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use entity::Moment;

/// Rows of one print: some hundred sheets of paper. Longer ones are narrowed, or taken as a file.
const MOST: usize = 3_000;

#[derive(Template)]
#[template(path = "office/book_print.html")]
struct PrintPage {
    shell: Shell,
    title: &'static str,
    unit: String,
    period: String,
    printed: String,
    by: String,
    back: String,
    row_count: u64,
    sheet: Sheet,
}

/// Rows that stay on one sheet with the totals and the signatures.
const LAST: usize = 3;

impl PrintPage {
    /// All rows but the last.
    fn first(&self) -> &[Vec<Shown>] {
        self.sheet.rows.split_at(self.sheet.rows.len().saturating_sub(LAST)).0
    }

    /// The last rows.
    fn last(&self) -> &[Vec<Shown>] {
        self.sheet.rows.split_at(self.sheet.rows.len().saturating_sub(LAST)).1
    }

    /// Some rows do not fit.
    fn cut(&self) -> bool {
        self.row_count > u64::try_from(self.sheet.rows.len()).unwrap_or(u64::MAX)
    }
}

/// `GET /office/books/print`: a whole book.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach, `invalid_request` for days the wrong way round.
pub async fn show(reader: Reader, query: Query<BooksQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (reach, now) = (reader.reach(), Moment::now());
    let asked = query.read(unit(&db.read, &reach, Some(&query.unit)).await?, now.day());
    let report = archive::report::report(&db.read, asked.kind, &asked.report(reach, now.day())).await;
    let report = report.map_err(|cause| match cause {
        archive::Error::BadPeriod => ApiError::say(Code::InvalidRequest, "起止日期不对：“从”不能晚于“到”。"),
        other => other.into(),
    })?;
    let mut shell = Shell::new(&reader, format!("{} {}", asked.unit.name, asked.kind.title()), "/office");
    shell.theme = "plain";
    crate::pages::draw(&PrintPage {
        title: asked.kind.title(),
        unit: roster::org::full_name(&db.read, &asked.unit).await?,
        period: report.period(),
        printed: now.local().format("%Y-%m-%d %H:%M").to_string(),
        by: reader.name.clone(),
        back: format!("/office/books?kind={}&{}", asked.word, asked.parameters()),
        row_count: report.row_count,
        sheet: Sheet::read(report, asked.unit.level, MOST).await?,
        shell,
    })
}
