//! The audit log as a report, newest first: who did what to whom, when, and from where.
//!
//! Reads only: the log is written by whoever does something, and the database refuses to change or remove a line.

use super::sheets::columns;
use super::{Cell, Kind, Report, Rows};
use crate::{Result, names};
use entity::{AccountId, AuditId, Day, Moment, PersonId, Scope, Verb, account, audit, person, role_grant, scope};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use std::collections::{HashMap, HashSet};

mod about;

/// What the log is narrowed to; an empty text narrows nothing.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// What the reader reaches: lines by accounts of its people, and by accounts without a person (an office's, a
    /// terminal's) that hold a role there; every line for the top of the tree.
    pub scope: Scope,
    /// A verb such as `ledger.correct`.
    pub action: String,
    /// The login of the account, or the name of its person.
    pub account: String,
    /// The name or roster number of the person it was about: their archive, their entries, appeals, classes, account.
    pub person: String,
    /// Kind and id, such as `lesson:12`.
    pub target: String,
    /// First civil day.
    pub from: Option<Day>,
    /// Last civil day, itself included.
    pub to: Option<Day>,
    /// The civil day on which it is asked.
    pub today: Day,
}

/// Lines read at once.
const BATCH: u64 = 500;
/// People or accounts of one name at most.
const NAMESAKES: u64 = 500;

/// The log, from line `first` on, at most `most` lines.
///
/// # Errors
/// Only those of the database.
pub async fn audit_log(db: &DatabaseConnection, query: &AuditQuery, first: u64, most: u64) -> Result<Report> {
    let condition = condition(db, query).await?;
    let row_count = audit::Entity::find().filter(condition.clone()).count(db).await?;
    let titles = columns(&[
        ("编号", 10),
        ("时间", 20),
        ("姓名", 12),
        ("账号", 20),
        ("操作", 14),
        ("操作代码", 20),
        ("对象", 24),
        ("对象说明", 24),
        ("说明", 50),
        ("来源地址", 20),
    ]);
    let rows = rows(db.clone(), condition, first, most);
    let (from, to) =
        (query.from.or(Day::from_ymd_opt(2000, 1, 1)).unwrap_or(query.today), query.to.unwrap_or(query.today));
    Ok(Report {
        kind: Kind::Audit,
        scope_name: "操作日志".to_owned(),
        from,
        to,
        as_of: query.today,
        columns: titles,
        row_count,
        totals: Vec::new(),
        rows,
    })
}

/// Newest first; after the first batch by number, so that a long log is read once and lines added meanwhile do not
/// shift it.
fn rows(db: DatabaseConnection, condition: Condition, first: u64, most: u64) -> Rows {
    Box::pin(async_stream::try_stream! {
        let (mut below, mut left) = (None::<AuditId>, most);
        loop {
            let mut query = audit::Entity::find().filter(condition.clone()).order_by_desc(audit::Column::Id);
            query = match below {
                Some(id) => query.filter(audit::Column::Id.lt(id)),
                None => query.offset(first),
            };
            let lines = query.limit(BATCH.min(left)).all(&db).await?;
            let Some(last) = lines.last() else { break };
            below = Some(last.id);
            left -= u64::try_from(lines.len()).unwrap_or(left);
            yield told(&db, lines).await?;
            if left == 0 {
                break;
            }
        }
    })
}

async fn condition(db: &impl ConnectionTrait, query: &AuditQuery) -> Result<Condition> {
    let mut all = Condition::all().add(within(&query.scope));
    if !query.action.is_empty() {
        all = all.add(audit::Column::Action.eq(&query.action));
    }
    if !query.target.is_empty() {
        all = all.add(audit::Column::Target.eq(&query.target));
    }
    if !query.account.is_empty() {
        all = all.add(audit::Column::AccountId.is_in(accounts(db, &query.account).await?));
    }
    if !query.person.is_empty() {
        let people = people(db, &query.person).await?;
        all = all.add(about::lines_about(db, people).await?);
    }
    if let Some(from) = query.from {
        all = all.add(audit::Column::At.gte(Moment::start_of(from)));
    }
    if let Some(after) = query.to.and_then(|day| day.succ_opt()) {
        all = all.add(audit::Column::At.lt(Moment::start_of(after)));
    }
    Ok(all)
}

