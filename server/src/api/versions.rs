//! The versions of a lesson: what was written when and by whom, and going back to one.

use super::courses::VersionQuery;
use super::lessons::LessonAnswer;
use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::web::{Data, Json, Path, Query};
use catalog::history;
use entity::{LessonId, Moment};
use serde::Serialize;
use utoipa::ToSchema;

/// The versions of a lesson.
#[derive(Serialize, ToSchema)]
pub struct VersionsAnswer {
    /// Latest first, at most a hundred.
    versions: Vec<VersionAnswer>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub struct VersionAnswer {
    /// The lesson's version.
    version: i32,
    /// When it was written, in milliseconds since 1970.
    at: i64,
    /// The account that wrote it; `null` for the command line.
    account_id: Option<i64>,
    /// The fields that differ from the version before, by their Chinese names.
    changed: Vec<&'static str>,
}

/// The versions of a lesson.
#[utoipa::path(get, path = "/api/v1/lessons/{id}/versions", tag = "catalog", params(("id" = i64, Path)), responses(
    (status = 200, description = "versions", body = VersionsAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn list(author: Author, id: Path<LessonId>, db: Data<Database>) -> ApiResult<Json<VersionsAnswer>> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let rows = history::of_lesson(&db.read, lesson.id).await?;
    let mut versions = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let changed = match rows.get(place + 1) {
            Some(before) => history::snapshot_of(before)?.changed(&history::snapshot_of(row)?),
            None => Vec::new(),
        };
        let account_id = row.account_id.map(|id| id.0);
        versions.push(VersionAnswer { version: row.version, at: row.at.0, account_id, changed });
    }
    Ok(Json(VersionsAnswer { versions }))
}

/// Make a lesson say again what it said in a version.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/versions/{version}/restore", tag = "catalog",
    params(("id" = i64, Path), ("version" = i32, Path), VersionQuery), responses(
    (status = 200, description = "restored: one more version", body = LessonAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict or wrong_state", body = ErrorBody),
))]
pub async fn restore(
    author: Author,
    path: Path<(LessonId, i32)>,
    query: Query<VersionQuery>,
    db: Data<Database>,
) -> ApiResult<Json<LessonAnswer>> {
    let (id, version) = path.into_inner();
    let lesson = reach::lesson(&db, &author.reach(), id).await?;
    let by = Some(author.account_id);
    let new = history::restore(&db.write, lesson.id, version, query.version, by, Moment::now()).await?;
    Ok(Json(super::lessons::answer(&db, new).await?))
}
