//! Reports on the screen before they are exported: the first rows, sorted as wished, and the totals of all of them.
//!
//! Rows, totals and files all come from `archive::report`.

use crate::api::reports::about::{Named, about};
use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Head, Tab, desk, tabs, unit, units};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::About;
use archive::report::{Cell, Kind, Report, ReportQuery};
use askama::Template;
use chrono::Datelike;
use entity::{Day, Moment, org_unit};
use futures_util::StreamExt;
use serde::Deserialize;
use std::cmp::Ordering;

/// Rows shown on the page.
const SHOWN: usize = 50;
/// Reports longer than this are shown in their own order: sorting one means reading all of it.
const SORTABLE: u64 = 5_000;

/// Which report of which unit and days, and by which column it is sorted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AttendanceQuery {
    kind: String,
    unit: String,
    from: String,
    to: String,
    sort: String,
    lesson: String,
    course: String,
    class: String,
    plan: String,
}

#[derive(Template)]
#[template(path = "studio/attendance.html")]
struct AttendancePage {
    shell: Shell,
    tabs: Vec<Tab>,
    kinds: Vec<Choice>,
    units: Vec<Choice>,
    from: String,
    to: String,
    /// The lesson, course, class or plan it is about: the name of its parameter, and its id.
    about: Option<(&'static str, i64)>,
    about_title: Option<String>,
    everything: String,
    problem: Option<&'static str>,
    report: Option<Preview>,
}

struct Preview {
    title: &'static str,
    about: String,
    shown: String,
    heads: Vec<Head>,
    rows: Vec<Vec<Shown>>,
    totals: Vec<Shown>,
    xlsx: String,
    csv: String,
}

struct Shown {
    text: String,
    number: bool,
    /// Long enough to be broken into lines; everything else stays on one.
    long: bool,
}

/// What is asked for, read from the address.
struct Asked {
    kind: Kind,
    word: &'static str,
    unit: org_unit::Model,
    from: Day,
    to: Day,
    sort: Option<(usize, bool)>,
    about: Option<(&'static str, i64)>,
}

const KINDS: [(Kind, &str, &str); 3] = [
    (Kind::Attendance, "attendance", "考勤明细"),
    (Kind::Hours, "hours", "学时汇总"),
    (Kind::Assessment, "assessment", "年度考核（按“到”的年份）"),
];

/// `GET /studio/attendance`: the first rows of a report.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn show(reader: Reader, query: Query<AttendanceQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (reach, today) = (reader.reach(), Moment::now().day());
    let at = unit(&db.read, &reach, Some(&query.unit)).await?;
    let units = units(&db.read, &reach, &at).await?;
    let asked = query.read(at, today);
    let only = about(&db, &reader, query.named()).await?;
    let report_query = ReportQuery {
        unit: Some(asked.unit.id),
        from: Some(asked.from),
        to: Some(asked.to),
        year: None,
        about: only,
        scope: reach,
        today,
    };
    let (report, problem) = match archive::report::report(&db.read, asked.kind, &report_query).await {
        Ok(report) => (Some(preview(report, &asked).await?), None),
        Err(archive::Error::BadPeriod) => (None, Some("起止日期不对：“从”不能晚于“到”。")),
        Err(cause) => return Err(cause.into()),
    };
    let about_title = only.title(&db.read).await?;
    let offered = KINDS.iter().filter(|(kind, ..)| only == About::Everything || *kind != Kind::Assessment);
    let kinds = offered.map(|(_, word, label)| Choice::new(*word, *label, asked.word)).collect();
    crate::pages::draw(&AttendancePage {
        shell: Shell::new(&reader, "考勤与学时报表", desk(&reader)),
        tabs: tabs(&reader, "/studio/attendance"),
        kinds,
        units,
        from: asked.from.to_string(),
        to: asked.to.to_string(),
        about: asked.about,
        about_title,
        everything: format!("/studio/attendance?unit={}", asked.unit.id),
        problem,
        report,
    })
}

impl AttendanceQuery {
    /// Without days the report is of this month up to today; of this year when it is about one thing.
    fn read(&self, unit: org_unit::Model, today: Day) -> Asked {
        let (kind, word, _) =
            KINDS.into_iter().find(|(_, word, _)| *word == self.kind).unwrap_or((Kind::Attendance, "attendance", ""));
        let to = self.to.parse().unwrap_or(today);
        let about = self.about();
        let first = if about.is_some() { to.with_ordinal(1) } else { to.with_day(1) };
        let from = self.from.parse().unwrap_or_else(|_| first.unwrap_or(to));
        let (turned, column) = match self.sort.strip_prefix('-') {
            Some(column) => (true, column),
            None => (false, self.sort.as_str()),
        };
        Asked { kind, word, unit, from, to, sort: column.parse().ok().map(|column| (column, turned)), about }
    }

