//! Writes the audit rows of this crate, inside the transaction of the change they tell of.

use entity::{AccountId, Moment, audit};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr};

/// Notes who did what to what. `by` is `None` for the command line; `detail` never holds a secret.
pub(crate) async fn note(
    txn: &impl ConnectionTrait,
    by: Option<AccountId>,
    action: &str,
    target: String,
    detail: String,
    now: Moment,
) -> Result<(), DbErr> {
    let row = audit::line(now, by, action, target, detail);
    row.insert(txn).await.map(drop)
}
