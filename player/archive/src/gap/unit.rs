//! Who of a unit and everything below is behind, and since when.
//!
//! Judges everybody in the fixed number of queries of `year`, keeps only those who belong on the list, and reads the
//! names of one page.

use super::{Progress, all_progress};
use crate::assess::{self, Rates, Verdict};
use crate::rules::{RuleBook, Rules};
use crate::view::{self, Slice, Whom};
use crate::year::Years;
use crate::{Error, Result, names};
use entity::{Day, PersonId, Scope, UnitId, org_unit, person};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect};
use std::collections::HashMap;
use std::sync::Arc;

/// Whom a list is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Who {
    /// Those below the line of today.
    #[default]
    Behind,
    /// Those who lack anything, in time or not.
    Short,
    /// Those of whom nothing is asked because they are exempt.
    Exempt,
}

impl Who {
    /// The list with this name in addresses.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "behind" => Some(Self::Behind),
            "short" => Some(Self::Short),
            "exempt" => Some(Self::Exempt),
            _ => None,
        }
    }

    /// Its name in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Short => "short",
            Self::Exempt => "exempt",
        }
    }

    fn lists(self, judged: &Judged) -> bool {
        match self {
            Self::Behind => judged.verdict == Verdict::Short && judged.behind_since().is_some(),
            Self::Short => judged.verdict == Verdict::Short,
            Self::Exempt => judged.verdict == Verdict::Exempt,
        }
    }
}

/// Somebody on such a list.
#[derive(Clone, Debug)]
pub struct Behind {
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// Their roster number.
    pub code: String,
    /// The unit they belong to.
    pub unit_id: UnitId,
    /// Its name.
    pub unit_name: String,
    /// Every target that binds them.
    pub targets: Vec<Progress>,
    /// The earliest day since which one of them is behind.
    pub since: Option<Day>,
}

/// A page of the gaps of a unit's year.
#[derive(Clone, Debug)]
pub struct Gaps {
    /// Everybody there, and how many met what is asked of them.
    pub rates: Rates,
    /// How many people are below the line of today.
    pub behind: u64,
    /// How many people the list has.
    pub total: u64,
    /// Which page this is, from 1.
    pub page: u64,
    /// How many people a page has.
    pub size: u64,
    /// The people of this page, those longest behind first.
    pub people: Vec<Behind>,
}

/// One person, judged.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) person_id: PersonId,
    pub(crate) unit_id: UnitId,
    pub(crate) targets: Vec<Progress>,
    pub(crate) verdict: Verdict,
}

impl Judged {
    pub(crate) fn behind_since(&self) -> Option<Day> {
        self.targets.iter().filter_map(|target| target.behind_since).min()
    }
}

/// A page of the people of a unit and below who lack something.
///
/// # Errors
/// [`Error::NoSuchUnit`], [`Error::BadPeriod`].
pub async fn of_unit(
    db: &impl ConnectionTrait,
    unit: UnitId,
    (year, today): (i32, Day),
    who: Who,
    (page, size): (u64, u64),
) -> Result<Gaps> {
    let top = org_unit::Entity::find_by_id(unit).one(db).await?.ok_or(Error::NoSuchUnit(unit))?;
    let book = RuleBook::load(db).await?;
    let slice = Slice::of_year(db, Whom::Of(Scope::of([top.path.clone()])), year).await?;
    let everybody = judged(db, &book, &slice, today).await?;
    let behind = everybody.iter().filter(|judged| Who::Behind.lists(judged)).count();
    let rates = rates(&everybody);
    let mut listed: Vec<_> = everybody.into_iter().filter(|judged| who.lists(judged)).collect();
    listed.sort_by_key(|judged| (judged.behind_since().is_none(), judged.behind_since(), judged.person_id));
    let total = listed.len() as u64;
    let first = usize::try_from(page.max(1).saturating_sub(1).saturating_mul(size)).unwrap_or(usize::MAX);
    let shown = listed.into_iter().skip(first).take(usize::try_from(size).unwrap_or(0)).collect();
    Ok(Gaps { rates, behind: behind as u64, total, page: page.max(1), size, people: named(db, shown).await? })
}

