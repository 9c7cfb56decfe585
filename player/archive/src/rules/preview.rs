//! Before a rule takes effect: who would meet it who does not now, and the other way round.
//!
//! Judges the facts of a year as they are, once by the rules in force and once as if the new one were in force there.
//! Hours stay what they were judged to be when they were earned: a new length of the credit hour or another daily cap
//! moves nobody here, because it will touch only what comes after it. Writes nothing.

use super::{Change, RuleBook, Rules, allowed, changes, history};
use crate::assess::Verdict;
use crate::gap::{self, Judged};
use crate::view::{Slice, Whom};
use crate::{Error, Result, names};
use entity::{Day, PersonId, Scope, UnitId, org_unit};
use sea_orm::{ConnectionTrait, EntityTrait};
use std::collections::HashMap;

/// What a rule would change.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The rule.
    pub rules: Rules,
    /// The civil year that was judged.
    pub year: i32,
    /// What it says otherwise than the rule in force.
    pub changes: Vec<Change>,
    /// People on the roster there and below.
    pub people: u64,
    /// How many meet everything by the rules in force, and by the new one.
    pub met: (u64, u64),
    /// People who would meet it and do not now.
    pub gain: u64,
    /// People who would no longer meet it.
    pub lose: u64,
    /// People in all pages of `moved`.
    pub total: u64,
    /// Who they are, those who lose first: a page.
    pub moved: Vec<Moved>,
}

/// Somebody whose verdict a rule would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// Their roster number.
    pub code: String,
    /// The name of their unit.
    pub unit_name: String,
    /// Which way.
    pub turn: Turn,
    /// What would be missing, in words.
    pub missing: Vec<String>,
}

/// Which way somebody's verdict turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// From met, or nothing asked, to something missing.
    Lose,
    /// From something missing to nothing missing.
    Gain,
}

/// What this text would change in the year of `today` as a rule of this unit.
///
/// # Errors
/// As for [`super::enact()`], but the first day may be any.
pub async fn preview(
    db: &impl ConnectionTrait,
    unit: UnitId,
    toml_text: &str,
    today: Day,
    (page, size): (u64, u64),
) -> Result<Preview> {
    let rules = allowed(db, unit, toml_text).await?;
    let at = org_unit::Entity::find_by_id(unit).one(db).await?.ok_or(Error::NoSuchUnit(unit))?;
    let year = chrono::Datelike::year(&today);
    let slice = Slice::of_year(db, Whom::Of(Scope::of([at.path.clone()])), year).await?;
    let book = RuleBook::load(db).await?;
    let now = gap::judged(db, &book, &slice, today).await?;
    let then = gap::judged(db, &book.with(unit, today, rules.clone()), &slice, today).await?;
    let met = |judged: &[Judged]| judged.iter().filter(|one| one.verdict == Verdict::Met).count() as u64;
    let (people, met) = (now.len() as u64, (met(&now), met(&then)));
    let turned = turned(&now, then);
    let first = usize::try_from(page.max(1).saturating_sub(1).saturating_mul(size)).unwrap_or(usize::MAX);
    let count = |turn| turned.iter().filter(|(found, _)| *found == turn).count() as u64;
    let old = history::row_in_force(db, &at, today).await?;
    Ok(Preview {
        changes: old.map(|old| changes(&old.body, toml_text)).unwrap_or_default(),
        rules,
        year,
        people,
        met,
        gain: count(Turn::Gain),
        lose: count(Turn::Lose),
        total: turned.len() as u64,
        moved: named(db, turned.into_iter().skip(first).take(usize::try_from(size).unwrap_or(0)).collect()).await?,
    })
}

/// Whose verdict turns, those who lose first.
fn turned(now: &[Judged], then: Vec<Judged>) -> Vec<(Turn, Judged)> {
    let before: HashMap<PersonId, Verdict> = now.iter().map(|judged| (judged.person_id, judged.verdict)).collect();
    let turn = |judged: Judged| {
        let was_short = before.get(&judged.person_id) == Some(&Verdict::Short);
        let turn = match (was_short, judged.verdict == Verdict::Short) {
            (true, false) => Turn::Gain,
            (false, true) => Turn::Lose,
            _ => return None,
        };
        Some((turn, judged))
    };
    let mut turned: Vec<_> = then.into_iter().filter_map(turn).collect();
    turned.sort_by_key(|(turn, judged)| (*turn, judged.person_id));
    turned
}

async fn named(db: &impl ConnectionTrait, turned: Vec<(Turn, Judged)>) -> Result<Vec<Moved>> {
    let people = names::of_people(db, turned.iter().map(|(_, judged)| judged.person_id).collect()).await?;
    let units = names::of_units(db, turned.iter().map(|(_, judged)| judged.unit_id).collect()).await?;
    let moved = |(turn, judged): (Turn, Judged)| {
        let (name, code) = people.get(&judged.person_id).cloned().unwrap_or_default();
        let missing = judged.targets.iter().map(|target| &target.standing).filter(|standing| !standing.met);
        Moved {
            person_id: judged.person_id,
            name,
            code: entity::person::masked(&code),
            unit_name: units.get(&judged.unit_id).cloned().unwrap_or_default(),
            turn,
            missing: missing.map(|one| format!("{}缺 {} {}", one.name, one.missing, one.unit)).collect(),
        }
    };
    Ok(turned.into_iter().map(moved).collect())
}
