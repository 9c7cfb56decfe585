//! Sessions that several people of a unit began in the same lesson within the same second: one script may have done it.

use crate::Result;
use crate::view::Slice;
use entity::{PlaybackMode, Scope, UnitId, playback};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

/// From so many people on it is told.
const FEWEST: i64 = 3;

/// How many such sessions each unit has, a group of them at a time.
pub(super) async fn of_units(db: &impl ConnectionTrait, scope: &Scope, slice: &Slice) -> Result<Vec<(UnitId, u64)>> {
    let second = || Expr::col(playback::Column::StartedAt).div(1000);
    let people = || Expr::col(playback::Column::PersonId).count_distinct();
    let rows: Vec<(UnitId, i64)> = playback::Entity::find()
        .select_only()
        .column(playback::Column::UnitId)
        .column_as(people(), "people")
        .filter(playback::Column::Mode.eq(PlaybackMode::Solo))
        .filter(playback::Column::Day.between(slice.from, slice.to))
        .filter(scope.reaches((playback::Entity, playback::Column::UnitId)))
        .group_by(playback::Column::UnitId)
        .group_by(playback::Column::LessonId)
        .group_by(second())
        .having(people().gte(FEWEST))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(unit, people)| (unit, u64::try_from(people).unwrap_or(0))).collect())
}
