//! How a transaction that writes begins, in every room that has one.

use crate::kept_answer;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

/// Begin a transaction that is going to write.
///
/// SQLite cannot turn a reading transaction into a writing one when another process has written meanwhile: it fails at
/// once, however long the busy timeout. So the write lock is taken with the first statement. PostgreSQL locks rows.
///
/// For a request that is done once ([`crate::kept_answer`]) it notes that something is being done.
///
/// # Errors
/// When the database fails, and when another attempt at such a request has taken over.
pub async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let immediate = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode: immediate, ..TransactionOptions::default() };
    let txn = db.begin_with_options(options).await?;
    kept_answer::note_acting(&txn).await?;
    Ok(txn)
}
