//! The life of a playback session: it begins, perhaps where an older one stopped, and it ends.
//!
//! What happens in between are beats, see [`crate::recorder`]. Whether the lesson may be seen is the caller's question.

mod silent;

pub use silent::close_stale;

use crate::classroom::{MOST_PEOPLE, presence};
use crate::totals::Progress;
use crate::{Error, Result, beat, takeover};
use entity::{
    AccountId, LessonId, Moment, PersonId, PlaybackId, PlaybackMode, UnitId, lesson, media, person_merge, playback,
};
use sea_orm::sea_query::{Expr, IntoCondition};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, NotSet,
    QueryFilter, QueryOrder, QuerySelect, Set,
};

/// Who wants to play what.
#[derive(Clone, Debug)]
pub struct Begin {
    /// The lesson.
    pub lesson_id: LessonId,
    /// Alone or in a room.
    pub mode: PlaybackMode,
    /// The learner of a solo session.
    pub person_id: Option<PersonId>,
    /// Who operates the player.
    pub account_id: AccountId,
    /// The unit of the learner or of the room.
    pub unit_id: UnitId,
    /// Who is in the room when it begins; not looked at in a solo session.
    pub roster: Vec<PersonId>,
    /// What the rules of the day say of playing.
    pub terms: Terms,
}

/// What the rules of the day say of playing; they hold for the whole session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The fastest play that counts, in thousandths; at most [`beat::MOST_RATE_PERMILLE`].
    pub most_rate_permille: i32,
    /// After how long without a touch a picture that somebody watches alone stops counting; `None` never asks.
    pub idle_after_ms: Option<i64>,
}

/// A session that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Its row.
    pub playback: playback::Model,
    /// Where to go on.
    pub resume_at_ms: i64,
}

/// Begins a session; everybody in it stops watching elsewhere, in the same transaction.
///
/// # Errors
/// [`Error::UnknownLesson`], [`Error::NothingToPlay`], [`Error::NoLearner`], [`Error::RosterTooLong`] and
/// [`Error::UnknownPerson`].
pub async fn begin(db: &DatabaseConnection, begin: Begin, now: Moment) -> Result<Begun> {
    let txn = entity::writing::begin(db).await?;
    let begun = begin_within(&txn, begin, now).await?;
    txn.commit().await?;
    Ok(begun)
}

/// [`begin`] as part of a larger change.
///
/// # Errors
/// As [`begin`].
pub async fn begin_within(txn: &DatabaseTransaction, begin: Begin, now: Moment) -> Result<Begun> {
    let people = people_of(&begin)?;
    let (duration_ms, media) = length_of(txn, begin.lesson_id).await?;
    let idle_after_ms = idle_after(txn, &begin, media.as_deref()).await?;
    takeover::stop_elsewhere(txn, &people, None, None, now).await?;
    let resume_at_ms = resume_at(txn, &begin, duration_ms).await?;
    let playback = first_row(&begin, duration_ms, resume_at_ms, idle_after_ms, now).insert(txn).await?;
    if begin.mode == PlaybackMode::Group {
        presence::arrive(txn, playback.id, &people, begin.account_id, now).await?;
    }
    Ok(Begun { playback, resume_at_ms })
}

/// Everybody the session is for, each once, in order.
fn people_of(begin: &Begin) -> Result<Vec<PersonId>> {
    let mut people = match (begin.mode, begin.person_id) {
        (PlaybackMode::Solo, Some(learner)) => vec![learner],
        (PlaybackMode::Solo, None) => return Err(Error::NoLearner),
        (PlaybackMode::Group, _) => begin.roster.clone(),
    };
    people.sort_unstable();
    people.dedup();
    if people.len() > MOST_PEOPLE {
        return Err(Error::RosterTooLong { most: MOST_PEOPLE });
    }
    Ok(people)
}

/// Length and media of a lesson.
async fn length_of(db: &impl ConnectionTrait, id: LessonId) -> Result<(i64, Option<String>)> {
    let found: Option<(i64, Option<String>)> = lesson::Entity::find_by_id(id)
        .select_only()
        .column(lesson::Column::DurationMs)
        .column(lesson::Column::MediaSha256)
        .into_tuple()
        .one(db)
        .await?;
    match found {
        Some((duration_ms, media)) if duration_ms > 0 => Ok((duration_ms, media)),
        Some(_) => Err(Error::NothingToPlay(id)),
        None => Err(Error::UnknownLesson(id)),
    }
}

/// A reader turns pages: this long without a touch nobody reads.
const READING_MS: i64 = 120_000;

/// After how long without a touch this session stops counting. A room is never asked: its site manager is (see
/// [`crate::classroom`]). Sound alone is listened to with the screen off and the hands at work, so it is not asked
/// either. An article counts by the time spent reading, up to its length, and only while somebody turns its pages.
async fn idle_after(db: &impl ConnectionTrait, begin: &Begin, media_sha256: Option<&str>) -> Result<Option<i64>> {
    match (begin.mode, media_sha256) {
        (PlaybackMode::Group, _) => Ok(None),
        (PlaybackMode::Solo, None) => Ok(Some(READING_MS)),
        (PlaybackMode::Solo, Some(sha256)) => {
            let row = media::Entity::find_by_id(sha256).one(db).await?;
            let is_sound = row.is_some_and(|row| row.mime.starts_with("audio/"));
            Ok(begin.terms.idle_after_ms.filter(|_| !is_sound))
        }
    }
}

