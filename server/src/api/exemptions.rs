//! Exemptions of people from what the rules ask: read by all readers, granted and ended by assessors.

use crate::api::paging::PageQuery;
use crate::auth::identity::{Assessor, Reader};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::exemptions::{self, Granted, NewExemption};
use entity::{Day, ExemptionId, ExemptionKind, Moment, PersonId, Scope, exemption};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An exemption to be granted.
#[derive(Deserialize, ToSchema)]
pub struct ExemptionBody {
    /// `old`, `sick`, `disabled` or `migrant`.
    #[schema(value_type = String)]
    kind: ExemptionKind,
    /// Its first civil day, as `2026-01-31`.
    begins_on: String,
    /// Its last civil day.
    ends_on: String,
    /// What it rests on.
    reason: String,
}

/// The early end of an exemption.
#[derive(Deserialize, ToSchema)]
pub struct EndBody {
    /// The last civil day on which it holds.
    last_day: String,
    /// Why.
    reason: String,
}

/// An exemption.
#[derive(Serialize, ToSchema)]
pub struct ExemptionAnswer {
    /// The key.
    id: i64,
    /// `old`, `sick`, `disabled` or `migrant`.
    kind: &'static str,
    /// Its first civil day.
    begins_on: String,
    /// Its last civil day, as it is now.
    ends_on: String,
    /// What it rests on.
    reason: String,
    /// Who approved it; absent in the answer to granting it.
    approved_by: Option<String>,
    /// Why it was ended early.
    end_reason: Option<String>,
}

/// A page of exemptions.
#[derive(Serialize, ToSchema)]
pub struct ExemptionsAnswer {
    /// How many there are.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// The exemptions of this page.
    exemptions: Vec<ExemptionAnswer>,
}

/// The exemptions of a person, the latest first.
#[utoipa::path(get, path = "/api/v1/people/{id}/exemptions", tag = "archive", params(("id" = i64, Path, description = "the person"), PageQuery), responses(
    (status = 200, description = "a page of them", body = ExemptionsAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn list(
    reader: Reader,
    id: Path<PersonId>,
    query: Query<PageQuery>,
    db: Data<Database>,
) -> ApiResult<Json<ExemptionsAnswer>> {
    reach::person(&db, &reader.reach(), *id).await?;
    let (page, size) = query.numbers();
    let (granted, total) = exemptions::of_person(&db.read, *id, (page, size)).await?;
    Ok(Json(ExemptionsAnswer { total, page, exemptions: granted.iter().map(ExemptionAnswer::named).collect() }))
}

/// Grant an exemption.
#[utoipa::path(post, path = "/api/v1/people/{id}/exemptions", tag = "archive", params(("id" = i64, Path, description = "the person")),
    request_body = ExemptionBody, responses(
    (status = 201, description = "granted", body = ExemptionAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn grant(
    assessor: Assessor,
    id: Path<PersonId>,
    body: Json<ExemptionBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    reach::person(&db, &assessor.reach(), *id).await?;
    let ExemptionBody { kind, begins_on, ends_on, reason } = body.into_inner();
    let (begins_on, ends_on) = (day(&begins_on)?, day(&ends_on)?);
    let new = NewExemption { person_id: *id, kind, begins_on, ends_on, reason };
    let granted = exemptions::grant(&db.write, new, assessor.account_id, Moment::now()).await?;
    Ok(HttpResponse::Created().json(ExemptionAnswer::of(&granted)))
}

/// End an exemption before its last day.
#[utoipa::path(post, path = "/api/v1/exemptions/{exemption}/end", tag = "archive", params(("exemption" = i64, Path, description = "the exemption")),
    request_body = EndBody, responses(
    (status = 200, description = "ended", body = ExemptionAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn end(
    assessor: Assessor,
    id: Path<ExemptionId>,
    body: Json<EndBody>,
    db: Data<Database>,
) -> ApiResult<Json<ExemptionAnswer>> {
    owner(&db, &assessor.reach(), *id).await?;
    let (by, now) = (assessor.account_id, Moment::now());
    let ended = exemptions::end(&db.write, *id, day(&body.last_day)?, &body.reason, by, now).await?;
    Ok(Json(ExemptionAnswer::of(&ended)))
}

fn day(text: &str) -> ApiResult<Day> {
    text.parse().map_err(|_| ApiError::say(Code::InvalidRequest, "日期须写成 2026-01-31 这样"))
}

/// Whose exemption it is, when they belong to this scope.
///
/// # Errors
/// `not_found` otherwise.
pub async fn owner(db: &Database, scope: &Scope, id: ExemptionId) -> ApiResult<PersonId> {
    let row = exemption::Entity::find_by_id(id).one(&db.read).await?.ok_or(ApiError::new(Code::NotFound))?;
    reach::person(db, scope, row.person_id).await.map(|person| person.id)
}

impl ExemptionAnswer {
    fn of(row: &exemption::Model) -> Self {
        Self {
            id: row.id.0,
            kind: row.kind.as_str(),
            begins_on: row.begins_on.to_string(),
            ends_on: row.last_day().to_string(),
            reason: row.reason.clone(),
            approved_by: None,
            end_reason: row.end_reason.clone(),
        }
    }

    fn named(granted: &Granted) -> Self {
        Self { approved_by: Some(granted.approver.clone()), ..Self::of(&granted.row) }
    }
}
