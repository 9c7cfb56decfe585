//! Reports as JSON, CSV and XLSX: the same rows in three forms.

pub mod about;

use self::about::{Named, about};
use crate::api::paging::Year;
use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Data, Path, Query};
use archive::export;
use archive::report::{self, Cell, Kind, Report, ReportQuery, Sheets, SheetsKind, TIME_ZONE};
use bytes::Bytes;
use entity::{Day, Moment, UnitId};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

/// What a report covers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// This unit and all below; everything in the caller's scope when absent.
    unit: Option<i64>,
    /// First civil day, as `2026-01-01`.
    from: Option<String>,
    /// Last civil day, itself included.
    to: Option<String>,
    /// A whole civil year in place of the two days.
    #[param(inline)]
    year: Option<Year>,
    /// Only attendance or hours of this lesson.
    lesson: Option<i64>,
    /// Only of the lessons of this course.
    course: Option<i64>,
    /// Only of this class.
    class: Option<i64>,
    /// Only of what this training plan requires.
    plan: Option<i64>,
}

impl PeriodQuery {
    async fn parse(&self, db: &Database, reader: &Reader) -> ApiResult<ReportQuery> {
        let named = Named { lesson: self.lesson, course: self.course, class: self.class, plan: self.plan };
        Ok(ReportQuery {
            unit: self.unit.map(UnitId),
            from: self.from.as_deref().filter(|text| !text.is_empty()).map(day).transpose()?,
            to: self.to.as_deref().filter(|text| !text.is_empty()).map(day).transpose()?,
            year: self.year.map(Year::get),
            about: about(db, reader, named).await?,
            scope: reader.reach(),
            today: Moment::now().day(),
        })
    }
}

/// A report (`attendance`, `hours`, `assessment`, `gaps`), one of the books (`viewing`, `feedback`, `equipment`, `runs`,
/// `roster`), or one of several tables (`bulletin`, `stars`), as `.json`, `.csv` or `.xlsx`.
#[utoipa::path(get, path = "/api/v1/reports/{file}", tag = "archive",
    params(("file" = String, Path, description = "`attendance`, `hours`, `assessment`, `gaps`, `viewing`, `feedback`, `equipment`, `runs`, `roster`, `bulletin` or `stars`, then `.json`, `.csv` or `.xlsx`"), PeriodQuery), responses(
    (status = 200, description = "the report", content((serde_json::Value = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    (status = 400, description = "invalid_request", body = ErrorBody), (status = 401, description = "not_signed_in", body = ErrorBody),
    (status = 403, description = "forbidden", body = ErrorBody), (status = 404, description = "not_found", body = ErrorBody),
    (status = 422, description = "unprocessable: too many rows for a worksheet", body = ErrorBody)))]
pub async fn download(
    reader: Reader,
    file: Path<String>,
    query: Query<PeriodQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let (word, format) = file.rsplit_once('.').ok_or(Code::NotFound)?;
    if !matches!(format, "json" | "csv" | "xlsx") {
        return Err(Code::NotFound.into());
    }
    let asked = query.parse(&db, &reader).await?;
    if let Some(kind) = SheetsKind::parse(word) {
        let sheets = report::sheets(&db.read, kind, &asked).await?;
        return several(sheets, format).await;
    }
    let kind = Kind::parse(word).ok_or(Code::NotFound)?;
    let report = report::report(&db.read, kind, &asked).await?;
    in_form(report, format).await
}

/// A report as `csv`, `xlsx` or else JSON.
///
/// # Errors
/// `unprocessable` when no worksheet can hold it.
pub async fn in_form(report: Report, format: &str) -> ApiResult<HttpResponse> {
    let name = report.file_name(format);
    match format {
        "csv" => Ok(attachment(&name).content_type(CSV).streaming(logged(export::csv(report)))),
        "xlsx" => workbook(&name, export::xlsx(report).await?),
        _ => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .streaming(logged(as_json(report)))),
    }
}

const CSV: &str = "text/csv; charset=utf-8";

/// A report of several tables.
async fn several(sheets: Sheets, format: &str) -> ApiResult<HttpResponse> {
    let name = sheets.file_name(format);
    match format {
        "csv" => Ok(attachment(&name).content_type(CSV).body(export::sheets_csv(&sheets)?)),
        "xlsx" => workbook(&name, export::sheets_xlsx(sheets).await?),
        _ => Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(tables_as_json(&sheets))),
    }
}

fn tables_as_json(sheets: &Sheets) -> Value {
    let tables = sheets.tables.iter().map(|table| {
        json!({
            "title": table.title, "note": table.note,
            "columns": table.columns.iter().map(|column| column.title.clone()).collect::<Vec<_>>(),
            "rows": table.rows.iter().map(|row| Value::from_iter(row.iter().map(value))).collect::<Vec<_>>(),
            "totals": table.totals.iter().map(value).collect::<Vec<_>>(),
        })
    });
    json!({
        "title": sheets.kind.title(), "scope": sheets.scope_name, "from": sheets.from, "to": sheets.to,
        "time_zone": TIME_ZONE, "tables": tables.collect::<Vec<_>>(),
    })
}

fn workbook(name: &str, file: tempfile::NamedTempFile) -> ApiResult<HttpResponse> {
    let length = file.as_file().metadata().map_err(ApiError::internal)?.len();
    let file = tokio::fs::File::from_std(file.reopen().map_err(ApiError::internal)?);
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(attachment(name).no_chunking(length).content_type(kind).streaming(ReaderStream::with_capacity(file, 64 << 10)))
}

/// An answer that is saved under a Chinese name (RFC 6266, RFC 8187).
pub fn attachment(name: &str) -> actix_web::HttpResponseBuilder {
    let encoded: String = name.bytes().map(percent).collect();
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-store"));
    answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{encoded}")));
    answer
}

fn percent(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

/// The report as one JSON object: what it is, its columns, and its rows as arrays in the order of the columns.
fn as_json(mut report: Report) -> impl Stream<Item = archive::Result<Bytes>> {
    async_stream::try_stream! {
        let about = json!({
            "title": report.kind.title(), "scope": report.scope_name, "from": report.from, "to": report.to,
            "time_zone": TIME_ZONE, "row_count": report.row_count,
            "columns": report.columns.iter().map(|column| column.title.clone()).collect::<Vec<_>>(),
            "totals": report.totals.iter().map(value).collect::<Vec<_>>(),
        }).to_string();
        let open = about.strip_suffix('}').unwrap_or(&about);
        yield Bytes::from(format!("{open},\"rows\":["));
        let mut before = "";
        while let Some(batch) = report.rows.next().await {
            let rows: Vec<String> =
                batch?.iter().map(|row| Value::from_iter(row.iter().map(value)).to_string()).collect();
            if !rows.is_empty() {
                yield Bytes::from(format!("{before}{}", rows.join(",")));
                before = ",";
            }
        }
        yield Bytes::from_static(b"]}");
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Count(count) => json!(count),
        Cell::Amount(amount) => json!(amount.to_f64()),
        other => json!(other.text()),
    }
}

/// A stream that broke in the middle can't change its status any more: the cause is logged and the connection cut.
fn logged(
    rows: impl Stream<Item = archive::Result<Bytes>> + 'static,
) -> impl Stream<Item = Result<Bytes, Box<dyn std::error::Error>>> + 'static {
    rows.map(|piece| piece.inspect_err(|cause| tracing::error!(%cause, "report broke off")).map_err(Into::into))
}

fn day(text: &str) -> ApiResult<Day> {
    text.parse().map_err(|_| ApiError::say(Code::InvalidRequest, "日期须写成 2026-01-31 这样"))
}
