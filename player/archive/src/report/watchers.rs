//! Who watched a lesson as a report: one row per person.

use super::people::Roster;
use super::{Cell, Column, Kind, Report};
use crate::Result;
use crate::plan::State;
use crate::watchers::{self, Watcher};
use entity::{Day, Scope, lesson};
use futures_util::{StreamExt, stream};
use sea_orm::DatabaseConnection;
use std::collections::HashMap;

/// The people of a scope who watched a lesson, as of today.
///
/// # Errors
/// When the database fails.
pub async fn report(db: &DatabaseConnection, of: &lesson::Model, scope: &Scope, today: Day) -> Result<Report> {
    let watchers = watchers::of_lesson(db, of, scope).await?;
    let roster = Roster::load(db, scope).await?;
    let places: HashMap<_, _> = roster.places.iter().map(|place| (place.unit_id, place.cells())).collect();
    let row = |watcher: &Watcher| {
        let place = places.get(&watcher.unit).cloned().unwrap_or([Cell::Empty, Cell::Empty, Cell::Empty]);
        let own = [
            Cell::Id(watcher.code.clone()),
            Cell::Text(watcher.name.clone()),
            Cell::minutes(watcher.watched_ms),
            Cell::minutes(watcher.credited_ms),
            Cell::Count(watcher.percent),
            Cell::Text(watcher.state.label().to_owned()),
            Cell::Date(watcher.last),
            Cell::Text(quiz_of(watcher).to_owned()),
        ];
        place.into_iter().chain(own).collect::<Vec<Cell>>()
    };
    let rows: Vec<Vec<Cell>> = watchers.iter().map(row).collect();
    let columns = [
        ("县区", 12),
        ("乡镇", 12),
        ("村", 14),
        ("人员编号", 18),
        ("姓名", 12),
        ("收看分钟", 10),
        ("计入分钟", 10),
        ("看了百分之", 10),
        ("情况", 10),
        ("最后一次", 12),
        ("随堂测验", 10),
    ];
    let done = watchers.iter().filter(|watcher| watcher.state == State::Done).count();
    let count = |number: usize| Cell::Count(i64::try_from(number).unwrap_or(i64::MAX));
    let mut totals = vec![Cell::Text("合计人数".to_owned()), Cell::Empty, Cell::Empty, Cell::Empty];
    totals.extend([count(watchers.len()), Cell::Empty, Cell::Empty, Cell::Text("已完成".to_owned()), count(done)]);
    totals.extend([Cell::Empty, Cell::Empty]);
    Ok(Report {
        kind: Kind::Watchers,
        scope_name: format!("{}《{}》", roster.scope_name, of.title),
        from: watchers.iter().map(|watcher| watcher.last).min().unwrap_or(today),
        to: today,
        as_of: today,
        columns: columns.into_iter().map(|(title, width)| Column::new(title, width)).collect(),
        row_count: rows.len() as u64,
        totals,
        rows: stream::iter(rows.chunks(500).map(|some| Ok(some.to_vec())).collect::<Vec<_>>()).boxed(),
    })
}

/// What people read of the quiz.
fn quiz_of(watcher: &Watcher) -> &'static str {
    match watcher.passed {
        Some(true) => "通过",
        Some(false) => "没通过",
        None => "",
    }
}
