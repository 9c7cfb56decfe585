//! Play days: the dates on which every station below a unit plays a list of lessons.

use crate::api::paging::{PageNumber, PageSize};
use crate::auth::identity::Trainer;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use catalog::play_day::{self, NewPlayDay, clock};
use entity::{LessonId, Moment, PlayDayId, UnitId, play_day as row};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which play days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlayDaysQuery {
    /// Those of this unit and below, and those that hold for it from above; everything in the caller's reach when absent.
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

/// A play day to be set.
#[derive(Deserialize, ToSchema)]
pub struct PlayDayBody {
    /// For the stations of this unit and all below it.
    unit_id: i64,
    /// What people call it, 1 to 30 characters.
    title: String,
    /// Days of the month such as `5,15,25`, or `*6`: every date with a 6 in it.
    days: String,
    /// When it begins: `19:30`.
    at: String,
    /// The first day it is in force, as `2026-12-05`; today only before today's time.
    valid_from: String,
    /// The lessons, in this order; at most 20, each published, with a recording, and for everybody below the unit.
    lessons: Vec<i64>,
}

/// One page of play days.
#[derive(Serialize, ToSchema)]
pub struct PlayDaysAnswer {
    /// How many there are.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// Rows of a full page.
    size: u64,
    /// The play days: those not over first, then the newest.
    play_days: Vec<PlayDayAnswer>,
}

/// A play day.
#[derive(Serialize, ToSchema)]
pub struct PlayDayAnswer {
    /// The key.
    id: i64,
    /// For the stations of this unit and all below it.
    unit_id: i64,
    /// What people call it.
    title: String,
    /// Days of the month such as `5,15,25`, or `*6`.
    days: String,
    /// When it begins: `19:30`.
    at: String,
    /// The first day it is in force.
    valid_from: String,
    /// The last day, when it has been ended.
    ended_on: Option<String>,
    /// The lessons, in their order.
    lessons: Vec<i64>,
}

/// The play days of a unit, or of all the caller reaches, and below; and those that hold for it from above.
#[utoipa::path(get, path = "/api/v1/play-days", tag = "play-days", params(PlayDaysQuery), responses(
    (status = 200, description = "a page of play days", body = PlayDaysAnswer),
    (status = 400, description = "invalid_request: page or size", body = ErrorBody),
    (status = 404, description = "not_found: no such unit within reach", body = ErrorBody),
))]
pub async fn list(
    trainer: Trainer,
    query: Query<PlayDaysQuery>,
    db: Data<Database>,
) -> ApiResult<Json<PlayDaysAnswer>> {
    let reach = trainer.reach();
    let scope = match query.unit {
        Some(unit) => reach.within(&reach::unit(&db, &reach, UnitId(unit)).await?.path),
        None => reach,
    };
    let (page, size) = (query.page.get(), query.size.get());
    let found = play_day::list(&db.read, &scope, Moment::now().day(), page, size).await?;
    let mut lists = play_day::lessons_of(&db.read, found.items.iter().map(|row| row.id)).await?;
    let play_days = found.items.into_iter().map(|row| {
        let lessons = lists.remove(&row.id).unwrap_or_default();
        PlayDayAnswer::of(row, lessons.iter().map(|lesson| lesson.id.0).collect())
    });
    Ok(Json(PlayDaysAnswer { play_days: play_days.collect(), total: found.total, page, size }))
}

/// Set a play day.
#[utoipa::path(post, path = "/api/v1/play-days", tag = "play-days", request_body = PlayDayBody, responses(
    (status = 201, description = "set", body = PlayDayAnswer),
    (status = 400, description = "invalid_request, naming the field", body = ErrorBody),
    (status = 404, description = "not_found: no such unit within reach", body = ErrorBody),
))]
pub async fn create(trainer: Trainer, body: Json<PlayDayBody>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let unit = reach::unit(&db, &trainer.reach(), UnitId(body.unit_id)).await?;
    let wrong = || ApiError::say(Code::InvalidRequest, "valid_from：须为 2026-01-31 这样的日期");
    let lessons: Vec<LessonId> = body.lessons.iter().copied().map(LessonId).collect();
    let viewer = trainer.viewer();
    let new = NewPlayDay {
        unit_id: unit.id,
        title: &body.title,
        days: &body.days,
        at: &body.at,
        valid_from: body.valid_from.parse().map_err(|_| wrong())?,
        lessons: &lessons,
        viewer: &viewer,
    };
    let made = play_day::create(&db.write, new, Some(trainer.account_id), Moment::now()).await?;
    Ok(HttpResponse::Created().json(PlayDayAnswer::of(made, body.lessons.clone())))
}

/// End a play day: today is its last when today's has begun, else yesterday was. Ending it twice changes nothing.
#[utoipa::path(post, path = "/api/v1/play-days/{id}/end", tag = "play-days", params(("id" = i64, Path, description = "the play day")),
    responses(
    (status = 200, description = "ended", body = PlayDayAnswer),
    (status = 404, description = "not_found: none, or set by a unit out of reach", body = ErrorBody),
))]
pub async fn end(trainer: Trainer, id: Path<i64>, db: Data<Database>) -> ApiResult<Json<PlayDayAnswer>> {
    let ended = end_within(&trainer, PlayDayId(*id), &db).await?;
    let lists = play_day::lessons_of(&db.read, [ended.id]).await?;
    let lessons = lists.into_values().flatten().map(|lesson| lesson.id.0).collect();
    Ok(Json(PlayDayAnswer::of(ended, lessons)))
}

/// Ends a play day that a unit within reach has set. The page of the studio asks this, too.
///
/// # Errors
/// `not_found` when there is none.
pub async fn end_within(trainer: &Trainer, id: PlayDayId, db: &Database) -> ApiResult<row::Model> {
    let found = play_day::get(&db.read, id).await?;
    reach::unit(db, &trainer.reach(), found.unit_id).await?;
    Ok(play_day::end(&db.write, id, Some(trainer.account_id), Moment::now()).await?)
}

impl PlayDayAnswer {
    fn of(row: row::Model, lessons: Vec<i64>) -> Self {
        Self {
            id: row.id.0,
            unit_id: row.unit_id.0,
            title: row.title,
            days: row.days,
            at: clock(row.at_minute),
            valid_from: row.valid_from.to_string(),
            ended_on: row.ended_on.map(|day| day.to_string()),
            lessons,
        }
    }
}
