//! What people had before: the entries of the ledger that matter to a lesson they are judged for.
//!
//! Owns which those are, by day, by the rules' span of repeats and by who is one person with whom.

use super::CHUNK;
use crate::merges::Merges;
use crate::rules::{RuleBook, Rules};
use crate::{Result, quiz};
use entity::{Day, LessonId, PersonId, ledger_entry};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeSet, HashMap};

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
