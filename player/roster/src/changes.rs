//! What changed in the directory of accounts, roles, people and units since somebody last looked.
//!
//! Triggers of the database note it, so that no writer can forget to. Whoever keeps what it read looks here now and then,
//! in one small statement, instead of reading all of it again.

use crate::Result;
use entity::{AccountId, Moment, directory_change};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Statement};

/// How long a change stays noted. Whoever has not looked for so long knows nothing any more.
pub const KEPT_MS: i64 = 3_600_000;

/// What changed, and from where to look next time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// To be given to [`since`] the next time.
    pub upto: i64,
    /// Whose accounts; what changed while an earlier look was under way may be told again.
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

/// Every change that was committed after the look that answered `upto`; `i64::MAX` for a first look, which only tells
/// from where on to look.
///
/// On SQLite, which has one writer, rows are committed in the order of their ids. On PostgreSQL a transaction begun
/// early may commit late: there the place is the oldest transaction that was still open.
///
/// # Errors
/// When the database fails.
pub async fn since(db: &impl ConnectionTrait, upto: i64) -> Result<Changes> {
    let backend = db.get_database_backend();
    let (next, place) = match backend {
        DbBackend::Postgres => ("CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)", "xid"),
        _ => ("(SELECT coalesce(max(id), 0) + 1 FROM directory_change)", "id"),
    };
    let sql = format!(
        "SELECT {next} AS upto, change.id AS id, change.account_id AS account_id \
         FROM (SELECT 1 AS one) AS always LEFT JOIN directory_change AS change ON change.{place} >= $1"
    );
    let rows = Row::find_by_statement(Statement::from_sql_and_values(backend, sql, [upto.into()])).all(db).await?;
    let noted = rows.iter().filter(|row| row.id.is_some());
    Ok(Changes {
        upto: rows.first().map_or(upto, |row| row.upto),
        all: noted.clone().any(|row| row.account_id.is_none()),
        accounts: noted.filter_map(|row| row.account_id).collect(),
    })
}

/// Drops what was noted long ago and returns how much.
///
/// # Errors
/// When the database fails.
pub async fn trim(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    let old = directory_change::Column::At.lt(now.plus_ms(-KEPT_MS));
    Ok(directory_change::Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}
