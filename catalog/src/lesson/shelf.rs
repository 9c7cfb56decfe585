//! The lessons a viewer may see: one of them, pages of them, and those that are in season.

use crate::audience::{Viewer, kept_by_staff, published_for};
use crate::{Error, Page, Result, page, season};
use entity::{AccountId, Category, CourseId, Day, LessonId, LessonState, Scope, lesson};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// How many of the most watched lessons with a season are looked at for "in season".
const SEASON_CANDIDATES: u64 = 2_000;

/// Which lessons a list holds, and in which order.
#[derive(Clone, Debug, Default)]
pub struct LessonFilter {
    /// Only those in this state; without it the published ones. Other states are listed to staff only.
    pub state: Option<LessonState>,
    /// Every state, to staff only; `state` wins.
    pub any_state: bool,
    /// Only this category.
    pub category: Option<Category>,
    /// Only this course.
    pub course_id: Option<CourseId>,
    /// Only what this account made.
    pub created_by: Option<AccountId>,
    /// Only what is kept by units of this scope.
    pub unit: Option<Scope>,
    /// Only titles that hold this text.
    pub q: Option<String>,
    /// Most watched first; otherwise last changed first.
    pub by_plays: bool,
}

/// A lesson when this viewer may see it: published, valid today and meant for them, or kept by a unit of their staff
/// scope in whatever state.
pub async fn visible(db: &impl ConnectionTrait, viewer: &Viewer, id: LessonId, day: Day) -> Result<lesson::Model> {
    let seen = Condition::any().add(published_for(viewer, day)).add(kept_by_staff(viewer));
    lesson::Entity::find_by_id(id).filter(seen).one(db).await?.ok_or(Error::LessonNotFound)
}

/// A page of lessons this viewer may see.
pub async fn list(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: LessonFilter,
    day: Day,
    page: u64,
    size: u64,
) -> Result<Page<lesson::Model>> {
    let first = page::first_row(page, size)?;
    let query = lesson::Entity::find().filter(condition(viewer, &filter, day));
    let total = query.clone().count(db).await?;
    let query = match filter.by_plays {
        true => query.order_by_desc(lesson::Column::Plays),
        false => query.order_by_desc(lesson::Column::UpdatedAt),
    };
    let items = query.order_by_desc(lesson::Column::Id).offset(first).limit(size).all(db).await?;
    Ok(Page { items, total, page, size })
}

fn condition(viewer: &Viewer, filter: &LessonFilter, day: Day) -> Condition {
    let mut all = match filter.state {
        None if filter.any_state => Condition::all().add(kept_by_staff(viewer)),
        None | Some(LessonState::Published) => Condition::all().add(published_for(viewer, day)),
        Some(state) => Condition::all().add(kept_by_staff(viewer)).add(lesson::Column::State.eq(state)),
    };
    if let Some(category) = filter.category {
        all = all.add(lesson::Column::Category.eq(category));
    }
    if let Some(course) = filter.course_id {
        all = all.add(lesson::Column::CourseId.eq(course));
    }
    if let Some(account) = filter.created_by {
        all = all.add(lesson::Column::CreatedBy.eq(account));
    }
    if let Some(scope) = &filter.unit {
        all = all.add(scope.reaches((lesson::Entity, lesson::Column::UnitId)));
    }
    match filter.q.as_deref().map(str::trim) {
        Some(q) if !q.is_empty() => all.add(lesson::Column::Title.contains(q)),
        _ => all,
    }
}

/// Lessons whose season fits `day`, most watched first.
pub async fn in_season(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    day: Day,
    limit: usize,
) -> Result<Vec<lesson::Model>> {
    let seasons: Vec<(LessonId, Option<String>)> = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::Id)
        .column(lesson::Column::Season)
        .filter(published_for(viewer, day))
        .filter(lesson::Column::Season.is_not_null())
        .order_by_desc(lesson::Column::Plays)
        .order_by_asc(lesson::Column::Id)
        .limit(SEASON_CANDIDATES)
        .into_tuple()
        .all(db)
        .await?;
    let fits = |season: &Option<String>| season.as_deref().is_some_and(|season| season::fits(season, day));
    let ids = seasons.into_iter().filter(|(_, season)| fits(season)).map(|(id, _)| id).take(limit);
    let query = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids.collect::<Vec<_>>()));
    Ok(query.order_by_desc(lesson::Column::Plays).order_by_asc(lesson::Column::Id).all(db).await?)
}
