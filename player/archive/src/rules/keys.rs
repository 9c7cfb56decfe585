//! A rule's text as a table of keys and values, so that two versions can be laid beside each other.
//!
//! Keys are the names of the file; of a target `target.<id>.<field>`, of an exemption `exemption.<kind>.<field>`, of a
//! bound `bound.<key>.<field>`. So a comment or another order of lines is no change.

use super::Rules;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// One key that differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// The value before; `None` for a new key.
    pub old: Option<String>,
    /// The value now; `None` for a key that is gone.
    pub new: Option<String>,
}

/// What differs between two versions, by key. A text that cannot be read has no keys.
pub fn changes(old: &str, new: &str) -> Vec<Change> {
    let (old, new) = (keys(old), keys(new));
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = all.into_iter().filter(|key| old.get(*key) != new.get(*key));
    let change = |key: &String| Change {
        label: label(key, if new.contains_key(key) { &new } else { &old }),
        old: old.get(key).map(|value| said_of(key, value)),
        new: new.get(key).map(|value| said_of(key, value)),
        key: key.clone(),
    };
    differing.map(change).collect()
}

/// The plain keys of a rule with their names and values, for people to read; targets, exemptions and bounds apart.
pub fn described(text: &str) -> Vec<(String, String)> {
    let keys = keys(text);
    let plain = PLAIN.iter().filter_map(|(key, label)| Some(((*label).to_owned(), said_of(key, keys.get(*key)?))));
    plain.collect()
}

/// Refuses two targets of one name: the later versions of a rule are compared by it.
pub(super) fn check_names(rules: &Rules, text: &str) -> Result<()> {
    let mut known = BTreeSet::new();
    match rules.targets.iter().find(|target| !known.insert(&target.id)) {
        None => Ok(()),
        Some(twice) => {
            let named = format!("\"{}\"", twice.id);
            let line = text.lines().enumerate().filter(|(_, line)| line.contains(&named)).last();
            let reason = format!("有两项要求的 id 都是 {}", twice.id);
            Err(Error::BrokenRules { line: line.map_or(1, |(at, _)| at + 1), reason })
        }
    }
}

/// Every key with its value.
pub(super) fn keys(text: &str) -> BTreeMap<String, Value> {
    let table: Table = toml::from_str(text).unwrap_or_default();
    let mut keys = BTreeMap::new();
    for (name, value) in table {
        match (name.as_str(), value) {
            ("target", Value::Array(rows)) => rows.into_iter().for_each(|row| put(&mut keys, "target", "id", row)),
            ("exemption", Value::Array(rows)) => {
                rows.into_iter().for_each(|row| put(&mut keys, "exemption", "kind", row));
            }
            ("bound", Value::Array(rows)) => rows.into_iter().for_each(|row| put(&mut keys, "bound", "key", row)),
            (_, value) => {
                keys.insert(name, value);
            }
        }
    }
    keys
}

fn put(keys: &mut BTreeMap<String, Value>, kind: &str, named_by: &str, row: Value) {
    let Value::Table(mut row) = row else { return };
    let name = row.remove(named_by).map(|name| said(&name)).unwrap_or_default();
    for (field, value) in row {
        match value {
            Value::Table(inner) => {
                keys.extend(inner.into_iter().map(|(inner, value)| (format!("{kind}.{name}.{field}.{inner}"), value)))
            }
            value => {
                keys.insert(format!("{kind}.{name}.{field}"), value);
            }
        }
    }
}

/// The value of this key as people read it.
fn said_of(key: &str, value: &Value) -> String {
    let said = said(value);
    let word = WORDS.iter().find(|(of, word, _)| *of == key && *word == said);
    word.map_or(said, |(_, _, label)| (*label).to_owned())
}

fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(said).collect::<Vec<_>>().join("、"),
        other => other.to_string(),
    }
}

fn label(key: &str, keys: &BTreeMap<String, Value>) -> String {
    if let Some((_, label)) = PLAIN.iter().find(|(plain, _)| *plain == key) {
        return (*label).to_owned();
    }
    let Some((whose, field)) = key.rsplit_once('.') else { return key.to_owned() };
    let whose = whose.strip_suffix(".or").unwrap_or(whose);
    let field = FIELDS.iter().find(|(name, _)| *name == field).map_or(field, |(_, label)| *label);
    let name = keys.get(&format!("{whose}.name")).map(said);
    match whose.split_once('.') {
        Some(("target", id)) => format!("{}：{field}", name.as_deref().unwrap_or(id)),
        Some(("exemption", kind)) => {
            let kind = entity::ExemptionKind::parse(kind).map_or(kind, |kind| kind.label());
            format!("免除（{kind}）：{field}")
        }
        Some((_, bound)) => format!("县区可调（{}）：{field}", label(bound, keys)),
        None => key.to_owned(),
    }
}

