//! Closing a year (年度封存): every record of a unit as it stands, hashed and chained, so that nobody changes it unseen.
//!
//! A seal is work for a while: `begin` fixes the year, the people and the last ledger entry that is looked at, `work`
//! seals some hundreds of records at a time, each batch in a transaction of its own, and goes on after a restart where it
//! stopped. From `begin` on nothing enters the ledger for these people and that year but an amendment
//! (`ledger::amend`), which says who approved it and why, and which follows in the same chain.
//!
//! - `line` is the chain, `snapshot` what a record says, `sealed` what is closed, `check` the proof.
//! - A person is sealed once for a year: who moved to another county after the first had sealed stays in its seal.

use crate::merges::Merges;
use crate::rules::RuleBook;
use crate::view::{self, Slice, Whom};
use crate::year::Years;
use crate::{About, Error, Result, assess, ledger, names};
use entity::{
    AccountId, LineKind, Moment, PersonId, Scope, SealId, SealState, UnitId, Verb, audit, org_unit, person, playback,
    seal, seal_line,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait,
    DatabaseConnection, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use std::sync::Arc;

mod amend;
mod certificate;
mod check;
mod findings;
mod line;
mod sealed;
mod snapshot;

pub(crate) use amend::write as write_amendment;
pub use amend::{Amendment, amendments};
pub use certificate::{Certificate, Checked, by_code, last_year, of_person};
pub use check::check;
pub use findings::{SealFault, SealFindings};
pub use sealed::{Closed, closed};
pub(crate) use sealed::{closed_among, refuse};
pub use snapshot::{SealedStanding, Snapshot};

/// Records sealed in one transaction.
const BATCH: u64 = 200;

/// What sealing a unit's year would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The civil year.
    pub year: i32,
    /// People whose record would be sealed.
    pub people: u64,
    /// People of the unit who are in another seal of the year.
    pub already: u64,
    /// Sessions of the year that are not in the ledger yet: they have to be, first.
    pub waiting: u64,
    /// Appeals that wait for a decision; they may be decided later, as amendments.
    pub appeals: u64,
    /// Whether the year is over.
    pub is_over: bool,
}

impl Outlook {
    /// Whether it can be sealed now.
    pub fn is_ready(&self) -> bool {
        self.is_over && self.waiting == 0 && self.people > 0
    }
}

/// A seal as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The row.
    pub row: seal::Model,
    /// The name of the unit.
    pub unit_name: String,
    /// Who asked for it.
    pub asked_by: String,
}

/// What sealing would do.
///
/// # Errors
/// [`Error::NoSuchUnit`], [`Error::BadPeriod`].
pub async fn outlook(db: &impl ConnectionTrait, unit: UnitId, year: i32, now: Moment) -> Result<Outlook> {
    let at = org_unit::Entity::find_by_id(unit).one(db).await?.ok_or(Error::NoSuchUnit(unit))?;
    let scope = Scope::of([at.path]);
    let slice = Slice::of_year(db, Whom::Of(scope.clone()), year).await?;
    let everybody = person::Entity::find().filter(roster(&scope, &slice)).count(db).await?;
    let people = person::Entity::find().filter(to_seal(&scope, &slice, year, None)).count(db).await?;
    let open = entity::appeal::Entity::find()
        .filter(entity::appeal::Column::DecidedAt.is_null())
        .filter(scope.reaches((entity::appeal::Entity, entity::appeal::Column::UnitId)));
    Ok(Outlook {
        year,
        people,
        already: everybody.saturating_sub(people),
        waiting: waiting(&scope, &slice).count(db).await?,
        appeals: open.count(db).await?,
        is_over: year < now.year(),
    })
}

