//! The way of a lesson: draft, then review, then published, then withdrawn, and back through review.
//!
//! Every step is one row change guarded by the version, with its audit and outbox rows in the same transaction.
//! Whom a step concerns is told of it on their pages. Who may take which step is the server's business, except that nobody
//! publishes or returns a lesson they made or handed in.

use super::get;
use super::write::write;
use crate::trail::Change;
use crate::{Error, Result, fields, notice};
use entity::{AccountId, LessonId, LessonState, Moment, Verb, lesson};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect,
};
use std::collections::{BTreeSet, HashMap};

/// Hands a draft, or a withdrawn lesson, to the reviewers.
pub async fn submit(
    db: &DatabaseConnection,
    id: LessonId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    step(db, id, submission(by), by, now).await
}

pub(crate) fn submission(by: Option<AccountId>) -> Step {
    let row = lesson::ActiveModel {
        state: Set(LessonState::Review),
        return_reason: Set(None),
        submitted_by: Set(by),
        publish_at: Set(None),
        ..Default::default()
    };
    Step { from: &[LessonState::Draft, LessonState::Withdrawn], row, ..Step::of(Verb::LessonSubmit) }
}

/// Publishes a reviewed lesson. The first time fixes the day it was published.
pub async fn publish(
    db: &DatabaseConnection,
    id: LessonId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    step(db, id, publication(by), by, now).await
}

pub(crate) fn publication(by: Option<AccountId>) -> Step {
    let row = lesson::ActiveModel {
        state: Set(LessonState::Published),
        return_reason: Set(None),
        reviewed_by: Set(by),
        publish_at: Set(None),
        ..Default::default()
    };
    Step { from: &[LessonState::Review], row, reviewed: true, ..Step::of(Verb::LessonPublish) }
}

/// Accepts a lesson under review that is to be published by itself at `at`, which must be ahead and within a year. Until
/// then it may still be returned, or published at once.
pub async fn publish_at(
    db: &DatabaseConnection,
    id: LessonId,
    at: Moment,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    const YEAR_MS: i64 = 366 * 24 * 3_600_000;
    if at <= now || at > now.plus_ms(YEAR_MS) {
        return Err(Error::invalid("publish_at", "发布时间须在现在以后的一年之内"));
    }
    let row = lesson::ActiveModel { publish_at: Set(Some(at)), reviewed_by: Set(by), ..Default::default() };
    let detail = at.local().format("%Y-%m-%d %H:%M").to_string();
    let accept = Step { from: &[LessonState::Review], row, reviewed: true, detail, ..Step::of(Verb::LessonSchedule) };
    step(db, id, accept, by, now).await
}

/// Publishes the lessons whose time has come, in the name of who accepted them, and answers how many.
pub async fn publish_due(db: &DatabaseConnection, now: Moment) -> Result<u64> {
    let due: Vec<(LessonId, Option<AccountId>)> = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::Id, lesson::Column::ReviewedBy])
        .filter(lesson::Column::PublishAt.lte(now))
        .filter(lesson::Column::State.eq(LessonState::Review))
        .into_tuple()
        .all(db)
        .await?;
    let mut published = 0;
    for (id, by) in due {
        match publish(db, id, by, now).await {
            Ok(_) => published += 1,
            // Somebody returned or published it at this moment.
            Err(Error::WrongState { .. } | Error::Stale { .. } | Error::LessonNotFound) => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(published)
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
        publish_at: Set(None),
        ..Default::default()
    };
    let back =
        Step { from: &[LessonState::Review], row, reviewed: true, detail: reason, ..Step::of(Verb::LessonReturn) };
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
    step(db, id, withdrawal(by, fields::reason(reason)?), by, now).await
}

pub(crate) fn withdrawal(by: Option<AccountId>, reason: String) -> Step {
    let row = lesson::ActiveModel {
        state: Set(LessonState::Withdrawn),
        return_reason: Set(Some(reason.clone())),
        reviewed_by: Set(by),
        ..Default::default()
    };
    Step { from: &[LessonState::Published], row, detail: reason, ..Step::of(Verb::LessonWithdraw) }
}

/// One step on the way.
pub(crate) struct Step {
    /// The audit's verb.
    pub(crate) action: Verb,
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
    fn of(action: Verb) -> Self {
        Self { action, from: &[], row: Default::default(), reviewed: false, detail: String::new() }
    }

    /// Fails when this account may not take it with a lesson that stands where it does.
    pub(crate) fn allowed(&self, old: &lesson::Model, by: Option<AccountId>) -> Result<()> {
        if !self.from.contains(&old.state) {
            return Err(Error::WrongState { state: old.state });
        }
        if self.reviewed && by.is_some() && notice::authors(old).any(|author| Some(author) == by) {
            return Err(Error::OwnLesson);
        }
        Ok(())
    }

    /// What it writes over a lesson.
    pub(crate) fn over(self, old: &lesson::Model, now: Moment) -> lesson::ActiveModel {
        let mut row = self.row;
        if self.action == Verb::LessonPublish && old.published_on.is_none() {
            row.published_on = Set(Some(now.day()));
        }
        row
    }
}

async fn step(
    db: &DatabaseConnection,
    id: LessonId,
    step: Step,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let txn = entity::writing::begin(db).await?;
    let old = get(&txn, id).await?;
    step.allowed(&old, by)?;
    let (action, told) = (step.action, step.detail.clone());
    let detail = if told.is_empty() { &old.title } else { &told };
    let new = write(&txn, &old, step.over(&old, now), action, detail, Change { by, now }).await?;
    tell(&txn, std::slice::from_ref(&new), action, &told, Change { by, now }).await?;
    txn.commit().await?;
    Ok(new)
}

/// Tells whom a step of these lessons concerns: of a submission the reviewers, of any other the authors.
pub(crate) async fn tell(
    txn: &impl ConnectionTrait,
    lessons: &[lesson::Model],
    action: Verb,
    detail: &str,
    change: Change,
) -> Result<()> {
    let reviewers = match action {
        Verb::LessonSubmit => notice::reviewers(txn, lessons).await?,
        _ => HashMap::new(),
    };
    // What waited for the reviewers has been done, or waits anew.
    notice::is_over(txn, Verb::LessonSubmit.as_str(), lessons.iter().map(|lesson| lesson.id.0), change.now).await?;
    let mut told = Vec::new();
    for lesson in lessons {
        let title = &lesson.title;
        let text = match action {
            Verb::LessonSubmit => format!("《{title}》已提交，等您审核"),
            Verb::LessonPublish => format!("《{title}》审核通过，已发布"),
            Verb::LessonSchedule => format!("《{title}》审核通过，定于 {detail} 发布"),
            Verb::LessonReturn => format!("《{title}》被退回修改：{detail}"),
            Verb::LessonUndo => format!("《{title}》的批量操作已撤销：{detail}"),
            _ => format!("《{title}》已撤回：{detail}"),
        };
        let authors: BTreeSet<AccountId> = notice::authors(lesson).collect();
        let concerned: BTreeSet<AccountId> = match action {
            Verb::LessonSubmit => {
                let reviewers = reviewers.get(&lesson.unit_id).into_iter().flatten().copied();
                reviewers.filter(|account| !authors.contains(account)).collect()
            }
            _ => authors,
        };
        let concerned = concerned.into_iter().filter(|account| Some(*account) != change.by);
        told.extend(concerned.map(|account| (account, lesson.id.0, text.clone())));
    }
    notice::tell_each(txn, told, action.as_str(), change.now).await
}
