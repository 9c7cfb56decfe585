//! Sessions as the archive sees them: beats by day, and who was there when.
//!
//! Reads the player's rows and the earlier entries of the ledger, and hands both to `judge`. Posting, verifying and the
//! still-open part of a record all go through here, so they cannot disagree.

use crate::intervals::Intervals;
use crate::judge::{self, Before, Stretch, Worth};
use crate::merges::Merges;
use crate::rules::{RuleBook, Rules};
use crate::{Result, ledger, quiz};
use entity::{
    Day, LessonId, Moment, PersonId, PlaybackId, PlaybackMode, Reason, beat, ledger_entry, playback, presence,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

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

/// Which parts of a lesson somebody had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Had {
    /// Those that were credited.
    Credited,
    /// Those, and the ones that wait for the lesson's quiz.
    OrWaits,
}

/// Sessions already read, so that a room of sixty reads each earlier one once.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    read: HashMap<PlaybackId, Arc<Session>>,
}

impl Sessions {
    /// The session of a playback; `None` when there is no such row.
    pub(crate) async fn get(&mut self, db: &impl ConnectionTrait, id: PlaybackId) -> Result<Option<Arc<Session>>> {
        if !self.read.contains_key(&id) {
            self.prepare(db, &[id]).await?;
        }
        Ok(self.read.get(&id).cloned())
    }

    /// Read these sessions in a few queries, so that a long walk needs no query each; forgets what was read when that
    /// has grown, to keep memory flat.
    pub(crate) async fn prepare(&mut self, db: &impl ConnectionTrait, ids: &[PlaybackId]) -> Result<()> {
        if self.read.len() > 4 * CHUNK {
            self.read.clear();
        }
        let missing: Vec<_> = ids.iter().copied().filter(|id| !self.read.contains_key(id)).collect();
        for chunk in missing.chunks(CHUNK) {
            let rows =
                playback::Entity::find().filter(playback::Column::Id.is_in(chunk.iter().copied())).all(db).await?;
            for session in Session::load(db, &rows).await? {
                self.read.insert(session.playback_id, Arc::new(session));
            }
        }
        Ok(())
    }

    /// What stands in the ledger before a session is judged on one of its days. A session over midnight is one sitting:
    /// its two days are no repeats of each other.
    async fn before(
        &mut self,
        db: &impl ConnectionTrait,
        (judged, day): (&Session, Day),
        earlier: &[&ledger_entry::Model],
        had: Had,
    ) -> Result<Before> {
        let mut before = Before::default();
        let given = quiz::given(earlier.iter().copied());
        for entry in earlier.iter().filter(|entry| entry.day == day) {
            before.day_credited_ms = before.day_credited_ms.saturating_add(entry.credited_ms);
            let Some(seen) = self.seen_in(db, judged.lesson_id, entry).await? else { continue };
            let waits = had == Had::OrWaits && quiz::waiting_ms(entry)? > 0;
            if entry.credited_ms > 0 || given.contains(&entry.seq) || waits {
                before.credited.extend(&seen);
            }
            before.watched.extend(&seen);
            before.watched_ms = before.watched_ms.saturating_add(would_count_ms(entry)?);
        }
        let elsewhere = |entry: &&&ledger_entry::Model| {
            entry.day != day && entry.playback_id.is_some_and(|id| id != judged.playback_id)
        };
        for entry in earlier.iter().filter(elsewhere) {
            let waits = had == Had::OrWaits && quiz::waiting_ms(entry)? > 0;
            if (waits || comes_to_ms(entry, earlier) > 0)
                && let Some(seen) = self.seen_in(db, judged.lesson_id, entry).await?
            {
                before.repeated.extend(&seen);
            }
        }
        Ok(before)
    }

    /// Which parts of this lesson the person of an entry saw in its session; `None` when it has none of it.
    async fn seen_in(
        &mut self,
        db: &impl ConnectionTrait,
        lesson: LessonId,
        entry: &ledger_entry::Model,
    ) -> Result<Option<Intervals>> {
        let (Some(id), true) = (entry.playback_id, entry.lesson_id == Some(lesson)) else { return Ok(None) };
        Ok(self.get(db, id).await?.map(|session| session.seen_by(entry.person_id, entry.day)))
    }
}

/// What an entry credits with the corrections of it among these.
fn comes_to_ms(entry: &ledger_entry::Model, among: &[&ledger_entry::Model]) -> i64 {
    let corrections = among.iter().filter(|other| other.corrects_seq == Some(entry.seq));
    corrections.fold(entry.credited_ms, |sum, other| sum.saturating_add(other.credited_ms))
}

