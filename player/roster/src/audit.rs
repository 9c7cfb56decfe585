//! Writes the audit rows of this crate, inside the transaction of the change they tell of.

use entity::{AccountId, Moment, Verb, audit};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait};

/// Notes who did what to what. `by` is `None` for the command line; `detail` never holds a secret.
pub(crate) async fn note(
    txn: &impl ConnectionTrait,
    by: Option<AccountId>,
    action: Verb,
    target: String,
    detail: String,
    now: Moment,
) -> Result<(), DbErr> {
    let row = audit::line(now, by, action, target, detail);
    row.insert(txn).await.map(drop)
}

/// Notes many, made by [`audit::line`].
pub(crate) async fn note_all(txn: &impl ConnectionTrait, lines: Vec<audit::ActiveModel>) -> Result<(), DbErr> {
    const CHUNK: usize = 500;
    for chunk in lines.chunks(CHUNK) {
        audit::Entity::insert_many(chunk.to_vec()).exec_without_returning(txn).await?;
    }
    Ok(())
}
