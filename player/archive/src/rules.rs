//! The rules of hours: dated data, set at a unit, in force for it and everything below.
//!
//! Owns how a rule is written (TOML), read, dated and found. What a rule makes of a person's year is `assess`; what it
//! makes of a playback is `judge`.

use crate::credit::CreditHours;
use crate::{Error, Result};
use entity::{Day, ExemptionKind, PostKind, RuleId, UnitLevel, rule, scope};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use std::sync::Arc;

mod book;
mod bounds;
mod digest;
mod enact;
mod fields;
mod history;
mod keys;
mod preview;
mod repeat;

pub use book::RuleBook;
pub use bounds::Bound;
pub(crate) use digest::digest;
use enact::allowed;
pub use enact::{enact, ensure_presets};
pub use history::{Version, history, row_in_force};
pub use keys::{Change, changes, described};
pub use preview::{Moved, Preview, Turn, preview};
pub use repeat::OncePer;

const PRESET: &str = include_str!("rules/presets.toml");

/// One version of the rules of hours, as written in TOML.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// What people call it.
    pub name: String,
    /// The first civil day it judges.
    #[serde(deserialize_with = "fields::day")]
    pub valid_from: Day,
    /// Minutes in one credit hour; a divisor of 1800.
    #[serde(deserialize_with = "fields::credit_hour")]
    pub minutes_per_credit_hour: i64,
    /// Minutes one day of a class is worth.
    #[serde(deserialize_with = "fields::minutes_of_a_day")]
    pub day_minutes: i64,
    /// Minutes a half-day left over is worth.
    #[serde(deserialize_with = "fields::minutes_of_a_day")]
    pub half_day_minutes: i64,
    /// The most credit hours of each kind of other study (挂职锻炼, 学历教育, 送学上门, 实地教学) that count for one person
    /// in a civil year; 0 does not limit them. A day of it is worth as much as a day of a class.
    #[serde(default, deserialize_with = "fields::surplus")]
    pub study_hours_a_year: i64,
    /// The most minutes of watching that count for one person on one day.
    #[serde(deserialize_with = "fields::minutes_of_a_day")]
    pub daily_cap_minutes: i64,
    /// Below this many minutes of one lesson on one day nothing counts.
    #[serde(deserialize_with = "fields::minutes_of_a_day")]
    pub minimum_watch_minutes: i64,
    /// The time in which a part of a lesson counts once for one person.
    #[serde(default)]
    pub lesson_counts_once_per: OncePer,
    /// So many days after it counted a part of a lesson may count again; 1 is the next day.
    #[serde(default = "fields::next_day", deserialize_with = "fields::days_apart")]
    pub lesson_counts_again_after_days: i64,
    /// A class does not count when more than one in so many of its half-days was missed.
    #[serde(deserialize_with = "fields::one_in")]
    pub leave_limit_one_in: i32,
    /// The fastest play that counts, in percent of normal speed.
    #[serde(default = "fields::fastest_percent", deserialize_with = "fields::percent_of_speed")]
    pub most_rate_percent: i64,
    /// After this many minutes without a touch a phone asks whether anybody is there, and nothing counts until it is
    /// answered; 0 never asks. Rooms are never asked.
    #[serde(default, deserialize_with = "fields::minutes_of_a_day")]
    pub idle_check_minutes: i64,
    /// Every so many minutes three names are drawn in a room for the site manager to confirm; 0 draws none.
    #[serde(default, deserialize_with = "fields::minutes_of_a_day")]
    pub presence_check_minutes: i64,
    /// The share of right answers, in percent, with which an in-class quiz is passed.
    #[serde(default = "fields::quiz_pass_percent", deserialize_with = "fields::percent")]
    pub quiz_pass_percent: i64,
    /// How often one person may try one lesson's quiz on one day.
    #[serde(default = "fields::quiz_attempts", deserialize_with = "fields::attempts")]
    pub quiz_attempts_a_day: i64,
    /// At most so many surplus credit hours of the year before count for this one; 0: surplus lapses.
    #[serde(default, deserialize_with = "fields::surplus")]
    pub carry_over_hours: i64,
    /// Hours not earned in classes count for a target up to this share of its need, in percent; 100 does not limit them.
    #[serde(default = "fields::online_share", deserialize_with = "fields::share")]
    pub online_share_percent: i64,
    /// What a year must reach.
    #[serde(default, rename = "target")]
    pub targets: Vec<Target>,
    /// What is lifted from whom.
    #[serde(default = "fields::usual_exemptions", rename = "exemption")]
    pub exemptions: Vec<ExemptionRule>,
    /// What a county may set otherwise, and how far. Everything else it has to leave as it is.
    #[serde(default, rename = "bound")]
    pub bounds: Vec<Bound>,
}

/// What an exemption lifts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExemptionRule {
    /// Of whom.
    pub kind: ExemptionKind,
    /// Targets that count this are lifted.
    pub lifts: Vec<Measure>,
    /// The text it comes from.
    pub clause: String,
}

/// Another way to meet a target.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherWay {
    /// What is counted.
    pub measure: Measure,
    /// For classes: only those of an organiser of this level.
    #[serde(default)]
    pub level: Option<UnitLevel>,
    /// How much is needed.
    #[serde(deserialize_with = "fields::need")]
    pub need: i64,
}

