//! What the caller is told: that a lesson was returned, that one waits for their review.

use crate::api::paging::PageQuery;
use crate::auth::identity::SignedIn;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Query};
use entity::{Moment, NoticeId, notice};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the caller has not seen.
#[derive(Serialize, ToSchema)]
pub struct NoticesAnswer {
    /// How many there are.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// Those of this page, latest first.
    notices: Vec<NoticeAnswer>,
}

/// Something the caller is told.
#[derive(Serialize, ToSchema)]
pub struct NoticeAnswer {
    /// The key.
    id: i64,
    /// What it is about: `lesson.submit`, `lesson.publish`, `lesson.schedule`, `lesson.return`, `lesson.withdraw`,
    /// `lesson.note`, `lesson.expired`, `wish.answered`, `class.decided`, `study.decided`.
    kind: String,
    /// The lesson's id, or the class's.
    subject_id: i64,
    /// A Chinese sentence.
    text: String,
    /// Since when, in milliseconds since 1970.
    created_at: i64,
}

/// Which notices were seen.
#[derive(Deserialize, ToSchema)]
pub struct SeenBody {
    /// One of them; all when absent.
    id: Option<i64>,
}

/// What the caller is told and has not seen.
#[utoipa::path(get, path = "/api/v1/notices", tag = "catalog", params(PageQuery), responses(
    (status = 200, description = "a page of notices", body = NoticesAnswer), (status = 400, description = "invalid_request", body = ErrorBody)))]
pub async fn list(caller: SignedIn, query: Query<PageQuery>, db: Data<Database>) -> ApiResult<Json<NoticesAnswer>> {
    let (page, size) = query.numbers();
    let unseen = catalog::notice::unseen(&db.read, caller.account_id, page, size).await?;
    let notices = unseen.items.into_iter().map(NoticeAnswer::from).collect();
    Ok(Json(NoticesAnswer { total: unseen.total, page, notices }))
}

/// Note that notices were seen.
#[utoipa::path(post, path = "/api/v1/notices/seen", tag = "catalog", request_body = SeenBody, responses(
    (status = 204, description = "seen"),
    (status = 400, description = "invalid_request", body = ErrorBody),
))]
pub async fn seen(caller: SignedIn, body: Json<SeenBody>, db: Data<Database>) -> ApiResult<HttpResponse> {
    if body.id.is_some_and(|id| id < 1) {
        return Err(ApiError::say(Code::InvalidRequest, "id：须是一条通知的编号，从 1 起"));
    }
    catalog::notice::seen(&db.write, caller.account_id, body.id.map(NoticeId), Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl From<notice::Model> for NoticeAnswer {
    fn from(row: notice::Model) -> Self {
        Self { id: row.id.0, kind: row.kind, subject_id: row.subject_id, text: row.text, created_at: row.created_at.0 }
    }
}
