//! Which dates a play day falls on: `5,15,25`, or `*6` for every date with a 6 in it.
//!
//! Dates are those the calendar has: the 31st comes seven times a year, the 30th never in February. Nothing moves to the
//! last of a short month, because a village that reads 31 on its wall waits for a 31.

use chrono::Datelike;
use entity::Day;

/// Days of the month, in force month after month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    /// `5,15,25` or `*6`: rising, each once, as it is stored.
    text: String,
    /// Bit `n` stands for the `n`th.
    mask: u32,
}

/// The most characters that are looked at.
const LONGEST: usize = 120;

impl Days {
    /// Reads what people type: numbers from 1 to 31 apart by commas or spaces in any of their forms, and `*6` or 逢6 for
    /// every date with that digit.
    ///
    /// # Errors
    /// Why it is none, in Chinese.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.chars().count() > LONGEST {
            return Err("日期太长");
        }
        let plain: String = text.chars().map(narrow).collect();
        let mut words = plain.split([',', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>();
        words.sort_unstable();
        words.dedup();
        let (with, dates): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| word.starts_with('*'));
        let mut numbers = dates.into_iter().map(date).collect::<Result<Vec<u32>, _>>()?;
        numbers.sort_unstable();
        numbers.dedup();
        let digits = with.into_iter().map(digit).collect::<Result<Vec<u32>, _>>()?;
        let numbered = numbers.iter().fold(0, |mask, number| mask | 1 << number);
        let mask = digits.iter().fold(numbered, |mask, digit| mask | having(*digit));
        if mask == 0 {
            return Err("请填写每月的哪几天，如 5,15,25 或 *6");
        }
        let written = digits.iter().map(|digit| format!("*{digit}")).chain(numbers.iter().map(u32::to_string));
        Ok(Self { text: written.collect::<Vec<_>>().join(","), mask })
    }

    /// No day at all.
    pub(super) fn never() -> Self {
        Self { text: String::new(), mask: 0 }
    }

    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this date is one of them.
    pub fn has(&self, day: Day) -> bool {
        self.mask & (1 << day.day()) != 0
    }

    /// The first such date from this one on. There is always one within two months: of any two months that follow each
    /// other one has a 31st, and where a 30th is left out in February the next month has it.
    pub fn next_from(&self, day: Day) -> Option<Day> {
        day.iter_days().take(63).find(|day| self.has(*day))
    }

    /// As people say it: `每月5、15、25日`, `每月逢6的日子（6、16、26日）`.
    pub fn spoken(&self) -> String {
        let dates = (1..=31_u32).filter(|number| self.mask & (1 << number) != 0);
        let dates = dates.map(|number| number.to_string()).collect::<Vec<_>>().join("、");
        match self.text.strip_prefix('*') {
            Some(digit) if digit.len() == 1 => format!("每月逢{digit}的日子（{dates}日）"),
            _ => format!("每月{dates}日"),
        }
    }
}

/// One character in the form it is read in.
fn narrow(c: char) -> char {
    match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        '，' | '、' | '；' | ';' | '.' | '/' | '日' | '号' | '和' => ',',
        '＊' | '逢' => '*',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

fn date(word: &str) -> Result<u32, &'static str> {
    let is_number = word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    let number = word.parse().ok().filter(|number| is_number && (1..=31).contains(number));
    number.ok_or("日期只能是 1 到 31 的数，用逗号隔开；逢 6 的日子写 *6")
}

fn digit(word: &str) -> Result<u32, &'static str> {
    let after = word.trim_start_matches('*');
    let mut all = after.chars();
    match (all.next().and_then(|c| c.to_digit(10)), all.next()) {
        (Some(digit), None) => Ok(digit),
        _ => Err("* 后面写一个数字，如 *6 是逢 6 的日子"),
    }
}

