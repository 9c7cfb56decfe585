//! Many rows read as one value: the database writes them out as JSON, and they are taken from that in one go.
//!
//! Read one by one, a row costs a message between two threads and an allocation for each of its columns, which is most
//! of the time of a report with a million rows.

use sea_orm::sea_query::{PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde::de::DeserializeOwned;

/// The rows of a query with so many columns, each as a tuple of them in their order. All are in memory at once, so the
/// query has to be bounded; their order is not promised.
///
/// # Errors
/// When the database fails, or a row is not as `T` says.
pub async fn rows<T: DeserializeOwned>(
    db: &impl ConnectionTrait,
    query: &SelectStatement,
    columns: usize,
) -> Result<Vec<T>, DbErr> {
    let backend = db.get_database_backend();
    let ((sql, values), array, all) = match backend {
        DbBackend::Postgres => (query.build(PostgresQueryBuilder), "json_build_array", "json_agg"),
        _ => (query.build(SqliteQueryBuilder), "json_array", "json_group_array"),
    };
    let names: Vec<_> = (1..=columns).map(|column| format!("c{column}")).collect();
    let names = names.join(", ");
    let sql = format!("WITH given ({names}) AS ({sql}) SELECT CAST({all}({array}({names})) AS text) FROM given");
    let found = db.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let text: Option<String> = found.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    serde_json::from_str(text.as_deref().unwrap_or("[]")).map_err(|cause| DbErr::Json(cause.to_string()))
}
