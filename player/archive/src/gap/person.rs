//! One person's gaps, and what a make-up list must know of them.

use super::{Progress, all_progress};
use crate::assess::{self, Verdict};
use crate::rules::RuleBook;
use crate::view::{self, Slice, Whom};
use crate::year::Years;
use crate::{Error, Hundredths, Result, merges};
use entity::{Day, LessonId, PersonId, UnitId, ledger_entry, lesson, org_unit, person};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef};
use std::collections::BTreeSet;

/// What a person's year lacks.
#[derive(Clone, Debug)]
pub struct Gap {
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// Their roster number.
    pub code: String,
    /// The unit they belong to now.
    pub unit_id: UnitId,
    /// Its path.
    pub unit_path: String,
    /// The civil year.
    pub year: i32,
    /// Every target that binds them.
    pub targets: Vec<Progress>,
    /// How the year would be judged now.
    pub verdict: Verdict,
    /// Minutes in one credit hour by the rule in force; `None` before the first rule.
    pub minutes_per_credit_hour: Option<i64>,
    /// Below this many minutes of a lesson nothing counts.
    pub minimum_watch_minutes: i64,
    /// Lessons learnt since this day earn nothing, or are to be learnt another year: the year's first, or by the rule
    /// in force an earlier one.
    pub learnt_since: Day,
}

impl Gap {
    /// The most credit hours any target still lacks: what watching lessons can make up for.
    pub fn missing_hours(&self) -> Hundredths {
        let hours = self.targets.iter().filter(|target| target.standing.measure == crate::rules::Measure::CreditHours);
        hours.map(|target| target.standing.missing).max().unwrap_or_default()
    }

    /// What so much of a lesson would be worth.
    pub fn worth(&self, duration_ms: i64) -> Hundredths {
        self.minutes_per_credit_hour
            .map_or(Hundredths(0), |minutes| crate::CreditHours::of_ms(duration_ms, minutes).hundredths())
    }
}

/// What a person's year lacks as of `today`.
///
/// # Errors
/// [`Error::NoSuchPerson`], [`Error::BadPeriod`].
pub async fn of_person(db: &impl ConnectionTrait, id: PersonId, year: i32, today: Day) -> Result<Gap> {
    let person = person::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchPerson(id))?;
    let unit = org_unit::Entity::find_by_id(person.unit_id).one(db).await?.ok_or(Error::NoSuchUnit(person.unit_id))?;
    let book = RuleBook::load(db).await?;
    let slice = Slice::of_year(db, Whom::One(id), year).await?;
    let rules = book.in_force(&unit.path, today.clamp(slice.from, slice.to)).ok().map(|(_, rules)| rules);
    let (_, facts) = Years::load(db, &book, &slice).await?.take(id);
    let (targets, verdict) = all_progress(&assess::standings(rules.as_deref(), &facts), facts.days, today);
    Ok(Gap {
        person_id: id,
        name: person.name,
        code: person::masked(&person.code),
        unit_id: unit.id,
        unit_path: unit.path,
        year,
        targets,
        verdict,
        minutes_per_credit_hour: rules.as_ref().map(|rules| rules.minutes_per_credit_hour),
        minimum_watch_minutes: rules.as_ref().map_or(0, |rules| rules.minimum_watch_minutes),
        learnt_since: rules.map_or(slice.from, |rules| rules.counted_since(today).min(slice.from)),
    })
}

/// The lessons that were credited to a person in a civil year, or before it since a day: they need no second look.
///
/// # Errors
/// [`Error::BadPeriod`].
pub async fn learnt(db: &impl ConnectionTrait, id: PersonId, since: Day, year: i32) -> Result<BTreeSet<LessonId>> {
    let (from, to) = view::year_days(year)?;
    let lessons: Vec<LessonId> = ledger_entry::Entity::find()
        .select_only()
        .distinct()
        .column(ledger_entry::Column::LessonId)
        .filter(ledger_entry::Column::PersonId.is_in(merges::all_of(db, id).await?))
        .filter(ledger_entry::Column::Day.between(since.min(from), to))
        .filter(ledger_entry::Column::CreditedMs.gt(0))
        .filter(ledger_entry::Column::LessonId.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(lessons.into_iter().collect())
}

/// The languages in which people of a unit have learnt: a lesson in another dialect is of no use to them.
///
/// # Errors
/// Only those of the database.
pub async fn languages(db: &impl ConnectionTrait, unit: UnitId) -> Result<BTreeSet<String>> {
    let languages: Vec<String> = ledger_entry::Entity::find()
        .select_only()
        .distinct()
        .column(lesson::Column::Language)
        .join(JoinType::InnerJoin, entry_lesson())
        .filter(ledger_entry::Column::UnitId.eq(unit))
        .filter(ledger_entry::Column::CreditedMs.gt(0))
        .into_tuple()
        .all(db)
        .await?;
    Ok(languages.into_iter().collect())
}

fn entry_lesson() -> RelationDef {
    ledger_entry::Entity::belongs_to(lesson::Entity).from(ledger_entry::Column::LessonId).to(lesson::Column::Id).into()
}
