//! How this crate begins a transaction that writes.

use crate::Result;
use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};

/// Begin a transaction that is going to write.
///
/// SQLite cannot turn a reading transaction into a writing one when another process has written meanwhile: it fails at
/// once, however long the busy timeout. So the write lock is taken with the first statement. PostgreSQL locks rows.
pub(crate) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(db.begin_with_options(options).await?)
}
