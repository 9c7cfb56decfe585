//! Writes the audit rows of the classroom, inside the transaction of the change they tell of.

use crate::Result;
use entity::{AccountId, Moment, Verb, audit};
use sea_orm::{ActiveModelTrait, ConnectionTrait};

/// Notes who did what to what.
pub(super) async fn note(
    txn: &impl ConnectionTrait,
    (by, now): (AccountId, Moment),
    action: Verb,
    target: String,
    detail: String,
) -> Result<()> {
    let row = audit::line(now, Some(by), action, target, detail);
    row.insert(txn).await?;
    Ok(())
}
