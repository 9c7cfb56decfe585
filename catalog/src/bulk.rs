//! One change of many lessons (批量修改): chosen, looked at, done all or nothing, and undone within a day.
//!
//! What was looked at is what is done: the chosen lessons and their versions are rows from the beginning, so a lesson that
//! somebody changes meanwhile is left out and named. Lessons are read and written by the hundred, so that the number of
//! statements and the memory stay small however many there are. Owns the rows `bulk_change` and `bulk_lesson`.

mod chosen;
mod deed;
mod outcome;
mod undo;

pub use chosen::{Chosen, choose, intend};
pub use deed::Deed;
pub use outcome::{LeftOut, Outcome, Why};
pub use undo::undo;

use self::deed::Was;
use self::outcome::NAMED;
use crate::audience::{Viewer, kept_by_staff};
use crate::lesson::state::tell;
use crate::lesson::write::{Rewrite, write_all};
use crate::trail::Change;
use crate::{Error, Result};
use entity::{AccountId, BulkId, LessonId, Moment, Scope, bulk_change, bulk_lesson, lesson};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::collections::{HashMap, HashSet};

/// Lessons of one change at most.
pub const MOST: u64 = 10_000;
/// For so long a change may be undone, in milliseconds: a day. What was only looked at is dropped then, too.
pub const KEPT_MS: i64 = 24 * 3_600_000;
/// Lessons read or written with one statement: with whole texts, they still fit into memory.
const CHUNK: u64 = 100;

/// Who changes many lessons, and where.
#[derive(Clone, Debug)]
pub struct Doer {
    /// The account.
    pub account: AccountId,
    /// Which lessons it may change: those its staff scope keeps.
    pub viewer: Viewer,
    /// Where it publishes and withdraws.
    pub reviews: Scope,
}

/// A change of this account by its id.
///
/// # Errors
/// When it is somebody else's, or no longer kept.
pub async fn get(db: &impl ConnectionTrait, account: AccountId, id: BulkId) -> Result<bulk_change::Model> {
    let found = bulk_change::Entity::find_by_id(id).filter(bulk_change::Column::AccountId.eq(account)).one(db).await?;
    found.ok_or(Error::BulkNotFound)
}

/// The last change of this account that may still be undone.
pub async fn latest(db: &impl ConnectionTrait, account: AccountId, now: Moment) -> Result<Option<bulk_change::Model>> {
    let query = bulk_change::Entity::find()
        .filter(bulk_change::Column::AccountId.eq(account))
        .filter(bulk_change::Column::DoneAt.gt(now.plus_ms(-KEPT_MS)))
        .filter(bulk_change::Column::UndoneAt.is_null());
    Ok(query.order_by_desc(bulk_change::Column::DoneAt).one(db).await?)
}

/// What is done to each lesson; `None` while that is not decided.
pub fn deed_of(bulk: &bulk_change::Model) -> Option<Deed> {
    serde_json::from_str(&bulk.deed).ok()
}

/// How many lessons were chosen.
pub async fn size(db: &impl ConnectionTrait, bulk: BulkId) -> Result<u64> {
    Ok(of(bulk).count(db).await?)
}

/// What the change would do now.
pub async fn preview(
    db: &impl ConnectionTrait,
    doer: &Doer,
    bulk: &bulk_change::Model,
    deed: &Deed,
    now: Moment,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let change = Change { by: Some(doer.account), now };
    let mut after = LessonId(0);
    loop {
        let items = items_after(db, bulk.id, after).await?;
        let Some(last) = items.last() else { return Ok(outcome) };
        after = last.lesson_id;
        let lessons = chosen_rows(doer, &items).all(db).await?;
        let sorted = sort(db, doer, deed, items, lessons, change).await?;
        outcome.changed += sorted.rewrites.len() as u64;
        for (item, why) in sorted.left_out {
            outcome.leave_out(item, why.text());
        }
    }
}

/// Does it to every lesson that is as it was when it was chosen and that allows it, in one transaction. Done already, it
/// is not done again.
///
/// # Errors
/// [`Error::BulkNotFound`] for a change that is not this account's or whose deed is not decided.
pub async fn confirm(db: &DatabaseConnection, doer: &Doer, id: BulkId, now: Moment) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    let bulk = held(&txn, doer.account, id).await?;
    let deed = deed_of(&bulk).ok_or(Error::BulkNotFound)?.checked(&txn, doer).await?;
    if bulk.done_at.is_some() {
        return Ok(());
    }
    let change = Change { by: Some(doer.account), now };
    let mut after = LessonId(0);
    loop {
        let items = items_after(&txn, bulk.id, after).await?;
        let Some(last) = items.last() else { break };
        after = last.lesson_id;
        let lessons = chosen_rows(doer, &items).lock_exclusive().all(&txn).await?;
        let sorted = sort(&txn, doer, &deed, items, lessons, change).await?;
        let mut rows: Vec<bulk_lesson::Model> = sorted
            .left_out
            .into_iter()
            .map(|(item, why)| bulk_lesson::Model { left_out: Some(why.text()), ..item })
            .collect();
        for rewrite in &sorted.rewrites {
            rows.push(bulk_lesson::Model {
                bulk_id: bulk.id,
                lesson_id: rewrite.old.id,
                version: rewrite.old.version.saturating_add(1),
                title: rewrite.old.title.clone(),
                was: Some(serde_json::to_string(&Was::before(&deed, &rewrite.old)).map_err(std::io::Error::other)?),
                left_out: None,
            });
        }
        let new = write_all(&txn, sorted.rewrites, deed.action(), change).await?;
        if deed.step(None).is_some() {
            tell(&txn, &new, deed.action(), &deed.detail(), change).await?;
        }
        replace_items(&txn, bulk.id, rows).await?;
    }
    let mut done = bulk.into_active_model();
    done.done_at = Set(Some(now));
    done.update(&txn).await?;
    txn.commit().await?;
    Ok(())
}