const PLAIN: &[(&str, &str)] = &[
    ("name", "名称"),
    ("valid_from", "生效日期"),
    ("minutes_per_credit_hour", "每学时的分钟数"),
    ("day_minutes", "集中培训一天的分钟数"),
    ("half_day_minutes", "集中培训半天的分钟数"),
    ("study_hours_a_year", "其他学习每种每年最多计的学时（0 为不限）"),
    ("daily_cap_minutes", "每人每天最多计的分钟数"),
    ("minimum_watch_minutes", "一课一天至少学的分钟数"),
    ("lesson_counts_once_per", "同一课的同一段多久只计一次"),
    ("lesson_counts_again_after_days", "同一课的同一段至少隔几天再计"),
    ("leave_limit_one_in", "请假上限（几分之一）"),
    ("most_rate_percent", "最快倍速（百分数）"),
    ("idle_check_minutes", "手机问“还在看吗”的间隔（分钟）"),
    ("presence_check_minutes", "教室抽查到场的间隔（分钟）"),
    ("quiz_pass_percent", "随堂测验及格线（百分数）"),
    ("quiz_attempts_a_day", "随堂测验每天次数"),
    ("carry_over_hours", "结转到下一年的学时上限"),
    ("online_share_percent", "集中培训以外学时的计入上限（占要求的百分数）"),
];

/// Words of the file that people read otherwise.
const WORDS: &[(&str, &str, &str)] = &[
    ("lesson_counts_once_per", "day", "每天一次"),
    ("lesson_counts_once_per", "year", "每年一次"),
    ("lesson_counts_once_per", "lifetime", "终身一次"),
];

const FIELDS: &[(&str, &str)] = &[
    ("name", "名称"),
    ("posts", "适用职务"),
    ("measure", "计什么"),
    ("level", "哪一级举办"),
    ("need", "要求"),
    ("within_months", "任职后几个月内"),
    ("clause", "依据"),
    ("lifts", "免除什么"),
    ("from", "最低"),
    ("to", "最高"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = include_str!("presets.toml");

    #[test]
    fn a_comment_or_another_order_is_no_change() {
        let spaced =
            RULE.replace("day_minutes = 360\nhalf_day_minutes = 180", "half_day_minutes=180\n# x\nday_minutes = 360");
        assert_ne!(spaced, RULE);
        assert_eq!(changes(RULE, &spaced), []);
    }

    #[test]
    fn a_change_says_what_it_was_and_what_it_is() {
        let new = RULE.replace("need = 32", "need = 40").replace("carry_over_hours = 0", "carry_over_hours = 8");
        let found = changes(RULE, &new);
        let said: Vec<_> =
            found.iter().map(|change| (change.label.as_str(), change.old.as_deref(), change.new.as_deref())).collect();
        assert_eq!(
            said,
            [("结转到下一年的学时上限", Some("0"), Some("8")), ("党员年度集中学习：要求", Some("32"), Some("40")),]
        );
    }

    #[test]
    fn how_often_a_lesson_counts_is_said_in_words() {
        let new =
            RULE.replace("once_per = \"day\"", "once_per = \"year\"").replace("after_days = 1", "after_days = 30");
        let found = changes(RULE, &new);
        let said: Vec<_> = found.iter().map(|change| (change.old.as_deref(), change.new.as_deref())).collect();
        assert_eq!(said, [(Some("1"), Some("30")), (Some("每天一次"), Some("每年一次"))]);
    }

    #[test]
    fn a_target_that_is_gone_keeps_its_name_in_the_list_of_changes() {
        let start = RULE.find("[[target]]\nid = \"cadre_training\"").unwrap_or_default();
        let end = RULE.find("# 免除").unwrap_or_default();
        let without = format!("{}{}", &RULE[..start], &RULE[end..]);
        let found = changes(RULE, &without);
        assert!(
            found.iter().all(|change| change.new.is_none() && change.label.starts_with("干部年度培训")),
            "{found:?}"
        );
        assert!(!found.is_empty());
    }

    #[test]
    fn every_plain_key_of_the_preset_has_a_name() {
        for key in keys(RULE).keys().filter(|key| !key.contains('.')) {
            assert!(PLAIN.iter().any(|(plain, _)| plain == key), "{key}");
        }
        assert_eq!(described(RULE).len(), PLAIN.len());
    }
}
