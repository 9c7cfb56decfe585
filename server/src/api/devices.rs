//! Classroom terminals: register, pair, revoke.

use crate::api::session::{Desk, SessionAnswer, patience};
use crate::auth::cookie::CookiePolicy;
use crate::auth::identity::Caretaker;
use crate::auth::known::Known;
use crate::auth::limiter::Limiter;
use crate::auth::token::Tokens;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use entity::{DeviceId, Moment, UnitId};
use roster::{device, org, session};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A terminal to be registered.
#[derive(Deserialize, ToSchema)]
pub struct NewDevice {
    /// What people call it, 1 to 50 characters.
    name: String,
}

/// A terminal that waits to be paired.
#[derive(Serialize, ToSchema)]
pub struct Registered {
    /// The terminal.
    device_id: i64,
    /// Six digits to be entered on the terminal; used once.
    code: String,
    /// Seconds the code lives.
    expires_in: i64,
}

/// What the terminal was told.
#[derive(Deserialize, ToSchema)]
pub struct PairBody {
    /// The six digits.
    code: String,
}

/// Register a terminal at a unit and get its pairing code.
#[utoipa::path(post, path = "/api/v1/units/{id}/devices", tag = "devices", params(("id" = i64, Path, description = "the unit")),
    request_body = NewDevice, responses(
    (status = 201, description = "registered", body = Registered),
    (status = 400, description = "invalid_request: the name", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn register(
    caretaker: Caretaker,
    id: Path<i64>,
    body: Json<NewDevice>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let unit = org::unit(&db.read, UnitId(*id)).await?;
    if !caretaker.reach().contains(&unit.path) {
        return Err(ApiError::new(Code::NotFound));
    }
    let by = Some(caretaker.account_id);
    let (device, code) = device::register(&db.write, unit.id, &body.name, by, Moment::now()).await?;
    let expires_in = device::CODE_LIFE_MS / 1000;
    Ok(HttpResponse::Created().json(Registered { device_id: device.0, code, expires_in }))
}

/// Pair a terminal with the code it was told: it is then signed in until it is revoked.
#[utoipa::path(post, path = "/api/v1/devices/pair", tag = "devices", security(()), request_body = PairBody, responses(
    (status = 200, description = "paired and signed in; also sets the cookies", body = SessionAnswer),
    (status = 401, description = "not_signed_in: the code is wrong, spent or expired", body = ErrorBody),
    (status = 429, description = "slow_down, with Retry-After", body = ErrorBody),
))]
pub async fn pair(
    request: HttpRequest,
    body: Json<PairBody>,
    db: Data<Database>,
    tokens: Data<Tokens>,
    known: Data<Known>,
    limiter: Data<Limiter>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    let address = patience(&request, &limiter, now)?;
    let paired = device::pair(&db.write, &body.code, now).await;
    if paired.is_err() {
        limiter.failed(address, now);
    }
    let account = paired?;
    let issued = session::begin(&db.write, account, now).await?;
    Desk { db: &db, tokens: &tokens, known: &known, cookies: **cookies }.open(account, issued, now).await
}

/// Revoke a terminal: its session ends at once.
#[utoipa::path(delete, path = "/api/v1/devices/{id}", tag = "devices", params(("id" = i64, Path, description = "the terminal")), responses(
    (status = 204, description = "revoked; also when it was before"),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn revoke(
    caretaker: Caretaker,
    id: Path<i64>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<HttpResponse> {
    let terminal = device::device(&db.read, DeviceId(*id)).await?;
    let unit = org::unit(&db.read, terminal.unit_id).await?;
    if !caretaker.reach().contains(&unit.path) {
        return Err(ApiError::new(Code::NotFound));
    }
    let closed = device::revoke(&db.write, terminal.id, Some(caretaker.account_id), Moment::now()).await?;
    if let Some(account) = closed {
        known.forget(account);
    }
    Ok(HttpResponse::NoContent().finish())
}
