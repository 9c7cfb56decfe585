//! What the outbox tells of lessons that changed, and for how long.

use crate::Result;
use entity::{LessonId, LessonState, Moment, OutboxId, lesson, outbox};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// How long outbox rows are kept for a process that was away.
const OUTBOX_DAYS: i64 = 7;

/// The highest row there is; 0 when there is none.
pub(super) async fn last(db: &impl ConnectionTrait) -> Result<i64> {
    let query = outbox::Entity::find().select_only().column_as(outbox::Column::Id.max(), "last");
    let last: Option<Option<OutboxId>> = query.into_tuple().one(db).await?;
    Ok(last.flatten().map_or(0, |id| id.0))
}

/// The number and the lesson of the rows above this one, in their order.
pub(super) async fn above(db: &impl ConnectionTrait, row: i64, most: u64) -> Result<Vec<(i64, LessonId)>> {
    let query = outbox::Entity::find().select_only().columns([outbox::Column::Id, outbox::Column::LessonId]);
    let query = query.filter(outbox::Column::Id.gt(OutboxId(row))).order_by_asc(outbox::Column::Id).limit(most);
    let rows: Vec<(OutboxId, LessonId)> = query.into_tuple().all(db).await?;
    Ok(rows.into_iter().map(|(id, lesson)| (id.0, lesson)).collect())
}

/// Lessons withdrawn in rows above this one: they go first, however many changes wait.
pub(super) async fn withdrawn_after(db: &impl ConnectionTrait, row: i64) -> Result<Vec<LessonId>> {
    let changed = Query::select()
        .column(outbox::Column::LessonId)
        .from(outbox::Entity)
        .and_where(outbox::Column::Id.gt(OutboxId(row)))
        .to_owned();
    let query = lesson::Entity::find().select_only().column(lesson::Column::Id);
    let withdrawn = query.filter(lesson::Column::State.ne(LessonState::Published));
    Ok(withdrawn.filter(lesson::Column::Id.in_subquery(changed)).into_tuple().all(db).await?)
}

/// Whether outbox rows above `applied` may have been trimmed: the oldest that is left then lies above the next.
pub(super) async fn slept_too_long(db: &impl ConnectionTrait, applied: i64) -> Result<bool> {
    let query = outbox::Entity::find().select_only().column_as(outbox::Column::Id.min(), "oldest");
    let oldest: Option<Option<OutboxId>> = query.into_tuple().one(db).await?;
    Ok(oldest.flatten().is_some_and(|oldest| oldest.0 > applied.saturating_add(1)))
}

/// Drops outbox rows that every process has long applied and returns how many. The newest of the old ones stays: it tells
/// a process that was away for longer that it has missed some, and keeps ids from being used twice.
pub async fn trim_outbox(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    let old = outbox::Column::At.lt(now.plus_ms(-OUTBOX_DAYS * 86_400_000));
    let query = outbox::Entity::find().select_only().column_as(outbox::Column::Id.max(), "newest").filter(old);
    let newest: Option<Option<OutboxId>> = query.into_tuple().one(db).await?;
    let Some(newest) = newest.flatten() else { return Ok(0) };
    let done = outbox::Entity::delete_many().filter(outbox::Column::Id.lt(newest)).exec(db).await?;
    Ok(done.rows_affected)
}
