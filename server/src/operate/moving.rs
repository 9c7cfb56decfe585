//! Moving a city from SQLite to PostgreSQL.
//!
//! Tables, columns and numberings are asked of the two databases and never listed here, so that a later one cannot be
//! forgotten. From the schema to the proof of the ledger everything is one transaction of the target: a move that fails
//! leaves it as empty as it was. Media, keys, index and unfinished uploads stay in the data folder, which goes on in use.

use super::check_records;
use super::progress::progress_line;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use migrations::{Migrate, Migrator};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, QueryResult, Statement, Value};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Rows copied at once: with the longest texts there are, some megabytes.
const BATCH: i64 = 500;

/// A table that is to be copied.
struct Table {
    name: String,
    columns: BTreeSet<String>,
    rows: i64,
}

/// Copy every row of the data folder's SQLite into the empty PostgreSQL at `url`, and prove the copy.
///
/// # Errors
/// When a server still runs on the data, the target is not empty, or the copy is not equal. The target is then unchanged,
/// as the source always is.
pub async fn to_postgres(config: &Config, url: &str) -> Result<ExitCode, Failure> {
    let source = source(config).await?;
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Failure::say("--to 须是 postgres:// 开头的地址"));
    }
    let target = Database::open(&config.data, Some(url)).await?;
    let failed = |cause| Failure::new("无法写入 PostgreSQL", cause);
    let txn = target.begin().await.map_err(failed)?;
    must_be_empty(&txn).await?;
    Migrator::up(&txn, None).await.map_err(|cause| Failure::new("无法在 PostgreSQL 建表", cause))?;
    let tables = tables(&source, &txn).await?;
    let total: i64 = tables.iter().map(|table| table.rows).sum();
    let (progress, mut done) = (progress_line("搬迁"), 0);
    for table in &tables {
        copy(&source, &txn, table, |rows| {
            done += rows;
            progress(u64::try_from(done).unwrap_or(0), u64::try_from(total).unwrap_or(0));
        })
        .await?;
        go_on_numbering(&source, &txn, table).await.map_err(failed)?;
    }
    println!("已复制 {} 张表，共 {done} 行。", tables.len());
    if !check_records(&txn).await? {
        return Err(Failure::say("台账或封存核对不符，没有搬迁；请先运行 verify 查明"));
    }
    txn.commit().await.map_err(failed)?;
    source.close().await.map_err(|cause| Failure::new("无法关闭 SQLite", cause))?;
    println!("{}", what_now(config));
    Ok(ExitCode::SUCCESS)
}

fn what_now(config: &Config) -> String {
    let settings = config.data.join("yuanjiao.toml");
    format!(
        "搬迁完成，核对无误。请在 {} 里写入下面一行（或设环境变量 YUANJIAO_DATABASE_URL），再启动服务：\n\
         database_url = \"--to 所给的地址\"\n\
         数据文件夹继续使用：媒体、密钥、检索索引都在里面。原来的 yuanjiao.db 没有改动，确认无误后可以移走。",
        settings.display()
    )
}

/// The data folder's SQLite, which nobody else has open, brought up to this release.
async fn source(config: &Config) -> Result<DatabaseConnection, Failure> {
    if config.database_url.is_some() {
        return Err(Failure::say("数据已经在 PostgreSQL 里：配置中已有 database_url"));
    }
    let source = Database::alone(&config.data).await?;
    Migrator::up(&source, None).await.map_err(|cause| Failure::new("数据库升级失败", cause))?;
    Ok(source)
}

async fn must_be_empty(target: &DatabaseTransaction) -> Result<(), Failure> {
    let there = "SELECT count(*) AS number FROM pg_class WHERE relnamespace = current_schema()::regnamespace";
    let number = number(target, there, []).await.map_err(|cause| Failure::new("无法读取 PostgreSQL", cause))?;
    if number == 0 {
        Ok(())
    } else {
        Err(Failure::say("目标数据库不是空的，没有搬迁；请新建一个空的数据库"))
    }
}

