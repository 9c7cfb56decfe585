//! Sealed years: what sealing would do, sealing, how far it has come, and amendments afterwards.

use crate::api::archive::{CorrectionAnswer, CorrectionBody, entry_unit};
use crate::api::paging::{PageNumber, PageSize, Year};
use crate::auth::identity::{Assessor, Reader};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::seal::{self, Amendment, Listed, Outlook};
use chrono::Datelike;
use entity::{Moment, PersonId, Scope, SealId, UnitId, ledger_entry};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which year, and which page of its seals.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SealsQuery {
    /// The civil year; the last one that is over when absent.
    #[param(inline)]
    year: Option<Year>,
    /// Which page of seals, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
    /// Seals of a page, 1 to 100; 20 when absent.
    #[serde(default)]
    #[param(inline)]
    size: PageSize<20, 100>,
}

/// Which year to seal.
#[derive(Deserialize, ToSchema)]
pub struct SealBody {
    /// The civil year, which must be over.
    #[schema(minimum = 1949, maximum = 9998)]
    year: i32,
}

/// What sealing would do, and what has been sealed.
#[derive(Serialize, ToSchema)]
pub struct SealsAnswer {
    /// The civil year.
    year: i32,
    /// People whose record would be sealed.
    people: u64,
    /// People of the unit who are in another seal of the year.
    already: u64,
    /// Sessions of the year that are not in the ledger yet.
    waiting: u64,
    /// Appeals that are not decided.
    appeals: u64,
    /// Whether it can be sealed now.
    ready: bool,
    /// How many seals there are of the unit and below.
    total: u64,
    /// Which page of them this is, from 1.
    page: u64,
    /// The seals of this page, the latest first.
    seals: Vec<SealAnswer>,
}

/// A seal.
#[derive(Serialize, ToSchema)]
pub struct SealAnswer {
    /// The key.
    id: i64,
    /// The unit.
    unit: String,
    /// The civil year.
    year: i32,
    /// `sealing` or `sealed`.
    state: &'static str,
    /// Records to seal.
    people: i64,
    /// Records sealed.
    done: i64,
    /// Who sealed it.
    by: String,
    /// When it was done, in milliseconds.
    sealed_at: Option<i64>,
    /// The hash of its closing line.
    hash: Option<String>,
    /// What was changed since, the latest first; only of a single seal.
    amendments: Vec<AmendmentAnswer>,
}

/// An amendment.
#[derive(Serialize, ToSchema)]
pub struct AmendmentAnswer {
    /// Its number in the chain of seals.
    seq: i64,
    /// Whose record.
    person_id: i64,
    /// Their name.
    name: String,
    /// The entry it added to the ledger.
    entry: i64,
    /// By how many milliseconds.
    delta_ms: i64,
    /// Why.
    reason: String,
    /// Who approved it.
    approver: String,
    /// When, in milliseconds.
    at: i64,
}