/// This much before the end of a lesson nothing is left of it.
const END_MS: i64 = 15_000;
/// Nor in the last of so many parts.
const END_PART: i64 = 20;

/// Where this learner, under any number of theirs, or this room's unit last was in the lesson; 0 when that was as good
/// as the end.
///
/// A session that was opened and never played says nothing, so it must not hide an older one that was.
async fn resume_at(db: &impl ConnectionTrait, begin: &Begin, duration_ms: i64) -> Result<i64> {
    let same = match begin.mode {
        PlaybackMode::Solo => {
            person_merge::of_one(playback::Column::PersonId, begin.person_id.ok_or(Error::NoLearner)?)
        }
        PlaybackMode::Group => playback::Column::UnitId.eq(begin.unit_id).into_condition(),
    };
    let position_ms: Option<i64> = playback::Entity::find()
        .select_only()
        .column(playback::Column::LastPositionMs)
        .filter(same)
        .filter(playback::Column::LessonId.eq(begin.lesson_id))
        .filter(playback::Column::Mode.eq(begin.mode))
        .filter(playback::Column::LastSeq.gt(0))
        .order_by_desc(playback::Column::LastBeatAt)
        .order_by_desc(playback::Column::Id)
        .into_tuple()
        .one(db)
        .await?;
    Ok(position_ms.filter(|at| !is_as_good_as_the_end(*at, duration_ms)).unwrap_or(0))
}

/// Within the last twentieth, or the last 15 s.
fn is_as_good_as_the_end(position_ms: i64, duration_ms: i64) -> bool {
    let left_ms = duration_ms - position_ms;
    left_ms <= END_MS || left_ms <= duration_ms / END_PART
}

/// A session begins with the playhead where it resumes, about to play.
fn first_row(
    begin: &Begin,
    duration_ms: i64,
    resume_at_ms: i64,
    idle_after_ms: Option<i64>,
    now: Moment,
) -> playback::ActiveModel {
    playback::ActiveModel {
        id: NotSet,
        mode: Set(begin.mode),
        lesson_id: Set(begin.lesson_id),
        person_id: Set(begin.person_id.filter(|_| begin.mode == PlaybackMode::Solo)),
        account_id: Set(begin.account_id),
        unit_id: Set(begin.unit_id),
        duration_ms: Set(duration_ms),
        started_at: Set(now),
        day: Set(now.day()),
        last_seq: Set(0),
        last_position_ms: Set(resume_at_ms),
        last_playing: Set(true),
        last_rate_permille: Set(1000),
        last_beat_at: Set(now),
        claimed_ms: Set(0),
        credited_ms: Set(0),
        reasons: Set("{}".to_owned()),
        seen: Set("[]".to_owned()),
        superseded_at: Set(None),
        closed_at: Set(None),
        posted_at: Set(None),
        start_position_ms: Set(resume_at_ms),
        most_rate_permille: Set(begin.terms.most_rate_permille.min(beat::MOST_RATE_PERMILLE)),
        touched_at: Set(None),
        idle_after_ms: Set(idle_after_ms),
        served_at: Set(None),
        plays_cached: Set(false),
    }
}

/// Ends a session of this account, and every stay in its room; ending it again answers the same.
///
/// # Errors
/// [`Error::UnknownPlayback`] and [`Error::NotYours`].
pub async fn close(db: &DatabaseConnection, id: PlaybackId, by: AccountId, now: Moment) -> Result<Progress> {
    let txn = entity::writing::begin(db).await?;
    let progress = close_within(&txn, id, by, now).await?;
    txn.commit().await?;
    Ok(progress)
}

/// [`close`] as part of a larger change.
///
/// # Errors
/// As [`close`].
pub async fn close_within(txn: &DatabaseTransaction, id: PlaybackId, by: AccountId, now: Moment) -> Result<Progress> {
    let mut row = locked(txn, id).await?;
    if row.account_id != by {
        return Err(Error::NotYours(id));
    }
    if row.closed_at.is_none() {
        end(txn, &row, now).await?;
        row.closed_at = Some(now);
    }
    Progress::of(&row)
}

async fn end(txn: &DatabaseTransaction, row: &playback::Model, at: Moment) -> Result<()> {
    playback::Entity::update_many()
        .col_expr(playback::Column::ClosedAt, Expr::value(at))
        .filter(playback::Column::Id.eq(row.id))
        .exec(txn)
        .await?;
    if row.mode == PlaybackMode::Group {
        presence::end_all(txn, row.id, at).await?;
    }
    Ok(())
}

/// How a session stands.
///
/// # Errors
/// [`Error::UnknownPlayback`].
pub async fn totals(db: &impl ConnectionTrait, id: PlaybackId) -> Result<Progress> {
    let row = playback::Entity::find_by_id(id).one(db).await?;
    Progress::of(&row.ok_or(Error::UnknownPlayback(id))?)
}

/// The row of a session, held until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, id: PlaybackId) -> Result<playback::Model> {
    let row = playback::Entity::find_by_id(id).lock_exclusive().one(txn).await?;
    row.ok_or(Error::UnknownPlayback(id))
}

#[cfg(test)]
mod tests;
