//! Training plans (培训计划): which lessons and classes people with certain posts have to learn by a day.
//!
//! A plan is set and called off, never edited, so that what somebody was told stays what was asked of them. Owns the rows
//! `training_plan` and `training_plan_item`; how far people are is the archive's.

use crate::audience::{Viewer, published_for};
use crate::trail::{self, Change};
use crate::{Error, Page, Result, course, fields, page};
use entity::{
    AccountId, Day, LessonId, Moment, PersonId, PlanId, PostKind, Scope, UnitId, Verb, lesson, org_unit, person, post,
    scope, training_plan, training_plan_item,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait,
    DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::{BTreeSet, HashMap};

/// Things one plan may require.
pub const MOST_ITEMS: usize = 30;
/// A plan's last day lies at most this many days ahead: two years.
const AHEAD_DAYS: i64 = 731;

/// A plan to be set.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// What people call it: 1 to 100 characters.
    pub title: String,
    /// A word to those it binds: at most 500 characters.
    pub note: String,
    /// For the people of this unit and all below it.
    pub unit_id: UnitId,
    /// Only those who hold one of these posts; everybody when empty.
    pub posts: Vec<PostKind>,
    /// The first civil day whose study counts.
    pub from_on: Day,
    /// The last civil day to do it, today or later.
    pub due_on: Day,
    /// The lessons, in this order: each published and for everybody below the unit.
    pub lessons: Vec<LessonId>,
    /// The titles of classes, as they will be recorded.
    pub classes: Vec<String>,
}

/// A plan and what it requires.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The plan.
    pub plan: training_plan::Model,
    /// What it requires, in order.
    pub items: Vec<Item>,
}

/// One thing a plan requires.
#[derive(Clone, Debug)]
pub enum Item {
    /// A lesson to be learnt.
    Lesson(Box<lesson::Model>),
    /// A class to be attended.
    Class(String),
}

impl Item {
    /// What people call it.
    pub fn title(&self) -> &str {
        match self {
            Self::Lesson(lesson) => &lesson.title,
            Self::Class(title) => title,
        }
    }
}

impl Plan {
    /// The posts it binds; empty for everybody.
    pub fn posts(&self) -> Vec<PostKind> {
        posts_of(&self.plan)
    }

    /// Whether it is called off or its last day is over.
    pub fn is_over(&self, today: Day) -> bool {
        self.plan.ended_at.is_some() || self.plan.due_on < today
    }
}

/// The posts a plan binds; empty for everybody.
pub fn posts_of(plan: &training_plan::Model) -> Vec<PostKind> {
    let words: Vec<String> = serde_json::from_str(&plan.posts).unwrap_or_default();
    words.iter().filter_map(|word| PostKind::parse(word)).collect()
}

/// The first day of a civil year, from which on study counts unless a plan says otherwise.
pub fn first_of_year(today: Day) -> Day {
    Day::from_ymd_opt(chrono::Datelike::year(&today), 1, 1).unwrap_or(today)
}

/// Sets a plan. Whether the unit lies in the caller's reach is the caller's question.
///
/// # Errors
/// [`Error::Invalid`] naming the field, [`Error::UnitNotFound`].
pub async fn set(
    db: &DatabaseConnection,
    new: NewPlan,
    by: Option<AccountId>,
    now: Moment,
) -> Result<training_plan::Model> {
    let title = fields::title(&new.title)?;
    let note = fields::note(&new.note)?;
    let today = now.day();
    if new.due_on < today || (new.due_on - today).num_days() > AHEAD_DAYS {
        return Err(Error::invalid("due_on", "截止日期须在今天以后的两年之内"));
    }
    if new.from_on > new.due_on {
        return Err(Error::invalid("from_on", "起算日期不能晚于截止日期"));
    }
    let items = items(&new)?;
    let txn = entity::writing::begin(db).await?;
    course::unit_exists(&txn, new.unit_id).await?;
    all_may_learn(&txn, &new, today).await?;
    let posts: Vec<&str> = new.posts.iter().map(|kind| kind.as_str()).collect();
    let row = training_plan::ActiveModel {
        id: NotSet,
        title: Set(title.clone()),
        note: Set(note),
        unit_id: Set(new.unit_id),
        posts: Set(serde_json::to_string(&posts).map_err(std::io::Error::other)?),
        from_on: Set(new.from_on),
        due_on: Set(new.due_on),
        created_by: Set(by),
        created_at: Set(now),
        ended_at: Set(None),
    };
    let made = row.insert(&txn).await?;
    let rows = (1..).zip(items).map(|(position, (lesson_id, class_title))| training_plan_item::ActiveModel {
        plan_id: Set(made.id),
        position: Set(position),
        lesson_id: Set(lesson_id),
        class_title: Set(class_title),
    });
    training_plan_item::Entity::insert_many(rows).exec_without_returning(&txn).await?;
    trail::note(&txn, Verb::PlanSet, format!("plan:{}", made.id), &title, Change { by, now }).await?;
    txn.commit().await?;
    Ok(made)
}

