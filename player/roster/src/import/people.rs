//! Planning rows of people: who is new, what changes, field by field.

use super::columns::{Column, Columns};
use super::known::{Known, names_key};
use super::sheet::Table;
use super::units::OUT_OF_SCOPE;
use super::{Add, At, Change, FieldChange, Kind, PersonWork, Plan, value};
use crate::Result;
use crate::account::check_login;
use crate::people::merge;
use entity::{Day, PersonId, PostKind, account, person, post};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::{HashMap, HashSet};

mod posts;

/// The longest name, in characters.
const MAX_NAME: usize = 50;
/// Rows looked up by one query.
const CHUNK: usize = 500;

/// A row whose cells make sense.
#[derive(Clone, Debug)]
pub(super) struct Row {
    at: At,
    code: String,
    name: String,
    unit: Option<UnitCell>,
    posts: Vec<PostKind>,
    appointed: Option<Day>,
    gender: Option<String>,
    birth_year: Option<i32>,
    phone: Option<String>,
    login: Option<String>,
}

/// How a row names its unit.
#[derive(Clone, Debug)]
enum UnitCell {
    Code(String),
    /// County, township and village, as a key.
    Names(String),
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
    let names = || [Column::County, Column::Township, Column::Village].into_iter().filter_map(cell);
    let by_names = || names().next().map(|_| UnitCell::Names(names_key(names())));
    let row = Row {
        at,
        code: value::code(cell(Column::Code).ok_or("缺少学员编号")?, "学员编号")?,
        name: value::name(cell(Column::Name).ok_or("缺少姓名")?, MAX_NAME, "姓名")?,
        unit: cell(Column::Unit).map(|code| UnitCell::Code(code.to_owned())).or_else(by_names),
        posts: cell(Column::Post).map(value::posts).transpose()?.unwrap_or_default(),
        appointed: cell(Column::Appointed).map(value::day).transpose()?,
        gender: cell(Column::Gender).map(value::gender).transpose()?,
        birth_year: cell(Column::BirthYear).map(value::birth_year).transpose()?,
        phone: cell(Column::Phone).map(value::phone).transpose()?,
        login: cell(Column::Login).map(str::to_owned),
    };
    if row.posts.is_empty() && row.appointed.is_some() {
        return Err("有任职日期而没有职务".into());
    }
    if let Some(login) = &row.login {
        check_login(login).map_err(|error| error.to_string())?;
    }
    Ok(row)
}

/// What the database holds about the people of the file.
#[derive(Default)]
struct Roster {
    people: HashMap<String, person::Model>,
    posts: HashMap<PersonId, Vec<post::Model>>,
    /// Who is one with somebody else, whose number stands for both.
    merged: HashSet<PersonId>,
    logins: HashMap<PersonId, String>,
    taken: HashSet<String>,
}

/// Plans the rows against the database and the units known by now.
pub(super) async fn plan(db: &impl ConnectionTrait, plan: &mut Plan, known: &Known, rows: Vec<Row>) -> Result<()> {
    let mut roster = Roster::load(db, &rows).await?;
    let by_names = known.by_names();
    let mut seen = HashMap::new();
    for row in rows {
        let at = row.at.clone();
        let planned = match seen.insert(row.code.clone(), at.line) {
            Some(first) => Err(format!("学员编号 {} 与第 {first} 行重复", row.code)),
            None => one(plan, known, &by_names, &mut roster, row),
        };
        if let Err(reason) = planned {
            plan.refuse(&at, reason);
        }
    }
    Ok(())
}

fn one(
    plan: &mut Plan,
    known: &Known,
    by_names: &HashMap<String, Option<&str>>,
    roster: &mut Roster,
    row: Row,
) -> Result<(), String> {
    let unit = row.unit.as_ref().map(|cell| find_unit(known, by_names, cell)).transpose()?;
    match roster.people.remove(&row.code) {
        Some(person) => change(plan, known, roster, row, unit, &person),
        None => add(plan, roster, row, unit.ok_or("缺少单位编码，或县区、乡镇、行政村")?),
    }
}

fn find_unit(known: &Known, by_names: &HashMap<String, Option<&str>>, cell: &UnitCell) -> Result<String, String> {
    let code = match cell {
        UnitCell::Code(code) => known.get(code).map(|_| code.as_str()).ok_or_else(|| missing(code))?,
        UnitCell::Names(names) => match by_names.get(names) {
            Some(Some(code)) => code,
            Some(None) => return Err("有两个单位同名，请填写单位编码".into()),
            None => return Err(missing(&names.replace('\u{1}', " "))),
        },
    };
    if known.get(code).is_some_and(|unit| unit.in_scope) { Ok(code.to_owned()) } else { Err(OUT_OF_SCOPE.into()) }
}

fn missing(unit: &str) -> String {
    format!("找不到单位“{}”", value::shortened(unit.trim()))
}