/// What sealing a unit's year would do, and what has been sealed there.
#[utoipa::path(get, path = "/api/v1/units/{id}/seals", tag = "seals", params(("id" = i64, Path, description = "the unit"), SealsQuery), responses(
    (status = 200, description = "the outlook and the seals", body = SealsAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn list(
    reader: Reader,
    id: Path<UnitId>,
    query: Query<SealsQuery>,
    db: Data<Database>,
) -> ApiResult<Json<SealsAnswer>> {
    let unit = reach::unit(&db, &reader.reach(), *id).await?;
    let now = Moment::now();
    let year = query.year.map_or(now.year() - 1, Year::get);
    let look = seal::outlook(&db.read, unit.id, year, now).await?;
    let (page, size) = (query.page.get(), query.size.get());
    let (seals, total) = seal::list(&db.read, &Scope::of([unit.path]), (page, size)).await?;
    Ok(Json(SealsAnswer::of(&look, (total, page, seals))))
}

/// Begin to seal a unit's year; the work goes on in the background.
#[utoipa::path(post, path = "/api/v1/units/{id}/seals", tag = "seals", params(("id" = i64, Path, description = "the unit")), request_body = SealBody, responses(
    (status = 202, description = "begun", body = SealAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: not over, not all posted, sealed already, or another seal is under way", body = ErrorBody)))]
pub async fn begin(
    assessor: Assessor,
    id: Path<UnitId>,
    body: Json<SealBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let unit = reach::unit(&db, &assessor.reach(), *id).await?;
    let row = seal::begin(&db.write, unit.id, body.year, assessor.account_id, Moment::now()).await?;
    let listed = Listed { row, unit_name: unit.name, asked_by: assessor.name.clone() };
    Ok(HttpResponse::Accepted().json(SealAnswer::of(listed, Vec::new())))
}

/// A seal, how far it has come, and its amendments.
#[utoipa::path(get, path = "/api/v1/seals/{seal}", tag = "seals", params(("seal" = i64, Path, description = "the seal")), responses(
    (status = 200, description = "the seal", body = SealAnswer), (status = 401, description = "not_signed_in", body = ErrorBody),
    (status = 403, description = "forbidden", body = ErrorBody), (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn show(reader: Reader, id: Path<SealId>, db: Data<Database>) -> ApiResult<Json<SealAnswer>> {
    let listed = seal::one(&db.read, *id).await?.ok_or(Code::NotFound)?;
    reach::unit(&db, &reader.reach(), listed.row.unit_id).await?;
    let amendments = seal::amendments(&db.read, &listed.row, None).await?;
    Ok(Json(SealAnswer::of(listed, amendments)))
}

/// Correct an entry of a sealed year, visibly: the caller approves the amendment and must reach the unit that sealed.
#[utoipa::path(post, path = "/api/v1/ledger/{seq}/amendments", tag = "seals", params(("seq" = i64, Path, description = "the entry's number")),
    request_body = CorrectionBody, responses(
    (status = 201, description = "the new entry's number", body = CorrectionAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden: also below the unit that sealed", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: the year is not sealed", body = ErrorBody)))]
pub async fn amend(
    assessor: Assessor,
    seq: Path<i64>,
    body: Json<CorrectionBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let unit = entry_unit(&db, *seq).await?;
    reach::unit(&db, &assessor.reach(), unit).await?;
    let entry = ledger_entry::Entity::find_by_id(*seq).one(&db.read).await?.ok_or(Code::NotFound)?;
    may_amend(&db, &assessor, entry.person_id, entry.day.year()).await?;
    let (delta, now) = (body.credited_delta_ms, Moment::now());
    let added = archive::ledger::amend(&db.write, *seq, delta, &body.reason, assessor.account_id, now).await?;
    Ok(HttpResponse::Created().json(CorrectionAnswer { seq: added.seq }))
}

/// Whoever amends must reach the unit that sealed, not only the person.
///
/// # Errors
/// `forbidden` otherwise; the domain says when nothing is sealed.
pub async fn may_amend(db: &Database, assessor: &Assessor, who: PersonId, year: i32) -> ApiResult<()> {
    let Some(closed) = seal::closed(&db.read, who, year).await? else { return Ok(()) };
    reach::unit(db, &assessor.reach(), closed.seal.unit_id)
        .await
        .map(|_| ())
        .map_err(|_| ApiError::say(Code::Forbidden, "这一年由上级封存，修订须由上级批准"))
}

impl SealsAnswer {
    fn of(look: &Outlook, (total, page, seals): (u64, u64, Vec<Listed>)) -> Self {
        Self {
            total,
            page,
            year: look.year,
            people: look.people,
            already: look.already,
            waiting: look.waiting,
            appeals: look.appeals,
            ready: look.is_ready(),
            seals: seals.into_iter().map(|listed| SealAnswer::of(listed, Vec::new())).collect(),
        }
    }
}

impl SealAnswer {
    fn of(listed: Listed, amendments: Vec<Amendment>) -> Self {
        Self {
            id: listed.row.id.0,
            unit: listed.unit_name,
            year: listed.row.year,
            state: listed.row.state.as_str(),
            people: listed.row.people,
            done: listed.row.done,
            by: listed.asked_by,
            sealed_at: listed.row.sealed_at.map(|at| at.0),
            hash: listed.row.hash,
            amendments: amendments.into_iter().map(AmendmentAnswer::from).collect(),
        }
    }
}

impl From<Amendment> for AmendmentAnswer {
    fn from(found: Amendment) -> Self {
        Self {
            seq: found.seq,
            person_id: found.person_id.0,
            name: found.name,
            entry: found.entry_seq,
            delta_ms: found.delta_ms,
            reason: found.reason,
            approver: found.approver,
            at: found.at.0,
        }
    }
}
