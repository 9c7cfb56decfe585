//! What a station is to play today, and when the next play day is.

use super::{days_of, lessons_of};
use crate::Result;
use crate::audience::{self, Viewer};
use entity::{Day, LessonId, Moment, PlayDayId, lesson, play_day, scope};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashSet;

/// The most play days that are looked at for one station: every unit above it may have its twenty.
const LOOKED_AT: u64 = 200;

/// One list of one evening.
#[derive(Clone, Debug)]
pub struct Showing {
    /// The play day.
    pub play_day: play_day::Model,
    /// When it begins.
    pub at: Moment,
    /// What is played, in its order; a lesson that was withdrawn since, or is not for this viewer, is left out.
    pub lessons: Vec<lesson::Model>,
}

/// The next evening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// When it begins.
    pub at: Moment,
    /// What people call it.
    pub title: String,
}

/// The lists a station with this path plays on this day: by their time, at the same minute the higher unit's first.
pub async fn showings(db: &impl ConnectionTrait, viewer: &Viewer, path: &str, day: Day) -> Result<Vec<Showing>> {
    let mut rows = in_force(db, path, day).await?;
    rows.retain(|row| row.valid_from <= day && days_of(row).has(day));
    let above = scope::ancestors_of(path);
    let height = |row: &play_day::Model| above.iter().position(|unit| *unit == row.unit_id);
    rows.sort_by_key(|row| (row.at_minute, height(row), row.id));
    let mut lists = lessons_of(db, rows.iter().map(|row| row.id)).await?;
    let open = open_to(db, viewer, day, lists.values().flatten().map(|lesson| lesson.id)).await?;
    let showing = |row: play_day::Model| {
        let mut lessons = lists.remove(&row.id).unwrap_or_default();
        lessons.retain(|lesson| lesson.media_sha256.is_some() && open.contains(&lesson.id));
        Showing { at: begins(&row, day), lessons, play_day: row }
    };
    Ok(rows.into_iter().map(showing).collect())
}

/// The first evening after this day.
pub async fn next_after(db: &impl ConnectionTrait, path: &str, day: Day) -> Result<Option<Next>> {
    let Some(tomorrow) = day.succ_opt() else { return Ok(None) };
    let rows = in_force(db, path, tomorrow).await?;
    let coming = rows.iter().filter_map(|row| {
        let on = days_of(row).next_from(row.valid_from.max(tomorrow))?;
        row.ended_on.is_none_or(|last| on <= last).then(|| (begins(row, on), row.id, row))
    });
    let first = coming.min_by_key(|(at, id, _)| (*at, *id));
    Ok(first.map(|(at, _, row)| Next { at, title: row.title.clone() }))
}

/// Which play days put this lesson on today's lists, and the lessons after it on each.
pub fn after(showings: &[Showing], lesson: LessonId) -> Option<(PlayDayId, &[lesson::Model])> {
    showings.iter().find_map(|showing| {
        let at = showing.lessons.iter().position(|row| row.id == lesson)?;
        Some((showing.play_day.id, showing.lessons.get(at + 1..).unwrap_or_default()))
    })
}

fn begins(row: &play_day::Model, day: Day) -> Moment {
    Moment::start_of(day).plus_ms(i64::from(row.at_minute) * 60_000)
}

/// The play days of all units from this one up that are not over before this day.
async fn in_force(db: &impl ConnectionTrait, path: &str, day: Day) -> Result<Vec<play_day::Model>> {
    use sea_orm::sea_query::ExprTrait;
    let not_over = play_day::Column::EndedOn.is_null().or(play_day::Column::EndedOn.gte(day));
    let query = play_day::Entity::find()
        .filter(play_day::Column::UnitId.is_in(scope::ancestors_of(path)))
        .filter(not_over)
        .order_by_asc(play_day::Column::Id)
        .limit(LOOKED_AT);
    Ok(query.all(db).await?)
}

async fn open_to(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    day: Day,
    ids: impl Iterator<Item = LessonId>,
) -> Result<HashSet<LessonId>> {
    let query = lesson::Entity::find().select_only().column(lesson::Column::Id).filter(lesson::Column::Id.is_in(ids));
    let open: Vec<LessonId> = query.filter(audience::published_for(viewer, day)).into_tuple().all(db).await?;
    Ok(open.into_iter().collect())
}
