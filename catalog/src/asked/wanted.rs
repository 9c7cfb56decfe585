//! The request list: what was searched for in a part of the tree, and how it was answered, spellings taken together.

use crate::{Page, Result, page};
use entity::search_count::{Column, Entity};
use entity::{Day, Scope, SearchTier};
use sea_orm::sea_query::{Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order as Way, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;

/// Which wishes to list.
#[derive(Clone, Debug, Default)]
pub struct WantedFilter {
    /// Answered in one of these ways; all when empty.
    pub tiers: Vec<SearchTier>,
    /// From this civil day.
    pub from: Option<Day>,
    /// To this civil day, itself included.
    pub to: Option<Day>,
    /// The order.
    pub order: Order,
}

/// The order of wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The most frequent first.
    #[default]
    Most,
    /// The one asked for last first.
    Latest,
}

impl Order {
    /// The order with this name in the API.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "most" => Some(Self::Most),
            "latest" => Some(Self::Latest),
            _ => None,
        }
    }
}

/// Something people wish to learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What groups its spellings.
    pub meaning: String,
    /// The usual spelling.
    pub query: String,
    /// The others.
    pub others: Vec<String>,
    /// How often it was asked for.
    pub asked: i64,
    /// How often of these nothing was found.
    pub unanswered: i64,
    /// In how many counties.
    pub counties: i64,
    /// The last civil day.
    pub last: Day,
}

/// Spellings shown beside the usual one.
const OTHERS: usize = 4;

/// The wishes of the counties in this scope.
///
/// # Errors
/// [`Error::PageOutOfRange`](crate::Error::PageOutOfRange), or the database fails.
pub async fn wanted(
    db: &impl ConnectionTrait,
    scope: &Scope,
    filter: &WantedFilter,
    page: u64,
    size: u64,
) -> Result<Page<Wanted>> {
    let first = page::first_row(page, size)?;
    let of_filter = condition(scope, filter);
    let meanings = Func::count_distinct(Expr::col(Column::Meaning));
    let total: Option<i64> = Entity::find()
        .select_only()
        .column_as(SimpleExpr::from(meanings), "meanings")
        .filter(of_filter.clone())
        .into_tuple()
        .one(db)
        .await?;
    let last = Expr::col(Column::Day).max();
    let by = match filter.order {
        Order::Most => asked(),
        Order::Latest => last.clone(),
    };
    let rows: Vec<(String, i64, i64, Day)> = Entity::find()
        .select_only()
        .column(Column::Meaning)
        .column_as(asked(), "asked_in_all")
        .column_as(SimpleExpr::from(Func::count_distinct(Expr::col(Column::UnitId))), "counties")
        .column_as(last, "last_day")
        .filter(of_filter.clone())
        .group_by(Column::Meaning)
        .order_by(by, Way::Desc)
        .order_by(asked(), Way::Desc)
        .order_by_asc(Column::Meaning)
        .offset(first)
        .limit(size)
        .into_tuple()
        .all(db)
        .await?;
    let of_page = Column::Meaning.is_in(rows.iter().map(|(meaning, ..)| meaning.clone()));
    let mut spellings = spellings(db, of_filter.add(of_page)).await?;
    let wish = |(meaning, asked, counties, last): (String, i64, i64, Day)| {
        let Spelt { mut spellings, unanswered } = spellings.remove(&meaning).unwrap_or_default();
        let query = spellings.first().cloned().unwrap_or_else(|| meaning.clone());
        let others = spellings.drain(..).skip(1).take(OTHERS).collect();
        Wanted { meaning, query, others, asked, unanswered, counties, last }
    };
    let items = rows.into_iter().map(wish).collect();
    Ok(Page { items, total: total.and_then(|total| u64::try_from(total).ok()).unwrap_or(0), page, size })
}

/// PostgreSQL sums big integers to a decimal.
pub(super) fn asked() -> SimpleExpr {
    Expr::col(Column::Asked).sum().cast_as("bigint")
}

fn condition(scope: &Scope, filter: &WantedFilter) -> Condition {
    let tiers = (!filter.tiers.is_empty()).then(|| Column::Tier.is_in(filter.tiers.iter().copied()));
    Condition::all()
        .add(scope.reaches((Entity, Column::UnitId)))
        .add_option(tiers)
        .add_option(filter.from.map(|from| Column::Day.gte(from)))
        .add_option(filter.to.map(|to| Column::Day.lte(to)))
}

#[derive(Default)]
struct Spelt {
    /// The usual one first.
    spellings: Vec<String>,
    unanswered: i64,
}

async fn spellings(db: &impl ConnectionTrait, of: Condition) -> Result<HashMap<String, Spelt>> {
    let rows: Vec<(String, String, SearchTier, i64)> = Entity::find()
        .select_only()
        .column(Column::Meaning)
        .column(Column::Query)
        .column(Column::Tier)
        .column_as(asked(), "asked_in_all")
        .filter(of)
        .group_by(Column::Meaning)
        .group_by(Column::Query)
        .group_by(Column::Tier)
        .order_by(asked(), Way::Desc)
        .order_by_asc(Column::Query)
        .into_tuple()
        .all(db)
        .await?;
    let mut by_meaning: HashMap<String, Spelt> = HashMap::new();
    for (meaning, query, tier, asked) in rows {
        let spelt = by_meaning.entry(meaning).or_default();
        spelt.unanswered += if tier == SearchTier::None { asked } else { 0 };
        if !spelt.spellings.contains(&query) {
            spelt.spellings.push(query);
        }
    }
    // Characters say more than letters; the order among either stays.
    by_meaning.values_mut().for_each(|spelt| spelt.spellings.sort_by_key(|spelling| spelling.is_ascii()));
    Ok(by_meaning)
}