/// Those of these people who are longest behind, at most so many: of each it is known already since when.
pub(crate) async fn longest_behind(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    (slice, today): (&Slice, Day),
    mut behind: Vec<(Day, PersonId)>,
    most: usize,
) -> Result<Vec<Behind>> {
    behind.sort_unstable();
    behind.truncate(most);
    if behind.is_empty() {
        return Ok(Vec::new());
    }
    let slice = Slice { whom: Whom::These(behind.iter().map(|(_, who)| *who).collect()), ..slice.clone() };
    let mut judged = these(db, book, &slice, today).await?;
    judged.sort_by_key(|judged| (judged.behind_since(), judged.person_id));
    named(db, judged).await
}

fn rates(everybody: &[Judged]) -> Rates {
    let mut rates = Rates::default();
    for judged in everybody {
        let standings = judged.targets.iter().map(|target| &target.standing);
        rates.add(judged.verdict, assess::met_whole(judged.verdict, standings));
    }
    rates
}

/// A bounded number of people, judged as of `today`.
async fn these(db: &impl ConnectionTrait, book: &RuleBook, slice: &Slice, today: Day) -> Result<Vec<Judged>> {
    let mut years = Years::load(db, book, slice).await?;
    let homes: Vec<(PersonId, UnitId, String)> = person::Entity::find()
        .select_only()
        .columns([person::Column::Id, person::Column::UnitId])
        .column(org_unit::Column::Path)
        .join(JoinType::InnerJoin, view::person_unit())
        .filter(slice.whom.owns(person::Column::Id))
        .into_tuple()
        .all(db)
        .await?;
    let judged = homes.into_iter().map(|(person_id, unit_id, path)| {
        let rules = book.in_force(&path, today.clamp(slice.from, slice.to)).ok().map(|(_, rules)| rules);
        let (_, facts) = years.take(person_id);
        let (targets, verdict) = all_progress(&assess::standings(rules.as_deref(), &facts), facts.days, today);
        Judged { person_id, unit_id, targets, verdict }
    });
    Ok(judged.collect())
}

/// Everybody on the roster in the slice's subtrees, judged as of `today`.
pub(crate) async fn judged(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
    today: Day,
) -> Result<Vec<Judged>> {
    let Whom::Of(scope) = &slice.whom else { return Ok(Vec::new()) };
    let mut years = Years::load(db, book, slice).await?;
    let rules = rules_of(db, book, scope, today.clamp(slice.from, slice.to)).await?;
    let roster: Vec<(PersonId, UnitId)> = person::Entity::find()
        .select_only()
        .columns([person::Column::Id, person::Column::UnitId])
        .join(JoinType::InnerJoin, view::person_unit())
        .filter(scope.of_units())
        .filter(person::Column::LeftOn.is_null())
        .into_tuple()
        .all(db)
        .await?;
    let judged = roster.into_iter().map(|(person_id, unit_id)| {
        let (_, facts) = years.take(person_id);
        let rules = rules.get(&unit_id).and_then(Option::as_deref);
        let (targets, verdict) = all_progress(&assess::standings(rules, &facts), facts.days, today);
        Judged { person_id, unit_id, targets, verdict }
    });
    Ok(judged.collect())
}

async fn rules_of(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    scope: &Scope,
    day: Day,
) -> Result<HashMap<UnitId, Option<Arc<Rules>>>> {
    let units: Vec<(UnitId, String)> = org_unit::Entity::find()
        .select_only()
        .columns([org_unit::Column::Id, org_unit::Column::Path])
        .filter(scope.of_units())
        .into_tuple()
        .all(db)
        .await?;
    let of = |(id, path): (UnitId, String)| (id, book.in_force(&path, day).ok().map(|(_, rules)| rules));
    Ok(units.into_iter().map(of).collect())
}

async fn named(db: &impl ConnectionTrait, shown: Vec<Judged>) -> Result<Vec<Behind>> {
    let people = names::of_people(db, shown.iter().map(|judged| judged.person_id).collect()).await?;
    let units = names::of_units(db, shown.iter().map(|judged| judged.unit_id).collect()).await?;
    let row = |judged: Judged| {
        let (name, code) = people.get(&judged.person_id).cloned().unwrap_or_default();
        Behind {
            since: judged.behind_since(),
            unit_name: units.get(&judged.unit_id).cloned().unwrap_or_default(),
            person_id: judged.person_id,
            unit_id: judged.unit_id,
            targets: judged.targets,
            name,
            code: entity::person::masked(&code),
        }
    };
    Ok(shown.into_iter().map(row).collect())
}
