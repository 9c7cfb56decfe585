//! A list of lessons as the form of a plan or a play day keeps it: searched for, added, ordered and taken out, press by press.

use crate::api::search::{Searches, ask};
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::figures;
use actix_web::web::Data;
use catalog::asked::Asked;
use catalog::audience;
use catalog::search::{Index, SearchQuery};
use entity::{LessonId, Moment, lesson};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// Hits that are offered.
const HITS: u64 = 8;

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

/// The lessons of a list, ids apart by commas; one more than `most` at the most. What is no number was typed by nobody and
/// is left out.
pub fn lessons(list: &str, most: usize) -> Vec<LessonId> {
    list.split(',').filter_map(|id| id.trim().parse().ok()).take(most + 1).collect()
}

/// The list after a button: `add`, `up`, `down` or `drop` with a lesson's id behind a colon. Another leaves it as it is.
pub fn after(button: &str, list: &str, most: usize) -> String {
    let (deed, id) = button.split_once(':').unwrap_or((button, ""));
    let Ok(id) = id.parse::<LessonId>() else { return list.to_owned() };
    let mut picked = lessons(list, most);
    match (deed, picked.iter().position(|other| *other == id)) {
        ("add", None) => picked.push(id),
        ("drop", Some(at)) => drop(picked.remove(at)),
        ("up", Some(at)) if at > 0 => picked.swap(at, at - 1),
        ("down", Some(at)) if at + 1 < picked.len() => picked.swap(at, at + 1),
        _ => {}
    }
    picked.iter().map(LessonId::to_string).collect::<Vec<_>>().join(",")
}

/// The lessons of the list that the caller may see, in its order.
///
/// # Errors
/// When the database fails.
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

/// The first lessons that a search finds, beside a list.
///
/// # Errors
/// Those of a search.
pub async fn search(
    trainer: &Trainer,
    query: SearchQuery,
    list: &[LessonId],
    (index, searches, asked): (Data<Index>, &Searches, &Asked),
    db: &Database,
) -> ApiResult<Vec<Listed>> {
    let query = SearchQuery { size: HITS, ..query };
    let answer = ask(trainer, query, Moment::now().day(), index, searches, asked).await?;
    let ids: Vec<LessonId> = answer.hits.iter().map(|hit| hit.lesson_id).collect();
    let mut hits = listed(db, trainer, &ids).await?;
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
        assert_eq!(after("add:7", "", 20), "7");
        assert_eq!(after("add:8", "7", 20), "7,8");
        assert_eq!(after("add:7", "7,8", 20), "7,8");
        assert_eq!(after("up:9", "7,8,9", 20), "7,9,8");
        assert_eq!(after("up:7", "7,8,9", 20), "7,8,9");
        assert_eq!(after("down:7", "7,8,9", 20), "8,7,9");
        assert_eq!(after("down:9", "7,8,9", 20), "7,8,9");
        assert_eq!(after("drop:8", "7,8,9", 20), "7,9");
    }

    #[test]
    fn a_list_nobody_made_stays_bounded() {
        assert_eq!(after("search", "x,7,,-,8", 20), "x,7,,-,8");
        assert_eq!(lessons("x,7,,8", 20), [LessonId(7), LessonId(8)]);
        let long = (1..100).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(lessons(&long, 20).len(), 21);
    }
}