/// Something a year must reach.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// A short name in ASCII, the same in later versions of the rule.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whom it binds: anyone who held one of these posts in the year.
    pub posts: Vec<PostKind>,
    /// What is counted.
    pub measure: Measure,
    /// For classes: only those of an organiser of this level.
    #[serde(default)]
    pub level: Option<UnitLevel>,
    /// How much is needed, in the measure's unit.
    #[serde(deserialize_with = "fields::need")]
    pub need: i64,
    /// Binds only the newly appointed, who have so many months from their appointment; only classes of that time count.
    #[serde(default, deserialize_with = "fields::months")]
    pub within_months: Option<u32>,
    /// What would do as well.
    #[serde(default, rename = "or")]
    pub otherwise: Option<OtherWay>,
    /// The text it comes from.
    pub clause: String,
}

/// What a target counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Credit hours of every source.
    CreditHours,
    /// Classes that counted.
    Classes,
    /// Days in classes that counted.
    ClassDays,
}

impl Measure {
    /// The Chinese unit people read.
    pub fn unit(self) -> &'static str {
        match self {
            Self::CreditHours => "学时",
            Self::Classes => "次",
            Self::ClassDays => "天",
        }
    }
}

impl Rules {
    /// Read a rule from TOML.
    ///
    /// # Errors
    /// [`Error::BrokenRules`] with the line, when it is not TOML, a key is missing or unknown, or a value is impossible.
    pub fn parse(toml_text: &str) -> Result<Self> {
        let rules: Self = toml::from_str(toml_text).map_err(|error| Error::BrokenRules {
            line: error.span().map_or(1, |span| line_of(toml_text, span.start)),
            reason: error.message().to_owned(),
        })?;
        keys::check_names(&rules, toml_text)?;
        bounds::check(&rules, toml_text)?;
        Ok(rules)
    }

    /// What this much credited time is worth.
    pub fn credit_hours(&self, credited_ms: i64) -> CreditHours {
        CreditHours::of_ms(credited_ms, self.minutes_per_credit_hour)
    }

    /// What so many half-days of a class are worth, in milliseconds: whole days first, then the half left over.
    pub fn class_ms(&self, half_days: i32) -> i64 {
        let half_days = i64::from(half_days.max(0));
        (half_days / 2 * self.day_minutes + half_days % 2 * self.half_day_minutes) * 60_000
    }

    /// The most of one kind of other study that counts in a year, in milliseconds; `None` does not limit it.
    pub fn study_cap_ms(&self) -> Option<i64> {
        let hours = self.study_hours_a_year;
        (hours > 0).then(|| hours.saturating_mul(self.minutes_per_credit_hour * 60_000))
    }
}

/// The rule in force for one unit on one day.
///
/// # Errors
/// [`Error::NoRule`] when there is none.
pub async fn in_force(db: &impl ConnectionTrait, unit_path: &str, day: Day) -> Result<(RuleId, Arc<Rules>)> {
    let rows = rule::Entity::find().filter(rule::Column::UnitId.is_in(scope::ancestors_of(unit_path))).all(db).await?;
    RuleBook::read(rows)?.in_force(unit_path, day)
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn broken(edit: impl Fn(&str) -> String) -> (usize, String) {
        match Rules::parse(&edit(PRESET)) {
            Err(Error::BrokenRules { line, reason }) => (line, reason),
            other => unreachable!("{other:?}"),
        }
    }

    fn line_with(text: &str) -> usize {
        1 + PRESET.lines().position(|line| line.starts_with(text)).unwrap()
    }

    #[test]
    fn the_preset_reads_and_every_target_has_its_clause() {
        let preset = Rules::parse(PRESET).unwrap();
        assert_eq!(preset.class_ms(3), (360 + 180) * 60_000);
        assert_eq!(preset.credit_hours(preset.class_ms(2)), CreditHours::whole(8));
        assert!(preset.targets.iter().all(|target| target.clause.contains('《') || target.clause.contains("报告")));
    }

    #[test]
    fn a_broken_rule_is_refused_with_its_line() {
        let (line, _) = broken(|text| text.replace("day_minutes = 360", "day_minutes = = 360"));
        assert_eq!(line, line_with("day_minutes"));
        let (line, reason) = broken(|text| text.replace("credit_hour = 45", "credit_hour = 44"));
        assert_eq!(line, line_with("minutes_per_credit_hour"), "{reason}");
        let (line, reason) = broken(|text| text.replace("cap_minutes = 480", "cap_minutes = 100000"));
        assert_eq!((line, reason.as_str()), (line_with("daily_cap"), "100000 不在 0 到 1440 之间"));
        let (_, reason) = broken(|text| text.replace("\"village_director\"", "\"emperor\""));
        assert!(reason.contains("emperor"), "{reason}");
        let (line, reason) = broken(|text| text.replace("id = \"city_class\"", "id = \"county_classes\""));
        assert!(line > 1 && reason.contains("county_classes"), "{reason}");
        let (_, reason) = broken(|text| text.replace("leave_limit_one_in", "leave_limit"));
        assert!(reason.contains("leave_limit"), "{reason}");
        let (line, reason) = broken(|text| text.replace("again_after_days = 1", "again_after_days = 0"));
        assert_eq!((line, reason.as_str()), (line_with("lesson_counts_again"), "0 不在 1 到 3660 之间"));
        let (line, reason) = broken(|text| text.replace("once_per = \"day\"", "once_per = \"week\""));
        assert_eq!(line, line_with("lesson_counts_once_per"), "{reason}");
        assert!(reason.contains("week"), "{reason}");
    }
}
