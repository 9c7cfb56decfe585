//! Lists of classes and of other studies, and one of them within reach.

use super::seats;
use crate::page::{self, Page, waiting_first};
use crate::{Error, Result, names};
use entity::{ClassId, ClassState, PersonId, Scope, Source, class_run};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Which of them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of units in these subtrees.
    pub reach: Scope,
    /// Only those below the unit with this path.
    pub below: Option<String>,
    /// Only those that stand here.
    pub state: Option<ClassState>,
}

/// One in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The row.
    pub class: class_run::Model,
    /// The unit's name.
    pub unit: String,
    /// How many stand on the roster.
    pub people: u64,
    /// Whose study it is; empty for a class.
    pub person: String,
    /// Who decided; empty while nobody has.
    pub decided_by: String,
}

/// A page of classes, the latest first.
///
/// # Errors
/// Only those of the database.
pub async fn classes(db: &impl ConnectionTrait, filter: &Filter, page: u64, size: u64) -> Result<Page<Listed>> {
    let found =
        class_run::Entity::find().filter(filter.condition()).filter(class_run::Column::Source.eq(Source::Class));
    let found = found.order_by_desc(class_run::Column::StartsOn).order_by_desc(class_run::Column::Id);
    let Page { rows, page, total } = page::read(db, found, page, size).await?;
    Ok(Page { rows: listed(db, rows).await?, page, total })
}

/// A page of other studies: those that wait first, the one that waits longest at the top; then the decided, newest
/// first.
///
/// # Errors
/// Only those of the database.
pub async fn studies(db: &impl ConnectionTrait, filter: &Filter, page: u64, size: u64) -> Result<Page<Listed>> {
    let found =
        class_run::Entity::find().filter(filter.condition()).filter(class_run::Column::Source.ne(Source::Class));
    let found = waiting_first(found, class_run::Column::DecidedAt, class_run::Column::HandedInAt);
    let Page { rows, page, total } = page::read(db, found.order_by_asc(class_run::Column::Id), page, size).await?;
    Ok(Page { rows: listed(db, rows).await?, page, total })
}

/// How many classes, and how many other studies, wait within this reach for a decision.
///
/// # Errors
/// Only those of the database.
pub async fn waiting(db: &impl ConnectionTrait, reach: &Scope) -> Result<(u64, u64)> {
    let handed_in = Filter { reach: reach.clone(), state: Some(ClassState::HandedIn), ..Filter::default() };
    let counted: Vec<(Source, i64)> = class_run::Entity::find()
        .select_only()
        .column(class_run::Column::Source)
        .column_as(class_run::Column::Id.count(), "waiting")
        .filter(handed_in.condition())
        .group_by(class_run::Column::Source)
        .into_tuple()
        .all(db)
        .await?;
    let (classes, studies): (Vec<_>, Vec<_>) = counted.into_iter().partition(|(source, _)| *source == Source::Class);
    let sum = |rows: Vec<(Source, i64)>| rows.into_iter().filter_map(|(_, count)| u64::try_from(count).ok()).sum();
    Ok((sum(classes), sum(studies)))
}

/// One of them, a class or a study.
///
/// # Errors
/// [`Error::NoSuchClass`] when there is none, or none within reach.
pub async fn one(db: &impl ConnectionTrait, reach: &Scope, id: ClassId) -> Result<class_run::Model> {
    let found = class_run::Entity::find_by_id(id).filter(within(reach)).one(db).await?;
    found.ok_or(Error::NoSuchClass(id))
}

impl Filter {
    fn condition(&self) -> Condition {
        let below = self.below.clone().map(|path| within(&Scope::of([path])));
        let state = self.state.map(|state| class_run::Column::State.eq(state));
        Condition::all().add(within(&self.reach)).add_option(below).add_option(state)
    }
}

fn within(reach: &Scope) -> Condition {
    reach.reaches((class_run::Entity, class_run::Column::UnitId))
}

async fn listed(db: &impl ConnectionTrait, rows: Vec<class_run::Model>) -> Result<Vec<Listed>> {
    let units = names::of_units(db, rows.iter().map(|row| row.unit_id).collect()).await?;
    let people = names::of_people(db, rows.iter().filter_map(|row| row.person_id).collect()).await?;
    let deciders = names::of_accounts(db, rows.iter().filter_map(|row| row.decided_by).collect()).await?;
    let counted = seats::counted(db, rows.iter().map(|row| row.id).collect()).await?;
    let name = |id: PersonId| people.get(&id).map(|(name, _)| name.clone()).unwrap_or_default();
    let listed = |class: class_run::Model| Listed {
        unit: units.get(&class.unit_id).cloned().unwrap_or_default(),
        people: counted.get(&class.id).copied().unwrap_or(0),
        person: class.person_id.map(name).unwrap_or_default(),
        decided_by: class.decided_by.and_then(|by| deciders.get(&by).cloned()).unwrap_or_default(),
        class,
    };
    Ok(rows.into_iter().map(listed).collect())
}