fn within(reach: &Scope) -> Condition {
    if reach.paths().iter().any(|path| scope::ancestors_of(path).len() == 1) {
        return Condition::all();
    }
    let people = person::Entity::find().select_only().column(person::Column::Id);
    let people = people.filter(reach.reaches((person::Entity, person::Column::UnitId))).into_query();
    let here = role_grant::Entity::find().select_only().column(role_grant::Column::AccountId);
    let here = here.filter(reach.reaches((role_grant::Entity, role_grant::Column::UnitId))).into_query();
    let of_an_office =
        Condition::all().add(account::Column::PersonId.is_null()).add(account::Column::Id.in_subquery(here));
    let either = Condition::any().add(account::Column::PersonId.in_subquery(people)).add(of_an_office);
    let accounts = account::Entity::find().select_only().column(account::Column::Id).filter(either).into_query();
    Condition::all().add(audit::Column::AccountId.in_subquery(accounts))
}

/// Accounts with this login, or of people with this name.
async fn accounts(db: &impl ConnectionTrait, who: &str) -> Result<Vec<AccountId>> {
    let people = person::Entity::find().select_only().column(person::Column::Id);
    let people = people.filter(person::Column::Name.eq(who)).into_query();
    let either =
        Condition::any().add(account::Column::Login.eq(who)).add(account::Column::PersonId.in_subquery(people));
    let query = account::Entity::find().select_only().column(account::Column::Id).filter(either);
    Ok(query.limit(NAMESAKES).into_tuple().all(db).await?)
}

async fn people(db: &impl ConnectionTrait, who: &str) -> Result<Vec<PersonId>> {
    let either = Condition::any().add(person::Column::Name.eq(who)).add(person::Column::Code.eq(who));
    let query = person::Entity::find().select_only().column(person::Column::Id).filter(either);
    Ok(query.limit(NAMESAKES).into_tuple().all(db).await?)
}

async fn told(db: &impl ConnectionTrait, lines: Vec<audit::Model>) -> Result<Vec<Vec<Cell>>> {
    let ids: HashSet<AccountId> = lines.iter().filter_map(|line| line.account_id).collect();
    let logins = logins(db, &ids).await?;
    let whose = names::of_accounts(db, ids).await?;
    let whom = about::people_of(db, &lines).await?;
    let about = names::of_people(db, whom.values().copied().collect()).await?;
    let row = |line: audit::Model| {
        let of = |known: &HashMap<AccountId, String>| {
            line.account_id.map(|id| known.get(&id).cloned().unwrap_or_else(|| id.to_string()))
        };
        let person = whom.get(&line.target).and_then(|id| about.get(id));
        let text = |text: String| if text.is_empty() { Cell::Empty } else { Cell::Text(text) };
        vec![
            Cell::Count(line.id.0),
            Cell::Time(line.at),
            Cell::Text(of(&whose).unwrap_or_else(|| "命令行".to_owned())),
            of(&logins).map_or(Cell::Empty, |login| Cell::Id(person::masked(&login))),
            text(Verb::parse(&line.action).map_or("", Verb::label).to_owned()),
            Cell::Text(line.action),
            Cell::Text(line.target),
            person.map_or(Cell::Empty, |(name, code)| Cell::Text(format!("{name}（{}）", person::masked(code)))),
            text(line.detail),
            line.address.map_or(Cell::Empty, Cell::Text),
        ]
    };
    Ok(lines.into_iter().map(row).collect())
}

async fn logins(db: &impl ConnectionTrait, ids: &HashSet<AccountId>) -> Result<HashMap<AccountId, String>> {
    let rows: Vec<(AccountId, String)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::Login])
        .filter(account::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}