/// The dates that are written with this digit.
fn having(digit: u32) -> u32 {
    let written = |number: &u32| number % 10 == digit || number / 10 == digit && number / 10 > 0;
    (1..=31).filter(written).fold(0, |mask, number| mask | 1 << number)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str, year: i32, month: u32) -> Vec<u32> {
        let days = Days::parse(text).unwrap();
        let first = Day::from_ymd_opt(year, month, 1).unwrap();
        first.iter_days().take_while(|day| day.month() == month).filter(|day| days.has(*day)).map(|d| d.day()).collect()
    }

    #[test]
    fn numbers_are_read_however_they_are_parted_and_stored_in_one_form() {
        for typed in ["5,15,25", " 25、15，5 ", "5日 15日 25日", "０5，15;25", "05,15,25,5"] {
            assert_eq!(Days::parse(typed).map(|days| days.text), Ok("5,15,25".to_owned()), "{typed}");
        }
        assert_eq!(Days::parse("逢6").unwrap().as_str(), "*6");
        assert_eq!(Days::parse("1，*6").unwrap().as_str(), "*6,1");
    }

    #[test]
    fn dates_with_a_6_are_6_16_and_26() {
        assert_eq!(of("*6", 2026, 11), [6, 16, 26]);
        assert_eq!(of("*3", 2026, 12), [3, 13, 23, 30, 31]);
        assert_eq!(of("*0", 2026, 12), [10, 20, 30]);
        assert_eq!(of("*1", 2026, 11), [1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21]);
    }

    #[test]
    fn a_31st_comes_only_where_the_month_has_one_and_february_has_no_30th() {
        assert_eq!(of("31", 2026, 11), [0_u32; 0]);
        assert_eq!(of("31", 2026, 12), [31]);
        assert_eq!(of("29,30,31", 2026, 2), [0_u32; 0]);
        assert_eq!(of("29,30,31", 2028, 2), [29]);
        let last_of_november = Day::from_ymd_opt(2026, 11, 30).unwrap();
        let next = Days::parse("31").unwrap().next_from(last_of_november);
        assert_eq!(next, Day::from_ymd_opt(2026, 12, 31));
        let january = Day::from_ymd_opt(2027, 1, 31).unwrap();
        assert_eq!(Days::parse("30").unwrap().next_from(january), Day::from_ymd_opt(2027, 3, 30));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for typed in ["", " ", "0", "32", "5,x", "-5", "1.5.99", "*", "*66", "**", "+5", "五", "005", &"1,".repeat(99)]
        {
            assert!(Days::parse(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn days_are_spoken_as_a_village_says_them() {
        assert_eq!(Days::parse("5,15,25").unwrap().spoken(), "每月5、15、25日");
        assert_eq!(Days::parse("*6").unwrap().spoken(), "每月逢6的日子（6、16、26日）");
        assert_eq!(Days::parse("*6,1").unwrap().spoken(), "每月1、6、16、26日");
    }

    proptest! {
        #[test]
        fn what_is_stored_reads_back_as_itself(numbers in proptest::collection::vec(1..=31_u32, 1..8), digit in 0..10_u32) {
            let typed = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
            for typed in [typed.clone(), format!("*{digit}"), format!("{typed} *{digit}")] {
                let days = Days::parse(&typed).unwrap();
                prop_assert_eq!(Days::parse(days.as_str()).unwrap(), days);
            }
        }

        #[test]
        fn there_is_always_a_next_one_and_none_is_passed_over(mask in 1..(1_u32 << 31), from in 0..4_000_i64) {
            let numbers = (1..=31).filter(|number| mask & (1 << (number - 1)) != 0);
            let days = Days::parse(&numbers.map(|n: u32| n.to_string()).collect::<Vec<_>>().join(",")).unwrap();
            let start = Day::from_ymd_opt(2024, 1, 1).unwrap() + chrono::Days::new(from.unsigned_abs());
            let next = days.next_from(start).unwrap();
            prop_assert!(days.has(next));
            prop_assert!(start.iter_days().take_while(|day| *day < next).all(|day| !days.has(day)));
        }

        #[test]
        fn nothing_that_is_typed_breaks_it(typed in "\\PC*") {
            let _ = Days::parse(&typed);
        }
    }
}
