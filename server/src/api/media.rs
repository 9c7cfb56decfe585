//! The bytes of lessons and handouts: `GET` and `HEAD /media/{sha256}`, and tickets for players without cookies.
//!
//! What the bytes are and which of them were asked for is decided in `content`; here it becomes a response. A caller
//! may read a blob when a lesson they may see uses it, when they brought it, or when its unit lies in their scope.

mod accel;
pub mod allowed;
mod body;
pub mod fetched;
pub mod playlist;
pub mod preparation;
mod quick;
pub mod sources;

use crate::auth::identity::{Identity, SignedIn, SignedInOrRoom};
use crate::auth::known::Known;
use crate::config::Config;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use crate::listen;
use actix_web::body::BodyStream;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
pub use allowed::Watched;
use allowed::{Served, may_read};
use content::conditional::{Conditions, Validators, Verdict, evaluate};
use content::multipart::Multipart;
use content::range::{self, ByteRange, RangeOutcome};
use content::store::{Blob, LAST_MODIFIED, Store};
use content::ticket as tickets;
use content::wire::Lane;
use entity::{AccountId, Moment};
pub use fetched::Fetched;
use futures_util::stream as streams;
pub use quick::Ranges;
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use utoipa::{IntoParams, ToSchema};

/// [`LAST_MODIFIED`] as it stands in a header.
const LAST_MODIFIED_TEXT: &str = "Sat, 01 Jan 2000 00:00:00 GMT";

/// How an outside player shows that it may read.
#[derive(Deserialize, IntoParams)]
pub struct TicketQuery {
    /// A ticket for this blob; instead of cookie or bearer token.
    ticket: Option<String>,
}

/// The bytes of a blob, whole or in part (RFC 9110: ranges, conditions).
#[utoipa::path(get, path = "/media/{sha256}", tag = "media",
    params(("sha256" = String, Path, description = "SHA-256 of the bytes, lower-case hex"), TicketQuery),
    responses(
        (status = 200, description = "all bytes", content_type = "application/octet-stream"),
        (status = 206, description = "the ranges asked for; several as multipart/byteranges", content_type = "application/octet-stream"),
        (status = 304, description = "the caller's copy is good"),
        (status = 401, description = "not signed in, or the ticket is not good", body = ErrorBody),
        (status = 404, description = "no such blob, or not for the caller", body = ErrorBody),
        (status = 412, description = "a precondition does not hold", body = ErrorBody),
        (status = 416, description = "no byte of the blob was asked for", body = ErrorBody),
    ))]
pub async fn serve(
    request: HttpRequest,
    sha256: Path<String>,
    query: Query<TicketQuery>,
    db: Data<Database>,
    store: Data<Store>,
    watched: Data<Watched>,
    settings: Data<Config>,
) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    let fetched = request.app_data::<Data<Fetched>>().ok_or_else(|| ApiError::internal("fetched is not set up"))?;
    let caller = caller(&request, &sha256, query.ticket.as_deref(), now).await?;
    let served = may_read(&db, &watched, &caller, &sha256, now).await?;
    let blob = match store.open_blob(&sha256).await {
        Ok(blob) if blob.len() == served.size_bytes => blob,
        // Half a recording is worse than none: caches would keep it under the name of the whole.
        Ok(_) | Err(content::Error::NoSuchBlob) => return Err(lost(&sha256)),
        Err(cause) => return Err(cause.into()),
    };
    let asked = Asked {
        method: request.method(),
        headers: request.headers(),
        lane: listen::lane(&request),
        reader: caller.account_id,
        fetched,
    };
    Ok(answer(&asked, &blob, &served, settings.accel_redirect.as_deref()))
}

/// What has a row and may be read, and is not in the store as it was put there. `verify` names it with its lessons.
fn lost(sha256: &str) -> ApiError {
    tracing::error!(sha256, "a blob is missing or cut short");
    ApiError::say(Code::NotFound, "这个文件在服务器上不见了或已损坏，请联系管理员重新上传")
}

