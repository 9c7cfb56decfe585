//! The form of a new training plan: what was typed, and the list of lessons as it grows.

use crate::api::search::{Searches, ask};
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::typed;
use crate::pages::figures;
use crate::pages::pairs::Pairs;
use actix_web::web::Data;
use catalog::asked::Asked;
use catalog::audience;
use catalog::plan::{MOST_ITEMS, NewPlan, first_of_year};
use catalog::search::{Index, SearchQuery};
use entity::{Day, LessonId, Moment, PostKind, UnitId, lesson};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// Hits that are offered.
const HITS: u64 = 8;

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

    /// The lessons. What is no number was typed by nobody and is left out.
    pub fn lessons(&self) -> Vec<LessonId> {
        self.lessons.split(',').filter_map(|id| id.trim().parse().ok()).take(MOST_ITEMS + 1).collect()
    }

    /// Do what the button says with the list.
    pub fn act(&mut self) {
        let mut list = self.lessons();
        let (deed, id) = self.deed.split_once(':').unwrap_or((&self.deed, ""));
        let Ok(id) = id.parse::<LessonId>() else { return };
        match (deed, list.iter().position(|other| *other == id)) {
            ("add", None) => list.push(id),
            ("drop", Some(at)) => drop(list.remove(at)),
            ("up", Some(at)) if at > 0 => list.swap(at, at - 1),
            ("down", Some(at)) if at + 1 < list.len() => list.swap(at, at + 1),
            _ => {}
        }
        self.lessons = list.iter().map(LessonId::to_string).collect::<Vec<_>>().join(",");
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

/// The lessons of the list that the caller may see, in its order.
pub async fn listed(db: &Database, trainer: &Trainer, ids: &[LessonId]) -> ApiResult<Vec<Listed>> {
    let visible = audience::published_for(&trainer.viewer(), Moment::now().day());
    let query = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids.iter().copied())).filter(visible);
    let mut rows = query.all(&db.read).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    let listed = |row: lesson::Model| Listed {
        id: row.id,
        length: figures::minutes(row.duration_ms),
        title: row.title,
        chosen: true,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// Lessons that are found by what was typed.
pub async fn search(
    trainer: &Trainer,
    draft: &Draft,
    (index, searches, asked): (Data<Index>, &Searches, &Asked),
    db: &Database,
) -> ApiResult<Vec<Listed>> {
    let query = SearchQuery { size: HITS, ..SearchQuery::of(&typed(&draft.q)) };
    let answer = ask(trainer, query, Moment::now().day(), index, searches, asked).await?;
    let ids: Vec<LessonId> = answer.hits.iter().map(|hit| hit.lesson_id).collect();
    let (mut hits, list) = (listed(db, trainer, &ids).await?, draft.lessons());
    for hit in &mut hits {
        hit.chosen = list.contains(&hit.id);
    }
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buttons_add_order_and_take_out() {
        let after = |lessons: &str, deed: &str| {
            let mut draft = Draft { lessons: lessons.into(), deed: deed.into(), ..Draft::default() };
            draft.act();
            draft.lessons
        };
        assert_eq!(after("7", "add:8"), "7,8");
        assert_eq!(after("7,8", "add:8"), "7,8");
        assert_eq!(after("7,8,9", "up:9"), "7,9,8");
        assert_eq!(after("7,8,9", "down:7"), "8,7,9");
        assert_eq!(after("7,8,9", "drop:8"), "7,9");
    }
}
