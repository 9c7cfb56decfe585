//! The classroom: one playback, a roster, people who come late and leave early.
//!
//! Owns who was in the room when. What each of them earns is the archive's: the session's spans cut by their stays.

pub(crate) mod presence;

use crate::{Error, Result, takeover, writing};
use entity::{AccountId, Moment, PersonId, PlaybackId, PlaybackMode, Scope, person, playback};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use std::collections::BTreeSet;

/// The most people one room holds.
pub const MOST_PEOPLE: usize = 500;

/// What happened at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// Somebody came in.
    Arrive,
    /// Somebody went out.
    Leave,
}

/// Notes that a person came into or left the room at `now`; answers how many are in it.
///
/// Coming twice or leaving twice changes nothing; coming back opens a new stay. Whoever comes in stops watching
/// elsewhere. Whether `by` may write this person down is for the caller to check, see [`strangers`].
///
/// # Errors
/// [`Error::UnknownPlayback`], [`Error::NotYours`], [`Error::NotAClassroom`], [`Error::Closed`], [`Error::UnknownPerson`]
/// and [`Error::RosterTooLong`].
pub async fn attend(
    db: &DatabaseConnection,
    room: PlaybackId,
    who: PersonId,
    attendance: Attendance,
    by: AccountId,
    now: Moment,
) -> Result<u64> {
    let txn = writing::begin(db).await?;
    match attendance {
        Attendance::Arrive => arrive(&txn, room, who, by, now).await?,
        Attendance::Leave => leave(&txn, room, who, by, now).await?,
    }
    let present = presence::count(&txn, room).await?;
    txn.commit().await?;
    Ok(present)
}

async fn arrive(txn: &DatabaseTransaction, room: PlaybackId, who: PersonId, by: AccountId, now: Moment) -> Result<()> {
    if let Some(row) = takeover::stop_elsewhere(txn, &[who], Some(room), now).await? {
        check_open_room(&row, by)?;
    }
    if presence::is_in(txn, room, who).await? {
        return Ok(());
    }
    let present = presence::count(txn, room).await?;
    if usize::try_from(present).is_ok_and(|present| present >= MOST_PEOPLE) {
        return Err(Error::RosterTooLong { most: MOST_PEOPLE });
    }
    presence::arrive(txn, room, &[who], by, now).await
}

async fn leave(txn: &DatabaseTransaction, room: PlaybackId, who: PersonId, by: AccountId, now: Moment) -> Result<()> {
    check_open_room(&crate::session::locked(txn, room).await?, by)?;
    presence::leave(txn, room, who, now).await
}

fn check_open_room(row: &playback::Model, by: AccountId) -> Result<()> {
    if row.account_id != by {
        Err(Error::NotYours(row.id))
    } else if row.mode != PlaybackMode::Group {
        Err(Error::NotAClassroom(row.id))
    } else if row.closed_at.is_some() {
        Err(Error::Closed(row.id))
    } else {
        Ok(())
    }
}

/// Those of `people` whom somebody with this scope may not write down: of another place, gone, or unknown.
///
/// # Errors
/// [`Error::RosterTooLong`], and when the database fails.
pub async fn strangers(db: &impl ConnectionTrait, people: &[PersonId], scope: &Scope) -> Result<Vec<PersonId>> {
    if people.len() > MOST_PEOPLE {
        return Err(Error::RosterTooLong { most: MOST_PEOPLE });
    }
    let ours: BTreeSet<PersonId> = person::Entity::find()
        .select_only()
        .column(person::Column::Id)
        .filter(person::Column::Id.is_in(people.iter().copied()))
        .filter(person::Column::LeftOn.is_null())
        .filter(scope.reaches((person::Entity, person::Column::UnitId)))
        .into_tuple()
        .all(db)
        .await?
        .into_iter()
        .collect();
    Ok(people.iter().copied().filter(|id| !ours.contains(id)).collect())
}

#[cfg(test)]
mod tests;
