//! What a room has played on a day: what its list ticks off.

use crate::Result;
use entity::{Day, LessonId, PlaybackMode, UnitId, playback};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashSet;

/// The lessons of a room's day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Begun, whatever came of it.
    pub begun: HashSet<LessonId>,
    /// Ended after at least half of it was really played, all its sessions of the day together.
    pub done: HashSet<LessonId>,
}

/// The most sessions of one room and day that are looked at.
const LOOKED_AT: u64 = 500;

/// What the room of this unit has played on this day.
///
/// # Errors
/// When the database fails.
pub async fn in_room(db: &impl ConnectionTrait, unit: UnitId, day: Day) -> Result<Played> {
    let query = playback::Entity::find()
        .filter(playback::Column::UnitId.eq(unit))
        .filter(playback::Column::Day.eq(day))
        .filter(playback::Column::Mode.eq(PlaybackMode::Group));
    let rows = query.limit(LOOKED_AT).all(db).await?;
    let mut played = Played::default();
    for row in &rows {
        played.begun.insert(row.lesson_id);
        let same = || rows.iter().filter(|other| other.lesson_id == row.lesson_id);
        let credited_ms: i64 = same().map(|other| other.credited_ms).sum();
        let longest_ms = same().map(|other| other.duration_ms).max().unwrap_or(0);
        if same().all(|other| other.closed_at.is_some()) && credited_ms.saturating_mul(2) >= longest_ms {
            played.done.insert(row.lesson_id);
        }
    }
    Ok(played)
}

/// The lessons a station is known to hold: those its player has played from a copy of its own, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn held_by(db: &impl ConnectionTrait, unit: UnitId) -> Result<Vec<LessonId>> {
    let latest = playback::Column::Id.max();
    let rows: Vec<(LessonId, i64)> = playback::Entity::find()
        .select_only()
        .column(playback::Column::LessonId)
        .column_as(latest.clone(), "latest")
        .filter(playback::Column::UnitId.eq(unit))
        .filter(playback::Column::PlaysCached.eq(true))
        .group_by(playback::Column::LessonId)
        .order_by_desc(latest)
        .limit(LOOKED_AT)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(lesson, _)| lesson).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use crate::testing::{LENGTH_MS, LESSON, START, Town, VILLAGE};
    use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};

    /// A session of the room that counted for so long; an open one when it is not over.
    async fn session(town: &Town, credited_ms: i64, over: bool) {
        let begun = town.group(&[], START).await.unwrap();
        let mut row = begun.playback.into_active_model();
        row.credited_ms = Set(credited_ms);
        row.closed_at = Set(over.then_some(START.plus_ms(1)));
        row.update(&town.db).await.unwrap();
    }

    #[tokio::test]
    async fn a_lesson_is_ticked_when_its_sessions_are_over_and_half_of_it_was_played() {
        let town = Town::with_people(1).await.unwrap();
        let look = async || in_room(&town.db, VILLAGE, START.day()).await.unwrap();
        assert_eq!(look().await, Played::default());
        session(&town, LENGTH_MS / 4, true).await;
        let quarter = look().await;
        assert!(quarter.begun.contains(&LESSON) && quarter.done.is_empty());
        session(&town, LENGTH_MS / 4, false).await;
        assert!(look().await.done.is_empty(), "it is still on");
        session(&town, 0, true).await;
        assert!(look().await.done.is_empty());
    }

    #[tokio::test]
    async fn two_halves_of_an_evening_add_up_and_yesterday_does_not_count() {
        let town = Town::with_people(1).await.unwrap();
        session(&town, LENGTH_MS / 4, true).await;
        session(&town, LENGTH_MS / 4, true).await;
        assert!(in_room(&town.db, VILLAGE, START.day()).await.unwrap().done.contains(&LESSON));
        let tomorrow = START.day().succ_opt().unwrap();
        assert_eq!(in_room(&town.db, VILLAGE, tomorrow).await.unwrap(), Played::default());
        assert_eq!(in_room(&town.db, UnitId(77), START.day()).await.unwrap(), Played::default());
    }

    #[tokio::test]
    async fn a_station_holds_what_it_played_from_a_copy_of_its_own() {
        let town = Town::with_people(1).await.unwrap();
        session(&town, LENGTH_MS, true).await;
        assert!(held_by(&town.db, VILLAGE).await.unwrap().is_empty(), "it came over the line");
        let begun = town.group(&[], START).await.unwrap();
        let mut row = begun.playback.into_active_model();
        row.plays_cached = Set(true);
        row.update(&town.db).await.unwrap();
        assert_eq!(held_by(&town.db, VILLAGE).await.unwrap(), [LESSON]);
        assert!(held_by(&town.db, entity::UnitId(99)).await.unwrap().is_empty());
    }
}
