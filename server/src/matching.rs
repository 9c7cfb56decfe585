//! Matching a guest with a person, and taking that back: the stays and the ledger change together, or not at all.

use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, Code};
use archive::ledger::guests as entries;
use entity::{AccountId, GuestId, Moment, PersonId, PlaybackId, PlaybackMode, Scope, person, playback};
use player::classroom::guest::{self, matching};
use sea_orm::EntityTrait;

/// The group session, if its room lies in the scope.
///
/// # Errors
/// `not_found` when there is none, or it lies outside.
pub async fn session(db: &Database, scope: &Scope, id: PlaybackId) -> ApiResult<playback::Model> {
    let row = playback::Entity::find_by_id(id).one(&db.read).await?.ok_or(Code::NotFound)?;
    reach::unit(db, scope, row.unit_id).await?;
    if row.mode == PlaybackMode::Group { Ok(row) } else { Err(Code::NotFound.into()) }
}

/// The guest, if their session lies in the scope.
///
/// # Errors
/// `not_found` when there is none, or it lies outside.
pub async fn guest(db: &Database, scope: &Scope, id: GuestId) -> ApiResult<entity::guest::Model> {
    let row = guest::guest(&db.read, id).await?;
    session(db, scope, row.playback_id).await?;
    Ok(row)
}

/// Match a guest with a person; both must lie in the scope.
///
/// # Errors
/// `not_found` beyond reach; `wrong_state` when the guest is matched with somebody else.
pub async fn join(
    db: &Database,
    scope: &Scope,
    (id, who): (GuestId, PersonId),
    by: AccountId,
    now: Moment,
) -> ApiResult<()> {
    let known = guest(db, scope, id).await?;
    let person = person::Entity::find_by_id(who).one(&db.read).await?.ok_or(Code::NotFound)?;
    reach::unit(db, scope, person.unit_id).await?;
    let txn = archive::ledger::begin(&db.write).await?;
    let (_, changed) = matching::join(&txn, id, who, by, now).await?;
    if changed {
        entries::credit(&txn, (&known, who), by, now).await?;
    }
    txn.commit().await?;
    Ok(())
}

/// Take a match back.
///
/// # Errors
/// `not_found` beyond reach; `invalid_request` without a reason.
pub async fn part(
    db: &Database,
    scope: &Scope,
    (id, reason): (GuestId, &str),
    by: AccountId,
    now: Moment,
) -> ApiResult<()> {
    let known = guest(db, scope, id).await?;
    let txn = archive::ledger::begin(&db.write).await?;
    if let (_, Some(who)) = matching::part(&txn, id, reason, by, now).await? {
        entries::withdraw(&txn, (&known, who), reason, by, now).await?;
    }
    txn.commit().await?;
    Ok(())
}
