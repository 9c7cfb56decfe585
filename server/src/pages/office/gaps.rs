//! Who of a unit lacks something, those longest behind first.

use super::person::{year_of, years};
use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, page_number, tabs, unit, units};
use crate::pages::parts::Pager;
use crate::pages::phone::standing::short;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::assess::Rates;
use archive::gap::{self, Behind, Progress, Who};
use askama::Template;
use entity::{Day, Moment, PersonId};
use serde::Deserialize;

const PAGE: u64 = 50;

/// Whom, where, of which year.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GapsQuery {
    unit: String,
    year: String,
    who: String,
    page: String,
}

#[derive(Template)]
#[template(path = "office/gaps.html")]
struct GapsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    unit: String,
    year: i32,
    years: Vec<Tab>,
    units: Vec<Choice>,
    kinds: Vec<Choice>,
    export: String,
    rates: String,
    exempt: bool,
    rows: Vec<Row>,
    pager: Pager,
}

/// One person who lacks something.
pub(super) struct Row {
    pub(super) id: PersonId,
    pub(super) name: String,
    pub(super) code: String,
    pub(super) unit: String,
    pub(super) missing: Vec<String>,
    pub(super) since: Option<Day>,
    pub(super) forecast: &'static str,
    pub(super) mood: &'static str,
}

impl Row {
    pub(super) fn of(behind: Behind) -> Self {
        let missing = behind.targets.iter().filter(|target| !target.standing.met);
        let lost = missing.clone().any(|target| !target.will_meet());
        let (forecast, mood) = match (missing.clone().count(), lost) {
            (0, _) => ("已免除", "off"),
            (_, true) => ("照此达不到", "bad"),
            (_, false) => ("照此能达到", "ok"),
        };
        Self {
            missing: missing.map(said).collect(),
            id: behind.person_id,
            name: behind.name,
            code: behind.code,
            unit: behind.unit_name,
            since: behind.since,
            forecast,
            mood,
        }
    }
}

fn said(target: &Progress) -> String {
    let standing = &target.standing;
    format!("{}缺 {} {}", standing.name, short(standing.missing), standing.unit)
}

/// `GET /office/gaps`: a page of the list.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(reader: Reader, query: Query<GapsQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let reach = reader.reach();
    let at = unit(&db.read, &reach, Some(&query.unit)).await?;
    let (year, today) = (year_of(&query.year), Moment::now().day());
    let who = Who::parse(&query.who).unwrap_or_default();
    let found = gap::of_unit(&db.read, at.id, (year, today), who, (page_number(Some(&query.page)), PAGE)).await?;
    let (id, shown) = (at.id.to_string(), year.to_string());
    let kept = [("unit", id.as_str()), ("year", &shown), ("who", who.as_str())];
    crate::pages::draw(&GapsPage {
        shell: Shell::new(&reader, format!("{} {year} 年学时缺口", at.name), "/office"),
        tabs: tabs(&reader, "/office/gaps"),
        years: years(year, &format!("/office/gaps?unit={id}&who={}&year=", who.as_str())),
        units: units(&db.read, &reach, &at).await?,
        kinds: kinds(who),
        export: format!("/api/v1/reports/gaps.xlsx?unit={id}&year={year}"),
        rates: rates(&found.rates, found.behind),
        exempt: who == Who::Exempt,
        pager: Pager::new("/office/gaps", &kept, found.page, PAGE, found.total),
        rows: found.people.into_iter().map(Row::of).collect(),
        unit: at.name,
        year,
    })
}

fn kinds(who: Who) -> Vec<Choice> {
    let choice = |(kind, label): (Who, &str)| Choice::new(kind.as_str(), label, who.as_str());
    [(Who::Behind, "落后于进度的"), (Who::Short, "还没达标的"), (Who::Exempt, "已免除的")]
        .into_iter()
        .map(choice)
        .collect()
}

/// The rates with and without the exempt, in one sentence.
fn rates(whole: &Rates, behind: u64) -> String {
    let percent = |share: Option<u64>| share.map_or("—".to_owned(), |share| format!("{share} %"));
    format!(
        "应考核 {} 人，达标 {} 人（{}）；免除 {} 人，连同免除的人计达标率 {}；落后于进度 {behind} 人。",
        whole.bound,
        whole.met,
        percent(whole.met_percent()),
        whole.exempt,
        percent(whole.met_percent_of_all()),
    )
}
