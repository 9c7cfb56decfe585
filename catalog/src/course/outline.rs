//! The lessons of a course in their order.

use super::get;
use crate::audience::{Viewer, kept_by_staff, published_for};
use crate::trail::{self, Change};
use crate::{Error, Result};
use entity::{AccountId, CourseId, Day, LessonId, Moment, Scope, Verb, course, lesson};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use std::collections::{HashMap, HashSet};

/// Puts the lessons of a course that is still at `expected_version` into this order. They must be exactly its lessons:
/// who sorts a list that has changed meanwhile is told so ([`Error::Stale`]).
pub async fn arrange(
    db: &DatabaseConnection,
    id: CourseId,
    order: &[LessonId],
    expected_version: i32,
    by: Option<AccountId>,
    now: Moment,
) -> Result<course::Model> {
    let txn = entity::writing::begin(db).await?;
    let old = get(&txn, id).await?;
    let lessons = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::Id, lesson::Column::Position])
        .filter(lesson::Column::CourseId.eq(id));
    let places: HashMap<LessonId, i32> = lessons.into_tuple::<(LessonId, i32)>().all(&txn).await?.into_iter().collect();
    let wanted: HashSet<&LessonId> = order.iter().collect();
    if wanted.len() != order.len() || places.len() != order.len() || !order.iter().all(|one| places.contains_key(one)) {
        return Err(Error::Stale { current: old.version });
    }
    for (place, one) in (1..).zip(order) {
        if places.get(one) != Some(&place) {
            let row = lesson::ActiveModel { position: Set(place), ..Default::default() };
            lesson::Entity::update_many().set(row).filter(lesson::Column::Id.eq(*one)).exec(&txn).await?;
        }
    }
    let row =
        course::ActiveModel { updated_at: Set(now), version: Set(old.version.saturating_add(1)), ..Default::default() };
    let update = course::Entity::update_many().filter(course::Column::Id.eq(id)).set(row);
    if update.filter(course::Column::Version.eq(expected_version)).exec(&txn).await?.rows_affected == 0 {
        return Err(Error::Stale { current: old.version });
    }
    trail::course(&txn, id, Verb::CourseArrange, &old.title, Change { by, now }).await?;
    txn.commit().await?;
    get(db, id).await
}

/// Every lesson of a course, in whatever state, in their order.
pub async fn all_lessons(db: &impl ConnectionTrait, id: CourseId) -> Result<Vec<lesson::Model>> {
    let query = lesson::Entity::find().filter(lesson::Column::CourseId.eq(id));
    Ok(query.order_by_asc(lesson::Column::Position).order_by_asc(lesson::Column::Id).all(db).await?)
}

/// The ids of the lessons of a course in their order; of those that units in `reach` keep, when it is given.
pub async fn lesson_ids(db: &impl ConnectionTrait, id: CourseId, reach: Option<&Scope>) -> Result<Vec<LessonId>> {
    let mut query = lesson::Entity::find().select_only().column(lesson::Column::Id);
    query = query.filter(lesson::Column::CourseId.eq(id));
    if let Some(reach) = reach {
        query = query.filter(reach.reaches((lesson::Entity, lesson::Column::UnitId)));
    }
    let query = query.order_by_asc(lesson::Column::Position).order_by_asc(lesson::Column::Id);
    Ok(query.into_tuple().all(db).await?)
}

/// The lessons of a course this viewer may see, in their order.
pub async fn outline(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    id: CourseId,
    today: Day,
) -> Result<Vec<lesson::Model>> {
    let seen = Condition::any().add(published_for(viewer, today)).add(kept_by_staff(viewer));
    let query = lesson::Entity::find().filter(lesson::Column::CourseId.eq(id)).filter(seen);
    Ok(query.order_by_asc(lesson::Column::Position).order_by_asc(lesson::Column::Id).limit(2_000).all(db).await?)
}
