//! The people of a village, as the assessment report has them.

use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::ApiResult;
use archive::About;
use archive::report::{Cell, Kind, Report, ReportQuery};
use entity::{Day, PersonId, UnitId};
use futures_util::StreamExt;
use std::collections::HashMap;

/// People listed of one unit at most; more are found by searching.
const PEOPLE: usize = 500;

/// One of them.
pub(super) struct PersonRow {
    pub(super) id: PersonId,
    pub(super) name: String,
    pub(super) code: String,
    pub(super) post: String,
    pub(super) credit: String,
    pub(super) met: Option<bool>,
    pub(super) missing: String,
}

/// The people of a unit with their hours and standing, as the assessment report has them.
pub(super) async fn people(
    db: &Database,
    reader: &Reader,
    id: UnitId,
    year: i32,
    today: Day,
) -> ApiResult<Vec<PersonRow>> {
    let roster = roster::people::of_unit(&db.read, id).await?;
    // The report shows numbers masked, so two people are told apart by name and number.
    let key = |person: entity::person::Model| ((person.name, entity::person::masked(&person.code)), person.id);
    let ids: HashMap<(String, String), PersonId> = roster.into_iter().map(key).collect();
    let scope = reader.reach();
    let query =
        ReportQuery { unit: Some(id), from: None, to: None, year: Some(year), about: About::Everything, scope, today };
    let mut report = archive::report::report(&db.read, Kind::Assessment, &query).await?;
    let mut people = Vec::new();
    while let Some(batch) = report.rows.next().await {
        people.extend(batch?.iter().filter_map(|cells| person_row(&report, cells, &ids)));
        if people.len() >= PEOPLE {
            break;
        }
    }
    Ok(people)
}

/// A row of the assessment report as a row of this page; `None` for somebody who has left or lives further below.
fn person_row(report: &Report, cells: &[Cell], ids: &HashMap<(String, String), PersonId>) -> Option<PersonRow> {
    let of = |title: &str| {
        let place = report.columns.iter().position(|column| column.title == title);
        place.and_then(|place| cells.get(place)).map(Cell::text).unwrap_or_default()
    };
    let (name, code) = (of("姓名"), of("人员编号"));
    Some(PersonRow {
        id: *ids.get(&(name.clone(), code.clone()))?,
        name,
        code,
        post: of("职务"),
        credit: of("学时合计"),
        met: match of("全部达标").as_str() {
            "是" => Some(true),
            "否" => Some(false),
            _ => None, // exempt, or nothing is asked
        },
        missing: of("尚缺"),
    })
}