/// A ticket.
#[derive(Serialize, ToSchema)]
pub struct TicketAnswer {
    /// The address an outside player opens.
    url: String,
    /// When it stops working, in milliseconds since 1970.
    expires_at: i64,
}

/// A ticket for a player that has neither cookie nor token (a set-top box, VLC): it opens this blob for some hours.
#[utoipa::path(post, path = "/api/v1/media/{sha256}/ticket", tag = "media",
    params(("sha256" = String, Path, description = "SHA-256 of the bytes, lower-case hex")),
    responses((status = 200, description = "the ticket", body = TicketAnswer), (status = 404, description = "no such blob, or not for the caller", body = ErrorBody)))]
pub async fn ticket(
    caller: SignedIn,
    sha256: Path<String>,
    db: Data<Database>,
    watched: Data<Watched>,
    keys: Data<tickets::Tickets>,
) -> ApiResult<Json<TicketAnswer>> {
    let now = Moment::now();
    may_read(&db, &watched, &caller, &sha256, now).await?;
    let expires = now.plus_ms(tickets::LIFETIME_MS);
    let ticket = tickets::sign(&keys, &sha256, caller.account_id, expires)?;
    Ok(Json(TicketAnswer { url: format!("/media/{sha256}?ticket={ticket}"), expires_at: expires.0 }))
}

/// Whoever the ticket names, or else whoever is signed in. A ticket opens nothing that its account may not see now.
async fn caller(request: &HttpRequest, sha256: &str, ticket: Option<&str>, now: Moment) -> ApiResult<Arc<Identity>> {
    let Some(ticket) = ticket else { return Ok(SignedInOrRoom::extract(request).await?.0) };
    let (Some(keys), Some(known)) = (request.app_data::<Data<tickets::Tickets>>(), request.app_data::<Data<Known>>())
    else {
        return Err(ApiError::internal("tickets are not set up"));
    };
    let account = tickets::check(keys, ticket, sha256, now)?;
    known.identity(account).await
}

/// As much of a request as the answer depends on, once its sender is known.
struct Asked<'a> {
    method: &'a Method,
    headers: &'a HeaderMap,
    lane: Option<&'a Lane>,
    reader: AccountId,
    fetched: &'a Fetched,
}

/// The answer, and a note of it when bytes go out, whichever way they take: this is the one place all of them pass.
fn answer(request: &Asked<'_>, blob: &Blob, served: &Served, proxy: Option<&str>) -> HttpResponse {
    let response = answered(request, blob, served, proxy);
    let bytes = request.method == Method::GET && response.status().is_success();
    if bytes && !served.told.swap(true, Ordering::Relaxed) {
        let on_its_way = request.fetched.note(request.reader, blob, Moment::now());
        served.told.store(on_its_way, Ordering::Relaxed);
    }
    response
}