/// Calls a plan off; calling it off twice changes nothing.
///
/// # Errors
/// [`Error::PlanNotFound`].
pub async fn end(
    db: &DatabaseConnection,
    id: PlanId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<training_plan::Model> {
    let txn = entity::writing::begin(db).await?;
    let row = get(&txn, id).await?;
    if row.ended_at.is_some() {
        return Ok(row);
    }
    let change = training_plan::ActiveModel { id: Set(id), ended_at: Set(Some(now)), ..Default::default() };
    let ended = change.update(&txn).await?;
    trail::note(&txn, Verb::PlanEnd, format!("plan:{id}"), &ended.title, Change { by, now }).await?;
    txn.commit().await?;
    Ok(ended)
}

/// A plan by its id.
///
/// # Errors
/// [`Error::PlanNotFound`].
pub async fn get(db: &impl ConnectionTrait, id: PlanId) -> Result<training_plan::Model> {
    training_plan::Entity::find_by_id(id).one(db).await?.ok_or(Error::PlanNotFound)
}

/// A page of the plans set by units of this scope: those that run first, by their last day, then the others.
///
/// # Errors
/// [`Error::PageOutOfRange`].
pub async fn of_scope(
    db: &impl ConnectionTrait,
    scope: &Scope,
    today: Day,
    page: u64,
    size: u64,
) -> Result<Page<Plan>> {
    let first = page::first_row(page, size)?;
    let theirs =
        training_plan::Entity::find().filter(scope.reaches((training_plan::Entity, training_plan::Column::UnitId)));
    let total = theirs.clone().count(db).await?;
    let over = training_plan::Column::EndedAt.is_not_null().or(training_plan::Column::DueOn.lt(today));
    let last = Expr::expr(Expr::case(over, 1_i32).finally(0_i32));
    let rows = theirs
        .order_by_asc(last)
        .order_by_asc(training_plan::Column::DueOn)
        .order_by_desc(training_plan::Column::Id)
        .offset(first)
        .limit(size)
        .all(db)
        .await?;
    Ok(Page { items: with_items(db, rows).await?, total, page, size })
}

/// A page of the plans that bind a person today: by their unit, and by the posts they hold; those due first stand first.
///
/// # Errors
/// [`Error::PageOutOfRange`].
pub async fn of_person(
    db: &impl ConnectionTrait,
    person: PersonId,
    today: Day,
    page: u64,
    size: u64,
) -> Result<Page<Plan>> {
    let first = usize::try_from(page::first_row(page, size)?).unwrap_or(usize::MAX);
    let bound = binding(db, person, today).await?;
    let total = bound.len() as u64;
    let shown = bound.into_iter().skip(first).take(usize::try_from(size).unwrap_or(usize::MAX)).collect();
    Ok(Page { items: with_items(db, shown).await?, total, page, size })
}

/// Those that bind a person today, without what they require: as many as run at the units above them.
async fn binding(db: &impl ConnectionTrait, person: PersonId, today: Day) -> Result<Vec<training_plan::Model>> {
    let Some(person) = person::Entity::find_by_id(person).one(db).await?.filter(|person| person.left_on.is_none())
    else {
        return Ok(Vec::new());
    };
    let Some(unit) = org_unit::Entity::find_by_id(person.unit_id).one(db).await? else { return Ok(Vec::new()) };
    let rows = training_plan::Entity::find()
        .filter(training_plan::Column::UnitId.is_in(scope::ancestors_of(&unit.path)))
        .filter(training_plan::Column::EndedAt.is_null())
        .filter(training_plan::Column::DueOn.gte(today))
        .order_by_asc(training_plan::Column::DueOn)
        .order_by_asc(training_plan::Column::Id)
        .all(db)
        .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let held = post::Entity::find().select_only().column(post::Column::Kind);
    let held = held.filter(post::Column::PersonId.eq(person.id)).filter(held_on(today));
    let held: Vec<PostKind> = held.into_tuple().all(db).await?;
    let binds = |plan: &training_plan::Model| {
        let posts = posts_of(plan);
        posts.is_empty() || posts.iter().any(|kind| held.contains(kind))
    };
    Ok(rows.into_iter().filter(binds).collect())
}

/// A condition on `post` rows: the term runs on this day.
pub fn held_on(day: Day) -> Condition {
    let open = Condition::any().add(post::Column::EndedOn.is_null()).add(post::Column::EndedOn.gte(day));
    Condition::all().add(post::Column::AppointedOn.lte(day)).add(open)
}

/// These plans with what they require. A lesson that is gone altogether is left out.
pub async fn with_items(db: &impl ConnectionTrait, plans: Vec<training_plan::Model>) -> Result<Vec<Plan>> {
    let rows = training_plan_item::Entity::find()
        .filter(training_plan_item::Column::PlanId.is_in(plans.iter().map(|plan| plan.id)))
        .order_by_asc(training_plan_item::Column::PlanId)
        .order_by_asc(training_plan_item::Column::Position)
        .all(db)
        .await?;
    let ids: BTreeSet<LessonId> = rows.iter().filter_map(|row| row.lesson_id).collect();
    let mut lessons: HashMap<LessonId, lesson::Model> = HashMap::new();
    for chunk in ids.into_iter().collect::<Vec<_>>().chunks(500) {
        let found = lesson::Entity::find().filter(lesson::Column::Id.is_in(chunk.iter().copied())).all(db).await?;
        lessons.extend(found.into_iter().map(|lesson| (lesson.id, lesson)));
    }
    let mut items: HashMap<PlanId, Vec<Item>> = HashMap::new();
    for row in rows {
        let item = match (row.lesson_id.and_then(|id| lessons.get(&id)), row.class_title) {
            (Some(lesson), _) => Item::Lesson(Box::new(lesson.clone())),
            (None, Some(title)) => Item::Class(title),
            (None, None) => continue,
        };
        items.entry(row.plan_id).or_default().push(item);
    }
    let plan = |plan: training_plan::Model| Plan { items: items.remove(&plan.id).unwrap_or_default(), plan };
    Ok(plans.into_iter().map(plan).collect())
}

/// What the plan requires, each once: lessons in their order, then classes.
fn items(new: &NewPlan) -> Result<Vec<(Option<LessonId>, Option<String>)>> {
    let mut items: Vec<(Option<LessonId>, Option<String>)> = Vec::new();
    let classes = new.classes.iter().map(|title| fields::short("classes", title)).collect::<Result<Vec<_>>>()?;
    let classes = classes.into_iter().filter(|title| !title.is_empty()).map(|title| (None, Some(title)));
    for item in new.lessons.iter().map(|id| (Some(*id), None)).chain(classes) {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    match items.len() {
        0 => Err(Error::invalid("lessons", "请至少选一课，或写一个集中培训班")),
        count if count > MOST_ITEMS => Err(Error::invalid("lessons", format!("一个计划最多 {MOST_ITEMS} 项"))),
        _ => Ok(items),
    }
}

/// Every lesson must be there for everybody the plan binds, or they could never do it.
async fn all_may_learn(txn: &impl ConnectionTrait, new: &NewPlan, today: Day) -> Result<()> {
    let unit = org_unit::Entity::find_by_id(new.unit_id).one(txn).await?.ok_or(Error::UnitNotFound)?;
    let anybody = Viewer { homes: vec![unit.path], staff: Scope::default() };
    let wanted: BTreeSet<LessonId> = new.lessons.iter().copied().collect();
    let seen: Vec<LessonId> = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::Id)
        .filter(lesson::Column::Id.is_in(wanted.iter().copied()))
        .filter(published_for(&anybody, today))
        .into_tuple()
        .all(txn)
        .await?;
    match wanted.iter().find(|id| !seen.contains(id)) {
        None => Ok(()),
        Some(hidden) => {
            let title = lesson::Entity::find_by_id(*hidden).one(txn).await?.map(|lesson| lesson.title);
            let title = title.unwrap_or_else(|| hidden.to_string());
            Err(Error::invalid("lessons", format!("《{title}》没有发布，或不面向这个单位的所有人")))
        }
    }
}
