//! Credit hours (学时) as an exact number.
//!
//! How many minutes make one differs by place and date (30, 45, 60), and a record adds up hours judged by different
//! rules. Counting in 1/1800 of a millisecond's share keeps every sum exact: no float, no rounding before display.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// Every accepted length of a credit hour in minutes divides this, so that each millisecond is a whole number of parts.
const PARTS_PER_MINUTE_BASE: i64 = 1800;

/// Parts in one credit hour: 1800 minutes' worth of milliseconds.
const PARTS_PER_HOUR: i64 = PARTS_PER_MINUTE_BASE * 60_000;

/// An exact amount of credit hours. Shown with two decimals, rounded down, so nobody reads a target as met too early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditHours(i64);

impl CreditHours {
    /// What `ms` of credited time are worth where a credit hour has this many minutes (a divisor of 1800).
    pub fn of_ms(ms: i64, minutes_per_credit_hour: i64) -> Self {
        Self(ms.saturating_mul(PARTS_PER_MINUTE_BASE / minutes_per_credit_hour.max(1)))
    }

    /// So many whole credit hours.
    pub fn whole(hours: i64) -> Self {
        Self(hours.saturating_mul(PARTS_PER_HOUR))
    }

    /// So many percent of it, rounded down.
    pub fn percent(self, percent: i64) -> Self {
        Self(i64::try_from(i128::from(self.0) * i128::from(percent) / 100).unwrap_or(i64::MAX))
    }

    /// Hundredths of a credit hour, rounded down (towards less).
    pub fn hundredths(self) -> Hundredths {
        Hundredths(self.0.div_euclid(PARTS_PER_HOUR / 100))
    }

    /// Whether a credit hour of this many minutes can be counted exactly.
    pub(crate) fn accepts(minutes_per_credit_hour: i64) -> bool {
        (10..=120).contains(&minutes_per_credit_hour) && PARTS_PER_MINUTE_BASE % minutes_per_credit_hour == 0
    }
}

/// An amount cut to two decimals: what people, worksheets and JSON see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hundredths(pub i64);

impl Hundredths {
    /// Milliseconds as minutes, rounded down.
    pub fn minutes(ms: i64) -> Self {
        Self(ms.div_euclid(600))
    }

    /// So many whole units.
    pub fn whole(units: i64) -> Self {
        Self(units.saturating_mul(100))
    }

    /// The nearest floating number: for worksheets and JSON, never for sums.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 100.0 // exact to the hundredth up to 90 trillion
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        match f.width() {
            Some(_) => f.pad(&format!("{sign}{}.{:02}", size / 100, size % 100)),
            None => write!(f, "{sign}{}.{:02}", size / 100, size % 100), // in millions of cells
        }
    }
}

impl fmt::Display for CreditHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hundredths().fmt(f)
    }
}

impl Add for CreditHours {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for CreditHours {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for CreditHours {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for CreditHours {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_five_minutes_are_one_credit_hour_and_a_millisecond_less_is_not() {
        assert_eq!(CreditHours::of_ms(45 * 60_000, 45), CreditHours::whole(1));
        assert_eq!(CreditHours::of_ms(45 * 60_000 - 1, 45).to_string(), "0.99");
        assert!(CreditHours::of_ms(45 * 60_000 - 1, 45) < CreditHours::whole(1));
    }

    #[test]
    fn hours_of_different_rules_add_up_exactly() {
        let thirds: CreditHours = (0..3).map(|_| CreditHours::of_ms(15 * 60_000, 45)).sum();
        assert_eq!(thirds + CreditHours::of_ms(30 * 60_000, 30), CreditHours::whole(2));
    }

    #[test]
    fn the_minutes_of_a_whole_city_are_shown_to_the_hundredth() {
        assert_eq!(Hundredths(2_278_536_982).to_f64(), 22_785_369.82);
        assert_eq!(Hundredths(-5).to_string(), "-0.05");
    }

    #[test]
    fn a_negative_amount_rounds_towards_less() {
        assert_eq!(CreditHours::of_ms(-1, 45).to_string(), "-0.01");
    }

    #[test]
    fn only_lengths_that_divide_evenly_are_accepted() {
        assert!([30, 40, 45, 50, 60].into_iter().all(CreditHours::accepts));
        assert!(![0, -45, 7, 44, 1800].into_iter().any(CreditHours::accepts));
    }
}
