//! Training plans (培训计划): set by trainers, done by learners, followed by both.

use super::paging::PageQuery;
use super::reports::in_form;
use crate::auth::identity::{SignedIn, Trainer};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::plan::State;
use catalog::plan::{self, Item, NewPlan, Plan};
use entity::{Day, LessonId, Moment, PlanId, PostKind, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A plan to be set.
#[derive(Deserialize, ToSchema)]
pub struct PlanBody {
    /// What people call it, 1 to 100 characters.
    title: String,
    /// A word to those it binds, at most 500 characters.
    #[serde(default)]
    note: String,
    /// For the people of this unit and all below it.
    unit_id: i64,
    /// Only those who hold one of these posts, such as `village_secretary`; everybody when empty.
    #[serde(default)]
    posts: Vec<String>,
    /// The first civil day whose study counts, as `2026-01-01`; the first of this year when absent.
    from: Option<String>,
    /// The last civil day to do it.
    due: String,
    /// The lessons, in this order: each published and for everybody below the unit.
    #[serde(default)]
    lessons: Vec<i64>,
    /// Titles of classes, as they will be recorded.
    #[serde(default)]
    classes: Vec<String>,
}

/// A page of plans.
#[derive(Serialize, ToSchema)]
pub struct PlansAnswer {
    /// How many there are.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// Those of this page: those that run first, by their last day.
    plans: Vec<PlanAnswer>,
}

/// A plan.
#[derive(Serialize, ToSchema)]
pub struct PlanAnswer {
    /// The key.
    id: i64,
    /// What people call it.
    title: String,
    /// A word to those it binds.
    note: String,
    /// For the people of this unit and all below it.
    unit_id: i64,
    /// The posts it binds; everybody when empty.
    posts: Vec<&'static str>,
    /// The first civil day whose study counts.
    from: String,
    /// The last civil day to do it.
    due: String,
    /// Whether it is called off or its last day is over.
    over: bool,
    /// What it requires, in order.
    items: Vec<ItemAnswer>,
}

/// One thing a plan requires.
#[derive(Serialize, ToSchema)]
pub struct ItemAnswer {
    /// What people call it.
    title: String,
    /// The lesson; `null` for a class.
    lesson_id: Option<i64>,
    /// How far the caller is: `not_begun`, `begun` or `done`; only in one's own plans.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

/// The plans that units of the caller's reach have set.
#[utoipa::path(get, path = "/api/v1/plans", tag = "plans", params(PageQuery), responses(
    (status = 200, description = "a page of plans", body = PlansAnswer), (status = 400, description = "invalid_request", body = ErrorBody)))]
pub async fn list(trainer: Trainer, query: Query<PageQuery>, db: Data<Database>) -> ApiResult<Json<PlansAnswer>> {
    let (today, (page, size)) = (Moment::now().day(), query.numbers());
    let found = plan::of_scope(&db.read, &trainer.reach(), today, page, size).await?;
    let plans = found.items.iter().map(|plan| PlanAnswer::of(plan, &[], today)).collect();
    Ok(Json(PlansAnswer { total: found.total, page, plans }))
}

/// Set a plan.
#[utoipa::path(post, path = "/api/v1/plans", tag = "plans", request_body = PlanBody, responses(
    (status = 201, description = "set", body = PlanAnswer),
    (status = 400, description = "invalid_request, naming the field", body = ErrorBody),
    (status = 404, description = "not_found: no such unit within reach", body = ErrorBody),
))]
pub async fn create(trainer: Trainer, body: Json<PlanBody>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (body, now) = (body.into_inner(), Moment::now());
    let unit = reach::unit(&db, &trainer.reach(), UnitId(body.unit_id)).await?;
    let made = plan::set(&db.write, body.parse(unit.id, now.day())?, Some(trainer.account_id), now).await?;
    let made = plan::with_items(&db.read, vec![made]).await?;
    Ok(HttpResponse::Created().json(made.iter().map(|plan| PlanAnswer::of(plan, &[], now.day())).next()))
}

