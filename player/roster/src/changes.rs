//! What changed in the directory of accounts, roles, people and units since somebody last looked.
//!
//! Triggers of the database note it, so that no writer can forget to. Whoever keeps what it read looks here now and then,
//! in one small statement, instead of reading all of it again.

use crate::Result;
use entity::{AccountId, Moment, directory_change};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Statement};
use std::collections::HashSet;

/// How long a change stays noted. Whoever has not looked for so long knows nothing any more.
pub const KEPT_MS: i64 = 3_600_000;

/// How far somebody has looked. A first look tells nothing but from where on to look.
#[derive(Clone, Debug, Default)]
pub struct Place {
    upto: Option<i64>,
    /// What was told from there on.
    told: HashSet<i64>,
}

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whose accounts.
    pub accounts: Vec<AccountId>,
    /// Everybody's may have, as when a unit has moved.
    pub all: bool,
}

#[derive(FromQueryResult)]
struct Row {
    upto: i64,
    id: Option<i64>,
    account_id: Option<AccountId>,
}

/// Every change that was committed since this place was looked from, each told once; the place moves on.
///
/// On SQLite, which has one writer, rows are committed in the order of their ids. On PostgreSQL a transaction begun
/// early may commit late: there the place is the oldest transaction that was still open.
///
/// # Errors
/// When the database fails; the place then stays.
pub async fn since(db: &impl ConnectionTrait, place: &mut Place) -> Result<Changes> {
    let backend = db.get_database_backend();
    let (next, column) = match backend {
        DbBackend::Postgres => ("CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)", "xid"),
        _ => ("(SELECT coalesce(max(id), 0) + 1 FROM directory_change)", "id"),
    };
    let sql = format!(
        "SELECT {next} AS upto, change.id AS id, change.account_id AS account_id \
         FROM (SELECT 1 AS one) AS always LEFT JOIN directory_change AS change ON change.{column} >= $1"
    );
    let asked = Statement::from_sql_and_values(backend, sql, [place.upto.unwrap_or(0).into()]);
    let rows = Row::find_by_statement(asked).all(db).await?;
    let is_fresh = |id| place.upto.is_some() && !place.told.contains(&id);
    let fresh = rows.iter().filter(|row| row.id.is_some_and(is_fresh));
    let changes = Changes {
        all: fresh.clone().any(|row| row.account_id.is_none()),
        accounts: fresh.filter_map(|row| row.account_id).collect(),
    };
    place.upto = rows.first().map(|row| row.upto).or(place.upto);
    place.told = rows.iter().filter_map(|row| row.id).collect();
    Ok(changes)
}

/// Drops what was noted long ago and returns how much.
///
/// # Errors
/// When the database fails.
pub async fn trim(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    let old = directory_change::Column::At.lt(now.plus_ms(-KEPT_MS));
    Ok(directory_change::Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}
