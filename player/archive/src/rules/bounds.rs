//! What a county may set otherwise than the city, and how far.
//!
//! The city writes it into its own rule, as `[[bound]]` with a key, `from` and `to`. A county's rule is a whole rule:
//! its name and its first day are its own, a key with a bound lies between its ends, and everything else is the city's.

use super::{Rules, keys, line_of};
use crate::{Error, Result};
use serde::Deserialize;
use toml::{Spanned, Value};

/// A number that a county may set otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Its key, as `daily_cap_minutes` or `target.member_hours.need`.
    pub key: Spanned<String>,
    /// The least it may be.
    pub from: i64,
    /// The most it may be.
    pub to: i64,
}

/// Keys that are every rule's own.
const OWN: [&str; 2] = ["name", "valid_from"];

/// Refuses bounds on what is no number of this rule, with ends the wrong way round, or that leave the rule itself out.
pub(super) fn check(rules: &Rules, text: &str) -> Result<()> {
    if rules.bounds.is_empty() {
        return Ok(());
    }
    let keys = keys::keys(text);
    for bound in &rules.bounds {
        let reason = match keys.get(bound.key.as_ref()) {
            Some(Value::Integer(own)) if (bound.from..=bound.to).contains(own) => continue,
            Some(Value::Integer(own)) => format!("本规则的 {own} 不在 {} 到 {} 之间", bound.from, bound.to),
            _ => format!("本规则没有“{}”这个数", bound.key.as_ref()),
        };
        return Err(Error::BrokenRules { line: line_of(text, bound.key.span().start), reason });
    }
    Ok(())
}

/// Refuses a county's rule that differs from the city's in anything but what is bounded, and within the bounds.
pub(super) fn within(city: &str, county: &str) -> Result<()> {
    let bounds = Rules::parse(city)?.bounds;
    let new = keys::keys(county);
    for change in keys::changes(city, county) {
        let key = change.key.as_str();
        // A county leaves the bounds out: it has nobody below it who may set rules.
        if OWN.contains(&key) || key.starts_with("bound.") && change.new.is_none() {
            continue;
        }
        let bound = bounds.iter().find(|bound| bound.key.as_ref() == key);
        let reason = match (bound, new.get(key)) {
            (Some(bound), Some(Value::Integer(value))) if (bound.from..=bound.to).contains(value) => continue,
            (Some(bound), _) => format!("“{}”只能在 {} 到 {} 之间", change.label, bound.from, bound.to),
            (None, _) => format!("市里没有允许县区改“{}”，须与市规则相同", change.label),
        };
        return Err(Error::BrokenRules { line: line_of_key(county, key), reason });
    }
    Ok(())
}

/// The line on which a key stands; where it is missing, the line of its block, or the first.
fn line_of_key(text: &str, key: &str) -> usize {
    let parts: Vec<&str> = key.split('.').collect();
    let lines: Vec<&str> = text.lines().collect();
    let defines = |line: &str, name: &str| {
        line.trim_start().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let [_, name, field, ..] = parts.as_slice() else {
        return lines.iter().position(|line| defines(line, key)).map_or(1, |at| at + 1);
    };
    let named = format!("\"{name}\"");
    let is_name = |line: &&str| ["id", "kind", "key"].iter().any(|by| defines(line, by)) && line.contains(&named);
    let Some(block) = lines.iter().position(is_name) else { return 1 };
    let in_block = lines.iter().skip(block).take_while(|line| !line.starts_with("[["));
    in_block.enumerate().find(|(_, line)| defines(line, field)).map_or(block + 1, |(at, _)| block + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = include_str!("presets.toml");

    fn city() -> String {
        let bounds = "\n[[bound]]\nkey = \"daily_cap_minutes\"\nfrom = 240\nto = 480\n\n\
                      [[bound]]\nkey = \"target.member_hours.need\"\nfrom = 32\nto = 60\n";
        format!("{RULE}{bounds}")
    }

    fn refused(county: &str) -> (usize, String) {
        match within(&city(), county) {
            Err(Error::BrokenRules { line, reason }) => (line, reason),
            other => unreachable!("{other:?}"),
        }
    }

    fn line_with(text: &str, start: &str) -> usize {
        text.lines().position(|line| line.starts_with(start)).map_or(0, |at| at + 1)
    }

    #[test]
    fn a_county_may_set_what_is_bounded_up_to_the_bound() {
        for (cap, need) in [(240, 32), (480, 60), (300, 40)] {
            let county = RULE
                .replace("cap_minutes = 480", &format!("cap_minutes = {cap}"))
                .replace("need = 32", &format!("need = {need}"))
                .replace("（基本）", "（东兰县）")
                .replace("2019-01-01", "2027-01-01");
            assert!(within(&city(), &county).is_ok(), "{cap} {need}");
        }
    }

    #[test]
    fn beyond_the_bound_and_beside_it_a_county_is_refused_with_the_line() {
        let beyond = RULE.replace("cap_minutes = 480", "cap_minutes = 481");
        let (line, reason) = refused(&beyond);
        assert_eq!(line, line_with(&beyond, "daily_cap_minutes"));
        assert!(reason.contains("240 到 480"), "{reason}");
        let beside = RULE.replace("credit_hour = 45", "credit_hour = 30");
        assert_eq!(refused(&beside).0, line_with(&beside, "minutes_per_credit_hour"));
        let lower = RULE.replace("need = 32", "need = 31");
        assert_eq!(refused(&lower).0, line_with(&lower, "need = 31"));
        let other = RULE.replace("need = 56", "need = 1");
        assert!(refused(&other).1.contains("村“两委”干部年度学时"), "{:?}", refused(&other));
    }

    #[test]
    fn a_county_drops_no_target_and_widens_no_bound() {
        let start = RULE.find("[[target]]\nid = \"township_days\"").unwrap_or_default();
        let end = RULE.find("[[target]]\nid = \"new_secretary\"").unwrap_or_default();
        let without = format!("{}{}", &RULE[..start], &RULE[end..]);
        assert!(refused(&without).1.contains("乡镇培训"), "{:?}", refused(&without));
        let wider = city().replace("to = 480", "to = 1000");
        assert!(refused(&wider).1.contains("县区可调"), "{:?}", refused(&wider));
    }

    #[test]
    fn a_bound_that_leaves_the_rule_itself_out_or_bounds_nothing_is_refused_with_its_line() {
        let broken = |from: &str, to: &str| {
            let text = city().replace(from, to);
            match Rules::parse(&text) {
                Err(Error::BrokenRules { line, reason }) => {
                    (line, line_with(&text, to.lines().next().unwrap_or_default()), reason)
                }
                other => unreachable!("{other:?}"),
            }
        };
        let (line, at, reason) = broken("key = \"daily_cap_minutes\"", "key = \"daily_cup\"");
        assert_eq!(line, at, "{reason}");
        let (line, at, reason) =
            broken("key = \"daily_cap_minutes\"\nfrom = 240", "key = \"daily_cap_minutes\"\nfrom = 481");
        assert_eq!(line, at, "{reason}");
    }
}
