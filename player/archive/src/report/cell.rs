//! One value of a report: its type, and how it reads.

use crate::Hundredths;
use chrono::{Datelike, NaiveDateTime, NaiveTime, Timelike};
use entity::{Day, Moment};

/// One value, with its real type, so that a worksheet can hold real dates and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text for people.
    Text(String),
    /// A number that is a name: leading zeros matter, it is never calculated with.
    Id(String),
    /// A whole number.
    Count(i64),
    /// A number with two decimals.
    Amount(Hundredths),
    /// A civil day.
    Date(Day),
    /// An instant, shown on Shanghai's clock.
    Time(Moment),
}

impl Cell {
    /// Milliseconds as minutes.
    pub(super) fn minutes(ms: i64) -> Self {
        Self::Amount(Hundredths::minutes(ms))
    }

    /// The value as text, dates as `2026-01-31`, times as `2026-01-31 08:00:00`.
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) | Self::Id(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Amount(amount) => amount.to_string(),
            Self::Date(day) => digits(day.and_time(NaiveTime::MIN), 3),
            Self::Time(moment) => digits(moment.local().naive_local(), 6),
        }
    }
}

/// The first so many parts of `2026-01-31 08:00:00`. A year of a city has millions of them: ten times as fast as a format.
fn digits(at: NaiveDateTime, parts: usize) -> String {
    let Ok(year @ 0..=9999) = u32::try_from(at.year()) else { return at.date().to_string() };
    let rest = [(at.month(), '-'), (at.day(), '-'), (at.hour(), ' '), (at.minute(), ':'), (at.second(), ':')];
    let mut text = String::with_capacity(19);
    let two = |text: &mut String, number: u32| {
        text.extend([number / 10, number % 10].into_iter().filter_map(|digit| char::from_digit(digit, 10)));
    };
    two(&mut text, year / 100);
    two(&mut text, year % 100);
    for (number, before) in rest.into_iter().take(parts - 1) {
        text.push(before);
        two(&mut text, number);
    }
    text
}