    /// The parameter that narrows the report, when there is one.
    fn about(&self) -> Option<(&'static str, i64)> {
        let all = [("lesson", &self.lesson), ("course", &self.course), ("class", &self.class), ("plan", &self.plan)];
        all.into_iter().find_map(|(name, id)| Some((name, id.parse().ok()?)))
    }

    fn named(&self) -> Named {
        let id = |name: &str| self.about().filter(|(said, _)| *said == name).map(|(_, id)| id);
        Named { lesson: id("lesson"), course: id("course"), class: id("class"), plan: id("plan") }
    }
}

impl Asked {
    /// The parameters of this report in an address.
    fn parameters(&self) -> String {
        let about = self.about.map_or(String::new(), |(name, id)| format!("&{name}={id}"));
        format!("unit={}&from={}&to={}{about}", self.unit.id, self.from, self.to)
    }

    fn head(&self, place: usize, title: String, number: bool, sortable: bool) -> Head {
        let sorted = self.sort.filter(|(column, _)| *column == place).map(|(_, turned)| turned);
        let next = if sorted == Some(false) { "-" } else { "" };
        let href = format!("/studio/attendance?kind={}&{}&sort={next}{place}", self.word, self.parameters());
        Head {
            label: title,
            number,
            href: sortable.then_some(href),
            sorted: sorted.map(|turned| if turned { "descending" } else { "ascending" }),
        }
    }
}

async fn preview(mut report: Report, asked: &Asked) -> ApiResult<Preview> {
    let sortable = report.row_count <= SORTABLE;
    let sort = asked.sort.filter(|_| sortable);
    let mut rows = Vec::new();
    while let Some(batch) = report.rows.next().await {
        rows.extend(batch?);
        if sort.is_none() && rows.len() >= SHOWN {
            break;
        }
    }
    if let Some((column, turned)) = sort {
        rows.sort_by(|a, b| {
            let order = compare(a.get(column), b.get(column));
            if turned { order.reverse() } else { order }
        });
    }
    rows.truncate(SHOWN);
    let numbers: Vec<bool> =
        (0..report.columns.len()).map(|place| rows.iter().any(|row| row.get(place).is_some_and(is_number))).collect();
    let file = |extension: &str| format!("/api/v1/reports/{}.{extension}?{}", asked.word, asked.parameters());
    let heads = report.columns.iter().zip(&numbers).enumerate();
    Ok(Preview {
        title: report.kind.title(),
        about: format!("{}，{}，北京时间", report.scope_name, report.period()),
        shown: shown(rows.len(), report.row_count, sortable),
        heads: heads
            .map(|(place, (column, number))| asked.head(place, column.title.clone(), *number, sortable))
            .collect(),
        rows: rows.iter().map(|row| row.iter().map(Shown::of).collect()).collect(),
        totals: report.totals.iter().map(Shown::of).collect(),
        xlsx: file("xlsx"),
        csv: file("csv"),
    })
}

fn shown(rows: usize, all: u64, sortable: bool) -> String {
    let sort = if sortable { "点表头可排序" } else { "行数多，请缩小范围后排序" };
    if u64::try_from(rows).is_ok_and(|rows| rows == all) {
        return format!("共 {all} 行；{sort}");
    }
    format!("共 {all} 行，这里是前 {rows} 行，导出的文件有全部；{sort}")
}

impl Shown {
    fn of(cell: &Cell) -> Self {
        let text = cell.text();
        Self { long: matches!(cell, Cell::Text(_)) && text.chars().count() > 12, number: is_number(cell), text }
    }
}

fn is_number(cell: &Cell) -> bool {
    matches!(cell, Cell::Count(_) | Cell::Amount(_))
}

/// Numbers by size, everything else by its text, which for dates is their order.
fn compare(a: Option<&Cell>, b: Option<&Cell>) -> Ordering {
    match (a, b) {
        (Some(Cell::Count(a)), Some(Cell::Count(b))) => a.cmp(b),
        (Some(Cell::Amount(a)), Some(Cell::Amount(b))) => a.cmp(b),
        (a, b) => a.map(Cell::text).cmp(&b.map(Cell::text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use archive::Hundredths;

    #[test]
    fn amounts_sort_by_size_and_not_as_text() {
        let (nine, ten) = (Cell::Amount(Hundredths(900)), Cell::Amount(Hundredths(1000)));
        assert_eq!(compare(Some(&nine), Some(&ten)), Ordering::Less);
        assert_eq!(compare(None, Some(&Cell::Empty)), Ordering::Less);
    }
}
