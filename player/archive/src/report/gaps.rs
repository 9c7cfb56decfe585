//! Gaps: one row per person who lacks something of the year.

use super::people::Someone;
use super::{Cell, Column, Frame, Kind, Report, Rows};
use crate::gap::{self, Progress};
use crate::view::{self, Slice, Whom};
use crate::{Result, assess::Verdict};
use entity::{Day, PersonId};
use std::collections::HashMap;

const COLUMNS: [(&str, u8); 10] = [
    ("县区", 14),
    ("乡镇", 14),
    ("村", 16),
    ("人员编号", 20),
    ("姓名", 10),
    ("职务", 18),
    ("尚缺", 40),
    ("缺学时", 10),
    ("落后自", 12),
    ("按目前进度年底还缺", 40),
];

/// Who lacks something, with every target.
type Short = HashMap<PersonId, Vec<Progress>>;

pub(super) async fn report(frame: Frame) -> Result<Report> {
    let short = short(&frame).await?;
    let row_count = short.len() as u64;
    let mut totals = vec![Cell::Text("合计".to_owned()), Cell::Count(i64::try_from(row_count).unwrap_or(0))];
    totals.resize(COLUMNS.len(), Cell::Empty);
    let columns = COLUMNS.into_iter().map(|(title, width)| Column::new(title, width)).collect();
    let rows = rows(&frame, short);
    Ok(frame.finish(Kind::Gaps, columns, row_count, totals, rows))
}

async fn short(frame: &Frame) -> Result<Short> {
    let judged = gap::judged(&frame.db, &frame.book, &frame.slice, frame.judged_on).await?;
    let short = judged.into_iter().filter(|judged| judged.verdict == Verdict::Short);
    Ok(short.map(|judged| (judged.person_id, judged.targets)).collect())
}

fn rows(frame: &Frame, mut short: Short) -> Rows {
    let (db, roster, slice) = (frame.db.clone(), frame.roster.clone(), frame.slice.clone());
    Box::pin(async_stream::try_stream! {
        for group in 0..roster.groups() {
            for mut people in roster.people(&db, &slice, group).await? {
                people.retain(|person| short.contains_key(&person.id));
                let ids = people.iter().map(|person| person.id).collect();
                let posts = view::posts(&db, &Slice { whom: Whom::These(ids), ..slice.clone() }).await?;
                let row = |person: &Someone| {
                    let mut cells = person.cells(posts.get(&person.id));
                    cells.extend(gap_cells(&short.remove(&person.id).unwrap_or_default()));
                    cells
                };
                yield people.iter().map(row).collect::<Vec<_>>();
            }
        }
    })
}

fn gap_cells(targets: &[Progress]) -> [Cell; 4] {
    let missing = targets.iter().filter(|target| !target.standing.met);
    let said = missing.clone().map(|target| {
        let standing = &target.standing;
        format!("{}缺 {} {}", standing.name, standing.missing, standing.unit)
    });
    let hours = missing.clone().filter(|target| target.standing.unit == "学时").map(|target| target.standing.missing);
    let since: Option<Day> = targets.iter().filter_map(|target| target.behind_since).min();
    let late = missing.filter(|target| !target.will_meet()).map(|target| {
        let left = crate::Hundredths(target.standing.need.0 - target.forecast.0);
        format!("{} {left} {}", target.standing.name, target.standing.unit)
    });
    [
        Cell::Text(said.collect::<Vec<_>>().join("；")),
        hours.max().map_or(Cell::Empty, Cell::Amount),
        since.map_or(Cell::Empty, Cell::Date),
        Cell::Text(late.collect::<Vec<_>>().join("；")),
    ]
}
