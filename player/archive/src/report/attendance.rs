//! Attendance: one row per ledger entry.

use super::people::{self, Someone};
use super::{Cell, Column, Frame, Kind, Report};
use crate::flags::{self, Unserved};
use crate::rules::RuleBook;
use crate::view::{self, Slice, Total};
use crate::{Hundredths, Result, ledger};
use entity::{Day, LessonId, Moment, PersonId, Reason, RuleId, Source, ledger_entry, playback, together};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, QueryTrait, RelationDef};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) async fn report(frame: Frame) -> Result<Report> {
    let total = Total::over(view::by_source(&frame.db, &frame.book, &frame.slice).await?.values());
    let row_count = u64::try_from(total.entries).unwrap_or(0);
    let totals = totals(&total);
    let unserved = Arc::new(Unserved::load(&frame.db).await?);
    let rows = people::rows(&frame, move |frame, people| batch_rows(frame, people, unserved.clone()));
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

/// An entry as this report tells it, with its session.
struct Told {
    entry: Entry,
    began: Option<Moment>,
    ended: Option<Moment>,
    /// Its lesson, when nobody is known to have fetched it.
    unserved: Option<LessonId>,
}

struct Entry {
    seq: i64,
    day: Day,
    source: Source,
    note: String,
    claimed_ms: i64,
    credited_ms: i64,
    reasons: String,
    rule_id: RuleId,
}

async fn batch_rows(frame: Frame, people: Vec<Someone>, unserved: Arc<Unserved>) -> Result<Vec<Vec<Cell>>> {
    let mut told = told(&frame.db, &frame.slice, &unserved).await?;
    let posts = view::posts(&frame.db, &frame.slice).await?;
    let mut rows = Vec::new();
    for person in people {
        let lead = person.cells(posts.get(&person.id));
        for line in told.remove(&person.id).unwrap_or_default() {
            rows.push(row(&lead, line, &frame.book, &unserved)?);
        }
    }
    Ok(rows)
}

/// Whose; number, day, source, note, milliseconds claimed and credited, reasons, rule; when its session began and ended;
/// its lesson, when nobody is known to have fetched it.
type Read =
    (PersonId, i64, Day, Source, String, i64, i64, String, RuleId, Option<Moment>, Option<Moment>, Option<LessonId>);

/// The entries of each person by day, each read in one go with its session: there are millions.
async fn told(db: &impl ConnectionTrait, slice: &Slice, unserved: &Unserved) -> Result<HashMap<PersonId, Vec<Told>>> {
    let lesson = Expr::col((ledger_entry::Entity, ledger_entry::Column::LessonId));
    let never_fetched: Expr = Expr::case(unserved.never_fetched(), lesson).into();
    let query = ledger_entry::Entity::find()
        .select_only()
        .columns([
            ledger_entry::Column::PersonId,
            ledger_entry::Column::Seq,
            ledger_entry::Column::Day,
            ledger_entry::Column::Source,
            ledger_entry::Column::Note,
            ledger_entry::Column::ClaimedMs,
            ledger_entry::Column::CreditedMs,
            ledger_entry::Column::Reasons,
            ledger_entry::Column::RuleId,
        ])
        .column_as(playback::Column::StartedAt, "began")
        .column_as(playback::Column::ClosedAt, "ended")
        .column_as(never_fetched, "unserved")
        .join(JoinType::LeftJoin, entry_playback())
        .filter(slice.entries());
    let rows: Vec<Read> = together::rows(db, &query.into_query(), 12).await?;
    let mut people: HashMap<PersonId, Vec<Told>> = HashMap::new();
    for (person, seq, day, source, note, claimed_ms, credited_ms, reasons, rule_id, began, ended, unserved) in rows {
        let entry = Entry { seq, day, source, note, claimed_ms, credited_ms, reasons, rule_id };
        let told = Told { entry, began, ended, unserved };
        people.entry(slice.merges.kept(person)).or_default().push(told);
    }
    people.values_mut().for_each(|told| told.sort_unstable_by_key(|told| (told.entry.day, told.entry.seq)));
    Ok(people)
}

fn entry_playback() -> RelationDef {
    ledger_entry::Entity::belongs_to(playback::Entity)
        .from(ledger_entry::Column::PlaybackId)
        .to(playback::Column::Id)
        .into()
}

/// `lead` is what stands in every row of the person.
fn row(lead: &[Cell], told: Told, book: &RuleBook, unserved: &Unserved) -> Result<Vec<Cell>> {
    let entry = told.entry;
    let credit = view::credit_of(book, entry.rule_id, entry.credited_ms);
    let flagged = entry.credited_ms > 0 && told.unserved.is_some_and(|lesson| unserved.is_recording(lesson));
    let mut cells = Vec::with_capacity(lead.len() + 11);
    cells.push(Cell::Date(entry.day));
    cells.extend_from_slice(lead);
    cells.extend([
        Cell::Text(entry.source.label().to_owned()),
        Cell::Text(entry.note),
        told.began.map_or(Cell::Empty, Cell::Time),
        told.ended.map_or(Cell::Empty, Cell::Time),
        Cell::minutes(entry.claimed_ms),
        Cell::minutes(entry.credited_ms),
        Cell::Amount(credit.hundredths()),
        Cell::Text(reason_text(&ledger::read_reasons(entry.seq, &entry.reasons)?)),
        Cell::Count(entry.seq),
        if flagged { Cell::Text(flags::UNSERVED.to_owned()) } else { Cell::Empty },
    ]);
    Ok(cells)
}

/// Each reason with its minutes. A reason that a correction takes back is no reason.
fn reason_text(reasons: &BTreeMap<Reason, i64>) -> String {
    let parts = reasons.iter().filter(|(_, ms)| **ms > 0);
    let parts = parts.map(|(reason, ms)| format!("{} {} 分钟", reason.label(), Hundredths::minutes(*ms)));
    parts.collect::<Vec<_>>().join("；")
}