/// What of a lesson these entries of one person credit, each part once, in milliseconds.
pub(crate) async fn seen_ms(
    db: &impl ConnectionTrait,
    known: &mut Sessions,
    lesson: LessonId,
    entries: &[ledger_entry::Model],
) -> Result<i64> {
    let undone = quiz::undone(entries);
    let given = quiz::given(entries.iter().filter(|entry| !undone.contains(&entry.seq)));
    let mut seen = Intervals::default();
    for entry in entries.iter().filter(|entry| entry.credited_ms > 0 || given.contains(&entry.seq)) {
        seen.extend(&known.seen_in(db, lesson, entry).await?.unwrap_or_default());
    }
    Ok(seen.measure())
}

/// The lesson entries of some people, for judging what they watched beside what they had before.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Each person's, in the order they were posted.
    entries: HashMap<PersonId, Vec<ledger_entry::Model>>,
    merges: Merges,
}

impl Earlier {
    /// What matters to a lesson judged by these rules on that day: everything of the day, and of the lesson what was
    /// learnt on other days too close to count again. In the order of posting.
    pub(crate) fn of(
        &self,
        (person, day): (PersonId, Day),
        lesson: LessonId,
        rules: &Rules,
    ) -> Vec<&ledger_entry::Model> {
        without_undone(self.among(&self.merges.one_with(person, None), day, lesson, rules))
    }

    /// The same, as it was before this entry was posted.
    pub(crate) fn before(&self, entry: &ledger_entry::Model, rules: &Rules) -> Vec<&ledger_entry::Model> {
        let Some(lesson) = entry.lesson_id else { return Vec::new() };
        let people = self.merges.one_with(entry.person_id, Some(entry.seq));
        let mut before = self.among(&people, entry.day, lesson, rules);
        before.retain(|other| other.seq < entry.seq);
        without_undone(before)
    }

    /// What matters of the entries of these, who are one person.
    fn among(&self, people: &[PersonId], day: Day, lesson: LessonId, rules: &Rules) -> Vec<&ledger_entry::Model> {
        let theirs = people.iter().filter_map(|person| self.entries.get(person)).flatten();
        let mut found: Vec<_> = theirs.filter(|entry| matters(entry, day, lesson, rules)).collect();
        found.sort_by_key(|entry| entry.seq);
        found
    }
}

fn without_undone(mut entries: Vec<&ledger_entry::Model>) -> Vec<&ledger_entry::Model> {
    let undone = quiz::undone(entries.iter().copied());
    entries.retain(|entry| !undone.contains(&entry.seq));
    entries
}

/// Whether an earlier entry matters to a lesson judged by these rules on that day.
pub(crate) fn matters(earlier: &ledger_entry::Model, day: Day, lesson: LessonId, rules: &Rules) -> bool {
    earlier.day == day || earlier.lesson_id == Some(lesson) && rules.is_repeat(day, earlier.day)
}

/// The lesson entries these people have on these days and, where a rule of the book looks at other days, those they have
/// of these lessons; perhaps more of theirs.
pub(crate) async fn earlier(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    people: &BTreeSet<PersonId>,
    days: &BTreeSet<Day>,
    lessons: &BTreeSet<LessonId>,
) -> Result<Earlier> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Earlier::default()) };
    let mut matters = Condition::any().add(ledger_entry::Column::Day.between(*first, *last));
    if book.looks_at_other_days() {
        matters = matters.add(ledger_entry::Column::LessonId.is_in(lessons.iter().copied()));
    }
    let merges = Merges::ever(db).await?;
    let people = merges.ever_one(people.iter().copied());
    let mut earlier = Earlier { merges, ..Earlier::default() };
    for chunk in people.chunks(CHUNK) {
        let rows = ledger_entry::Entity::find()
            .filter(ledger_entry::Column::PersonId.is_in(chunk.iter().copied()))
            .filter(matters.clone())
            .filter(ledger_entry::Column::LessonId.is_not_null())
            .order_by_asc(ledger_entry::Column::Seq)
            .all(db)
            .await?;
        for row in rows {
            earlier.entries.entry(row.person_id).or_default().push(row);
        }
    }
    Ok(earlier)
}

/// Keys in one statement: well below SQLite's limit of bind variables.
const CHUNK: usize = 500;

/// What an entry holds or would hold but for the minimum, the cap and the quiz.
fn would_count_ms(entry: &ledger_entry::Model) -> Result<i64> {
    let reasons = ledger::reasons_of(entry)?;
    let held_back =
        [Reason::TooShort, Reason::DailyCap, Reason::QuizNotPassed].iter().filter_map(|reason| reasons.get(reason));
    Ok(held_back.fold(entry.credited_ms, |sum, ms| sum.saturating_add(*ms)))
}

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
