//! Courses: everybody lists and opens them, authors of the unit that keeps one change it.

use crate::api::lessons::LessonBrief;
use crate::api::paging::{PageNumber, PageSize};
use crate::auth::identity::{Author, SignedIn};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use catalog::course::{self, CourseFilter, CoursePatch, NewCourse};
use entity::{Category, LessonId, Moment, UnitId, course as row};
use roster::org;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which courses to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CoursesQuery {
    /// Only this category, by its word or Chinese name.
    category: Option<String>,
    /// Only titles or summaries that hold this text.
    q: Option<String>,
    /// Which page, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
    /// Courses of a page, 1 to 100; 20 when absent.
    #[serde(default)]
    #[param(inline)]
    size: PageSize<20, 100>,
}

/// A page of courses.
#[derive(Serialize, ToSchema)]
pub struct CoursesAnswer {
    /// Courses in all pages.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// Courses of a full page.
    size: u64,
    /// Newest first.
    courses: Vec<CourseBrief>,
}

/// A course without its lessons.
#[derive(Serialize, ToSchema)]
pub struct CourseBrief {
    /// The key.
    id: i64,
    /// The name in addresses.
    slug: String,
    /// The title.
    title: String,
    /// What it teaches.
    summary: String,
    /// What it is about.
    category: &'static str,
    /// The unit that keeps it.
    unit_id: i64,
    /// The unit whose subtree it is for.
    audience_unit_id: i64,
    /// To be sent back with a change.
    version: i32,
}

/// A course with the lessons the caller may see.
#[derive(Serialize, ToSchema)]
pub struct CourseAnswer {
    /// The course.
    #[serde(flatten)]
    course: CourseBrief,
    /// Its lessons in order.
    lessons: Vec<LessonBrief>,
}

/// A course to be made.
#[derive(Deserialize, ToSchema)]
pub struct NewCourseBody {
    /// The name in addresses; made from the title when absent.
    slug: Option<String>,
    /// The title, 1 to 100 characters.
    title: String,
    /// What it teaches, at most 2,000 characters.
    #[serde(default)]
    summary: String,
    /// What it is about, by its word or Chinese name.
    category: String,
    /// The unit that keeps it; the caller's own when absent.
    unit_id: Option<i64>,
    /// The unit whose subtree it is for; the keeping unit when absent.
    audience_unit_id: Option<i64>,
}

/// What changes in a course; absent fields stay.
#[derive(Deserialize, ToSchema)]
pub struct CoursePatchBody {
    /// The version that was read.
    version: i32,
    /// Another name in addresses.
    slug: Option<String>,
    /// Another title.
    title: Option<String>,
    /// Another summary.
    summary: Option<String>,
    /// Another category.
    category: Option<String>,
    /// Another audience.
    audience_unit_id: Option<i64>,
}

/// Which version is meant.
#[derive(Deserialize, IntoParams)]
pub struct VersionQuery {
    /// The version that was read.
    pub(crate) version: i32,
}

/// The courses the caller may see.
#[utoipa::path(get, path = "/api/v1/courses", tag = "catalog", params(CoursesQuery), responses(
    (status = 200, description = "a page of courses", body = CoursesAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
))]
pub async fn list(caller: SignedIn, query: Query<CoursesQuery>, db: Data<Database>) -> ApiResult<Json<CoursesAnswer>> {
    let query = query.into_inner();
    let filter = CourseFilter { category: optional_category(query.category.as_deref())?, q: query.q };
    let (page, size) = (query.page.get(), query.size.get());
    let found = course::list(&db.read, &caller.viewer(), filter, Moment::now().day(), page, size).await?;
    let courses = found.items.into_iter().map(CourseBrief::from).collect();
    Ok(Json(CoursesAnswer { total: found.total, page, size, courses }))
}

/// A course by id or slug, with its lessons.
#[utoipa::path(get, path = "/api/v1/courses/{id}", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), responses(
    (status = 200, description = "the course", body = CourseAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn show(caller: SignedIn, id: Path<String>, db: Data<Database>) -> ApiResult<Json<CourseAnswer>> {
    let (viewer, today) = (caller.viewer(), Moment::now().day());
    let found = course::visible(&db.read, &viewer, &id, today).await?;
    let lessons = course::outline(&db.read, &viewer, found.id, today).await?;
    let lessons = lessons.into_iter().map(LessonBrief::from).collect();
    Ok(Json(CourseAnswer { course: found.into(), lessons }))
}

/// Make a course.
#[utoipa::path(post, path = "/api/v1/courses", tag = "catalog", request_body = NewCourseBody, responses(
    (status = 201, description = "made", body = CourseBrief),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 409, description = "taken: the slug", body = ErrorBody),
))]
pub async fn create(author: Author, body: Json<NewCourseBody>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let body = body.into_inner();
    let new = NewCourse {
        slug: body.slug,
        title: body.title,
        summary: body.summary,
        category: category(&body.category)?,
        unit_id: keeper(&db, &author, body.unit_id).await?,
        audience_unit_id: audience(&db, &author, body.audience_unit_id).await?,
    };
    let made = course::create(&db.write, new, Some(author.account_id), Moment::now()).await?;
    Ok(HttpResponse::Created().json(CourseBrief::from(made)))
}

