//! The same sums in time and by subject: by day, by month, by what the lessons were about.

use super::{Slice, Total, credit_of, whole_sum};
use crate::Result;
use crate::rules::RuleBook;
use chrono::Datelike;
use entity::{Category, Day, LessonId, RuleId, ledger_entry, lesson};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{BTreeMap, HashMap};

/// Sums by civil day, only days with entries.
pub(crate) async fn days(db: &impl ConnectionTrait, book: &RuleBook, slice: &Slice) -> Result<BTreeMap<Day, Total>> {
    grouped(db, book, slice, ledger_entry::Column::Day).await
}

/// The days of a year by month, January first.
pub(crate) fn months_of(days: &BTreeMap<Day, Total>) -> [Total; 12] {
    let mut months = [Total::default(); 12];
    for (day, total) in days {
        if let Some(month) = usize::try_from(day.month0()).ok().and_then(|month| months.get_mut(month)) {
            month.add(*total);
        }
    }
    months
}

/// Sums by what the lessons were about; under `None` what was not a lesson, such as a class.
pub(crate) async fn by_category(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
) -> Result<BTreeMap<Option<Category>, Total>> {
    let lessons: BTreeMap<Option<LessonId>, Total> = grouped(db, book, slice, ledger_entry::Column::LessonId).await?;
    let ids: Vec<LessonId> = lessons.keys().flatten().copied().collect();
    let mut about: HashMap<LessonId, Category> = HashMap::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let rows: Vec<(LessonId, Category)> = lesson::Entity::find()
            .select_only()
            .columns([lesson::Column::Id, lesson::Column::Category])
            .filter(lesson::Column::Id.is_in(some.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        about.extend(rows);
    }
    let mut categories: BTreeMap<Option<Category>, Total> = BTreeMap::new();
    for (lesson, total) in lessons {
        let category = lesson.map(|id| about.get(&id).copied().unwrap_or(Category::Other));
        categories.entry(category).or_default().add(total);
    }
    Ok(categories)
}

async fn grouped<K>(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
    by: ledger_entry::Column,
) -> Result<BTreeMap<K, Total>>
where
    K: sea_orm::TryGetable + Ord + Send,
{
    let rows: Vec<(K, RuleId, i64, i64, i64)> = ledger_entry::Entity::find()
        .select_only()
        .columns([by, ledger_entry::Column::RuleId])
        .column_as(ledger_entry::Column::Seq.count(), "entries")
        .column_as(whole_sum(ledger_entry::Column::ClaimedMs), "claimed")
        .column_as(whole_sum(ledger_entry::Column::CreditedMs), "credited")
        .filter(slice.entries())
        .group_by(by)
        .group_by(ledger_entry::Column::RuleId)
        .into_tuple()
        .all(db)
        .await?;
    let mut sums: BTreeMap<K, Total> = BTreeMap::new();
    for (key, rule, entries, claimed_ms, credited_ms) in rows {
        let credit = credit_of(book, rule, credited_ms);
        sums.entry(key).or_default().add(Total { entries, claimed_ms, credited_ms, credit });
    }
    Ok(sums)
}
