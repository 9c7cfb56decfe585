//! Hours: one row per person, by source.

use super::people::{self, Someone};
use super::{Cell, Column, Frame, Kind, Report};
use crate::Result;
use crate::view::{self, PersonSums};
use entity::{Day, Source};

pub(super) async fn report(frame: Frame) -> Result<Report> {
    let by_source = view::by_source(&frame.db, &frame.book, &frame.slice).await?;
    let row_count = frame.roster.count(&frame.db, &frame.slice).await?;
    let mut totals = vec![Cell::Text("合计".to_owned())];
    totals.resize(6, Cell::Empty);
    totals.extend(sum_cells(&PersonSums { by_source, ..PersonSums::default() }));
    let rows = people::rows(&frame, batch_rows);
    Ok(frame.finish(Kind::Hours, columns(), row_count, totals, rows))
}

fn columns() -> Vec<Column> {
    let place = [("县区", 14), ("乡镇", 14), ("村", 16), ("人员编号", 20), ("姓名", 10), ("职务", 18)];
    let sums = [("申报分钟", 12), ("计入分钟", 12), ("学时合计", 10), ("记录条数", 10), ("最近学习日", 12)];
    let sources = Source::ALL.iter().map(|source| Column::new(format!("{}分钟", source.label()), 14));
    let fixed = |(title, width): (&str, u8)| Column::new(title, width);
    place.into_iter().map(fixed).chain(sources).chain(sums.into_iter().map(fixed)).collect()
}

async fn batch_rows(frame: Frame, people: Vec<Someone>) -> Result<Vec<Vec<Cell>>> {
    let mut sums = view::sums(&frame.db, &frame.book, &frame.slice).await?;
    let posts = view::posts(&frame.db, &frame.slice).await?;
    let rows = people.iter().map(|person| {
        let mut cells = person.cells(posts.get(&person.id));
        cells.extend(sum_cells(&sums.remove(&person.id).unwrap_or_default()));
        cells
    });
    Ok(rows.collect())
}

fn sum_cells(sums: &PersonSums) -> Vec<Cell> {
    let all = sums.all();
    let credited = |source: &Source| sums.by_source.get(source).map_or(0, |total| total.credited_ms);
    let mut cells: Vec<_> = Source::ALL.iter().map(|source| Cell::minutes(credited(source))).collect();
    cells.extend([
        Cell::minutes(all.claimed_ms),
        Cell::minutes(all.credited_ms),
        Cell::Amount(all.credit.hundredths()),
        Cell::Count(all.entries),
        sums.last_day.map_or(Cell::Empty, |day: Day| Cell::Date(day)),
    ]);
    cells
}
