//! The limits of what people type into courses and lessons, and the words they may use for categories and levels.

use crate::{Error, Result};
use entity::{Category, Level};

/// Most characters of a title.
const TITLE: usize = 100;
/// Most characters of a summary.
const SUMMARY: usize = 2_000;
/// Most characters of a body or transcript.
const BODY: usize = 200_000;
/// Most characters of a short field: crop, season, language, lecturer.
const SHORT: usize = 100;
/// Most characters of a source note.
const SOURCE: usize = 500;
/// Most tags of a lesson.
const TAGS: usize = 20;
/// Most characters of a tag.
const TAG: usize = 30;
/// Longest lesson: a week.
const DURATION_MS: i64 = 7 * 24 * 3_600_000;

/// A title: 1 to 100 characters on one line.
pub(crate) fn title(text: &str) -> Result<String> {
    let text = line("title", text, TITLE)?;
    if text.is_empty() { Err(Error::invalid("title", "标题不能为空")) } else { Ok(text) }
}

/// A summary: at most 2,000 characters.
pub(crate) fn summary(text: &str) -> Result<String> {
    block("summary", text, SUMMARY)
}

/// A body or transcript: at most 200,000 characters.
pub(crate) fn body(text: &str) -> Result<String> {
    block("body", text, BODY)
}

/// A short field on one line: at most 100 characters.
pub(crate) fn short(field: &'static str, text: &str) -> Result<String> {
    line(field, text, SHORT)
}

/// A short field that may be absent; blank is absent.
pub(crate) fn short_or_none(field: &'static str, text: Option<&str>) -> Result<Option<String>> {
    Ok(text.map(|text| short(field, text)).transpose()?.filter(|text| !text.is_empty()))
}

/// Where a lesson comes from: at most 500 characters.
pub(crate) fn source(text: &str) -> Result<String> {
    line("source", text, SOURCE)
}

/// A reason given to people: 1 to 500 characters.
pub(crate) fn reason(text: &str) -> Result<String> {
    let text = block("reason", text, SOURCE)?;
    if text.is_empty() { Err(Error::invalid("reason", "请写明原因")) } else { Ok(text) }
}

/// A note to people: at most 500 characters.
pub(crate) fn note(text: &str) -> Result<String> {
    block("note", text, SOURCE)
}

/// A remark: 1 to 500 characters.
pub(crate) fn remark(text: &str) -> Result<String> {
    let text = block("text", text, SOURCE)?;
    if text.is_empty() { Err(Error::invalid("text", "请写下意见")) } else { Ok(text) }
}

/// Tags: at most 20 of at most 30 characters, each once, blanks left out.
pub(crate) fn tags(tags: &[String]) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        let tag = line("tags", tag, TAG)?;
        if !tag.is_empty() && !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    if kept.len() > TAGS { Err(Error::invalid("tags", format!("标签最多{TAGS}个"))) } else { Ok(kept) }
}

/// A length in milliseconds: 0 up to a week.
pub(crate) fn duration_ms(ms: i64) -> Result<i64> {
    if (0..=DURATION_MS).contains(&ms) { Ok(ms) } else { Err(Error::invalid("duration_ms", "时长超出范围")) }
}

/// A SHA-256 in lower-case hex.
pub(crate) fn sha256(text: &str) -> Result<String> {
    let text = text.trim().to_ascii_lowercase();
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text)
    } else {
        Err(Error::invalid("media_sha256", "应为64位十六进制的SHA-256"))
    }
}

/// How long reading takes at 300 characters a minute, which is what an article lesson counts as its length; at least
/// half a minute.
pub(crate) fn reading_ms(body: &str) -> i64 {
    let chars = i64::try_from(body.chars().count()).unwrap_or(i64::MAX);
    chars.saturating_mul(200).clamp(30_000, DURATION_MS)
}

/// The tags as the JSON array the row holds.
pub(crate) fn tags_json(tags: &[String]) -> String {
    serde_json::to_string(tags).unwrap_or_else(|_| "[]".to_owned())
}

/// The category people mean: its stored word, its Chinese name, or a word other systems use for it.
pub fn category_named(text: &str) -> Option<Category> {
    Category::parse(text).or(match text {
        "dispute" | "disputes" | "conflict" | "纠纷调解" | "矛盾调解" => Some(Category::Mediation),
        "farming" | "农业" | "农业技术" | "种植养殖" => Some(Category::Agriculture),
        "market" | "sales" | "ecommerce" | "电商营销" | "电子商务" => Some(Category::Marketing),
        "party_building" | "党建" => Some(Category::Party),
        "政策" | "政策法规" => Some(Category::Policy),
        "village" | "村务" | "乡村治理" => Some(Category::Governance),
        "legal" | "法律" | "法律知识" => Some(Category::Law),
        "健康" | "医疗卫生" => Some(Category::Health),
        _ => None,
    })
}

/// The level people mean: its stored word, its Chinese name, or another usual word for it.
pub fn level_named(text: &str) -> Option<Level> {
    Level::parse(text).or(match text {
        "beginner" | "basic" | "初级" | "基础" => Some(Level::Entry),
        "intermediate" | "中级" | "提高" => Some(Level::Advanced),
        "professional" | "高级" | "专家" => Some(Level::Expert),
        _ => None,
    })
}

/// One line of text, trimmed.
pub(crate) fn line(field: &'static str, text: &str, most: usize) -> Result<String> {
    let text = block(field, text, most)?;
    if text.chars().any(char::is_control) {
        Err(Error::invalid(field, "不能有换行或控制字符"))
    } else {
        Ok(text)
    }
}

/// Text of several lines, trimmed.
pub(crate) fn block(field: &'static str, text: &str, most: usize) -> Result<String> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid(field, "不能有控制字符"));
    }
    if text.chars().count() > most {
        return Err(Error::invalid(field, format!("最多{most}字")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(title(" 果园 ").ok().as_deref(), Some("果园"));
        assert!(title("  ").is_err());
        assert!(title("果\n园").is_err());
        assert!(title(&"果".repeat(100)).is_ok());
        assert!(title(&"果".repeat(101)).is_err());
    }

    #[test]
    fn tags_are_each_once_and_at_most_twenty() {
        let tag = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(tags(&["桃".into(), "桃".into(), " ".into()]).ok(), Some(vec!["桃".to_owned()]));
        assert!(tags(&tag(20)).is_ok());
        assert!(tags(&tag(21)).is_err());
        assert!(tags(&["长".repeat(31)]).is_err());
    }

    #[test]
    fn categories_have_other_names() {
        assert_eq!(category_named("dispute"), Some(Category::Mediation));
        assert_eq!(category_named("农业科技"), Some(Category::Agriculture));
        assert_eq!(category_named("astronomy"), None);
    }
}