fn answered(request: &Asked<'_>, blob: &Blob, served: &Served, proxy: Option<&str>) -> HttpResponse {
    let etag = blob.etag();
    let field = |name| joined(request.headers, name);
    let (if_match, if_none_match) = (field(header::IF_MATCH), field(header::IF_NONE_MATCH));
    let (unmodified, modified) = (field(header::IF_UNMODIFIED_SINCE), field(header::IF_MODIFIED_SINCE));
    let if_range = field(header::IF_RANGE);
    let conditions = Conditions {
        if_match: if_match.as_deref(),
        if_unmodified_since: unmodified.as_deref(),
        if_none_match: if_none_match.as_deref(),
        if_modified_since: modified.as_deref(),
        if_range: if_range.as_deref(),
    };
    let range_counts = match evaluate(&conditions, &Validators { etag: &etag, last_modified: LAST_MODIFIED }) {
        Verdict::PreconditionFailed => return ApiError::new(Code::PreconditionFailed).error_response(),
        Verdict::NotModified => return headed(StatusCode::NOT_MODIFIED, &etag).finish(),
        // Range is defined for GET alone (RFC 9110, section 14.2): HEAD answers as if it were not there.
        Verdict::Proceed { range_counts } => range_counts && request.method == Method::GET,
    };
    if let Some(handed) = accel::hand_over(proxy, request.headers, blob, served, &etag) {
        return handed;
    }
    let asked = if range_counts { field(header::RANGE) } else { None };
    match asked.map_or(RangeOutcome::Whole, |asked| range::parse(&asked, blob.len())) {
        RangeOutcome::Whole => whole(request, blob, served, &etag),
        RangeOutcome::Partial(parts) => partial(request, blob, served, &etag, &parts),
        RangeOutcome::Unsatisfiable => {
            let mut refused = ApiError::new(Code::RangeNotSatisfiable).error_response();
            if let Ok(value) = range::unsatisfied(blob.len()).parse() {
                refused.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            refused
        }
    }
}

fn whole(request: &Asked<'_>, blob: &Blob, served: &Served, etag: &str) -> HttpResponse {
    let mut response = described(StatusCode::OK, served, etag);
    response.insert_header((header::CONTENT_TYPE, served.mime.clone()));
    if request.method == Method::HEAD {
        // The length of what GET would send, and no byte read for it. Not as a sized body: one that stays empty would
        // close a connection on which a GET follows in the same packet.
        return response.no_chunking(blob.len()).body(BodyStream::new(streams::empty::<std::io::Result<Bytes>>()));
    }
    match blob.len().checked_sub(1) {
        None => response.body(Bytes::new()),
        Some(last) => body::run(request.lane, response, blob, ByteRange { start: 0, last }),
    }
}

fn partial(request: &Asked<'_>, blob: &Blob, served: &Served, etag: &str, parts: &[ByteRange]) -> HttpResponse {
    let mut response = described(StatusCode::PARTIAL_CONTENT, served, etag);
    if let [part] = parts {
        response.insert_header((header::CONTENT_TYPE, served.mime.clone()));
        response.insert_header((header::CONTENT_RANGE, part.content_range(blob.len())));
        return body::run(request.lane, response, blob, *part);
    }
    let boundary = Alphanumeric.sample_string(&mut rand::rng(), 32);
    let mime = served.mime.to_str().unwrap_or(content::probe::OPAQUE);
    let plan = Multipart::plan(parts, blob.len(), mime, boundary);
    response.insert_header((header::CONTENT_TYPE, plan.content_type()));
    let length = plan.content_length();
    body::pieces(request.lane, response, blob, length, plan.into_pieces())
}

/// What 200, 206 and 304 all carry (RFC 9110, sections 15.3.7 and 15.4.5). The bytes behind an address never change,
/// but who may read them does, so only the reader's own browser keeps them.
fn headed(status: StatusCode, etag: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::ETAG, etag));
    response.insert_header((header::LAST_MODIFIED, HeaderValue::from_static(LAST_MODIFIED_TEXT)));
    let kept = HeaderValue::from_static("private, max-age=31536000, immutable");
    response.insert_header((header::CACHE_CONTROL, kept));
    response.insert_header((header::ACCEPT_RANGES, HeaderValue::from_static("bytes")));
    response
}

fn described(status: StatusCode, served: &Served, etag: &str) -> HttpResponseBuilder {
    let mut response = headed(status, etag);
    response.insert_header((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    response.insert_header((header::CONTENT_DISPOSITION, served.disposition.clone()));
    if served.sandboxed {
        response.insert_header((
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
        ));
    }
    response
}

/// A header that may come in several lines, as one list (RFC 9110, section 5.3).
fn joined(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_in_the_header_is_the_one_that_conditions_are_judged_by() {
        assert_eq!(LAST_MODIFIED_TEXT, content::conditional::format_http_date(LAST_MODIFIED));
    }
}
