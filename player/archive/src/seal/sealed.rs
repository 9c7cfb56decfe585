//! What is closed: whose year is sealed, or is being sealed at this moment. Of two who are one person the year of either
//! number is closed with that of the one who is kept: what one earned stands in the other's sealed record.

use crate::merges::Merges;
use crate::{Error, Result};
use chrono::Datelike;
use entity::{Day, LineKind, PersonId, Scope, SealId, SealState, org_unit, person, seal, seal_line};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, BTreeSet};

/// The seal that closes a person's year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The seal.
    pub seal: seal::Model,
    /// The number of the person's line; `None` while the seal is being made.
    pub line: Option<i64>,
}

/// Refuses entries for a person and a year that are closed.
///
/// # Errors
/// [`Error::YearSealed`].
pub(crate) async fn refuse(db: &impl ConnectionTrait, entries: impl Iterator<Item = (PersonId, Day)>) -> Result<()> {
    match closed_among(db, entries).await?.first() {
        Some((_, year)) => Err(Error::YearSealed(*year)),
        None => Ok(()),
    }
}

/// Whose years among these are closed.
///
/// # Errors
/// Only those of the database.
pub(crate) async fn closed_among(
    db: &impl ConnectionTrait,
    entries: impl Iterator<Item = (PersonId, Day)>,
) -> Result<BTreeSet<(PersonId, i32)>> {
    let mut years: BTreeMap<i32, BTreeSet<PersonId>> = BTreeMap::new();
    entries.for_each(|(who, day)| {
        years.entry(day.year()).or_default().insert(who);
    });
    let mut among = BTreeSet::new();
    for (year, people) in years {
        let seals = seal::Entity::find().filter(seal::Column::Year.eq(year)).all(db).await?;
        if seals.is_empty() {
            continue; // as good as always: this year's hours
        }
        for chunk in people.into_iter().collect::<Vec<_>>().chunks(500) {
            among.extend(any_of(db, &seals, chunk).await?.into_iter().map(|(who, _)| (who, year)));
        }
    }
    Ok(among)
}

/// The seal of a person's year, if there is one.
///
/// # Errors
/// Only those of the database.
pub async fn closed(db: &impl ConnectionTrait, who: PersonId, year: i32) -> Result<Option<Closed>> {
    let seals = seal::Entity::find().filter(seal::Column::Year.eq(year)).order_by_asc(seal::Column::Id).all(db).await?;
    if seals.is_empty() {
        return Ok(None);
    }
    Ok(any_of(db, &seals, &[who]).await?.into_iter().next().map(|(_, closed)| closed))
}

/// The seals of these people, each one's own before that of the one they are one with.
async fn any_of(
    db: &impl ConnectionTrait,
    seals: &[seal::Model],
    people: &[PersonId],
) -> Result<Vec<(PersonId, Closed)>> {
    let mut found = own(db, seals, people).await?;
    let merges = Merges::now(db).await?;
    let merged: Vec<_> = people.iter().map(|who| (*who, merges.kept(*who))).filter(|(who, kept)| who != kept).collect();
    if !merged.is_empty() {
        let kept = own(db, seals, &merged.iter().map(|(_, kept)| *kept).collect::<Vec<_>>()).await?;
        let with = |(who, one): &(PersonId, PersonId)| {
            kept.iter().find(|(kept, _)| kept == one).map(|(_, closed)| (*who, closed.clone()))
        };
        found.extend(merged.iter().filter_map(with));
    }
    Ok(found)
}

async fn own(db: &impl ConnectionTrait, seals: &[seal::Model], people: &[PersonId]) -> Result<Vec<(PersonId, Closed)>> {
    let lines: Vec<(PersonId, SealId, i64)> = seal_line::Entity::find()
        .select_only()
        .columns([seal_line::Column::PersonId, seal_line::Column::SealId, seal_line::Column::Seq])
        .filter(seal_line::Column::PersonId.is_in(people.iter().copied()))
        .filter(seal_line::Column::Kind.eq(LineKind::Record))
        .filter(seal_line::Column::SealId.is_in(seals.iter().map(|seal| seal.id)))
        .into_tuple()
        .all(db)
        .await?;
    let known = |id: SealId| seals.iter().find(|seal| seal.id == id).cloned();
    let line = |(who, id, seq)| Some((who, Closed { seal: known(id)?, line: Some(seq) }));
    let mut found: Vec<_> = lines.into_iter().filter_map(line).collect();
    for seal in seals.iter().filter(|seal| seal.state == SealState::Sealing) {
        let Some(unit) = org_unit::Entity::find_by_id(seal.unit_id).one(db).await? else { continue };
        let inside: Vec<PersonId> = person::Entity::find()
            .select_only()
            .column(person::Column::Id)
            .filter(person::Column::Id.is_in(people.iter().copied()))
            .filter(Scope::of([unit.path]).reaches((person::Entity, person::Column::UnitId)))
            .into_tuple()
            .all(db)
            .await?;
        found.extend(inside.into_iter().map(|who| (who, Closed { seal: seal.clone(), line: None })));
    }
    Ok(found)
}
