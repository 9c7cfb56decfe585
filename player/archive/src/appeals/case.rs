//! Everything a decider looks at: the entry, its corrections, what the player told, and who was in the room.

use super::{Reach, grantable_ms, list};
use crate::record::{self, EntryRow};
use crate::{Error, Result, flags, merges, names};
use entity::{
    AppealId, MarkedHow, Moment, PersonId, PlaybackId, PlaybackMode, Reason, UnitId, appeal, beat, ledger_entry,
    playback, presence,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// An appeal, or an entry that waits without one, with all that speaks for or against it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The appeal; `None` while the entry only waits because a clock was wrong.
    pub appeal: Option<appeal::Model>,
    /// Whose case it is.
    pub person_id: PersonId,
    /// Their name.
    pub person: String,
    /// Their roster number.
    pub code: String,
    /// The unit of the entry.
    pub unit_id: UnitId,
    /// Who decided it, by name.
    pub decided_by: Option<String>,
    /// The entry.
    pub entry: EntryRow,
    /// Its corrections so far.
    pub corrections: Vec<EntryRow>,
    /// Other appeals against it.
    pub others: Vec<appeal::Model>,
    /// The most that can be given back, by an assessor.
    pub most_ms: i64,
    /// The most of it that waits because a clock was wrong.
    pub most_clock_ms: i64,
    /// The session it was earned in; `None` for a class.
    pub session: Option<Session>,
}

/// A session as a decider reads it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: PlaybackId,
    /// Alone or in a room.
    pub mode: PlaybackMode,
    /// Who worked the player.
    pub operator: String,
    /// When it began.
    pub began_at: Moment,
    /// When it ended.
    pub ended_at: Option<Moment>,
    /// The lesson's length.
    pub duration_ms: i64,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// More happened than is listed.
    pub more: bool,
    /// Who was in the room.
    pub people: Vec<InRoom>,
    /// Its bytes were neither served nor declared cached.
    pub unserved: bool,
}

/// A stretch of watching, or something lost at one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// From when.
    pub from: Moment,
    /// Until when.
    pub to: Moment,
    /// From where to where in the lesson; where the playhead stood when something was lost.
    pub media: (i64, i64),
    /// Why this does not count, and how much.
    pub lost: Option<(Reason, i64)>,
}

/// A stay in the room.
#[derive(Clone, Debug)]
pub struct InRoom {
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// From when.
    pub arrived_at: Moment,
    /// Until when; `None` until the end.
    pub left_at: Option<Moment>,
    /// In which way it was written down.
    pub how: MarkedHow,
}

/// Beats read, steps shown and stays shown at most: a session of a day has 5,760 beats of 15 s.
const BEATS: u64 = 6_000;
const STEPS: usize = 200;
const STAYS: u64 = 600;

/// Watching goes on where it was left off when no more than this lies between two beats.
const SEAM_MS: i64 = 3_000;

/// The case of an appeal within this reach.
///
/// # Errors
/// [`Error::NoSuchAppeal`] when there is none, or none within reach.
pub async fn case(db: &impl ConnectionTrait, reach: &Reach, id: AppealId) -> Result<Case> {
    let found = list::one(db, reach, id).await?;
    let seq = found.entry_seq;
    let row = ledger_entry::Entity::find_by_id(seq).one(db).await?.ok_or(Error::NoSuchEntry(seq))?;
    of_entry(db, row, Some(found)).await
}

/// The case of an entry, by this appeal or without any.
pub(super) async fn of_entry(
    db: &impl ConnectionTrait,
    row: ledger_entry::Model,
    appeal: Option<appeal::Model>,
) -> Result<Case> {
    let seq = row.seq;
    let person_id = match &appeal {
        Some(appeal) => appeal.person_id,
        None => merges::kept(db, row.person_id).await?,
    };
    let (person, code) = names::of_people(db, [person_id].into()).await?.remove(&person_id).unwrap_or_default();
    let decided_by = appeal.as_ref().and_then(|appeal| appeal.decided_by);
    let deciders = names::of_accounts(db, decided_by.into_iter().collect()).await?;
    let (entry, corrections) = record::entry(db, seq).await?;
    let mut others = list::of_entries(db, &[seq]).await?.remove(&seq).unwrap_or_default();
    others.retain(|other| appeal.as_ref().is_none_or(|appeal| other.id != appeal.id));
    Ok(Case {
        person_id,
        person,
        code: entity::person::masked(&code),
        unit_id: row.unit_id,
        decided_by: decided_by.and_then(|by| deciders.get(&by).cloned()),
        entry,
        corrections,
        others,
        most_ms: grantable_ms(db, &row, false).await?,
        most_clock_ms: grantable_ms(db, &row, true).await?,
        session: match row.playback_id {
            Some(playback) => session(db, playback).await?,
            None => None,
        },
        appeal,
    })
}