fn add(plan: &mut Plan, roster: &mut Roster, row: Row, unit: String) -> Result<(), String> {
    let posts = posts::work(&[], &row.posts, row.appointed)?;
    if let Some(login) = &row.login {
        roster.take_login(login)?;
    }
    plan.adds.push(Add { kind: Kind::Person, line: row.at.line, code: row.code.clone(), name: row.name.clone() });
    plan.work.people.push(PersonWork {
        id: None,
        code: row.code,
        name: row.name,
        unit: Some(unit),
        gender: row.gender,
        birth_year: row.birth_year,
        phone: row.phone,
        returns: false,
        posts: posts.work,
        login: row.login,
    });
    Ok(())
}

fn change(
    plan: &mut Plan,
    known: &Known,
    roster: &mut Roster,
    row: Row,
    unit: Option<String>,
    person: &person::Model,
) -> Result<(), String> {
    let home = known.code_of(person.unit_id);
    if !home.and_then(|code| known.get(code)).map_or(known.manages_all, |unit| unit.in_scope) {
        return Err("学员编号已被其他单位使用".into());
    }
    if roster.merged.contains(&person.id) {
        return Err("此编号的人已与另一编号合并，请删去这一行".into());
    }
    let unit = unit.filter(|unit| Some(unit.as_str()) != home);
    let running = roster.posts.remove(&person.id).unwrap_or_default();
    let posts = posts::work(&running, &row.posts, row.appointed)?;
    let login = roster.new_login(person.id, row.login.clone())?;
    let returns = person.left_on.is_some();
    let moved = unit.as_deref().and_then(|unit| {
        FieldChange::of("单位", home.map(|home| known.full_name(home)).unwrap_or_default(), known.full_name(unit))
    });
    let returned = returns.then(|| FieldChange { field: "在册", old: "已离开".into(), new: "在册".into() });
    let signs_in = login.clone().and_then(|login| FieldChange::of("登录名", "", login));
    let others = [moved, returned, signs_in].into_iter().flatten().chain(posts.fields);
    let fields: Vec<FieldChange> = own_fields(person, &row).into_iter().flatten().chain(others).collect();
    if fields.is_empty() && unit.is_none() {
        plan.unchanged += 1;
        return Ok(());
    }
    let (line, code, name) = (row.at.line, row.code.clone(), person.name.clone());
    plan.changes.push(Change { kind: Kind::Person, line, code, name, fields });
    plan.work.people.push(PersonWork {
        id: Some(person.id),
        code: row.code,
        name: row.name,
        unit,
        gender: row.gender,
        birth_year: row.birth_year,
        phone: row.phone,
        returns,
        posts: posts.work,
        login,
    });
    Ok(())
}

/// What changes in the person's own row. A blank cell changes nothing.
fn own_fields(person: &person::Model, row: &Row) -> [Option<FieldChange>; 4] {
    let text = |field, old: Option<String>, new: Option<String>| {
        new.and_then(|new| FieldChange::of(field, old.unwrap_or_default(), new))
    };
    let year = |year: Option<i32>| year.map(|year| year.to_string());
    [
        FieldChange::of("姓名", person.name.as_str(), row.name.as_str()),
        text("性别", person.gender.clone(), row.gender.clone()),
        text("出生年份", year(person.birth_year), year(row.birth_year)),
        text("手机号", person.phone.clone(), row.phone.clone()),
    ]
}

impl Roster {
    async fn load(db: &impl ConnectionTrait, rows: &[Row]) -> Result<Self> {
        let mut roster = Self::default();
        for chunk in rows.chunks(CHUNK) {
            let codes = chunk.iter().map(|row| row.code.as_str());
            let people = person::Entity::find().filter(person::Column::Code.is_in(codes)).all(db).await?;
            let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
            roster.merged.extend(merge::kept_for(db, ids.clone()).await?.into_keys());
            let running = post::Column::PersonId.is_in(ids.clone()).and(post::Column::EndedOn.is_null());
            for post in post::Entity::find().filter(running).all(db).await? {
                roster.posts.entry(post.person_id).or_default().push(post);
            }
            let logins = chunk.iter().filter_map(|row| row.login.as_deref());
            let accounts = account::Column::PersonId.is_in(ids).or(account::Column::Login.is_in(logins));
            for account in account::Entity::find().filter(accounts).all(db).await? {
                roster.taken.insert(account.login.clone());
                roster.logins.extend(account.person_id.map(|person| (person, account.login)));
            }
            roster.people.extend(people.into_iter().map(|person| (person.code.clone(), person)));
        }
        Ok(roster)
    }

    /// The login of an account to be made; `None` when the person has this one already.
    fn new_login(&mut self, person: PersonId, login: Option<String>) -> Result<Option<String>, String> {
        match (self.logins.get(&person), login) {
            (Some(has), Some(login)) if *has != login => Err(format!("已有账号 {has}，不能用导入更改登录名")),
            (None, Some(login)) => self.take_login(&login).map(|()| Some(login)),
            _ => Ok(None),
        }
    }

    fn take_login(&mut self, login: &str) -> Result<(), String> {
        if self.taken.insert(login.to_owned()) { Ok(()) } else { Err(format!("登录名 {login} 已被使用")) }
    }
}
