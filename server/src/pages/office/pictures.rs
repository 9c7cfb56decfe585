//! The pictures of the offices' pages: each is drawn from the cells of a table that stands beneath it.

use crate::pages::chart::{Chart, Item, Target};
use crate::pages::figures::brief;
use archive::Hundredths;
use archive::Total;
use archive::overview::{Overview, UnitYear};
use archive::report::{Cell, Sheets, Table};
use chrono::Datelike;
use entity::{Category, Day};
use std::collections::BTreeMap;

/// The participation that the star rating asks for, in percent.
const PARTICIPATION: Target<'_> = Target { at: 8_000, name: "目标 80%" };

/// Of a bulletin: participation against the target, the month's rhythm, hours by category.
pub(super) fn of_bulletin(made: &Sheets) -> Vec<Chart> {
    let table = |title: &str| made.tables.iter().find(|table| table.title == title);
    let against = table("参学情况").map(|table| {
        let items = items(table, "单位", "参学率（%）", |text| format!("{text}%"));
        Chart::against("participation", "各单位参学率", "参学率", PARTICIPATION, &items)
    });
    let rhythm = table("逐日学习").map(|table| {
        let items: Vec<_> = items(table, "日期", "有效学习小时", |text| format!("{text} 小时"));
        let short = |item: Item| Item { label: day_of(&item.label), ..item };
        let items: Vec<_> = items.into_iter().map(short).collect();
        Chart::standing("rhythm", "本月节奏：每天的有效学习小时", ["日", "小时"], 5, &items)
    });
    let about = table("分类时长").map(|table| {
        let mut items = items(table, "类别", "有效学习小时", |text| format!("{text} 小时"));
        items.sort_by_key(|item| std::cmp::Reverse(item.value));
        Chart::lying("categories", "学了什么：各类课程的小时", "小时", &items)
    });
    [against, rhythm, about].into_iter().flatten().filter(|chart| !chart.is_empty()).collect()
}

/// Of a unit's year: who has met the targets, against how much of the year is gone; the months; the categories.
pub(super) fn of_year(overview: &Overview, year: i32, today: Day) -> Vec<Chart> {
    let gone = match year.cmp(&today.year()) {
        std::cmp::Ordering::Equal => i64::from(today.ordinal()) * 10_000 / 365,
        _ => 10_000,
    };
    let name = if gone < 10_000 { format!("时间过去 {}%", gone / 100) } else { "目标 100%".to_owned() };
    let progress = overview.children.iter().filter(|child| child.rates.bound > 0).take(MOST_UNITS).map(met);
    let target = Target { at: gone.min(10_000), name: &name };
    let progress = Chart::against("progress", "各单位达标率", "达标率", target, &progress.collect::<Vec<_>>());
    let months = Chart::standing("months", "各月计入学时", ["月", "学时"], 1, &months(&overview.months));
    [progress, months, by_category(&overview.categories)].into_iter().filter(|chart| !chart.is_empty()).collect()
}

/// Units of one picture: a county has some fifteen townships; more are read in the table.
const MOST_UNITS: usize = 30;

fn met(child: &UnitYear) -> Item {
    let value = (child.rates.met * 10_000).checked_div(child.rates.bound).unwrap_or(0);
    let text = format!("{}%（{}/{}）", value / 100, child.rates.met, child.rates.bound);
    Item { label: child.unit.name.clone(), text, value: i64::try_from(value).unwrap_or(0) }
}

fn months(months: &[Total; 12]) -> Vec<Item> {
    let month = |(number, total): (i64, &Total)| {
        let hours = total.credit.hundredths();
        Item { label: format!("{number}月"), text: hours.to_string(), value: hours.0 }
    };
    (1..).zip(months).map(month).collect()
}

/// Credit hours by what the lessons were about, the most first.
pub fn by_category(categories: &BTreeMap<Option<Category>, Total>) -> Chart {
    let item = |(category, total): (&Option<Category>, &Total)| {
        let hours = total.credit.hundredths();
        let label = category.map_or("集中培训等", Category::label).to_owned();
        Item { label, text: format!("{} 学时", brief(hours.to_f64())), value: hours.0 }
    };
    let mut items: Vec<_> = categories.iter().map(item).filter(|item| item.value > 0).collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.value));
    Chart::lying("categories", "学了什么：各类课程的学时", "学时", &items)
}

/// A row's label and its value as bars; a row without a value has none.
fn items(table: &Table, label: &str, value: &str, text: impl Fn(&str) -> String) -> Vec<Item> {
    let place = |title: &str| table.columns.iter().position(|column| column.title == title);
    let (Some(label), Some(value)) = (place(label), place(value)) else { return Vec::new() };
    let item = |row: &Vec<Cell>| {
        let amount = match row.get(value)? {
            Cell::Amount(Hundredths(amount)) => *amount,
            _ => return None,
        };
        Some(Item { label: row.get(label)?.text(), text: text(&row.get(value)?.text()), value: amount })
    };
    table.rows.iter().filter_map(item).collect()
}

/// `2026-11-05` as `11月 5`, of which the axis shows the last word.
fn day_of(date: &str) -> String {
    date.parse::<Day>().map_or_else(|_| date.to_owned(), |day| format!("{}月 {}", day.month(), day.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_what_its_cell_says() {
        let column = |title: &str| archive::report::Column { title: title.into(), width: 1 };
        let table = Table {
            title: "参学情况",
            note: String::new(),
            columns: vec![column("单位"), column("参学率（%）")],
            rows: vec![
                vec![Cell::Text("甲".into()), Cell::Amount(Hundredths(5_625))],
                vec![Cell::Text("乙".into()), Cell::Empty],
            ],
            units: Vec::new(),
            totals: Vec::new(),
        };
        let found = items(&table, "单位", "参学率（%）", |text| format!("{text}%"));
        let told: Vec<_> = found.iter().map(|item| (item.label.as_str(), item.text.as_str(), item.value)).collect();
        assert_eq!(told, [("甲", "56.25%", 5_625)]);
    }
}
