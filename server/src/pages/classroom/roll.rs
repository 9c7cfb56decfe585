//! Calling the roll before a lesson: the village's people by the first letter of their pinyin. While another class is still
//! on, the page asks first what becomes of that: its people would leave it for this one, and nobody would end it.

use super::open::{OpenClass, open_class};
use super::{apart, room};
use crate::auth::identity::Operator;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::figures;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use entity::{LessonId, Moment, PersonId, org_unit, person};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// Whose roll is called.
#[derive(Deserialize)]
pub struct Asked {
    unit: Option<String>,
}

#[derive(Template)]
#[template(path = "classroom/roll.html")]
struct RollPage {
    shell: Shell,
    /// The class that is still on.
    open: Option<OpenClass>,
    lesson_id: LessonId,
    title: String,
    length: String,
    unit_name: String,
    people: Vec<person::Model>,
    groups: Vec<Group>,
    above: Option<org_unit::Model>,
    units: Vec<org_unit::Model>,
    back: &'static str,
}

/// The people of one letter.
struct Group {
    initial: char,
    people: Vec<Name>,
}

/// One name to tick.
pub(super) struct Name {
    pub(super) id: PersonId,
    pub(super) name: String,
    pub(super) apart: Option<String>,
    pub(super) present: bool,
}

/// The roll-call for a lesson.
pub async fn roll(
    caller: Operator,
    slug: Path<String>,
    asked: Query<Asked>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let named = catalog::lesson::find(&db.read, &slug).await?;
    let lesson = catalog::lesson::visible(&db.read, &caller.viewer(), named.id, Moment::now().day()).await?;
    if lesson.media_sha256.is_none() {
        return Err(ApiError::say(Code::NotFound, "这一课是图文课，不能在教室里播放"));
    }
    let unit = room(&db, &caller, asked.unit.as_deref()).await?;
    let people = roster::people::of_unit(&db.read, unit.id).await?;
    let this_page = match asked.unit {
        Some(_) => format!("/classroom/{}?unit={}", lesson.slug, unit.id),
        None => format!("/classroom/{}", lesson.slug),
    };
    crate::pages::draw_for_back(&RollPage {
        shell: Shell::room_of(&caller, "点名"),
        open: open_class(&db, &caller, |_| this_page).await?,
        lesson_id: lesson.id,
        title: lesson.title,
        length: figures::minutes(lesson.duration_ms),
        unit_name: roster::org::full_name(&db.read, &unit).await?,
        groups: groups(&people),
        people,
        above: above(&db, &caller, &unit).await?,
        units: below(&db, &caller, &unit).await?,
        back: "/classroom",
    })
}

/// The unit above, when it is in reach: from there to the other villages.
async fn above(db: &Database, caller: &Operator, unit: &org_unit::Model) -> ApiResult<Option<org_unit::Model>> {
    let Some(parent) = unit.parent_id else { return Ok(None) };
    let parent = roster::org::unit(&db.read, parent).await?;
    Ok(Some(parent).filter(|parent| caller.reach().contains(&parent.path)))
}

/// The units below, for who runs classes in many villages.
async fn below(db: &Database, caller: &Operator, unit: &org_unit::Model) -> ApiResult<Vec<org_unit::Model>> {
    let mut units = roster::org::children(&db.read, unit.id).await?;
    let reach = caller.reach();
    units.retain(|unit| reach.contains(&unit.path));
    Ok(units)
}

fn groups(people: &[person::Model]) -> Vec<Group> {
    let mut letters: BTreeMap<char, Vec<Name>> = BTreeMap::new();
    for name in names(people, &HashMap::new()) {
        let pinyin = people.iter().find(|person| person.id == name.id).map_or("", |person| person.pinyin.as_str());
        let initial = pinyin.chars().next().map_or('#', |c| c.to_ascii_uppercase());
        letters.entry(initial).or_default().push(name);
    }
    letters.into_iter().map(|(initial, people)| Group { initial, people }).collect()
}

/// The names of a roll; `present` says who is in the room.
pub(super) fn names(people: &[person::Model], present: &HashMap<PersonId, bool>) -> Vec<Name> {
    let apart = apart(people);
    let name = |person: &person::Model| Name {
        id: person.id,
        name: person.name.clone(),
        apart: apart.get(&person.id.0).cloned(),
        present: present.get(&person.id).copied().unwrap_or(false),
    };
    people.iter().map(name).collect()
}
