//! Lessons: everybody lists and opens the published ones, authors write them, reviewers let them out.

mod answer;
mod body;
mod query;

pub use answer::{ConflictAnswer, LessonAnswer, LessonBrief, LessonsAnswer, MediaAnswer};
pub use body::{LessonPatchBody, NewLessonBody, PublishBody, ReasonBody};
pub use query::LessonsQuery;

use super::courses::{VersionQuery, audience};
use super::media::sources::{Prepared, prepared};
use crate::auth::identity::{Author, Reviewer, SignedIn};
use crate::auth::reach;
use crate::body::{Coming, SHORT_BYTES};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use catalog::lesson;
use entity::{CourseId, Moment, Scope, UnitId, lesson as row, media, org_unit};
use sea_orm::EntityTrait;
use serde::Deserialize;

/// The lessons the caller may see.
#[utoipa::path(get, path = "/api/v1/lessons", tag = "catalog", params(LessonsQuery), responses(
    (status = 200, description = "a page of lessons", body = LessonsAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
))]
pub async fn list(caller: SignedIn, query: Query<LessonsQuery>, db: Data<Database>) -> ApiResult<Json<LessonsAnswer>> {
    let query = query.into_inner();
    let (page, size) = (query.page.get(), query.size.get());
    // A list tells of no lesson the caller may not see; so a unit beyond their reach narrows it like any other.
    let unit = match query.unit {
        Some(id) => {
            let unit = org_unit::Entity::find_by_id(UnitId(id)).one(&db.read).await?;
            Some(Scope::of(unit.map(|unit| unit.path))) // of a unit that is not there, nothing
        }
        None => None,
    };
    let filter = query.parse(&caller, unit)?;
    let found = lesson::list(&db.read, &caller.viewer(), &filter, Moment::now().day(), page, size).await?;
    Ok(Json(LessonsAnswer::from(found)))
}

/// A lesson by id or slug.
#[utoipa::path(get, path = "/api/v1/lessons/{id}", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), responses(
    (status = 200, description = "the lesson", body = LessonAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 410, description = "gone: its last day has passed", body = ErrorBody),
))]
pub async fn show(caller: SignedIn, id: Path<String>, db: Data<Database>) -> ApiResult<Json<LessonAnswer>> {
    let named = lesson::find(&db.read, &id).await?;
    let (viewer, today) = (caller.viewer(), Moment::now().day());
    match lesson::visible(&db.read, &viewer, named.id, today).await {
        Err(catalog::Error::LessonNotFound) => {
            let until = lesson::expired(&db.read, &viewer, &named, today).await?.ok_or(Code::NotFound)?;
            Err(ApiError::say(Code::Gone, format!("这一课的有效期到 {until} 为止，不再提供")))
        }
        found => Ok(Json(answer(&db, found?).await?)),
    }
}

/// Make a draft.
#[utoipa::path(post, path = "/api/v1/lessons", tag = "catalog", request_body = NewLessonBody, responses(
    (status = 201, description = "made", body = LessonAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found: the course", body = ErrorBody),
    (status = 409, description = "taken: the slug", body = ErrorBody),
))]
pub async fn create(author: Author, body: Json<NewLessonBody>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let body = body.into_inner();
    let course = catalog::course::get(&db.read, CourseId(body.course_id)).await?;
    reach::unit(&db, &author.reach(), course.unit_id).await?;
    let audience = audience(&db, &author, body.audience_unit_id).await?;
    for sha256 in [&body.media_sha256, &body.cover_sha256].into_iter().flatten() {
        reach::blob(&db, &author, sha256).await?;
    }
    let new = body.parse(audience)?;
    let made = lesson::create(&db.write, new, Some(author.account_id), Moment::now()).await?;
    Ok(HttpResponse::Created().json(answer(&db, made).await?))
}

/// Change a lesson. While it waits for review nothing changes; of a published one only what needs no review: course,
/// place, slug, tags, crop, season, level, language, last day.
#[utoipa::path(patch, path = "/api/v1/lessons/{id}", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), request_body = LessonPatchBody, responses(
    (status = 200, description = "changed", body = LessonAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict: somebody saved meanwhile, with both texts; wrong_state or taken without", body = ConflictAnswer),
))]
pub async fn update(
    author: Author,
    id: Path<String>,
    body: Json<serde_json::Value>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let (old, yours) = (within(&db, &author.reach(), &id).await?, body.into_inner());
    let body: LessonPatchBody = LessonPatchBody::deserialize(&yours)
        .map_err(|cause| ApiError::say(Code::InvalidRequest, format!("请求内容有误：{cause}")))?;
    if let Some(course) = body.course_id {
        let course = catalog::course::get(&db.read, CourseId(course)).await?;
        reach::unit(&db, &author.reach(), course.unit_id).await?;
    }
    let audience = audience(&db, &author, body.audience_unit_id).await?;
    for sha256 in [&body.media_sha256, &body.cover_sha256].into_iter().flatten().flatten() {
        reach::blob(&db, &author, sha256).await?;
    }
    let (version, patch) = (body.version, body.parse(audience)?);
    match lesson::update(&db.write, old.id, patch, version, Some(author.account_id), Moment::now()).await {
        Ok(new) => Ok(HttpResponse::Ok().json(answer(&db, new).await?)),
        Err(catalog::Error::Stale { .. }) => {
            let (code, current) = (Code::VersionConflict, lesson::get(&db.read, old.id).await?);
            let (message, current) = (code.message(), answer(&db, current).await?);
            Ok(HttpResponse::Conflict().json(ConflictAnswer { code: code.as_str(), message, current, yours }))
        }
        Err(cause) => Err(cause.into()),
    }
}

