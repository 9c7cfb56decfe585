//! Reports as JSON, CSV and XLSX: the same rows in three forms.

use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Data, Path, Query};
use archive::export;
use archive::report::{self, Cell, Kind, Report, ReportQuery, TIME_ZONE};
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
    year: Option<i32>,
}

impl PeriodQuery {
    fn parse(&self, reader: &Reader) -> ApiResult<ReportQuery> {
        Ok(ReportQuery {
            unit: self.unit.map(UnitId),
            from: self.from.as_deref().filter(|text| !text.is_empty()).map(day).transpose()?,
            to: self.to.as_deref().filter(|text| !text.is_empty()).map(day).transpose()?,
            year: self.year,
            scope: reader.reach(),
            today: Moment::now().day(),
        })
    }
}

/// A report (`attendance`, `hours`, `assessment`, `gaps`) or one of the books (`viewing`, `feedback`, `equipment`, `runs`,
/// `roster`), as `.json`, `.csv` or `.xlsx`.
#[utoipa::path(get, path = "/api/v1/reports/{file}", tag = "archive",
    params(("file" = String, Path, description = "`attendance`, `hours`, `assessment`, `gaps`, `viewing`, `feedback`, `equipment`, `runs` or `roster`, then `.json`, `.csv` or `.xlsx`"), PeriodQuery), responses(
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
    let (kind, format) = file.rsplit_once('.').ok_or(Code::NotFound)?;
    let kind = Kind::parse(kind).ok_or(Code::NotFound)?;
    if !matches!(format, "json" | "csv" | "xlsx") {
        return Err(Code::NotFound.into());
    }
    in_form(report::report(&db.read, kind, &query.parse(&reader)?).await?, format).await
}

/// A report as `csv`, `xlsx` or else JSON.
///
/// # Errors
/// `unprocessable` when no worksheet can hold it.
pub async fn in_form(report: Report, format: &str) -> ApiResult<HttpResponse> {
    let name = report.file_name(format);
    match format {
        "csv" => Ok(attachment(&name).content_type("text/csv; charset=utf-8").streaming(logged(export::csv(report)))),
        "xlsx" => workbook(&name, report).await,
        _ => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .streaming(logged(as_json(report)))),
    }
}

async fn workbook(name: &str, report: Report) -> ApiResult<HttpResponse> {
    let file = export::xlsx(report).await?;
    let length = file.as_file().metadata().map_err(ApiError::internal)?.len();
    let file = tokio::fs::File::from_std(file.reopen().map_err(ApiError::internal)?);
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(attachment(name).no_chunking(length).content_type(kind).streaming(ReaderStream::with_capacity(file, 64 << 10)))
}

/// An answer that is saved under a Chinese name (RFC 6266, RFC 8187).
fn attachment(name: &str) -> actix_web::HttpResponseBuilder {
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
