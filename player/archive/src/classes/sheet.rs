//! What a table of a roster or of attendance says, line by line, before anything is done.
//!
//! Knows rows of text, not files: who reads the file also bounds it. A line names somebody by roster number, by name, or
//! by both; what cannot be taken is said with its line, and while there is such a line nothing is done.

use crate::Result;
use crate::view::person_unit;
use entity::{PersonId, Scope, class_run, org_unit, person};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect};
use std::collections::{BTreeSet, HashMap};

/// Rows of a table, each with its line in the file, from 1.
pub type Rows = [(usize, Vec<String>)];

/// Somebody a line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// Their roster number.
    pub code: String,
    /// Their unit.
    pub unit: String,
}

/// What a table would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<T> {
    /// What is new, in the order of the lines.
    pub rows: Vec<T>,
    /// Lines that say what is so already.
    pub unchanged: usize,
    /// Line and reason of what cannot be taken.
    pub bad: Vec<(usize, String)>,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) line: usize,
    code: String,
    name: String,
    /// What it says of their half-days.
    pub(super) there: String,
}

/// What people paste: a line each, its parts apart by a tab, a comma or spaces.
pub fn typed(text: &str) -> Vec<(usize, Vec<String>)> {
    let parts = |line: &str| {
        let parts = line.split(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | ';' | '；'));
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, parts(line)));
    lines.filter(|(_, parts)| !parts.is_empty()).collect()
}

/// The lines below the headings; without headings number, name and half-days stand in this order, and a part that is no
/// number is a name.
pub(super) fn lines(rows: &Rows) -> Vec<Line> {
    let heading = |cell: &String| ["编号", "人员编号", "姓名"].contains(&cell.trim());
    let headed = rows.iter().position(|(_, cells)| cells.iter().any(heading));
    let column = |names: &[&str]| {
        let (_, cells) = rows.get(headed?)?;
        cells.iter().position(|cell| names.contains(&cell.trim()))
    };
    let (code, name) = (column(&["编号", "人员编号"]), column(&["姓名"]));
    let there = column(&["出勤半天", "出勤"]);
    let below = rows.iter().skip(headed.map_or(0, |at| at + 1));
    let cell = |cells: &[String], at: Option<usize>| {
        at.and_then(|at| cells.get(at)).map(|cell| cell.trim().to_owned()).unwrap_or_default()
    };
    let read = |(line, cells): &(usize, Vec<String>)| match headed {
        Some(_) => Line { line: *line, code: cell(cells, code), name: cell(cells, name), there: cell(cells, there) },
        None => bare(*line, cells),
    };
    below.map(read).filter(|line| !(line.code.is_empty() && line.name.is_empty())).collect()
}

/// A line without headings: what has a digit and stands first is a number, the next that has none a name, the rest
/// half-days.
fn bare(line: usize, cells: &[String]) -> Line {
    let mut rest = cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).peekable();
    let is_code = |cell: &&str| cell.chars().any(|c| c.is_ascii_digit());
    let code = rest.next_if(is_code).unwrap_or_default().to_owned();
    let is_name = |cell: &&str| !cell.chars().any(|c| c.is_ascii_digit()) && !["全勤", "缺勤"].contains(cell);
    let name = rest.next_if(is_name).unwrap_or_default().to_owned();
    Line { line, code, name, there: rest.collect::<Vec<_>>().join(",") }
}

/// The half-days a text names: `全勤`, `缺勤`, or numbers and stretches like `1-3,5`.
pub(super) fn half_days(text: &str, most: i32) -> std::result::Result<BTreeSet<i32>, String> {
    let advice = || format!("出勤半天“{text}”看不懂，请写 全勤、缺勤，或 1 到 {most} 之间的数，如 1-3,5");
    match text.trim() {
        "" => return Err("没有写出勤半天，请写 全勤、缺勤 或 1-3,5 这样的数".to_owned()),
        "全勤" => return Ok((1..=most).collect()),
        "缺勤" => return Ok(BTreeSet::new()),
        _ => {}
    }
    let mut there = BTreeSet::new();
    for part in text.split([',', '，', '、', ' ']).map(str::trim).filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once(['-', '－', '—', '~']).unwrap_or((part, part));
        let ends = (from.trim().parse::<i32>(), to.trim().parse::<i32>());
        match ends {
            (Ok(from), Ok(to)) if from >= 1 && from <= to && to <= most => there.extend(from..=to),
            _ => return Err(advice()),
        }
    }
    Ok(there)
}

