//! Every version of a unit's rule: who set it, when, and what it changed.

use super::{Change, Rules, changes};
use crate::{Result, names};
use entity::{AccountId, Day, UnitId, org_unit, rule, scope};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// One version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its row: unit, first day, name, text, when it was set.
    pub row: rule::Model,
    /// Who set it; `None` for what a new installation starts with.
    pub author: Option<String>,
    /// What it changed against the one before it, or, for a county's first, against the city's of its first day.
    pub changes: Vec<Change>,
}

impl Version {
    /// The rule it holds.
    ///
    /// # Errors
    /// [`crate::Error::BrokenRules`] when the stored text cannot be read.
    pub fn rules(&self) -> Result<Rules> {
        Rules::parse(&self.row.body)
    }
}

/// A page (from 1) of the versions of this unit's own rule, the latest first day first; and how many there are.
///
/// # Errors
/// Only those of the database.
pub async fn history(
    db: &impl ConnectionTrait,
    unit: &org_unit::Model,
    (page, size): (u64, u64),
) -> Result<(Vec<Version>, u64)> {
    let own = rule::Entity::find().filter(rule::Column::UnitId.eq(unit.id));
    let total = own.clone().count(db).await?;
    // One more than the page shows: what its last version changed is told against the one before it.
    let rows = own
        .order_by_desc(rule::Column::ValidFrom)
        .offset(page.saturating_sub(1).saturating_mul(size))
        .limit(size.saturating_add(1))
        .all(db)
        .await?;
    let authors: Vec<AccountId> = rows.iter().filter_map(|row| row.created_by).collect();
    let authors = names::of_accounts(db, authors.into_iter().collect()).await?;
    let mut versions = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate().take(usize::try_from(size).unwrap_or(usize::MAX)) {
        let before = match rows.get(at + 1) {
            Some(own) => Some(own.clone()),
            None => above(db, unit, row.valid_from).await?,
        };
        versions.push(Version {
            author: row.created_by.and_then(|id| authors.get(&id).cloned()),
            changes: before.map(|before| changes(&before.body, &row.body)).unwrap_or_default(),
            row: row.clone(),
        });
    }
    Ok((versions, total))
}

/// The rule that would hold for this unit on that day if it had none of its own.
pub(super) async fn above(db: &impl ConnectionTrait, unit: &org_unit::Model, day: Day) -> Result<Option<rule::Model>> {
    for id in scope::ancestors_of(&unit.path).into_iter().rev().filter(|id| *id != unit.id) {
        let newest = of_unit(db, id).await?.into_iter().find(|row| row.valid_from <= day);
        if newest.is_some() {
            return Ok(newest);
        }
    }
    Ok(None)
}

async fn of_unit(db: &impl ConnectionTrait, unit: UnitId) -> Result<Vec<rule::Model>> {
    let query = rule::Entity::find().filter(rule::Column::UnitId.eq(unit));
    Ok(query.order_by_desc(rule::Column::ValidFrom).all(db).await?)
}

/// The row of the rule that holds at a unit on a day, its own or one from above.
///
/// # Errors
/// Only those of the database.
pub async fn row_in_force(db: &impl ConnectionTrait, unit: &org_unit::Model, day: Day) -> Result<Option<rule::Model>> {
    let own = of_unit(db, unit.id).await?.into_iter().find(|row| row.valid_from <= day);
    match own {
        Some(own) => Ok(Some(own)),
        None => above(db, unit, day).await,
    }
}
