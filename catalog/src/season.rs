//! Farming time: which of the 24 solar terms (节气) a day falls in, whether a lesson's season fits a day, and which crops
//! there is work with.
//!
//! Dates of the terms move by a day between years; the usual day is near enough to recommend lessons by.

mod calendar;

pub use calendar::InSeason;
pub(crate) use calendar::{ByUnit, Calendar, in_season};

use chrono::Datelike;
use entity::Day;

/// The solar terms with the month and usual day they begin, from the start of the civil year.
const TERMS: [(&str, u32, u32); 24] = [
    ("小寒", 1, 6),
    ("大寒", 1, 20),
    ("立春", 2, 4),
    ("雨水", 2, 19),
    ("惊蛰", 3, 6),
    ("春分", 3, 21),
    ("清明", 4, 5),
    ("谷雨", 4, 20),
    ("立夏", 5, 6),
    ("小满", 5, 21),
    ("芒种", 6, 6),
    ("夏至", 6, 21),
    ("小暑", 7, 7),
    ("大暑", 7, 23),
    ("立秋", 8, 8),
    ("处暑", 8, 23),
    ("白露", 9, 8),
    ("秋分", 9, 23),
    ("寒露", 10, 8),
    ("霜降", 10, 24),
    ("立冬", 11, 8),
    ("小雪", 11, 22),
    ("大雪", 12, 7),
    ("冬至", 12, 22),
];

/// The solar term that is also an everyday word, and what follows it where the term is meant.
const RAIN: &str = "雨水";
const MEANT: [&str; 6] = ["前", "后", "节", "时节", "以", "这天"];

/// What a text may say between two months of a range.
const NEXT_YEAR: [&str; 4] = ["次年", "翌年", "来年", "第二年"];

/// The solar term a day falls in.
pub fn term_of(day: Day) -> &'static str {
    let today = (day.month(), day.day());
    let begun = TERMS.iter().rev().find(|(_, month, date)| (*month, *date) <= today);
    begun.map_or("冬至", |(name, _, _)| name)
}

/// Whether a season text (`霜降、立冬`, `11月`, `3-5月`, `春季`) fits a day.
pub fn fits(season: &str, day: Day) -> bool {
    season.contains(term_of(day)) || months_in(season).contains(&day.month())
}

/// The solar terms and months a text speaks of, as a season text; `None` when it speaks of none. Used for imported
/// lessons that state no season.
pub fn spoken_of(text: &str) -> Option<String> {
    let speaks = |name: &str| match name {
        RAIN => text.split(RAIN).skip(1).any(|after| MEANT.iter().any(|word| after.starts_with(word))),
        _ => text.contains(name),
    };
    let mut found: Vec<String> =
        TERMS.iter().filter(|(name, _, _)| speaks(name)).map(|(name, _, _)| (*name).to_owned()).collect();
    let mut months = months_named(text);
    months.sort_unstable();
    months.dedup();
    found.extend(months.into_iter().map(|month| format!("{month}月")));
    (!found.is_empty() && found.len() <= 6).then(|| found.join("、"))
}

fn months_in(season: &str) -> Vec<u32> {
    let mut months = months_named(season);
    for (word, range) in [("春", 2..=4), ("夏", 5..=7), ("秋", 8..=10)] {
        if season.contains(word) && !season.contains("立") && !season.contains("分") && !season.contains("至") {
            months.extend(range);
        }
    }
    if season.contains("冬季") || season.contains("冬天") {
        months.extend([11, 12, 1]);
    }
    if ["全年", "常年", "四季"].iter().any(|word| season.contains(word)) {
        months.extend(1..=12);
    }
    months
}

/// The months a text names, alone (`11月`, `十一月`, `腊月`) or from one to another (`3-5月`, `11月至次年2月`).
fn months_named(text: &str) -> Vec<u32> {
    let mut months = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let Some((from, after)) = number(rest) else {
            rest = rest.trim_start_matches(|d: char| d.is_ascii_digit() && c.is_ascii_digit());
            rest = if c.is_ascii_digit() { rest } else { rest.get(c.len_utf8()..).unwrap_or_default() };
            continue;
        };
        let named = after.strip_prefix('月');
        rest = named.unwrap_or(after);
        if let Some((to, after)) = range_end(rest) {
            months.extend(months_from(from, to));
            rest = after;
        } else if named.is_some() {
            months.push(from);
        }
    }
    months
}

