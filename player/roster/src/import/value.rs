//! What the text of a cell means. Pure; every refusal is a Chinese reason.

use entity::{Day, PostKind, UnitLevel};

/// The longest code and login, in characters.
const MAX_CODE: usize = 64;

/// A roster number or a unit's code: printable and on one line.
pub(super) fn code(text: &str, what: &str) -> Result<String, String> {
    let ok = text.chars().count() <= MAX_CODE && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if ok { Ok(text.to_owned()) } else { Err(format!("{what}应为不含空格的 1 到 64 个字符")) }
}

/// A name. Quotes, formulas and line breaks are plain text.
pub(super) fn name(text: &str, most: usize, what: &str) -> Result<String, String> {
    if text.chars().count() <= most { Ok(text.to_owned()) } else { Err(format!("{what}超过 {most} 个字")) }
}

/// A day: `2024-01-05`, `2024/1/5`, `2024.1.5`, `2024年1月5日`, `20240105`, or Excel's count of days.
pub(super) fn day(text: &str) -> Result<Day, String> {
    let unclear = || format!("日期“{}”无法识别，请写成 2024-01-05", shortened(text));
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = match (digits_only, text.len()) {
        (true, 5) => return serial(text).ok_or_else(unclear),
        (true, 8) => [0..4, 4..6, 6..8].into_iter().filter_map(|part| text.get(part)).collect(),
        _ => {
            date_part(text).split(['-', '/', '.', '年', '月']).map(|part| part.trim_end_matches('日').trim()).collect()
        }
    };
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| part.parse().ok()).collect();
    let day = match numbers.as_deref() {
        Some([year, month, day]) => i32::try_from(*year).ok().and_then(|year| Day::from_ymd_opt(year, *month, *day)),
        _ => None,
    };
    day.filter(plausible).ok_or_else(unclear)
}

/// A date followed by a time of day loses the time.
fn date_part(text: &str) -> &str {
    let end = text.find(['T', ' ']).filter(|end| text.get(*end..).is_some_and(|t| t.contains(':')));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Days since 1899-12-30, as a spreadsheet keeps a date it does not show as one.
fn serial(text: &str) -> Option<Day> {
    let days = text.parse::<u64>().ok()?;
    Day::from_ymd_opt(1899, 12, 30)?.checked_add_days(chrono::Days::new(days)).filter(plausible)
}

fn plausible(day: &Day) -> bool {
    use chrono::Datelike;
    (1900..=2100).contains(&day.year())
}

/// A year of birth, also from a whole date such as `1980年5月`.
pub(super) fn birth_year(text: &str) -> Result<i32, String> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let year = match digits.len() {
        4 | 6 | 8 => digits.get(..4).and_then(|year| year.parse().ok()),
        5 => serial(&digits).map(|day| chrono::Datelike::year(&day)),
        _ => None,
    };
    year.filter(|year| (1900..=2100).contains(year)).ok_or_else(|| format!("出生年份“{}”无法识别", shortened(text)))
}

/// `男` or `女`.
pub(super) fn gender(text: &str) -> Result<String, String> {
    match text {
        "男" | "男性" => Ok("男".into()),
        "女" | "女性" => Ok("女".into()),
        _ => Err(format!("性别“{}”应为男或女", shortened(text))),
    }
}

/// A phone number, mobile or not.
pub(super) fn phone(text: &str) -> Result<String, String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let ok = (3..=20).contains(&digits) && text.chars().count() <= 24;
    if ok && text.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c)) {
        return Ok(text.to_owned());
    }
    Err(format!("手机号“{}”格式不对", shortened(text)))
}

/// One post or several, as in `村党组织书记、村委会主任`.
pub(super) fn posts(text: &str) -> Result<Vec<PostKind>, String> {
    let mut kinds = Vec::new();
    for word in text.split(['、', ',', '，', '/', ';', '；', '\n']).map(str::trim).filter(|word| !word.is_empty()) {
        let kind = post(word).ok_or_else(|| format!("职务“{}”不在职务表中", shortened(word)))?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn post(word: &str) -> Option<PostKind> {
    PostKind::parse(word).or(match word {
        "村支书" | "村书记" | "党支部书记" | "村党支部书记" => Some(PostKind::VillageSecretary),
        "村主任" => Some(PostKind::VillageDirector),
        "村两委委员" | "村\"两委\"委员" | "村委委员" | "支委委员" => Some(PostKind::CommitteeMember),
        "屯长" | "组长" => Some(PostKind::HamletHead),
        "村官" => Some(PostKind::GraduateOfficial),
        _ => None,
    })
}

/// How high a unit stands.
pub(super) fn level(text: &str) -> Result<UnitLevel, String> {
    let known = UnitLevel::parse(text).or(match text {
        "地市" | "地级市" => Some(UnitLevel::City),
        "县" | "区" | "县级" | "县级市" | "自治县" => Some(UnitLevel::County),
        "乡" | "镇" | "街道" | "乡级" => Some(UnitLevel::Township),
        "村" | "社区" | "村级" => Some(UnitLevel::Village),
        "屯" | "自然屯" | "企业" | "站点" | "其他" => Some(UnitLevel::Other),
        _ => None,
    });
    known.ok_or_else(|| format!("级别“{}”应为市、县区、乡镇、行政村或其他站点", shortened(text)))
}

/// A cell inside a message.
pub(super) fn shortened(text: &str) -> String {
    let short: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(20).collect();
    if text.chars().count() > 20 { short + "…" } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_may_be_written_in_many_ways() {
        for text in [
            "2024-01-05",
            "2024/1/5",
            "2024.1.5",
            "2024年1月5日",
            "2024年01月05日",
            "20240105",
            "45296",
            "2024-01-05T00:00:00",
            "2024/1/5 0:00",
        ] {
            assert_eq!(day(text), Ok(Day::from_ymd_opt(2024, 1, 5).unwrap_or_default()), "{text}");
        }
        for text in
            ["2024-02-30", "2024-13-01", "05/01/2024", "去年", "2024", "99999", "-1-1", "2024年1月", "4294967296-1-1"]
        {
            assert!(day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_year_of_birth_may_be_a_whole_date() {
        for text in ["1980", "1980年", "1980-05-01", "1980.5", "198005", "19800501", "29221"] {
            assert_eq!(birth_year(text), Ok(1980), "{text}");
        }
        for text in ["80", "八十", "1880", "3000", ""] {
            assert!(birth_year(text).is_err(), "{text}");
        }
    }

    #[test]
    fn several_posts_may_stand_in_one_cell() {
        assert_eq!(posts("村党组织书记、村委会主任"), Ok(vec![PostKind::VillageSecretary, PostKind::VillageDirector]));
        assert_eq!(posts("村“两委”委员"), Ok(vec![PostKind::CommitteeMember]));
        assert!(posts("皇帝").is_err());
    }

    #[test]
    fn codes_phones_and_genders_are_checked() {
        assert_eq!(code("00123", "学员编号"), Ok("00123".to_owned()));
        assert!(code("00 123", "学员编号").is_err());
        assert!(code(&"9".repeat(65), "学员编号").is_err());
        assert!(phone("13812345678").is_ok() && phone("0778-2288123").is_ok());
        assert!(phone("1.38E+10").is_err() && phone("没有").is_err());
        assert!(gender("男").is_ok() && gender("1").is_err());
    }
}
