//! Attendance: one row per ledger entry.

use super::people::Someone;
use super::{Cell, Column, Frame, Kind, Report, Rows};
use crate::record::{self, Times};
use crate::rules::RuleBook;
use crate::view::{self, Slice, Total, Whom};
use crate::{Hundredths, Result, flags, ledger};
use entity::{PersonId, PostKind, Reason, ledger_entry};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) async fn report(frame: Frame) -> Result<Report> {
    let total = Total::over(view::by_source(&frame.db, &frame.book, &frame.slice).await?.values());
    let row_count = u64::try_from(total.entries).unwrap_or(0);
    let totals = totals(&total);
    let rows = rows(&frame);
    Ok(frame.finish(Kind::Attendance, columns(), row_count, totals, rows))
}

fn columns() -> Vec<Column> {
    let titles = [
        ("日期", 12),
        ("县区", 14),
        ("乡镇", 14),
        ("村", 16),
        ("人员编号", 20),
        ("姓名", 10),
        ("职务", 18),
        ("类型", 10),
        ("课程或培训班", 40),
        ("开始时间", 20),
        ("结束时间", 20),
        ("申报分钟", 10),
        ("计入分钟", 10),
        ("学时", 8),
        ("未计入原因", 40),
        ("台账号", 10),
        ("提示", 14),
    ];
    titles.into_iter().map(|(title, width)| Column::new(title, width)).collect()
}

fn totals(total: &Total) -> Vec<Cell> {
    let mut cells = vec![Cell::Text("合计".to_owned())];
    cells.resize(11, Cell::Empty);
    cells.push(Cell::minutes(total.claimed_ms));
    cells.push(Cell::minutes(total.credited_ms));
    cells.push(Cell::Amount(total.credit.hundredths()));
    cells.resize(columns().len(), Cell::Empty);
    cells
}

fn rows(frame: &Frame) -> Rows {
    let (db, book, roster, slice) = (frame.db.clone(), frame.book.clone(), frame.roster.clone(), frame.slice.clone());
    Box::pin(async_stream::try_stream! {
        for group in 0..roster.groups() {
            for people in roster.people(&db, &slice, group).await? {
                let ids = people.iter().map(|person| person.id).collect();
                let batch = Slice { whom: Whom::These(ids), ..slice.clone() };
                yield batch_rows(&db, &book, &batch, &people).await?;
            }
        }
    })
}

async fn batch_rows(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
    people: &[Someone],
) -> Result<Vec<Vec<Cell>>> {
    let entries = ledger_entry::Entity::find()
        .filter(slice.entries())
        .order_by_asc(ledger_entry::Column::Day)
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    let times = record::session_times(db, &entries).await?;
    let unserved = flags::unserved(db, entries.iter().filter_map(|entry| entry.playback_id)).await?;
    let posts = view::posts(db, slice).await?;
    let mut by_person: HashMap<PersonId, Vec<ledger_entry::Model>> = HashMap::new();
    for entry in entries {
        by_person.entry(entry.person_id).or_default().push(entry);
    }
    let mut rows = Vec::new();
    for person in people {
        for entry in by_person.remove(&person.id).unwrap_or_default() {
            let flagged = entry.credited_ms > 0 && entry.playback_id.is_some_and(|id| unserved.contains(&id));
            let mut cells = row(person, posts.get(&person.id), entry, book, &times)?;
            cells.push(if flagged { Cell::Text(flags::UNSERVED.to_owned()) } else { Cell::Empty });
            rows.push(cells);
        }
    }
    Ok(rows)
}

fn row(
    person: &Someone,
    posts: Option<&BTreeSet<PostKind>>,
    entry: ledger_entry::Model,
    book: &RuleBook,
    times: &Times,
) -> Result<Vec<Cell>> {
    let time = entry.playback_id.and_then(|id| times.get(&id));
    let credit = view::credit_of(book, entry.rule_id, entry.credited_ms);
    let reasons = reason_text(&ledger::reasons_of(&entry)?);
    let mut cells = vec![Cell::Date(entry.day)];
    cells.extend(person.cells(posts));
    cells.extend([
        Cell::Text(entry.source.label().to_owned()),
        Cell::Text(entry.note),
        time.map_or(Cell::Empty, |(began, _)| Cell::Time(*began)),
        time.and_then(|(_, ended)| *ended).map_or(Cell::Empty, Cell::Time),
        Cell::minutes(entry.claimed_ms),
        Cell::minutes(entry.credited_ms),
        Cell::Amount(credit.hundredths()),
        Cell::Text(reasons),
        Cell::Count(entry.seq),
    ]);
    Ok(cells)
}

/// Each reason with its minutes. A reason that a correction takes back is no reason.
fn reason_text(reasons: &BTreeMap<Reason, i64>) -> String {
    let parts = reasons.iter().filter(|(_, ms)| **ms > 0);
    let parts = parts.map(|(reason, ms)| format!("{} {} 分钟", reason.label(), Hundredths::minutes(*ms)));
    parts.collect::<Vec<_>>().join("；")
}
