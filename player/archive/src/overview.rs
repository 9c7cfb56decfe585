//! A unit and the units below it at a glance, for the offices that drill down.
//!
//! Four grouped queries whatever the number of people; the folding into child units happens here. The numbers are
//! those of `view`, the standings those of `assess`.

use crate::assess::{self, Facts};
use crate::rules::{RuleBook, Rules};
use crate::view::{self, Slice, Total, Whom};
use crate::{Error, Result};
use entity::{Day, PersonId, Scope, UnitId, org_unit, person};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use std::sync::Arc;

/// A unit and everything below it.
#[derive(Clone, Debug)]
pub struct UnitYear {
    /// The unit.
    pub unit: org_unit::Model,
    /// People on the roster now.
    pub people: u64,
    /// Of these, people some target binds.
    pub bound: u64,
    /// Of these, people who met all their targets.
    pub met: u64,
    /// What the year holds.
    pub total: Total,
    /// The last day anybody learnt.
    pub last_day: Option<Day>,
}

impl UnitYear {
    /// Met of bound in whole percent, rounded down; `None` when nobody is bound.
    pub fn met_percent(&self) -> Option<u64> {
        (self.met * 100).checked_div(self.bound)
    }

    fn new(unit: org_unit::Model) -> Self {
        Self { unit, people: 0, bound: 0, met: 0, total: Total::default(), last_day: None }
    }

    fn add(&mut self, person: &PersonYear) {
        self.people += u64::from(person.on_roster);
        self.bound += u64::from(person.bound && person.on_roster);
        self.met += u64::from(person.met && person.on_roster);
        self.total.add(person.total);
        self.last_day = Ord::max(self.last_day, person.last_day);
    }
}

/// A unit's year and those of its child units.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The unit itself, with everything below.
    pub whole: UnitYear,
    /// Its child units by code.
    pub children: Vec<UnitYear>,
    /// By month, January first.
    pub months: [Total; 12],
}

/// One person in an overview.
struct PersonYear {
    on_roster: bool,
    bound: bool,
    met: bool,
    total: Total,
    last_day: Option<Day>,
}

/// The year of a unit and of each unit right below it.
///
/// # Errors
/// [`Error::NoSuchUnit`], [`Error::BadPeriod`].
pub async fn units_overview(db: &impl ConnectionTrait, unit: UnitId, year: i32, today: Day) -> Result<Overview> {
    let unit = org_unit::Entity::find_by_id(unit).one(db).await?.ok_or(Error::NoSuchUnit(unit))?;
    let scope = Scope::of([unit.path.clone()]);
    let children = org_unit::Entity::find()
        .filter(org_unit::Column::ParentId.eq(unit.id))
        .order_by_asc(org_unit::Column::Code)
        .all(db)
        .await?;
    let book = RuleBook::load(db).await?;
    let slice = Slice::of_year(db, Whom::Of(scope.clone()), year).await?;
    let mut whole = UnitYear::new(unit);
    let mut children: Vec<_> = children.into_iter().map(UnitYear::new).collect();
    let places: HashMap<UnitId, usize> =
        children.iter().zip(0..).map(|(child, place)| (child.unit.id, place)).collect();
    for (path, person) in people(db, &book, &slice, &scope, today).await? {
        whole.add(&person);
        let place = child_on(&path, &whole.unit.path).and_then(|child| places.get(&child).copied());
        if let Some(child) = place.and_then(|place| children.get_mut(place)) {
            child.add(&person);
        }
    }
    let months = view::months(db, &book, &slice).await?;
    Ok(Overview { whole, children, months })
}

async fn people(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
    scope: &Scope,
    today: Day,
) -> Result<Vec<(Arc<str>, PersonYear)>> {
    let mut sums = view::sums(db, book, slice).await?;
    let mut classes = view::classes(db, slice).await?;
    let mut posts = view::posts(db, slice).await?;
    let mut places: HashMap<UnitId, (Arc<str>, Option<Arc<Rules>>)> = HashMap::new();
    for unit in org_unit::Entity::find().filter(scope.of_units()).all(db).await? {
        let rules = book.in_force(&unit.path, today.clamp(slice.from, slice.to)).ok().map(|(_, rules)| rules);
        places.insert(unit.id, (unit.path.into(), rules));
    }
    let roster: Vec<(PersonId, UnitId, Option<Day>)> = person::Entity::find()
        .select_only()
        .columns([person::Column::Id, person::Column::UnitId, person::Column::LeftOn])
        .join(JoinType::InnerJoin, view::person_unit())
        .filter(scope.of_units())
        .into_tuple()
        .all(db)
        .await?;
    let judged = roster.into_iter().filter_map(|(id, unit, left_on)| {
        let (path, rules) = places.get(&unit)?;
        let sums = sums.remove(&id).unwrap_or_default();
        let (total, posts) = (sums.all(), posts.remove(&id).unwrap_or_default());
        let facts = Facts { credit: total.credit, classes: classes.remove(&id).unwrap_or_default() };
        let standings = assess::standings(rules.as_deref(), &posts, &facts);
        let bound = !standings.is_empty();
        let met = bound && standings.iter().all(|standing| standing.met);
        let on_roster = left_on.is_none();
        Some((path.clone(), PersonYear { on_roster, bound, met, total, last_day: sums.last_day }))
    });
    Ok(judged.collect())
}

/// The child of the unit at `top` through which `path` runs.
fn child_on(path: &str, top: &str) -> Option<UnitId> {
    path.strip_prefix(top)?.split('/').next()?.parse().ok()
}
