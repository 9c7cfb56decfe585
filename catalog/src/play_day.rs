//! Play days: the dates on which every station below a unit plays a list of lessons, and at what time.
//!
//! **All add.** A station plays what each unit above it has set: a county's days never hide the city's, and where both set
//! the same evening each list stands with its own time, at the same minute the higher unit's first. The nearest winning
//! would let a county drop what the city ordered without anybody seeing it.
//!
//! **Dated, never edited.** A play day is in force from one day on until it is ended; another time or another list is
//! another play day. So what a village was told to play on an evening can be read years later.
//!
//! Owns the rows `play_day` and `play_day_lesson`. Knows nothing of who watched what.

pub mod days;
mod form;
pub mod today;

pub use days::Days;
pub use form::{NewPlayDay, clock, minute_of};

use crate::trail::{self, Change};
use crate::{Error, Page, Result, page};
use chrono::Timelike;
use entity::{AccountId, Day, LessonId, Moment, PlayDayId, Scope, Verb, lesson, play_day, play_day_lesson};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Set,
};
use std::collections::HashMap;

/// The most lessons of one list: an evening is three hours long.
pub const MOST_LESSONS: usize = 20;

/// The most play days in force that one unit may set.
pub const MOST_OF_A_UNIT: u64 = 20;

/// Sets a play day. Whether the unit lies in the caller's reach is the caller's question; which lessons they may see is
/// asked here.
///
/// # Errors
/// [`Error::Invalid`] naming the field, [`Error::UnitNotFound`].
pub async fn create(
    db: &DatabaseConnection,
    new: NewPlayDay<'_>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<play_day::Model> {
    let checked = new.check(now)?;
    let txn = entity::writing::begin(db).await?;
    let unit = form::unit(&txn, new.unit_id).await?;
    form::lessons(&txn, &new, &unit, now.day()).await?;
    room_for_one_more(&txn, &new, now.day()).await?;
    let row = play_day::ActiveModel {
        unit_id: Set(new.unit_id),
        title: Set(checked.title),
        days: Set(checked.days.as_str().to_owned()),
        at_minute: Set(checked.at_minute),
        valid_from: Set(new.valid_from),
        ended_on: Set(None),
        created_by: Set(by),
        created_at: Set(now),
        ..Default::default()
    };
    let made = row.insert(&txn).await?;
    play_day_lesson::Entity::insert_many(list_of(made.id, new.lessons)).exec_without_returning(&txn).await?;
    let detail = format!("{} {} {}", made.title, made.days, clock(made.at_minute));
    trail::note(&txn, Verb::PlayDaySet, format!("play_day:{}", made.id), &detail, Change { by, now }).await?;
    txn.commit().await?;
    Ok(made)
}

fn list_of(id: PlayDayId, lessons: &[LessonId]) -> impl Iterator<Item = play_day_lesson::ActiveModel> {
    (1..).zip(lessons).map(move |(position, lesson)| play_day_lesson::ActiveModel {
        play_day_id: Set(id),
        position: Set(position),
        lesson_id: Set(*lesson),
    })
}

async fn room_for_one_more(txn: &impl ConnectionTrait, new: &NewPlayDay<'_>, today: Day) -> Result<()> {
    let own = play_day::Entity::find().filter(play_day::Column::UnitId.eq(new.unit_id)).filter(not_over(today));
    if own.count(txn).await? < MOST_OF_A_UNIT {
        return Ok(());
    }
    Err(Error::invalid("unit_id", format!("一个单位最多同时有 {MOST_OF_A_UNIT} 个播放日，请先结束用不上的")))
}

/// Ends a play day: today is its last day when today's playing has begun, else yesterday was. One that never came into
/// force has then no day at all. Ending twice changes nothing.
///
/// # Errors
/// [`Error::PlayDayNotFound`].
pub async fn end(
    db: &DatabaseConnection,
    id: PlayDayId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<play_day::Model> {
    let txn = entity::writing::begin(db).await?;
    let row = get(&txn, id).await?;
    if row.ended_on.is_some() {
        return Ok(row);
    }
    let today = now.day();
    let begun = row.valid_from <= today && days_of(&row).has(today) && minute_now(now) >= row.at_minute;
    let last = if begun { today } else { today.pred_opt().unwrap_or(today) };
    let change = play_day::ActiveModel { id: Set(id), ended_on: Set(Some(last)), ..Default::default() };
    let ended = change.update(&txn).await?;
    trail::note(&txn, Verb::PlayDayEnd, format!("play_day:{id}"), &ended.title, Change { by, now }).await?;
    txn.commit().await?;
    Ok(ended)
}

/// A play day by its id.
///
/// # Errors
/// [`Error::PlayDayNotFound`].
pub async fn get(db: &impl ConnectionTrait, id: PlayDayId) -> Result<play_day::Model> {
    play_day::Entity::find_by_id(id).one(db).await?.ok_or(Error::PlayDayNotFound)
}

/// A page of the play days that units of this scope have set, or that hold for it from above: those not over first, then
/// the newest.
///
/// # Errors
/// [`Error::PageOutOfRange`].
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    today: Day,
    page: u64,
    size: u64,
) -> Result<Page<play_day::Model>> {
    let first = page::first_row(page, size)?;
    let set_here = scope.reaches((play_day::Entity, play_day::Column::UnitId));
    let above = scope.paths().iter().flat_map(|path| entity::scope::ancestors_of(path));
    let from_above = Condition::all().add(play_day::Column::UnitId.is_in(above)).add(not_over(today));
    let query = play_day::Entity::find().filter(Condition::any().add(set_here).add(from_above));
    let total = query.clone().count(db).await?;
    let query = query.order_by_desc(not_over(today)).order_by_desc(play_day::Column::Id);
    Ok(Page { items: query.offset(first).limit(size).all(db).await?, total, page, size })
}

/// The lists of these play days, in their order, with lessons in whatever state.
pub async fn lessons_of(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = PlayDayId>,
) -> Result<HashMap<PlayDayId, Vec<lesson::Model>>> {
    let rows = play_day_lesson::Entity::find()
        .filter(play_day_lesson::Column::PlayDayId.is_in(ids))
        .order_by_asc(play_day_lesson::Column::PlayDayId)
        .order_by_asc(play_day_lesson::Column::Position)
        .all(db)
        .await?;
    let wanted = rows.iter().map(|row| row.lesson_id);
    let found = lesson::Entity::find().filter(lesson::Column::Id.is_in(wanted)).all(db).await?;
    let by_id: HashMap<LessonId, lesson::Model> = found.into_iter().map(|lesson| (lesson.id, lesson)).collect();
    let mut lists: HashMap<PlayDayId, Vec<lesson::Model>> = HashMap::new();
    for row in rows {
        lists.entry(row.play_day_id).or_default().extend(by_id.get(&row.lesson_id).cloned());
    }
    Ok(lists)
}

/// The dates of a row. What stands in the table was written by [`create`]; anything else falls on no day.
pub fn days_of(row: &play_day::Model) -> Days {
    Days::parse(&row.days).unwrap_or_else(|_| Days::never())
}

/// Minutes after midnight in Shanghai.
pub fn minute_now(now: Moment) -> i32 {
    let local = now.local();
    i32::try_from(local.hour() * 60 + local.minute()).unwrap_or_default()
}

fn not_over(today: Day) -> sea_orm::sea_query::SimpleExpr {
    use sea_orm::sea_query::ExprTrait;
    play_day::Column::EndedOn.is_null().or(play_day::Column::EndedOn.gte(today))
}
