//! Numbers written the other way: 7天 is also 七天, 二十一天 is also 21天. Only small whole numbers that count
//! something; years, hotlines and doses are written in one way.

use std::ops::Range;

/// The digits in words, each at its value; 〇 and 两 are read too.
const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// A number of a query, written the other way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// Where it stands, in characters.
    pub range: Range<usize>,
    /// The other ways of writing it.
    pub others: Vec<String>,
}

/// The numbers from 1 to 99 in a folded query.
pub(crate) fn find(chars: &[char]) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let digits = run(chars, at, |c| c.is_ascii_digit());
        let words = run(chars, at, is_word);
        let alone = at.checked_sub(1).and_then(|before| chars.get(before)).is_none_or(|c| !part_of_longer(*c));
        let ends = |length: usize| chars.get(at + length).is_none_or(|c| !part_of_longer(*c));
        if alone && (1..=2).contains(&digits) && ends(digits) {
            let value = value_of_digits(chars.get(at..at + digits).unwrap_or_default());
            let others = in_words(value);
            found.extend((!others.is_empty()).then(|| Number { range: at..at + digits, others }));
        } else if let (true, Some(value)) =
            (alone && ends(words), value_of(chars.get(at..at + words).unwrap_or_default()))
        {
            found.push(Number { range: at..at + words, others: vec![value.to_string()] });
        }
        at += digits.max(words).max(1);
    }
    found
}

fn run(chars: &[char], from: usize, holds: impl Fn(char) -> bool) -> usize {
    chars.iter().skip(from).take_while(|c| holds(**c)).count()
}

fn is_word(c: char) -> bool {
    DIGITS.contains(&c) || matches!(c, '两' | '十' | '〇')
}

/// A sign, letter or larger unit beside a number makes it part of something else: 15-15-15, 0.3, 一号 stays.
fn part_of_longer(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '%' | '/' | ':' | '百' | '千' | '万' | '亿')
}

fn value_of_digits(digits: &[char]) -> u32 {
    digits.iter().filter_map(|c| c.to_digit(10)).fold(0, |value, digit| value * 10 + digit)
}

fn digit_of(c: char) -> Option<u32> {
    let place = DIGITS.iter().position(|digit| *digit == c).and_then(|place| u32::try_from(place).ok());
    place.or((c == '两').then_some(2))
}

/// The value of a number in words below a hundred; one word alone, such as 一, is too often not a number.
fn value_of(words: &[char]) -> Option<u32> {
    match words {
        [one] => digit_of(*one).filter(|value| *value > 1).or((*one == '十').then_some(10)),
        ['十', last] => Some(10 + digit_of(*last)?),
        [first, '十'] => Some(10 * digit_of(*first)?),
        [first, '十', last] => Some(10 * digit_of(*first)? + digit_of(*last)?),
        _ => None,
    }
}

fn in_words(value: u32) -> Vec<String> {
    let digit = |value: u32| DIGITS.get(value as usize).filter(|_| value > 0).map(char::to_string).unwrap_or_default();
    match value {
        1 => Vec::new(),
        2 => vec!["二".to_owned(), "两".to_owned()],
        3..=9 => vec![digit(value)],
        10..=19 => vec![format!("十{}", digit(value % 10))],
        20..=99 => vec![format!("{}十{}", digit(value / 10), digit(value % 10))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others(text: &str) -> Vec<String> {
        find(&text.chars().collect::<Vec<_>>()).into_iter().flat_map(|number| number.others).collect()
    }

    #[test]
    fn small_numbers_are_written_both_ways() {
        assert_eq!(others("隔7天打一次"), ["七"]);
        assert_eq!(others("孵化二十一天"), ["21"]);
        assert_eq!(others("2亩地"), ["二", "两"]);
        assert_eq!(others("三十年"), ["30"]);
    }

    #[test]
    fn years_hotlines_and_compounds_stay_as_they_are() {
        for text in ["2024年", "96110", "15-15-15", "0.3", "ec2", "一号文件", "三百斤"] {
            assert!(others(text).is_empty(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn writing_a_number_in_words_and_reading_it_gives_it_back(value in 2u32..100) {
            for words in in_words(value) {
                proptest::prop_assert_eq!(value_of(&words.chars().collect::<Vec<_>>()), Some(value));
            }
        }
    }
}
