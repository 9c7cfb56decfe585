//! Views of the list of lessons that the caller keeps under a name.

use crate::auth::identity::Author;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use crate::pages::studio::place::Place;
use crate::pages::studio::views::kept_of;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use entity::{Moment, ViewId, saved_view};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The caller's views.
#[derive(Serialize, ToSchema)]
pub struct ViewsAnswer {
    /// In the order they were kept; at most 20.
    views: Vec<ViewAnswer>,
}

/// A view.
#[derive(Serialize, ToSchema)]
pub struct ViewAnswer {
    /// The key.
    id: i64,
    /// What its owner calls it.
    name: String,
    /// Filters and order, as the query of the list's address; a change of many lessons takes it as its `list`.
    query: String,
}

/// A view to be kept.
#[derive(Deserialize, ToSchema)]
pub struct ViewBody {
    /// 1 to 20 characters; a view of that name is replaced.
    name: String,
    /// Filters and order, as the query of the list's address, such as `state=draft&sort=title`. What the list does not
    /// know is left out.
    #[serde(default)]
    query: String,
}

/// A view's new name.
#[derive(Deserialize, ToSchema)]
pub struct ViewNameBody {
    /// 1 to 20 characters, not another view's.
    name: String,
}

/// The caller's views.
#[utoipa::path(get, path = "/api/v1/views", tag = "studio", responses((status = 200, description = "views", body = ViewsAnswer)))]
pub async fn list(author: Author, db: Data<Database>) -> ApiResult<Json<ViewsAnswer>> {
    let views = catalog::view::of(&db.read, author.account_id).await?;
    Ok(Json(ViewsAnswer { views: views.into_iter().map(ViewAnswer::from).collect() }))
}

/// Keep a view.
#[utoipa::path(post, path = "/api/v1/views", tag = "studio", request_body = ViewBody, responses(
    (status = 201, description = "kept", body = ViewAnswer),
    (status = 400, description = "invalid_request: the name, or more than 20 views", body = ErrorBody),
))]
pub async fn keep(author: Author, body: Json<ViewBody>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let query = kept_of(&Place::parse(&body.query)).query();
    let kept = catalog::view::keep(&db.write, author.account_id, &body.name, &query, Moment::now()).await?;
    Ok(HttpResponse::Created().json(ViewAnswer::from(kept)))
}

/// Give a view another name.
#[utoipa::path(patch, path = "/api/v1/views/{id}", tag = "studio", params(("id" = i64, Path)), request_body = ViewNameBody, responses(
    (status = 204, description = "renamed"),
    (status = 400, description = "invalid_request: the name", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn rename(
    author: Author,
    id: Path<ViewId>,
    body: Json<ViewNameBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    catalog::view::rename(&db.write, author.account_id, *id, &body.name).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Forget a view. The lessons stay as they are.
#[utoipa::path(delete, path = "/api/v1/views/{id}", tag = "studio", params(("id" = i64, Path)), responses(
    (status = 204, description = "forgotten"),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn forget(author: Author, id: Path<ViewId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    catalog::view::forget(&db.write, author.account_id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl From<saved_view::Model> for ViewAnswer {
    fn from(row: saved_view::Model) -> Self {
        Self { id: row.id.0, name: row.name, query: row.query }
    }
}
