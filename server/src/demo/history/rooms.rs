//! Evenings in the village classrooms: every 5th, 15th and 25th, in some villages often, in some rarely, in a few never.

use super::session::{Session, Stay, beats};
use super::{HISTORY_MONTH, Stage, day};
use crate::demo::settle::{Resident, Room};
use crate::demo::{Error, Result};
use chrono::Datelike;
use entity::{Day, Moment, PlaybackMode, lesson};
use fastrand::Rng;

/// The days on which all villages study (远程教育学习日).
const PLAY_DAYS: [u32; 3] = [5, 15, 25];

/// Half past seven in the evening.
const STARTS_MS: i64 = (19 * 60 + 30) * 60_000;

/// Between two lessons of an evening.
const BREAK_MS: i64 = 5 * 60_000;

/// How often a village studies together.
#[derive(Clone, Copy)]
enum Habit {
    /// Two or three evenings a month.
    Keen,
    /// One evening in most months.
    Steady,
    /// One evening in some months.
    Rare,
    /// Not at all.
    Never,
}

/// Plan the sessions of every room.
pub fn plan(stage: &Stage<'_>, rng: &mut Rng) -> Result<Vec<Session>> {
    let shelf = Shelf::of(stage.lessons);
    let mut sessions = Vec::new();
    for room in &stage.settled.rooms {
        let drawn = Habit::drawn(rng);
        let habit = if room.unit_id == stage.logins.village { Habit::Keen } else { drawn };
        let people = stage.settled.people.get(room.people.clone()).unwrap_or_default();
        let (mut year, mut month) = (stage.year() - 1, HISTORY_MONTH);
        while (year, month) <= (stage.year(), stage.now.day().month()) {
            let thin = year < stage.year() && rng.bool();
            let evenings = habit.evenings(rng).into_iter().filter(|_| !thin);
            for number in evenings {
                sessions.extend(evening(stage, room, people, day(year, month, number)?, &shelf, rng)?);
            }
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        }
    }
    sessions.retain(|session| session.closed() < stage.now);
    Ok(sessions)
}

impl Habit {
    fn drawn(rng: &mut Rng) -> Self {
        match rng.u32(0..100) {
            0..20 => Self::Keen,
            20..78 => Self::Steady,
            78..97 => Self::Rare,
            _ => Self::Never,
        }
    }

    /// The evenings of one month.
    fn evenings(self, rng: &mut Rng) -> Vec<u32> {
        let mut days = PLAY_DAYS.to_vec();
        let count = match self {
            Self::Keen => rng.usize(2..=3),
            Self::Steady => usize::from(rng.f64() < 0.96),
            Self::Rare => usize::from(rng.f64() < 0.45),
            Self::Never => 0,
        };
        if rng.f64() < 0.4 {
            rng.shuffle(&mut days); // most take the first: a bulletin names who has none by the 10th
        }
        days.truncate(count);
        days
    }
}

/// The lessons a room shows: long enough for an evening, by day of publication.
struct Shelf {
    by_day: Vec<(Day, usize, lesson::Model)>,
}

impl Shelf {
    fn of(lessons: &[lesson::Model]) -> Self {
        let fits = |lesson: &lesson::Model| {
            lesson.media_sha256.is_none() && (9 * 60_000..=33 * 60_000).contains(&lesson.duration_ms)
        };
        let published = lessons.iter().enumerate().filter(|(_, lesson)| fits(lesson));
        let mut by_day: Vec<_> =
            published.filter_map(|(at, lesson)| Some((lesson.published_on?, at, lesson.clone()))).collect();
        by_day.sort_by_key(|(day, at, _)| (*day, *at));
        Self { by_day }
    }

    /// Any lesson that was there on that day.
    fn pick(&self, day: Day, rng: &mut Rng) -> Result<(usize, &lesson::Model)> {
        let there = self.by_day.partition_point(|(published, _, _)| *published <= day);
        let (_, at, lesson) = self
            .by_day
            .get(rng.usize(0..there.max(1)))
            .filter(|_| there > 0)
            .ok_or(Error::Data("no lesson to show"))?;
        Ok((*at, lesson))
    }
}

/// One evening of one room: a lesson, sometimes a second one.
fn evening(
    stage: &Stage<'_>,
    room: &Room,
    people: &[Resident],
    day: Day,
    shelf: &Shelf,
    rng: &mut Rng,
) -> Result<Vec<Session>> {
    let mut started = Moment::start_of(day).plus_ms(STARTS_MS + rng.i64(0..60_000));
    let mut sessions: Vec<Session> = Vec::new();
    let lessons = 1 + usize::from(rng.f64() < 0.15);
    for _ in 0..lessons {
        let (at, lesson) = shelf.pick(day, rng)?;
        if sessions.iter().any(|earlier| earlier.lesson == at) {
            break; // the same lesson twice an evening would count once
        }
        let mut session = Session {
            mode: PlaybackMode::Group,
            lesson: at,
            lesson_id: lesson.id,
            duration_ms: lesson.duration_ms,
            person: None,
            account: room.station,
            unit_id: room.unit_id,
            path: room.path.clone(),
            started,
            beats: beats(started, lesson.duration_ms, 0, rng),
            stays: Vec::new(),
        };
        session.stays = stays(stage, &session, people, rng);
        started = session.ended().plus_ms(BREAK_MS);
        sessions.push(session);
    }
    Ok(sessions)
}

/// Who came: the keener, the likelier; one in twelve late, one in twenty not to the end.
fn stays(stage: &Stage<'_>, session: &Session, people: &[Resident], rng: &mut Rng) -> Vec<Stay> {
    let mut stays = Vec::new();
    for person in people {
        let comes = rng.f64() < 0.3 + 0.65 * person.zeal;
        if !comes && person.id != stage.logins.cadre {
            continue;
        }
        let late_ms = if rng.f64() < 0.08 { rng.i64(120_000..480_000) } else { 0 };
        let early_ms = if rng.f64() < 0.05 { rng.i64(60_000..360_000) } else { 0 };
        let arrived = session.started.plus_ms(late_ms);
        let left = if early_ms > 0 { session.ended().plus_ms(-early_ms) } else { session.closed() };
        if arrived < left {
            stays.push(Stay { person: person.id, arrived, left });
        }
    }
    stays
}
