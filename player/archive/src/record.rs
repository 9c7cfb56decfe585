//! One person's training record of a civil year.
//!
//! Brings together what `view` sums, what `assess` finds and the entries themselves, newest first. Writes nothing.

use crate::assess::{self, Standing};
use crate::rules::RuleBook;
use crate::view::{self, Slice, Total, Whom};
use crate::year::Years;
use crate::{Error, Result};
use entity::{Category, Day, PersonId, PostKind, Reason, Source, UnitId, ledger_entry, org_unit, person};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::BTreeMap;

mod entries;
mod pending;

pub use entries::{EntryPage, EntryRow, entries, entry};
pub use pending::Pending;

/// A person's year.
#[derive(Clone, Debug)]
pub struct Record {
    /// Who.
    pub person_id: PersonId,
    /// Their roster number.
    pub code: String,
    /// Their name.
    pub name: String,
    /// The unit they belong to now.
    pub unit_id: UnitId,
    /// Its name.
    pub unit_name: String,
    /// Its path.
    pub unit_path: String,
    /// The posts they held in the year.
    pub posts: Vec<PostKind>,
    /// The civil year.
    pub year: i32,
    /// Everything in it.
    pub total: Total,
    /// By source, only those with entries.
    pub sources: Vec<(Source, Total)>,
    /// By month, January first.
    pub months: [Total; 12],
    /// By civil day, only days with entries.
    pub days: BTreeMap<Day, Total>,
    /// By what the lessons were about; under `None` what was not a lesson, such as a class.
    pub categories: BTreeMap<Option<Category>, Total>,
    /// Milliseconds that do not count, by reason.
    pub reasons: BTreeMap<Reason, i64>,
    /// What they call the rule in force; empty for a year before the first rule.
    pub rule_name: String,
    /// How they stand against each target that binds them.
    pub standings: Vec<Standing>,
    /// Milliseconds of sessions not posted yet, as they would count now.
    pub pending_ms: i64,
    /// Those sessions, the newest first.
    pub pending: Vec<Pending>,
    /// The newest entries.
    pub entries: EntryPage,
}

/// The record of a person's year, with the newest page of entries.
///
/// Judged by the rule in force today, or on the last day of a year that is over: a new rule never touches it.
///
/// # Errors
/// [`Error::NoSuchPerson`], [`Error::BadPeriod`].
pub async fn of_person(db: &impl ConnectionTrait, id: PersonId, year: i32, today: Day) -> Result<Record> {
    let person = person::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchPerson(id))?;
    let unit = org_unit::Entity::find_by_id(person.unit_id).one(db).await?.ok_or(Error::NoSuchUnit(person.unit_id))?;
    let book = RuleBook::load(db).await?;
    let slice = Slice::of_year(db, Whom::One(id), year).await?;
    let rules = book.in_force(&unit.path, today.clamp(slice.from, slice.to)).ok().map(|(_, rules)| rules);
    let (sums, facts) = Years::load(db, &book, &slice).await?.take(id);
    let total = sums.all();
    let days = view::days(db, &book, &slice).await?;
    let pending = pending::of(db, &book, (id, &unit.path), year).await?;
    Ok(Record {
        person_id: id,
        code: person::masked(&person.code),
        name: person.name,
        unit_id: unit.id,
        unit_name: unit.name,
        rule_name: rules.as_ref().map_or_else(String::new, |rules| rules.name.clone()),
        standings: assess::standings(rules.as_deref(), &facts),
        posts: facts.posts().into_iter().collect(),
        year,
        total,
        sources: sums.by_source.into_iter().collect(),
        months: view::months_of(&days),
        days,
        categories: view::by_category(db, &book, &slice).await?,
        reasons: reasons(db, &slice).await?,
        pending_ms: pending.iter().map(|session| session.credited_ms).sum(),
        pending,
        entries: entries::page_of(db, &book, &slice, 1).await?,
        unit_path: unit.path,
    })
}

async fn reasons(db: &impl ConnectionTrait, slice: &Slice) -> Result<BTreeMap<Reason, i64>> {
    let rows: Vec<(i64, String)> = ledger_entry::Entity::find()
        .select_only()
        .columns([ledger_entry::Column::Seq, ledger_entry::Column::Reasons])
        .filter(slice.entries())
        .filter(ledger_entry::Column::Reasons.ne("{}"))
        .into_tuple()
        .all(db)
        .await?;
    let mut all = BTreeMap::new();
    for (seq, json) in rows {
        let parts: BTreeMap<Reason, i64> = serde_json::from_str(&json).map_err(|_| Error::Unreadable(seq))?;
        parts.into_iter().for_each(|(reason, ms)| *all.entry(reason).or_default() += ms);
    }
    all.retain(|_, ms| *ms != 0); // what waited for a quiz and was given is no reason any more
    Ok(all)
}

#[cfg(test)]
mod tests;
