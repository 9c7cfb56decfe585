//! Remarks on a lesson under review, by its authors and reviewers.

use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use catalog::review::{self, NewNote};
use entity::{LessonId, Moment, ReviewNoteId, review_note};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The remarks on a lesson.
#[derive(Serialize, ToSchema)]
pub struct NotesAnswer {
    /// Those about the whole first, then by their place.
    notes: Vec<NoteAnswer>,
}

/// A remark.
#[derive(Serialize, ToSchema)]
pub struct NoteAnswer {
    /// The key.
    id: i64,
    /// Where in the recording; `null` for the whole.
    at_ms: Option<i64>,
    /// What is to be done.
    text: String,
    /// The account that remarked.
    created_by: i64,
    /// When, in milliseconds since 1970.
    created_at: i64,
    /// When it was settled.
    done_at: Option<i64>,
}

/// A remark to be made.
#[derive(Deserialize, ToSchema)]
pub struct NoteBody {
    /// Where in the recording; absent for the whole.
    at_ms: Option<i64>,
    /// 1 to 500 characters.
    text: String,
}

/// The remarks on a lesson.
#[utoipa::path(get, path = "/api/v1/lessons/{id}/notes", tag = "catalog", params(("id" = i64, Path)), responses(
    (status = 200, description = "remarks", body = NotesAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn list(author: Author, id: Path<LessonId>, db: Data<Database>) -> ApiResult<Json<NotesAnswer>> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let notes = review::of_lesson(&db.read, lesson.id).await?;
    Ok(Json(NotesAnswer { notes: notes.into_iter().map(NoteAnswer::from).collect() }))
}

/// Remark on a lesson that is not published.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/notes", tag = "catalog", params(("id" = i64, Path)), request_body = NoteBody, responses(
    (status = 201, description = "remarked", body = NoteAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: it is published", body = ErrorBody),
))]
pub async fn make(
    author: Author,
    id: Path<LessonId>,
    body: Json<NoteBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let body = body.into_inner();
    let new = NewNote { at_ms: body.at_ms, text: body.text };
    let note = review::remark(&db.write, lesson.id, new, author.account_id, Moment::now()).await?;
    Ok(HttpResponse::Created().json(NoteAnswer::from(note)))
}

/// Settle a remark.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/notes/{note}/done", tag = "catalog", params(("id" = i64, Path), ("note" = i64, Path)), responses(
    (status = 200, description = "settled", body = NoteAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn settle(
    author: Author,
    path: Path<(LessonId, ReviewNoteId)>,
    db: Data<Database>,
) -> ApiResult<Json<NoteAnswer>> {
    let (lesson, note) = path.into_inner();
    let lesson = reach::lesson(&db, &author.reach(), lesson).await?;
    let note = review::settle(&db.write, lesson.id, note, author.account_id, Moment::now()).await?;
    Ok(Json(note.into()))
}

impl From<review_note::Model> for NoteAnswer {
    fn from(note: review_note::Model) -> Self {
        Self {
            id: note.id.0,
            at_ms: note.at_ms,
            text: note.text,
            created_by: note.created_by.0,
            created_at: note.created_at.0,
            done_at: note.done_at.map(|at| at.0),
        }
    }
}