/// Call a plan off. Calling it off twice changes nothing.
#[utoipa::path(post, path = "/api/v1/plans/{id}/end", tag = "plans", params(("id" = i64, Path)), responses(
    (status = 200, description = "called off", body = PlanAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn end(trainer: Trainer, id: Path<PlanId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let found = within(&trainer, *id, &db).await?;
    let now = Moment::now();
    let ended = plan::end(&db.write, found.plan.id, Some(trainer.account_id), now).await?;
    let ended = Plan { plan: ended, ..found };
    Ok(HttpResponse::Ok().json(PlanAnswer::of(&ended, &[], now.day())))
}

/// How far the people of the caller's reach are with a plan: one row a person, as `.json`, `.csv` or `.xlsx`.
#[utoipa::path(get, path = "/api/v1/plans/{id}/progress.{format}", tag = "plans",
    params(("id" = i64, Path), ("format" = String, Path, description = "`json`, `csv` or `xlsx`")), responses(
    (status = 200, description = "the report", content((serde_json::Value = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn progress(trainer: Trainer, path: Path<(PlanId, String)>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (id, format) = path.into_inner();
    if !["json", "csv", "xlsx"].contains(&format.as_str()) {
        return Err(Code::NotFound.into());
    }
    let found = within(&trainer, id, &db).await?;
    let titles: Vec<String> = found.items.iter().map(|item| item.title().to_owned()).collect();
    let today = Moment::now().day();
    in_form(archive::report::plan::report(&db.read, &found.plan, &titles, &trainer.reach(), today).await?, &format)
        .await
}

/// The plans that bind the caller today, with how far they are.
#[utoipa::path(get, path = "/api/v1/me/plans", tag = "plans", params(PageQuery), responses(
    (status = 200, description = "a page of plans, those due first first", body = PlansAnswer), (status = 400, description = "invalid_request", body = ErrorBody)))]
pub async fn mine(caller: SignedIn, query: Query<PageQuery>, db: Data<Database>) -> ApiResult<Json<PlansAnswer>> {
    let (today, (page, size)) = (Moment::now().day(), query.numbers());
    let Some(person) = caller.person_id else { return Ok(Json(PlansAnswer { total: 0, page, plans: Vec::new() })) };
    let found = plan::of_person(&db.read, person, today, page, size).await?;
    let mut plans = Vec::with_capacity(found.items.len());
    for plan in &found.items {
        let standing = archive::plan::of_person(&db.read, &plan.plan, person, today).await?;
        let states = standing.map(|standing| standing.items).unwrap_or_default();
        plans.push(PlanAnswer::of(plan, &states, today));
    }
    Ok(Json(PlansAnswer { total: found.total, page, plans }))
}

/// A plan that a unit within reach has set, with what it requires.
///
/// # Errors
/// `not_found` for any other.
pub async fn within(trainer: &Trainer, id: PlanId, db: &Database) -> ApiResult<Plan> {
    let found = plan::get(&db.read, id).await?;
    reach::unit(db, &trainer.reach(), found.unit_id).await?;
    let mut plans = plan::with_items(&db.read, vec![found]).await?;
    plans.pop().ok_or_else(|| Code::NotFound.into())
}

impl PlanBody {
    fn parse(self, unit_id: UnitId, today: Day) -> ApiResult<NewPlan> {
        let wrong = |field: &str, why: &str| ApiError::say(Code::InvalidRequest, format!("{field}：{why}"));
        let day = |field, text: &str| text.trim().parse().map_err(|_| wrong(field, "须为 2026-01-31 这样的日期"));
        let post = |word: &String| PostKind::parse(word).ok_or_else(|| wrong("posts", "没有这个职务"));
        Ok(NewPlan {
            from_on: match &self.from {
                Some(text) => day("from", text)?,
                None => plan::first_of_year(today),
            },
            due_on: day("due", &self.due)?,
            posts: self.posts.iter().map(post).collect::<ApiResult<_>>()?,
            title: self.title,
            note: self.note,
            unit_id,
            lessons: self.lessons.into_iter().map(LessonId).collect(),
            classes: self.classes,
        })
    }
}

impl PlanAnswer {
    fn of(plan: &Plan, states: &[State], today: Day) -> Self {
        let item = |(place, item): (usize, &Item)| ItemAnswer {
            title: item.title().to_owned(),
            lesson_id: match item {
                Item::Lesson(lesson) => Some(lesson.id.0),
                Item::Class(_) => None,
            },
            state: states.get(place).map(|state| state.as_str()),
        };
        Self {
            id: plan.plan.id.0,
            title: plan.plan.title.clone(),
            note: plan.plan.note.clone(),
            unit_id: plan.plan.unit_id.0,
            posts: plan.posts().into_iter().map(PostKind::as_str).collect(),
            from: plan.plan.from_on.to_string(),
            due: plan.plan.due_on.to_string(),
            over: plan.is_over(today),
            items: plan.items.iter().enumerate().map(item).collect(),
        }
    }
}
