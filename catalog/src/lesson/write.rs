//! How a change of lessons is written, of one like of many: guarded by the version, with the kept version, the audit line and
//! the outbox row in the same transaction.

use super::get;
use crate::trail::{self, Change};
use crate::{Error, Result, history};
use entity::{LessonId, Moment, Verb, lesson};
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, Iterable,
    QueryFilter, UpdateMany, Value,
};

/// A change of one lesson: what it was, what is written over it, and what the log says of it.
pub(crate) struct Rewrite {
    /// The lesson as it was read.
    pub(crate) old: lesson::Model,
    /// What is written.
    pub(crate) row: lesson::ActiveModel,
    /// The log's detail.
    pub(crate) detail: String,
}

/// Writes a change over `old`, raising its version, and leaves its trail. Fails with [`Error::Stale`] when somebody
/// else was faster.
pub(crate) async fn write(
    txn: &impl ConnectionTrait,
    old: &lesson::Model,
    row: lesson::ActiveModel,
    action: Verb,
    detail: &str,
    change: Change,
) -> Result<lesson::Model> {
    let rewrite = Rewrite { old: old.clone(), row, detail: detail.to_owned() };
    write_all(txn, vec![rewrite], action, change).await?.pop().ok_or(Error::LessonNotFound)
}

/// [`write()`] of many lessons at once, with as few statements; the number of lessons is the caller's to bound.
pub(crate) async fn write_all(
    txn: &impl ConnectionTrait,
    rewrites: Vec<Rewrite>,
    action: Verb,
    change: Change,
) -> Result<Vec<lesson::Model>> {
    let Some(first) = rewrites.first() else { return Ok(Vec::new()) };
    let olds: Vec<&lesson::Model> = rewrites.iter().map(|rewrite| &rewrite.old).collect();
    history::keep_first(txn, &olds).await?;
    if overwrite(&rewrites, change.now).exec(txn).await?.rows_affected != rewrites.len() as u64 {
        return Err(Error::Stale { current: get(txn, first.old.id).await?.version });
    }
    let lines = rewrites.iter().map(|rewrite| (rewrite.old.id, rewrite.detail.as_str()));
    trail::lessons(txn, lines.collect(), action, change).await?;
    let ids = rewrites.iter().map(|rewrite| rewrite.old.id);
    let new = lesson::Entity::find().filter(lesson::Column::Id.is_in(entity::padded(ids))).all(txn).await?;
    history::keep(txn, &new, change).await?;
    Ok(new)
}

/// One statement for all: of each column that is set, which lesson gets which value.
fn overwrite(rewrites: &[Rewrite], now: Moment) -> UpdateMany<lesson::Entity> {
    let mut update = lesson::Entity::update_many()
        .col_expr(lesson::Column::Version, Expr::col(lesson::Column::Version).add(1))
        .col_expr(lesson::Column::UpdatedAt, Expr::value(now));
    for column in lesson::Column::iter() {
        let values = rewrites.iter().filter_map(|rewrite| match rewrite.row.get(column) {
            ActiveValue::Set(value) => Some((rewrite.old.id, value)),
            _ => None,
        });
        if let Some(by_lesson) = by_lesson(values) {
            update = update.col_expr(column, by_lesson.finally(Expr::col(column)).into());
        }
    }
    let versions = rewrites.iter().map(|rewrite| (rewrite.old.id, rewrite.old.version.into()));
    let ids = rewrites.iter().map(|rewrite| rewrite.old.id);
    update.filter(lesson::Column::Id.is_in(ids)).filter(
        Condition::all().add_option(by_lesson(versions).map(|seen| Expr::col(lesson::Column::Version).eq(seen))),
    )
}

/// `CASE WHEN id = 1 THEN … WHEN id = 2 THEN …`; `None` without any.
fn by_lesson(values: impl Iterator<Item = (LessonId, Value)>) -> Option<CaseStatement> {
    values.fold(None, |case, (id, value)| {
        Some(case.unwrap_or_default().case(lesson::Column::Id.eq(id), Expr::value(value)))
    })
}
