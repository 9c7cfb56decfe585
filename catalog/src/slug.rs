//! Names in addresses: made from a title's pinyin when nobody chose one.

use crate::{Error, Result};
use pinyin::ToPinyin;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

/// Longest slug.
const LONGEST: usize = 80;

/// Checks a slug somebody chose: 1 to 80 of `a-z`, `0-9`, `-` and `_`, not only digits (those are ids).
pub(crate) fn parse(text: &str) -> Result<String> {
    let text = text.trim();
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(allowed) {
        return Err(Error::invalid("slug", "只能用小写字母、数字、-和_，最长80个字符"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::invalid("slug", "不能全是数字"));
    }
    Ok(text.to_owned())
}

/// A slug that no row has in this column: the chosen one, or one made from the title.
pub(crate) async fn free<E: EntityTrait<Model: Send + Sync>>(
    txn: &impl ConnectionTrait,
    column: E::Column,
    chosen: Option<&str>,
    title: &str,
) -> Result<String> {
    let taken = async |text: &str| E::find().filter(column.eq(text)).count(txn).await.map(|rows| rows > 0);
    if let Some(text) = chosen {
        let text = parse(text)?;
        return if taken(&text).await? { Err(Error::SlugTaken(text)) } else { Ok(text) };
    }
    for number in 1..10_000 {
        let text = from_title(title, number);
        if !taken(&text).await? {
            return Ok(text);
        }
    }
    Err(Error::SlugTaken(from_title(title, 1)))
}

/// A slug from a title: `红薯高产` becomes `hongshu-gaochan` cut at a syllable. `number` tells equal titles apart and
/// is left out when it is 1.
pub fn from_title(title: &str, number: usize) -> String {
    let mut slug = String::new();
    for c in title.chars() {
        let part = match c.to_pinyin() {
            Some(syllable) => syllable.plain().replace('ü', "v"),
            None if c.is_ascii_alphanumeric() => c.to_ascii_lowercase().to_string(),
            None if slug.is_empty() || slug.ends_with('-') => continue,
            None => "-".to_owned(),
        };
        if slug.len() + part.len() > LONGEST - 16 {
            break;
        }
        slug.push_str(&part);
    }
    let slug = slug.trim_end_matches('-');
    let named = slug.bytes().any(|byte| byte.is_ascii_lowercase());
    let slug = if named { slug.to_owned() } else { format!("ke-{slug}").trim_end_matches('-').to_owned() };
    if number <= 1 { slug } else { format!("{slug}-{number}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_its_pinyin() {
        assert_eq!(from_title("红薯高产 2024", 1), "hongshugaochan-2024");
        assert_eq!(from_title("绿豆", 2), "lvdou-2");
        assert_eq!(from_title("2024", 1), "ke-2024");
        assert_eq!(from_title("《!》", 1), "ke");
        assert!(parse(&from_title(&"长".repeat(100), 12)).is_ok());
    }

    #[test]
    fn a_slug_is_plain_and_never_an_id() {
        assert!(parse("sweet-potato_1").is_ok());
        assert!(parse("12").is_err());
        assert!(parse("红薯").is_err());
        assert!(parse("../x").is_err());
    }
}
