//! What was learnt most, what was looked for most, and what was looked for and not found.

use crate::report::sheets::{Table, columns, count, hours, text};
use crate::report::{Cell, Frame};
use crate::{Result, names};
use entity::{LessonId, SearchTier, Source, ledger_entry, search_count};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};

/// Rows of a list of the most.
const MOST: u64 = 10;
/// A word fewer people looked for is their own business.
const FEWEST: i64 = 3;

/// The lessons most time was spent on.
pub(super) async fn lessons(frame: &Frame) -> Result<Table> {
    let time = || whole(ledger_entry::Column::CreditedMs.sum());
    let rows: Vec<(LessonId, i64, i64)> = ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::LessonId)
        .column_as(ledger_entry::Column::Seq.count(), "entries")
        .column_as(time(), "credited_ms")
        .filter(frame.slice.entries())
        .filter(ledger_entry::Column::LessonId.is_not_null())
        .filter(ledger_entry::Column::Source.is_in([Source::Solo, Source::Group]))
        .group_by(ledger_entry::Column::LessonId)
        .order_by(time(), Order::Desc)
        .order_by_asc(ledger_entry::Column::LessonId)
        .limit(MOST)
        .into_tuple()
        .all(&frame.db)
        .await?;
    let titles = names::of_lessons(&frame.db, rows.iter().map(|row| row.0).collect()).await?;
    let rows = rows.into_iter().zip(1_i64..).map(|((lesson, entries, ms), place)| {
        let title = titles.get(&lesson).cloned().unwrap_or_else(|| format!("课程 {lesson}"));
        vec![count(place), text(title), count(entries), hours(ms)]
    });
    Ok(Table {
        title: "热门课程",
        note: "按有效学习时长排列的前十门课。".to_owned(),
        columns: columns(&[("名次", 8), ("课程", 40), ("学习人次", 10), ("有效学习小时", 12)]),
        units: Vec::new(),
        rows: rows.collect(),
        totals: Vec::new(),
    })
}

/// The words most people looked for and found something by.
pub(super) async fn hot(frame: &Frame) -> Result<Table> {
    let note = "搜到了课程、至少三人次搜过的词，按县区统计。";
    words(frame, "热搜词", note, SearchTier::Full, FEWEST).await
}

/// The words that found nothing: lessons that are wanted.
pub(super) async fn missing(frame: &Frame) -> Result<Table> {
    words(frame, "没搜到的词", "什么也没有搜到的词，是群众想学而库里没有的课，按县区统计。", SearchTier::None, 1).await
}

async fn words(frame: &Frame, title: &'static str, note: &str, tier: SearchTier, fewest: i64) -> Result<Table> {
    let asked = || whole(search_count::Column::Asked.sum());
    let rows: Vec<(String, String, i64)> = search_count::Entity::find()
        .select_only()
        .column(search_count::Column::Meaning)
        .column_as(search_count::Column::Query.min(), "spelling")
        .column_as(asked(), "asked_in_all")
        .filter(search_count::Column::Tier.eq(tier))
        .filter(search_count::Column::Day.between(frame.slice.from, frame.slice.to))
        .filter(frame.roster.scope.reaches((search_count::Entity, search_count::Column::UnitId)))
        .group_by(search_count::Column::Meaning)
        .having(asked().gte(fewest))
        .order_by(asked(), Order::Desc)
        .order_by_asc(search_count::Column::Meaning)
        .limit(MOST)
        .into_tuple()
        .all(&frame.db)
        .await?;
    let row = |((_, spelling, asked), place): ((String, String, i64), i64)| -> Vec<Cell> {
        vec![count(place), text(spelling), count(asked)]
    };
    Ok(Table {
        title,
        note: note.to_owned(),
        columns: columns(&[("名次", 8), ("词", 30), ("次数", 10)]),
        units: Vec::new(),
        rows: rows.into_iter().zip(1..).map(row).collect(),
        totals: Vec::new(),
    })
}

/// A sum as BIGINT: PostgreSQL sums BIGINT into NUMERIC.
fn whole(sum: impl Into<Expr>) -> SimpleExpr {
    sum.into().cast_as("BIGINT")
}
