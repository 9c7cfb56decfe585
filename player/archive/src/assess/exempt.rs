//! How much less is needed of somebody who is exempt for some or all of a year.

use super::Facts;
use crate::Hundredths;
use crate::rules::{Measure, Rules};
use entity::Day;

/// What is left of a need. Days under two exemptions at once are lifted once.
pub(super) fn need(rules: &Rules, measure: Measure, whole: Hundredths, facts: &Facts) -> Hundredths {
    let (first, last) = facts.days;
    let lifts = |kind| rules.exemptions.iter().any(|rule| rule.kind == kind && rule.lifts.contains(&measure));
    let mut spans: Vec<(Day, Day)> = facts
        .exemptions
        .iter()
        .filter(|exempted| lifts(exempted.kind))
        .map(|exempted| (exempted.from.max(first), exempted.to.min(last)))
        .filter(|(from, to)| from <= to)
        .collect();
    spans.sort_unstable();
    let days = (last - first).num_days() + 1;
    let left = days - covered(&spans);
    let step = match measure {
        Measure::CreditHours | Measure::Classes => 100,
        Measure::ClassDays => 50,
    };
    Hundredths(whole.0 * left / days / step * step)
}

/// Days in the union of these spans, which are sorted.
fn covered(spans: &[(Day, Day)]) -> i64 {
    let mut covered = 0;
    let mut upto: Option<Day> = None;
    for (from, to) in spans {
        let from = match upto {
            Some(last) if last >= *from => last.succ_opt().unwrap_or(last),
            _ => *from,
        };
        covered += ((*to - from).num_days() + 1).max(0);
        upto = upto.max(Some(*to));
    }
    covered
}
