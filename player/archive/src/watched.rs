//! Sessions as the archive sees them: beats by day, and who was there when.
//!
//! Reads the player's rows and the earlier entries of the ledger, and hands both to `judge`. Posting, verifying and the
//! still-open part of a record all go through here, so they cannot disagree.

use crate::Result;
use crate::intervals::Intervals;
use crate::judge::{self, Stretch, Worth};
use crate::rules::Rules;
use entity::{Day, LessonId, Moment, PersonId, PlaybackId, PlaybackMode, beat, ledger_entry, playback, presence};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeMap, BTreeSet, HashMap};

mod earlier;
mod sessions;

pub(crate) use earlier::{earlier, matters};
use sessions::Had;
pub(crate) use sessions::{Sessions, seen_ms};

/// One session, read for judging.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) playback_id: PlaybackId,
    pub(crate) lesson_id: LessonId,
    mode: PlaybackMode,
    days: BTreeMap<Day, Vec<Stretch>>,
    stays: BTreeMap<PersonId, Intervals>,
}

impl Session {
    /// Read sessions, a bounded number at once. Someone still in the room when it ended stayed until its end.
    pub(crate) async fn load(db: &impl ConnectionTrait, playbacks: &[playback::Model]) -> Result<Vec<Self>> {
        let ids: Vec<_> = playbacks.iter().map(|playback| playback.id).collect();
        let mut beats = beats_of(db, &ids).await?;
        let mut stays = stays_of(db, &ids).await?;
        let sessions = playbacks.iter().map(|playback| Self {
            playback_id: playback.id,
            lesson_id: playback.lesson_id,
            mode: playback.mode,
            days: judge::by_day(&beats.remove(&playback.id).unwrap_or_default()),
            stays: match playback.mode {
                PlaybackMode::Solo => playback.person_id.map(|id| (id, Intervals::always())).into_iter().collect(),
                PlaybackMode::Group => stays.remove(&playback.id).unwrap_or_default(),
            },
        });
        Ok(sessions.collect())
    }

    /// Judge it as if this person had been there during `stays`.
    pub(crate) fn seat(&mut self, person: PersonId, stays: Intervals) {
        self.stays.insert(person, stays);
    }

    /// The people it may be worth something to.
    pub(crate) fn people(&self) -> Vec<PersonId> {
        self.stays.keys().copied().collect()
    }

    /// The civil days on which the person was there while it ran.
    pub(crate) fn days_of(&self, person: PersonId) -> Vec<Day> {
        let Some(stays) = self.stays.get(&person) else { return Vec::new() };
        self.days.keys().copied().filter(|day| was_there_on(stays, *day)).collect()
    }

    /// Every civil day on which it ran.
    pub(crate) fn days(&self) -> BTreeSet<Day> {
        self.days.keys().copied().collect()
    }

    /// What it is worth to the person on that day, after these earlier entries of theirs. `withheld` says that the
    /// lesson's quiz has to be passed first.
    ///
    /// Who watches alone again what waits for the quiz earns nothing a second time: the first time will count. A room
    /// does not wait for the quiz, so there only what was really credited was had before.
    pub(crate) async fn worth(
        &self,
        db: &impl ConnectionTrait,
        known: &mut Sessions,
        (person, day): (PersonId, Day),
        earlier: &[&ledger_entry::Model],
        rules: &Rules,
        withheld: bool,
    ) -> Result<Worth> {
        let had = if self.mode == PlaybackMode::Solo { Had::OrWaits } else { Had::Credited };
        let before = known.before(db, (self, day), earlier, had).await?;
        Ok(judge::worth(self.stretches(day), &self.stays_of(person), &before, rules, withheld))
    }

    /// What is left of it for the person now that the quiz is passed, beside all these `other` entries of theirs.
    pub(crate) async fn worth_now(
        &self,
        db: &impl ConnectionTrait,
        known: &mut Sessions,
        (person, day): (PersonId, Day),
        other: &[&ledger_entry::Model],
        rules: &Rules,
    ) -> Result<Worth> {
        let before = known.before(db, (self, day), other, Had::Credited).await?;
        Ok(judge::worth(self.stretches(day), &self.stays_of(person), &before, rules, false))
    }

    fn stays_of(&self, person: PersonId) -> Intervals {
        self.stays.get(&person).cloned().unwrap_or_default()
    }

    fn stretches(&self, day: Day) -> &[Stretch] {
        self.days.get(&day).map_or(&[], Vec::as_slice)
    }

    fn seen_by(&self, person: PersonId, day: Day) -> Intervals {
        self.stays.get(&person).map(|stays| judge::seen(self.stretches(day), stays)).unwrap_or_default()
    }
}

/// Keys in one statement: well below SQLite's limit of bind variables.
const CHUNK: usize = 500;

fn was_there_on(stays: &Intervals, day: Day) -> bool {
    let end = day.succ_opt().map_or(i64::MAX, |next| Moment::start_of(next).0);
    stays.touches(Moment::start_of(day).0, end)
}

async fn beats_of(db: &impl ConnectionTrait, ids: &[PlaybackId]) -> Result<HashMap<PlaybackId, Vec<beat::Model>>> {
    let rows = beat::Entity::find()
        .filter(beat::Column::PlaybackId.is_in(ids.iter().copied()))
        .order_by_asc(beat::Column::PlaybackId)
        .order_by_asc(beat::Column::Seq)
        .all(db)
        .await?;
    let mut beats: HashMap<PlaybackId, Vec<beat::Model>> = HashMap::new();
    for row in rows {
        beats.entry(row.playback_id).or_default().push(row);
    }
    Ok(beats)
}

type Stays = BTreeMap<PersonId, Intervals>;

async fn stays_of(db: &impl ConnectionTrait, ids: &[PlaybackId]) -> Result<HashMap<PlaybackId, Stays>> {
    let rows = presence::Entity::find().filter(presence::Column::PlaybackId.is_in(ids.iter().copied())).all(db).await?;
    let mut stays: HashMap<PlaybackId, Stays> = HashMap::new();
    for row in rows {
        let left = row.left_at.map_or(i64::MAX, |left| left.0);
        stays.entry(row.playback_id).or_default().entry(row.person_id).or_default().insert(row.arrived_at.0, left);
    }
    Ok(stays)
}
