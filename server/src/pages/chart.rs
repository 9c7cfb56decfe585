//! Pictures of numbers as SVG, drawn here: no script, no inline style, a title and a description for those who listen.
//!
//! Every number in a picture also stands in the chart's table beneath. Colours are classes of `account.css`. A picture is
//! 360 units wide, a narrow phone's width, so that its letters are never smaller than the page's.

use super::parts::escaped;
use chrono::Datelike;
use entity::Day;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A picture and its table.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The `<svg>`.
    pub svg: String,
    /// The headings of the table.
    pub heads: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// One bar: what it is of, its value as people read it, its length in hundredths of a percent.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is of.
    pub label: String,
    /// Its value as people read it.
    pub text: String,
    /// Its value; of bars against a target in hundredths of a percent.
    pub value: i64,
}

/// A target that bars are held against, in hundredths of a percent, and what people call it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Where it stands.
    pub at: i64,
    /// What it is.
    pub name: &'a str,
}

const WIDTH: i64 = 360;
/// Where lying bars begin, and how long the longest is; after it fits `100%（120/130）`.
const BAR_AT: i64 = 96;
const BAR: i64 = 140;
/// Characters of a label; the whole of it is in the bar's title.
const LABEL: usize = 6;
/// All of a hundred percent.
const WHOLE: i64 = 10_000;
/// What stands over bars of which none has any length.
const NOTHING: &str = "没有学习记录";

impl Chart {
    /// Whether there is anything to see.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Lying bars against a target line: a bar that reaches it is full of colour.
    pub fn against(name: &str, title: &str, head: &str, target: Target<'_>, items: &[Item]) -> Self {
        let line = BAR_AT + BAR * target.at.clamp(0, WHOLE) / WHOLE;
        let mut shapes = lying(items, WHOLE, |item| if item.value >= target.at { "met" } else { "short" });
        let bottom = 18 + 24 * items.len();
        let _ = write!(
            shapes,
            r#"<line class="target" x1="{line}" y1="14" x2="{line}" y2="{bottom}"/><text class="note" x="{line}" y="10" text-anchor="middle">{}</text>"#,
            escaped(target.name)
        );
        let desc = format!("{}。{}", escaped(target.name), told(items));
        let mut rows = two(items);
        if !items.is_empty() {
            rows.push(vec!["对照线".to_owned(), target.name.to_owned()]);
        }
        Self::new(name, title, &desc, bottom + 4, &shapes, vec!["名称".to_owned(), head.to_owned()], rows)
    }

    /// Lying bars, the greatest at full length.
    pub fn lying(name: &str, title: &str, head: &str, items: &[Item]) -> Self {
        let most = items.iter().map(|item| item.value).max().unwrap_or(0).max(1);
        let shapes = lying(items, most, |_| "met");
        let heads = vec!["名称".to_owned(), head.to_owned()];
        Self::new(name, title, &told(items), 22 + 24 * items.len(), &shapes, heads, two(items))
    }

