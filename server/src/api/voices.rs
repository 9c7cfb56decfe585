//! The voices of a lesson (语言配音): whoever sees the lesson hears them, its authors put and remove them.

use super::captions::{seen, srclang};
use super::lessons::within;
use super::media::sources::prepared;
use crate::auth::identity::{Author, SignedIn};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use catalog::track::Expected;
use catalog::voice::NewVoice;
use entity::{Moment, VoiceId, lesson, media, voice};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The voices of a lesson.
#[derive(Serialize, ToSchema)]
pub struct VoicesAnswer {
    /// What the recording itself speaks.
    language: String,
    /// The others, by the names of their languages.
    voices: Vec<VoiceAnswer>,
}

/// A second sound, heard in the place of the recording's own.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VoiceAnswer {
    /// Its id; a new one with every change.
    pub id: i64,
    /// The language people call it by.
    pub language: String,
    /// The language's code (BCP 47).
    pub srclang: &'static str,
    /// The sound in the smallest form there is.
    pub url: String,
    /// The length of that form in bytes.
    pub size_bytes: i64,
    /// The type it is served as.
    pub mime: String,
    /// How long it sounds, in milliseconds; `null` when that is not known.
    pub duration_ms: Option<i64>,
    /// The file it came from.
    pub source_name: String,
    /// The SHA-256 of that file.
    pub media_sha256: String,
    /// When it was added, in milliseconds since 1970.
    pub created_at: i64,
}

/// A voice to be put.
#[derive(Deserialize, ToSchema)]
pub struct VoiceBody {
    /// SHA-256 of a sound recording that the caller uploaded, or that a unit within reach keeps.
    media_sha256: String,
    /// The id of the voice that is to be replaced, 0 for none. When something else is there, nothing changes.
    expected: Option<i64>,
}

/// What is expected to be there.
#[derive(Deserialize, IntoParams)]
pub struct ExpectedQuery {
    /// The id of the voice that is meant. When something else is there, nothing changes.
    expected: Option<i64>,
}

/// The voices of a lesson.
#[utoipa::path(get, path = "/api/v1/lessons/{id}/voices", tag = "voices",
    params(("id" = String, Path, description = "id or slug")), responses(
    (status = 200, description = "the voices", body = VoicesAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn list(caller: SignedIn, id: Path<String>, db: Data<Database>) -> ApiResult<Json<VoicesAnswer>> {
    let lesson = seen(&caller, &id, &db).await?;
    let voices = of_lesson(&db, &lesson).await?;
    Ok(Json(VoicesAnswer { language: lesson.language, voices }))
}

/// Put the voice of a language in place. Not while the lesson is in review.
#[utoipa::path(put, path = "/api/v1/lessons/{id}/voices/{language}", tag = "voices",
    params(("id" = String, Path, description = "id or slug"), ("language" = String, Path, description = "壮语, 桂柳话 and so on")),
    request_body = VoiceBody, responses(
    (status = 200, description = "in place", body = VoiceAnswer),
    (status = 400, description = "invalid_request: the language, or no sound recording of the caller's", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict or wrong_state", body = ErrorBody),
))]
pub async fn put(
    author: Author,
    path: Path<(String, String)>,
    body: Json<VoiceBody>,
    db: Data<Database>,
) -> ApiResult<Json<VoiceAnswer>> {
    let ((id, language), VoiceBody { media_sha256, expected }) = (path.into_inner(), body.into_inner());
    let lesson = within(&db, &author.reach(), &id).await?;
    reach::blob(&db, &author, &media_sha256).await?;
    let (new, expected) = (NewVoice { language, media_sha256 }, Expected::said(expected, VoiceId));
    let made = catalog::voice::put(&db.write, lesson.id, new, expected, Some(author.account_id), Moment::now()).await?;
    let all = of_lesson(&db, &lesson).await?;
    let mine = all.into_iter().find(|voice| voice.id == made.id.0);
    Ok(Json(mine.ok_or(catalog::Error::VoiceChanged)?)) // somebody may have replaced it meanwhile
}

/// Take the voice of a language away. Its recording stays.
#[utoipa::path(delete, path = "/api/v1/lessons/{id}/voices/{language}", tag = "voices",
    params(("id" = String, Path, description = "id or slug"), ("language" = String, Path, description = "壮语, 桂柳话 and so on"), ExpectedQuery),
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
    let lesson = within(&db, &author.reach(), &id).await?;
    let (expected, by) = (Expected::said(query.expected, VoiceId), Some(author.account_id));
    catalog::voice::remove(&db.write, lesson.id, &language, expected, by, Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The voices of a lesson as the API and the pages show them.
///
/// # Errors
/// When the database fails.
pub async fn of_lesson(db: &Database, lesson: &lesson::Model) -> ApiResult<Vec<VoiceAnswer>> {
    let mut answers = Vec::new();
    for (voice, media) in catalog::voice::of_lesson(&db.read, lesson).await? {
        answers.push(answer(db, voice, media).await?);
    }
    Ok(answers)
}

/// A voice in the smallest form of its recording: speech needs no more.
async fn answer(db: &Database, voice: voice::Model, media: media::Model) -> ApiResult<VoiceAnswer> {
    let smallest = prepared(db, &media).await?.sources.pop();
    let (url, size_bytes, mime) = match smallest {
        Some(source) => (source.url, source.size_bytes, source.mime),
        None => (format!("/media/{}", media.sha256), media.size_bytes, media.mime),
    };
    Ok(VoiceAnswer {
        id: voice.id.0,
        srclang: srclang(&voice.language),
        language: voice.language,
        url,
        size_bytes,
        mime,
        duration_ms: media.duration_ms,
        source_name: media.filename,
        media_sha256: media.sha256,
        created_at: voice.created_at.0,
    })
}

impl VoiceAnswer {
    /// Its length as people read it.
    pub fn size(&self) -> String {
        crate::pages::figures::size(self.size_bytes)
    }
}
