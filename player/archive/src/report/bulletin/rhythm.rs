//! When people studied, and what about.

use crate::Result;
use crate::report::sheets::{Table, columns, count, hours, text};
use crate::report::{Cell, Frame};
use crate::view::{self, Total};

/// Every civil day of the period, also those on which nobody studied.
pub(super) async fn days(frame: &Frame) -> Result<Table> {
    let days = view::days(&frame.db, &frame.book, &frame.slice).await?;
    let period = frame.slice.from.iter_days().take_while(|day| *day <= frame.slice.to);
    let row = |first: Cell, total: &Total| vec![first, count(total.entries), hours(total.credited_ms)];
    let rows = period.map(|day| row(Cell::Date(day), &days.get(&day).copied().unwrap_or_default()));
    Ok(Table {
        title: "逐日学习",
        note: "一条学时记录算一人次。".to_owned(),
        columns: columns(&[("日期", 12), ("学习人次", 10), ("有效学习小时", 12)]),
        units: Vec::new(),
        rows: rows.collect(),
        totals: row(text("合计"), &Total::over(days.values())),
    })
}

/// What the lessons were about.
pub(super) async fn categories(frame: &Frame) -> Result<Table> {
    let categories = view::by_category(&frame.db, &frame.book, &frame.slice).await?;
    let row = |name: &str, total: &Total| vec![text(name), count(total.entries), hours(total.credited_ms)];
    let named = categories.iter().map(|(category, total)| row(category.map_or(NO_LESSON, |it| it.label()), total));
    Ok(Table {
        title: "分类时长",
        note: "按课程的类别；集中培训不分类。".to_owned(),
        columns: columns(&[("类别", 16), ("学习人次", 10), ("有效学习小时", 12)]),
        units: Vec::new(),
        rows: named.collect(),
        totals: if categories.is_empty() { Vec::new() } else { row("合计", &Total::over(categories.values())) },
    })
}

/// What people call hours that no lesson brought.
const NO_LESSON: &str = "集中培训等";
