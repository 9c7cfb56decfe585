//! The classroom: one playback, a roster, people who come late and leave early.
//!
//! Owns who was in the room when. What each of them earns is the archive's: the session's spans cut by their stays.

mod audit;
pub mod checks;
mod doors;
mod elsewhere;
pub mod guest;
pub mod hands;
pub mod join;
mod open;
pub(crate) mod presence;

pub use checks::{Confidence, confidence};
pub use open::open_room_of;

use crate::beat::LATEST_MS;
use crate::{Error, Result, takeover};
use entity::{AccountId, MarkedHow, Moment, PersonId, PlaybackId, PlaybackMode, Scope, person, playback};
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

/// One press at the door.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Who.
    pub who: PersonId,
    /// Came or went.
    pub what: Attendance,
    /// How it was told.
    pub how: MarkedHow,
    /// How long ago it happened by the running clock of the device: a press waits while the link is away.
    pub ago_ms: i64,
}

/// When something happened of which a device says that it was so long ago; never before `start`, never to come.
pub(crate) fn happened_at(start: Moment, ago_ms: i64, now: Moment) -> Moment {
    now.plus_ms(-ago_ms.clamp(0, LATEST_MS)).max(start).min(now.max(start))
}

/// Notes that a person came into or left the room at `now`, by the roll; see [`mark`].
///
/// # Errors
/// Those of [`mark`].
pub async fn attend(
    db: &DatabaseConnection,
    room: PlaybackId,
    who: PersonId,
    what: Attendance,
    by: AccountId,
    now: Moment,
) -> Result<u64> {
    mark(db, room, Mark { who, what, how: MarkedHow::Roll, ago_ms: 0 }, by, now).await
}

/// Notes that a person came into or left the room; answers how many are in it.
///
/// What is told late, twice or out of order comes to the same as if it had been told at once: coming twice or leaving
/// twice changes nothing, coming back opens a new stay. Whoever comes in stops watching elsewhere, and what is told late
/// begins where their time elsewhere ended. Whether `by` may write this person down is for the caller to check, see
/// [`strangers`]; a code is brought by the person, every other mark is made by whoever runs the room.
///
/// # Errors
/// [`Error::UnknownPlayback`], [`Error::NotYours`], [`Error::NotAClassroom`], [`Error::Closed`], [`Error::UnknownPerson`]
/// and [`Error::RosterTooLong`].
pub async fn mark(db: &DatabaseConnection, room: PlaybackId, mark: Mark, by: AccountId, now: Moment) -> Result<u64> {
    let txn = entity::writing::begin(db).await?;
    match mark.what {
        Attendance::Arrive => arrive(&txn, room, mark, by, now).await?,
        Attendance::Leave => leave(&txn, room, mark, by, now).await?,
    }
    let present = presence::count(&txn, room).await?;
    txn.commit().await?;
    Ok(present)
}

async fn arrive(txn: &DatabaseTransaction, room: PlaybackId, mark: Mark, by: AccountId, now: Moment) -> Result<()> {
    let row = room_row(txn, room).await?;
    let at = happened_at(row.started_at, mark.ago_ms, now);
    if let Some(row) = takeover::stop_elsewhere(txn, &[mark.who], Some(at), Some(room), at).await? {
        check_may_mark(&row, mark.how, by)?;
    }
    if !presence::is_in(txn, room, mark.who).await? {
        check_space(txn, room).await?;
    }
    for (what, at) in comings(txn, room, mark.who, (at, now)).await? {
        presence::record(txn, room, mark.who, (what, at), (by, mark.how)).await?;
    }
    Ok(())
}

/// An arrival that is told of at `now`, around the time the person was counted elsewhere since; who still is there now
/// is not here.
async fn comings(
    txn: &DatabaseTransaction,
    room: PlaybackId,
    who: PersonId,
    (at, now): (Moment, Moment),
) -> Result<Vec<(Attendance, Moment)>> {
    let (mut doors, mut came) = (Vec::new(), at);
    for (from, to) in elsewhere::of(txn, who, room, (at, now)).await?.iter() {
        if Moment(from) > came {
            doors.extend([(Attendance::Arrive, came), (Attendance::Leave, Moment(from))]);
        }
        came = Moment(to);
    }
    if at == now || !elsewhere::is_now(txn, who, room, now).await? {
        doors.push((Attendance::Arrive, came));
    }
    Ok(doors)
}

async fn leave(txn: &DatabaseTransaction, room: PlaybackId, mark: Mark, by: AccountId, now: Moment) -> Result<()> {
    let row = crate::session::locked(txn, room).await?;
    check_may_mark(&row, mark.how, by)?;
    let at = happened_at(row.started_at, mark.ago_ms, now);
    presence::record(txn, room, mark.who, (mark.what, at), (by, mark.how)).await
}

async fn room_row(db: &impl ConnectionTrait, room: PlaybackId) -> Result<playback::Model> {
    playback::Entity::find_by_id(room).one(db).await?.ok_or(Error::UnknownPlayback(room))
}

async fn check_space(txn: &DatabaseTransaction, room: PlaybackId) -> Result<()> {
    let present = presence::count(txn, room).await?;
    if usize::try_from(present).is_ok_and(|present| present >= MOST_PEOPLE) {
        return Err(Error::RosterTooLong { most: MOST_PEOPLE });
    }
    Ok(())
}

fn check_may_mark(row: &playback::Model, how: MarkedHow, by: AccountId) -> Result<()> {
    match how {
        MarkedHow::Code => check_open_room(row, row.account_id),
        _ => check_open_room(row, by),
    }
}

/// Who is in the room, each once, in order.
///
/// # Errors
/// When the database fails.
pub async fn present(db: &impl ConnectionTrait, room: PlaybackId) -> Result<Vec<PersonId>> {
    presence::people_in(db, room).await
}

pub(crate) fn check_open_room(row: &playback::Model, by: AccountId) -> Result<()> {
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