async fn session(db: &impl ConnectionTrait, id: PlaybackId) -> Result<Option<Session>> {
    let Some(row) = playback::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let beats = beat::Entity::find()
        .filter(beat::Column::PlaybackId.eq(id))
        .order_by_asc(beat::Column::Seq)
        .limit(BEATS)
        .all(db)
        .await?;
    let mut steps = steps(&beats);
    let more = steps.len() > STEPS;
    steps.truncate(STEPS);
    let operators = names::of_accounts(db, [row.account_id].into()).await?;
    Ok(Some(Session {
        id,
        mode: row.mode,
        operator: operators.get(&row.account_id).cloned().unwrap_or_default(),
        began_at: row.started_at,
        ended_at: row.closed_at,
        duration_ms: row.duration_ms,
        steps,
        more,
        people: in_room(db, id).await?,
        unserved: flags::unserved(db, [id]).await?.contains(&id),
    }))
}

async fn in_room(db: &impl ConnectionTrait, id: PlaybackId) -> Result<Vec<InRoom>> {
    let stays = presence::Entity::find()
        .filter(presence::Column::PlaybackId.eq(id))
        .order_by_asc(presence::Column::ArrivedAt)
        .order_by_asc(presence::Column::Id)
        .limit(STAYS)
        .all(db)
        .await?;
    let people = names::of_people(db, stays.iter().map(|stay| stay.person_id).collect()).await?;
    let stay = |stay: presence::Model| InRoom {
        person_id: stay.person_id,
        name: people.get(&stay.person_id).map(|(name, _)| name.clone()).unwrap_or_default(),
        arrived_at: stay.arrived_at,
        left_at: stay.left_at,
        how: stay.marked_how,
    };
    Ok(stays.into_iter().map(stay).collect())
}

/// Beats told in few lines: watching that goes on is one, and so is what is lost again and again for one reason.
fn steps(beats: &[beat::Model]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for beat in beats {
        let media = (beat.span_from_ms, beat.span_to_ms);
        if media.0 < media.1 {
            add(&mut steps, Step { from: beat.wall_from, to: beat.wall_to, media, lost: None });
        }
        if beat.reason_ms > 0 {
            let reason = beat.reason.unwrap_or(Reason::OverWall);
            let media = (beat.position_ms, beat.position_ms);
            add(&mut steps, Step { from: beat.wall_to, to: beat.wall_to, media, lost: Some((reason, beat.reason_ms)) });
        }
    }
    steps
}

fn add(steps: &mut Vec<Step>, next: Step) {
    if let Some(last) = steps.last_mut() {
        match (&mut last.lost, &next.lost) {
            (None, None) if last.media.1 == next.media.0 && next.from.since(last.to) <= SEAM_MS => {
                (last.to, last.media.1) = (next.to, next.media.1);
                return;
            }
            (Some((reason, ms)), Some((same, more))) if reason == same => {
                *ms = ms.saturating_add(*more);
                (last.to, last.media.1) = (next.to, next.media.1);
                return;
            }
            _ => {}
        }
    }
    steps.push(next);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{START, Seconds, at, beat_model, watched};

    fn beats(told: &[Seconds]) -> Vec<beat::Model> {
        (1..).zip(told).map(|(seq, told)| beat_model(PlaybackId(1), seq, START, told)).collect()
    }

    #[test]
    fn beats_are_told_in_few_lines_and_nothing_is_left_out() {
        let jump = |wall: i64, to: i64, lost: i64| Seconds {
            wall: (wall, wall),
            media: (to, to),
            lost: Some((Reason::SeekUnseen, lost)),
        };
        let told = [
            watched((0, 15), (0, 15)),
            watched((15, 30), (15, 30)),
            jump(31, 100, 70),
            jump(32, 150, 50),
            watched((32, 40), (150, 158)),
            watched((100, 110), (158, 168)), // after a pause of a minute
        ];
        let steps = steps(&beats(&told));
        let lines: Vec<_> = steps.iter().map(|step| (step.from, step.to, step.media, step.lost)).collect();
        let expected = [
            (at(0), at(30), (0, 30_000), None),
            (at(31), at(32), (100_000, 150_000), Some((Reason::SeekUnseen, 120_000))),
            (at(32), at(40), (150_000, 158_000), None),
            (at(100), at(110), (158_000, 168_000), None),
        ];
        assert_eq!(lines, expected);
        let claimed: i64 = beats(&told).iter().map(|beat| beat.claimed_ms).sum();
        let told_ms: i64 = steps.iter().map(|step| step.lost.map_or(step.media.1 - step.media.0, |(_, ms)| ms)).sum();
        assert_eq!(told_ms, claimed);
    }
}
