//! Who watched a lesson (收看情况): how much of it each person has, when last, and whether they passed its quiz.
//!
//! Read from the ledger like every other number, so a session that still runs is not in it yet.

use crate::merges::Merges;
use crate::plan::{self, State};
use crate::watched::Sessions;
use crate::{Result, names};
use entity::{Day, PersonId, Scope, UnitId, ledger_entry, lesson, person, question, quiz_attempt};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Keys in one statement: well below SQLite's limit of bind variables.
const CHUNK: usize = 400;

/// Somebody who watched.
#[derive(Clone, Debug)]
pub struct Watcher {
    /// Who.
    pub person: PersonId,
    /// The roster number, as anybody may see it.
    pub code: String,
    /// The name.
    pub name: String,
    /// The unit they belong to now.
    pub unit: UnitId,
    /// Its name.
    pub unit_name: String,
    /// What they watched, each time of it.
    pub watched_ms: i64,
    /// What of the lesson was credited, each part once.
    pub credited_ms: i64,
    /// The same in hundredths of the lesson's length, at most 100.
    pub percent: i64,
    /// The last civil day.
    pub last: Day,
    /// Whether that is all of it.
    pub state: State,
    /// Whether they passed the quiz; `None` when they never handed one in, or the lesson has none.
    pub passed: Option<bool>,
}

/// The people of this scope who watched a lesson, by units and names.
///
/// # Errors
/// When the database fails.
pub async fn of_lesson(db: &impl ConnectionTrait, of: &lesson::Model, scope: &Scope) -> Result<Vec<Watcher>> {
    let entries = ledger_entry::Entity::find().filter(ledger_entry::Column::LessonId.eq(of.id));
    let who = entries.clone().select_only().column(ledger_entry::Column::PersonId);
    let merges = Merges::now(db).await?;
    let watched = Condition::any()
        .add(person::Column::Id.in_subquery(who.into_query()))
        .add(person::Column::Id.is_in(merges.keeping()));
    let people = person::Entity::find()
        .filter(scope.reaches((person::Entity, person::Column::UnitId)))
        .filter(watched)
        .filter(person::Column::Id.is_not_in(merges.merged()))
        .order_by_asc(person::Column::UnitId)
        .order_by_asc(person::Column::Code)
        .all(db)
        .await?;
    let units = names::of_units(db, people.iter().map(|person| person.unit_id).collect::<HashSet<_>>()).await?;
    let quiz = quiz(db, of, &merges).await?;
    let mut sums = sums(db, of, &people, &merges).await?;
    let watcher = |person: person::Model| {
        let sum = sums.remove(&person.id)?;
        Some(Watcher {
            code: person::masked(&person.code),
            unit: person.unit_id,
            unit_name: units.get(&person.unit_id).cloned().unwrap_or_default(),
            watched_ms: sum.watched_ms,
            credited_ms: sum.credited_ms,
            percent: (sum.credited_ms.max(0).saturating_mul(100) / of.duration_ms.max(1)).min(100),
            last: sum.last?,
            state: if plan::is_done(sum.credited_ms, of.duration_ms) { State::Done } else { State::Begun },
            passed: quiz.get(&person.id).copied(),
            person: person.id,
            name: person.name,
        })
    };
    Ok(people.into_iter().filter_map(watcher).collect())
}

/// Whether a lesson has a quiz.
///
/// # Errors
/// When the database fails.
pub async fn has_quiz(db: &impl ConnectionTrait, of: &lesson::Model) -> Result<bool> {
    Ok(question::Entity::find().filter(question::Column::LessonId.eq(of.id)).count(db).await? > 0)
}

/// What somebody's entries of one lesson come to.
#[derive(Debug, Default)]
struct Sum {
    watched_ms: i64,
    credited_ms: i64,
    last: Option<Day>,
}

async fn sums(
    db: &impl ConnectionTrait,
    of: &lesson::Model,
    people: &[person::Model],
    merges: &Merges,
) -> Result<HashMap<PersonId, Sum>> {
    let (mut sums, mut sessions) = (HashMap::new(), Sessions::default());
    for some in people.chunks(CHUNK) {
        let some = merges.all(&some.iter().map(|person| person.id).collect::<Vec<_>>());
        let rows = ledger_entry::Entity::find()
            .filter(ledger_entry::Column::LessonId.eq(of.id))
            .filter(ledger_entry::Column::PersonId.is_in(some))
            .order_by_asc(ledger_entry::Column::Seq)
            .all(db)
            .await?;
        let mut entries: BTreeMap<PersonId, Vec<ledger_entry::Model>> = BTreeMap::new();
        for row in rows {
            entries.entry(merges.kept(row.person_id)).or_default().push(row);
        }
        for (person, entries) in entries {
            let sum = Sum {
                watched_ms: entries.iter().fold(0, |sum: i64, entry| sum.saturating_add(entry.claimed_ms)),
                credited_ms: plan::credited_once(db, &mut sessions, of.id, &entries, of.duration_ms).await?,
                last: entries.iter().map(|entry| entry.day).max(),
            };
            sums.insert(person, sum);
        }
    }
    Ok(sums)
}

/// Who handed in the quiz, and whether one of their tries was enough.
async fn quiz(db: &impl ConnectionTrait, of: &lesson::Model, merges: &Merges) -> Result<HashMap<PersonId, bool>> {
    let tries: Vec<(PersonId, bool)> = quiz_attempt::Entity::find()
        .select_only()
        .columns([quiz_attempt::Column::PersonId, quiz_attempt::Column::Passed])
        .filter(quiz_attempt::Column::LessonId.eq(of.id))
        .filter(quiz_attempt::Column::SubmittedAt.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    let tries: Vec<_> = tries.into_iter().map(|(person, passed)| (merges.kept(person), passed)).collect();
    let passed: BTreeSet<PersonId> = tries.iter().filter(|(_, passed)| *passed).map(|(person, _)| *person).collect();
    Ok(tries.into_iter().map(|(person, _)| (person, passed.contains(&person))).collect())
}
