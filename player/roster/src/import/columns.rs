//! Which column is which: tables are known by their headings, in any order.

use super::sheet::{MAX_CELL, Sheet, Table};
use crate::{Error, Result};
use std::collections::HashMap;

/// A column that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Code,
    Name,
    Unit,
    County,
    Township,
    Village,
    Post,
    Appointed,
    Gender,
    BirthYear,
    Phone,
    Login,
    UnitName,
    Level,
    Parent,
}

use Column::{
    Appointed, BirthYear, Code, County, Gender, Level, Login, Name, Parent, Phone, Post, Township, Unit, UnitName,
    Village,
};

/// What people write above a column.
const HEADINGS: &[(&str, Column)] = &[
    ("学员编号", Code),
    ("人员编号", Code),
    ("编号", Code),
    ("姓名", Name),
    ("单位编码", Unit),
    ("单位代码", Unit),
    ("机构编码", Unit),
    ("县区", County),
    ("县", County),
    ("县(区)", County),
    ("县（区）", County),
    ("县（市、区）", County),
    ("乡镇", Township),
    ("乡(镇)", Township),
    ("乡（镇）", Township),
    ("行政村", Village),
    ("村", Village),
    ("职务", Post),
    ("任职日期", Appointed),
    ("任职时间", Appointed),
    ("性别", Gender),
    ("出生年份", BirthYear),
    ("出生年月", BirthYear),
    ("出生日期", BirthYear),
    ("手机号", Phone),
    ("手机号码", Phone),
    ("手机", Phone),
    ("联系电话", Phone),
    ("登录名", Login),
    ("账号", Login),
    ("单位名称", UnitName),
    ("机构名称", UnitName),
    ("级别", Level),
    ("单位级别", Level),
    ("上级编码", Parent),
    ("上级单位编码", Parent),
    ("上级代码", Parent),
];

/// Rows above the headings, such as a title, that are passed over.
const TITLE_ROWS: usize = 10;

/// Where each known column stands, and on which row of the table the headings are.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    places: HashMap<Column, usize>,
    heading: usize,
}

/// The tables of a file that are units or people.
#[derive(Debug, Default)]
pub(super) struct Tables<'a> {
    pub(super) units: Vec<(&'a Table, Columns)>,
    pub(super) people: Vec<(&'a Table, Columns)>,
}

/// Sorts the sheets of a file by their headings; others, such as notes on how to fill it in, are left out.
///
/// # Errors
/// [`Error::NotASheet`] when no sheet has the headings.
pub(super) fn recognise(sheet: &Sheet) -> Result<Tables<'_>> {
    let mut tables = Tables::default();
    for table in &sheet.tables {
        let people = headings(table, &[Code, Name]);
        let units = headings(table, &[Unit, UnitName]);
        match (people, units) {
            (Some(columns), _) => tables.people.push((table, columns)),
            (None, Some(columns)) => tables.units.push((table, columns)),
            (None, None) => {}
        }
    }
    if tables.units.is_empty() && tables.people.is_empty() {
        return Err(Error::NotASheet(
            "没有找到表头：学员表须有“学员编号”和“姓名”，机构表须有“单位编码”和“单位名称”".into(),
        ));
    }
    Ok(tables)
}

/// The headings of a table that has all of these columns, within its first rows.
fn headings(table: &Table, required: &[Column]) -> Option<Columns> {
    let found = table.rows.iter().take(TITLE_ROWS).enumerate().map(|(heading, (_, cells))| {
        // From the right, so that of two columns with one heading the left one counts.
        let places = cells.iter().enumerate().rev().filter_map(|(place, cell)| Some((column_of(cell)?, place)));
        Columns { places: places.collect(), heading }
    });
    found.into_iter().find(|columns| required.iter().all(|column| columns.places.contains_key(column)))
}

fn column_of(heading: &str) -> Option<Column> {
    let heading: String = heading.chars().filter(|c| !c.is_whitespace() && !"*＊".contains(*c)).collect();
    HEADINGS.iter().find_map(|(text, column)| (*text == heading).then_some(*column))
}

impl Columns {
    /// The cell of a row in this column; `None` when there is no such column or nothing in it.
    pub(super) fn cell<'a>(&self, row: &'a [String], column: Column) -> Option<&'a str> {
        row.get(*self.places.get(&column)?).map(String::as_str).filter(|cell| !cell.is_empty())
    }

    /// The rows below the headings that hold anything in a known column.
    pub(super) fn body<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a (usize, Vec<String>)> {
        let filled =
            |(_, row): &&(usize, Vec<String>)| self.places.keys().any(|column| self.cell(row, *column).is_some());
        table.rows.iter().skip(self.heading + 1).filter(filled)
    }

    /// Why no row with such a cell can be imported: it is too long, or a formula that failed.
    pub(super) fn unreadable(&self, row: &[String]) -> Option<String> {
        let cells = self.places.values().filter_map(|place| row.get(*place));
        for cell in cells {
            if cell.chars().count() > MAX_CELL {
                return Some(format!("单元格超过 {MAX_CELL} 个字"));
            }
            if FORMULA_ERRORS.contains(&cell.as_str()) {
                return Some(format!("单元格是公式错误 {cell}"));
            }
        }
        None
    }
}

/// What Excel shows where a formula failed.
const FORMULA_ERRORS: &[&str] = &["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"];
