//! The star rating (创星升级): how a village's points are reckoned from what happened, and the marks people give.
//!
//! Owns the six items (data in TOML), the marks of those that no data can feed, and the reckoning. A mark is only ever
//! added: the newest counts, the earlier ones stay with their evidence.

use crate::{Error, Hundredths, Result};
use entity::{AccountId, Moment, UnitId, UnitLevel, Verb, audit, media, org_unit, star_mark};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter};
use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, QueryOrder, QuerySelect};
use serde::Deserialize;

mod facts;

pub use facts::{Rated, Rating, ratings};

/// How villages are rated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// What people call it.
    pub name: String,
    /// The text it comes from.
    pub clause: String,
    /// The points from which each star is given.
    pub stars: [i64; 5],
    /// What is rated; the points add up to 100.
    #[serde(rename = "item")]
    pub items: Vec<Item>,
}

/// One thing that is rated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// A short name in ASCII.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The most it brings.
    pub points: i64,
    /// What feeds it.
    pub measure: Measure,
    /// How much earns all its points.
    #[serde(default)]
    pub need: i64,
    /// Of one that people mark: what is wanted as evidence.
    #[serde(default)]
    pub evidence: String,
}

/// What feeds an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Months in which a terminal was on or a room played.
    MonthsRunning,
    /// Group sessions, at most `need` of each month.
    SessionsAMonth,
    /// Those who studied, of those on the roster.
    ParticipationPercent,
    /// Those who met all their targets, of those some target binds.
    MetPercent,
    /// Marked by the office, with evidence.
    Manual,
}

impl Scheme {
    /// The scheme this release is shipped with.
    ///
    /// # Errors
    /// [`Error::BrokenRules`] when the file is not what it must be.
    pub fn preset() -> Result<Self> {
        Self::parse(include_str!("stars/presets.toml"))
    }

    fn parse(text: &str) -> Result<Self> {
        let broken = |reason: String| Error::BrokenRules { line: 1, reason };
        let scheme: Self = toml::from_str(text).map_err(|error| broken(error.message().to_owned()))?;
        if scheme.items.iter().map(|item| item.points).sum::<i64>() != 100 {
            return Err(broken("各项分值之和须为 100".to_owned()));
        }
        Ok(scheme)
    }

    /// How many stars so many points earn.
    pub fn stars_for(&self, points: Hundredths) -> usize {
        self.stars.iter().filter(|from| points >= Hundredths::whole(**from)).count()
    }

    /// The item with this name that people mark.
    pub fn manual(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id && item.measure == Measure::Manual)
    }
}

/// A mark for one item of one village and year.
#[derive(Clone, Debug)]
pub struct NewMark<'a> {
    /// The village.
    pub unit_id: UnitId,
    /// The civil year.
    pub year: i32,
    /// The item.
    pub item: &'a str,
    /// Whole points.
    pub points: i64,
    /// Why so many; 1 to 500 characters.
    pub reason: &'a str,
    /// What proves it: a file that is media already.
    pub evidence_sha256: &'a str,
}

/// Give a mark. Earlier marks of the item stay, and are no longer counted.
///
/// # Errors
/// [`Error::NoSuchUnit`] unless it is a village or site, [`Error::BadMark`] with the field, [`Error::BadPeriod`].
pub async fn mark(db: &DatabaseConnection, new: NewMark<'_>, by: AccountId, now: Moment) -> Result<star_mark::Model> {
    let item = check(&new, now)?;
    let txn = entity::writing::begin(db).await?;
    let unit = org_unit::Entity::find_by_id(new.unit_id).one(&txn).await?.ok_or(Error::NoSuchUnit(new.unit_id))?;
    if !matches!(unit.level, UnitLevel::Village | UnitLevel::Other) {
        return Err(Error::NoSuchUnit(new.unit_id));
    }
    // Held until the mark is there, so that nobody forgets the file in between.
    let evidence = media::Entity::find_by_id(new.evidence_sha256)
        .lock_shared()
        .one(&txn)
        .await?
        .ok_or(Error::BadMark("evidence"))?;
    let row = star_mark::ActiveModel {
        id: NotSet,
        unit_id: Set(new.unit_id),
        year: Set(new.year),
        item: Set(item.id.clone()),
        points: Set(new.points),
        reason: Set(new.reason.trim().to_owned()),
        evidence_sha256: Set(evidence.sha256),
        evidence_name: Set(evidence.filename),
        author_id: Set(by),
        marked_at: Set(now),
    };
    let added = row.insert(&txn).await?;
    audit_mark(&txn, &added, &item.name).await?;
    txn.commit().await?;
    Ok(added)
}

/// What a mark itself must be, before its village and evidence are looked for. Answers the item.
///
/// # Errors
/// [`Error::BadMark`] with the field, [`Error::BadPeriod`].
pub fn check(new: &NewMark<'_>, now: Moment) -> Result<Item> {
    let item = Scheme::preset()?.manual(new.item).cloned().ok_or(Error::BadMark("item"))?;
    if !(0..=item.points).contains(&new.points) {
        return Err(Error::BadMark("points"));
    }
    if !(1..=500).contains(&new.reason.trim().chars().count()) {
        return Err(Error::BadMark("reason"));
    }
    if new.year > now.year() || crate::view::year_days(new.year).is_err() {
        return Err(Error::BadPeriod);
    }
    Ok(item)
}

/// Every mark of an item of a village and year, the newest first.
///
/// # Errors
/// Only those of the database.
pub async fn marks(db: &impl ConnectionTrait, unit: UnitId, year: i32) -> Result<Vec<star_mark::Model>> {
    let rows = star_mark::Entity::find()
        .filter(star_mark::Column::UnitId.eq(unit))
        .filter(star_mark::Column::Year.eq(year))
        .order_by_desc(star_mark::Column::Id)
        .all(db)
        .await?;
    Ok(rows)
}

async fn audit_mark(db: &impl ConnectionTrait, mark: &star_mark::Model, item: &str) -> Result<()> {
    let detail = format!("{} 年{item} {} 分：{}", mark.year, mark.points, mark.reason);
    let target = format!("unit:{}", mark.unit_id);
    let line = audit::line(mark.marked_at, Some(mark.author_id), Verb::StarMark, target, detail);
    line.insert(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
