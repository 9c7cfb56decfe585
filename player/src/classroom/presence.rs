//! Stays in a room: rows of `presence`.
//!
//! A stay is open until its person leaves or the room closes. Decides nothing about who may come; see the parent.

use super::Attendance;
use super::doors::Doors;
use crate::Result;
use entity::{AccountId, MarkedHow, Moment, PersonId, PlaybackId, presence};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, NotSet, PaginatorTrait, QueryFilter, QuerySelect, Set,
};

/// Opens a stay for each of these people, none of whom is in the room.
pub(crate) async fn arrive(
    db: &impl ConnectionTrait,
    room: PlaybackId,
    people: &[PersonId],
    by: AccountId,
    now: Moment,
) -> Result<()> {
    let stays = people.iter().map(|&who| stay(room, who, (now, None), by, MarkedHow::Roll)).collect();
    put(db, stays).await
}

/// Notes that a person came or went; what was noted before and later is put in order around it.
pub(crate) async fn record(
    db: &impl ConnectionTrait,
    room: PlaybackId,
    who: PersonId,
    (what, at): (Attendance, Moment),
    (by, how): (AccountId, MarkedHow),
) -> Result<()> {
    let rows =
        presence::Entity::find().filter(of(room, who)).filter(presence::Column::GuestId.is_null()).all(db).await?;
    let mut doors = Doors::of(rows.iter().map(|row| (row.arrived_at.0, row.left_at.map(|left| left.0))));
    if what == Attendance::Leave {
        end_as_guest(db, room, who, at).await?;
    }
    if !doors.note(what, at.0) {
        return Ok(());
    }
    let told = |stay: &(i64, Option<i64>)| {
        rows.iter().any(|row| row.arrived_at.0 == stay.0 && row.left_at.map(|left| left.0) == stay.1)
    };
    let changed = doors.stays().into_iter().filter(|stay| !told(stay));
    let changed = changed.map(|(from, to)| stay(room, who, (Moment(from), to.map(Moment)), by, how)).collect();
    put(db, changed).await
}

/// Writes stays; one that begins when another of the same person does takes its place.
pub(super) async fn put(db: &impl ConnectionTrait, stays: Vec<presence::ActiveModel>) -> Result<()> {
    if stays.is_empty() {
        return Ok(());
    }
    let key = [presence::Column::PlaybackId, presence::Column::PersonId, presence::Column::ArrivedAt];
    let again = OnConflict::columns(key).update_column(presence::Column::LeftAt).to_owned();
    presence::Entity::insert_many(stays).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

/// A stay by the roll.
pub(super) fn stay(
    room: PlaybackId,
    who: PersonId,
    (arrived, left): (Moment, Option<Moment>),
    by: AccountId,
    how: MarkedHow,
) -> presence::ActiveModel {
    presence::ActiveModel {
        id: NotSet,
        playback_id: Set(room),
        person_id: Set(who),
        arrived_at: Set(arrived),
        left_at: Set(left),
        marked_by: Set(Some(by)),
        marked_how: Set(how),
        guest_id: Set(None),
    }
}

/// Who was a guest and goes out goes out as a guest, too.
async fn end_as_guest(db: &impl ConnectionTrait, room: PlaybackId, who: PersonId, at: Moment) -> Result<()> {
    presence::Entity::update_many()
        .col_expr(presence::Column::LeftAt, Expr::value(at))
        .filter(of(room, who))
        .filter(presence::Column::GuestId.is_not_null())
        .filter(presence::Column::LeftAt.is_null())
        .filter(presence::Column::ArrivedAt.lte(at))
        .exec(db)
        .await?;
    Ok(())
}

/// Ends every open stay at `end`; who came in later than that has an empty stay.
pub(crate) async fn end_all(db: &impl ConnectionTrait, room: PlaybackId, end: Moment) -> Result<()> {
    let open = presence::Entity::update_many()
        .filter(presence::Column::PlaybackId.eq(room))
        .filter(presence::Column::LeftAt.is_null());
    open.clone()
        .col_expr(presence::Column::LeftAt, Expr::value(end))
        .filter(presence::Column::ArrivedAt.lte(end))
        .exec(db)
        .await?;
    open.col_expr(presence::Column::LeftAt, Expr::col(presence::Column::ArrivedAt)).exec(db).await?;
    Ok(())
}

/// Who is in the room, each once, in order.
pub(crate) async fn people_in(db: &impl ConnectionTrait, room: PlaybackId) -> Result<Vec<PersonId>> {
    let open = presence::Entity::find().select_only().column(presence::Column::PersonId).filter(open_in(room));
    let mut people: Vec<PersonId> = open.into_tuple().all(db).await?;
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// Whether a person is in the room.
pub(crate) async fn is_in(db: &impl ConnectionTrait, room: PlaybackId, who: PersonId) -> Result<bool> {
    let stay = presence::Entity::find().filter(open_in(room)).filter(presence::Column::PersonId.eq(who));
    Ok(stay.one(db).await?.is_some())
}

/// How many are in the room.
pub(crate) async fn count(db: &impl ConnectionTrait, room: PlaybackId) -> Result<u64> {
    let open = presence::Entity::find().select_only().column(presence::Column::PersonId).filter(open_in(room));
    Ok(open.distinct().count(db).await?)
}

fn of(room: PlaybackId, who: PersonId) -> Condition {
    Condition::all().add(presence::Column::PlaybackId.eq(room)).add(presence::Column::PersonId.eq(who))
}

fn open_in(room: PlaybackId) -> Condition {
    Condition::all().add(presence::Column::PlaybackId.eq(room)).add(presence::Column::LeftAt.is_null())
}