/// What the change has done; once it is undone, what of it was taken back.
pub async fn outcome(db: &impl ConnectionTrait, bulk: &bulk_change::Model) -> Result<Outcome> {
    let concerned = match bulk.undone_at {
        Some(_) => of(bulk.id).filter(bulk_lesson::Column::Was.is_not_null()),
        None => of(bulk.id),
    };
    let left_out = concerned.clone().filter(bulk_lesson::Column::LeftOut.is_not_null());
    let count = left_out.clone().count(db).await?;
    let named = left_out.order_by_asc(bulk_lesson::Column::LessonId).limit(NAMED).all(db).await?;
    let named = named.into_iter().map(|item| LeftOut {
        lesson: item.lesson_id,
        why: item.left_out.unwrap_or_default(),
        title: item.title,
    });
    let changed = concerned.count(db).await?.saturating_sub(count);
    Ok(Outcome { changed, left_out: count, named: named.collect() })
}

/// Some chosen lessons, by whether they change.
struct Sorted {
    rewrites: Vec<Rewrite>,
    left_out: Vec<(bulk_lesson::Model, Why)>,
}

async fn sort(
    db: &impl ConnectionTrait,
    doer: &Doer,
    deed: &Deed,
    items: Vec<bulk_lesson::Model>,
    lessons: Vec<lesson::Model>,
    change: Change,
) -> Result<Sorted> {
    let mut lessons: HashMap<LessonId, lesson::Model> = lessons.into_iter().map(|row| (row.id, row)).collect();
    let reviewed = match deed.is_for_reviewers() {
        true => reviewed(db, doer, &items).await?,
        false => HashSet::new(),
    };
    let mut sorted = Sorted { rewrites: Vec::new(), left_out: Vec::new() };
    for item in items {
        let Some(old) = lessons.remove(&item.lesson_id) else {
            sorted.left_out.push((item, Why::Gone));
            continue;
        };
        let why = if old.version != item.version {
            Why::Changed
        } else if deed.is_for_reviewers() && !reviewed.contains(&old.id) {
            Why::NotReviewer
        } else {
            match deed.row(db, &old, change).await {
                Ok(Some(row)) => {
                    let detail = if deed.detail().is_empty() { old.title.clone() } else { deed.detail() };
                    sorted.rewrites.push(Rewrite { old, row, detail });
                    continue;
                }
                Ok(None) => Why::Unchanged,
                Err(cause) => Why::of(cause)?,
            }
        };
        sorted.left_out.push((item, why));
    }
    Ok(sorted)
}

/// Those of the chosen lessons that this person may change.
fn chosen_rows(doer: &Doer, items: &[bulk_lesson::Model]) -> Select<lesson::Entity> {
    lesson::Entity::find()
        .filter(lesson::Column::Id.is_in(entity::padded(items.iter().map(|item| item.lesson_id))))
        .filter(kept_by_staff(&doer.viewer))
        .order_by_asc(lesson::Column::Id)
}

async fn reviewed(db: &impl ConnectionTrait, doer: &Doer, items: &[bulk_lesson::Model]) -> Result<HashSet<LessonId>> {
    let query = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::Id)
        .filter(lesson::Column::Id.is_in(entity::padded(items.iter().map(|item| item.lesson_id))))
        .filter(doer.reviews.reaches((lesson::Entity, lesson::Column::UnitId)));
    let ids: Vec<LessonId> = query.into_tuple().all(db).await?;
    Ok(ids.into_iter().collect())
}

/// The change, held until the transaction ends, so that two presses of a button follow one another.
async fn held(txn: &impl ConnectionTrait, account: AccountId, id: BulkId) -> Result<bulk_change::Model> {
    let query = bulk_change::Entity::find_by_id(id).filter(bulk_change::Column::AccountId.eq(account));
    query.lock_exclusive().one(txn).await?.ok_or(Error::BulkNotFound)
}

/// The next hundred of the chosen lessons.
async fn items_after(db: &impl ConnectionTrait, bulk: BulkId, after: LessonId) -> Result<Vec<bulk_lesson::Model>> {
    let query = of(bulk).filter(bulk_lesson::Column::LessonId.gt(after));
    Ok(query.order_by_asc(bulk_lesson::Column::LessonId).limit(CHUNK).all(db).await?)
}

async fn replace_items(txn: &impl ConnectionTrait, bulk: BulkId, rows: Vec<bulk_lesson::Model>) -> Result<()> {
    let ids: Vec<LessonId> = rows.iter().map(|row| row.lesson_id).collect();
    let gone = bulk_lesson::Entity::delete_many().filter(bulk_lesson::Column::BulkId.eq(bulk));
    gone.filter(bulk_lesson::Column::LessonId.is_in(ids)).exec(txn).await?;
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    bulk_lesson::Entity::insert_many(rows).exec_without_returning(txn).await?;
    Ok(())
}

fn of(bulk: BulkId) -> Select<bulk_lesson::Entity> {
    bulk_lesson::Entity::find().filter(bulk_lesson::Column::BulkId.eq(bulk))
}
