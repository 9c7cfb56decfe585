//! The form of a new training plan: what was typed, and the list of lessons as it grows.

use crate::api::search::Searches;
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::typed;
use crate::pages::pairs::Pairs;
use crate::pages::studio::picked::{self, Listed};
use actix_web::web::Data;
use catalog::asked::Asked;
use catalog::plan::{MOST_ITEMS, NewPlan, first_of_year};
use catalog::search::{Index, SearchQuery};
use entity::{Day, LessonId, PostKind, UnitId};

/// What stands in the form, and which of its buttons was pressed.
#[derive(Debug, Default)]
pub struct Draft {
    /// For the people of this unit.
    pub unit_id: String,
    /// What people call it.
    pub title: String,
    /// A word to those it binds.
    pub note: String,
    /// The posts it binds; everybody when empty.
    pub posts: Vec<PostKind>,
    /// The first day whose study counts.
    pub from_on: String,
    /// The last day.
    pub due_on: String,
    /// The lessons so far: ids apart by commas.
    pub lessons: String,
    /// Titles of classes, a line each.
    pub classes: String,
    /// What is searched for.
    pub q: String,
    /// The button: `save`, `search`, or `add`, `up`, `down`, `drop` with a lesson's id behind a colon.
    pub deed: String,
}

impl Draft {
    /// A form for this unit: what was learnt this year counts.
    pub fn empty(unit: UnitId, today: Day) -> Self {
        Self { unit_id: unit.to_string(), from_on: first_of_year(today).to_string(), ..Self::default() }
    }

    /// The form as it was sent.
    pub fn of(pairs: &Pairs) -> Self {
        Self {
            unit_id: pairs.text("unit_id"),
            title: pairs.text("title"),
            note: pairs.text("note"),
            posts: pairs.all("posts").filter_map(PostKind::parse).collect(),
            from_on: pairs.text("from_on"),
            due_on: pairs.text("due_on"),
            lessons: pairs.text("lessons"),
            classes: pairs.text("classes"),
            q: pairs.text("q"),
            deed: pairs.text("do"),
        }
    }

    /// Whether the button was the one that saves.
    pub fn is_to_be_saved(&self) -> bool {
        self.deed == "save"
    }

    /// The lessons of the list.
    pub fn lessons(&self) -> Vec<LessonId> {
        picked::lessons(&self.lessons, MOST_ITEMS)
    }

    /// Do what the button says with the list.
    pub fn act(&mut self) {
        self.lessons = picked::after(&self.deed, &self.lessons, MOST_ITEMS);
    }

    /// The plan, or which field is no day.
    pub fn to_new(&self, unit_id: UnitId) -> Result<NewPlan, (&'static str, &'static str)> {
        let day = |field, text: &str| text.trim().parse().map_err(|_| (field, "请填写日期"));
        Ok(NewPlan {
            title: self.title.clone(),
            note: self.note.clone(),
            unit_id,
            posts: self.posts.clone(),
            from_on: day("from_on", &self.from_on)?,
            due_on: day("due_on", &self.due_on)?,
            lessons: self.lessons(),
            classes: self.classes.lines().map(str::to_owned).collect(),
        })
    }
}

/// Lessons that are found by what was typed.
pub async fn search(
    trainer: &Trainer,
    draft: &Draft,
    engine: (Data<Index>, &Searches, &Asked),
    db: &Database,
) -> ApiResult<Vec<Listed>> {
    let query = SearchQuery::of(&typed(&draft.q));
    picked::search(trainer, query, &draft.lessons(), engine, db).await
}
