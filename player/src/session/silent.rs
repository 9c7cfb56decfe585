//! Sessions of which nothing is heard any more.

use super::{END_MS, END_PART};
use crate::classroom::presence;
use crate::{Result, beat};
use entity::{Moment, PlaybackId, PlaybackMode, playback};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Ends the sessions that nobody ends, each at its last sign of life; answers which.
///
/// One that stands still at the end of its lesson ends after ten minutes of silence. Any other may be playing on without
/// a line, also when it was paused before, so it waits [`beat::LATEST_MS`] for the beats that were made meanwhile: what is
/// cut off here is lost. Until then its minutes are shown as not yet in the archive.
///
/// At most 500 at a time, so that the beats of everybody else need not wait: call again until none is left.
///
/// # Errors
/// When the database fails.
pub async fn close_stale(db: &DatabaseConnection, now: Moment) -> Result<Vec<PlaybackId>> {
    let through = Condition::all()
        .add(playback::Column::LastPlaying.eq(false))
        .add(at_the_end())
        .add(playback::Column::LastBeatAt.lt(now.plus_ms(-beat::IDLE_MS)));
    let silent = playback::Column::LastBeatAt.lt(now.plus_ms(-beat::LATEST_MS));
    let over =
        Condition::all().add(playback::Column::ClosedAt.is_null()).add(Condition::any().add(through).add(silent));
    let txn = entity::writing::begin(db).await?;
    let rows = playback::Entity::find()
        .filter(over)
        .order_by_asc(playback::Column::Id)
        .limit(500)
        .lock_exclusive()
        .all(&txn)
        .await?;
    let ids: Vec<PlaybackId> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    for room in rows.iter().filter(|row| row.mode == PlaybackMode::Group) {
        presence::end_all(&txn, room.id, room.last_beat_at).await?;
    }
    playback::Entity::update_many()
        .col_expr(playback::Column::ClosedAt, Expr::col(playback::Column::LastBeatAt))
        .filter(playback::Column::Id.is_in(ids.iter().copied()))
        .exec(&txn)
        .await?;
    txn.commit().await?;
    Ok(ids)
}

/// [`super::is_as_good_as_the_end`] of where a session was last, for the database.
fn at_the_end() -> Condition {
    let left_ms = || Expr::col(playback::Column::DurationMs).sub(Expr::col(playback::Column::LastPositionMs));
    Condition::any()
        .add(left_ms().lte(END_MS))
        .add(left_ms().mul(END_PART).lte(Expr::col(playback::Column::DurationMs)))
}
