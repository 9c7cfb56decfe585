//! Two rows of the roster become one person, and are parted again: roster and ledger change together, or not at all.

use crate::auth::known::Known;
use crate::auth::reach;
use crate::database::Database;
use crate::error::ApiResult;
use archive::ledger::merge::{self as hours, Joined};
use entity::{AccountId, MergeId, Moment, PersonId, Scope, person_merge};
use roster::people::merge as rows;

/// Merge a person into the one who is kept; both must lie in the scope.
///
/// # Errors
/// `not_found` beyond reach; `invalid_request` without a reason; `forbidden` for oneself; `wrong_state` and
/// `person_merged` when the two cannot become one as things stand.
pub async fn join(
    (db, known): (&Database, &Known),
    scope: &Scope,
    (kept, merged): (PersonId, PersonId),
    reason: &str,
    by: AccountId,
) -> ApiResult<(person_merge::Model, Joined)> {
    reach::person(db, scope, kept).await?;
    let number = entity::person::masked(&reach::person(db, scope, merged).await?.code);
    let txn = archive::ledger::begin(&db.write).await?;
    let now = hours::ready(&txn, [kept, merged], Moment::now()).await?;
    let row = rows::merge(&txn, (kept, merged), reason, by, now).await?;
    let joined = hours::join(&txn, row, (&number, by), now).await?;
    txn.commit().await?;
    forget(db, known, merged).await?;
    Ok(joined)
}

/// The merge, if both its people lie in the scope: the one who was merged also where they belonged before.
///
/// # Errors
/// `not_found` when there is none, or it lies outside.
pub async fn within(db: &Database, scope: &Scope, id: MergeId) -> ApiResult<person_merge::Model> {
    let row = rows::one(&db.read, id).await?;
    let kept = roster::people::person(&db.read, row.kept_id).await?;
    reach::unit(db, scope, kept.unit_id).await?;
    reach::unit(db, scope, row.unit_id).await?;
    Ok(row)
}

/// Take a merge back.
///
/// # Errors
/// `not_found` beyond reach; `invalid_request` without a reason; `forbidden` for oneself; `wrong_state` when it was
/// taken back already, a later one stands, or a year was sealed with both as one.
pub async fn part(
    (db, known): (&Database, &Known),
    scope: &Scope,
    id: MergeId,
    reason: &str,
    by: AccountId,
) -> ApiResult<person_merge::Model> {
    let row = within(db, scope, id).await?;
    let merged = roster::people::person(&db.read, row.merged_id).await?;
    let txn = archive::ledger::begin(&db.write).await?;
    let now = hours::ready_to_part(&txn, &row, Moment::now()).await?;
    let row = rows::part(&txn, id, reason, by, now).await?;
    let row = hours::part(&txn, row, (&entity::person::masked(&merged.code), by), now).await?;
    txn.commit().await?;
    forget(db, known, merged.id).await?;
    Ok(row)
}

/// Whoever signs in with the account of this person is another one from now on.
async fn forget(db: &Database, known: &Known, merged: PersonId) -> ApiResult<()> {
    if let Some(account) = roster::account::of_person(&db.read, merged).await? {
        known.forget(account.id);
    }
    Ok(())
}
