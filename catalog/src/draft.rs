//! What somebody is writing in the editor and has not saved: kept from anywhere, lost never; and who else is writing.
//!
//! Owns the rows `lesson_draft`, one for each lesson and account. A draft changes nothing of its lesson.

use crate::{Error, Result};
use entity::lesson_draft::{Column, Entity};
use entity::{AccountId, LessonId, Moment, lesson_draft};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::BTreeMap;

/// Bytes of one draft at most: 200,000 characters and the rest of the form.
const LONGEST: usize = 1_000_000;
/// Who was heard of within this time is writing now, in milliseconds.
const PRESENT_MS: i64 = 45_000;
/// A draft nobody came back to is kept for so long, in milliseconds: ninety days.
const KEPT_MS: i64 = 90 * 24 * 3_600_000;

/// The text of a form, by its fields' names.
pub type Fields = BTreeMap<String, String>;

/// Somebody else with the same lesson open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Other {
    /// Who.
    pub account: AccountId,
    /// Whether they have written something that is not saved.
    pub wrote: bool,
}

/// Notes that this account has the lesson open, and keeps what it wrote, if anything new.
pub async fn put(
    db: &impl ConnectionTrait,
    lesson: LessonId,
    account: AccountId,
    version: i32,
    fields: Option<&Fields>,
    now: Moment,
) -> Result<()> {
    let text = fields.map(serde_json::to_string).transpose().map_err(std::io::Error::other)?;
    if text.as_ref().is_some_and(|text| text.len() > LONGEST) {
        return Err(Error::invalid("fields", "内容太长"));
    }
    let mut again = OnConflict::columns([Column::LessonId, Column::AccountId]);
    again.update_column(Column::SeenAt);
    if text.is_some() {
        again.update_columns([Column::Version, Column::Fields, Column::SavedAt]);
    }
    let row = lesson_draft::ActiveModel {
        lesson_id: Set(lesson),
        account_id: Set(account),
        version: Set(version),
        saved_at: Set(text.as_ref().map(|_| now)),
        fields: Set(text.unwrap_or_else(|| "{}".to_owned())),
        seen_at: Set(now),
    };
    Entity::insert(row).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

/// What this account wrote and did not save, with when and from which version of the lesson on.
pub async fn of(
    db: &impl ConnectionTrait,
    lesson: LessonId,
    account: AccountId,
) -> Result<Option<(lesson_draft::Model, Fields)>> {
    let row = Entity::find_by_id((lesson, account)).one(db).await?.filter(|row| row.saved_at.is_some());
    Ok(row.map(|row| {
        let fields = serde_json::from_str(&row.fields).unwrap_or_default();
        (row, fields)
    }))
}

/// Who else has the lesson open at this moment.
pub async fn others(
    db: &impl ConnectionTrait,
    lesson: LessonId,
    account: AccountId,
    now: Moment,
) -> Result<Vec<Other>> {
    let rows = Entity::find()
        .filter(Column::LessonId.eq(lesson))
        .filter(Column::AccountId.ne(account))
        .filter(Column::SeenAt.gt(now.plus_ms(-PRESENT_MS)))
        .order_by_asc(Column::AccountId)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| Other { account: row.account_id, wrote: row.saved_at.is_some() }).collect())
}

/// Drops what this account wrote: it is saved, or not wanted.
pub async fn drop(db: &impl ConnectionTrait, lesson: LessonId, account: AccountId) -> Result<()> {
    Entity::delete_by_id((lesson, account)).exec(db).await?;
    Ok(())
}

/// Drops the drafts of a lesson that is deleted.
pub(crate) async fn drop_all(txn: &impl ConnectionTrait, lesson: LessonId) -> Result<()> {
    Entity::delete_many().filter(Column::LessonId.eq(lesson)).exec(txn).await?;
    Ok(())
}

/// Drops what nobody came back to for ninety days, and answers how many.
pub async fn drop_older(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::SeenAt.lt(now.plus_ms(-KEPT_MS))).exec(db).await?.rows_affected)
}