/// The month that ends a range, after its sign.
fn range_end(text: &str) -> Option<(u32, &str)> {
    let mut rest = text.strip_prefix(['-', '~', '—', '–', '～', '至', '到'])?;
    for word in NEXT_YEAR {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let (to, after) = number(rest)?;
    Some((to, after.strip_prefix('月')?))
}

/// A month's number at the beginning of a text, in digits or characters, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    const WORDS: [(&str, u32); 14] = [
        ("十二", 12),
        ("十一", 11),
        ("十", 10),
        ("九", 9),
        ("八", 8),
        ("七", 7),
        ("六", 6),
        ("五", 5),
        ("四", 4),
        ("三", 3),
        ("二", 2),
        ("一", 1),
        ("腊", 1),
        ("正", 2),
    ];
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if let Some((number, after)) = text.split_at_checked(digits).filter(|_| digits > 0) {
        return number.parse().ok().filter(|month| (1..=12).contains(month)).map(|month| (month, after));
    }
    WORDS.iter().find_map(|(word, month)| Some((*month, text.strip_prefix(word)?)))
}

/// The months from one to another, over the turn of the year when the second is the earlier.
fn months_from(from: u32, to: u32) -> impl Iterator<Item = u32> {
    let count = (to + 12 - from) % 12 + 1;
    (0..count).map(move |step| (from - 1 + step) % 12 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(month: u32, date: u32) -> Day {
        Day::from_ymd_opt(2026, month, date).unwrap_or_default()
    }

    #[test]
    fn every_day_has_a_solar_term() {
        assert_eq!(term_of(day(1, 1)), "冬至");
        assert_eq!(term_of(day(1, 6)), "小寒");
        assert_eq!(term_of(day(11, 23)), "小雪");
        assert_eq!(term_of(day(12, 31)), "冬至");
    }

    #[test]
    fn a_season_fits_by_term_month_or_range() {
        assert!(fits("小雪、大雪", day(11, 23)));
        assert!(fits("11月", day(11, 1)));
        assert!(!fits("11月", day(1, 1)));
        assert!(fits("3-5月", day(4, 1)));
        assert!(!fits("3-5月", day(6, 1)));
        assert!(fits("春季", day(3, 1)));
        assert!(!fits("", day(3, 1)));
    }

    #[test]
    fn a_season_is_read_in_every_way_people_write_it() {
        let table: [(&str, &[u32]); 12] = [
            ("3月-6月", &[3, 4, 5, 6]),
            ("3月至6月", &[3, 4, 5, 6]),
            ("11-1月", &[11, 12, 1]),
            ("11月至次年2月", &[11, 12, 1, 2]),
            ("十月到十二月", &[10, 11, 12]),
            ("夏至、3-5月", &[3, 4, 5]),
            ("3月、9月", &[3, 9]),
            ("2024年3月", &[3]),
            ("腊月", &[1]),
            ("13月", &[]),
            ("育苗30天", &[]),
            ("", &[]),
        ];
        for (season, months) in table {
            assert_eq!(months_named(season), months, "{season}");
        }
        assert!((1..=12).all(|month| fits("全年", day(month, 1))));
        assert!(fits("夏至、3-5月", day(6, 25)));
    }

    #[test]
    fn rain_is_a_solar_term_only_where_it_is_meant() {
        assert_eq!(spoken_of("雨水一多就爆皮"), None);
        assert_eq!(spoken_of("雨水前后下种"), Some("雨水".to_owned()));
    }

    #[test]
    fn a_text_tells_its_season() {
        assert_eq!(spoken_of("霜降以后盖膜,十一月中旬采收"), Some("霜降、11月".to_owned()));
        assert_eq!(spoken_of("开会要有记录"), None);
    }
}
