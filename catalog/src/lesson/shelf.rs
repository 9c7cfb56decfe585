//! The lessons a viewer may see: one of them, pages of them, and those that are in season.

use super::LessonFilter;
use crate::audience::{Viewer, kept_by_staff, published_for};
use crate::season::InSeason;
use crate::{Error, Page, Result, page};
use entity::{Day, LessonId, LessonState, Moment, lesson, notice};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use std::collections::HashMap;

/// How many of the most watched lessons with a season or a crop are looked at for "in season".
const SEASON_CANDIDATES: u64 = 2_000;

/// A lesson when this viewer may see it: published, valid today and meant for them, or kept by a unit of their staff
/// scope in whatever state.
pub async fn visible(db: &impl ConnectionTrait, viewer: &Viewer, id: LessonId, day: Day) -> Result<lesson::Model> {
    let seen = Condition::any().add(published_for(viewer, day)).add(kept_by_staff(viewer));
    lesson::Entity::find_by_id(id).filter(seen).one(db).await?.ok_or(Error::LessonNotFound)
}

/// Until when a lesson was valid that this viewer could see if it were still: `None` for any other.
pub async fn expired(db: &impl ConnectionTrait, viewer: &Viewer, row: &lesson::Model, day: Day) -> Result<Option<Day>> {
    let Some(until) = row.valid_until.filter(|until| *until < day) else { return Ok(None) };
    let seen = lesson::Entity::find_by_id(row.id).filter(published_for(viewer, until)).one(db).await?;
    Ok(seen.map(|_| until))
}

/// Tells the authors of published lessons that ran out of their last day since they were told, and answers how many
/// lessons that were.
pub async fn tell_expired(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    const KIND: &str = "lesson.expired";
    let told = notice::Entity::find().select_only().column(notice::Column::SubjectId);
    let told = told.filter(notice::Column::Kind.eq(KIND)).into_query();
    let over = lesson::Entity::find()
        .filter(lesson::Column::State.eq(LessonState::Published))
        .filter(lesson::Column::ValidUntil.lt(now.day()))
        .filter(lesson::Column::CreatedBy.is_not_null())
        .filter(lesson::Column::Id.not_in_subquery(told))
        .limit(500)
        .all(db)
        .await?;
    for row in &over {
        let until = row.valid_until.map(|day| day.to_string()).unwrap_or_default();
        let text = format!("《{}》的有效期 {until} 已过，学员不再看到。请更新内容或有效期", row.title);
        crate::notice::tell(db, crate::notice::authors(row), KIND, row.id.0, &text, now).await?;
    }
    Ok(over.len() as u64)
}

/// A page of lessons this viewer may see.
pub async fn list(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &LessonFilter,
    day: Day,
    page: u64,
    size: u64,
) -> Result<Page<lesson::Model>> {
    let first = page::first_row(page, size)?;
    // Ids alone: whole rows, with texts of any length, would be carried through the sort.
    let query = lesson::Entity::find().select_only().column(lesson::Column::Id).filter(filter.condition(viewer, day));
    let total = query.clone().count(db).await?;
    let ids: Vec<LessonId> = filter.order.of(query).offset(first).limit(size).into_tuple().all(db).await?;
    let rows = lesson::Entity::find().filter(lesson::Column::Id.is_in(entity::padded(ids.iter().copied())));
    let mut rows: HashMap<LessonId, lesson::Model> = rows.all(db).await?.into_iter().map(|row| (row.id, row)).collect();
    let items = ids.iter().filter_map(|id| rows.remove(id)).collect();
    Ok(Page { items, total, page, size })
}

/// How many lessons there are in each state, all else being as the filter says; a state without any is not named.
pub async fn by_state(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &LessonFilter,
    day: Day,
) -> Result<HashMap<LessonState, u64>> {
    let every = LessonFilter { state: None, ..filter.clone() };
    let counts: Vec<(LessonState, i64)> = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::State)
        .column_as(lesson::Column::Id.count(), "lessons")
        .filter(every.condition(viewer, day))
        .group_by(lesson::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counts.into_iter().map(|(state, count)| (state, u64::try_from(count).unwrap_or(0))).collect())
}

/// The languages of the lessons a viewer's staff scope keeps, the most usual first; at most fifty.
pub async fn languages(db: &impl ConnectionTrait, viewer: &Viewer) -> Result<Vec<String>> {
    let query = lesson::Entity::find().select_only().column(lesson::Column::Language);
    let query = query.filter(kept_by_staff(viewer)).filter(lesson::Column::Language.ne(""));
    let query = query.group_by(lesson::Column::Language).order_by_desc(lesson::Column::Id.count());
    Ok(query.order_by_asc(lesson::Column::Language).limit(50).into_tuple().all(db).await?)
}

/// Lessons that are in season, most watched first: those that say so themselves, and those on a crop there is work with.
pub async fn in_season(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    now: &InSeason,
    limit: usize,
) -> Result<Vec<lesson::Model>> {
    let may_fit = lesson::Column::Season.is_not_null().or(lesson::Column::Crop.is_in(now.crops()));
    let rows: Vec<(LessonId, Option<String>, Option<String>)> = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::Id, lesson::Column::Season, lesson::Column::Crop])
        .filter(published_for(viewer, now.day()))
        .filter(may_fit)
        .order_by_desc(lesson::Column::Plays)
        .order_by_asc(lesson::Column::Id)
        .limit(SEASON_CANDIDATES)
        .into_tuple()
        .all(db)
        .await?;
    let fits =
        |(_, season, crop): &(LessonId, Option<String>, Option<String>)| now.fits(season.as_deref(), crop.as_deref());
    let ids = rows.into_iter().filter(fits).map(|(id, ..)| id).take(limit);
    let query = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids.collect::<Vec<_>>()));
    Ok(query.order_by_desc(lesson::Column::Plays).order_by_asc(lesson::Column::Id).all(db).await?)
}

/// What a make-up list (补学) may hold.
#[derive(Clone, Debug, Default)]
pub struct MakeUp {
    /// Only lessons in these languages.
    pub languages: Vec<String>,
    /// Not these: they were learnt already.
    pub without: Vec<LessonId>,
    /// These before all others: they are at hand.
    pub first: Vec<LessonId>,
    /// Only lessons at least this long, so that they can count.
    pub at_least_ms: i64,
}

/// A page of the lessons with which this viewer could make up for missing hours: published, valid, meant for them, in a
/// language of theirs, not learnt yet. What is at hand stands first, then the newest.
pub async fn make_up(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    wanted: &MakeUp,
    day: Day,
    page: u64,
    size: u64,
) -> Result<Page<lesson::Model>> {
    let first = page::first_row(page, size)?;
    let query = lesson::Entity::find()
        .filter(published_for(viewer, day))
        .filter(lesson::Column::Language.is_in(&wanted.languages))
        .filter(lesson::Column::DurationMs.gte(wanted.at_least_ms))
        .filter(lesson::Column::Id.is_not_in(wanted.without.iter().copied()));
    let total = query.clone().count(db).await?;
    let at_hand = lesson::Column::Id.is_in(wanted.first.iter().copied());
    let items = query
        .order_by_asc(Expr::expr(Expr::case(at_hand, 0_i32).finally(1_i32)))
        .order_by_desc(lesson::Column::PublishedOn)
        .order_by_desc(lesson::Column::Id)
        .offset(first)
        .limit(size)
        .all(db)
        .await?;
    Ok(Page { items, total, page, size })
}
