//! Stays in a room: rows of `presence`.
//!
//! A stay is open until its person leaves or the room closes. Decides nothing about who may come; see the parent.

use crate::Result;
use entity::{AccountId, Moment, PersonId, PlaybackId, presence};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, NotSet, PaginatorTrait, QueryFilter, Set};

/// Opens a stay for each of these people, none of whom is in the room.
pub(crate) async fn arrive(
    db: &impl ConnectionTrait,
    room: PlaybackId,
    people: &[PersonId],
    by: AccountId,
    now: Moment,
) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let stays = people.iter().map(|&person_id| presence::ActiveModel {
        id: NotSet,
        playback_id: Set(room),
        person_id: Set(person_id),
        arrived_at: Set(now),
        left_at: Set(None),
        marked_by: Set(Some(by)),
    });
    // Who came, left and came back within one millisecond is simply here.
    let key = [presence::Column::PlaybackId, presence::Column::PersonId, presence::Column::ArrivedAt];
    let back = OnConflict::columns(key).update_column(presence::Column::LeftAt).to_owned();
    presence::Entity::insert_many(stays).on_conflict(back).exec_without_returning(db).await?;
    Ok(())
}

/// Ends the open stay of a person, if there is one.
pub(crate) async fn leave(db: &impl ConnectionTrait, room: PlaybackId, who: PersonId, now: Moment) -> Result<()> {
    presence::Entity::update_many()
        .col_expr(presence::Column::LeftAt, Expr::value(now))
        .filter(presence::Column::PlaybackId.eq(room))
        .filter(presence::Column::PersonId.eq(who))
        .filter(presence::Column::LeftAt.is_null())
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

/// Whether a person is in the room.
pub(crate) async fn is_in(db: &impl ConnectionTrait, room: PlaybackId, who: PersonId) -> Result<bool> {
    let stay = presence::Entity::find()
        .filter(presence::Column::PlaybackId.eq(room))
        .filter(presence::Column::PersonId.eq(who))
        .filter(presence::Column::LeftAt.is_null());
    Ok(stay.one(db).await?.is_some())
}

/// How many are in the room.
pub(crate) async fn count(db: &impl ConnectionTrait, room: PlaybackId) -> Result<u64> {
    let open = presence::Entity::find()
        .filter(presence::Column::PlaybackId.eq(room))
        .filter(presence::Column::LeftAt.is_null());
    Ok(open.count(db).await?)
}
