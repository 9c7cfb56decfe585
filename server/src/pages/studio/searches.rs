//! The request list (想学清单): what the people of the caller's counties searched for and did not find.

use crate::auth::identity::Author;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, page_number, tabs, top_of, unit};
use crate::pages::parts::{Pager, encoded};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use catalog::asked::{Order, Wanted, WantedFilter, answers, hot_words, wanted};
use entity::{Day, Moment, Scope, SearchTier, UnitLevel, lesson, org_unit};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use std::collections::HashMap;

const PAGE: u64 = 50;
const DAY_MS: i64 = 86_400_000;
/// Counties to choose from.
const COUNTIES: u64 = 500;

/// What the list is narrowed to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchesQuery {
    tier: String,
    days: String,
    unit: String,
    sort: String,
    page: String,
    told: String,
}

#[derive(Template)]
#[template(path = "studio/searches.html")]
struct SearchesPage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<String>,
    hot: Vec<(String, i64)>,
    tiers: Vec<Choice>,
    periods: Vec<Choice>,
    units: Vec<Choice>,
    sorts: Vec<Choice>,
    rows: Vec<Row>,
    several: bool,
    file: String,
    pager: Pager,
}

struct Row {
    query: String,
    others: String,
    asked: i64,
    unanswered: i64,
    counties: i64,
    last: Day,
    search: String,
    new: String,
    answer: String,
    answered: Option<(String, String)>,
}

/// `GET /studio/searches`: wishes by count, those that nothing or little was found for.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(author: Author, query: Query<SearchesQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (reach, today) = (author.reach(), Moment::now().day());
    let scope = match query.unit.is_empty() {
        true => reach.clone(),
        false => Scope::of([unit(&db.read, &reach, Some(&query.unit)).await?.path]),
    };
    let filter = query.filter(today);
    let page = wanted(&db.read, &scope, &filter, page_number(Some(&query.page)).min(1_000), PAGE).await?;
    let meanings: Vec<String> = page.items.iter().map(|wanted| wanted.meaning.clone()).collect();
    let answers = answers(&db.read, &scope, &meanings).await?;
    let units = counties(&db, &reach, &query.unit).await?;
    crate::pages::draw(&SearchesPage {
        shell: Shell::new(&author, "想学清单", "/studio"),
        tabs: tabs(&author, "/studio/searches"),
        notice: query.told.parse::<u64>().ok().map(|told| match told {
            0 => "已答复。还没有人按过“告诉县里想学这个”，所以没有人要通知。".to_owned(),
            told => format!("已答复，会在 {told} 个人的首页告诉他们。"),
        }),
        hot: hot_words(&db.read, &scope, today).await?,
        tiers: TIERS.map(|(value, label)| Choice::new(value, label, &query.tier)).into(),
        periods: PERIODS.map(|(value, label)| Choice::new(value, label, &query.days)).into(),
        sorts: [("", "次数多的在前"), ("latest", "最近的在前")]
            .map(|(value, label)| Choice::new(value, label, &query.sort))
            .into(),
        several: units.len() > 2,
        units,
        file: query.file(&filter, &reach),
        pager: query.pager(page.page, page.total),
        rows: page.items.into_iter().map(|wanted| Row::of(wanted, &answers)).collect(),
    })
}

const TIERS: [(&str, &str); 4] =
    [("", "没找到或没找全"), ("none", "完全没找到"), ("weak", "只有相关的"), ("all", "全部搜索")];
const PERIODS: [(&str, &str); 4] = [("", "近 30 天"), ("7", "近 7 天"), ("90", "近 90 天"), ("365", "近一年")];

impl SearchesQuery {
    fn filter(&self, today: Day) -> WantedFilter {
        let days: i64 = PERIODS
            .iter()
            .find(|(value, _)| *value == self.days)
            .and_then(|(value, _)| value.parse().ok())
            .unwrap_or(30);
        let tiers = match self.tier.as_str() {
            "none" => vec![SearchTier::None],
            "weak" => vec![SearchTier::Weak],
            "all" => Vec::new(),
            _ => vec![SearchTier::None, SearchTier::Weak],
        };
        WantedFilter {
            tiers,
            from: Some(Moment::start_of(today).plus_ms((1 - days) * DAY_MS).day()),
            to: None,
            order: Order::parse(&self.sort).unwrap_or_default(),
        }
    }

    fn pager(&self, page: u64, total: u64) -> Pager {
        let kept = [("tier", &self.tier), ("days", &self.days), ("unit", &self.unit), ("sort", &self.sort)];
        Pager::new("/studio/searches", &kept.map(|(name, value)| (name, value.as_str())), page, PAGE, total)
    }

    /// The same list as a file.
    fn file(&self, filter: &WantedFilter, reach: &Scope) -> String {
        let tiers: Vec<&str> = filter.tiers.iter().map(|tier| tier.as_str()).collect();
        let from = filter.from.map(|day| day.to_string()).unwrap_or_default();
        let top = top_of(reach).filter(|_| reach.paths().len() == 1).map(|unit| unit.to_string());
        let unit = if self.unit.is_empty() { top.unwrap_or_default() } else { self.unit.clone() };
        let mut href = format!("/api/v1/searches?format=csv&from={from}&tier={}", tiers.join(","));
        for (name, value) in [("unit", unit.as_str()), ("sort", &self.sort)] {
            if !value.is_empty() {
                href += &format!("&{name}={}", encoded(value));
            }
        }
        href
    }
}

impl Row {
    fn of(wanted: Wanted, answers: &HashMap<String, lesson::Model>) -> Self {
        let answer = answers.get(&wanted.meaning);
        Self {
            answer: format!("/studio/searches/answer?wish={}", encoded(&wanted.query)),
            answered: answer.map(|lesson| (format!("/lessons/{}", lesson.slug), lesson.title.clone())),
            search: format!("/search?q={}", encoded(&wanted.query)),
            new: format!("/studio/lessons/new?title={}", encoded(&wanted.query)),
            query: wanted.query,
            others: wanted.others.join("、"),
            asked: wanted.asked,
            unanswered: wanted.unanswered,
            counties: wanted.counties,
            last: wanted.last,
        }
    }
}

/// The units wishes are counted by, within reach.
async fn counties(db: &Database, reach: &Scope, current: &str) -> ApiResult<Vec<Choice>> {
    let units = org_unit::Entity::find()
        .filter(reach.of_units())
        .filter(org_unit::Column::Level.is_in([UnitLevel::City, UnitLevel::County]))
        .order_by_asc(org_unit::Column::Code)
        .limit(COUNTIES)
        .all(&db.read)
        .await?;
    let all = std::iter::once(Choice::new("", "全部", current));
    Ok(all.chain(units.into_iter().map(|unit| Choice::new(unit.id.to_string(), unit.name, current))).collect())
}
