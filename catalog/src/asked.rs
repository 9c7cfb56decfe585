//! What people search for: counted by day, county, outcome and meaning, without the person who asked.
//!
//! A search is noted in memory and written with others every few seconds; what was noted since is lost when the process is
//! killed, which a count can bear. Who asks to be told of an answer is kept apart, to tell them. Owns the rows
//! `search_count`, `wish` and `wish_answer`. Who may read them is the server's business.

mod answered;
mod hot;
mod wanted;

pub use answered::{answer, answers, drop_wishes, wish};
pub use hot::{HotWords, hot_words};
pub use wanted::{Order, Wanted, WantedFilter, wanted};

use crate::Result;
use crate::search::meaning;
use entity::search_count::{Column, Entity};
use entity::{Day, Moment, SearchTier, UnitId, UnitLevel, org_unit, scope, search_count};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set};
use std::collections::hash_map::{Entry, RandomState};
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Longest query that is kept, in characters: longer ones tell a story, and a story tells who asked.
pub const LONGEST: usize = 40;
/// This many digits look like a telephone or identity number.
const DIGITS: usize = 7;
/// Different wishes held between two writes; those beyond are not counted.
const HELD: usize = 5_000;
/// Askers remembered so that nobody's repeated search counts twice.
const ASKERS: usize = 20_000;
/// How long an asker is remembered, in writes.
const FORGET_EVERY: u32 = 120;
/// How often wishes are written.
const WRITE_EVERY: Duration = Duration::from_secs(5);
/// Rows of one insert.
const CHUNK: usize = 500;
/// Civil days the counts are kept: two years.
const KEPT_DAYS: i64 = 731;
const DAY_MS: i64 = 86_400_000;

/// A query fit to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What groups spellings: the folded query in pinyin.
    pub meaning: String,
    /// The query on one line.
    pub query: String,
}

impl Wish {
    /// The wish in a query; `None` for what is empty, long, or looks like a number, address or account of somebody.
    pub fn of(query: &str) -> Option<Self> {
        let words: Vec<&str> = query.split_whitespace().collect();
        let query: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
        let numerals = query.chars().filter(|c| c.is_numeric() || NUMERALS.contains(*c)).count();
        let named = query.contains(['@', '＠']) || query.contains("://");
        if query.chars().count() > LONGEST || numerals >= DIGITS || named {
            return None;
        }
        let meaning = meaning(&query);
        (!meaning.is_empty()).then_some(Self { meaning, query })
    }
}

/// Numbers can be spelt out.
const NUMERALS: &str = "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺";

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    day: Day,
    /// The unit of the asker until written, then its county.
    unit: UnitId,
    tier: SearchTier,
    meaning: String,
}

type Counts = HashMap<Key, (String, i64)>;

/// The searches of this process that are not written yet, and the words many search for.
#[derive(Default)]
pub struct Asked {
    held: Mutex<Counts>,
    askers: Mutex<HashSet<u64>>,
    seed: RandomState,
    /// The words many search for.
    pub hot: HotWords,
}

impl Asked {
    /// Notes a search of somebody of this unit and answers whether it counts. `asker` tells people apart for ten minutes,
    /// so that one of them counts once; it is hashed and never written.
    pub fn note(&self, query: &str, tier: SearchTier, unit: UnitId, asker: impl std::hash::Hash, day: Day) -> bool {
        let Some(Wish { meaning, query }) = Wish::of(query) else { return false };
        let asker = self.seed.hash_one((&asker, &meaning));
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if askers.len() >= ASKERS || !askers.insert(asker) {
            return false;
        }
        drop(askers);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let room = held.len() < HELD;
        match held.entry(Key { day, unit, tier, meaning }) {
            Entry::Occupied(mut known) => known.get_mut().1 += 1,
            Entry::Vacant(fresh) if room => drop(fresh.insert((query, 1))),
            Entry::Vacant(_) => return false,
        }
        true
    }

