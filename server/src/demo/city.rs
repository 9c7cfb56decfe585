//! The invented city: its counties, townships and villages, by name and code.
//!
//! Pure: the same source of chance gives the same city. The names stand in `demo/city.toml`; a village's name is put
//! together from two parts and no two villages of the city share one.

use super::{Error, Result, shares};
use entity::UnitLevel;
use fastrand::Rng;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// How many villages a township has.
const VILLAGES: RangeInclusive<usize> = 6..=17;

/// How many cadres a village has.
const CADRES: RangeInclusive<usize> = 8..=11;

/// A city to be made, the units above always before those below.
#[derive(Debug, PartialEq, Eq)]
pub struct City {
    /// All units; the first is the city itself.
    pub units: Vec<Unit>,
}

/// A unit to be made.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    /// Twelve digits.
    pub code: String,
    /// The name people read.
    pub name: String,
    /// How high it stands.
    pub level: UnitLevel,
    /// Its place in the city's list of the unit above.
    pub parent: Option<usize>,
    /// How many cadres it has; 0 above the villages.
    pub cadres: usize,
}

#[derive(Deserialize)]
struct Plan {
    name: String,
    code: String,
    villages: usize,
    cadres: usize,
    county: Vec<County>,
    names: Vec<Names>,
}

#[derive(Deserialize)]
struct County {
    name: String,
    townships: Vec<String>,
}

#[derive(Deserialize)]
struct Names {
    first: String,
    second: String,
}

impl City {
    /// The units of one level, each with its place in the list.
    pub fn of_level(&self, level: UnitLevel) -> impl Iterator<Item = (usize, &Unit)> {
        self.units.iter().enumerate().filter(move |(_, unit)| unit.level == level)
    }
}

/// Make the city of `demo/city.toml`.
///
/// # Errors
/// [`Error::Data`] when that file is broken or has too few names.
pub fn build(rng: &mut Rng) -> Result<City> {
    let plan: Plan = toml::from_str(include_str!("../../demo/city.toml"))?;
    let townships: usize = plan.county.iter().map(|county| county.townships.len()).sum();
    let mut villages = shares(plan.villages, townships, VILLAGES, rng)?.into_iter();
    let mut cadres = shares(plan.cadres, plan.villages, CADRES, rng)?.into_iter();
    let mut names = village_names(&plan.names, rng).into_iter();
    let mut units = vec![unit(plan.code.clone(), plan.name, UnitLevel::City, None)];
    for (county, number) in plan.county.into_iter().zip(1..) {
        let stem = format!("{}{number:02}", head(&plan.code, 4)?);
        let county_at = units.len();
        units.push(unit(format!("{stem}000000"), county.name, UnitLevel::County, Some(0)));
        for (name, number) in county.townships.into_iter().zip(1..) {
            // By custom towns (镇) count from 100 and townships (乡) from 200.
            let stem = format!("{stem}{}{number:02}", if name.ends_with('镇') { 1 } else { 2 });
            let township_at = units.len();
            units.push(unit(format!("{stem}000"), name, UnitLevel::Township, Some(county_at)));
            for number in 1..=villages.next().unwrap_or(0) {
                let name = names.next().ok_or(Error::Data("too few names of villages"))?;
                let village = unit(format!("{stem}{}", 200 + number), name, UnitLevel::Village, Some(township_at));
                units.push(Unit { cadres: cadres.next().unwrap_or(0), ..village });
            }
        }
    }
    Ok(City { units })
}

fn unit(code: String, name: String, level: UnitLevel, parent: Option<usize>) -> Unit {
    Unit { code, name, level, parent, cadres: 0 }
}

fn head(code: &str, digits: usize) -> Result<&str> {
    code.get(..digits).ok_or(Error::Data("the city's code is too short"))
}

/// Every name the parts give, once, in an order of chance.
fn village_names(parts: &[Names], rng: &mut Rng) -> Vec<String> {
    let both = |names: &Names| -> Vec<String> {
        let seconds: Vec<&str> = names.second.split_whitespace().collect();
        let pair = |first: &str| -> Vec<String> {
            let fitting = seconds.iter().filter(|second| **second != first);
            fitting.map(|second| format!("{first}{second}村")).collect()
        };
        names.first.split_whitespace().flat_map(pair).collect()
    };
    let once: BTreeSet<String> = parts.iter().flat_map(both).collect();
    let mut names: Vec<String> = once.into_iter().collect();
    rng.shuffle(&mut names);
    names
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn city() -> City {
        build(&mut Rng::with_seed(1)).unwrap()
    }

    #[test]
    fn the_city_has_the_numbers_of_the_report() {
        let city = city();
        let count = |level| city.of_level(level).count();
        assert_eq!(count(UnitLevel::County), 10);
        assert_eq!(count(UnitLevel::Township), 86);
        assert_eq!(count(UnitLevel::Village), 938);
        assert_eq!(city.units.iter().map(|unit| unit.cadres).sum::<usize>(), 8898);
    }

    #[test]
    fn codes_are_unique_and_have_twelve_digits() {
        let city = city();
        let codes: BTreeSet<_> = city.units.iter().map(|unit| unit.code.as_str()).collect();
        assert_eq!(codes.len(), city.units.len());
        assert!(codes.iter().all(|code| code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_digit())));
    }

    #[test]
    fn no_two_units_below_one_share_a_name_and_no_village_is_named_twice() {
        let city = city();
        let below: BTreeSet<_> = city.units.iter().map(|unit| (unit.parent, unit.name.as_str())).collect();
        assert_eq!(below.len(), city.units.len());
        let villages: BTreeSet<_> = city.of_level(UnitLevel::Village).map(|(_, unit)| &unit.name).collect();
        assert_eq!(villages.len(), 938);
    }

    #[test]
    fn the_same_seed_gives_the_same_city() {
        assert_eq!(city(), city());
    }
}