/// Change a course of the caller's reach.
#[utoipa::path(patch, path = "/api/v1/courses/{id}", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), request_body = CoursePatchBody, responses(
    (status = 200, description = "changed", body = CourseBrief),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict or taken", body = ErrorBody),
))]
pub async fn update(
    author: Author,
    id: Path<String>,
    body: Json<CoursePatchBody>,
    db: Data<Database>,
) -> ApiResult<Json<CourseBrief>> {
    let (old, body) = (within_reach(&db, &author, &id).await?, body.into_inner());
    let patch = CoursePatch {
        slug: body.slug,
        title: body.title,
        summary: body.summary,
        category: optional_category(body.category.as_deref())?,
        audience_unit_id: audience(&db, &author, body.audience_unit_id).await?,
    };
    let by = Some(author.account_id);
    Ok(Json(course::update(&db.write, old.id, patch, body.version, by, Moment::now()).await?.into()))
}

/// The order of a course's lessons.
#[derive(Deserialize, ToSchema)]
pub struct OrderBody {
    /// The version that was read.
    version: i32,
    /// Every lesson of the course, in whatever state, once.
    lessons: Vec<i64>,
}

/// Put the lessons of a course into another order.
#[utoipa::path(put, path = "/api/v1/courses/{id}/order", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")), request_body = OrderBody, responses(
    (status = 200, description = "in this order", body = CourseBrief),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict: the course or its lessons have changed", body = ErrorBody),
))]
pub async fn arrange(
    author: Author,
    id: Path<String>,
    body: Json<OrderBody>,
    db: Data<Database>,
) -> ApiResult<Json<CourseBrief>> {
    let old = within_reach(&db, &author, &id).await?;
    let order: Vec<_> = body.lessons.iter().copied().map(LessonId).collect();
    let by = Some(author.account_id);
    Ok(Json(course::arrange(&db.write, old.id, &order, body.version, by, Moment::now()).await?.into()))
}

/// Delete a course that has no lessons.
#[utoipa::path(delete, path = "/api/v1/courses/{id}", tag = "catalog",
    params(("id" = String, Path, description = "id or slug"), VersionQuery), responses(
    (status = 204, description = "deleted"),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict, or wrong_state: it has lessons", body = ErrorBody),
))]
pub async fn delete(
    author: Author,
    id: Path<String>,
    query: Query<VersionQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let old = within_reach(&db, &author, &id).await?;
    course::delete(&db.write, old.id, query.version, Some(author.account_id), Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The course, if a unit in the author's reach keeps it.
///
/// # Errors
/// `not_found` for any other.
pub async fn within_reach(db: &Database, author: &Author, id: &str) -> ApiResult<row::Model> {
    let found = course::find(&db.read, id).await?;
    let unit = org::unit(&db.read, found.unit_id).await?;
    if author.reach().contains(&unit.path) { Ok(found) } else { Err(ApiError::new(Code::NotFound)) }
}

/// The unit that is to keep something: the one named, which must lie in reach, or the first top of the reach.
pub(crate) async fn keeper(db: &Database, author: &Author, named: Option<i64>) -> ApiResult<UnitId> {
    if let Some(id) = named {
        return in_reach(db, author, id).await;
    }
    let top = author.reach().paths().first().and_then(|path| entity::scope::ancestors_of(path).pop());
    top.ok_or_else(|| ApiError::new(Code::Forbidden))
}

/// The unit something is to be for, which must lie in reach.
pub(crate) async fn audience(db: &Database, author: &Author, named: Option<i64>) -> ApiResult<Option<UnitId>> {
    match named {
        Some(id) => in_reach(db, author, id).await.map(Some),
        None => Ok(None),
    }
}

async fn in_reach(db: &Database, author: &Author, id: i64) -> ApiResult<UnitId> {
    let outside = || ApiError::say(Code::InvalidRequest, "单位不存在，或不在您的管理范围内");
    let unit = org::unit(&db.read, UnitId(id)).await.map_err(|_| outside())?;
    if author.reach().contains(&unit.path) { Ok(unit.id) } else { Err(outside()) }
}

/// A category by its word or Chinese name.
pub(crate) fn category(text: &str) -> ApiResult<Category> {
    let unknown = || ApiError::say(Code::InvalidRequest, "category 的值不在可选范围内");
    catalog::category_named(text.trim()).ok_or_else(unknown)
}

/// A category that may be left out.
pub(crate) fn optional_category(text: Option<&str>) -> ApiResult<Option<Category>> {
    text.filter(|text| !text.trim().is_empty()).map(category).transpose()
}

impl From<row::Model> for CourseBrief {
    fn from(course: row::Model) -> Self {
        Self {
            id: course.id.0,
            slug: course.slug,
            title: course.title,
            summary: course.summary,
            category: course.category.as_str(),
            unit_id: course.unit_id.0,
            audience_unit_id: course.audience_unit_id.0,
            version: course.version,
        }
    }
}
