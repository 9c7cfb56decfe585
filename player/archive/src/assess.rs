//! How a person stands against the rules of a year.
//!
//! Pure: facts and rules in, standings out. The facts come from `view`, the rules are data.

use crate::rules::{Measure, Rules, Target};
use crate::{CreditHours, Hundredths};
use entity::{PostKind, UnitLevel};
use std::collections::BTreeSet;

/// A class that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassFact {
    /// The organiser.
    pub level: UnitLevel,
    /// Half-days present.
    pub half_days: i32,
}

/// What a person's year holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Credit hours of every source.
    pub credit: CreditHours,
    /// Classes that counted.
    pub classes: Vec<ClassFact>,
}

/// How a person stands against one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The target's short name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The text it comes from.
    pub clause: String,
    /// The Chinese unit of the amounts.
    pub unit: &'static str,
    /// What there is, rounded down.
    pub have: Hundredths,
    /// What is needed.
    pub need: Hundredths,
    /// What is missing; 0 when met.
    pub missing: Hundredths,
    /// Whether it is met.
    pub met: bool,
}

/// The standings of someone who held these posts in the year: one for every target that binds one of them. A year
/// before the first rule asks for nothing.
pub fn standings(rules: Option<&Rules>, posts: &BTreeSet<PostKind>, facts: &Facts) -> Vec<Standing> {
    let targets = rules.map(|rules| rules.targets.iter()).into_iter().flatten();
    let binding = targets.filter(|target| target.posts.iter().any(|kind| posts.contains(kind)));
    binding.map(|target| standing(target, facts)).collect()
}

fn standing(target: &Target, facts: &Facts) -> Standing {
    let have = measured(target, facts);
    let need = Hundredths::whole(target.need);
    Standing {
        id: target.id.clone(),
        name: target.name.clone(),
        clause: target.clause.clone(),
        unit: target.measure.unit(),
        have,
        need,
        missing: Hundredths((need.0 - have.0).clamp(0, need.0)),
        met: have >= need,
    }
}

fn measured(target: &Target, facts: &Facts) -> Hundredths {
    let classes = || facts.classes.iter().filter(|class| target.level.is_none_or(|level| level == class.level));
    match target.measure {
        Measure::CreditHours => facts.credit.hundredths(),
        Measure::Classes => classes().fold(Hundredths(0), |sum, _| Hundredths(sum.0 + 100)),
        Measure::ClassDays => {
            classes().fold(Hundredths(0), |sum, class| Hundredths(sum.0 + i64::from(class.half_days) * 50))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules::parse(include_str!("rules/presets.toml")).unwrap()
    }

    #[test]
    fn a_secretary_has_five_targets_and_a_member_one() {
        let facts = Facts::default();
        let secretary = standings(Some(&rules()), &BTreeSet::from([PostKind::VillageSecretary]), &facts);
        let names: Vec<_> = secretary.iter().map(|standing| (standing.id.as_str(), standing.need.0)).collect();
        let expected = [
            ("committee_hours", 5600),
            ("committee_class", 100),
            ("city_class", 100),
            ("county_classes", 200),
            ("township_days", 700),
        ];
        assert_eq!(names, expected);
        let member = standings(Some(&rules()), &BTreeSet::from([PostKind::Member]), &facts);
        assert_eq!(member.iter().map(|standing| standing.need.0).collect::<Vec<_>>(), [3200]);
        assert!(standings(Some(&rules()), &BTreeSet::new(), &facts).is_empty());
    }

    #[test]
    fn a_hundredth_below_the_target_is_not_met_and_says_what_is_missing() {
        let facts = Facts { credit: CreditHours::of_ms(32 * 45 * 60_000 - 1, 45), classes: Vec::new() };
        let member = standings(Some(&rules()), &BTreeSet::from([PostKind::Member]), &facts);
        let standing = member.first().unwrap();
        assert_eq!((standing.have.to_string(), standing.missing.to_string()), ("31.99".into(), "0.01".into()));
        assert!(!standing.met);
    }

    #[test]
    fn half_days_in_township_classes_add_up_to_days() {
        let township = ClassFact { level: UnitLevel::Township, half_days: 7 };
        let county = ClassFact { level: UnitLevel::County, half_days: 20 };
        let facts = Facts { credit: CreditHours::default(), classes: vec![township, county, township] };
        let all = standings(Some(&rules()), &BTreeSet::from([PostKind::VillageDirector]), &facts);
        let days = all.iter().find(|standing| standing.id == "township_days").unwrap();
        assert_eq!((days.have, days.met), (Hundredths(700), true));
        let classes = all.iter().find(|standing| standing.id == "county_classes").unwrap();
        assert_eq!((classes.have, classes.missing), (Hundredths(100), Hundredths(100)));
    }
}
