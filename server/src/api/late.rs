//! What was learnt in a sealed year and came too late: listed, and admitted as an amendment or refused, with a reason.

use crate::api::appeals::only_open;
use crate::api::paging::{PageNumber, PageSize};
use crate::api::seals::may_amend;
use crate::auth::identity::{Assessor, Reader};
use crate::auth::known::Known;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::web::{Data, Json, Path, Query};
use archive::late::{self, Decision, Filter, Listed};
use chrono::Datelike;
use entity::{LatePostingId, Moment, UnitId, late_posting};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LateQuery {
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

/// A page of them.
#[derive(Serialize, ToSchema)]
pub struct LatePageAnswer {
    /// How many there are.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// The rows: open ones first.
    rows: Vec<LateAnswer>,
}

/// What somebody learnt on a day of a year that was sealed before it came.
#[derive(Serialize, ToSchema)]
pub struct LateAnswer {
    /// Its number.
    id: i64,
    /// Whose hours.
    person_id: i64,
    /// Their name; absent in the answer to a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// The civil day.
    day: String,
    /// The lesson's title.
    title: String,
    /// Milliseconds claimed.
    claimed_ms: i64,
    /// Milliseconds that would have counted when it came.
    credited_ms: i64,
    /// When it came, in milliseconds since 1970.
    noted_at: i64,
    /// `open`, `admitted` or `refused`.
    state: &'static str,
    /// The reason of the decision.
    reason: Option<String>,
    /// When it was decided.
    decided_at: Option<i64>,
    /// The entry that let it into the sealed year.
    entry_seq: Option<i64>,
}

/// A decision.
#[derive(Deserialize, ToSchema)]
pub struct LateDecisionBody {
    /// Whether it counts after all, as an amendment that the caller approves.
    admit: bool,
    /// Why, 1 to 500 characters; the person will read it.
    reason: String,
}

impl From<late_posting::Model> for LateAnswer {
    fn from(row: late_posting::Model) -> Self {
        Self {
            id: row.id.0,
            person_id: row.person_id.0,
            person: None,
            day: row.day.to_string(),
            title: row.title,
            claimed_ms: row.claimed_ms,
            credited_ms: row.credited_ms,
            noted_at: row.noted_at.0,
            state: match (row.decided_at, row.entry_seq) {
                (None, _) => "open",
                (_, Some(_)) => "admitted",
                (_, None) => "refused",
            },
            reason: row.reason,
            decided_at: row.decided_at.map(|at| at.0),
            entry_seq: row.entry_seq,
        }
    }
}

impl From<Listed> for LateAnswer {
    fn from(listed: Listed) -> Self {
        Self { person: Some(listed.person), ..Self::from(listed.row) }
    }
}

/// What came too late for a sealed year, in the caller's reach.
#[utoipa::path(get, path = "/api/v1/late-sessions", tag = "seals", params(LateQuery), responses(
    (status = 200, description = "a page of them", body = LatePageAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found: the unit", body = ErrorBody)))]
pub async fn list(reader: Reader, query: Query<LateQuery>, db: Data<Database>) -> ApiResult<Json<LatePageAnswer>> {
    let open = only_open(query.state.as_deref())?;
    let below = match query.unit {
        Some(unit) => Some(reach::unit(&db, &reader.reach(), UnitId(unit)).await?.path),
        None => None,
    };
    let filter = Filter { reach: reader.reach(), below, open };
    let page = late::page(&db.read, &filter, query.page.get(), query.size.get()).await?;
    let rows = page.rows.into_iter().map(LateAnswer::from).collect();
    Ok(Json(LatePageAnswer { total: page.total, page: page.page, rows }))
}

/// Admit it into the sealed year as an amendment, or refuse it. The caller must reach the unit that sealed.
#[utoipa::path(post, path = "/api/v1/late-sessions/{late}/decision", tag = "seals", params(("late" = i64, Path, description = "its number")),
    request_body = LateDecisionBody, responses(
    (status = 200, description = "how it stands now", body = LateAnswer), (status = 400, description = "invalid_request: the reason", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden: also one's own, or below the unit that sealed", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: decided, or the year is still being sealed", body = ErrorBody)))]
pub async fn decide(
    assessor: Assessor,
    id: Path<LatePostingId>,
    body: Json<LateDecisionBody>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<Json<LateAnswer>> {
    settle(&assessor, *id, (body.admit, &body.reason), (&db, &known)).await.map(|row| Json(row.into()))
}

/// Decide it, for a page or a program.
///
/// # Errors
/// `not_found` beyond the caller's reach, `forbidden` below the unit that sealed, and those of the archive.
pub async fn settle(
    assessor: &Assessor,
    id: LatePostingId,
    (admit, reason): (bool, &str),
    (db, known): (&Database, &Known),
) -> ApiResult<late_posting::Model> {
    let found = late::one(&db.read, &assessor.reach(), id).await?;
    may_amend(db, assessor, found.person_id, found.day.year()).await?;
    let decision = Decision { admit, reason, by: assessor.account_id };
    let decided = late::decide(&db.write, id, &decision, Moment::now()).await?;
    known.forget(assessor.account_id); // so that the number on the office's first page is the new one
    Ok(decided)
}