/// Begin to seal a unit's year. The records are sealed by [`work`].
///
/// # Errors
/// [`Error::NoSuchUnit`], [`Error::BadPeriod`], [`Error::YearNotOver`], [`Error::SessionsWait`],
/// [`Error::NothingToSeal`], [`Error::YearSealed`] while another seal of it is being made there.
pub async fn begin(
    db: &DatabaseConnection,
    unit: UnitId,
    year: i32,
    by: AccountId,
    now: Moment,
) -> Result<seal::Model> {
    let txn = entity::writing::begin(db).await?;
    let head = ledger::hold_head(&txn).await?; // nothing is posted between the look and the seal
    let outlook = outlook(&txn, unit, year, now).await?;
    if !outlook.is_over {
        return Err(Error::YearNotOver(year));
    }
    if outlook.waiting > 0 {
        return Err(Error::SessionsWait(outlook.waiting));
    }
    if outlook.people == 0 {
        return Err(Error::NothingToSeal);
    }
    let under_way = seal::Entity::find().filter(seal::Column::State.eq(SealState::Sealing)).count(&txn).await?;
    if under_way > 0 {
        return Err(Error::SealUnderWay);
    }
    let row = seal::ActiveModel {
        id: NotSet,
        unit_id: Set(unit),
        year: Set(year),
        state: Set(SealState::Sealing),
        upto_seq: Set(head.seq),
        people: Set(i64::try_from(outlook.people).unwrap_or(i64::MAX)),
        done: Set(0),
        asked_by: Set(by),
        asked_at: Set(now),
        sealed_at: Set(None),
        hash: Set(None),
    };
    let row = row.insert(&txn).await?;
    note(&txn, &row, Verb::SealBegin, format!("{year} 年，{} 人", row.people), now).await?;
    txn.commit().await?;
    Ok(row)
}

/// Seal one more batch of the seal that is under way. Answers how many records; 0 when there is nothing to do.
///
/// # Errors
/// Those of the database; the batch is then tried again.
pub async fn work(db: &DatabaseConnection, now: Moment) -> Result<u64> {
    let under_way = seal::Entity::find().filter(seal::Column::State.eq(SealState::Sealing));
    let Some(row) = under_way.order_by_asc(seal::Column::Id).one(db).await? else { return Ok(0) };
    let txn = entity::writing::begin(db).await?;
    let head = line::hold_head(&txn).await?; // two servers do not seal the same batch
    let row = seal::Entity::find_by_id(row.id).one(&txn).await?;
    let Some(row) = row.filter(|row| row.state == SealState::Sealing) else { return Ok(0) };
    let people = batch(&txn, &row).await?;
    let done = people.len() as u64;
    let bodies = snapshot::of(&txn, &row, people).await?;
    let lines = bodies.into_iter().map(|(who, body)| line::NewLine::record(&row, who, body)).collect();
    let head = line::append(&txn, head, lines, now).await?;
    let mut changed = row.clone().into_active_model();
    changed.done = Set(row.done.saturating_add(i64::try_from(done).unwrap_or(0)));
    if done < BATCH {
        changed.done = Set(row.people);
        changed.state = Set(SealState::Sealed);
        changed.sealed_at = Set(Some(now));
        let closing = snapshot::roll(&txn, &row, now).await?;
        let head = line::append(&txn, head, vec![line::NewLine::roll(&row, closing)], now).await?;
        changed.hash = Set(Some(head.hash));
        note(&txn, &row, Verb::SealClose, format!("{} 年封存完成", row.year), now).await?;
    }
    changed.update(&txn).await?;
    txn.commit().await?;
    Ok(done.max(1))
}

/// A page (from 1) of the seals of these subtrees, the latest first; and how many there are.
///
/// # Errors
/// Only those of the database.
pub async fn list(db: &impl ConnectionTrait, scope: &Scope, (page, size): (u64, u64)) -> Result<(Vec<Listed>, u64)> {
    let theirs = seal::Entity::find().filter(scope.reaches((seal::Entity, seal::Column::UnitId)));
    let total = theirs.clone().count(db).await?;
    let first = page.saturating_sub(1).saturating_mul(size);
    let rows = theirs.order_by_desc(seal::Column::Id).offset(first).limit(size).all(db).await?;
    Ok((named(db, rows).await?, total))
}

/// A seal with the names that belong to it; `None` when there is none with this key.
///
/// # Errors
/// Only those of the database.
pub async fn one(db: &impl ConnectionTrait, id: SealId) -> Result<Option<Listed>> {
    let found = seal::Entity::find_by_id(id).one(db).await?;
    Ok(named(db, found.into_iter().collect()).await?.pop())
}

