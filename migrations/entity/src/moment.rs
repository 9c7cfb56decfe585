//! Time as this product keeps it: instants in milliseconds, and civil days in Asia/Shanghai.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeZone, Utc};
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// A civil date in Asia/Shanghai.
pub type Day = NaiveDate;

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Stored as an integer in both databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// What the machine's clock says. Only the edges (handlers, background tasks, the CLI) call this; rules are told the time.
    ///
    /// Set back by more than a minute it is not followed before the process starts anew, since everybody who is watching
    /// would earn nothing until it is where it was. Small corrections are followed, and so is a clock that is set forward:
    /// the machine may have slept, or just have learnt what year it is.
    pub fn now() -> Self {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        static AHEAD_MS: AtomicI64 = AtomicI64::new(i64::MIN);
        let running_ms = i64::try_from(BEGAN.elapsed().as_millis()).unwrap_or(i64::MAX);
        let ahead_ms = Utc::now().timestamp_millis().saturating_sub(running_ms);
        let kept_ms = AHEAD_MS.load(Ordering::Relaxed);
        if kept_ms.saturating_sub(ahead_ms) > CORRECTION_MS {
            return Self(running_ms.saturating_add(kept_ms));
        }
        AHEAD_MS.store(ahead_ms, Ordering::Relaxed);
        Self(running_ms.saturating_add(ahead_ms))
    }

    /// The first instant of a civil day.
    pub fn start_of(day: Day) -> Self {
        let midnight_utc = day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
        Self(midnight_utc - i64::from(SHANGHAI_OFFSET_S) * 1000)
    }

    /// The civil day this instant falls on in Asia/Shanghai.
    pub fn day(self) -> Day {
        self.local().date_naive()
    }

    /// The civil year this instant falls in.
    pub fn year(self) -> i32 {
        self.day().year()
    }

    /// This instant as a clock on the wall in Shanghai shows it.
    pub fn local(self) -> DateTime<FixedOffset> {
        let utc = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default();
        match FixedOffset::east_opt(SHANGHAI_OFFSET_S) {
            Some(offset) => offset.from_utc_datetime(&utc.naive_utc()),
            None => utc.fixed_offset(),
        }
    }

    /// This instant moved by `ms` milliseconds.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when it is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A clock is set back by no more than this in the course of keeping it right.
const CORRECTION_MS: i64 = 60_000;

/// China keeps one zone and no summer time, so a fixed offset is exact for every date this product stores.
const SHANGHAI_OFFSET_S: i32 = 8 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_before_midnight_in_shanghai_is_still_the_old_day() {
        let new_year = Moment::start_of(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default());
        assert_eq!(new_year.year(), 2026);
        assert_eq!(new_year.plus_ms(-60_000).year(), 2025);
        assert_eq!(new_year.0, 1_767_196_800_000);
    }
}
