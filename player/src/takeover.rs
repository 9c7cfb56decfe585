//! One live session a person.
//!
//! Owns the rule that whoever begins to watch, or sits down in a room, thereby ends what they were watching elsewhere:
//! their other solo sessions are superseded, and their stays in other rooms end. So nobody's minutes are counted twice.

use crate::{Error, Result};
use entity::{Moment, PersonId, PlaybackId, PlaybackMode, person, playback, presence};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Stops what these people (each once, in order) watch anywhere but in `room`; answers the room's row, locked.
///
/// The people are locked first, so that two beginnings at once see each other, and the playbacks then in the order of
/// their ids, as the recorder does, so that the two never wait for each other in a ring. What was begun after `before`
/// goes on: who sat down an hour ago, as is told only now, may have begun something since.
///
/// # Errors
/// [`Error::UnknownPerson`], and [`Error::UnknownPlayback`] for the room.
pub(crate) async fn stop_elsewhere(
    txn: &DatabaseTransaction,
    people: &[PersonId],
    before: Option<Moment>,
    room: Option<PlaybackId>,
    now: Moment,
) -> Result<Option<playback::Model>> {
    lock_people(txn, people).await?;
    let live_solo = Condition::all()
        .add(playback::Column::PersonId.is_in(people.iter().copied()))
        .add(playback::Column::Mode.eq(PlaybackMode::Solo))
        .add(playback::Column::ClosedAt.is_null())
        .add(playback::Column::SupersededAt.is_null())
        .add_option(before.map(|before| playback::Column::StartedAt.lte(before)));
    let this_room = room.map(|id| playback::Column::Id.eq(id));
    let rows = playback::Entity::find()
        .filter(Condition::any().add(live_solo).add_option(this_room))
        .order_by_asc(playback::Column::Id)
        .lock_exclusive()
        .all(txn)
        .await?;
    let (mut here, elsewhere): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| Some(row.id) == room);
    supersede(txn, elsewhere.iter().map(|row| row.id).collect(), now).await?;
    leave_other_rooms(txn, people, room, now).await?;
    match (here.pop(), room) {
        (None, Some(id)) => Err(Error::UnknownPlayback(id)),
        (row, _) => Ok(row),
    }
}

async fn lock_people(txn: &DatabaseTransaction, people: &[PersonId]) -> Result<()> {
    let known: Vec<PersonId> = person::Entity::find()
        .select_only()
        .column(person::Column::Id)
        .filter(person::Column::Id.is_in(people.iter().copied()))
        .order_by_asc(person::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(txn)
        .await?;
    match people.iter().find(|id| known.binary_search(id).is_err()) {
        Some(stranger) => Err(Error::UnknownPerson(*stranger)),
        None => Ok(()),
    }
}

async fn supersede(txn: &DatabaseTransaction, sessions: Vec<PlaybackId>, now: Moment) -> Result<()> {
    if sessions.is_empty() {
        return Ok(());
    }
    playback::Entity::update_many()
        .col_expr(playback::Column::SupersededAt, Expr::value(now))
        .filter(playback::Column::Id.is_in(sessions))
        .exec(txn)
        .await?;
    Ok(())
}

async fn leave_other_rooms(
    txn: &DatabaseTransaction,
    people: &[PersonId],
    room: Option<PlaybackId>,
    now: Moment,
) -> Result<()> {
    let mut update = presence::Entity::update_many()
        .col_expr(presence::Column::LeftAt, Expr::value(now))
        .filter(presence::Column::PersonId.is_in(people.iter().copied()))
        .filter(presence::Column::ArrivedAt.lte(now))
        .filter(presence::Column::LeftAt.is_null());
    if let Some(room) = room {
        update = update.filter(presence::Column::PlaybackId.ne(room));
    }
    update.exec(txn).await?;
    Ok(())
}
