//! Remarks made while a lesson is written or reviewed: at a second of its recording, or about the whole.
//!
//! A remark stays with its lesson; it is settled, never edited. Owns the rows `review_note`.

use crate::lesson::get;
use crate::trail::{self, Change};
use crate::{Error, Result, fields, notice};
use entity::{AccountId, LessonId, LessonState, Moment, ReviewNoteId, Verb, lesson, review_note};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

/// Remarks of one lesson at most.
const MOST: u64 = 500;

/// A remark to be made.
#[derive(Clone, Debug)]
pub struct NewNote {
    /// Where in the recording, in milliseconds; `None` for the whole.
    pub at_ms: Option<i64>,
    /// What is to be done: 1 to 500 characters.
    pub text: String,
}

/// Remarks on a lesson that is not published, and tells the others whom it concerns: its authors, or when one of them
/// remarks those who remarked before and who reviewed it.
pub async fn remark(
    db: &DatabaseConnection,
    id: LessonId,
    new: NewNote,
    by: AccountId,
    now: Moment,
) -> Result<review_note::Model> {
    let text = fields::remark(&new.text)?;
    let txn = entity::writing::begin(db).await?;
    let lesson = get(&txn, id).await?;
    must_be_open(&lesson)?;
    let before = of_lesson(&txn, id).await?;
    if before.len() as u64 >= MOST {
        return Err(Error::invalid("text", "这一课的意见太多了，请先处理"));
    }
    if new.at_ms.is_some_and(|at| at < 0 || at > lesson.duration_ms) {
        return Err(Error::invalid("at", "时间超出了这一课的长度"));
    }
    let row = review_note::ActiveModel {
        id: NotSet,
        lesson_id: Set(id),
        at_ms: Set(new.at_ms),
        text: Set(text.clone()),
        created_by: Set(by),
        created_at: Set(now),
        done_at: Set(None),
        done_by: Set(None),
    };
    let note = row.insert(&txn).await?;
    let is_author = notice::authors(&lesson).any(|author| author == by);
    let told: Vec<AccountId> = match is_author {
        true => before.iter().map(|note| note.created_by).chain(lesson.reviewed_by).collect(),
        false => notice::authors(&lesson).collect(),
    };
    let told = told.into_iter().filter(|account| *account != by);
    let said = format!("《{}》有新的审核意见：{text}", lesson.title);
    notice::tell(&txn, told, "lesson.note", id.0, &said, now).await?;
    trail::note(&txn, Verb::LessonNote, format!("lesson:{id}"), &text, Change { by: Some(by), now }).await?;
    txn.commit().await?;
    Ok(note)
}

/// Settles a remark of this lesson; one that is settled stays so.
pub async fn settle(
    db: &DatabaseConnection,
    lesson: LessonId,
    id: ReviewNoteId,
    by: AccountId,
    now: Moment,
) -> Result<review_note::Model> {
    let txn = entity::writing::begin(db).await?;
    let found = review_note::Entity::find_by_id(id).filter(review_note::Column::LessonId.eq(lesson)).one(&txn).await?;
    let note = found.ok_or(Error::NoteNotFound)?;
    if note.done_at.is_some() {
        return Ok(note);
    }
    let text = note.text.clone();
    let mut row = note.into_active_model();
    row.done_at = Set(Some(now));
    row.done_by = Set(Some(by));
    let note = row.update(&txn).await?;
    trail::note(&txn, Verb::LessonNoteDone, format!("lesson:{lesson}"), &text, Change { by: Some(by), now }).await?;
    txn.commit().await?;
    Ok(note)
}

/// The remarks on a lesson: those about the whole first, then by their place.
pub async fn of_lesson(db: &impl ConnectionTrait, id: LessonId) -> Result<Vec<review_note::Model>> {
    let query = review_note::Entity::find().filter(review_note::Column::LessonId.eq(id));
    let mut notes = query.order_by_asc(review_note::Column::Id).all(db).await?;
    notes.sort_by_key(|note| (note.at_ms, note.id)); // where nulls stand differs between databases
    Ok(notes)
}

/// Drops the remarks of a lesson that is deleted.
pub(crate) async fn drop_all(txn: &impl ConnectionTrait, id: LessonId) -> Result<()> {
    review_note::Entity::delete_many().filter(review_note::Column::LessonId.eq(id)).exec(txn).await?;
    Ok(())
}

fn must_be_open(lesson: &lesson::Model) -> Result<()> {
    match lesson.state {
        LessonState::Draft | LessonState::Review | LessonState::Withdrawn => Ok(()),
        state @ LessonState::Published => Err(Error::WrongState { state }),
    }
}
