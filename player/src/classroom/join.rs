//! Coming into a room with a telephone of one's own: by the code on its screen.
//!
//! Whatever is wrong (the code, the room, the place), the answer is the same, so that nothing is learnt by trying.

use super::{Attendance, Mark, mark};
use crate::{Error, Result};
use entity::rotating_code::{Codes, Door};
use entity::{
    AccountId, MarkedHow, Moment, PersonId, PlaybackId, PlaybackMode, Scope, UnitLevel, org_unit, playback, scope,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// Who wants to come in.
#[derive(Clone, Copy, Debug)]
pub struct Joiner<'a> {
    /// Who.
    pub person_id: PersonId,
    /// Their account.
    pub account_id: AccountId,
    /// The path of the unit they belong to.
    pub unit_path: &'a str,
}

/// Marks somebody present in the room whose code they give; answers the room.
///
/// A room is looked for only in the joiner's own township, and at the units above it that run classes for everybody
/// below. `room` is the one the picture on the screen names; without it the digits decide.
///
/// # Errors
/// [`Error::WrongCode`] for whatever does not fit, and those of [`mark`].
pub async fn by_code(
    db: &DatabaseConnection,
    codes: &Codes,
    joiner: Joiner<'_>,
    (room, typed): (Option<PlaybackId>, &str),
    now: Moment,
) -> Result<playback::Model> {
    let open = open_rooms(db, joiner.unit_path, room).await?;
    let mut fitting: Vec<_> = open.into_iter().filter(|row| codes.fits(Door::Room(row.id), typed, now)).collect();
    let found = fitting.pop().ok_or(Error::WrongCode)?;
    if !fitting.is_empty() {
        return Err(Error::WrongCode); // two rooms show the same digits, once in a while: the next ones differ
    }
    let coming = Mark { who: joiner.person_id, what: Attendance::Arrive, how: MarkedHow::Code, ago_ms: 0 };
    match mark(db, found.id, coming, joiner.account_id, now).await {
        Err(Error::Closed(_)) => Err(Error::WrongCode), // it closed meanwhile
        Err(other) => Err(other),
        Ok(_) => Ok(found),
    }
}

/// More open rooms than a township has villages and hamlets.
const MOST_ROOMS: u64 = 2000;

async fn open_rooms(
    db: &impl ConnectionTrait,
    unit_path: &str,
    room: Option<PlaybackId>,
) -> Result<Vec<playback::Model>> {
    let above = scope::ancestors_of(unit_path);
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(above.iter().copied())).all(db).await?;
    let township = units.iter().find(|unit| unit.level == UnitLevel::Township);
    let around = Scope::of([township.map_or(unit_path, |unit| unit.path.as_str()).to_owned()]);
    let near = Condition::any()
        .add(around.reaches((playback::Entity, playback::Column::UnitId)))
        .add(playback::Column::UnitId.is_in(above));
    let open = playback::Entity::find()
        .filter(playback::Column::ClosedAt.is_null())
        .filter(playback::Column::Mode.eq(PlaybackMode::Group))
        .filter(Condition::all().add_option(room.map(|id| playback::Column::Id.eq(id))))
        .filter(near)
        .order_by_desc(playback::Column::Id)
        .limit(MOST_ROOMS);
    Ok(open.all(db).await?)
}
