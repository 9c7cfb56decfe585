//! What of a training plan is done.
//!
//! Read from the ledger like every other number. A lesson is done when four fifths of it were credited, each part once
//! however often it was watched; a class when it was attended.

use super::{Required, State};
use crate::Result;
use crate::merges::Merges;
use crate::watched::{Sessions, seen_ms};
use entity::{
    AttendanceStatus, ClassState, Day, LessonId, PersonId, Source, class_attendance, class_run, ledger_entry,
    training_plan,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Credited parts of a lesson in thousandths of its length from which on it is done: the rest is greetings and credits.
pub const DONE_PERMILLE: i64 = 800;

/// How far these people are with the lessons among the items.
pub(super) async fn lessons(
    db: &impl ConnectionTrait,
    plan: &training_plan::Model,
    items: &[Required],
    (people, merges): (&[PersonId], &Merges),
    today: Day,
) -> Result<HashMap<(PersonId, LessonId), State>> {
    let lengths: HashMap<LessonId, i64> = items
        .iter()
        .filter_map(|item| match item {
            Required::Lesson(id, length) => Some((*id, *length)),
            Required::Class(_) => None,
        })
        .collect();
    let rows = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.is_in(people.iter().copied()))
        .filter(ledger_entry::Column::LessonId.is_in(lengths.keys().copied()))
        .filter(ledger_entry::Column::Day.between(plan.from_on, plan.due_on.min(today)))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    let mut entries: BTreeMap<(PersonId, LessonId), Vec<ledger_entry::Model>> = BTreeMap::new();
    for row in rows {
        if let Some(lesson) = row.lesson_id {
            entries.entry((merges.kept(row.person_id), lesson)).or_default().push(row);
        }
    }
    let (mut states, mut sessions) = (HashMap::new(), Sessions::default());
    for ((person, lesson), entries) in entries {
        let length = lengths.get(&lesson).copied().unwrap_or_default();
        let credited = credited_once(db, &mut sessions, lesson, &entries, length).await?;
        let state = if is_done(credited, length) { State::Done } else { State::Begun };
        states.insert((person, lesson), state);
    }
    Ok(states)
}

/// What of a lesson was credited, each part once. The sum over days is never less, so only where it would do are the
/// sessions read.
pub(crate) async fn credited_once(
    db: &impl ConnectionTrait,
    sessions: &mut Sessions,
    lesson: LessonId,
    entries: &[ledger_entry::Model],
    length: i64,
) -> Result<i64> {
    let sum = entries.iter().fold(0_i64, |sum, entry| sum.saturating_add(entry.credited_ms));
    let days: BTreeSet<Day> = entries.iter().map(|entry| entry.day).collect();
    let corrected = entries.iter().any(|entry| entry.corrects_seq.is_some());
    if !is_done(sum, length) || days.len() <= 1 || corrected {
        return Ok(sum);
    }
    Ok(seen_ms(db, sessions, lesson, entries).await?.min(sum))
}

/// Whether so much of a lesson of this length is all of it.
pub(crate) fn is_done(credited_ms: i64, length_ms: i64) -> bool {
    credited_ms > 0 && credited_ms.saturating_mul(1000) >= length_ms.saturating_mul(DONE_PERMILLE)
}

/// Who of these attended which of the classes among the items.
pub(super) async fn classes<'a>(
    db: &impl ConnectionTrait,
    plan: &training_plan::Model,
    items: &'a [Required],
    (people, merges): (&[PersonId], &Merges),
    today: Day,
) -> Result<HashSet<(PersonId, &'a str)>> {
    let titles: Vec<&str> = items
        .iter()
        .filter_map(|item| match item {
            Required::Class(title) => Some(title.as_str()),
            Required::Lesson(..) => None,
        })
        .collect();
    if titles.is_empty() {
        return Ok(HashSet::new());
    }
    let runs = class_run::Entity::find()
        .filter(class_run::Column::Source.eq(Source::Class))
        .filter(class_run::Column::State.eq(ClassState::Approved))
        .filter(class_run::Column::Title.is_in(titles.iter().copied()))
        .filter(class_run::Column::EndsOn.between(plan.from_on, plan.due_on.min(today)))
        .all(db)
        .await?;
    let attended = class_attendance::Entity::find()
        .filter(class_attendance::Column::ClassRunId.is_in(runs.iter().map(|run| run.id)))
        .filter(class_attendance::Column::PersonId.is_in(people.iter().copied()))
        .filter(class_attendance::Column::Status.eq(AttendanceStatus::Attended))
        .all(db)
        .await?;
    let title_of = |row: &class_attendance::Model| {
        let run = runs.iter().find(|run| run.id == row.class_run_id)?;
        titles.iter().find(|title| **title == run.title).map(|title| (merges.kept(row.person_id), *title))
    };
    Ok(attended.iter().filter_map(title_of).collect())
}
