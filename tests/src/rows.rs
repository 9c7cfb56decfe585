//! Every row of a database as text, whatever database it is, to be set beside those of another.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};
use std::collections::BTreeMap;

/// The columns of each table, by name.
pub type Columns = BTreeMap<String, Vec<String>>;

/// The rows of each table, each column as text, sorted.
pub type Rows = BTreeMap<String, Vec<Vec<Option<String>>>>;

/// Which tables and columns there are, but for the notes of the migrations.
pub async fn columns(db: &DatabaseConnection) -> Columns {
    let sql = match db.get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'seaql_migrations'"
        }
        _ => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name <> 'seaql_migrations'"
        }
    };
    let mut columns = Columns::new();
    for row in rows_of(db, sql).await {
        let (table, column) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        columns.entry(table).or_default().push(column);
    }
    columns.values_mut().for_each(|names| names.sort());
    columns
}

/// What stands in these columns.
pub async fn all(db: &DatabaseConnection, columns: &Columns) -> Rows {
    let mut rows = Rows::new();
    for (table, names) in columns {
        let texts: Vec<String> = names.iter().map(|name| as_text(db, name)).collect();
        let found = rows_of(db, format!("SELECT {} FROM \"{table}\"", texts.join(", "))).await;
        let cells = |row: &QueryResult| (0..names.len()).map(|at| row.try_get_by_index(at).unwrap()).collect();
        let mut found: Vec<Vec<Option<String>>> = found.iter().map(cells).collect();
        found.sort();
        rows.insert(table.clone(), found);
    }
    rows
}

/// On PostgreSQL truths are words, on SQLite numbers.
fn as_text(db: &DatabaseConnection, column: &str) -> String {
    match db.get_database_backend() {
        DbBackend::Sqlite => format!("CAST(\"{column}\" AS TEXT)"),
        _ => format!("CASE \"{column}\"::text WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE \"{column}\"::text END"),
    }
}

async fn rows_of(db: &DatabaseConnection, sql: impl Into<String>) -> Vec<QueryResult> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap()
}
