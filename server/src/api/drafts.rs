//! What somebody is writing in the editor of a lesson and has not saved, and who else is writing.

use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use crate::pages::names::names;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use catalog::draft::{self, Fields};
use entity::{LessonId, Moment};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the editor holds.
#[derive(Deserialize, ToSchema)]
pub struct DraftBody {
    /// The version of the lesson it was opened at.
    version: i32,
    /// The form's fields by their names, when something new was written; absent to say only that it is open.
    fields: Option<Fields>,
}

/// How the lesson stands meanwhile.
#[derive(Serialize, ToSchema)]
pub struct DraftAnswer {
    /// The lesson's version now: another than the one opened when somebody saved.
    version: i32,
    /// Who else has it open.
    others: Vec<OtherAnswer>,
    /// When this was kept, in milliseconds since 1970.
    at: i64,
}

/// Somebody else with the lesson open.
#[derive(Serialize, ToSchema)]
pub struct OtherAnswer {
    /// Name and login.
    name: String,
    /// Whether they have written something that is not saved.
    wrote: bool,
}

/// Keep what is being written. It changes nothing of the lesson.
#[utoipa::path(put, path = "/api/v1/lessons/{id}/draft", tag = "catalog", params(("id" = i64, Path)), request_body = DraftBody, responses(
    (status = 200, description = "kept", body = DraftAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn put(
    author: Author,
    id: Path<LessonId>,
    body: Json<DraftBody>,
    db: Data<Database>,
) -> ApiResult<Json<DraftAnswer>> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let (me, now) = (author.account_id, Moment::now());
    draft::put(&db.write, lesson.id, me, body.version, body.fields.as_ref(), now).await?;
    let others = draft::others(&db.read, lesson.id, me, now).await?;
    let names = names(&db.read, others.iter().map(|other| other.account).collect()).await?;
    let said = |other: draft::Other| OtherAnswer {
        name: names.get(&other.account).cloned().unwrap_or_default(),
        wrote: other.wrote,
    };
    Ok(Json(DraftAnswer { version: lesson.version, others: others.into_iter().map(said).collect(), at: now.0 }))
}

/// Drop what was written and not saved.
#[utoipa::path(delete, path = "/api/v1/lessons/{id}/draft", tag = "catalog", params(("id" = i64, Path)), responses(
    (status = 204, description = "dropped"),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn delete(author: Author, id: Path<LessonId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    draft::drop(&db.write, lesson.id, author.account_id).await?;
    Ok(HttpResponse::NoContent().finish())
}
