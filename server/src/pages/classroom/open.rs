//! The class that is still on: offered to whoever runs it where they come back to after a power cut, and before they begin
//! another.

use crate::auth::identity::Operator;
use crate::database::Database;
use crate::error::ApiResult;
use chrono::Datelike;
use entity::{Day, Moment, PlaybackId, lesson};
use player::classroom;
use sea_orm::EntityTrait;

/// A class that nobody has ended; drawn by `classroom/open.html`.
pub(super) struct OpenClass {
    pub(super) id: PlaybackId,
    pub(super) title: String,
    pub(super) began: String,
    pub(super) present: usize,
    /// The page that follows once it is ended.
    pub(super) then: String,
}

/// The newest class that this caller runs and nobody has ended: they may play it, as on its own page. `then` names the page
/// that follows its end.
pub(super) async fn open_class(
    db: &Database,
    caller: &Operator,
    then: impl FnOnce(PlaybackId) -> String,
) -> ApiResult<Option<OpenClass>> {
    let Some(row) = classroom::open_room_of(&db.read, caller.account_id).await? else { return Ok(None) };
    let lesson = lesson::Entity::find_by_id(row.lesson_id).one(&db.read).await?;
    Ok(Some(OpenClass {
        id: row.id,
        title: lesson.map(|lesson| lesson.title).unwrap_or_default(),
        began: spoken(row.started_at, Moment::now().day()),
        present: classroom::present(&db.read, row.id).await?.len(),
        then: then(row.id),
    }))
}

/// `今天 19:30`, or with its date when it was another day.
fn spoken(at: Moment, today: Day) -> String {
    let (local, day) = (at.local().format("%H:%M"), at.day());
    if day == today { format!("今天 {local}") } else { format!("{}月{}日 {local}", day.month(), day.day()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_of_another_day_says_which() {
        let evening = Moment(1_764_243_000_000);
        assert_eq!(spoken(evening, evening.day()), "今天 19:30");
        assert_eq!(spoken(evening, evening.plus_ms(86_400_000).day()), "11月27日 19:30");
    }
}