async fn named(db: &impl ConnectionTrait, rows: Vec<seal::Model>) -> Result<Vec<Listed>> {
    let units = names::of_units(db, rows.iter().map(|row| row.unit_id).collect()).await?;
    let accounts = names::of_accounts(db, rows.iter().map(|row| row.asked_by).collect()).await?;
    let listed = |row: seal::Model| Listed {
        unit_name: units.get(&row.unit_id).cloned().unwrap_or_default(),
        asked_by: accounts.get(&row.asked_by).cloned().unwrap_or_default(),
        row,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// The people of the next batch, with their units, by key.
async fn batch(txn: &DatabaseTransaction, row: &seal::Model) -> Result<Vec<(person::Model, org_unit::Model)>> {
    let at = org_unit::Entity::find_by_id(row.unit_id).one(txn).await?.ok_or(Error::NoSuchUnit(row.unit_id))?;
    let scope = Scope::of([at.path]);
    let slice = slice_of(txn, row, Whom::Of(scope.clone())).await?;
    let after: Option<Option<PersonId>> = seal_line::Entity::find()
        .select_only()
        .column_as(seal_line::Column::PersonId.max(), "last")
        .filter(seal_line::Column::SealId.eq(row.id))
        .filter(seal_line::Column::Kind.eq(LineKind::Record))
        .into_tuple()
        .one(txn)
        .await?;
    let people = person::Entity::find()
        .filter(to_seal(&scope, &slice, row.year, Some(row.id)))
        .filter(person::Column::Id.gt(after.flatten().unwrap_or(PersonId(0))))
        .order_by_asc(person::Column::Id)
        .limit(BATCH)
        .all(txn)
        .await?;
    let units = org_unit::Entity::find()
        .filter(org_unit::Column::Id.is_in(people.iter().map(|person| person.unit_id)))
        .all(txn)
        .await?;
    let home = |person: person::Model| {
        let unit = units.iter().find(|unit| unit.id == person.unit_id)?.clone();
        Some((person, unit))
    };
    Ok(people.into_iter().filter_map(home).collect())
}

/// The year of a seal, up to the last entry it looks at, of those who were one with each other when it was asked for.
async fn slice_of(db: &impl ConnectionTrait, row: &seal::Model, whom: Whom) -> Result<Slice> {
    let (from, to) = view::year_days(row.year)?;
    let merges = Arc::new(Merges::at(db, row.asked_at).await?);
    Ok(Slice { whom, from, to, upto_seq: row.upto_seq, about: About::Everything, merges })
}

fn roster(scope: &Scope, slice: &Slice) -> Condition {
    Condition::all().add(scope.reaches((person::Entity, person::Column::UnitId))).add(view::listed(slice))
}

/// Those of a year's roster who are in no other seal of it.
fn to_seal(scope: &Scope, slice: &Slice, year: i32, but: Option<SealId>) -> Condition {
    let mut seals = seal::Entity::find().select_only().column(seal::Column::Id).filter(seal::Column::Year.eq(year));
    if let Some(own) = but {
        seals = seals.filter(seal::Column::Id.ne(own));
    }
    let elsewhere = seal_line::Entity::find()
        .select_only()
        .column(seal_line::Column::PersonId)
        .filter(seal_line::Column::Kind.eq(LineKind::Record))
        .filter(seal_line::Column::SealId.in_subquery(seals.into_query()))
        .into_query();
    roster(scope, slice).add(person::Column::Id.not_in_subquery(elsewhere))
}

/// Sessions of the year in these subtrees that are not in the ledger.
fn waiting(scope: &Scope, slice: &Slice) -> sea_orm::Select<playback::Entity> {
    playback::Entity::find()
        .filter(playback::Column::PostedAt.is_null())
        .filter(playback::Column::Day.between(slice.from, slice.to))
        .filter(scope.reaches((playback::Entity, playback::Column::UnitId)))
}

async fn note(db: &impl ConnectionTrait, row: &seal::Model, action: Verb, detail: String, now: Moment) -> Result<()> {
    let line = audit::line(now, Some(row.asked_by), action, format!("seal:{}", row.id), detail);
    line.insert(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
