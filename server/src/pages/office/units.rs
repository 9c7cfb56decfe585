//! Units at a glance: a unit's year, the units right below it, and at the bottom its people.

use super::gaps::Row as GapRow;
use super::glances::Glances;
use super::import::Tile;
use super::person::{year_of, years};
use super::{pictures, waiting};
use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::chart::Chart;
use crate::pages::choose::{Head, Tab, crumbs, tabs, unit};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::Hundredths;
use archive::effect::Effect;
use archive::overview::{Overview, UnitYear};
use askama::Template;
use chrono::Datelike;
use entity::{Day, Moment, UnitLevel, org_unit};
use serde::Deserialize;
use std::cmp::Reverse;

mod people;

use people::{PersonRow, people};

/// Which unit and year, and by which column it is sorted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UnitsQuery {
    unit: String,
    year: String,
    sort: String,
}

#[derive(Template)]
#[template(path = "office/units.html")]
struct UnitsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    crumbs: Vec<Tab>,
    unit: String,
    year: i32,
    years: Vec<Tab>,
    waiting: Vec<Tab>,
    export: String,
    /// The time of day of these numbers, when they are not of this moment.
    as_of: Option<String>,
    tiles: Vec<Tile>,
    charts: Vec<Chart>,
    below: &'static str,
    heads: Vec<Head>,
    rows: Vec<Row>,
    zero_clicks: usize,
    hot: Vec<(String, i64)>,
    people_heads: Vec<Head>,
    people: Vec<PersonRow>,
    behind: Vec<GapRow>,
    behind_total: u64,
    gaps: String,
}

struct Row {
    href: String,
    name: String,
    zero_click: bool,
    people: u64,
    credit: String,
    /// What stands beside the hours: quiz gain, requests answered, hours of the last ten days, sessions begun together.
    effect: [String; 4],
    percent: Option<u64>,
    kind: &'static str,
    met: u64,
    bound: u64,
    last_day: Option<Day>,
}

/// `GET /office`: a unit's year.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn show(
    reader: Reader,
    query: Query<UnitsQuery>,
    db: Data<Database>,
    glances: Data<Glances>,
) -> ApiResult<HttpResponse> {
    let reach = reader.reach();
    let at = unit(&db.read, &reach, Some(&query.unit)).await?;
    let (year, now) = (year_of(&query.year), Moment::now());
    let (seen, today) = (glances.of(&db, at.id, year, now).await?, now.day());
    let (glance, made_at) = seen.as_ref();
    let rows = rows(&glance.overview, &query.sort, year, today);
    let way = format!("/office?year={year}&unit=");
    let here = format!("/office?unit={}&year={year}", at.id);
    crate::pages::draw(&UnitsPage {
        shell: Shell::new(&reader, format!("{} {year} 年", at.name), "/office"),
        tabs: tabs(&reader, "/office"),
        crumbs: crumbs(&db.read, &reach, &at.path, &way).await?,
        years: years(year, &format!("/office?unit={}&year=", at.id)),
        export: format!("/api/v1/reports/assessment.xlsx?unit={}&year={year}", at.id),
        waiting: waiting::links(&reader),
        as_of: as_of(*made_at, now),
        tiles: tiles(&glance.overview, glance.behind),
        behind_total: glance.behind,
        behind: glance.longest.iter().cloned().map(GapRow::of).collect(),
        gaps: format!("/office/gaps?unit={}&year={year}", at.id),
        charts: pictures::of_year(&glance.overview, year, today),
        below: below(at.level),
        heads: heads(&here, &query.sort),
        hot: catalog::asked::hot_words(&db.read, &reach.within(&at.path), today).await?,
        zero_clicks: rows.iter().filter(|row| row.zero_click).count(),
        people: if is_bottom(&at, &rows) { people(&db, &reader, at.id, year, today).await? } else { Vec::new() },
        rows,
        people_heads: plain_heads(&[("姓名", false), ("职务", false), ("学时", true), ("达标", false)]),
        unit: at.name,
        year,
    })
}

/// The columns that sort, by the word of the address. A column of numbers begins with its greatest.
const COLUMNS: [(&str, &str, bool); 5] = [
    ("name", "单位", false),
    ("people", "人数", true),
    ("credit", "学时", true),
    ("met", "达标率", false),
    ("last", "最近学习", false),
];

/// The units right below, sorted as asked.
fn rows(overview: &Overview, sorted: &str, year: i32, today: Day) -> Vec<Row> {
    let mut children = overview.children.clone();
    sort(&mut children, sorted);
    children.iter().map(|child| Row::of(child, year, today)).collect()
}

/// The time of day of numbers that were made a while ago.
fn as_of(made: Moment, now: Moment) -> Option<String> {
    (now.since(made) >= 1000).then(|| made.local().format("%H:%M:%S").to_string())
}

/// Sorts by the column a word names; `-` before it turns the order round. Without a word units stand by their code.
fn sort(children: &mut [UnitYear], word: &str) {
    match word.trim_start_matches('-') {
        "name" => children.sort_by(|a, b| a.unit.name.cmp(&b.unit.name)),
        "people" => children.sort_by_key(|child| Reverse(child.rates.people)),
        "credit" => children.sort_by_key(|child| Reverse(child.total.credit)),
        "met" => children.sort_by_key(|child| Reverse(child.rates.met_percent())),
        "last" => children.sort_by_key(|child| Reverse(child.last_day)),
        _ => return,
    }
    if word.starts_with('-') {
        children.reverse();
    }
}

