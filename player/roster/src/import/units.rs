//! Planning rows of units: parents before children, however the file orders them.

use super::columns::{Column, Columns};
use super::known::{Known, KnownUnit, MAX_DEPTH};
use super::sheet::Table;
use super::{Add, At, Change, ChangedUnit, FieldChange, Kind, NewUnitRow, Plan, value};
use crate::org;
use entity::UnitLevel;
use std::collections::{HashMap, VecDeque};

/// The root's code before a roster has given it its own; see `yuanjiao admin create`.
const PLACEHOLDER: &str = "0";

/// A row whose cells make sense.
#[derive(Clone, Debug)]
pub(super) struct Row {
    at: At,
    code: String,
    name: String,
    level: Option<UnitLevel>,
    parent: Option<String>,
}

/// Reads the rows of a table; those that make no sense become bad rows.
pub(super) fn parse(plan: &mut Plan, table: &Table, columns: &Columns) -> Vec<Row> {
    let mut rows = Vec::new();
    for (line, cells) in columns.body(table) {
        let at = At { sheet: table.name.clone(), line: *line };
        match row(at.clone(), cells, columns) {
            Ok(row) => rows.push(row),
            Err(reason) => plan.refuse(&at, reason),
        }
    }
    rows
}

fn row(at: At, cells: &[String], columns: &Columns) -> Result<Row, String> {
    if let Some(reason) = columns.unreadable(cells) {
        return Err(reason);
    }
    let cell = |column| columns.cell(cells, column);
    Ok(Row {
        at,
        code: value::code(cell(Column::Unit).ok_or("缺少单位编码")?, "单位编码")?,
        name: value::name(cell(Column::UnitName).ok_or("缺少单位名称")?, org::MAX_NAME, "单位名称")?,
        level: cell(Column::Level).map(value::level).transpose()?,
        parent: cell(Column::Parent).map(str::to_owned),
    })
}

/// Plans the rows and makes their units known to the rows of people that follow.
pub(super) fn plan(plan: &mut Plan, known: &mut Known, rows: Vec<Row>) {
    let mut seen = HashMap::new();
    let mut new = Vec::new();
    for row in rows {
        if let Some(first) = seen.insert(row.code.clone(), row.at.line) {
            plan.refuse(&row.at, format!("单位编码 {} 与第 {first} 行重复", row.code));
        } else if let Some(unit) = known.get(&row.code).cloned() {
            existing(plan, known, row, unit);
        } else if row.parent.is_none() {
            top(plan, known, row);
        } else {
            new.push(row);
        }
    }
    below(plan, known, new);
}

fn existing(plan: &mut Plan, known: &mut Known, row: Row, unit: KnownUnit) {
    if !unit.in_scope {
        return plan.refuse(&row.at, OUT_OF_SCOPE);
    }
    if row.parent.is_some() && row.parent != unit.parent {
        return plan.refuse(&row.at, "上级编码与现有的不同，不能用导入移动单位");
    }
    let code = row.code.clone();
    change(plan, known, row, unit, &code);
}

/// A row without a parent: the root itself, new or in place of the placeholder.
fn top(plan: &mut Plan, known: &mut Known, row: Row) {
    match known.root().map(str::to_owned) {
        None if known.manages_all => add(plan, known, row, None),
        Some(root) if root == PLACEHOLDER && row.level == Some(UnitLevel::City) && known.manages_all => {
            let Some(unit) = known.get(&root).cloned() else { return };
            known.recode(&root, &row.code);
            change(plan, known, row, unit, &root);
        }
        _ => plan.refuse(&row.at, "缺少上级编码"),
    }
}

/// Rows with a parent, each as soon as its parent is known.
fn below(plan: &mut Plan, known: &mut Known, rows: Vec<Row>) {
    let (mut ready, mut waiting) = (VecDeque::new(), HashMap::<String, Vec<Row>>::new());
    for row in rows {
        match row.parent.clone() {
            Some(parent) if known.get(&parent).is_none() => waiting.entry(parent).or_default().push(row),
            _ => ready.push_back(row),
        }
    }
    while let Some(row) = ready.pop_front() {
        let code = row.code.clone();
        let above = row.parent.as_deref().and_then(|parent| known.get(parent)).cloned();
        add(plan, known, row, above);
        if known.get(&code).is_some() {
            ready.extend(waiting.remove(&code).unwrap_or_default());
        }
    }
    for row in waiting.into_values().flatten() {
        let parent = row.parent.as_deref().map(value::shortened).unwrap_or_default();
        plan.refuse(&row.at, format!("上级编码 {parent} 不存在"));
    }
}

fn add(plan: &mut Plan, known: &mut Known, row: Row, above: Option<KnownUnit>) {
    let Some(level) = row.level else { return plan.refuse(&row.at, "缺少级别") };
    let (depth, in_scope) = above.map_or((0, true), |above| (above.depth + 1, above.in_scope));
    if !in_scope {
        return plan.refuse(&row.at, OUT_OF_SCOPE);
    }
    if depth >= MAX_DEPTH {
        return plan.refuse(&row.at, format!("层级超过 {MAX_DEPTH} 级"));
    }
    let (code, name, parent) = (row.code, row.name, row.parent);
    plan.adds.push(Add { kind: Kind::Unit, line: row.at.line, code: code.clone(), name: name.clone() });
    plan.work.new_units.push(NewUnitRow { code: code.clone(), name: name.clone(), level, parent: parent.clone() });
    known.put(code, KnownUnit { id: None, name, level, parent, depth, in_scope });
}

/// An existing unit, so far under the code `old`.
fn change(plan: &mut Plan, known: &mut Known, row: Row, unit: KnownUnit, old: &str) {
    let level = row.level.unwrap_or(unit.level);
    let fields: Vec<FieldChange> = [
        FieldChange::of("单位编码", old, row.code.as_str()),
        FieldChange::of("单位名称", unit.name.as_str(), row.name.as_str()),
        FieldChange::of("级别", unit.level.label(), level.label()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (code, name) = (row.code, row.name);
    match unit.id {
        Some(id) if !fields.is_empty() => {
            let (line, shown) = (row.at.line, unit.name.clone());
            plan.changes.push(Change { kind: Kind::Unit, line, code: code.clone(), name: shown, fields });
            plan.work.changed_units.push(ChangedUnit { id, code: code.clone(), name: name.clone(), level });
            known.put(code, KnownUnit { name, level, ..unit });
        }
        _ => plan.unchanged += 1,
    }
}

/// Why a row of another county's is bad.
pub(super) const OUT_OF_SCOPE: &str = "不在您的管理范围内";