    /// Standing bars side by side, as the days of a month or the months of a year; every `step`-th has its label. A line
    /// of words says which is the greatest, or that there is nothing.
    pub fn standing(name: &str, title: &str, heads: [&str; 2], step: usize, items: &[Item]) -> Self {
        const TALL: i64 = 100;
        let most = items.iter().map(|item| item.value).max().unwrap_or(0).max(1);
        let pitch = WIDTH * 100 / i64::try_from(items.len()).unwrap_or(1).max(1);
        let mut shapes = String::new();
        for (at, item) in (0_i64..).zip(items) {
            let (x, tall) = (at * pitch, TALL * item.value.clamp(0, most) / most);
            let width = hundredths(pitch * 3 / 4);
            let _ = write!(
                shapes,
                r#"<rect class="met" x="{}" y="{}" width="{width}" height="{tall}"><title>{}：{}</title></rect>"#,
                hundredths(x + pitch / 8),
                20 + TALL - tall,
                escaped(&item.label),
                escaped(&item.text)
            );
            if usize::try_from(at).is_ok_and(|at| at % step.max(1) == 0) {
                let label = escaped(item.label.rsplit(' ').next().unwrap_or_default());
                let middle = hundredths(x + pitch / 2);
                let _ =
                    write!(shapes, r#"<text class="note" x="{middle}" y="134" text-anchor="middle">{label}</text>"#);
            }
        }
        let highest = items.iter().max_by_key(|item| item.value).filter(|item| item.value > 0);
        let note = highest.map_or_else(|| NOTHING.to_owned(), |item| format!("最多 {}（{}）", item.text, item.label));
        let note = escaped(&note);
        let _ = write!(
            shapes,
            r#"<text class="note" x="0" y="12">{note}</text><line class="floor" x1="0" y1="120" x2="{WIDTH}" y2="120"/>"#
        );
        let desc = format!("{note}。{}", told(items));
        Self::new(name, title, &desc, 140, &shapes, heads.map(str::to_owned).to_vec(), two(items))
    }

    /// A year at a glance: a row a month, a square a day, the darker the longer. `days` are minutes by day. In the table
    /// each month is followed by the days on which something was learnt.
    pub fn year(name: &str, title: &str, year: i32, days: &BTreeMap<Day, i64>) -> Self {
        let mut shapes = String::new();
        let mut rows = Vec::new();
        for month in 1..=12_u32 {
            let y = 14 + i64::from(month - 1) * 13;
            let _ = write!(shapes, r#"<text class="note" x="27" y="{}" text-anchor="end">{month}月</text>"#, y + 10);
            let (mut busy, mut all, mut below) = (0, 0, Vec::new());
            let first = Day::from_ymd_opt(year, month, 1);
            for day in first.into_iter().flat_map(|first| first.iter_days().take_while(move |day| day.month() == month))
            {
                let minutes = days.get(&day).copied().unwrap_or(0);
                (busy, all) = (busy + i64::from(minutes > 0), all + minutes);
                if minutes > 0 {
                    below.push(vec![format!("{month} 月 {} 日", day.day()), String::new(), minutes.to_string()]);
                }
                let x = 2_900 + i64::from(day.day0()) * 1_065;
                let _ = write!(
                    shapes,
                    r#"<rect class="l{}" x="{}" y="{y}" width="9.6" height="11"><title>{day}：{minutes} 分钟</title></rect>"#,
                    shade(minutes),
                    hundredths(x)
                );
            }
            rows.push(vec![format!("{month} 月"), busy.to_string(), all.to_string()]);
            rows.append(&mut below);
        }
        for day in [1_i64, 5, 10, 15, 20, 25, 30] {
            let x = hundredths(2_900 + (day - 1) * 1_065 + 480);
            let _ = write!(shapes, r#"<text class="note" x="{x}" y="9" text-anchor="middle">{day}</text>"#);
        }
        let busy = days.values().filter(|minutes| **minutes > 0).count();
        let desc = format!(
            "{year} 年有 {busy} 天学习，颜色越深学得越久：浅到深为 30 分钟以内、1 小时以内、2 小时以内、更久。"
        );
        let heads = ["日期", "学习天数", "计入分钟"].map(str::to_owned).to_vec();
        Self::new(name, title, &desc, 172, &shapes, heads, rows)
    }

    fn new(
        name: &str,
        title: &str,
        desc: &str,
        height: usize,
        shapes: &str,
        heads: Vec<String>,
        rows: Vec<Vec<String>>,
    ) -> Self {
        let svg = format!(
            r#"<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{}</title><desc id="{name}-d">{desc}</desc>{shapes}</svg>"#,
            escaped(title)
        );
        Self { title: title.to_owned(), svg, heads, rows }
    }
}

fn lying(items: &[Item], whole: i64, class: impl Fn(&Item) -> &'static str) -> String {
    let mut shapes = String::new();
    for (at, item) in (0_i64..).zip(items) {
        let (y, long) = (18 + at * 24, BAR * item.value.clamp(0, whole) / whole.max(1));
        let short: String = match item.label.chars().count() {
            0..=LABEL => item.label.clone(),
            _ => item.label.chars().take(LABEL - 1).chain(['…']).collect(),
        };
        let _ = write!(
            shapes,
            r#"<g><title>{}：{}</title><text x="0" y="{base}">{}</text><rect class="rail" x="{BAR_AT}" y="{y}" width="{BAR}" height="16"/><rect class="{}" x="{BAR_AT}" y="{y}" width="{long}" height="16"/><text x="{}" y="{base}">{}</text></g>"#,
            escaped(&item.label),
            escaped(&item.text),
            escaped(&short),
            class(item),
            BAR_AT + BAR + 6,
            escaped(&item.text),
            base = y + 13,
        );
    }
    shapes
}

/// What the picture says, in words; already fit for HTML.
fn told(items: &[Item]) -> String {
    let parts: Vec<_> = items.iter().map(|item| format!("{} {}", escaped(&item.label), escaped(&item.text))).collect();
    parts.join("，")
}

fn two(items: &[Item]) -> Vec<Vec<String>> {
    items.iter().map(|item| vec![item.label.clone(), item.text.clone()]).collect()
}

/// How dark a day of so many minutes is, from 0.
fn shade(minutes: i64) -> u8 {
    match minutes {
        ..=0 => 0,
        1..=30 => 1,
        31..=60 => 2,
        61..=120 => 3,
        _ => 4,
    }
}

/// A number of hundredths as SVG writes it.
fn hundredths(value: i64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(label: &str, value: i64) -> Item {
        Item { label: label.into(), text: format!("{value}"), value }
    }

    #[test]
    fn names_are_escaped_and_long_ones_are_whole_in_the_title() {
        let chart = Chart::lying("c", "甲<乙", "数", &[item("<script>很长很长的名字", 3)]);
        assert!(!chart.svg.contains("<script>") && chart.svg.contains("&lt;script&gt;很长很长的名字：3"));
        assert!(chart.svg.contains("甲&lt;乙"));
    }

    #[test]
    fn a_bar_at_the_target_has_met_it_and_one_below_has_not() {
        let target = Target { at: 8_000, name: "目标 80%" };
        let chart = Chart::against("c", "进度", "率", target, &[item("甲", 8_000), item("乙", 7_999)]);
        assert_eq!((chart.svg.matches("class=\"met\"").count(), chart.svg.matches("class=\"short\"").count()), (1, 1));
        assert_eq!(chart.rows.last().map(|row| row.join(" ")).as_deref(), Some("对照线 目标 80%"));
        assert!(Chart::against("c", "进度", "率", target, &[]).is_empty());
    }

    #[test]
    fn nothing_is_drawn_outside_the_picture_whatever_the_values() {
        for value in [i64::MIN / 100_000, -1, 0, 1, i64::MAX / 100_000] {
            let chart = Chart::standing("c", "月", ["日", "时"], 5, &[item("1", value), item("2", 5)]);
            assert!(!chart.svg.contains("height=\"-") && !chart.svg.contains("y=\"-"), "{}", chart.svg);
        }
    }

    #[test]
    fn bars_without_any_length_say_so_in_words() {
        let told = |value| {
            let chart = Chart::standing("c", "月", ["日", "时"], 5, &[item("1", 0), item("2", value)]);
            chart.svg.matches(NOTHING).count()
        };
        assert_eq!((told(0), told(5)), (2, 0), "to the eye and to the ear");
    }

    #[test]
    fn every_picture_has_a_title_a_description_no_style_and_its_numbers_in_a_table() {
        let days = BTreeMap::from([(Day::from_ymd_opt(2024, 2, 29).unwrap_or_default(), 45)]);
        let year = Chart::year("y", "一年", 2024, &days);
        assert_eq!(year.rows.len(), 13);
        assert_eq!(year.rows.get(1).map(|row| row.join(" ")).as_deref(), Some("2 月 1 45"));
        assert_eq!(year.rows.get(2).map(|row| row.join(" ")).as_deref(), Some("2 月 29 日  45"));
        assert_eq!(year.svg.matches("<rect").count(), 366);
        assert!(
            year.svg.contains("<rect class=\"l2\"")
                && year.svg.contains("<title id=\"y-t\">")
                && year.svg.contains("<desc")
        );
        assert!(!year.svg.contains("style="));
    }
}