    /// Writes what is held and answers how many rows that were. What could not be written is held again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&self, db: &impl ConnectionTrait) -> Result<usize> {
        let held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        if held.is_empty() {
            return Ok(0);
        }
        let written = add(db, &held).await;
        if written.is_err() {
            let mut fresh = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, (query, count)) in held {
                fresh.entry(key).or_insert((query, 0)).1 += count;
            }
        }
        written
    }

    fn forget_askers(&self) {
        self.askers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Writes what was asked, reads the hot words and drops old counts until told to stop; then writes once more.
pub async fn follow(db: impl ConnectionTrait, asked: Arc<Asked>, mut stopped: watch::Receiver<bool>) {
    let mut round = 0u32;
    loop {
        // The sender gone means the server is gone.
        let stop = tokio::time::timeout(WRITE_EVERY, stopped.wait_for(|stop| *stop)).await.is_ok();
        let now = Moment::now();
        let done = match asked.write(&db).await {
            Ok(_) if stop => return,
            Ok(_) => keep_house(&db, &asked, round, now.day()).await,
            Err(cause) => Err(cause),
        };
        if let Err(cause) = done {
            tracing::warn!(%cause, "could not write what was searched for, will try again");
        }
        if stop {
            return;
        }
        round = round.wrapping_add(1);
    }
}

async fn keep_house(db: &impl ConnectionTrait, asked: &Asked, round: u32, today: Day) -> Result<()> {
    if round.is_multiple_of(FORGET_EVERY) {
        asked.forget_askers();
    }
    if round.is_multiple_of(12) {
        asked.hot.read(db, today).await?;
    }
    if round.is_multiple_of(17_280) {
        drop_older(db, today).await?;
    }
    Ok(())
}

/// Drops counts of more than two years ago and answers how many.
///
/// # Errors
/// When the database fails.
pub async fn drop_older(db: &impl ConnectionTrait, today: Day) -> Result<u64> {
    let oldest = Moment::start_of(today).plus_ms(-KEPT_DAYS * DAY_MS).day();
    Ok(Entity::delete_many().filter(Column::Day.lt(oldest)).exec(db).await?.rows_affected)
}

/// Adds these counts to those there are, in one row for each day, county, tier and meaning.
async fn add(db: &impl ConnectionTrait, held: &Counts) -> Result<usize> {
    let counties = counties(db, held.keys().map(|key| key.unit).collect()).await?;
    let mut merged: HashMap<Key, (&str, i64)> = HashMap::new();
    for (key, (query, count)) in held {
        if let Some(county) = counties.get(&key.unit) {
            merged.entry(Key { unit: *county, ..key.clone() }).or_insert((query, 0)).1 += count;
        }
    }
    let rows: Vec<search_count::ActiveModel> = merged
        .into_iter()
        .map(|(key, (query, asked))| search_count::ActiveModel {
            day: Set(key.day),
            unit_id: Set(key.unit),
            tier: Set(key.tier),
            meaning: Set(key.meaning),
            query: Set(query.to_owned()),
            asked: Set(asked),
        })
        .collect();
    for chunk in rows.chunks(CHUNK) {
        let sum = Expr::col((Entity, Column::Asked)).add(Expr::col(("excluded", Column::Asked)));
        let more = OnConflict::columns([Column::Day, Column::UnitId, Column::Tier, Column::Meaning])
            .value(Column::Asked, sum)
            .to_owned();
        Entity::insert_many(chunk.to_vec()).on_conflict(more).exec_without_returning(db).await?;
    }
    Ok(rows.len())
}

/// The county above each of these units; for a unit above the counties itself.
async fn counties(db: &impl ConnectionTrait, units: HashSet<UnitId>) -> Result<HashMap<UnitId, UnitId>> {
    let rows = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(units)).all(db).await?;
    let above: HashSet<UnitId> = rows.iter().flat_map(|unit| scope::ancestors_of(&unit.path)).collect();
    let above = org_unit::Entity::find()
        .filter(org_unit::Column::Id.is_in(above))
        .filter(org_unit::Column::Level.eq(UnitLevel::County))
        .all(db)
        .await?;
    let county = |unit: &org_unit::Model| {
        above.iter().find(|county| unit.path.starts_with(&county.path)).map_or(unit.id, |county| county.id)
    };
    Ok(rows.iter().map(|unit| (unit.id, county(unit))).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_wish_have_one_meaning() {
        let meaning = |query: &str| Wish::of(query).unwrap().meaning;
        for spelling in ["沙糖桔", "砂糖橘", " 沙 糖 桔。", "shatangju", "Sha Tang Ju", "傻糖局"] {
            assert_eq!(meaning(spelling), "shatangju", "{spelling}");
        }
        assert_ne!(meaning("红薯"), meaning("沙糖桔"));
    }

    #[test]
    fn nothing_that_could_name_somebody_is_kept() {
        let long = "我家的沙糖桔叶子发黄掉果怎么办请专家来看看地点在清水镇甲村三组老韦家门口那块地谢谢了";
        for query in [
            "13807731234",
            "138 0773 1234",
            "450303197801011234",
            "电话一三八零七七三",
            "wei@qq.com",
            long,
            "",
            " ",
            "！？",
        ] {
            assert_eq!(Wish::of(query), None, "{query}");
        }
        assert!(Wish::of("2026年一号文件").is_some());
    }

    #[test]
    fn one_asker_counts_once_until_forgotten() {
        let (asked, day) = (Asked::default(), Day::default());
        let note = |asker: i64, query: &str| asked.note(query, SearchTier::None, UnitId(1), asker, day);
        assert!(note(1, "火龙果") && !note(1, "huolongguo") && note(2, "火龙果") && note(1, "百香果"));
        asked.forget_askers();
        assert!(note(1, "火龙果"));
        let held = asked.held.lock().unwrap();
        assert_eq!(held.values().map(|(_, count)| count).sum::<i64>(), 4);
        assert_eq!(held.len(), 2);
    }

    #[test]
    fn a_flood_of_wishes_is_bounded() {
        let (asked, day) = (Asked::default(), Day::default());
        for number in 0..30_000u32 {
            asked.note(&format!("w{}", number % 1_000_000), SearchTier::None, UnitId(1), number, day);
        }
        assert!(asked.held.lock().unwrap().len() <= HELD);
    }
}
