//! What a change leaves behind in its own transaction: an audit row for people, an outbox row for the index.

use entity::{AccountId, CourseId, LessonId, Moment, Verb, audit, outbox};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// Who; `None` for the command line.
    pub by: Option<AccountId>,
    /// When.
    pub now: Moment,
}

/// Notes a change of a lesson and has its search entry made anew.
pub(crate) async fn lesson(
    txn: &impl ConnectionTrait,
    id: LessonId,
    action: Verb,
    detail: &str,
    change: Change,
) -> Result<(), DbErr> {
    lessons(txn, vec![(id, detail)], action, change).await
}

/// Notes a change of each of these lessons, with its detail.
pub(crate) async fn lessons(
    txn: &impl ConnectionTrait,
    changed: Vec<(LessonId, &str)>,
    action: Verb,
    change: Change,
) -> Result<(), DbErr> {
    let lines = changed
        .iter()
        .map(|(id, detail)| audit::line(change.now, change.by, action, format!("lesson:{id}"), (*detail).to_owned()));
    audit::Entity::insert_many(lines).exec_without_returning(txn).await?;
    let ids: Vec<LessonId> = changed.iter().map(|(id, _)| *id).collect();
    reindex(txn, &ids, change.now).await
}

/// Notes a change of a course.
pub(crate) async fn course(
    txn: &impl ConnectionTrait,
    id: CourseId,
    action: Verb,
    detail: &str,
    change: Change,
) -> Result<(), DbErr> {
    note(txn, action, format!("course:{id}"), detail, change).await
}

/// Notes any change.
pub(crate) async fn note(
    txn: &impl ConnectionTrait,
    action: Verb,
    target: String,
    detail: &str,
    change: Change,
) -> Result<(), DbErr> {
    let row = audit::line(change.now, change.by, action, target, detail.to_owned());
    audit::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Has the search entries of these lessons made anew.
pub(crate) async fn reindex(txn: &impl ConnectionTrait, lessons: &[LessonId], now: Moment) -> Result<(), DbErr> {
    outbox::append(txn, lessons, now).await
}
