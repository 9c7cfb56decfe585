//! Who watched a lesson, for programs and as a file.

use super::reports::in_form;
use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::{ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use entity::{Day, LessonId, Moment, lesson};

/// The people of the caller's reach who watched a lesson: one row a person, as `.json`, `.csv` or `.xlsx`.
#[utoipa::path(get, path = "/api/v1/lessons/{id}/watchers.{format}", tag = "archive",
    params(("id" = i64, Path), ("format" = String, Path, description = "`json`, `csv` or `xlsx`")), responses(
    (status = 200, description = "the report", content((serde_json::Value = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn download(reader: Reader, path: Path<(LessonId, String)>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (id, format) = path.into_inner();
    if !["json", "csv", "xlsx"].contains(&format.as_str()) {
        return Err(Code::NotFound.into());
    }
    let today = Moment::now().day();
    let lesson = lesson_of(&db, &reader, id, today).await?;
    let report = archive::report::watchers::report(&db.read, &lesson, &reader.reach(), today).await?;
    in_form(report, &format).await
}

/// A lesson whose watchers this caller may read: one they may see. Whom they read of is their reach's matter.
///
/// # Errors
/// `not_found` for any other.
pub async fn lesson_of(db: &Database, reader: &Reader, id: LessonId, today: Day) -> ApiResult<lesson::Model> {
    Ok(catalog::lesson::visible(&db.read, &reader.viewer(), id, today).await?)
}
