//! The way of a lesson: draft, then review, then published, then withdrawn, and back through review.
//!
//! Every step is one row change guarded by the version, with its audit and outbox rows in the same transaction.
//! Who may take which step is the server's business, except that nobody publishes or returns their own lesson.

use super::get;
use crate::trail::{self, Change};
use crate::{Error, Result, fields};
use entity::{AccountId, LessonId, LessonState, Moment, lesson};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, TransactionTrait,
};

/// Hands a draft, or a withdrawn lesson, to the reviewers.
pub async fn submit(
    db: &DatabaseConnection,
    id: LessonId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let row = lesson::ActiveModel { state: Set(LessonState::Review), return_reason: Set(None), ..Default::default() };
    step(
        db,
        id,
        Step { from: &[LessonState::Draft, LessonState::Withdrawn], row, ..Step::of("lesson.submit") },
        by,
        now,
    )
    .await
}

/// Publishes a reviewed lesson. The first time fixes the day it was published.
pub async fn publish(
    db: &DatabaseConnection,
    id: LessonId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let row = lesson::ActiveModel {
        state: Set(LessonState::Published),
        return_reason: Set(None),
        reviewed_by: Set(by),
        ..Default::default()
    };
    let publish = Step { from: &[LessonState::Review], row, reviewed: true, ..Step::of("lesson.publish") };
    step(db, id, publish, by, now).await
}

/// Returns a lesson under review to its author, with a reason they will read.
pub async fn send_back(
    db: &DatabaseConnection,
    id: LessonId,
    reason: &str,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let reason = fields::reason(reason)?;
    let row = lesson::ActiveModel {
        state: Set(LessonState::Draft),
        return_reason: Set(Some(reason.clone())),
        reviewed_by: Set(by),
        ..Default::default()
    };
    let back = Step { from: &[LessonState::Review], row, reviewed: true, detail: reason, ..Step::of("lesson.return") };
    step(db, id, back, by, now).await
}

/// Takes a published lesson off the shelf. Hours earned with it stay.
pub async fn withdraw(
    db: &DatabaseConnection,
    id: LessonId,
    reason: &str,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let reason = fields::reason(reason)?;
    let row = lesson::ActiveModel {
        state: Set(LessonState::Withdrawn),
        return_reason: Set(Some(reason.clone())),
        reviewed_by: Set(by),
        ..Default::default()
    };
    let off = Step { from: &[LessonState::Published], row, detail: reason, ..Step::of("lesson.withdraw") };
    step(db, id, off, by, now).await
}

/// One step on the way.
struct Step {
    /// The audit's verb.
    action: &'static str,
    /// The states it may be taken from.
    from: &'static [LessonState],
    /// What it writes.
    row: lesson::ActiveModel,
    /// Whether it is a reviewer's step, not the author's.
    reviewed: bool,
    /// The audit's detail; the title when empty.
    detail: String,
}

impl Step {
    fn of(action: &'static str) -> Self {
        Self { action, from: &[], row: lesson::ActiveModel::default(), reviewed: false, detail: String::new() }
    }
}

async fn step(
    db: &DatabaseConnection,
    id: LessonId,
    mut step: Step,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let txn = db.begin().await?;
    let old = get(&txn, id).await?;
    if !step.from.contains(&old.state) {
        return Err(Error::WrongState { state: old.state });
    }
    if step.reviewed && by.is_some() && old.created_by == by {
        return Err(Error::OwnLesson);
    }
    if step.action == "lesson.publish" && old.published_on.is_none() {
        step.row.published_on = Set(Some(now.day()));
    }
    let detail = if step.detail.is_empty() { &old.title } else { &step.detail };
    let new = write(&txn, &old, step.row, step.action, detail, Change { by, now }).await?;
    txn.commit().await?;
    Ok(new)
}

/// Writes a change over `old`, raising its version, and leaves its trail. Fails with [`Error::Stale`] when somebody
/// else was faster.
pub(crate) async fn write(
    txn: &impl ConnectionTrait,
    old: &lesson::Model,
    mut row: lesson::ActiveModel,
    action: &str,
    detail: &str,
    change: Change,
) -> Result<lesson::Model> {
    row.updated_at = Set(change.now);
    row.version = Set(old.version.saturating_add(1));
    let mut update = lesson::Entity::update_many().filter(lesson::Column::Id.eq(old.id));
    update = update.filter(lesson::Column::Version.eq(old.version)).set(row);
    if update.exec(txn).await?.rows_affected == 0 {
        return Err(Error::Stale { current: get(txn, old.id).await?.version });
    }
    trail::lesson(txn, old.id, action, detail, change).await?;
    get(txn, old.id).await
}
