//! Play days: which dates every station plays on, at what time, and what. Set and ended, never edited.
//!
//! The form needs no script: searching, adding, ordering and taking out are buttons of the form that sends itself, so
//! what was typed is kept whatever is pressed, and everything works by keys.

mod form;

use super::picked::{self, Listed};
use crate::api::play_days::end_within;
use crate::api::search::Searches;
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Choice, Errors, Tab, desk, page_number, tabs, unit, units};
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use catalog::asked::Asked;
use catalog::play_day::{self, NewPlayDay, clock, days_of};
use catalog::search::Index;
use entity::{Day, Moment, PlayDayId, UnitId, lesson, org_unit, play_day as row};
use form::Draft;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use std::collections::HashMap;

const PAGE: u64 = 20;

/// Which unit's play days are listed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlayDaysQuery {
    unit: String,
    page: String,
}

#[derive(Template)]
#[template(path = "studio/play_days.html")]
struct PlayDaysPage {
    shell: Shell,
    tabs: Vec<Tab>,
    units: Vec<Choice>,
    at: UnitId,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: PlayDayId,
    title: String,
    unit: String,
    days: String,
    clock: String,
    from: Day,
    state: &'static str,
    kind: &'static str,
    /// The last day, or the next one.
    when: String,
    lessons: Vec<String>,
    may_end: bool,
}

#[derive(Template)]
#[template(path = "studio/play_day.html")]
struct PlayDayPage {
    shell: Shell,
    tabs: Vec<Tab>,
    units: Vec<Choice>,
    draft: Draft,
    listed: Vec<Listed>,
    found: Option<Vec<Listed>>,
    errors: Errors,
}

/// `GET /studio/play-days`: what a unit and those below have set, and what holds from above.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(trainer: Trainer, query: Query<PlayDaysQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let reach = trainer.reach();
    let at = unit(&db.read, &reach, Some(&query.unit)).await?;
    let (number, today) = (page_number(Some(&query.page)).min(1_000), Moment::now().day());
    let found = play_day::list(&db.read, &reach.within(&at.path), today, number, PAGE).await?;
    crate::pages::draw(&PlayDaysPage {
        shell: Shell::new(&trainer, "播放日", desk(&trainer)),
        tabs: tabs(&trainer, "/studio/play-days"),
        units: units(&db.read, &reach, &at).await?,
        at: at.id,
        pager: Pager::new("/studio/play-days", &[("unit", &at.id.to_string())], number, PAGE, found.total),
        rows: rows(&trainer, &db, found.items, today).await?,
    })
}

/// `GET /studio/play-days/new`: the empty form.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn new(trainer: Trainer, query: Query<PlayDaysQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &trainer.reach(), Some(&query.unit)).await?;
    let draft = Draft::empty(at.id, Moment::now().day());
    crate::pages::draw(&page(&trainer, &db, at, draft, None, Errors::default()).await?)
}

/// `POST /studio/play-days`: search, add, order, take out, or save; whatever fails keeps what was typed.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn take(
    trainer: Trainer,
    draft: Form<Draft>,
    index: Data<Index>,
    searches: Data<Searches>,
    asked: Data<Asked>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let mut draft = draft.into_inner();
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

/// `POST /studio/play-days/{id}/end`: today is its last when today's has begun, else yesterday was.
///
/// # Errors
/// `not_found` for one set by a unit beyond the caller's reach.
pub async fn end(trainer: Trainer, id: Path<PlayDayId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let ended = end_within(&trainer, *id, &db).await?;
    Ok(go(&format!("/studio/play-days?unit={}", ended.unit_id)))
}

async fn save(trainer: &Trainer, db: &Database, at: org_unit::Model, draft: Draft) -> ApiResult<HttpResponse> {
    let lessons = draft.lessons();
    let viewer = trainer.viewer();
    let made = match draft.valid_from.trim().parse() {
        Err(_) => Err(ApiError::say(Code::InvalidRequest, "valid_from：请填写从哪天起")),
        Ok(valid_from) => {
            let new = NewPlayDay {
                unit_id: at.id,
                title: &draft.title,
                days: &draft.days,
                at: &draft.at,
                valid_from,
                lessons: &lessons,
                viewer: &viewer,
            };
            let by = Some(trainer.account_id);
            play_day::create(&db.write, new, by, Moment::now()).await.map_err(ApiError::from)
        }
    };
    match made {
        Ok(made) => Ok(go(&format!("/studio/play-days?unit={}", made.unit_id))),
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
) -> ApiResult<PlayDayPage> {
    Ok(PlayDayPage {
        shell: Shell::new(trainer, "新设播放日", desk(trainer)),
        tabs: tabs(trainer, "/studio/play-days"),
        units: units(&db.read, &trainer.reach(), &at).await?,
        listed: picked::listed(db, trainer, &draft.lessons()).await?,
        found,
        draft,
        errors,
    })
}

async fn rows(trainer: &Trainer, db: &Database, found: Vec<row::Model>, today: Day) -> ApiResult<Vec<Row>> {
    let mut lists = play_day::lessons_of(&db.read, found.iter().map(|row| row.id)).await?;
    let ids = found.iter().map(|row| row.unit_id);
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(ids)).all(&db.read).await?;
    let units: HashMap<UnitId, org_unit::Model> = units.into_iter().map(|unit| (unit.id, unit)).collect();
    let reach = trainer.reach();
    let rows = found.into_iter().map(|row| {
        let unit = units.get(&row.unit_id);
        let lessons = lists.remove(&row.id).unwrap_or_default();
        let within = unit.is_some_and(|unit| reach.contains(&unit.path));
        Row::of(row, unit.map(|unit| unit.name.clone()).unwrap_or_default(), lessons, within, today)
    });
    Ok(rows.collect())
}

impl Row {
    fn of(row: row::Model, unit: String, lessons: Vec<lesson::Model>, within: bool, today: Day) -> Self {
        let days = days_of(&row);
        let (state, kind, when) = match row.ended_on {
            Some(last) if last < row.valid_from => ("已取消", "off", String::new()),
            Some(last) if last < today => ("已结束", "off", format!("最后一天 {last}")),
            last => {
                let next = days.next_from(row.valid_from.max(today)).filter(|day| last.is_none_or(|last| *day <= last));
                let when = next.map(|day| format!("下一次 {day}")).unwrap_or_default();
                let begun = row.valid_from <= today;
                if begun { ("执行中", "ok", when) } else { ("未到开始日", "warn", when) }
            }
        };
        Self {
            id: row.id,
            unit,
            days: days.spoken(),
            clock: clock(row.at_minute),
            from: row.valid_from,
            state,
            kind,
            when,
            lessons: lessons.into_iter().map(|lesson| lesson.title).collect(),
            may_end: within && row.ended_on.is_none(),
            title: row.title,
        }
    }
}
