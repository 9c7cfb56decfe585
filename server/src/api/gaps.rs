//! What a year still lacks: of a person with the lessons that would make it up, of a unit person by person.

use crate::api::archive::may_read;
use crate::api::paging::{PageNumber, PageSize, Year};
use crate::auth::identity::{Reader, SignedIn};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use crate::make_up;
use actix_web::web::{Data, Json, Path, Query};
use archive::assess::Verdict;
use archive::gap::{self, Who};
use chrono::Datelike;
use entity::{Moment, PersonId, UnitId};
use serde::Deserialize;
use utoipa::IntoParams;

mod answers;

pub use answers::{GapAnswer, GapsAnswer};

/// Lessons of a page of a make-up list.
const LESSONS: u64 = 20;

/// Which year, and which page of the make-up list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GapQuery {
    /// The civil year; the current one when absent.
    #[param(inline)]
    year: Option<Year>,
    /// Which page of lessons, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
}

/// Whom to list, of which year.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GapsQuery {
    /// The civil year; the current one when absent.
    #[param(inline)]
    year: Option<Year>,
    /// `behind` (default): below the line of today; `short`: whoever lacks anything; `exempt`.
    who: Option<String>,
    /// Which page, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
    /// People of a page, 1 to 200; 50 when absent.
    #[serde(default)]
    #[param(inline)]
    size: PageSize<50, 200>,
}

/// What a person's year lacks: one's own, or that of somebody in the caller's scope.
#[utoipa::path(get, path = "/api/v1/people/{id}/gap", tag = "archive", params(("id" = i64, Path, description = "the person"), GapQuery), responses(
    (status = 200, description = "the gap", body = GapAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn of_person(
    caller: SignedIn,
    id: Path<PersonId>,
    query: Query<GapQuery>,
    db: Data<Database>,
) -> ApiResult<Json<GapAnswer>> {
    let now = Moment::now();
    may_read(&caller, *id, &db).await?;
    let gap = gap::of_person(&db.read, *id, query.year.map_or(now.year(), Year::get), now.day()).await?;
    let lessons = make_up::lessons(&db, &gap, now.day(), query.page.get(), LESSONS).await?;
    Ok(Json(GapAnswer::of(&gap, &lessons)))
}

/// Who of a unit and below lacks something.
#[utoipa::path(get, path = "/api/v1/units/{id}/gaps", tag = "archive", params(("id" = i64, Path, description = "the unit"), GapsQuery), responses(
    (status = 200, description = "a page of the list, with the unit's rates", body = GapsAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn of_unit(
    reader: Reader,
    id: Path<UnitId>,
    query: Query<GapsQuery>,
    db: Data<Database>,
) -> ApiResult<Json<GapsAnswer>> {
    let unit = reach::unit(&db, &reader.reach(), *id).await?;
    let today = Moment::now().day();
    let year = query.year.map_or(today.year(), Year::get);
    let who = Who::parse(query.who.as_deref().unwrap_or("behind"))
        .ok_or_else(|| ApiError::say(Code::InvalidRequest, "who 须为 behind、short 或 exempt"))?;
    let page = (query.page.get(), query.size.get());
    let gaps = gap::of_unit(&db.read, *id, (year, today), who, page).await?;
    Ok(Json(GapsAnswer::of(unit, gaps, year)))
}

/// A verdict as clients read it.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::Short => "short",
        Verdict::Exempt => "exempt",
        Verdict::Unbound => "unbound",
    }
}
