//! Import of rosters: read a file, plan what it would change, then change it all or nothing.
//!
//! A file holds units (机构), people (学员), or both on different sheets; headings tell which, in any order. What a
//! blank cell would say stays as it is. Owns the format and the plan; who may import, and where, is the server's.

use entity::{Day, PersonId, PostId, PostKind, UnitId, UnitLevel};
use std::fmt;

mod apply;
mod claims;
mod columns;
mod known;
mod lines;
mod people;
mod sheet;
mod units;
mod value;

pub use apply::apply;
pub use sheet::{MAX_BYTES, MAX_ROWS, Sheet, Table, read};

use crate::Result;
use entity::Scope;
use known::Known;
use sea_orm::ConnectionTrait;

/// What an import would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Rows that make something new.
    pub adds: Vec<Add>,
    /// Rows that change something, field by field.
    pub changes: Vec<Change>,
    /// Rows that say what is already so.
    pub unchanged: usize,
    /// Rows that cannot be imported; while there is one, nothing is.
    pub bad: Vec<BadRow>,
    pub(crate) work: Work,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A unit of the org tree.
    Unit,
    /// A person of the roster.
    Person,
}

/// A row that makes something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Add {
    /// A unit or a person.
    pub kind: Kind,
    /// The line of the file, from 1.
    pub line: usize,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// A row that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// A unit or a person.
    pub kind: Kind,
    /// The line of the file, from 1.
    pub line: usize,
    /// Its code.
    pub code: String,
    /// Its name as it is now.
    pub name: String,
    /// What changes.
    pub fields: Vec<FieldChange>,
}

/// One field, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The Chinese name of the field.
    pub field: &'static str,
    /// What it is now; empty for nothing.
    pub old: String,
    /// What it becomes.
    pub new: String,
}

/// A row that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The sheet, when the file has more than one.
    pub sheet: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// Why, in Chinese.
    pub reason: String,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Units made.
    pub units_added: usize,
    /// Units changed.
    pub units_changed: usize,
    /// People made.
    pub people_added: usize,
    /// People changed.
    pub people_changed: usize,
    /// Rows that were already so.
    pub unchanged: usize,
    /// The accounts made. Their passwords are shown here and never again.
    pub accounts: Vec<FirstPassword>,
}

/// A first password, to be handed to the person and changed at the first sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstPassword {
    /// Whose, by roster number.
    pub code: String,
    /// Their name.
    pub name: String,
    /// What they sign in with.
    pub login: String,
    /// The password.
    pub password: String,
}

/// Plans the import of a file into the whole tree.
pub async fn plan(db: &impl ConnectionTrait, sheet: &Sheet) -> Result<Plan> {
    plan_within(db, sheet, &Scope::of(["/".to_owned()])).await
}

/// Plans the import of a file by somebody who manages only this scope: rows that reach beyond it are bad rows.
pub async fn plan_within(db: &impl ConnectionTrait, sheet: &Sheet, scope: &Scope) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut known = Known::load(db, scope).await?;
    let tables = columns::recognise(sheet)?;
    let rows = tables.units.iter().flat_map(|(table, columns)| units::parse(&mut plan, table, columns)).collect();
    units::plan(&mut plan, &mut known, rows);
    let rows = tables.people.iter().flat_map(|(table, columns)| people::parse(&mut plan, table, columns)).collect();
    people::plan(db, &mut plan, &known, rows).await?;
    plan.bad.sort_by(|a, b| (&a.sheet, a.line).cmp(&(&b.sheet, b.line)));
    Ok(plan)
}

/// The writes behind a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Parents stand before their children.
    new_units: Vec<NewUnitRow>,
    changed_units: Vec<ChangedUnit>,
    people: Vec<PersonWork>,
}

/// A unit to be made; its parent may be made by the same file, so it is named by its code.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NewUnitRow {
    code: String,
    name: String,
    level: UnitLevel,
    parent: Option<String>,
}

/// A unit that gets these values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ChangedUnit {
    id: UnitId,
    code: String,
    name: String,
    level: UnitLevel,
}

/// A person to be made (`id` is `None`) or changed. `None` in a field leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PersonWork {
    id: Option<PersonId>,
    code: String,
    name: String,
    /// By code, because the same file may make it.
    unit: Option<String>,
    gender: Option<String>,
    birth_year: Option<i32>,
    phone: Option<String>,
    returns: bool,
    posts: Vec<PostWork>,
    login: Option<String>,
}

/// What happens to the posts of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PostWork {
    /// A term begins; without a day, on the day of the import.
    Begin(PostKind, Option<Day>),
    /// A running term gets another first day.
    Redate(PostId, Day),
    /// A running term that began on the first day ends the day before the second, or before the day of the import.
    End(PostId, Day, Option<Day>),
}

impl Plan {
    fn refuse(&mut self, at: &At, reason: impl Into<String>) {
        self.bad.push(BadRow { sheet: at.sheet.clone(), line: at.line, reason: reason.into() });
    }
}

/// Where a row stands in the file.
#[derive(Clone, Debug)]
struct At {
    sheet: String,
    line: usize,
}

impl FieldChange {
    /// The change of a field, when it is one.
    fn of(field: &'static str, old: impl Into<String>, new: impl Into<String>) -> Option<Self> {
        let (old, new) = (old.into(), new.into());
        (old != new).then_some(Self { field, old, new })
    }
}

impl Kind {
    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unit => "单位",
            Self::Person => "学员",
        }
    }
}

/// Rows printed of each part before the rest is only counted.
const SHOWN: usize = 50;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (adds, changes, bad) = (self.adds.len(), self.changes.len(), self.bad.len());
        writeln!(f, "新增 {adds}，更改 {changes}，不变 {}，不合格 {bad}", self.unchanged)?;
        let adds =
            self.adds.iter().map(|add| format!("+ 第 {} 行 {} {} {}", add.line, add.kind.label(), add.code, add.name));
        shown(f, adds)?;
        shown(
            f,
            self.changes.iter().map(|change| {
                let fields =
                    change.fields.iter().map(|field| format!("{}：{} → {}", field.field, field.old, field.new));
                let fields: Vec<String> = fields.collect();
                format!("~ 第 {} 行 {} {} {}", change.line, change.code, change.name, fields.join("；"))
            }),
        )?;
        shown(
            f,
            self.bad.iter().map(|bad| {
                let space = if bad.sheet.is_empty() { "" } else { " " };
                format!("! {}{space}第 {} 行：{}", bad.sheet, bad.line, bad.reason)
            }),
        )
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { units_added, units_changed, people_added, people_changed, unchanged, accounts } = self;
        write!(
            f,
            "单位：新增 {units_added}，更改 {units_changed}；学员：新增 {people_added}，更改 {people_changed}；"
        )?;
        write!(f, "不变 {unchanged}；新建账号 {}", accounts.len())?;
        for account in accounts {
            let FirstPassword { code, name, login, password } = account;
            write!(f, "\n{code} {name}\t登录名 {login}\t初始密码 {password}")?;
        }
        Ok(())
    }
}

/// Writes the first lines, on one line each whatever the cells hold, and counts the rest.
fn shown(f: &mut fmt::Formatter<'_>, lines: impl ExactSizeIterator<Item = String>) -> fmt::Result {
    let more = lines.len().saturating_sub(SHOWN);
    for line in lines.take(SHOWN) {
        writeln!(f, "{}", line.replace(char::is_control, " "))?;
    }
    if more > 0 { writeln!(f, "  …… 另有 {more} 行") } else { Ok(()) }
}
