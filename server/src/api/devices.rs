//! Classroom terminals: one asks to be paired, somebody who may approves it, it collects its sign-in; revoking.

use crate::api::session::{Desk, SessionAnswer, patience};
use crate::auth::cookie::CookiePolicy;
use crate::auth::identity::Caretaker;
use crate::auth::known::Known;
use crate::auth::limiter::Limiter;
use crate::auth::reach;
use crate::auth::token::Tokens;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use entity::{AccountId, DeviceId, Moment, UnitId};
use roster::pairing::{self, Standing};
use roster::{device, session};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Seconds between two questions of a terminal that waits.
const POLL_EVERY_S: u32 = 3;

/// How often one address may ask for a code, and one account be wrong about one.
pub struct PairingLimits {
    asks: Limiter,
    wrong: Limiter<AccountId>,
}

impl Default for PairingLimits {
    fn default() -> Self {
        // Many villages may lie behind one address, and waiting televisions renew their codes: what one address may open
        // in ten minutes is still less than a third of the rows there are. Nobody mistypes ten codes.
        Self { asks: Limiter::of(300), wrong: Limiter::of(10) }
    }
}

/// What a terminal that wants to be paired is told.
#[derive(Serialize, ToSchema)]
pub struct Asked {
    /// Six digits to show to whoever approves; used once.
    code: String,
    /// What the terminal alone knows and collects its sign-in with; shown this once.
    secret: String,
    /// Seconds both live.
    expires_in: i64,
    /// Seconds to wait between two attempts to collect.
    poll_every_s: u32,
}

/// Who collects.
#[derive(Deserialize, ToSchema)]
pub struct CollectBody {
    /// As it was given.
    secret: String,
}

/// Nobody has approved the terminal yet.
#[derive(Serialize, ToSchema)]
pub struct WaitingAnswer {
    /// Seconds until code and secret die.
    expires_in: i64,
}

/// Which terminal is approved, and what it is called.
#[derive(Deserialize, ToSchema)]
pub struct ApproveBody {
    /// The six digits on its screen.
    code: String,
    /// What people call it, 1 to 50 characters.
    name: String,
}

/// A terminal that may now collect its sign-in.
#[derive(Serialize, ToSchema)]
pub struct Approved {
    /// The terminal.
    device_id: i64,
}

/// Ask to be paired: a code to show, and a secret to collect the sign-in with.
#[utoipa::path(post, path = "/api/v1/pairings", tag = "devices", security(()), responses(
    (status = 201, description = "asked", body = Asked),
    (status = 429, description = "slow_down, with Retry-After", body = ErrorBody),
    (status = 503, description = "busy: too many terminals wait, with Retry-After", body = ErrorBody),
))]
pub async fn ask(request: HttpRequest, db: Data<Database>, limits: Data<PairingLimits>) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    let address = patience(&request, &limits.asks, now)?;
    limits.asks.failed(address, now);
    let asked = pairing::ask(&db.write, || rand::random_range(0..1_000_000), now).await?;
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(Asked {
        code: asked.code,
        secret: asked.secret,
        expires_in: pairing::LIFE_MS / 1000,
        poll_every_s: POLL_EVERY_S,
    }))
}

/// Collect the sign-in of an approved terminal: it is then signed in until it is revoked. May be asked again when the
/// answer was lost, until the terminal is heard of.
#[utoipa::path(post, path = "/api/v1/pairings/collect", tag = "devices", security(()), request_body = CollectBody, responses(
    (status = 200, description = "paired and signed in; also sets the cookies", body = SessionAnswer),
    (status = 202, description = "not approved yet", body = WaitingAnswer),
    (status = 410, description = "gone: expired, collected before, or never asked", body = ErrorBody),
))]
pub async fn collect(
    body: Json<CollectBody>,
    db: Data<Database>,
    tokens: Data<Tokens>,
    known: Data<Known>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    // Wrong secrets are not counted: 256 bits are not guessed, and a look costs one hash and one row.
    let device = match pairing::standing(&db.read, &body.secret, now).await? {
        Standing::Approved(device) => device,
        Standing::Waiting(until) => {
            let waiting = WaitingAnswer { expires_in: until.since(now) / 1000 };
            return Ok(HttpResponse::Accepted().insert_header(("Cache-Control", "no-store")).json(waiting));
        }
    };
    let account = device::arrive(&db.write, device, now).await?;
    let issued = session::begin(&db.write, account, now).await?;
    let desk = Desk { db: &db, tokens: &tokens, known: &known, cookies: **cookies };
    let mut answer = desk.open(account, issued, now).await?;
    answer.add_cookie(&cookies.terminal()).map_err(ApiError::internal)?;
    Ok(answer)
}

/// Approve the terminal that shows this code, as one of a unit.
#[utoipa::path(post, path = "/api/v1/units/{id}/devices", tag = "devices", params(("id" = i64, Path, description = "the unit")),
    request_body = ApproveBody, responses(
    (status = 201, description = "approved", body = Approved),
    (status = 400, description = "invalid_request: the name", body = ErrorBody),
    (status = 404, description = "not_found: the unit is out of reach, or the code wrong, spent or expired", body = ErrorBody),
    (status = 429, description = "slow_down: too many wrong codes, with Retry-After", body = ErrorBody),
))]
pub async fn approve(
    caretaker: Caretaker,
    id: Path<i64>,
    body: Json<ApproveBody>,
    db: Data<Database>,
    limits: Data<PairingLimits>,
) -> ApiResult<HttpResponse> {
    let unit = reach::unit(&db, &caretaker.reach(), UnitId(*id)).await?;
    let device = let_in(&caretaker, unit.id, &body.code, &body.name, &db, &limits).await?;
    Ok(HttpResponse::Created().json(Approved { device_id: device.0 }))
}

/// Approves a terminal for a unit that is known to be in reach, under the limit of the approver's wrong codes. The page
/// of the studio asks this, too.
///
/// # Errors
/// `slow_down`, `not_found` for the code, `invalid_request` for the name.
pub async fn let_in(
    caretaker: &Caretaker,
    unit: UnitId,
    code: &str,
    name: &str,
    db: &Database,
    limits: &PairingLimits,
) -> ApiResult<DeviceId> {
    let (now, by) = (Moment::now(), caretaker.account_id);
    if let Some(seconds) = limits.wrong.tried(by, now) {
        return Err(ApiError::say(Code::SlowDown, "配对码错得太多，请过几分钟再试").retry_after(seconds));
    }
    let approved = pairing::approve(&db.write, code, unit, name, Some(by), now).await;
    if !matches!(approved, Err(roster::Error::WrongCode)) {
        limits.wrong.forgive(&by);
    }
    Ok(approved?)
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
    shut_out(&caretaker, DeviceId(*id), &db, &known).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Revokes a terminal within reach, and answers where it stood. Its account is forgotten, so that its next request is
/// the first to be refused.
///
/// # Errors
/// `not_found` for one beyond the caller's reach.
pub async fn shut_out(caretaker: &Caretaker, id: DeviceId, db: &Database, known: &Known) -> ApiResult<UnitId> {
    let terminal = device::device(&db.read, id).await?;
    let unit = reach::unit(db, &caretaker.reach(), terminal.unit_id).await?;
    let closed = device::revoke(&db.write, terminal.id, Some(caretaker.account_id), Moment::now()).await?;
    if let Some(account) = closed {
        known.forget(account);
    }
    Ok(unit.id)
}
