//! How a transaction that writes begins, in every room that has one.

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

/// Begin a transaction that is going to write.
///
/// SQLite cannot turn a reading transaction into a writing one when another process has written meanwhile: it fails at
/// once, however long the busy timeout. So the write lock is taken with the first statement. PostgreSQL locks rows.
///
/// # Errors
/// When the database fails.
pub async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let immediate = Some(SqliteTransactionMode::Immediate);
    db.begin_with_options(TransactionOptions { sqlite_transaction_mode: immediate, ..TransactionOptions::default() })
        .await
}