fn heads(here: &str, sorted: &str) -> Vec<Head> {
    let head = |(word, label, number): (&str, &str, bool)| {
        let falls = word != "name";
        let way = match sorted.strip_prefix('-') {
            None if sorted == word => Some(if falls { "descending" } else { "ascending" }),
            Some(turned) if turned == word => Some(if falls { "ascending" } else { "descending" }),
            _ => None,
        };
        let next = if sorted == word { format!("-{word}") } else { word.to_owned() };
        Head { label: label.into(), number, href: Some(format!("{here}&sort={next}")), sorted: way }
    };
    let mut heads: Vec<Head> = COLUMNS.into_iter().map(head).collect();
    heads.splice(3..3, plain_heads(&EFFECT)); // beside the hours, so that nobody is ranked by those alone
    heads
}

/// What hours alone do not say, as people read it; a dash where there is nothing to tell.
fn effect(effect: &Effect) -> [String; 4] {
    let share = |share: Option<Hundredths>, end: &str| share.map_or("—".to_owned(), |share| format!("{share}{end}"));
    [
        share(effect.gain(), " 分"),
        share(effect.answered_percent(), " %"),
        share(effect.late_percent(), " %"),
        effect.together.to_string(),
    ]
}

/// The headings of what stands beside the hours.
const EFFECT: [(&str, bool); 4] = [("测验提升", true), ("诉求办结", true), ("末十日占比", true), ("同秒场次", true)];

fn plain_heads(columns: &[(&str, bool)]) -> Vec<Head> {
    let head =
        |(label, number): &(&str, bool)| Head { label: (*label).into(), number: *number, href: None, sorted: None };
    columns.iter().map(head).collect()
}

fn below(level: UnitLevel) -> &'static str {
    match level {
        UnitLevel::City => "各县区",
        UnitLevel::County => "各乡镇",
        UnitLevel::Township => "各村",
        UnitLevel::Village | UnitLevel::Other => "下属站点",
    }
}

fn is_bottom(unit: &org_unit::Model, rows: &[Row]) -> bool {
    rows.is_empty() || matches!(unit.level, UnitLevel::Village | UnitLevel::Other)
}

fn tiles(overview: &Overview, behind: u64) -> Vec<Tile> {
    let whole = &overview.whole;
    let share = whole.rates.met_percent().map_or("—".into(), |percent| format!("{percent} %"));
    let tile = |value: String, label| Tile { value, label, kind: "" };
    vec![
        tile(whole.rates.people.to_string(), "在册人数"),
        tile(whole.total.credit.to_string(), "计入学时"),
        tile(format!("{} / {}", whole.rates.met, whole.rates.bound), "达标 / 应考核"),
        tile(share, "达标率"),
        tile(whole.rates.exempt.to_string(), "免除"),
        Tile { value: behind.to_string(), label: "落后于进度", kind: if behind > 0 { "warn" } else { "" } },
        tile(whole.last_day.map_or("—".into(), |day| day.to_string()), "最近学习"),
    ]
}

impl Row {
    fn of(child: &UnitYear, year: i32, today: Day) -> Self {
        let percent = child.rates.met_percent();
        Self {
            href: format!("/office?unit={}&year={year}", child.unit.id),
            name: child.unit.name.clone(),
            zero_click: is_zero_click(child, year, today),
            people: child.rates.people,
            credit: child.total.credit.to_string(),
            effect: effect(&child.effect),
            percent,
            kind: match percent {
                Some(0..30) => "bad",
                Some(30..60) => "warn",
                _ => "",
            },
            met: child.rates.met,
            bound: child.rates.bound,
            last_day: child.last_day,
        }
    }
}

/// A village where nobody has learnt yet this month. Of years that are over nothing is said.
fn is_zero_click(child: &UnitYear, year: i32, today: Day) -> bool {
    let station = matches!(child.unit.level, UnitLevel::Village | UnitLevel::Other);
    let this_month = child.last_day.is_some_and(|day| (day.year(), day.month()) >= (today.year(), today.month()));
    station && year == today.year() && !this_month
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::UnitId;

    fn village(name: &str, people: u64, last: Option<(i32, u32, u32)>) -> UnitYear {
        let unit = org_unit::Model {
            id: UnitId(1),
            parent_id: None,
            code: "1".into(),
            name: name.into(),
            level: UnitLevel::Village,
            path: "/1/".into(),
        };
        let last_day = last.and_then(|(year, month, day)| Day::from_ymd_opt(year, month, day));
        UnitYear {
            unit,
            rates: archive::assess::Rates { people, ..Default::default() },
            total: archive::Total::default(),
            last_day,
            effect: Effect::default(),
        }
    }

    #[test]
    fn a_village_without_study_this_month_is_a_zero_click_village() {
        let today = Day::from_ymd_opt(2026, 3, 9).unwrap_or_default();
        assert!(is_zero_click(&village("甲", 1, None), 2026, today));
        assert!(is_zero_click(&village("甲", 1, Some((2026, 2, 28))), 2026, today));
        assert!(!is_zero_click(&village("甲", 1, Some((2026, 3, 1))), 2026, today));
        assert!(!is_zero_click(&village("甲", 1, None), 2025, today));
    }

    #[test]
    fn a_second_click_on_a_heading_turns_the_order_round() {
        let mut units = vec![village("甲", 3, None), village("乙", 9, None)];
        sort(&mut units, "people");
        assert_eq!(units.first().map(|unit| unit.rates.people), Some(9));
        sort(&mut units, "-people");
        assert_eq!(units.first().map(|unit| unit.rates.people), Some(3));
        let heads = heads("/office?unit=1", "people");
        let people = heads.iter().find(|head| head.label == "人数");
        assert_eq!(people.and_then(|head| head.href.as_deref()), Some("/office?unit=1&sort=-people"));
        assert_eq!(people.and_then(|head| head.sorted), Some("descending"));
    }
}
