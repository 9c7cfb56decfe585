//! Lists of what came too late: the office's, open ones first, and one person's.

use crate::page::{self, Page, waiting_first};
use crate::view::year_days;
use crate::{Error, Result, merges, names};
use entity::{LatePostingId, PersonId, Scope, late_posting};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// Which of them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of these subtrees.
    pub reach: Scope,
    /// Only those below the unit with this path.
    pub below: Option<String>,
    /// Only open ones, or only decided ones.
    pub open: Option<bool>,
}

/// One in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The row.
    pub row: late_posting::Model,
    /// Whose hours.
    pub person: String,
    /// Their unit.
    pub unit: String,
    /// Who decided; empty while nobody has.
    pub decided_by: String,
}

/// A page: open ones first, the one that waits longest at the top; then the decided, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn page(db: &impl ConnectionTrait, filter: &Filter, page: u64, size: u64) -> Result<Page<Listed>> {
    let found = late_posting::Entity::find().filter(filter.condition());
    let found = waiting_first(found, late_posting::Column::DecidedAt, late_posting::Column::NotedAt);
    let Page { rows, page, total } = page::read(db, found.order_by_asc(late_posting::Column::Id), page, size).await?;
    Ok(Page { rows: listed(db, rows).await?, page, total })
}

/// One of them.
///
/// # Errors
/// [`Error::NoSuchLate`] when there is none, or none within reach.
pub async fn one(db: &impl ConnectionTrait, reach: &Scope, id: LatePostingId) -> Result<late_posting::Model> {
    let found = late_posting::Entity::find_by_id(id).filter(within(reach)).one(db).await?;
    found.ok_or(Error::NoSuchLate(id))
}

/// How many within this reach wait to be decided.
///
/// # Errors
/// Only those of the database.
pub async fn open_count(db: &impl ConnectionTrait, reach: &Scope) -> Result<u64> {
    let open = late_posting::Entity::find().filter(late_posting::Column::DecidedAt.is_null());
    Ok(open.filter(within(reach)).count(db).await?)
}

/// Those of a person's civil year, the newest day first; at most a hundred.
///
/// # Errors
/// [`Error::BadPeriod`].
pub async fn of_person(db: &impl ConnectionTrait, who: PersonId, year: i32) -> Result<Vec<late_posting::Model>> {
    let (from, to) = year_days(year)?;
    let rows = late_posting::Entity::find()
        .filter(late_posting::Column::PersonId.is_in(merges::all_of(db, who).await?))
        .filter(late_posting::Column::Day.between(from, to))
        .order_by_desc(late_posting::Column::Day)
        .order_by_desc(late_posting::Column::Id)
        .limit(100);
    Ok(rows.all(db).await?)
}

impl Filter {
    fn condition(&self) -> Condition {
        let open = self.open.map(|open| match open {
            true => late_posting::Column::DecidedAt.is_null(),
            false => late_posting::Column::DecidedAt.is_not_null(),
        });
        let below = self.below.clone().map(|path| within(&Scope::of([path])));
        Condition::all().add(within(&self.reach)).add_option(below).add_option(open)
    }
}

fn within(reach: &Scope) -> Condition {
    Condition::all().add(reach.reaches((late_posting::Entity, late_posting::Column::UnitId)))
}

async fn listed(db: &impl ConnectionTrait, rows: Vec<late_posting::Model>) -> Result<Vec<Listed>> {
    let people = names::of_people(db, rows.iter().map(|row| row.person_id).collect()).await?;
    let units = names::of_units(db, rows.iter().map(|row| row.unit_id).collect()).await?;
    let deciders = names::of_accounts(db, rows.iter().filter_map(|row| row.decided_by).collect()).await?;
    let listed = rows.into_iter().map(|row| Listed {
        person: people.get(&row.person_id).map(|(name, _)| name.clone()).unwrap_or_default(),
        unit: units.get(&row.unit_id).cloned().unwrap_or_default(),
        decided_by: row.decided_by.and_then(|by| deciders.get(&by)).cloned().unwrap_or_default(),
        row,
    });
    Ok(listed.collect())
}
