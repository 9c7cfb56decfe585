//! How far people are with a training plan: the whole, and village by village, those to be reminded by name.

use super::posts;
use crate::api::plans::within;
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, desk, page_number, tabs};
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use archive::plan::{Standing, State};
use askama::Template;
use catalog::plan::Item;
use entity::{Day, Moment, PlanId, UnitId, org_unit, scope};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// Villages of a page.
const PAGE: usize = 60;

/// Who is listed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProgressQuery {
    state: String,
    page: String,
    done: String,
}

#[derive(Template)]
#[template(path = "studio/plan.html")]
struct PlanPage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<&'static str>,
    id: PlanId,
    title: String,
    note: String,
    unit: String,
    posts: String,
    from: Day,
    due: Day,
    over: bool,
    called_off: bool,
    things: Vec<Thing>,
    people: usize,
    done: usize,
    begun: usize,
    not_begun: usize,
    states: Vec<Choice>,
    villages: Vec<Village>,
    pager: Pager,
}

/// One thing the plan requires, with how many have done it.
struct Thing {
    title: String,
    href: Option<String>,
    done: usize,
    begun: usize,
}

/// The people of one unit.
struct Village {
    name: String,
    above: String,
    people: usize,
    done: usize,
    listed: Vec<Person>,
}

struct Person {
    name: String,
    code: String,
    state: &'static str,
    kind: &'static str,
    done: usize,
}

/// `GET /studio/plans/{id}`: the plan, and who is how far.
///
/// # Errors
/// `not_found` for one set by a unit beyond the caller's reach.
pub async fn show(
    trainer: Trainer,
    id: Path<PlanId>,
    query: Query<ProgressQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let plan = within(&trainer, *id, &db).await?;
    let today = Moment::now().day();
    let standings = archive::plan::progress(&db.read, &plan.plan, &trainer.reach(), today).await?;
    let count = |state: State| standings.iter().filter(|standing| standing.state() == state).count();
    let units = units(&db, &standings, plan.plan.unit_id).await?;
    let villages = villages(&standings, &units, &query.state);
    let (number, total) = (page_number(Some(&query.page)), villages.len());
    let first = usize::try_from(number).unwrap_or(1).saturating_sub(1).saturating_mul(PAGE);
    let path = format!("/studio/plans/{id}");
    crate::pages::draw(&PlanPage {
        shell: Shell::new(&trainer, plan.plan.title.clone(), desk(&trainer)),
        tabs: tabs(&trainer, "/studio/plans"),
        notice: (query.done == "set").then_some("计划已定好。该学的人打开手机首页，第一眼就会看到。"),
        id: plan.plan.id,
        title: plan.plan.title.clone(),
        note: plan.plan.note.clone(),
        unit: units.get(&plan.plan.unit_id).map(|unit| unit.name.clone()).unwrap_or_default(),
        posts: posts(&plan),
        from: plan.plan.from_on,
        due: plan.plan.due_on,
        over: plan.is_over(today),
        called_off: plan.plan.ended_at.is_some(),
        things: plan.items.iter().enumerate().map(|(place, item)| Thing::of(item, place, &standings)).collect(),
        people: standings.len(),
        done: count(State::Done),
        begun: count(State::Begun),
        not_begun: count(State::NotBegun),
        states: LISTS.map(|(value, label)| Choice::new(value, label, &query.state)).into(),
        pager: Pager::new(&path, &[("state", &query.state)], number, PAGE as u64, total as u64),
        villages: villages.into_iter().skip(first).take(PAGE).collect(),
    })
}

/// Who may be listed; those to be reminded when nothing is said.
const LISTS: [(&str, &str); 4] =
    [("", "还没完成的（催学名单）"), ("not_begun", "没开始的"), ("done", "已完成的"), ("all", "所有人")];

async fn units(db: &Database, standings: &[Standing], own: UnitId) -> ApiResult<HashMap<UnitId, org_unit::Model>> {
    let mut wanted: Vec<UnitId> = standings.iter().map(|standing| standing.unit).chain([own]).collect();
    let mut units = HashMap::new();
    // The units themselves, then those above them.
    for _ in 0..2 {
        wanted.sort_unstable();
        wanted.dedup();
        for some in wanted.chunks(500) {
            let rows = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(some.iter().copied()));
            units.extend(rows.all(&db.read).await?.into_iter().map(|unit| (unit.id, unit)));
        }
        wanted = units.values().flat_map(|unit: &org_unit::Model| scope::ancestors_of(&unit.path)).collect();
        wanted.retain(|id| !units.contains_key(id));
    }
    Ok(units)
}

/// The people who are listed, unit by unit in the order of the standings; units with nobody listed are left out.
fn villages(standings: &[Standing], units: &HashMap<UnitId, org_unit::Model>, list: &str) -> Vec<Village> {
    let mut places: BTreeMap<usize, Village> = BTreeMap::new();
    let mut place_of: HashMap<UnitId, usize> = HashMap::new();
    for standing in standings {
        let next = place_of.len();
        let place = *place_of.entry(standing.unit).or_insert(next);
        let village = places.entry(place).or_insert_with(|| Village::of(standing.unit, units));
        let state = standing.state();
        village.people += 1;
        village.done += usize::from(state == State::Done);
        let wanted = match list {
            "all" => true,
            "done" => state == State::Done,
            "not_begun" => state == State::NotBegun,
            _ => state != State::Done,
        };
        if wanted {
            village.listed.push(Person::of(standing));
        }
    }
    places.into_values().filter(|village| !village.listed.is_empty()).collect()
}

impl Village {
    fn of(id: UnitId, units: &HashMap<UnitId, org_unit::Model>) -> Self {
        let unit = units.get(&id);
        let above = unit.and_then(|unit| unit.parent_id).and_then(|id| units.get(&id));
        Self {
            name: unit.map(|unit| unit.name.clone()).unwrap_or_default(),
            above: above.map(|unit| unit.name.clone()).unwrap_or_default(),
            people: 0,
            done: 0,
            listed: Vec::new(),
        }
    }
}

impl Person {
    fn of(standing: &Standing) -> Self {
        let state = standing.state();
        Self {
            name: standing.name.clone(),
            code: standing.code.clone(),
            state: state.label(),
            kind: match state {
                State::Done => "ok",
                State::Begun => "warn",
                State::NotBegun => "bad",
            },
            done: standing.done(),
        }
    }
}

impl Thing {
    fn of(item: &Item, place: usize, standings: &[Standing]) -> Self {
        let count = |state| standings.iter().filter(|standing| standing.items.get(place) == Some(&state)).count();
        Self {
            title: item.title().to_owned(),
            href: match item {
                Item::Lesson(lesson) => Some(format!("/lessons/{}", lesson.slug)),
                Item::Class(_) => None,
            },
            done: count(State::Done),
            begun: count(State::Begun),
        }
    }
}
