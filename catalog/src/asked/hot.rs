//! Hot words: what many people of a county search for and find, so that others need not type it.

use super::wanted::asked;
use crate::Result;
use entity::search_count::{Column, Entity};
use entity::{Day, Moment, Scope, SearchTier, UnitId, org_unit, scope};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Civil days looked back.
const DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;
/// A word fewer people asked for is their own business.
const FEWEST: i64 = 3;
/// Words of a unit.
const WORDS: usize = 12;
/// Rows read at most.
const ROWS: u64 = 5_000;

type ByUnit = HashMap<UnitId, Arc<Vec<String>>>;

/// The hot words of every county and of the units above, as read last.
#[derive(Default)]
pub struct HotWords {
    by_unit: RwLock<Arc<ByUnit>>,
}

impl HotWords {
    /// The words of the nearest unit at or above this path that has any, the hottest first.
    pub fn of(&self, path: &str) -> Arc<Vec<String>> {
        let by_unit = self.by_unit.read().unwrap_or_else(PoisonError::into_inner).clone();
        let above = scope::ancestors_of(path);
        above.iter().rev().find_map(|unit| by_unit.get(unit).cloned()).unwrap_or_default()
    }

    /// Reads them again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(&self, db: &impl ConnectionTrait, today: Day) -> Result<()> {
        let rows = counted(db, Condition::all(), today).await?;
        let units: HashSet<UnitId> = rows.iter().map(|row| row.0).collect();
        let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(units)).all(db).await?;
        let above: HashMap<UnitId, Vec<UnitId>> =
            units.into_iter().map(|unit| (unit.id, scope::ancestors_of(&unit.path))).collect();
        let mut sorted: HashMap<UnitId, Vec<Row>> = HashMap::new();
        for row in rows {
            for unit in above.get(&row.0).into_iter().flatten() {
                sorted.entry(*unit).or_default().push(row.clone());
            }
        }
        let words = sorted.into_iter().map(|(unit, rows)| (unit, Arc::new(names(hottest(rows)))));
        *self.by_unit.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(words.collect());
        Ok(())
    }
}

/// The hot words of the counties in this scope, each with how often it was asked for, the hottest first.
///
/// # Errors
/// When the database fails.
pub async fn hot_words(db: &impl ConnectionTrait, within: &Scope, today: Day) -> Result<Vec<(String, i64)>> {
    let scope = Condition::all().add(within.reaches((Entity, Column::UnitId)));
    Ok(hottest(counted(db, scope, today).await?))
}

/// County, meaning, spelling, how often.
type Row = (UnitId, String, String, i64);

async fn counted(db: &impl ConnectionTrait, of: Condition, today: Day) -> Result<Vec<Row>> {
    let from = Moment::start_of(today).plus_ms(-DAYS * DAY_MS).day();
    let rows = Entity::find()
        .select_only()
        .columns([Column::UnitId, Column::Meaning, Column::Query])
        .column_as(asked(), "asked_in_all")
        .filter(Column::Tier.eq(SearchTier::Full))
        .filter(Column::Day.gte(from))
        .filter(of)
        .group_by(Column::UnitId)
        .group_by(Column::Meaning)
        .group_by(Column::Query)
        .order_by(asked(), Order::Desc)
        .order_by_asc(Column::Meaning)
        .limit(ROWS)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows)
}

/// Spellings of one meaning together, under the usual one of them in characters.
fn hottest(rows: Vec<Row>) -> Vec<(String, i64)> {
    let mut words: HashMap<String, (i64, HashMap<String, i64>)> = HashMap::new();
    for (_, meaning, spelling, asked) in rows {
        let (sum, spellings) = words.entry(meaning).or_default();
        *sum += asked;
        *spellings.entry(spelling).or_default() += asked;
    }
    let usual = |spellings: HashMap<String, i64>| {
        let best = |(text, asked): &(String, i64)| (!text.is_ascii(), *asked, std::cmp::Reverse(text.clone()));
        spellings.into_iter().max_by_key(best).map(|(text, _)| text)
    };
    let hot = words.into_values().filter(|(sum, _)| *sum >= FEWEST);
    let mut hot: Vec<(String, i64)> = hot.filter_map(|(sum, spellings)| Some((usual(spellings)?, sum))).collect();
    hot.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    hot.truncate(WORDS);
    hot
}

fn names(words: Vec<(String, i64)>) -> Vec<String> {
    words.into_iter().map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_hot_by_all_its_spellings_and_shown_in_characters() {
        let row = |query: &str, asked| (UnitId(2), "shatangju".to_owned(), query.to_owned(), asked);
        let few = (UnitId(2), "huolongguo".to_owned(), "火龙果".to_owned(), 2);
        let hot = hottest(vec![row("shatangju", 5), row("砂糖橘", 1), row("沙糖桔", 2), few]);
        assert_eq!(hot, [("沙糖桔".to_owned(), 8)]);
    }
}
