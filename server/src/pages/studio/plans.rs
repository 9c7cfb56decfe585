//! Training plans (培训计划) on the trainer's desk: those there are, and a new one.
//!
//! The form needs no script: searching, adding, ordering and taking out are buttons of the form that sends itself, so
//! what was typed is kept whatever is pressed.

mod form;
pub mod progress;

use super::picked::{self, Listed};
use crate::api::plans::within;
use crate::api::search::Searches;
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Choice, Errors, Tab, desk, page_number, tabs, unit, units};
use crate::pages::go;
use crate::pages::pairs::Pairs;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use catalog::asked::Asked;
use catalog::plan::{self, Plan};
use catalog::search::Index;
use entity::{Day, Moment, PlanId, PostKind, UnitId, org_unit};
use form::Draft;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use std::collections::HashMap;

/// Plans of a page.
const PAGE: u64 = 50;

/// Which page of the plans.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    page: String,
}

/// For which unit a plan is to be set.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlansQuery {
    unit: String,
    lessons: String,
}

#[derive(Template)]
#[template(path = "studio/plans.html")]
struct PlansPage {
    shell: Shell,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: PlanId,
    title: String,
    unit: String,
    posts: String,
    due: Day,
    things: usize,
    state: &'static str,
    kind: &'static str,
    over: bool,
}

#[derive(Template)]
#[template(path = "studio/plan_new.html")]
struct NewPage {
    shell: Shell,
    tabs: Vec<Tab>,
    units: Vec<Choice>,
    posts: Vec<Choice>,
    draft: Draft,
    listed: Vec<Listed>,
    found: Option<Vec<Listed>>,
    errors: Errors,
}

/// `GET /studio/plans`: the plans that units of the caller's reach have set.
///
/// # Errors
/// When the database fails.
pub async fn list(trainer: Trainer, query: Query<ListQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (today, number) = (Moment::now().day(), page_number(Some(&query.page)));
    let plans = plan::of_scope(&db.read, &trainer.reach(), today, number, PAGE).await?;
    let ids = plans.items.iter().map(|plan| plan.plan.unit_id);
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(ids)).all(&db.read).await?;
    let units: HashMap<UnitId, String> = units.into_iter().map(|unit| (unit.id, unit.name)).collect();
    crate::pages::draw(&PlansPage {
        shell: Shell::new(&trainer, "培训计划", desk(&trainer)),
        tabs: tabs(&trainer, "/studio/plans"),
        pager: Pager::new("/studio/plans", &[], number, PAGE, plans.total),
        rows: plans.items.iter().map(|plan| Row::of(plan, &units, today)).collect(),
    })
}

/// `GET /studio/plans/new`: the empty form.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn new(trainer: Trainer, query: Query<PlansQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &trainer.reach(), Some(&query.unit)).await?;
    let draft = Draft { lessons: query.lessons.clone(), ..Draft::empty(at.id, Moment::now().day()) };
    crate::pages::draw(&page(&trainer, &db, at, draft, None, Errors::default()).await?)
}

/// `POST /studio/plans`: search, add, order, take out, or save; whatever fails keeps what was typed.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn take(
    trainer: Trainer,
    pairs: Form<Pairs>,
    index: Data<Index>,
    searches: Data<Searches>,
    asked: Data<Asked>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let mut draft = Draft::of(&pairs);
    let at = unit(&db.read, &trainer.reach(), Some(&draft.unit_id)).await?;
    if draft.is_to_be_saved() {
        return save(&trainer, &db, at, draft).await;
    }
    draft.act();
    let found = match draft.q.trim().is_empty() {
        true => None,
        false => Some(form::search(&trainer, &draft, (index, searches.as_ref(), asked.as_ref()), &db).await?),
    };
    crate::pages::draw(&page(&trainer, &db, at, draft, found, Errors::default()).await?)
}

/// `POST /studio/plans/{id}/end`: call a plan off.
///
/// # Errors
/// `not_found` for one set by a unit beyond the caller's reach.
pub async fn end(trainer: Trainer, id: Path<PlanId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let found = within(&trainer, *id, &db).await?;
    plan::end(&db.write, found.plan.id, Some(trainer.account_id), Moment::now()).await?;
    Ok(go("/studio/plans"))
}

async fn save(trainer: &Trainer, db: &Database, at: org_unit::Model, draft: Draft) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    let made = match draft.to_new(at.id) {
        Ok(new) => plan::set(&db.write, new, Some(trainer.account_id), now).await.map_err(ApiError::from),
        Err((field, why)) => Err(ApiError::say(Code::InvalidRequest, format!("{field}：{why}"))),
    };
    match made {
        Ok(made) => Ok(go(&format!("/studio/plans/{}?done=set", made.id))),
        Err(error) if error.code() == Code::InvalidRequest => {
            let errors = Errors::said(error.message(), "title");
            crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page(trainer, db, at, draft, None, errors).await?)
        }
        Err(error) => Err(error),
    }
}

async fn page(
    trainer: &Trainer,
    db: &Database,
    at: org_unit::Model,
    draft: Draft,
    found: Option<Vec<Listed>>,
    errors: Errors,
) -> ApiResult<NewPage> {
    let post = |kind: &PostKind| Choice {
        value: kind.as_str().to_owned(),
        label: kind.label().to_owned(),
        chosen: draft.posts.contains(kind),
    };
    Ok(NewPage {
        shell: Shell::new(trainer, "新建培训计划", desk(trainer)),
        tabs: tabs(trainer, "/studio/plans"),
        units: units(&db.read, &trainer.reach(), &at).await?,
        posts: PostKind::ALL.iter().map(post).collect(),
        listed: picked::listed(db, trainer, &draft.lessons()).await?,
        found,
        draft,
        errors,
    })
}

impl Row {
    fn of(plan: &Plan, units: &HashMap<UnitId, String>, today: Day) -> Self {
        let (state, kind) = match (plan.plan.ended_at.is_some(), plan.is_over(today)) {
            (true, _) => ("已取消", "off"),
            (false, true) => ("已到期", "off"),
            (false, false) => ("进行中", "ok"),
        };
        Self {
            id: plan.plan.id,
            title: plan.plan.title.clone(),
            unit: units.get(&plan.plan.unit_id).cloned().unwrap_or_default(),
            posts: posts(plan),
            due: plan.plan.due_on,
            things: plan.items.len(),
            over: plan.is_over(today),
            state,
            kind,
        }
    }
}

/// Whom a plan binds, as people say it.
pub fn posts(plan: &Plan) -> String {
    let posts = plan.posts();
    if posts.is_empty() {
        return "花名册上的所有人".to_owned();
    }
    posts.into_iter().map(PostKind::label).collect::<Vec<_>>().join("、")
}
