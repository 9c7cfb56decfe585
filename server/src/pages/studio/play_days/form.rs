//! The form of a new play day: what was typed, and the list of lessons as it grows.

use crate::api::search::{Searches, ask};
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::typed;
use crate::pages::figures;
use actix_web::web::Data;
use catalog::asked::Asked;
use catalog::audience;
use catalog::play_day::MOST_LESSONS;
use catalog::search::{Index, SearchQuery, SizeBand};
use entity::{Day, LessonId, Moment, UnitId, lesson};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;

/// Hits that are offered.
const HITS: u64 = 8;

/// What stands in the form, and which of its buttons was pressed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// For the stations of this unit.
    pub unit_id: String,
    /// What people call it.
    pub title: String,
    /// Days of the month.
    pub days: String,
    /// When it begins.
    pub at: String,
    /// The first day.
    pub valid_from: String,
    /// The list so far: ids apart by commas.
    pub lessons: String,
    /// What is searched for.
    pub q: String,
    /// The button: `save`, `search`, or `add`, `up`, `down`, `drop` with a lesson's id behind a colon.
    #[serde(rename = "do")]
    pub deed: String,
}

/// A lesson in the list or among the hits.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The lesson.
    pub id: LessonId,
    /// Its title.
    pub title: String,
    /// Its length as people read it.
    pub length: String,
    /// It stands in the list.
    pub chosen: bool,
}

impl Draft {
    /// A form for this unit, in force from tomorrow.
    pub fn empty(unit: UnitId, today: Day) -> Self {
        Self {
            unit_id: unit.to_string(),
            at: "19:30".into(),
            valid_from: today.succ_opt().unwrap_or(today).to_string(),
            ..Self::default()
        }
    }

    /// Whether the button was the one that saves.
    pub fn is_to_be_saved(&self) -> bool {
        self.deed == "save"
    }

    /// The list. What is no number was typed by nobody and is left out.
    pub fn lessons(&self) -> Vec<LessonId> {
        self.lessons.split(',').filter_map(|id| id.trim().parse().ok()).take(MOST_LESSONS + 1).collect()
    }

    /// Do what the button says with the list.
    pub fn act(&mut self) {
        let mut list = self.lessons();
        let (deed, id) = self.deed.split_once(':').unwrap_or((&self.deed, ""));
        let Ok(id) = id.parse::<LessonId>() else { return };
        let at = list.iter().position(|other| *other == id);
        match (deed, at) {
            ("add", None) => list.push(id),
            ("drop", Some(at)) => drop(list.remove(at)),
            ("up", Some(at)) if at > 0 => list.swap(at, at - 1),
            ("down", Some(at)) if at + 1 < list.len() => list.swap(at, at + 1),
            _ => {}
        }
        self.lessons = list.iter().map(LessonId::to_string).collect::<Vec<_>>().join(",");
    }
}

/// The lessons of the list that the caller may see, in its order.
pub async fn listed(db: &Database, trainer: &Trainer, ids: &[LessonId]) -> ApiResult<Vec<Listed>> {
    let visible = audience::published_for(&trainer.viewer(), Moment::now().day());
    let query = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids.iter().copied())).filter(visible);
    let mut rows = query.all(&db.read).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok(rows.into_iter().map(|row| Listed::of(row, true)).collect())
}

/// Lessons with a recording that are found by what was typed.
pub async fn search(
    trainer: &Trainer,
    draft: &Draft,
    (index, searches, asked): (Data<Index>, &Searches, &Asked),
    db: &Database,
) -> ApiResult<Vec<Listed>> {
    let playable = SizeBand::ALL.iter().copied().filter(|band| *band != SizeBand::Article).collect();
    let query = SearchQuery { size_band: playable, size: HITS, ..SearchQuery::of(&typed(&draft.q)) };
    let answer = ask(trainer, query, Moment::now().day(), index, searches, asked).await?;
    let ids: Vec<LessonId> = answer.hits.iter().map(|hit| hit.lesson_id).collect();
    let (mut hits, list) = (listed(db, trainer, &ids).await?, draft.lessons());
    for hit in &mut hits {
        hit.chosen = list.contains(&hit.id);
    }
    Ok(hits)
}

impl Listed {
    fn of(row: lesson::Model, chosen: bool) -> Self {
        Self { id: row.id, length: figures::minutes(row.duration_ms), title: row.title, chosen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lessons: &str, deed: &str) -> String {
        let mut draft = Draft { lessons: lessons.into(), deed: deed.into(), ..Draft::default() };
        draft.act();
        draft.lessons
    }

    #[test]
    fn the_buttons_add_order_and_take_out() {
        assert_eq!(after("", "add:7"), "7");
        assert_eq!(after("7,8", "add:7"), "7,8");
        assert_eq!(after("7,8,9", "up:9"), "7,9,8");
        assert_eq!(after("7,8,9", "up:7"), "7,8,9");
        assert_eq!(after("7,8,9", "down:7"), "8,7,9");
        assert_eq!(after("7,8,9", "down:9"), "7,8,9");
        assert_eq!(after("7,8,9", "drop:8"), "7,9");
    }

    #[test]
    fn a_list_nobody_made_stays_bounded() {
        assert_eq!(after("x,7,,-,8", "search"), "x,7,,-,8");
        assert_eq!(Draft { lessons: "x,7,,8".into(), ..Draft::default() }.lessons(), [LessonId(7), LessonId(8)]);
        let long = (1..100).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(Draft { lessons: long, ..Draft::default() }.lessons().len(), MOST_LESSONS + 1);
    }
}
