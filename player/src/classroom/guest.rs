//! Guests: people in the room who are not on its roll, written down by name or only counted.
//!
//! Owns the rows of `guest`. Who a guest turns out to be is [`matching`]'s.

pub mod matching;

use super::{audit, happened_at};
use crate::{Error, Result, session};
use entity::{AccountId, GuestId, Moment, PlaybackId, PlaybackMode, Verb, guest, playback};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait,
    IntoActiveModel, NotSet, QueryFilter, QueryOrder, QuerySelect, Set,
};

/// The most guests one session notes.
pub const MOST_GUESTS: usize = 200;

/// A guest who was only counted is called by this and a number, until somebody names them.
const UNNAMED: &str = "来宾";

/// Who a guest is, as told. Made by [`Told::parse`] only, so it is never too long and holds no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    name: String,
    place: String,
    phone: Option<String>,
}

impl Told {
    /// What was typed.
    ///
    /// # Errors
    /// [`Error::BadGuest`] with the field that is wrong.
    pub fn parse(name: &str, place: &str, phone: &str) -> Result<Self> {
        let (name, place) = (name.trim(), place.trim());
        let phone: String = phone.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if name.is_empty() || name.chars().count() > 40 || name.chars().any(char::is_control) {
            return Err(Error::BadGuest("姓名须为 1 到 40 个字"));
        }
        if place.chars().count() > 60 || place.chars().any(char::is_control) {
            return Err(Error::BadGuest("村组最多 60 个字"));
        }
        let digits = phone.strip_prefix('+').unwrap_or(&phone);
        if !phone.is_empty() && (!(5..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit())) {
            return Err(Error::BadGuest("电话须为 5 到 15 位数字"));
        }
        let phone = Some(phone).filter(|phone| !phone.is_empty());
        Ok(Self { name: name.to_owned(), place: place.to_owned(), phone })
    }
}

/// Writes down a guest of a session, running or over; one who stands there in the same words is not written twice.
///
/// A guest added once the session is over was there from its start to its end. Whether `by` may is the caller's question.
///
/// # Errors
/// [`Error::UnknownPlayback`], [`Error::NotAClassroom`], [`Error::TooManyGuests`].
pub async fn add(
    db: &DatabaseConnection,
    room: PlaybackId,
    told: Told,
    by: AccountId,
    now: Moment,
) -> Result<guest::Model> {
    let txn = entity::writing::begin(db).await?;
    let row = group(&txn, room).await?;
    let known = of(&txn, room).await?;
    let twin = known.iter().find(|g| g.name == told.name && g.place == told.place && g.phone == told.phone);
    if let Some(twin) = twin {
        return Ok(twin.clone());
    }
    check_room_for(known.len() + 1)?;
    let arrived = if row.closed_at.is_some() { row.started_at } else { now };
    let guest = new_row(room, told, (arrived, row.closed_at), by).insert(&txn).await?;
    audit::note(&txn, (by, now), Verb::GuestAdd, format!("guest:{}", guest.id), format!("playback:{room}")).await?;
    txn.commit().await?;
    Ok(guest)
}

/// Makes the number of unnamed guests in the room this many, `ago_ms` ago: the television counts them by arrows.
///
/// The same number again changes nothing. Of more come new ones; of fewer the newest go. Answers how many guests,
/// named or not, are in the room.
///
/// # Errors
/// [`Error::TooManyGuests`], and those of a room that is not the caller's, or closed.
pub async fn count_unnamed(
    db: &DatabaseConnection,
    room: PlaybackId,
    (count, ago_ms): (usize, i64),
    by: AccountId,
    now: Moment,
) -> Result<usize> {
    let txn = entity::writing::begin(db).await?;
    let row = session::locked(&txn, room).await?;
    super::check_open_room(&row, by)?;
    let at = happened_at(row.started_at, ago_ms, now);
    let known = of(&txn, room).await?;
    let here: Vec<_> = known.iter().filter(|guest| is_unnamed(guest) && guest.left_at.is_none()).collect();
    check_room_for(known.len() + count.saturating_sub(here.len()))?;
    for number in here.len()..count {
        let name = format!("{UNNAMED} {}", known.len() + 1 + number - here.len());
        let told = Told { name, place: String::new(), phone: None };
        new_row(room, told, (at, None), by).insert(&txn).await?;
    }
    for gone in here.iter().skip(count) {
        leave_row(gone, at).update(&txn).await?;
    }
    let present = of(&txn, room).await?.iter().filter(|guest| guest.left_at.is_none()).count();
    txn.commit().await?;
    Ok(present)
}

/// Whether a guest was only counted, not named.
pub fn is_unnamed(guest: &guest::Model) -> bool {
    let number = guest.name.strip_prefix(UNNAMED).map(str::trim);
    guest.place.is_empty() && guest.phone.is_none() && number.is_some_and(|n| n.parse::<u32>().is_ok())
}

fn check_room_for(count: usize) -> Result<()> {
    if count > MOST_GUESTS { Err(Error::TooManyGuests { most: MOST_GUESTS }) } else { Ok(()) }
}

/// Notes what a guest is called, where from, which phone.
///
/// # Errors
/// [`Error::UnknownGuest`].
pub async fn name(db: &DatabaseConnection, id: GuestId, told: Told, by: AccountId, now: Moment) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    let guest = guest(&txn, id).await?;
    let mut row = guest.clone().into_active_model();
    (row.name, row.place, row.phone) = (Set(told.name), Set(told.place), Set(told.phone));
    let named = row.update(&txn).await?;
    let detail = format!("{} → {}", guest.name, named.name);
    audit::note(&txn, (by, now), Verb::GuestName, format!("guest:{id}"), detail).await?;
    txn.commit().await?;
    Ok(())
}

/// The guest with this id.
///
/// # Errors
/// [`Error::UnknownGuest`].
pub async fn guest(db: &impl ConnectionTrait, id: GuestId) -> Result<guest::Model> {
    guest::Entity::find_by_id(id).one(db).await?.ok_or(Error::UnknownGuest(id))
}

/// The guests of a session, in the order they were written down.
///
/// # Errors
/// When the database fails.
pub async fn of(db: &impl ConnectionTrait, room: PlaybackId) -> Result<Vec<guest::Model>> {
    let guests = guest::Entity::find().filter(guest::Column::PlaybackId.eq(room));
    Ok(guests.order_by_asc(guest::Column::Id).limit(2 * MOST_GUESTS as u64).all(db).await?)
}

async fn group(txn: &DatabaseTransaction, room: PlaybackId) -> Result<playback::Model> {
    let row = session::locked(txn, room).await?;
    if row.mode == PlaybackMode::Group { Ok(row) } else { Err(Error::NotAClassroom(room)) }
}

fn new_row(
    room: PlaybackId,
    told: Told,
    (arrived, left): (Moment, Option<Moment>),
    by: AccountId,
) -> guest::ActiveModel {
    guest::ActiveModel {
        id: NotSet,
        playback_id: Set(room),
        name: Set(told.name),
        place: Set(told.place),
        phone: Set(told.phone),
        arrived_at: Set(arrived),
        left_at: Set(left),
        marked_by: Set(Some(by)),
        person_id: Set(None),
        merged_by: Set(None),
        merged_at: Set(None),
    }
}

fn leave_row(guest: &guest::Model, at: Moment) -> guest::ActiveModel {
    guest::ActiveModel { id: Set(guest.id), left_at: Set(Some(at.max(guest.arrived_at))), ..Default::default() }
}

#[cfg(test)]
mod tests;
