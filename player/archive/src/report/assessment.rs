//! Assessment: one row per person, how they stand against each target of the year.

use super::people::{self, Roster, Someone};
use super::{Cell, Column, Frame, Kind, Report};
use crate::Result;
use crate::assess::{self, Standing, Verdict};
use crate::rules::RuleBook;
use crate::view::{self, Total};
use crate::year::Years;
use entity::Day;
use std::sync::Arc;

pub(super) async fn report(frame: Frame) -> Result<Report> {
    let targets = targets(&frame.book, &frame.roster, frame.judged_on);
    let total = Total::over(view::by_source(&frame.db, &frame.book, &frame.slice).await?.values());
    let row_count = frame.roster.count(&frame.db, &frame.slice).await?;
    let columns = columns(&targets);
    let mut totals = vec![Cell::Text("合计".to_owned())];
    totals.resize(6, Cell::Empty);
    totals.push(Cell::Amount(total.credit.hundredths()));
    totals.resize(columns.len(), Cell::Empty);
    let targets: Arc<[TargetColumns]> = targets.into();
    let rows = people::rows(&frame, move |frame, people| batch_rows(frame, people, targets.clone()));
    Ok(frame.finish(Kind::Assessment, columns, row_count, totals, rows))
}

/// A target as a group of columns; counties with rules of their own may add some.
#[derive(Clone)]
struct TargetColumns {
    id: String,
    name: String,
    unit: &'static str,
}

fn targets(book: &RuleBook, roster: &Roster, day: Day) -> Vec<TargetColumns> {
    let mut targets: Vec<TargetColumns> = Vec::new();
    for (_, rules) in roster.places.iter().filter_map(|place| book.in_force(&place.path, day).ok()) {
        for target in &rules.targets {
            if targets.iter().all(|known| known.id != target.id) {
                let (id, name) = (target.id.clone(), target.name.clone());
                targets.push(TargetColumns { id, name, unit: target.measure.unit() });
            }
        }
    }
    targets
}

fn columns(targets: &[TargetColumns]) -> Vec<Column> {
    let place =
        [("县区", 14), ("乡镇", 14), ("村", 16), ("人员编号", 20), ("姓名", 10), ("职务", 18), ("学时合计", 10)];
    let mut columns: Vec<_> = place.into_iter().map(|(title, width)| Column::new(title, width)).collect();
    for target in targets {
        columns.push(Column::new(format!("{}：完成（{}）", target.name, target.unit), 16));
        columns.push(Column::new(format!("{}：要求（{}）", target.name, target.unit), 16));
        columns.push(Column::new(format!("{}：达标", target.name), 12));
    }
    columns.push(Column::new("全部达标", 10));
    columns.push(Column::new("尚缺", 40));
    columns
}

async fn batch_rows(frame: Frame, people: Vec<Someone>, targets: Arc<[TargetColumns]>) -> Result<Vec<Vec<Cell>>> {
    let mut years = Years::load(&frame.db, &frame.book, &frame.slice).await?;
    let mut rows = Vec::with_capacity(people.len());
    for person in people {
        let (_, facts) = years.take(person.id);
        let rules = frame.book.in_force(person.path(), frame.judged_on).ok().map(|(_, rules)| rules);
        let standings = assess::standings(rules.as_deref(), &facts);
        let mut cells = person.cells(Some(&facts.posts()));
        cells.push(Cell::Amount(facts.credit.hundredths()));
        cells.extend(targets.iter().flat_map(|target| target_cells(&standings, &target.id)));
        cells.extend(verdict(&standings));
        rows.push(cells);
    }
    Ok(rows)
}

fn target_cells(standings: &[Standing], id: &str) -> [Cell; 3] {
    match standings.iter().find(|standing| standing.id == id) {
        Some(standing) if standing.is_exempt() => {
            [Cell::Amount(standing.have), Cell::Amount(standing.need), Cell::Text("免".to_owned())]
        }
        Some(standing) => [Cell::Amount(standing.have), Cell::Amount(standing.need), yes_or_no(standing.met)],
        None => [Cell::Empty, Cell::Empty, Cell::Text("不适用".to_owned())],
    }
}

fn verdict(standings: &[Standing]) -> [Cell; 2] {
    match assess::verdict(standings) {
        Verdict::Unbound => return [Cell::Text("不适用".to_owned()), Cell::Empty],
        Verdict::Exempt => return [Cell::Text("免".to_owned()), Cell::Empty],
        Verdict::Short | Verdict::Met => {}
    }
    let missing = standings.iter().filter(|standing| !standing.met);
    let missing: Vec<_> =
        missing.map(|standing| format!("{}缺 {} {}", standing.name, standing.missing, standing.unit)).collect();
    [yes_or_no(missing.is_empty()), Cell::Text(missing.join("；"))]
}

fn yes_or_no(met: bool) -> Cell {
    Cell::Text(if met { "是" } else { "否" }.to_owned())
}
