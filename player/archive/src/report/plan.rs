//! A training plan as a report: one row per person it binds, with how far they are with each thing.

use super::people::Roster;
use super::{Cell, Column, Kind, Report};
use crate::Result;
use crate::plan::{self, Standing, State};
use entity::{Day, Scope, training_plan};
use futures_util::{StreamExt, stream};
use sea_orm::DatabaseConnection;
use std::collections::HashMap;

/// How far the people of a scope are with a plan whose things have these titles.
///
/// # Errors
/// When the database fails.
pub async fn report(
    db: &DatabaseConnection,
    of: &training_plan::Model,
    titles: &[String],
    scope: &Scope,
    today: Day,
) -> Result<Report> {
    let standings = plan::progress(db, of, scope, today).await?;
    let roster = Roster::load(db, scope).await?;
    let places: HashMap<_, _> = roster.places.iter().map(|place| (place.unit_id, place.cells())).collect();
    let row = |standing: &Standing| {
        let place = places.get(&standing.unit).cloned().unwrap_or([Cell::Empty, Cell::Empty, Cell::Empty]);
        let who = [Cell::Id(standing.code.clone()), Cell::Text(standing.name.clone())];
        let states = standing.items.iter().map(|state| Cell::Text(state.label().to_owned()));
        let whole = [Cell::Count(count(standing.done())), Cell::Text(standing.state().label().to_owned())];
        place.into_iter().chain(who).chain(states).chain(whole).collect::<Vec<Cell>>()
    };
    let rows: Vec<Vec<Cell>> = standings.iter().map(row).collect();
    let fixed = [("县区", 12), ("乡镇", 12), ("村", 14), ("人员编号", 18), ("姓名", 12)];
    let columns = fixed.into_iter().map(|(title, width)| Column::new(title, width));
    let columns = columns.chain(titles.iter().map(|title| Column::new(title.as_str(), 16)));
    let columns = columns.chain([Column::new("完成项数", 10), Column::new("总情况", 10)]);
    Ok(Report {
        kind: Kind::Plan,
        scope_name: format!("{}_{}", of.title, roster.scope_name),
        from: of.from_on,
        to: of.due_on,
        as_of: today,
        columns: columns.collect(),
        row_count: rows.len() as u64,
        totals: totals(&standings, titles.len()),
        rows: stream::iter(rows.chunks(500).map(|some| Ok(some.to_vec())).collect::<Vec<_>>()).boxed(),
    })
}

/// How many have done each thing, and all of them.
fn totals(standings: &[Standing], things: usize) -> Vec<Cell> {
    let done = |place: usize| standings.iter().filter(|one| one.items.get(place) == Some(&State::Done)).count();
    let whole = standings.iter().filter(|standing| standing.state() == State::Done).count();
    let mut cells = vec![Cell::Text("已完成人数".to_owned()), Cell::Empty, Cell::Empty, Cell::Empty];
    cells.push(Cell::Count(count(standings.len())));
    cells.extend((0..things).map(|place| Cell::Count(count(done(place)))));
    cells.extend([Cell::Empty, Cell::Count(count(whole))]);
    cells
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
