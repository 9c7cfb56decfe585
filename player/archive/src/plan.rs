//! How far people are with what a training plan (培训计划) requires: done, begun, or not begun.
//!
//! Owns whom a plan binds, what it requires of them and where they stand; `done` says when a lesson or a class is done.

use crate::Result;
use crate::merges::Merges;
use entity::{
    Day, LessonId, PersonId, PostKind, Scope, UnitId, lesson, org_unit, person, post, training_plan, training_plan_item,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

mod done;

pub use done::DONE_PERMILLE;
use done::{classes, lessons};
pub(crate) use done::{credited_once, is_done};

/// Keys in one statement: well below SQLite's limit of bind variables.
const CHUNK: usize = 400;

/// How far somebody is with one thing, or with all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing was done.
    NotBegun,
    /// Something was.
    Begun,
    /// All of it was.
    Done,
}

impl State {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotBegun => "not_begun",
            Self::Begun => "begun",
            Self::Done => "done",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotBegun => "没开始",
            Self::Begun => "学习中",
            Self::Done => "已完成",
        }
    }
}

/// One person a plan binds.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Who.
    pub person: PersonId,
    /// The roster number.
    pub code: String,
    /// The name.
    pub name: String,
    /// The unit they belong to now.
    pub unit: UnitId,
    /// How far they are with each thing, in the plan's order.
    pub items: Vec<State>,
}

impl Standing {
    /// How far they are with the whole.
    pub fn state(&self) -> State {
        match (self.done(), self.items.iter().any(|state| *state != State::NotBegun)) {
            (done, _) if done == self.items.len() => State::Done,
            (_, true) => State::Begun,
            (_, false) => State::NotBegun,
        }
    }

    /// How many things are done.
    pub fn done(&self) -> usize {
        self.items.iter().filter(|state| **state == State::Done).count()
    }
}

/// How far everybody is whom a plan binds and who belongs to a unit of this scope: by the codes of units and people.
///
/// # Errors
/// When the database fails.
pub async fn progress(
    db: &impl ConnectionTrait,
    plan: &training_plan::Model,
    scope: &Scope,
    today: Day,
) -> Result<Vec<Standing>> {
    let Some(unit) = org_unit::Entity::find_by_id(plan.unit_id).one(db).await? else { return Ok(Vec::new()) };
    let people = bound(db, plan, &scope.within(&unit.path), today).await?;
    let items = items(db, plan).await?;
    let mut standings = Vec::new();
    for some in people.chunks(CHUNK) {
        standings.extend(standings_of(db, plan, &items, some, today).await?);
    }
    Ok(standings)
}

/// How far one person is with each thing of a plan, whether it binds them or not.
///
/// # Errors
/// When the database fails.
pub async fn of_person(
    db: &impl ConnectionTrait,
    plan: &training_plan::Model,
    person: PersonId,
    today: Day,
) -> Result<Option<Standing>> {
    let found = person::Entity::find_by_id(person).all(db).await?;
    let items = items(db, plan).await?;
    Ok(standings_of(db, plan, &items, &found, today).await?.pop())
}

/// What a plan requires: a lesson with its length, or the title of a class.
enum Required {
    Lesson(LessonId, i64),
    Class(String),
}

async fn items(db: &impl ConnectionTrait, plan: &training_plan::Model) -> Result<Vec<Required>> {
    let rows = training_plan_item::Entity::find()
        .filter(training_plan_item::Column::PlanId.eq(plan.id))
        .order_by_asc(training_plan_item::Column::Position)
        .all(db)
        .await?;
    let ids = rows.iter().filter_map(|row| row.lesson_id);
    let lengths = lesson::Entity::find().select_only().columns([lesson::Column::Id, lesson::Column::DurationMs]);
    let lengths = lengths.filter(lesson::Column::Id.is_in(ids)).into_tuple::<(LessonId, i64)>().all(db).await?;
    let lengths: HashMap<LessonId, i64> = lengths.into_iter().collect();
    let item = |row: training_plan_item::Model| match (row.lesson_id, row.class_title) {
        (Some(id), _) => lengths.get(&id).map(|length| Required::Lesson(id, *length)),
        (None, title) => title.map(Required::Class),
    };
    Ok(rows.into_iter().filter_map(item).collect())
}

/// The people on the roster of a scope who hold a post the plan binds.
async fn bound(
    db: &impl ConnectionTrait,
    plan: &training_plan::Model,
    scope: &Scope,
    today: Day,
) -> Result<Vec<person::Model>> {
    let posts: Vec<String> = serde_json::from_str(&plan.posts).unwrap_or_default();
    let posts: Vec<PostKind> = posts.iter().filter_map(|word| PostKind::parse(word)).collect();
    let mut query = person::Entity::find()
        .filter(scope.reaches((person::Entity, person::Column::UnitId)))
        .filter(Condition::any().add(person::Column::LeftOn.is_null()).add(person::Column::LeftOn.gt(today)));
    if !posts.is_empty() {
        use sea_orm::QueryTrait;
        let running = Condition::any().add(post::Column::EndedOn.is_null()).add(post::Column::EndedOn.gte(today));
        let holders = post::Entity::find()
            .select_only()
            .column(post::Column::PersonId)
            .filter(post::Column::Kind.is_in(posts))
            .filter(post::Column::AppointedOn.lte(today))
            .filter(running);
        query = query.filter(person::Column::Id.in_subquery(holders.into_query()));
    }
    let mut people = query.all(db).await?;
    let units = org_unit::Entity::find().filter(scope.of_units()).all(db).await?;
    let codes: HashMap<UnitId, String> = units.into_iter().map(|unit| (unit.id, unit.code)).collect();
    people.sort_by(|a, b| (codes.get(&a.unit_id), &a.code).cmp(&(codes.get(&b.unit_id), &b.code)));
    Ok(people)
}

async fn standings_of(
    db: &impl ConnectionTrait,
    plan: &training_plan::Model,
    items: &[Required],
    people: &[person::Model],
    today: Day,
) -> Result<Vec<Standing>> {
    let merges = Merges::now(db).await?;
    let ids = merges.all(&people.iter().map(|person| person.id).collect::<Vec<_>>());
    let lessons = lessons(db, plan, items, (&ids, &merges), today).await?;
    let classes = classes(db, plan, items, (&ids, &merges), today).await?;
    let state = |person: PersonId, item: &Required| match item {
        Required::Lesson(id, _) => lessons.get(&(person, *id)).copied().unwrap_or(State::NotBegun),
        Required::Class(title) if classes.contains(&(person, title.as_str())) => State::Done,
        Required::Class(_) => State::NotBegun,
    };
    let standing = |person: &person::Model| Standing {
        person: person.id,
        code: person::masked(&person.code),
        name: person.name.clone(),
        unit: person.unit_id,
        items: items.iter().map(|item| state(person.id, item)).collect(),
    };
    Ok(people.iter().map(standing).collect())
}
