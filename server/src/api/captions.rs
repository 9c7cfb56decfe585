//! Captions of lessons: whoever sees a lesson reads them, its authors try a file out, put it in place, and take it away.

mod answer;
mod reading;

pub use answer::{CaptionAnswer, CaptionsAnswer, PreviewAnswer, srclang, url};
pub use reading::Reading;

use crate::auth::identity::{Author, Identity, SignedIn, SignedInOrRoom};
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::{self, Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use answer::NoteAnswer;
use catalog::caption::NewCaption;
use catalog::track::Expected;
use content::caption::{self as file, Captions};
use entity::{CaptionId, Moment, Scope, lesson};
use serde::Deserialize;
use utoipa::IntoParams;

/// How a file is to be read.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub struct ReadingQuery {
    /// The character encoding, when what is found is wrong: `UTF-8`, `UTF-16LE`, `UTF-16BE`, `GBK`, `GB18030` or `BIG5`.
    encoding: Option<String>,
    /// How much later the captions come, in milliseconds; negative for earlier. At most ten hours.
    #[serde(default)]
    shift_ms: i64,
}

/// How a file is to be put in place.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PutQuery {
    /// The file's name.
    #[serde(default)]
    name: String,
    /// As for the preview.
    encoding: Option<String>,
    /// As for the preview.
    #[serde(default)]
    shift_ms: i64,
    /// The id of the track that is to be replaced, 0 for none. When something else is there, nothing changes.
    expected: Option<i64>,
}

/// What is expected to be there.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ExpectedQuery {
    /// The id of the track that is meant. When something else is there, nothing changes.
    expected: Option<i64>,
}

/// The captions of a lesson.
#[utoipa::path(get, path = "/api/v1/lessons/{id}/captions", tag = "captions",
    params(("id" = String, Path, description = "id or slug")), responses(
    (status = 200, description = "the tracks", body = CaptionsAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn list(caller: SignedIn, id: Path<String>, db: Data<Database>) -> ApiResult<Json<CaptionsAnswer>> {
    let lesson = seen(&caller, &id, &db).await?;
    let tracks = catalog::caption::of_lesson(&db.read, &lesson).await?;
    Ok(Json(CaptionsAnswer { captions: tracks.iter().map(|track| CaptionAnswer::of(&lesson, track)).collect() }))
}

/// The captions in one language as WebVTT.
#[utoipa::path(get, path = "/api/v1/lessons/{id}/captions/{language}.vtt", tag = "captions",
    params(("id" = String, Path, description = "id or slug"), ("language" = String, Path, description = "普通话, 壮语 and so on")),
    responses(
    (status = 200, description = "WebVTT", content_type = "text/vtt", body = String),
    (status = 304, description = "the caller's copy is good"),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn vtt(
    caller: SignedInOrRoom,
    request: HttpRequest,
    path: Path<(String, String)>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let (id, language) = path.into_inner();
    let lesson = seen(&caller, &id, &db).await?;
    let track = catalog::caption::track(&db.read, lesson.id, &language).await?;
    let etag = format!("W/\"c{}\"", track.id); // weak, because it may travel compressed (RFC 9110, section 8.8.3)
    let known = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let unchanged = known.flat_map(|tags| tags.split(',')).any(|tag| tag.trim() == etag || tag.trim() == "*");
    let mut answer = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, etag)).insert_header((CACHE_CONTROL, "private, no-cache"));
    if unchanged {
        return Ok(answer.finish());
    }
    let text = web::block(move || file::write(&track.read_cues())).await?;
    Ok(answer.insert_header((CONTENT_TYPE, "text/vtt; charset=utf-8")).body(text))
}

/// What a caption file holds: SRT or WebVTT, at most 2 MiB, as the body. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/captions/preview", tag = "captions",
    params(("id" = String, Path, description = "id or slug"), ReadingQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 200, description = "what was found", body = PreviewAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 413, description = "too_large", body = ErrorBody),
    (status = 422, description = "unprocessable: no captions, with the line and the reason", body = ErrorBody),
))]
pub async fn preview(
    author: Author,
    id: Path<String>,
    query: Query<ReadingQuery>,
    body: Coming,
    db: Data<Database>,
) -> ApiResult<Json<PreviewAnswer>> {
    let lesson = kept(&author.reach(), &id, &db).await?;
    let reading = Reading::parse(query.encoding.as_deref(), query.shift_ms)?;
    let found = reading.read(body.whole(file::MAX_BYTES).await?, &lesson).await?;
    Ok(Json(PreviewAnswer::of(found)))
}

/// Put the captions of a language in place: SRT or WebVTT, at most 2 MiB, as the body. Not while the lesson is in review.
#[utoipa::path(put, path = "/api/v1/lessons/{id}/captions/{language}", tag = "captions",
    params(("id" = String, Path, description = "id or slug"), ("language" = String, Path, description = "普通话, 壮语 and so on"), PutQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 200, description = "in place", body = CaptionAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict or wrong_state", body = ErrorBody),
    (status = 413, description = "too_large", body = ErrorBody),
    (status = 422, description = "unprocessable: no captions, with the line and the reason", body = ErrorBody),
))]
pub async fn put(
    author: Author,
    path: Path<(String, String)>,
    query: Query<PutQuery>,
    body: Coming,
    db: Data<Database>,
) -> ApiResult<Json<CaptionAnswer>> {
    let ((id, language), query) = (path.into_inner(), query.into_inner());
    let lesson = kept(&author.reach(), &id, &db).await?;
    let reading = Reading::parse(query.encoding.as_deref(), query.shift_ms)?;
    let Captions { encoding, cues, notes, .. } = reading.read(body.whole(file::MAX_BYTES).await?, &lesson).await?;
    let new = NewCaption { language, source_name: query.name, source_encoding: encoding.as_str().to_owned(), cues };
    let (expected, by) = (Expected::said(query.expected, CaptionId), Some(author.account_id));
    let made = catalog::caption::put(&db.write, lesson.id, new, expected, by, Moment::now()).await?;
    let mut answer = CaptionAnswer::of(&lesson, &made);
    answer.notes = notes.into_iter().map(NoteAnswer::from).collect();
    Ok(Json(answer))
}

/// Take the captions of a language away.
#[utoipa::path(delete, path = "/api/v1/lessons/{id}/captions/{language}", tag = "captions",
    params(("id" = String, Path, description = "id or slug"), ("language" = String, Path, description = "普通话, 壮语 and so on"), ExpectedQuery),
    responses(
    (status = 204, description = "gone"),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict or wrong_state", body = ErrorBody),
))]
pub async fn delete(
    author: Author,
    path: Path<(String, String)>,
    query: Query<ExpectedQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let (id, language) = path.into_inner();
    let lesson = kept(&author.reach(), &id, &db).await?;
    let (expected, by) = (Expected::said(query.expected, CaptionId), Some(author.account_id));
    catalog::caption::remove(&db.write, lesson.id, &language, expected, by, Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A lesson the caller may see.
pub(super) async fn seen(caller: &Identity, id: &str, db: &Database) -> ApiResult<lesson::Model> {
    let named = catalog::lesson::find(&db.read, id).await?;
    Ok(catalog::lesson::visible(&db.read, &caller.viewer(), named.id, Moment::now().day()).await?)
}

/// A lesson kept by a unit within reach; any other is not there.
async fn kept(scope: &Scope, id: &str, db: &Database) -> ApiResult<lesson::Model> {
    let found = catalog::lesson::find(&db.read, id).await?;
    reach::unit(db, scope, found.unit_id).await?;
    Ok(found)
}
