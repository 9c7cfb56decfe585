//! A unit and the units below it at a glance, for the offices that drill down.
//!
//! A few grouped queries whatever the number of people; the folding into child units happens here. The numbers are
//! those of `view`, the standings those of `assess`.

use crate::assess::{self, Rates, Standing, Verdict};
use crate::effect::{self, Effect};
use crate::gap::{self, Behind};
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
    /// Its people, and how many of them met what is asked.
    pub rates: Rates,
    /// What the year holds.
    pub total: Total,
    /// The last day anybody learnt.
    pub last_day: Option<Day>,
    /// What the hours alone do not say.
    pub effect: Effect,
}

impl UnitYear {
    fn new(unit: org_unit::Model) -> Self {
        let (rates, total, effect) = Default::default();
        Self { unit, rates, total, last_day: None, effect }
    }

    fn add(&mut self, person: &PersonYear) {
        if person.on_roster {
            self.rates.add(person.verdict, person.met_whole);
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
    id: PersonId,
    unit: UnitId,
    /// Since when they are behind, if they are and still belong there.
    behind_since: Option<Day>,
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
    Ok(glance(db, unit, (year, today), 0).await?.overview)
}

/// An overview, and who there is longest behind.
#[derive(Clone, Debug)]
pub struct Glance {
    /// The overview.
    pub overview: Overview,
    /// How many people are below the line of today.
    pub behind: u64,
    /// Those of them who are so longest.
    pub longest: Vec<Behind>,
}

/// An overview, and at most so many of those who are behind: everybody is read and judged once for both.
///
/// # Errors
/// As [`units_overview`].
pub async fn glance(db: &impl ConnectionTrait, unit: UnitId, (year, today): (i32, Day), most: usize) -> Result<Glance> {
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
    let people = people(db, &book, &slice, &scope, today).await?;
    for (path, person) in &people {
        whole.add(person);
        let place = child_on(path, &whole.unit.path).and_then(|child| places.get(&child).copied());
        if let Some(child) = place.and_then(|place| children.get_mut(place)) {
            child.add(person);
        }
    }
    let credited = people.iter().map(|(_, person)| (person.unit, person.total.credited_ms));
    for (path, effect) in effects(db, &book, &slice, &scope, today, credited).await? {
        whole.effect.add(&effect);
        let place = child_on(&path, &whole.unit.path).and_then(|child| places.get(&child).copied());
        if let Some(child) = place.and_then(|place| children.get_mut(place)) {
            child.effect.add(&effect);
        }
    }
    let months = view::months_of(&view::days(db, &book, &slice).await?);
    let categories = view::by_category(db, &book, &slice).await?;
    let since: Vec<_> = people.iter().filter_map(|(_, person)| Some((person.behind_since?, person.id))).collect();
    Ok(Glance {
        overview: Overview { whole, children, months, categories },
        behind: since.len() as u64,
        longest: gap::longest_behind(db, &book, (&slice, today), since, most).await?,
    })
}

/// What hours do not say of every unit in the scope, each with its path.
async fn effects(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
    scope: &Scope,
    today: Day,
    credited: impl Iterator<Item = (UnitId, i64)>,
) -> Result<Vec<(String, Effect)>> {
    let mut effects = effect::of_units(db, book, scope, (slice, today), credited).await?;
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
        let met_whole = assess::met_whole(verdict, &standings);
        let on_roster = left_on.is_none();
        let behind = |standing| gap::progress(standing, facts.days, today).behind_since;
        let looked_at: &[Standing] = if on_roster && verdict == Verdict::Short { &standings } else { &[] };
        let person = PersonYear {
            id,
            unit,
            behind_since: looked_at.iter().filter_map(behind).min(),
            on_roster,
            verdict,
            met_whole,
            total: sums.all(),
            last_day: sums.last_day,
        };
        Some((path.clone(), person))
    });
    Ok(judged.collect())
}

/// The child of the unit at `top` through which `path` runs.
fn child_on(path: &str, top: &str) -> Option<UnitId> {
    path.strip_prefix(top)?.split('/').next()?.parse().ok()
}
