//! A unit and the units below it at a glance, for the offices that drill down.
//!
//! A few grouped queries whatever the number of people; the folding into child units happens here. The numbers are
//! those of `view`, the standings those of `assess`.

use crate::assess::{self, Standing, Verdict};
use crate::effect::{self, Effect};
use crate::rules::{RuleBook, Rules};
use crate::view::{self, Slice, Total, Whom};
use crate::year::Years;
use crate::{Error, Result};
use entity::{Category, Day, PersonId, Scope, UnitId, org_unit, person};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A unit and everything below it.
#[derive(Clone, Debug)]
pub struct UnitYear {
    /// The unit.
    pub unit: org_unit::Model,
    /// People on the roster now.
    pub people: u64,
    /// Of these, people of whom some target asks something.
    pub bound: u64,
    /// Of these, people who met all of it.
    pub met: u64,
    /// People whom targets would bind, but who are exempt from all of them.
    pub exempt: u64,
    /// People, exempt or not, who met all that is asked of somebody without exemption.
    pub met_whole: u64,
    /// What the year holds.
    pub total: Total,
    /// The last day anybody learnt.
    pub last_day: Option<Day>,
    /// What the hours alone do not say.
    pub effect: Effect,
}

impl UnitYear {
    /// Met of bound in whole percent, rounded down, the exempt left out; `None` when nobody is bound.
    pub fn met_percent(&self) -> Option<u64> {
        (self.met * 100).checked_div(self.bound)
    }

    /// The same with the exempt counted in, by what is asked of everybody else.
    pub fn met_percent_of_all(&self) -> Option<u64> {
        (self.met_whole * 100).checked_div(self.bound + self.exempt)
    }

    fn new(unit: org_unit::Model) -> Self {
        Self {
            unit,
            people: 0,
            bound: 0,
            met: 0,
            exempt: 0,
            met_whole: 0,
            total: Total::default(),
            last_day: None,
            effect: Effect::default(),
        }
    }

    fn add(&mut self, person: &PersonYear) {
        if person.on_roster {
            self.people += 1;
            self.bound += u64::from(person.is_bound());
            self.met += u64::from(person.has_met());
            self.exempt += u64::from(person.verdict == Verdict::Exempt);
            self.met_whole += u64::from(person.met_whole);
        }
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
    /// By what the lessons were about; under `None` what was not a lesson, such as a class.
    pub categories: BTreeMap<Option<Category>, Total>,
}

/// One person in an overview.
pub(crate) struct PersonYear {
    pub(crate) on_roster: bool,
    verdict: Verdict,
    met_whole: bool,
    pub(crate) total: Total,
    last_day: Option<Day>,
}

impl PersonYear {
    /// Whether some target asks something of them.
    pub(crate) fn is_bound(&self) -> bool {
        matches!(self.verdict, Verdict::Met | Verdict::Short)
    }

    /// Whether they met all of it.
    pub(crate) fn has_met(&self) -> bool {
        self.verdict == Verdict::Met
    }
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
    for (path, effect) in effects(db, &book, &slice, &scope, today).await? {
        whole.effect.add(&effect);
        let place = child_on(&path, &whole.unit.path).and_then(|child| places.get(&child).copied());
        if let Some(child) = place.and_then(|place| children.get_mut(place)) {
            child.effect.add(&effect);
        }
    }
    let months = view::months_of(&view::days(db, &book, &slice).await?);
    let categories = view::by_category(db, &book, &slice).await?;
    Ok(Overview { whole, children, months, categories })
}

/// What hours do not say of every unit in the scope, each with its path.
async fn effects(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
    scope: &Scope,
    today: Day,
) -> Result<Vec<(String, Effect)>> {
    let mut effects = effect::of_units(db, book, scope, slice, today).await?;
    let units: Vec<(UnitId, String)> = org_unit::Entity::find()
        .select_only()
        .columns([org_unit::Column::Id, org_unit::Column::Path])
        .filter(scope.of_units())
        .into_tuple()
        .all(db)
        .await?;
    Ok(units.into_iter().filter_map(|(id, path)| Some((path, effects.remove(&id)?))).collect())
}

/// Everyone of the scope, each with the path of their unit.
pub(crate) async fn people(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
    scope: &Scope,
    today: Day,
) -> Result<Vec<(Arc<str>, PersonYear)>> {
    let mut years = Years::load(db, book, slice).await?;
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
        let (sums, facts) = years.take(id);
        let standings = assess::standings(rules.as_deref(), &facts);
        let verdict = assess::verdict(&standings);
        let met_whole = verdict != Verdict::Unbound && standings.iter().all(Standing::meets_whole);
        let (total, last_day) = (sums.all(), sums.last_day);
        Some((path.clone(), PersonYear { on_roster: left_on.is_none(), verdict, met_whole, total, last_day }))
    });
    Ok(judged.collect())
}

/// The child of the unit at `top` through which `path` runs.
fn child_on(path: &str, top: &str) -> Option<UnitId> {
    path.strip_prefix(top)?.split('/').next()?.parse().ok()
}
