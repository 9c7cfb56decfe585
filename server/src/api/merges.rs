//! People who stand on the roster twice: who may be one, merging them, and parting them again.

use crate::api::paging::PageQuery;
use crate::api::people::PersonAnswer;
use crate::auth::identity::Merger;
use crate::auth::known::Known;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use crate::merging;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use entity::{MergeId, PersonId, person_merge};
use roster::people::{merge, twins};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// People named as perhaps the same at most.
pub const NAMED: usize = 10;

/// Who is the same person as the one of the address.
#[derive(Deserialize, ToSchema)]
pub struct MergeBody {
    /// Who is merged, and listed no more.
    merged_id: i64,
    /// Why, 1 to 500 characters.
    reason: String,
}

/// Why a merge is taken back.
#[derive(Deserialize, ToSchema)]
pub struct PartBody {
    /// 1 to 500 characters.
    reason: String,
}

/// A merge of two people.
#[derive(Serialize, ToSchema)]
pub struct MergeAnswer {
    /// The key.
    id: i64,
    /// Who is kept.
    kept_id: i64,
    /// Who is one with them.
    merged_id: i64,
    /// Why.
    reason: String,
    /// When, in milliseconds since 1970.
    merged_at: i64,
    /// Milliseconds that both had been credited with, taken back.
    taken_back_ms: i64,
    /// When it was taken back; absent while it stands.
    parted_at: Option<i64>,
    /// Why it was taken back.
    part_reason: Option<String>,
}

/// A page of merges.
#[derive(Serialize, ToSchema)]
pub struct MergesAnswer {
    /// How many there are.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// The merges of this page.
    merges: Vec<MergeAnswer>,
}

/// A merge that was just made.
#[derive(Serialize, ToSchema)]
pub struct MergedAnswer {
    /// The merge.
    merge: MergeAnswer,
    /// Milliseconds that waited under one number for a quiz passed under the other, given.
    given_ms: i64,
    /// Sealed years in which both were credited with the same: there nothing was taken back.
    sealed_years: Vec<i32>,
}

impl MergeAnswer {
    fn of(row: person_merge::Model, taken_back_ms: i64) -> Self {
        Self {
            id: row.id.0,
            kept_id: row.kept_id.0,
            merged_id: row.merged_id.0,
            reason: row.reason,
            merged_at: row.merged_at.0,
            taken_back_ms,
            parted_at: row.parted_at.map(|at| at.0),
            part_reason: row.part_reason,
        }
    }
}

/// People who may be this one under another number, the likeliest first.
#[utoipa::path(get, path = "/api/v1/people/{id}/twins", tag = "people", params(("id" = i64, Path, description = "the person")), responses(
    (status = 200, description = "at most ten people", body = Vec<PersonAnswer>),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "person_merged", body = ErrorBody)))]
pub async fn candidates(merger: Merger, id: Path<PersonId>, db: Data<Database>) -> ApiResult<Json<Vec<PersonAnswer>>> {
    let person = reach::person(&db, &merger.reach(), *id).await?;
    let found = twins(&db.read, &merger.reach(), &person, NAMED).await?;
    Ok(Json(found.into_iter().map(PersonAnswer::from).collect()))
}

/// The merges a person was ever in, the latest first.
#[utoipa::path(get, path = "/api/v1/people/{id}/merges", tag = "people", params(("id" = i64, Path, description = "the person"), PageQuery), responses(
    (status = 200, description = "a page of them", body = MergesAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "person_merged", body = ErrorBody)))]
pub async fn list(
    merger: Merger,
    id: Path<PersonId>,
    query: Query<PageQuery>,
    db: Data<Database>,
) -> ApiResult<Json<MergesAnswer>> {
    reach::person(&db, &merger.reach(), *id).await?;
    let (page, size) = query.numbers();
    let found = merge::of_person(&db.read, *id, page, size).await?;
    let mut merges = Vec::with_capacity(found.rows.len());
    for row in found.rows {
        let taken_ms = archive::ledger::merge::taken_back_ms(&db.read, &row).await?;
        merges.push(MergeAnswer::of(row, taken_ms));
    }
    Ok(Json(MergesAnswer { total: found.total, page, merges }))
}

/// Merge another person into this one: hours, passed quizzes, posts and exemptions are this one's from then on.
#[utoipa::path(post, path = "/api/v1/people/{id}/merges", tag = "people", params(("id" = i64, Path, description = "the person who is kept")),
    request_body = MergeBody, responses(
    (status = 201, description = "merged", body = MergedAnswer), (status = 400, description = "invalid_request: the reason", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden, also for oneself", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state or person_merged: they cannot become one now", body = ErrorBody)))]
pub async fn join(
    merger: Merger,
    id: Path<PersonId>,
    body: Json<MergeBody>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<HttpResponse> {
    let (people, by) = ((*id, PersonId(body.merged_id)), merger.account_id);
    let (row, joined) =
        merging::join((db.get_ref(), known.get_ref()), &merger.reach(), people, &body.reason, by).await?;
    let sealed_years = joined.sealed_years.into_iter().collect();
    let (given_ms, merge) = (joined.given_ms, MergeAnswer::of(row, joined.taken_back_ms));
    Ok(HttpResponse::Created().json(MergedAnswer { merge, given_ms, sealed_years }))
}

/// Take a merge back: everything is again as it was before it.
#[utoipa::path(post, path = "/api/v1/merges/{merge}/part", tag = "people", params(("merge" = i64, Path, description = "the merge")),
    request_body = PartBody, responses(
    (status = 200, description = "parted", body = MergeAnswer), (status = 400, description = "invalid_request: the reason", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden, also for oneself", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: parted already, a later merge stands, or a year was sealed since", body = ErrorBody)))]
pub async fn part(
    merger: Merger,
    id: Path<MergeId>,
    body: Json<PartBody>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<Json<MergeAnswer>> {
    let row =
        merging::part((db.get_ref(), known.get_ref()), &merger.reach(), *id, &body.reason, merger.account_id).await?;
    let taken_ms = archive::ledger::merge::taken_back_ms(&db.read, &row).await?;
    Ok(Json(MergeAnswer::of(row, taken_ms)))
}