/// Whom each line names, among those on the roster below the class's unit; each person once.
pub(super) async fn people(
    db: &impl ConnectionTrait,
    class: &class_run::Model,
    lines: &[Line],
) -> Result<Vec<std::result::Result<Found, String>>> {
    let top = org_unit::Entity::find_by_id(class.unit_id).one(db).await?;
    let scope = Scope::of(top.map(|unit| unit.path));
    let by_code = named(db, &scope, person::Column::Code, lines.iter().map(|line| &line.code)).await?;
    let nameless = lines.iter().filter(|line| line.code.is_empty()).map(|line| &line.name);
    let by_name = named(db, &scope, person::Column::Name, nameless).await?;
    let mut seen: HashMap<PersonId, usize> = HashMap::new();
    let one = |line: &Line| {
        let known = if line.code.is_empty() { by_name.get(&line.name) } else { by_code.get(&line.code) };
        let found = match known.map(Vec::as_slice) {
            Some([one]) if line.name.is_empty() || line.name == one.name => one.clone(),
            Some([one]) => return Err(format!("编号 {} 是 {}，不是 {}", shown(&line.code), one.name, line.name)),
            Some([_, ..]) => return Err(format!("{} 有同名的人，请写编号", line.name)),
            _ if line.code.is_empty() => return Err(format!("本单位和下级没有叫 {} 的人", line.name)),
            _ => return Err(format!("本单位和下级没有编号 {} 的人", shown(&line.code))),
        };
        match seen.insert(found.person_id, line.line) {
            Some(first) => Err(format!("与第 {first} 行是同一个人")),
            None => Ok(found),
        }
    };
    Ok(lines.iter().map(one).collect())
}

fn shown(code: &str) -> String {
    person::masked(code)
}

/// Those who are on the roster now, by the value of one column.
async fn named(
    db: &impl ConnectionTrait,
    scope: &Scope,
    column: person::Column,
    wanted: impl Iterator<Item = &String>,
) -> Result<HashMap<String, Vec<Found>>> {
    let wanted: Vec<&String> = wanted.filter(|text| !text.is_empty()).collect::<BTreeSet<_>>().into_iter().collect();
    let mut found: HashMap<String, Vec<Found>> = HashMap::new();
    for chunk in wanted.chunks(500) {
        let rows = everybody(
            db,
            Condition::all().add(scope.of_units()).add(column.is_in(chunk.iter().map(|text| text.as_str()))),
        )
        .await?;
        for row in rows {
            let key = if matches!(column, person::Column::Code) { row.code.clone() } else { row.name.clone() };
            found.entry(key).or_default().push(row);
        }
    }
    Ok(found)
}

/// Those on the roster who meet a condition on people and their units.
pub(super) async fn everybody(db: &impl ConnectionTrait, which: Condition) -> Result<Vec<Found>> {
    let rows: Vec<(PersonId, String, String, String)> = person::Entity::find()
        .select_only()
        .columns([person::Column::Id, person::Column::Name, person::Column::Code])
        .column_as(org_unit::Column::Name, "unit")
        .join(JoinType::InnerJoin, person_unit())
        .filter(person::Column::LeftOn.is_null())
        .filter(which)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(person_id, name, code, unit)| Found { person_id, name, code, unit }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(text: &str) -> Option<Vec<i32>> {
        half_days(text, 6).ok().map(|there| there.into_iter().collect())
    }

    #[test]
    fn half_days_are_read_as_people_write_them() {
        assert_eq!(there("全勤"), Some(vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(there("缺勤"), Some(vec![]));
        assert_eq!(there("1-3,5"), Some(vec![1, 2, 3, 5]));
        assert_eq!(there(" 2、4 "), Some(vec![2, 4]));
        for wrong in ["", "7", "0", "3-1", "-1", "一", "1-99", "1.5"] {
            assert_eq!(there(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lines_are_read_with_headings_in_any_order_and_without() {
        let rows = |text: &str| typed(text);
        let headed = lines(&rows("姓名 出勤半天 编号\n韦大山 全勤 0451\n\n覃小梅 1-2 0452"));
        let said: Vec<_> =
            headed.iter().map(|l| (l.line, l.code.as_str(), l.name.as_str(), l.there.as_str())).collect();
        assert_eq!(said, [(2, "0451", "韦大山", "全勤"), (4, "0452", "覃小梅", "1-2")]);
        let bare = lines(&rows("0451\n0452，覃小梅\n韦大山\n0453 1-2"));
        let said: Vec<_> = bare.iter().map(|l| (l.line, l.code.as_str(), l.name.as_str(), l.there.as_str())).collect();
        assert_eq!(
            said,
            [(1, "0451", "", ""), (2, "0452", "覃小梅", ""), (3, "", "韦大山", ""), (4, "0453", "", "1-2")]
        );
    }
}
