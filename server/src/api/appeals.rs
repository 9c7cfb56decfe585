//! Appeals against entries of the training archive: made by the person, decided by the office with a reason. What waits
//! because a clock was wrong is decided the same way, also when nobody appeals.

use crate::api::paging::{PageNumber, PageSize};
use crate::auth::identity::{APPEAL_READERS, Decider, SignedIn};
use crate::auth::known::Known;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::Page;
use archive::appeals::waiting::{self, Waiting};
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
    /// `open`, `decided`, or both when absent; `waiting` for what waits because a clock was wrong and nobody appealed
    /// against.
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
    /// The appeals: open ones first. What waits: the longest waiting first.
    appeals: Vec<AppealAnswer>,
}

impl<T> From<Page<T>> for AppealsAnswer
where
    AppealAnswer: From<T>,
{
    fn from(page: Page<T>) -> Self {
        let appeals = page.rows.into_iter().map(AppealAnswer::from).collect();
        Self { total: page.total, page: page.page, appeals }
    }
}

/// An appeal, or an entry that waits without one.
#[derive(Serialize, ToSchema)]
pub struct AppealAnswer {
    /// Its number; absent while nobody has appealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// The entry's number in the ledger.
    seq: i64,
    /// Who appeals.
    person_id: i64,
    /// Their name; absent where it is the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// What they say; empty while they say nothing.
    text: String,
    /// When, in milliseconds since 1970; when it was posted while nobody has appealed.
    created_at: i64,
    /// `waiting`, `open`, `granted` or `refused`.
    state: &'static str,
    /// The reason of the decision.
    decision: Option<String>,
    /// When it was decided.
    decided_at: Option<i64>,
    /// The new entry that gives time back.
    correction_seq: Option<i64>,
    /// How much waits because a clock was wrong; absent once somebody has appealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_ms: Option<i64>,
}

impl From<appeal::Model> for AppealAnswer {
    fn from(row: appeal::Model) -> Self {
        Self {
            id: Some(row.id.0),
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
            waiting_ms: None,
        }
    }
}

impl From<Listed> for AppealAnswer {
    fn from(listed: Listed) -> Self {
        Self { person: Some(listed.person), ..Self::from(listed.appeal) }
    }
}

impl From<Waiting> for AppealAnswer {
    fn from(waiting: Waiting) -> Self {
        Self {
            id: None,
            seq: waiting.entry.seq,
            person_id: waiting.entry.person_id.0,
            person: Some(waiting.person),
            text: String::new(),
            created_at: waiting.entry.posted_at.0,
            state: "waiting",
            decision: None,
            decided_at: None,
            correction_seq: None,
            waiting_ms: Some(waiting.waiting_ms),
        }
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

/// Appeals: one's own, or those the caller may decide or read; or what waits without one.
#[utoipa::path(get, path = "/api/v1/appeals", tag = "archive", params(AppealsQuery), responses(
    (status = 200, description = "a page of appeals", body = AppealsAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 404, description = "not_found: the unit", body = ErrorBody)))]
pub async fn list(caller: SignedIn, query: Query<AppealsQuery>, db: Data<Database>) -> ApiResult<Json<AppealsAnswer>> {
    let state = query.state.as_deref().filter(|state| *state != "waiting");
    let unappealed = state.is_none() && query.state.is_some();
    let unknown = || ApiError::say(Code::InvalidRequest, "state：须是 open、decided 或 waiting");
    let mut filter = Filter { open: only_open(state).map_err(|_| unknown())?, ..Filter::default() };
    if query.mine == Some(true) || !caller.has(APPEAL_READERS) {
        filter.person = Some(caller.person_id.ok_or(Code::NotFound)?);
    } else {
        filter.reach = caller.appeals(true);
        if let Some(unit) = query.unit {
            filter.below = Some(reach::unit(&db, &caller.scope(APPEAL_READERS), UnitId(unit)).await?.path);
        }
    }
    let (page, size) = (query.page.get(), query.size.get());
    Ok(Json(match unappealed {
        true => AppealsAnswer::from(waiting::page(&db.read, &filter, page, size).await?),
        false => AppealsAnswer::from(appeals::page(&db.read, &filter, page, size).await?),
    }))
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
    let decided = settle(&decider, AppealId(*id), body.verdict()?, &body.reason, &db, &known).await?;
    Ok(Json(decided.into()))
}

/// Decide what waits because a clock was wrong, without an appeal: the answer is the appeal that is made with the decision
/// on the person's behalf.
#[utoipa::path(post, path = "/api/v1/ledger/{seq}/decision", tag = "archive", params(("seq" = i64, Path, description = "the entry's number")),
    request_body = DecisionBody, responses(
    (status = 200, description = "decided", body = AppealAnswer), (status = 400, description = "invalid_request: the reason, or more than was claimed", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden, also for one's own entry", body = ErrorBody),
    (status = 404, description = "not_found: no such entry within reach whose clock was wrong", body = ErrorBody),
    (status = 409, description = "wrong_state: it is decided, somebody has appealed, or the year is sealed", body = ErrorBody)))]
pub async fn decide_waiting(
    decider: Decider,
    seq: Path<i64>,
    body: Json<DecisionBody>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<Json<AppealAnswer>> {
    let decided = settle_waiting(&decider, *seq, body.verdict()?, &body.reason, &db, &known).await?;
    Ok(Json(decided.into()))
}

impl DecisionBody {
    fn verdict(&self) -> ApiResult<Verdict> {
        match (self.granted, self.granted_ms) {
            (false, _) => Ok(Verdict::Refused),
            (true, Some(ms)) => Ok(Verdict::Granted { ms }),
            (true, None) => Err(ApiError::say(Code::InvalidRequest, "granted_ms：请说明补记多少毫秒")),
        }
    }
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
    let clock_only = clock_only(decider, found.unit_id, db).await;
    let decision = Decision { verdict, reason, by: decider.account_id, clock_only };
    let decided = appeals::decide(&db.write, id, &decision, Moment::now()).await?;
    known.forget(decider.account_id); // so that the number beside the desk's tab is the new one
    Ok(decided)
}

/// Decide an entry that waits within the caller's reach, for the API and the page.
///
/// # Errors
/// `not_found` beyond their reach; those of the archive.
pub async fn settle_waiting(
    decider: &Decider,
    seq: i64,
    verdict: Verdict,
    reason: &str,
    db: &Database,
    known: &Known,
) -> ApiResult<appeal::Model> {
    let found = waiting::entry(&db.read, &decider.appeals(false), seq).await?;
    let clock_only = clock_only(decider, found.unit_id, db).await;
    let decision = Decision { verdict, reason, by: decider.account_id, clock_only };
    let decided = waiting::decide(&db.write, seq, &decision, Moment::now()).await?;
    known.forget(decider.account_id);
    Ok(decided)
}

/// Whether only a wrong clock lets the caller decide this: they train there but do not assess.
async fn clock_only(decider: &Decider, unit: UnitId, db: &Database) -> bool {
    reach::unit(db, &decider.scope(&[Role::Assessor]), unit).await.is_err()
}
