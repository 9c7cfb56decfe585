//! Confirming presence: three names, drawn now and then, for the site manager to say yes or no to.
//!
//! Owns who is drawn, when, and what the answers say about a session. They never cut anybody's hours: they say how far
//! the roll can be trusted, and the township sees it.

use super::{check_open_room, presence};
use crate::{Error, Result, session};
use entity::{
    AccountId, Moment, PersonId, PlaybackId, PlaybackMode, PresenceCheckId, UnitId, playback, presence_check,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, NotSet,
    QueryFilter, QueryOrder, QuerySelect, Set,
};
use std::collections::HashMap;

/// How many names are drawn at once.
pub const NAMES: usize = 3;

/// A room that was not heard of for so long is not asked: nobody there would see the question.
const SILENT_MS: i64 = 90_000;

/// Rooms drawn for in one transaction, so that beats need not wait for all of a play day's.
const AT_ONCE: usize = 50;

/// What the answers of a session say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confidence {
    /// Names drawn.
    pub asked: usize,
    /// Of these, said to be present.
    pub confirmed: usize,
    /// Said to be absent.
    pub absent: usize,
    /// Not answered. Once the session is over they stay so.
    pub open: usize,
}

/// What the drawn names of a session and their answers say about it.
pub fn confidence(checks: &[presence_check::Model]) -> Confidence {
    let count = |answer| checks.iter().filter(|check| check.present == answer).count();
    Confidence { asked: checks.len(), confirmed: count(Some(true)), absent: count(Some(false)), open: count(None) }
}

impl Confidence {
    /// The share of the drawn names that was confirmed, in percent, rounded down; absent and unanswered ones both lower
    /// it. `None` when no name was drawn: then nothing is known.
    pub fn percent(&self) -> Option<usize> {
        (self.confirmed * 100).checked_div(self.asked)
    }
}

/// A room that is being played to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// The room.
    pub id: PlaybackId,
    /// The unit it stands in.
    pub unit_id: UnitId,
    /// When names were drawn last; when it began, before the first.
    pub since: Moment,
}

impl Running {
    /// Whether names are to be drawn again, by a rule that says every so many minutes; 0 never.
    pub fn is_due(&self, every_minutes: i64, now: Moment) -> bool {
        every_minutes > 0 && now.since(self.since) >= every_minutes * 60_000
    }
}

/// The rooms being played to, at most five thousand.
///
/// # Errors
/// When the database fails.
pub async fn running(db: &impl ConnectionTrait, now: Moment) -> Result<Vec<Running>> {
    let rooms: Vec<(PlaybackId, UnitId, Moment)> = playback::Entity::find()
        .select_only()
        .columns([playback::Column::Id, playback::Column::UnitId, playback::Column::StartedAt])
        .filter(playback::Column::Mode.eq(PlaybackMode::Group))
        .filter(playback::Column::ClosedAt.is_null())
        .filter(playback::Column::LastBeatAt.gte(now.plus_ms(-SILENT_MS)))
        .order_by_asc(playback::Column::Id)
        .limit(5000)
        .into_tuple()
        .all(db)
        .await?;
    let mut drawn = HashMap::new();
    for chunk in rooms.chunks(500) {
        drawn.extend(last_drawn(db, chunk.iter().map(|room| room.0)).await?);
    }
    let since = |(id, unit_id, began): (PlaybackId, UnitId, Moment)| Running {
        id,
        unit_id,
        since: drawn.get(&id).copied().unwrap_or(began),
    };
    Ok(rooms.into_iter().map(since).collect())
}

