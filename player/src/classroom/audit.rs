//! Writes the audit rows of the classroom, inside the transaction of the change they tell of.

use crate::Result;
use entity::{AccountId, Moment, audit};
use sea_orm::{ActiveModelTrait, ConnectionTrait, Set};

/// Notes who did what to what.
pub(super) async fn note(
    txn: &impl ConnectionTrait,
    (by, now): (AccountId, Moment),
    action: &str,
    target: String,
    detail: String,
) -> Result<()> {
    let row = audit::ActiveModel {
        at: Set(now),
        account_id: Set(Some(by)),
        action: Set(action.to_owned()),
        target: Set(target),
        detail: Set(detail),
        ..Default::default()
    };
    row.insert(txn).await?;
    Ok(())
}
