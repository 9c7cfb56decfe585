//! Many dated rules at once, and which of them is in force where and when.
//!
//! Pure but for reading the rows. Reports and postings judge many units with one book.

use super::Rules;
use crate::{Error, Result};
use entity::{Day, RuleId, UnitId, rule, scope};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use std::sync::Arc;

/// Many dated rules at once, for reports that judge many units.
#[derive(Clone, Debug, Default)]
pub struct RuleBook {
    dated: Vec<Dated>,
}

#[derive(Clone, Debug)]
struct Dated {
    id: RuleId,
    unit_id: UnitId,
    valid_from: Day,
    rules: Arc<Rules>,
}

impl RuleBook {
    /// Every rule there is. They are few: a city has one, a county that differs has its own.
    ///
    /// # Errors
    /// [`Error::BrokenRules`] when a stored rule cannot be read.
    pub async fn load(db: &impl ConnectionTrait) -> Result<Self> {
        Self::read(rule::Entity::find().order_by_asc(rule::Column::Id).all(db).await?)
    }

    pub(super) fn read(rows: Vec<rule::Model>) -> Result<Self> {
        let dated = rows.into_iter().map(|row| {
            let rules = Arc::new(Rules::parse(&row.body)?);
            Ok(Dated { id: row.id, unit_id: row.unit_id, valid_from: row.valid_from, rules })
        });
        Ok(Self { dated: dated.collect::<Result<_>>()? })
    }

    /// The rule for the unit with this path on that day: of the nearest unit that has one, the newest.
    ///
    /// # Errors
    /// [`Error::NoRule`] when neither the unit nor any above it had a rule by then.
    pub fn in_force(&self, unit_path: &str, day: Day) -> Result<(RuleId, Arc<Rules>)> {
        scope::ancestors_of(unit_path)
            .into_iter()
            .rev()
            .find_map(|unit| self.newest(unit, day))
            .map(|dated| (dated.id, dated.rules.clone()))
            .ok_or(Error::NoRule(day))
    }

    /// The rule with this key.
    pub fn by_id(&self, id: RuleId) -> Option<&Rules> {
        self.dated.iter().find(|dated| dated.id == id).map(|dated| dated.rules.as_ref())
    }

    /// Whether any rule carries surplus from one year to the next.
    pub(crate) fn carries_over(&self) -> bool {
        self.dated.iter().any(|dated| dated.rules.carry_over_hours > 0)
    }

    /// Whether by any rule it matters on which other days a lesson was learnt.
    pub(crate) fn looks_at_other_days(&self) -> bool {
        self.dated.iter().any(|dated| dated.rules.looks_at_other_days())
    }

    /// The same book with another rule at a unit, as if it had been in force from that day.
    pub(crate) fn with(&self, unit_id: UnitId, valid_from: Day, rules: Rules) -> Self {
        let mut dated: Vec<_> = self.dated.clone();
        dated.retain(|known| known.unit_id != unit_id || known.valid_from != valid_from);
        dated.push(Dated { id: RuleId(0), unit_id, valid_from, rules: Arc::new(rules) });
        Self { dated }
    }

    fn newest(&self, unit: UnitId, day: Day) -> Option<&Dated> {
        self.dated
            .iter()
            .filter(|dated| dated.unit_id == unit && dated.valid_from <= day)
            .max_by_key(|dated| dated.valid_from)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn dated(id: i64, unit: i64, from: &str) -> Dated {
        let mut rules = Rules::parse(include_str!("presets.toml")).unwrap();
        rules.valid_from = from.parse().unwrap();
        Dated { id: RuleId(id), unit_id: UnitId(unit), valid_from: rules.valid_from, rules: Arc::new(rules) }
    }

    #[test]
    fn the_nearest_unit_then_the_newest_day_decides() {
        let book =
            RuleBook { dated: vec![dated(1, 1, "2019-01-01"), dated(2, 1, "2026-01-01"), dated(3, 12, "2025-06-01")] };
        let at = |path: &str, day: &str| book.in_force(path, day.parse().unwrap()).map(|(id, _)| id.0).ok();
        assert_eq!(at("/1/", "2025-12-31"), Some(1));
        assert_eq!(at("/1/7/", "2026-01-01"), Some(2));
        assert_eq!(at("/1/12/99/", "2025-05-31"), Some(1), "a county's rule touches only what comes after it");
        assert_eq!(at("/1/12/99/", "2026-05-01"), Some(3));
        assert_eq!(at("/1/", "2018-12-31"), None);
    }
}
