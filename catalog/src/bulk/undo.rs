//! Taking a change of many lessons back.

use super::deed::Was;
use super::{Doer, KEPT_MS, Why, chosen_rows, deed_of, held, items_after, replace_items};
use crate::lesson::state::tell;
use crate::lesson::write::{Rewrite, write_all};
use crate::trail::Change;
use crate::{Error, Result};
use entity::{BulkId, LessonId, LessonState, Moment, Verb, bulk_lesson};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseConnection, IntoActiveModel, QuerySelect};
use std::collections::HashMap;

/// Gives every lesson the change touched what it held before, in one transaction, and answers nothing twice. A lesson that
/// was changed since is left as it is, and named.
///
/// # Errors
/// [`Error::BulkNotFound`] for a change that is not this account's or was not done, [`Error::TooLate`] after a day.
pub async fn undo(db: &DatabaseConnection, doer: &Doer, id: BulkId, now: Moment) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    let bulk = held(&txn, doer.account, id).await?;
    let (done_at, deed) = bulk.done_at.zip(deed_of(&bulk)).ok_or(Error::BulkNotFound)?;
    if bulk.undone_at.is_some() {
        return Ok(());
    }
    if now > done_at.plus_ms(KEPT_MS) {
        return Err(Error::TooLate);
    }
    let change = Change { by: Some(doer.account), now };
    let detail = format!("撤销批量修改：{}", deed.label());
    let mut after = LessonId(0);
    loop {
        let items = items_after(&txn, bulk.id, after).await?;
        let Some(last) = items.last() else { break };
        after = last.lesson_id;
        let lessons = chosen_rows(doer, &items).lock_exclusive().all(&txn).await?;
        let mut lessons: HashMap<LessonId, _> = lessons.into_iter().map(|row| (row.id, row)).collect();
        let (mut rewrites, mut rows) = (Vec::new(), Vec::new());
        for item in items {
            let Some(was) = &item.was else {
                rows.push(item); // the change had left it out
                continue;
            };
            match lessons.remove(&item.lesson_id) {
                None => rows.push(bulk_lesson::Model { left_out: Some(Why::Gone.text()), ..item }),
                Some(old) if old.version != item.version => {
                    rows.push(bulk_lesson::Model {
                        left_out: Some("批量修改以后又改过，保留现在的样子".to_owned()),
                        ..item
                    });
                }
                Some(old) => {
                    let was: Was = serde_json::from_str(was).map_err(std::io::Error::other)?;
                    rewrites.push(Rewrite { old, row: was.row(), detail: detail.clone() });
                    rows.push(item);
                }
            }
        }
        let new = write_all(&txn, rewrites, Verb::LessonUndo, change).await?;
        if deed.step(None).is_some() {
            let (waiting, other): (Vec<_>, Vec<_>) =
                new.into_iter().partition(|lesson| lesson.state == LessonState::Review);
            tell(&txn, &waiting, Verb::LessonSubmit, "", change).await?;
            tell(&txn, &other, Verb::LessonUndo, &deed.label(), change).await?;
        }
        replace_items(&txn, bulk.id, rows).await?;
    }
    let mut undone = bulk.into_active_model();
    undone.undone_at = Set(Some(now));
    undone.update(&txn).await?;
    txn.commit().await?;
    Ok(())
}
