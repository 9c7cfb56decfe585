//! Where else a person was at some time: watching alone, or sitting in another room.
//!
//! Presence that is told of later (a press that waited for the link, a guest found to be somebody) must not count the
//! same hour twice, so it is cut by this.

use crate::Result;
use crate::spans::Spans;
use entity::{Moment, PersonId, PlaybackId, PlaybackMode, beat, playback, presence};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

/// When, between `from` and `to`, this person was counted anywhere but in `room`.
pub(super) async fn of(
    db: &impl ConnectionTrait,
    who: PersonId,
    room: PlaybackId,
    (from, to): (Moment, Moment),
) -> Result<Spans> {
    let mut spans = Spans::default();
    for (began, ended) in alone(db, who, from, to).await? {
        spans.insert(began.0.max(from.0), ended.0.min(to.0));
    }
    for (began, ended) in in_rooms(db, who, room, from, to).await? {
        spans.insert(began.0.max(from.0), ended.unwrap_or(to).0.min(to.0));
    }
    Ok(spans)
}

/// Without a beat for so long nobody is watching.
const SILENT_MS: i64 = 90_000;

/// Whether this person is watching alone, or sitting in another room, at this moment.
pub(super) async fn is_now(db: &impl ConnectionTrait, who: PersonId, room: PlaybackId, now: Moment) -> Result<bool> {
    let alone = playback::Entity::find()
        .filter(playback::Column::PersonId.eq(who))
        .filter(playback::Column::Mode.eq(PlaybackMode::Solo))
        .filter(playback::Column::ClosedAt.is_null())
        .filter(playback::Column::SupersededAt.is_null())
        .filter(playback::Column::LastBeatAt.gte(now.plus_ms(-SILENT_MS)));
    let seated = presence::Entity::find()
        .filter(presence::Column::PersonId.eq(who))
        .filter(presence::Column::PlaybackId.ne(room))
        .filter(presence::Column::LeftAt.is_null());
    Ok(alone.one(db).await?.is_some() || seated.one(db).await?.is_some())
}

async fn alone(db: &impl ConnectionTrait, who: PersonId, from: Moment, to: Moment) -> Result<Vec<(Moment, Moment)>> {
    let sessions: Vec<PlaybackId> = playback::Entity::find()
        .select_only()
        .column(playback::Column::Id)
        .filter(playback::Column::PersonId.eq(who))
        .filter(playback::Column::Mode.eq(PlaybackMode::Solo))
        .filter(playback::Column::StartedAt.lt(to))
        .filter(playback::Column::LastBeatAt.gt(from))
        .into_tuple()
        .all(db)
        .await?;
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    use sea_orm::sea_query::ExprTrait; // here only: its `min` and `max` hide those of numbers
    let beats = beat::Entity::find()
        .select_only()
        .columns([beat::Column::WallFrom, beat::Column::WallTo])
        .filter(beat::Column::PlaybackId.is_in(sessions))
        .filter(beat::Column::SpanToMs.into_expr().gt(beat::Column::SpanFromMs.into_expr()))
        .filter(beat::Column::WallTo.gt(from))
        .filter(beat::Column::WallFrom.lt(to));
    Ok(beats.into_tuple().all(db).await?)
}

async fn in_rooms(
    db: &impl ConnectionTrait,
    who: PersonId,
    room: PlaybackId,
    from: Moment,
    to: Moment,
) -> Result<Vec<(Moment, Option<Moment>)>> {
    let until = Condition::any().add(presence::Column::LeftAt.is_null()).add(presence::Column::LeftAt.gt(from));
    let stays = presence::Entity::find()
        .select_only()
        .columns([presence::Column::ArrivedAt, presence::Column::LeftAt])
        .filter(presence::Column::PersonId.eq(who))
        .filter(presence::Column::PlaybackId.ne(room))
        .filter(presence::Column::ArrivedAt.lt(to))
        .filter(until);
    Ok(stays.into_tuple().all(db).await?)
}