/// The tables of the source, each as it is in both databases.
async fn tables(source: &DatabaseConnection, target: &DatabaseTransaction) -> Result<Vec<Table>, Failure> {
    let failed = |cause| Failure::new("无法读取表结构", cause);
    // The target has noted by itself which migrations it has run; and notes of changes are for servers that run
    // meanwhile, of which there are none.
    let named = "SELECT name AS text FROM sqlite_master WHERE type = 'table' \
                 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ('seaql_migrations', 'directory_change') ORDER BY name";
    let mut tables = Vec::new();
    for name in texts(source, named, []).await.map_err(failed)? {
        let here = "SELECT name AS text FROM pragma_table_info($1)";
        let there = "SELECT column_name::text AS text FROM information_schema.columns \
                     WHERE table_schema = current_schema() AND table_name = $1";
        let columns: BTreeSet<String> =
            texts(source, here, [name.as_str().into()]).await.map_err(failed)?.into_iter().collect();
        let theirs = texts(target, there, [name.as_str().into()]).await.map_err(failed)?.into_iter().collect();
        if columns != theirs {
            return Err(Failure::say(format!("两边的表 {name} 结构不同，没有搬迁")));
        }
        let rows = count(source, &name).await.map_err(failed)?;
        tables.push(Table { name, columns, rows });
    }
    Ok(tables)
}

/// Copy one table, a batch of rows at a time as one JSON value; `told` hears how many rows went over.
async fn copy(
    source: &DatabaseConnection,
    target: &DatabaseTransaction,
    table: &Table,
    mut told: impl FnMut(i64),
) -> Result<(), Failure> {
    let name = &table.name;
    let failed = |cause| Failure::new(format!("无法复制表 {name}"), cause);
    let listed = table.columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let fields = table.columns.iter().map(|column| format!("'{column}', \"{column}\"")).collect::<Vec<_>>().join(", ");
    let read = format!(
        "SELECT max(place) AS place, count(*) AS number, json_group_array(json_object({fields})) AS text FROM \
         (SELECT rowid AS place, * FROM \"{name}\" WHERE rowid > $1 ORDER BY rowid LIMIT {BATCH})"
    );
    let write = format!(
        "INSERT INTO \"{name}\" ({listed}) SELECT {listed} FROM json_populate_recordset(NULL::\"{name}\", $1::json)"
    );
    let mut after = i64::MIN;
    loop {
        let row = one(source, &read, [after.into()]).await.map_err(failed)?;
        let number: i64 = row.try_get("", "number").map_err(failed)?;
        if number == 0 {
            break;
        }
        after = row.try_get("", "place").map_err(failed)?;
        let rows: String = row.try_get("", "text").map_err(failed)?;
        target.execute_raw(statement(target, &write, [rows.into()])).await.map_err(failed)?;
        told(number);
    }
    let arrived = count(target, name).await.map_err(failed)?;
    if arrived == table.rows {
        Ok(())
    } else {
        Err(Failure::say(format!("表 {name} 有 {} 行，只到了 {arrived} 行，没有搬迁", table.rows)))
    }
}

/// New rows get numbers above all there ever were, also above those whose rows are gone: SQLite remembers them.
async fn go_on_numbering(
    source: &DatabaseConnection,
    target: &DatabaseTransaction,
    table: &Table,
) -> Result<(), DbErr> {
    let numbered = "SELECT column_name::text AS text FROM information_schema.columns WHERE table_schema = current_schema() \
                    AND table_name = $1 AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')";
    let used = "SELECT coalesce(max(seq), 0) AS number FROM sqlite_sequence WHERE name = $1";
    for column in texts(target, numbered, [table.name.as_str().into()]).await? {
        let used = number(source, used, [table.name.as_str().into()]).await?;
        let set = format!(
            "SELECT setval(pg_get_serial_sequence('\"{}\"', $1), greatest(used, 1), used > 0) AS number FROM \
             (SELECT greatest($2::bigint, max(\"{column}\")) AS used FROM \"{}\") AS highest",
            table.name, table.name
        );
        number(target, &set, [column.as_str().into(), used.into()]).await?;
    }
    Ok(())
}

async fn count(db: &impl ConnectionTrait, table: &str) -> Result<i64, DbErr> {
    number(db, &format!("SELECT count(*) AS number FROM \"{table}\""), []).await
}

async fn number<const N: usize>(db: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Result<i64, DbErr> {
    one(db, sql, values).await?.try_get("", "number")
}

async fn texts<const N: usize>(db: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Result<Vec<String>, DbErr> {
    db.query_all_raw(statement(db, sql, values)).await?.iter().map(|row| row.try_get("", "text")).collect()
}

async fn one<const N: usize>(db: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Result<QueryResult, DbErr> {
    let row = db.query_one_raw(statement(db, sql, values)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))
}

fn statement<const N: usize>(db: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}
