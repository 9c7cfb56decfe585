//! Farming time: which of the 24 solar terms (节气) a day falls in, and whether a lesson's season fits a day.
//!
//! Dates of the terms move by a day between years; the usual day is near enough to recommend lessons by.

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

/// The words for months as lessons say them, December first so that `十二月` is not read as `二月`.
const MONTHS: [(&str, u32); 26] = [
    ("十二月", 12),
    ("十一月", 11),
    ("十月", 10),
    ("九月", 9),
    ("八月", 8),
    ("七月", 7),
    ("六月", 6),
    ("五月", 5),
    ("四月", 4),
    ("三月", 3),
    ("二月", 2),
    ("一月", 1),
    ("12月", 12),
    ("11月", 11),
    ("10月", 10),
    ("9月", 9),
    ("8月", 8),
    ("7月", 7),
    ("6月", 6),
    ("5月", 5),
    ("4月", 4),
    ("3月", 3),
    ("2月", 2),
    ("1月", 1),
    ("腊月", 1),
    ("正月", 2),
];

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
    let terms = TERMS.iter().filter(|(name, _, _)| text.contains(name)).map(|(name, _, _)| (*name).to_owned());
    let mut found: Vec<String> = terms.collect();
    let mut months = months_named(text).0;
    months.sort_unstable();
    months.dedup();
    found.extend(months.into_iter().map(|month| format!("{month}月")));
    (!found.is_empty() && found.len() <= 6).then(|| found.join("、"))
}

fn months_in(season: &str) -> Vec<u32> {
    let (mut months, rest) = months_named(season);
    for (word, range) in [("春", 2..=4), ("夏", 5..=7), ("秋", 8..=10)] {
        if season.contains(word) && !season.contains("立") && !season.contains("分") && !season.contains("至") {
            months.extend(range);
        }
    }
    if season.contains("冬季") || season.contains("冬天") {
        months.extend([11, 12, 1]);
    }
    months.extend(range_before(&rest, &months));
    months
}

/// `3-5月` and `3至5月`: the months from the number left of the sign to the month named right of it.
fn range_before(rest: &str, months: &[u32]) -> Vec<u32> {
    let Some(at) = rest.find(['-', '~', '至', '到']) else { return Vec::new() };
    let digits: String = rest.chars().take(at).filter(char::is_ascii_digit).collect();
    match (digits.parse::<u32>(), months.iter().max()) {
        (Ok(from), Some(to)) if (1..=12).contains(&from) && from <= *to => (from..=*to).collect(),
        _ => Vec::new(),
    }
}

/// The months a text names, and the text without them.
fn months_named(text: &str) -> (Vec<u32>, String) {
    let mut rest = text.to_owned();
    let mut months = Vec::new();
    for (word, month) in MONTHS {
        if rest.contains(word) {
            months.push(month);
            rest = rest.replace(word, " ");
        }
    }
    (months, rest)
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
    fn a_text_tells_its_season() {
        assert_eq!(spoken_of("霜降以后盖膜,十一月中旬采收"), Some("霜降、11月".to_owned()));
        assert_eq!(spoken_of("开会要有记录"), None);
    }
}