async fn last_drawn(
    db: &impl ConnectionTrait,
    rooms: impl IntoIterator<Item = PlaybackId>,
) -> Result<HashMap<PlaybackId, Moment>> {
    let last: Vec<(PlaybackId, Moment)> = presence_check::Entity::find()
        .select_only()
        .column(presence_check::Column::PlaybackId)
        .column_as(presence_check::Column::AskedAt.max(), "asked_at")
        .filter(presence_check::Column::PlaybackId.is_in(rooms))
        .group_by(presence_check::Column::PlaybackId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(last.into_iter().collect())
}

/// Draws names for these rooms; answers for how many. `pick(n)` gives a number below `n`, at random.
///
/// A room that somebody else drew for meanwhile, or that has closed, is left alone.
///
/// # Errors
/// When the database fails.
pub async fn draw(
    db: &DatabaseConnection,
    rooms: &[Running],
    mut pick: impl FnMut(usize) -> usize,
    now: Moment,
) -> Result<u64> {
    let mut drawn = 0;
    for chunk in rooms.chunks(AT_ONCE) {
        let txn = entity::writing::begin(db).await?;
        for room in chunk {
            drawn += u64::from(draw_for(&txn, room, &mut pick, now).await?);
        }
        txn.commit().await?;
    }
    Ok(drawn)
}

async fn draw_for(
    txn: &DatabaseTransaction,
    room: &Running,
    pick: &mut impl FnMut(usize) -> usize,
    now: Moment,
) -> Result<bool> {
    let row = session::locked(txn, room.id).await?;
    let before = of(txn, room.id).await?;
    let last = before.iter().map(|check| check.asked_at).max();
    if row.closed_at.is_some() || last.is_some_and(|last| last > room.since) {
        return Ok(false);
    }
    let lately: Vec<_> =
        before.iter().filter(|check| Some(check.asked_at) == last).map(|check| check.person_id).collect();
    let names = names(&presence::people_in(txn, room.id).await?, &lately, pick);
    let asked = !names.is_empty();
    for person_id in names {
        check_row(room.id, person_id, now).insert(txn).await?;
    }
    Ok(asked)
}

fn check_row(room: PlaybackId, person_id: PersonId, now: Moment) -> presence_check::ActiveModel {
    presence_check::ActiveModel {
        id: NotSet,
        playback_id: Set(room),
        person_id: Set(person_id),
        asked_at: Set(now),
        present: Set(None),
        answered_by: Set(None),
        answered_at: Set(None),
    }
}

/// Three of those present, each as likely; those drawn last come again only when there are too few others.
fn names(present: &[PersonId], lately: &[PersonId], pick: &mut impl FnMut(usize) -> usize) -> Vec<PersonId> {
    let (mut again, mut fresh): (Vec<_>, Vec<_>) = present.iter().copied().partition(|who| lately.contains(who));
    let mut names = Vec::with_capacity(NAMES);
    while names.len() < NAMES {
        let pool = if fresh.is_empty() { &mut again } else { &mut fresh };
        if pool.is_empty() {
            break;
        }
        names.push(pool.swap_remove(pick(pool.len()).min(pool.len() - 1)));
    }
    names
}

/// Notes what the site manager says of a drawn name, `ago_ms` ago. It may be changed until the session is over.
///
/// # Errors
/// [`Error::UnknownCheck`], and those of the room.
pub async fn answer(
    db: &DatabaseConnection,
    (room, check): (PlaybackId, PresenceCheckId),
    (present, ago_ms): (bool, i64),
    by: AccountId,
    now: Moment,
) -> Result<Confidence> {
    let txn = entity::writing::begin(db).await?;
    let row = session::locked(&txn, room).await?;
    check_open_room(&row, by)?;
    let known = presence_check::Entity::find_by_id(check).one(&txn).await?;
    let known = known.filter(|known| known.playback_id == room).ok_or(Error::UnknownCheck(check))?;
    if known.present != Some(present) {
        let said = presence_check::ActiveModel {
            id: Set(check),
            present: Set(Some(present)),
            answered_by: Set(Some(by)),
            answered_at: Set(Some(super::happened_at(known.asked_at, ago_ms, now))),
            ..Default::default()
        };
        said.update(&txn).await?;
    }
    let confidence = confidence(&of(&txn, room).await?);
    txn.commit().await?;
    Ok(confidence)
}

/// The names drawn in a session, in order.
///
/// # Errors
/// When the database fails.
pub async fn of(db: &impl ConnectionTrait, room: PlaybackId) -> Result<Vec<presence_check::Model>> {
    let checks = presence_check::Entity::find().filter(presence_check::Column::PlaybackId.eq(room));
    Ok(checks.order_by_asc(presence_check::Column::Id).all(db).await?)
}

#[cfg(test)]
mod tests;