/// Delete a draft that was never published.
#[utoipa::path(delete, path = "/api/v1/lessons/{id}", tag = "catalog",
    params(("id" = String, Path, description = "id or slug"), VersionQuery), responses(
    (status = 204, description = "deleted"),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict or wrong_state", body = ErrorBody),
))]
pub async fn delete(
    author: Author,
    id: Path<String>,
    query: Query<VersionQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let old = within(&db, &author.reach(), &id).await?;
    lesson::delete(&db.write, old.id, query.version, Some(author.account_id), Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Hand a draft or a withdrawn lesson to the reviewers.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/submit", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), responses(
    (status = 200, description = "waits for review", body = LessonAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state", body = ErrorBody),
))]
pub async fn submit(author: Author, id: Path<String>, db: Data<Database>) -> ApiResult<Json<LessonAnswer>> {
    let old = within(&db, &author.reach(), &id).await?;
    let new = lesson::submit(&db.write, old.id, Some(author.account_id), Moment::now()).await?;
    Ok(Json(answer(&db, new).await?))
}

/// Publish a lesson that waits for review, at once or at a time. Nobody publishes what they made or handed in.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/publish", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), request_body = Option<PublishBody>, responses(
    (status = 200, description = "published, or waits for its time", body = LessonAnswer),
    (status = 400, description = "invalid_request: the time", body = ErrorBody),
    (status = 403, description = "own_lesson", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state", body = ErrorBody),
))]
pub async fn publish(
    reviewer: Reviewer,
    id: Path<String>,
    body: Coming,
    db: Data<Database>,
) -> ApiResult<Json<LessonAnswer>> {
    let old = within(&db, &reviewer.reach(), &id).await?;
    let body = body.whole(SHORT_BYTES).await?;
    // No body at all means at once; a body that cannot be read must not.
    let body = match body.is_empty() {
        true => PublishBody::default(),
        false => serde_json::from_slice(&body).map_err(|_| Code::InvalidJson)?,
    };
    let (by, now) = (Some(reviewer.account_id), Moment::now());
    let new = match body.publish_at {
        Some(at) => lesson::publish_at(&db.write, old.id, Moment(at), by, now).await?,
        None => lesson::publish(&db.write, old.id, by, now).await?,
    };
    Ok(Json(answer(&db, new).await?))
}

/// Return a lesson under review to its author, with a reason.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/return", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), request_body = ReasonBody, responses(
    (status = 200, description = "a draft again", body = LessonAnswer),
    (status = 400, description = "invalid_request: the reason", body = ErrorBody),
    (status = 403, description = "own_lesson", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state", body = ErrorBody),
))]
pub async fn send_back(
    reviewer: Reviewer,
    id: Path<String>,
    body: Json<ReasonBody>,
    db: Data<Database>,
) -> ApiResult<Json<LessonAnswer>> {
    let old = within(&db, &reviewer.reach(), &id).await?;
    let by = Some(reviewer.account_id);
    let new = lesson::send_back(&db.write, old.id, &body.reason, by, Moment::now()).await?;
    Ok(Json(answer(&db, new).await?))
}

/// Withdraw a published lesson, with a reason. Hours earned with it stay.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/withdraw", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), request_body = ReasonBody, responses(
    (status = 200, description = "withdrawn", body = LessonAnswer),
    (status = 400, description = "invalid_request: the reason", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state", body = ErrorBody),
))]
pub async fn withdraw(
    reviewer: Reviewer,
    id: Path<String>,
    body: Json<ReasonBody>,
    db: Data<Database>,
) -> ApiResult<Json<LessonAnswer>> {
    let old = within(&db, &reviewer.reach(), &id).await?;
    let by = Some(reviewer.account_id);
    let new = lesson::withdraw(&db.write, old.id, &body.reason, by, Moment::now()).await?;
    Ok(Json(answer(&db, new).await?))
}

/// A lesson kept by a unit within reach; any other is not there.
pub(super) async fn within(db: &Database, scope: &Scope, id: &str) -> ApiResult<row::Model> {
    let found = lesson::find(&db.read, id).await?;
    reach::unit(db, scope, found.unit_id).await?;
    Ok(found)
}

/// A lesson as the API tells it.
///
/// # Errors
/// When the database fails.
pub async fn answer(db: &Database, lesson: row::Model) -> ApiResult<LessonAnswer> {
    let blob = match &lesson.media_sha256 {
        Some(sha256) => media::Entity::find_by_id(sha256.clone()).one(&db.read).await?,
        None => None,
    };
    let prepared = match &blob {
        Some(media) => prepared(db, media).await?,
        None => Prepared::default(),
    };
    Ok(LessonAnswer::of(lesson, blob, prepared))
}
