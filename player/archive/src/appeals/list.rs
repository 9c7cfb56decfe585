//! Lists of appeals: the office's, open ones first, and those against the entries of a page.

use super::waiting;
use crate::page::{self, Page, waiting_first};
use crate::{Error, Result, merges, names};
use entity::{AppealId, PersonId, Scope, appeal, ledger_entry};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use std::collections::HashMap;

/// Whose appeals somebody may look at.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// All appeals of these subtrees.
    pub all: Scope,
    /// Of these subtrees those where a wrong clock kept time from counting.
    pub clock: Scope,
}

impl Reach {
    /// The condition on `appeal` rows.
    pub(super) fn condition(&self) -> Condition {
        let unit = (appeal::Entity, appeal::Column::UnitId);
        let clock =
            Condition::all().add(self.clock.reaches(unit)).add(appeal::Column::EntrySeq.in_subquery(clock_entries()));
        Condition::any().add(self.all.reaches(unit)).add(clock)
    }
}

/// Which appeals.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those within this reach.
    pub reach: Reach,
    /// Those of this person, whatever the reach.
    pub person: Option<PersonId>,
    /// Only those below the unit with this path.
    pub below: Option<String>,
    /// Only open ones, or only decided ones.
    pub open: Option<bool>,
}

/// An appeal in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The appeal.
    pub appeal: appeal::Model,
    /// Who appeals.
    pub person: String,
    /// The unit of the entry.
    pub unit: String,
    /// The entry; it is always there.
    pub entry: Option<ledger_entry::Model>,
}

/// A page of appeals: open ones first, the one that waits longest at the top; then the decided, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn page(db: &impl ConnectionTrait, filter: &Filter, page: u64, size: u64) -> Result<Page<Listed>> {
    let people = match filter.person {
        Some(person) => Some(merges::all_of(db, person).await?),
        None => None,
    };
    let found = appeal::Entity::find().filter(filter.condition(people));
    let found = waiting_first(found, appeal::Column::DecidedAt, appeal::Column::CreatedAt);
    let Page { rows, page, total } = page::read(db, found.order_by_asc(appeal::Column::Id), page, size).await?;
    Ok(Page { rows: listed(db, rows).await?, page, total })
}

/// One appeal.
///
/// # Errors
/// [`Error::NoSuchAppeal`] when there is none, or none within reach.
pub async fn one(db: &impl ConnectionTrait, reach: &Reach, id: AppealId) -> Result<appeal::Model> {
    let found = appeal::Entity::find_by_id(id).filter(reach.condition()).one(db).await?;
    found.ok_or(Error::NoSuchAppeal(id))
}

/// How many appeals within this reach wait to be decided.
///
/// # Errors
/// Only those of the database.
pub async fn open_count(db: &impl ConnectionTrait, reach: &Reach) -> Result<u64> {
    let open = appeal::Entity::find().filter(appeal::Column::DecidedAt.is_null());
    Ok(open.filter(reach.condition()).count(db).await?)
}

/// The appeals against each of these entries, the newest first.
///
/// # Errors
/// Only those of the database.
pub async fn of_entries(db: &impl ConnectionTrait, seqs: &[i64]) -> Result<HashMap<i64, Vec<appeal::Model>>> {
    let mut found: HashMap<i64, Vec<appeal::Model>> = HashMap::new();
    for chunk in seqs.chunks(500) {
        let rows = appeal::Entity::find()
            .filter(appeal::Column::EntrySeq.is_in(chunk.iter().copied()))
            .order_by_desc(appeal::Column::Id)
            .all(db)
            .await?;
        for row in rows {
            found.entry(row.entry_seq).or_default().push(row);
        }
    }
    Ok(found)
}

impl Filter {
    /// `people` are those whose appeals are one person's, when one person's are asked for.
    fn condition(&self, people: Option<Vec<PersonId>>) -> Condition {
        let whose = match people {
            Some(people) => Condition::all().add(appeal::Column::PersonId.is_in(people)),
            None => self.reach.condition(),
        };
        let below = self.below.clone().map(|path| Scope::of([path]).reaches((appeal::Entity, appeal::Column::UnitId)));
        let open = self.open.map(|open| match open {
            true => appeal::Column::DecidedAt.is_null(),
            false => appeal::Column::DecidedAt.is_not_null(),
        });
        Condition::all().add(whose).add_option(below).add_option(open)
    }
}

/// Appeals with the names and entries they are about.
pub(crate) async fn listed(db: &impl ConnectionTrait, rows: Vec<appeal::Model>) -> Result<Vec<Listed>> {
    let people = names::of_people(db, rows.iter().map(|row| row.person_id).collect()).await?;
    let units = names::of_units(db, rows.iter().map(|row| row.unit_id).collect()).await?;
    let mut entries = HashMap::new();
    for chunk in rows.chunks(500) {
        let seqs = chunk.iter().map(|row| row.entry_seq);
        let found = ledger_entry::Entity::find().filter(ledger_entry::Column::Seq.is_in(seqs)).all(db).await?;
        entries.extend(found.into_iter().map(|entry| (entry.seq, entry)));
    }
    let listed = rows.into_iter().map(|appeal| Listed {
        person: people.get(&appeal.person_id).map(|(name, _)| name.clone()).unwrap_or_default(),
        unit: units.get(&appeal.unit_id).cloned().unwrap_or_default(),
        entry: entries.get(&appeal.entry_seq).cloned(),
        appeal,
    });
    Ok(listed.collect())
}

/// The entries of which something waits, or waited, because a clock was wrong.
fn clock_entries() -> SelectStatement {
    ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::Seq)
        .filter(waiting::of_a_clock())
        .into_query()
}
