//! What a room is to play today, what of it has been played, and when the next play day is.
//!
//! The picking page draws this and asks for it again every minute, so a page that stays open follows the day: also over
//! midnight, and after the line was away. Times are the server's: a set-top box without a battery has none of its own.

use crate::auth::identity::{Identity, Operator};
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use crate::pages::classroom::room;
use crate::pages::figures;
use actix_web::HttpResponse;
use actix_web::web::Data;
use catalog::play_day::clock;
use catalog::play_day::today::{self, Next, Showing};
use chrono::{Datelike, Weekday};
use entity::{Day, LessonId, Moment, org_unit};
use player::played::{self, Played};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// A list opens by itself up to so long after its time, for a television that is switched on late.
const LATE_MS: i64 = 60 * 60 * 1000;

/// The day of a room.
#[derive(Serialize, ToSchema)]
pub struct ScheduleAnswer {
    /// What the server's clock says, in milliseconds.
    pub now: i64,
    /// The civil day, such as `2026-12-05`.
    pub day: String,
    /// Another text as soon as anything below is another.
    pub version: String,
    /// Today's lists, by their time.
    pub today: Vec<ShowingAnswer>,
    /// The lists that open by themselves, now or later today, by their time.
    pub opens: Vec<OpensAnswer>,
    /// The next evening after today.
    pub next: Option<NextAnswer>,
}

/// One list of today.
#[derive(Serialize, ToSchema)]
pub struct ShowingAnswer {
    /// The play day.
    pub play_day_id: i64,
    /// What people call it.
    pub title: String,
    /// When it begins, in milliseconds.
    pub at: i64,
    /// When it begins, as a clock shows it.
    pub clock: String,
    /// What is played, in this order.
    pub lessons: Vec<ListedAnswer>,
}

/// A lesson of a list.
#[derive(Serialize, ToSchema)]
pub struct ListedAnswer {
    /// The lesson.
    pub id: i64,
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Its length as people read it.
    pub length: String,
    /// The room has played it today.
    pub played: bool,
}

/// What opens by itself.
#[derive(Serialize, ToSchema)]
pub struct OpensAnswer {
    /// The play day and the day: what has opened once does not open again.
    pub key: String,
    /// When, in milliseconds.
    pub at: i64,
    /// The page that opens: the roll of the list's first lesson.
    pub href: String,
    /// That lesson's title.
    pub title: String,
}

/// The next evening.
#[derive(Serialize, ToSchema)]
pub struct NextAnswer {
    /// When it begins, in milliseconds.
    pub at: i64,
    /// The same as people say it: `12月5日（星期六）19:30`.
    pub spoken: String,
    /// What people call it.
    pub title: String,
}

/// Today's lists of the caller's room.
#[utoipa::path(get, path = "/api/v1/schedule", tag = "play-days", responses(
    (status = 200, description = "the day of the room", body = ScheduleAnswer),
    (status = 404, description = "not_found: the caller has no room", body = ErrorBody),
))]
pub async fn show(caller: Operator, db: Data<Database>) -> ApiResult<HttpResponse> {
    let unit = room(&db, &caller, None).await?;
    let schedule = of_room(&db, &caller, &unit, Moment::now()).await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(schedule))
}

/// The day of the room of this unit.
///
/// # Errors
/// When the database fails.
pub async fn of_room(
    db: &Database,
    caller: &Identity,
    unit: &org_unit::Model,
    now: Moment,
) -> ApiResult<ScheduleAnswer> {
    let day = now.day();
    let showings = today::showings(&db.read, &caller.viewer(), &unit.path, day).await?;
    let played = match showings.is_empty() {
        true => Played::default(),
        false => played::in_room(&db.read, unit.id, day).await?,
    };
    let next = today::next_after(&db.read, &unit.path, day).await?;
    let mut answer = ScheduleAnswer {
        now: now.0,
        day: day.to_string(),
        version: String::new(),
        opens: opens(&showings, &played, now),
        today: showings.into_iter().map(|showing| ShowingAnswer::of(showing, &played)).collect(),
        next: next.map(NextAnswer::from),
    };
    answer.version = version(&answer)?;
    Ok(answer)
}

/// The lists of which nothing was begun, if their time has not passed for long.
fn opens(showings: &[Showing], played: &Played, now: Moment) -> Vec<OpensAnswer> {
    let fresh = |showing: &&Showing| showing.lessons.iter().all(|lesson| !played.begun.contains(&lesson.id));
    let in_time = |showing: &&Showing| now.since(showing.at) <= LATE_MS;
    let opening = |showing: &Showing| {
        let first = showing.lessons.first()?;
        Some(OpensAnswer {
            key: format!("{}-{}", showing.play_day.id, showing.at.day()),
            at: showing.at.0,
            href: roll(&first.slug),
            title: first.title.clone(),
        })
    };
    showings.iter().filter(fresh).filter(in_time).filter_map(opening).collect()
}

/// The lesson that follows this one on today's lists and has not been played.
///
/// # Errors
/// When the database fails.
pub async fn following(
    db: &Database,
    caller: &Identity,
    unit: &org_unit::Model,
    lesson: LessonId,
    day: Day,
) -> ApiResult<Option<(String, String)>> {
    let showings = today::showings(&db.read, &caller.viewer(), &unit.path, day).await?;
    let Some((_, rest)) = today::after(&showings, lesson) else { return Ok(None) };
    let played = played::in_room(&db.read, unit.id, day).await?;
    let next = rest.iter().find(|row| !played.done.contains(&row.id));
    Ok(next.map(|row| (row.title.clone(), roll(&row.slug))))
}

fn roll(slug: &str) -> String {
    format!("/classroom/{slug}")
}

/// Of everything but the time of day.
fn version(answer: &ScheduleAnswer) -> ApiResult<String> {
    let all = serde_json::to_string(&(&answer.day, &answer.today, &answer.opens, &answer.next));
    let digest = Sha256::digest(all.map_err(crate::error::ApiError::internal)?);
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

impl ScheduleAnswer {
    /// What opens by itself, as the page's script reads it.
    pub fn opens_json(&self) -> String {
        serde_json::to_string(&self.opens).unwrap_or_else(|_| "[]".into())
    }
}

impl ShowingAnswer {
    fn of(showing: Showing, played: &Played) -> Self {
        let listed = |lesson: entity::lesson::Model| ListedAnswer {
            id: lesson.id.0,
            played: played.done.contains(&lesson.id),
            length: figures::minutes(lesson.duration_ms),
            slug: lesson.slug,
            title: lesson.title,
        };
        Self {
            play_day_id: showing.play_day.id.0,
            at: showing.at.0,
            clock: clock(showing.play_day.at_minute),
            lessons: showing.lessons.into_iter().map(listed).collect(),
            title: showing.play_day.title,
        }
    }
}

impl From<Next> for NextAnswer {
    fn from(next: Next) -> Self {
        let local = next.at.local();
        let spoken =
            format!("{}月{}日（{}）{}", local.month(), local.day(), weekday(local.weekday()), local.format("%H:%M"));
        Self { at: next.at.0, spoken, title: next.title }
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "星期一",
        Weekday::Tue => "星期二",
        Weekday::Wed => "星期三",
        Weekday::Thu => "星期四",
        Weekday::Fri => "星期五",
        Weekday::Sat => "星期六",
        Weekday::Sun => "星期日",
    }
}
