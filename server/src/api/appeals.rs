//! Appeals against entries of the training archive: made by the person, decided by the office with a reason.

use crate::api::paging::{PageNumber, PageSize};
use crate::auth::identity::{APPEAL_READERS, Decider, SignedIn};
use crate::auth::known::Known;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::appeals::{self, Decision, Filter, Listed, Verdict};
use entity::{AppealId, Moment, Role, UnitId, appeal};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What the person says.
#[derive(Deserialize, ToSchema)]
pub struct AppealBody {
    /// Why the entry is wrong, 1 to 500 characters.
    text: String,
}

/// Which appeals.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AppealsQuery {
    /// One's own; always so for those who decide none.
    mine: Option<bool>,
    /// `open`, `decided`, or both when absent.
    state: Option<String>,
    /// This unit and all below; everything in the caller's reach when absent.
    unit: Option<i64>,
    /// Which page, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
    /// Rows of a page, 1 to 100; 20 when absent.
    #[serde(default)]
    #[param(inline)]
    size: PageSize<20, 100>,
}

/// A page of appeals.
#[derive(Serialize, ToSchema)]
pub struct AppealsAnswer {
    /// How many there are.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// The appeals: open ones first.
    appeals: Vec<AppealAnswer>,
}

/// An appeal.
#[derive(Serialize, ToSchema)]
pub struct AppealAnswer {
    /// Its number.
    id: i64,
    /// The entry's number in the ledger.
    seq: i64,
    /// Who appeals.
    person_id: i64,
    /// Their name; absent where it is the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// What they say.
    text: String,
    /// When, in milliseconds since 1970.
    created_at: i64,
    /// `open`, `granted` or `refused`.
    state: &'static str,
    /// The reason of the decision.
    decision: Option<String>,
    /// When it was decided.
    decided_at: Option<i64>,
    /// The new entry that gives time back.
    correction_seq: Option<i64>,
}

impl From<appeal::Model> for AppealAnswer {
    fn from(row: appeal::Model) -> Self {
        Self {
            id: row.id.0,
            seq: row.entry_seq,
            person_id: row.person_id.0,
            person: None,
            text: row.text,
            created_at: row.created_at.0,
            state: match row.granted {
                None => "open",
                Some(true) => "granted",
                Some(false) => "refused",
            },
            decision: row.decision,
            decided_at: row.decided_at.map(|at| at.0),
            correction_seq: row.correction_seq,
        }
    }
}

impl From<Listed> for AppealAnswer {
    fn from(listed: Listed) -> Self {
        Self { person: Some(listed.person), ..Self::from(listed.appeal) }
    }
}

/// A decision.
#[derive(Deserialize, ToSchema)]
pub struct DecisionBody {
    /// Whether anything is given back.
    granted: bool,
    /// How much, in milliseconds; at most what is left of the claim. Not looked at when nothing is granted.
    granted_ms: Option<i64>,
    /// Why, 1 to 500 characters; the person will read it.
    reason: String,
}

/// Appeal against one's own entry.
#[utoipa::path(post, path = "/api/v1/ledger/{seq}/appeals", tag = "archive", params(("seq" = i64, Path, description = "the entry's number")),
    request_body = AppealBody, responses(
    (status = 201, description = "the appeal", body = AppealAnswer), (status = 400, description = "invalid_request: the text", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 404, description = "not_found: no such entry of one's own", body = ErrorBody),
    (status = 409, description = "wrong_state: one is open, the entry is a correction or too old", body = ErrorBody)))]
pub async fn make(
    caller: SignedIn,
    seq: Path<i64>,
    body: Json<AppealBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let person = caller.person_id.ok_or(Code::NotFound)?;
    let made = appeals::make(&db.write, person, *seq, &body.text, caller.account_id, Moment::now()).await?;
    Ok(HttpResponse::Created().json(AppealAnswer::from(made)))
}

/// Appeals: one's own, or those the caller may decide or read.
#[utoipa::path(get, path = "/api/v1/appeals", tag = "archive", params(AppealsQuery), responses(
    (status = 200, description = "a page of appeals", body = AppealsAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 404, description = "not_found: the unit", body = ErrorBody)))]
pub async fn list(caller: SignedIn, query: Query<AppealsQuery>, db: Data<Database>) -> ApiResult<Json<AppealsAnswer>> {
    let open = only_open(query.state.as_deref())?;
    let mut filter = Filter { open, ..Filter::default() };
    if query.mine == Some(true) || !caller.has(APPEAL_READERS) {
        filter.person = Some(caller.person_id.ok_or(Code::NotFound)?);
    } else {
        filter.reach = caller.appeals(true);
        if let Some(unit) = query.unit {
            filter.below = Some(reach::unit(&db, &caller.scope(APPEAL_READERS), UnitId(unit)).await?.path);
        }
    }
    let page = appeals::page(&db.read, &filter, query.page.get(), query.size.get()).await?;
    let answers = page.rows.into_iter().map(AppealAnswer::from).collect();
    Ok(Json(AppealsAnswer { total: page.total, page: page.page, appeals: answers }))
}

/// Whether only open ones are wanted or only decided ones, by the word of a query; both when it is absent.
///
/// # Errors
/// `invalid_request` for another word.
pub(super) fn only_open(state: Option<&str>) -> ApiResult<Option<bool>> {
    match state {
        None | Some("") => Ok(None),
        Some("open") => Ok(Some(true)),
        Some("decided") => Ok(Some(false)),
        Some(_) => Err(ApiError::say(Code::InvalidRequest, "state：须是 open 或 decided")),
    }
}

/// Decide an appeal. What is granted becomes a new entry; the person reads the reason.
#[utoipa::path(post, path = "/api/v1/appeals/{id}/decision", tag = "archive", params(("id" = i64, Path, description = "the appeal")),
    request_body = DecisionBody, responses(
    (status = 200, description = "decided", body = AppealAnswer), (status = 400, description = "invalid_request: the reason, or more than was claimed", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden, also for one's own appeal", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: it is decided", body = ErrorBody)))]
pub async fn decide(
    decider: Decider,
    id: Path<i64>,
    body: Json<DecisionBody>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<Json<AppealAnswer>> {
    let verdict = match (body.granted, body.granted_ms) {
        (false, _) => Verdict::Refused,
        (true, Some(ms)) => Verdict::Granted { ms },
        (true, None) => return Err(ApiError::say(Code::InvalidRequest, "granted_ms：请说明补记多少毫秒")),
    };
    let decided = settle(&decider, AppealId(*id), verdict, &body.reason, &db, &known).await?;
    Ok(Json(decided.into()))
}

/// Decide an appeal within the caller's reach, for the API and the page.
///
/// # Errors
/// `not_found` beyond their reach; those of the archive.
pub async fn settle(
    decider: &Decider,
    id: AppealId,
    verdict: Verdict,
    reason: &str,
    db: &Database,
    known: &Known,
) -> ApiResult<appeal::Model> {
    let found = appeals::one(&db.read, &decider.appeals(false), id).await?;
    let decision =
        Decision { verdict, reason, by: decider.account_id, clock_only: clock_only(decider, &found, db).await? };
    let decided = appeals::decide(&db.write, id, &decision, Moment::now()).await?;
    known.forget(decider.account_id); // so that the number beside the desk's tab is the new one
    Ok(decided)
}

/// Whether only a wrong clock lets the caller decide this: they train there but do not assess.
async fn clock_only(decider: &Decider, found: &appeal::Model, db: &Database) -> ApiResult<bool> {
    Ok(reach::unit(db, &decider.scope(&[Role::Assessor]), found.unit_id).await.is_err())
}
