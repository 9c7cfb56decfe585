//! The four books and the roster (四簿一册) of a part of the tree and a period, printed from the logs.
//!
//! Each book says how many rows it has, what they come to, and gives any stretch of them: a page on the screen, or all
//! of them for a file. Nothing is written by hand, so nothing can be written up afterwards.

use super::people::Place;
use super::{Cell, Column, Frame, Kind, Report, Rows, Window};
use crate::Result;
use entity::UnitId;
use std::collections::HashMap;

mod equipment;
mod feedback;
mod roster;
mod runs;
mod viewing;

/// Rows read at once.
const BATCH: u64 = 200;

/// A book of this kind, with the rows of the window.
pub(super) async fn report(frame: Frame, kind: Kind, window: Window) -> Result<Report> {
    let (row_count, totals) = sums(&frame, kind).await?;
    let columns: Vec<_> = columns(kind).iter().map(|(title, width)| Column::new(*title, *width)).collect();
    let mut cells = vec![Cell::Text("合计".to_owned())];
    cells.resize(columns.len(), Cell::Empty);
    for (title, total) in totals {
        if let Some(cell) = columns.iter().position(|column| column.title == title).and_then(|at| cells.get_mut(at)) {
            *cell = total;
        }
    }
    let rows = match kind {
        Kind::Roster => roster::rows(&frame, window),
        _ => rows(&frame, kind, window, row_count),
    };
    Ok(frame.finish(kind, columns, row_count, cells, rows))
}

/// The totals by the title of their column.
type Totals = Vec<(&'static str, Cell)>;

async fn sums(frame: &Frame, kind: Kind) -> Result<(u64, Totals)> {
    match kind {
        Kind::Viewing => viewing::sums(frame).await,
        Kind::Feedback => feedback::sums(frame).await,
        Kind::Equipment => equipment::sums(frame).await,
        Kind::Runs => runs::sums(frame).await,
        _ => roster::sums(frame).await,
    }
}

fn columns(kind: Kind) -> &'static [(&'static str, u8)] {
    match kind {
        Kind::Viewing => viewing::COLUMNS,
        Kind::Feedback => feedback::COLUMNS,
        Kind::Equipment => equipment::COLUMNS,
        Kind::Runs => runs::COLUMNS,
        _ => roster::COLUMNS,
    }
}

fn rows(frame: &Frame, kind: Kind, window: Window, row_count: u64) -> Rows {
    let frame = frame.clone();
    Box::pin(async_stream::try_stream! {
        let places = Places::of(&frame);
        let end = window.first.saturating_add(window.most).min(row_count);
        let mut first = window.first;
        while first < end {
            let most = BATCH.min(end - first);
            let batch = match kind {
                Kind::Viewing => viewing::batch(&frame, &places, first, most).await?,
                Kind::Feedback => feedback::batch(&frame, &places, first, most).await?,
                Kind::Equipment => equipment::batch(&frame, &places, first, most).await?,
                _ => runs::batch(&frame, &places, first, most).await?,
            };
            first += most;
            yield batch;
        }
    })
}

/// The units of a report by their key.
struct Places(HashMap<UnitId, Place>);

impl Places {
    fn of(frame: &Frame) -> Self {
        Self(frame.roster.places.iter().map(|place| (place.unit_id, place.clone())).collect())
    }

    /// County, township and village of a unit; of one above the report nothing.
    fn cells(&self, unit: UnitId) -> [Cell; 3] {
        self.0.get(&unit).map_or([Cell::Empty, Cell::Empty, Cell::Empty], Place::cells)
    }
}

/// A count as a cell.
fn count(count: impl TryInto<i64>) -> Cell {
    Cell::Count(count.try_into().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
