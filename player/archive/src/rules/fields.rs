//! How single fields of a rule are read: which values are possible, and what a rule means that leaves them out.

use super::{ExemptionRule, Measure};
use crate::credit::CreditHours;
use entity::{Day, ExemptionKind};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

pub(super) fn day<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Day, D::Error> {
    let written = toml::value::Datetime::deserialize(deserializer)?;
    match (written.date, written.time) {
        (Some(date), None) => Day::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
            .ok_or_else(|| D::Error::custom("没有这一天")),
        _ => Err(D::Error::custom("须是日期，如 2026-01-01，不加引号")),
    }
}

pub(super) fn credit_hour<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    let minutes = i64::deserialize(deserializer)?;
    if CreditHours::accepts(minutes) {
        return Ok(minutes);
    }
    Err(D::Error::custom("每学时须为 10 到 120 分钟，且能整除 1800，如 30、45、50、60"))
}

pub(super) fn minutes_of_a_day<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    between(i64::deserialize(deserializer)?, 0, 24 * 60)
}

pub(super) fn percent_of_speed<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    between(i64::deserialize(deserializer)?, 100, 150)
}

pub(super) fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    between(i64::deserialize(deserializer)?, 1, 100)
}

/// At most ten years.
pub(super) fn days_apart<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    between(i64::deserialize(deserializer)?, 1, 3660)
}

pub(super) fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    between(i64::deserialize(deserializer)?, 1, 100)
}

// What a rule means that was enacted before these could be set.

pub(super) fn fastest_percent() -> i64 {
    150
}

pub(super) fn next_day() -> i64 {
    1
}

pub(super) fn quiz_pass_percent() -> i64 {
    60
}

pub(super) fn quiz_attempts() -> i64 {
    3
}

pub(super) fn online_share() -> i64 {
    100
}

pub(super) fn usual_exemptions() -> Vec<ExemptionRule> {
    let all = vec![Measure::CreditHours, Measure::Classes, Measure::ClassDays];
    let of = |kind, lifts, clause: &str| ExemptionRule { kind, lifts, clause: clause.to_owned() };
    vec![
        of(ExemptionKind::Old, all.clone(), ARTICLE_23),
        of(ExemptionKind::Sick, all.clone(), ARTICLE_23),
        of(ExemptionKind::Disabled, all, ARTICLE_23),
        of(ExemptionKind::Migrant, vec![Measure::Classes, Measure::ClassDays], ARTICLE_32),
    ]
}

const ARTICLE_23: &str = "《中国共产党党员教育管理工作条例》（2019）第二十三条";
const ARTICLE_32: &str = "《中国共产党党员教育管理工作条例》（2019）第三十二条";

pub(super) fn need<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    between(i64::deserialize(deserializer)?, 1, 10_000)
}

pub(super) fn surplus<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    between(i64::deserialize(deserializer)?, 0, 10_000)
}

pub(super) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    between(i64::deserialize(deserializer)?, 0, 100)
}

/// At most a year: the archive looks back no further.
pub(super) fn months<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<u32>, D::Error> {
    between(u32::deserialize(deserializer)?, 1, 12).map(Some)
}

pub(super) fn one_in<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i32, D::Error> {
    between(i32::deserialize(deserializer)?, 1, 1000)
}

fn between<N: PartialOrd + std::fmt::Display, E: serde::de::Error>(
    value: N,
    low: N,
    high: N,
) -> std::result::Result<N, E> {
    if value >= low && value <= high {
        return Ok(value);
    }
    Err(E::custom(format!("{value} 不在 {low} 到 {high} 之间")))
}
