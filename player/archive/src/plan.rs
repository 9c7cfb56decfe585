//! How far people are with what a training plan (培训计划) requires: done, begun, or not begun.
//!
//! Read from the ledger like every other number. A lesson is done when four fifths of it were credited, each part once
//! however often it was watched; a class when it was attended.

use crate::Result;
use crate::merges::Merges;
use crate::watched::{Sessions, seen_ms};
use entity::{
    AttendanceStatus, ClassState, Day, LessonId, PersonId, PostKind, Scope, Source, UnitId, class_attendance,
    class_run, ledger_entry, lesson, org_unit, person, post, training_plan, training_plan_item,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Credited parts of a lesson in thousandths of its length from which on it is done: the rest is greetings and credits.
pub const DONE_PERMILLE: i64 = 800;

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

/// How far these people are with the lessons among the items.
async fn lessons(
    db: &impl ConnectionTrait,
    plan: &training_plan::Model,
    items: &[Required],
    (people, merges): (&[PersonId], &Merges),
    today: Day,
) -> Result<HashMap<(PersonId, LessonId), State>> {
    let lengths: HashMap<LessonId, i64> = items
        .iter()
        .filter_map(|item| match item {
            Required::Lesson(id, length) => Some((*id, *length)),
            Required::Class(_) => None,
        })
        .collect();
    let rows = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.is_in(people.iter().copied()))
        .filter(ledger_entry::Column::LessonId.is_in(lengths.keys().copied()))
        .filter(ledger_entry::Column::Day.between(plan.from_on, plan.due_on.min(today)))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    let mut entries: BTreeMap<(PersonId, LessonId), Vec<ledger_entry::Model>> = BTreeMap::new();
    for row in rows {
        if let Some(lesson) = row.lesson_id {
            entries.entry((merges.kept(row.person_id), lesson)).or_default().push(row);
        }
    }
    let (mut states, mut sessions) = (HashMap::new(), Sessions::default());
    for ((person, lesson), entries) in entries {
        let length = lengths.get(&lesson).copied().unwrap_or_default();
        let credited = credited_once(db, &mut sessions, lesson, &entries, length).await?;
        let state = if is_done(credited, length) { State::Done } else { State::Begun };
        states.insert((person, lesson), state);
    }
    Ok(states)
}

/// What of a lesson was credited, each part once. The sum over days is never less, so only where it would do are the
/// sessions read.
pub(crate) async fn credited_once(
    db: &impl ConnectionTrait,
    sessions: &mut Sessions,
    lesson: LessonId,
    entries: &[ledger_entry::Model],
    length: i64,
) -> Result<i64> {
    let sum = entries.iter().fold(0_i64, |sum, entry| sum.saturating_add(entry.credited_ms));
    let days: BTreeSet<Day> = entries.iter().map(|entry| entry.day).collect();
    let corrected = entries.iter().any(|entry| entry.corrects_seq.is_some());
    if !is_done(sum, length) || days.len() <= 1 || corrected {
        return Ok(sum);
    }
    Ok(seen_ms(db, sessions, lesson, entries).await?.min(sum))
}

/// Whether so much of a lesson of this length is all of it.
pub(crate) fn is_done(credited_ms: i64, length_ms: i64) -> bool {
    credited_ms > 0 && credited_ms.saturating_mul(1000) >= length_ms.saturating_mul(DONE_PERMILLE)
}

/// Who of these attended which of the classes among the items.
async fn classes<'a>(
    db: &impl ConnectionTrait,
    plan: &training_plan::Model,
    items: &'a [Required],
    (people, merges): (&[PersonId], &Merges),
    today: Day,
) -> Result<HashSet<(PersonId, &'a str)>> {
    let titles: Vec<&str> = items
        .iter()
        .filter_map(|item| match item {
            Required::Class(title) => Some(title.as_str()),
            Required::Lesson(..) => None,
        })
        .collect();
    if titles.is_empty() {
        return Ok(HashSet::new());
    }
    let runs = class_run::Entity::find()
        .filter(class_run::Column::Source.eq(Source::Class))
        .filter(class_run::Column::State.eq(ClassState::Approved))
        .filter(class_run::Column::Title.is_in(titles.iter().copied()))
        .filter(class_run::Column::EndsOn.between(plan.from_on, plan.due_on.min(today)))
        .all(db)
        .await?;
    let attended = class_attendance::Entity::find()
        .filter(class_attendance::Column::ClassRunId.is_in(runs.iter().map(|run| run.id)))
        .filter(class_attendance::Column::PersonId.is_in(people.iter().copied()))
        .filter(class_attendance::Column::Status.eq(AttendanceStatus::Attended))
        .all(db)
        .await?;
    let title_of = |row: &class_attendance::Model| {
        let run = runs.iter().find(|run| run.id == row.class_run_id)?;
        titles.iter().find(|title| **title == run.title).map(|title| (merges.kept(row.person_id), *title))
    };
    Ok(attended.iter().filter_map(title_of).collect())
}
