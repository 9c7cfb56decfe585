//! The form of a new play day: what was typed, and the list of lessons as it grows.

use crate::api::search::Searches;
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::typed;
use crate::pages::studio::picked::{self, Listed};
use actix_web::web::Data;
use catalog::asked::Asked;
use catalog::play_day::MOST_LESSONS;
use catalog::search::{Index, SearchQuery, SizeBand};
use entity::{Day, LessonId, UnitId};
use serde::Deserialize;

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

    /// The lessons of the list.
    pub fn lessons(&self) -> Vec<LessonId> {
        picked::lessons(&self.lessons, MOST_LESSONS)
    }

    /// Do what the button says with the list.
    pub fn act(&mut self) {
        self.lessons = picked::after(&self.deed, &self.lessons, MOST_LESSONS);
    }
}

/// Lessons with a recording that are found by what was typed.
pub async fn search(
    trainer: &Trainer,
    draft: &Draft,
    engine: (Data<Index>, &Searches, &Asked),
    db: &Database,
) -> ApiResult<Vec<Listed>> {
    let playable = SizeBand::ALL.iter().copied().filter(|band| *band != SizeBand::Article).collect();
    let query = SearchQuery { size_band: playable, ..SearchQuery::of(&typed(&draft.q)) };
    picked::search(trainer, query, &draft.lessons(), engine, db).await
}
