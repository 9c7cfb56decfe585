//! The people of a report, in its order: units as a tree by code, then people by code.
//!
//! Holds the units in memory (some thousands at most) and reads the people a few units at a time.

use crate::Result;
use crate::report::{Cell, Frame, Rows};
use crate::view::{self, Slice, Whom};
use entity::{PersonId, PostKind, Scope, UnitId, UnitLevel, org_unit, person, scope};
use futures_util::{Stream, TryStreamExt};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;

/// The units of a report.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    /// The names of the topmost units.
    pub(super) scope_name: String,
    /// The units in order.
    pub(super) places: Arc<Vec<Place>>,
    pub(super) scope: Scope,
}

/// A unit as three columns.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) unit_id: UnitId,
    pub(super) path: String,
    county: String,
    township: String,
    village: String,
}

impl Place {
    /// County, township and village.
    pub(super) fn cells(&self) -> [Cell; 3] {
        [&self.county, &self.township, &self.village].map(|name| Cell::Text(name.clone()))
    }
}

/// One person of a report.
#[derive(Clone, Debug)]
pub(super) struct Someone {
    pub(super) id: PersonId,
    code: String,
    name: String,
    place: Place,
}

/// Units read at once, and people judged at once.
const UNITS: usize = 50;
const PEOPLE: usize = 100;

impl Roster {
    /// The units of a scope.
    pub(super) async fn load(db: &DatabaseConnection, scope: &Scope) -> Result<Self> {
        let above: BTreeSet<_> = scope.paths().iter().flat_map(|path| scope::ancestors_of(path)).collect();
        let rows = org_unit::Entity::find()
            .filter(Condition::any().add(scope.of_units()).add(org_unit::Column::Id.is_in(above)))
            .all(db)
            .await?;
        let units: HashMap<UnitId, &org_unit::Model> = rows.iter().map(|unit| (unit.id, unit)).collect();
        let mut inside: Vec<_> = rows.iter().filter(|unit| scope.contains(&unit.path)).collect();
        inside.sort_by_cached_key(|unit| tree_key(unit, &units));
        let tops = rows.iter().filter(|unit| scope.paths().contains(&unit.path)).map(|unit| unit.name.as_str());
        let scope_name = tops.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("、");
        let places = inside.into_iter().map(|unit| place(unit, &units)).collect();
        Ok(Self { scope_name, places: Arc::new(places), scope: scope.clone() })
    }

    /// How many people a report by person has.
    pub(super) async fn count(&self, db: &impl ConnectionTrait, slice: &Slice) -> Result<u64> {
        let people = person::Entity::find().filter(self.scope.reaches((person::Entity, person::Column::UnitId)));
        Ok(people.filter(view::listed(slice)).count(db).await?)
    }

    /// The places in groups that are read at once.
    pub(super) fn groups(&self) -> usize {
        self.places.len().div_ceil(UNITS)
    }

    /// The people of one group, in order, in batches that are judged at once.
    pub(super) async fn people(
        &self,
        db: &impl ConnectionTrait,
        slice: &Slice,
        group: usize,
    ) -> Result<Vec<Vec<Someone>>> {
        let places: Vec<_> = self.places.iter().skip(group * UNITS).take(UNITS).collect();
        let rank: HashMap<UnitId, usize> = places.iter().zip(0..).map(|(place, rank)| (place.unit_id, rank)).collect();
        let mut rows: Vec<(PersonId, String, String, UnitId)> = person::Entity::find()
            .select_only()
            .columns([person::Column::Id, person::Column::Code, person::Column::Name, person::Column::UnitId])
            .filter(person::Column::UnitId.is_in(rank.keys().copied()))
            .filter(view::listed(slice))
            .into_tuple()
            .all(db)
            .await?;
        rows.sort_by(|a, b| (rank.get(&a.3), &a.1).cmp(&(rank.get(&b.3), &b.1)));
        let people: Vec<_> = rows
            .into_iter()
            .filter_map(|(id, code, name, unit)| {
                let place = places.get(*rank.get(&unit)?)?;
                Some(Someone { id, code, name, place: (*place).clone() })
            })
            .collect();
        Ok(people.chunks(PEOPLE).map(<[Someone]>::to_vec).collect())
    }
}

/// The rows of a report by person: the people in order, a batch at a time, each made into rows by `rows_of`. Two
/// batches are under way at once, so that the database reads the next while one is being told.
pub(super) fn rows<F, Made>(frame: &Frame, rows_of: F) -> Rows
where
    F: Fn(Frame, Vec<Someone>) -> Made + Send + 'static,
    Made: Future<Output = Result<Vec<Vec<Cell>>>> + Send + 'static,
{
    let whole = frame.clone();
    let made = batches(frame.clone()).map_ok(move |people| {
        let whom = Whom::These(people.iter().map(|person| person.id).collect());
        rows_of(Frame { slice: Slice { whom, ..whole.slice.clone() }, ..whole.clone() }, people)
    });
    Box::pin(made.try_buffered(2))
}

fn batches(frame: Frame) -> impl Stream<Item = Result<Vec<Someone>>> + Send {
    async_stream::try_stream! {
        for group in 0..frame.roster.groups() {
            for people in frame.roster.people(&frame.db, &frame.slice, group).await? {
                yield people;
            }
        }
    }
}

impl Someone {
    /// Path of their unit.
    pub(super) fn path(&self) -> &str {
        &self.place.path
    }

    /// County, township, village, code, name and posts: the columns every report has.
    pub(super) fn cells(&self, posts: Option<&BTreeSet<PostKind>>) -> Vec<Cell> {
        let posts: Vec<_> = posts.into_iter().flatten().map(|kind| kind.label()).collect();
        let [county, township, village] = self.place.cells();
        vec![
            county,
            township,
            village,
            Cell::Id(person::masked(&self.code)),
            Cell::Text(self.name.clone()),
            Cell::Text(posts.join("、")),
        ]
    }
}

/// The codes from the root down: sorts a unit before what lies below it, and siblings by code.
fn tree_key(unit: &org_unit::Model, units: &HashMap<UnitId, &org_unit::Model>) -> Vec<String> {
    scope::ancestors_of(&unit.path).iter().filter_map(|id| units.get(id)).map(|unit| unit.code.clone()).collect()
}

fn place(unit: &org_unit::Model, units: &HashMap<UnitId, &org_unit::Model>) -> Place {
    let mut place = Place {
        unit_id: unit.id,
        path: unit.path.clone(),
        county: String::new(),
        township: String::new(),
        village: String::new(),
    };
    for unit in scope::ancestors_of(&unit.path).iter().filter_map(|id| units.get(id)) {
        match unit.level {
            UnitLevel::City => {}
            UnitLevel::County => place.county.clone_from(&unit.name),
            UnitLevel::Township => place.township.clone_from(&unit.name),
            UnitLevel::Village | UnitLevel::Other => place.village.push_str(&unit.name),
        }
    }
    place
}
