//! Whether a certificate or a printed record holds: by its code, to anyone, with a limit to guessing.

use crate::api::session::patience;
use crate::auth::limiter::{Doors, Limiter};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use archive::seal::{self, Checked};
use entity::Moment;
use serde::Serialize;
use utoipa::ToSchema;

/// What anyone may learn by a code, and nothing else.
#[derive(Serialize, ToSchema)]
pub struct CheckAnswer {
    /// The name.
    name: String,
    /// The unit.
    unit: String,
    /// The civil year.
    year: i32,
    /// The credit hours that count now.
    credit_hours: String,
    /// Whether it is a certificate (结业证书) now: all that was asked is met. Else it only proves the record.
    certificate: bool,
    /// The day on which the record was sealed.
    sealed_on: String,
    /// The day of the last amendment: paper printed before it no longer holds.
    amended_on: Option<String>,
}

/// What stands behind a code.
#[utoipa::path(get, path = "/api/v1/check/{code}", tag = "seals", params(("code" = String, Path, description = "the code, with or without dashes")), responses(
    (status = 200, description = "it holds", body = CheckAnswer), (status = 404, description = "not_found", body = ErrorBody),
    (status = 429, description = "slow_down", body = ErrorBody)))]
pub async fn check(
    request: HttpRequest,
    code: Path<String>,
    doors: Data<Doors>,
    db: Data<Database>,
) -> ApiResult<Json<CheckAnswer>> {
    let checked = looked_up(&request, &code, &doors.check, &db).await?;
    let checked = checked.ok_or_else(|| ApiError::say(Code::NotFound, UNKNOWN))?;
    Ok(Json(CheckAnswer {
        name: checked.name,
        unit: checked.unit_name,
        year: checked.year,
        credit_hours: checked.credit.to_string(),
        certificate: checked.certificate,
        sealed_on: checked.sealed_on.to_string(),
        amended_on: checked.amended_on.map(|day| day.to_string()),
    }))
}

/// What is said of a code that no record has.
pub const UNKNOWN: &str = "没有这个查验码，请对照纸上的字再输一次";

/// What stands behind a code; a wrong one counts as a failure of its address.
///
/// # Errors
/// `slow_down` after too many wrong ones.
pub async fn looked_up(
    request: &HttpRequest,
    code: &str,
    limiter: &Limiter,
    db: &Database,
) -> ApiResult<Option<Checked>> {
    let now = Moment::now();
    let address = patience(request, limiter, now)?;
    if let Some(seconds) = limiter.tried(address, now) {
        return Err(ApiError::new(Code::SlowDown).retry_after(seconds));
    }
    let checked = seal::by_code(&db.read, code).await?;
    if checked.is_some() {
        limiter.forgive(&address);
    }
    Ok(checked)
}
