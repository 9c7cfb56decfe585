//! What two numbers of one person were credited with twice.

use crate::Result;
use crate::quiz;
use crate::rules::RuleBook;
use crate::watched::{Sessions, matters};
use entity::{PersonId, Source, ledger_entry};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

/// An entry, and how much of it they have twice.
pub(super) type Double = (ledger_entry::Model, i64);

/// What people who are one were credited with twice, entry by entry.
pub(super) async fn doubles(db: &impl ConnectionTrait, people: Vec<PersonId>) -> Result<Vec<Double>> {
    let mut entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.is_in(people))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    let undone = quiz::undone(&entries);
    entries.retain(|entry| !undone.contains(&entry.seq));
    let book = RuleBook::load(db).await?;
    let (mut sessions, mut one, mut doubles) = (Sessions::default(), OnePerson::default(), Vec::new());
    for entry in entries.iter().filter(|entry| !is_by_hand(entry)) {
        let by_hand = entries.iter().filter(|other| other.corrects_seq == Some(entry.seq) && is_by_hand(other));
        let stands_ms = by_hand.fold(entry.credited_ms, |sum, other| sum.saturating_add(other.credited_ms));
        let stands = ledger_entry::Model { credited_ms: stands_ms, ..entry.clone() };
        match entry.source {
            Source::Class => doubles.extend(one.attend(stands)),
            _ => doubles.extend(one.watch(db, &mut sessions, &book, entry, stands).await?),
        }
    }
    Ok(doubles)
}

/// A correction that only changes what another entry comes to; what a passed quiz gives is an entry of its own here.
pub(super) fn is_by_hand(entry: &ledger_entry::Model) -> bool {
    entry.source == Source::Correction && !quiz::gives(entry)
}

/// The entries so far, each as it would stand had the two been one from the beginning.
#[derive(Default)]
struct OnePerson(Vec<ledger_entry::Model>);

impl OnePerson {
    /// Take in a class: of two attendances of the same one the shorter does not count.
    fn attend(&mut self, mut entry: ledger_entry::Model) -> Option<Double> {
        let (person, class) = (entry.person_id, entry.class_run_id);
        let same = |other: &&mut ledger_entry::Model| {
            other.source == Source::Class && other.class_run_id == class && other.person_id != person
        };
        let twin = self.0.iter_mut().filter(same).max_by_key(|other| other.credited_ms);
        let double = twin.and_then(|twin| {
            let shorter = if entry.credited_ms <= twin.credited_ms { &mut entry } else { twin };
            let ms = std::mem::take(&mut shorter.credited_ms);
            (ms > 0).then(|| (shorter.clone(), ms))
        });
        self.0.push(entry);
        double
    }

    /// Take in what was watched: what it would have earned beside the entries so far is its own.
    async fn watch(
        &mut self,
        db: &impl ConnectionTrait,
        sessions: &mut Sessions,
        book: &RuleBook,
        entry: &ledger_entry::Model,
        mut stands: ledger_entry::Model,
    ) -> Result<Option<Double>> {
        let due_ms = self.worth(db, sessions, book, entry).await?.unwrap_or(entry.credited_ms);
        let twice_ms = (entry.credited_ms.min(stands.credited_ms) - due_ms).max(0);
        stands.credited_ms -= twice_ms;
        let corrected = match entry.corrects_seq {
            Some(seq) => self.0.iter().find(|other| other.seq == seq).cloned(),
            None => Some(entry.clone()),
        };
        self.0.push(stands);
        Ok(corrected.filter(|_| twice_ms > 0).map(|corrected| (corrected, twice_ms)))
    }

    /// What an entry is worth beside those before it; `None` when it does not follow from a session, or nothing of the
    /// other number matters to it.
    async fn worth(
        &self,
        db: &impl ConnectionTrait,
        sessions: &mut Sessions,
        book: &RuleBook,
        entry: &ledger_entry::Model,
    ) -> Result<Option<i64>> {
        let (Some(lesson), Some(rules)) = (entry.lesson_id, book.by_id(entry.rule_id)) else { return Ok(None) };
        let of_lessons = self.0.iter().filter(|other| other.lesson_id.is_some());
        let before: Vec<_> = of_lessons.filter(|other| matters(other, entry.day, lesson, rules)).collect();
        if entry.credited_ms <= 0 || before.iter().all(|other| other.person_id == entry.person_id) {
            return Ok(None);
        }
        if let Some(id) = entry.playback_id {
            let Some(session) = sessions.get(db, id).await? else { return Ok(None) };
            // What waits under the other number is given afterwards, beside what is credited.
            let worth = session.worth_now(db, sessions, (entry.person_id, entry.day), &before, rules).await?;
            return Ok(Some(worth.credited_ms));
        }
        let Some(waited) = before.iter().find(|other| Some(other.seq) == entry.corrects_seq) else { return Ok(None) };
        let given = quiz::giving(db, sessions, rules, waited, &before).await?;
        Ok(given.map(|given| given.credited_ms))
    }
}
