//! How often the same part of a lesson counts for the same person.
//!
//! Never twice on one civil day. On another day it counts again unless both lie in the time in which the rule lets it
//! count once, or are too few days apart. What the ledger already holds is looked at whatever rule judged it, and
//! whichever of the two days came first: a village that posts late counts no more than one that posts at once.

use super::Rules;
use chrono::Datelike;
use entity::Day;
use serde::Deserialize;

/// The time in which a part of a lesson counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OncePer {
    /// A civil day.
    #[default]
    Day,
    /// A civil year.
    Year,
    /// Ever.
    Lifetime,
}

impl Rules {
    /// Whether what counted on another day counts on this one no more.
    pub(crate) fn is_repeat(&self, day: Day, other: Day) -> bool {
        let once = match self.lesson_counts_once_per {
            OncePer::Day => day == other,
            OncePer::Year => day.year() == other.year(),
            OncePer::Lifetime => true,
        };
        once || (day - other).num_days().abs() < self.lesson_counts_again_after_days
    }

    /// Whether it matters what was learnt on other days.
    pub(crate) fn looks_at_other_days(&self) -> bool {
        self.lesson_counts_once_per != OncePer::Day || self.lesson_counts_again_after_days > 1
    }

    /// The first day since which a lesson that counted earns nothing on this one.
    pub(crate) fn counted_since(&self, day: Day) -> Day {
        let once = match self.lesson_counts_once_per {
            OncePer::Day => day,
            OncePer::Year => Day::from_ymd_opt(day.year(), 1, 1).unwrap_or(day),
            OncePer::Lifetime => Day::from_ymd_opt(1949, 1, 1).unwrap_or(day), // before any archive
        };
        let apart = chrono::TimeDelta::days(self.lesson_counts_again_after_days - 1);
        once.min(day.checked_sub_signed(apart).unwrap_or(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap_or_default()
    }

    fn rules(once_per: OncePer, after_days: i64) -> Rules {
        let preset = Rules::parse(include_str!("presets.toml")).unwrap_or_else(|error| unreachable!("{error}"));
        Rules { lesson_counts_once_per: once_per, lesson_counts_again_after_days: after_days, ..preset }
    }

    #[test]
    fn the_preset_lets_a_lesson_count_once_a_day() {
        let preset = rules(OncePer::Day, 1);
        assert!(preset.is_repeat(day("2026-03-01"), day("2026-03-01")));
        assert!(!preset.is_repeat(day("2026-03-02"), day("2026-03-01")));
        assert!(!preset.looks_at_other_days());
        assert_eq!(preset.counted_since(day("2026-03-02")), day("2026-03-02"));
    }

    #[test]
    fn thirty_days_apart_are_enough_where_thirty_are_asked_whichever_came_first() {
        let apart = rules(OncePer::Day, 30);
        for (one, other) in [("2026-03-31", "2026-03-01"), ("2026-03-01", "2026-03-31")] {
            assert!(!apart.is_repeat(day(one), day(other)));
        }
        for (one, other) in [("2026-03-30", "2026-03-01"), ("2026-01-10", "2025-12-20")] {
            assert!(apart.is_repeat(day(one), day(other)) && apart.is_repeat(day(other), day(one)));
        }
        assert_eq!(apart.counted_since(day("2026-03-30")), day("2026-03-01"));
    }

    #[test]
    fn once_a_year_begins_anew_on_new_years_day_and_once_ever_does_not() {
        let year = rules(OncePer::Year, 1);
        assert!(year.is_repeat(day("2026-12-31"), day("2026-01-01")));
        assert!(!year.is_repeat(day("2027-01-01"), day("2026-12-31")));
        assert_eq!(year.counted_since(day("2026-12-31")), day("2026-01-01"));
        assert!(rules(OncePer::Lifetime, 1).is_repeat(day("2036-01-01"), day("2026-12-31")));
        assert!(rules(OncePer::Year, 10).is_repeat(day("2027-01-01"), day("2026-12-31")), "both have to allow it");
    }
}
