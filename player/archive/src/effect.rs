//! What hours alone do not say: whether people learnt, whether they were heard, and whether it was done for show.
//!
//! Shown wherever units are set beside each other by hours, so that hours are never ranked alone. Cuts nothing and
//! accuses nobody: each number is a reason to look.

use crate::rules::RuleBook;
use crate::view::{self, Slice};
use crate::{Hundredths, Result};
use entity::{Day, LessonId, Moment, PersonId, Scope, SearchTier, UnitId, appeal, person, quiz_attempt, search_count};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap};

mod together;

/// Civil days at the end of a period that are looked at by themselves.
const LAST_DAYS: u64 = 10;

/// The effect of a unit's study in a period; adds up over units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// People and lessons whose quiz was tried more than once.
    pub retried: u64,
    /// Hundredths of a percent by which their best later try was better than the first, added up.
    pub gained: i64,
    /// Appeals, and searches that found nothing.
    pub requests: u64,
    /// Of these, appeals that were decided, and searches that find something now.
    pub answered: u64,
    /// Milliseconds that count.
    pub credited_ms: i64,
    /// Of these, in the last ten days of the period.
    pub late_ms: i64,
    /// Sessions alone that several people of a unit began in the same lesson within the same second.
    pub together: u64,
}

impl Effect {
    /// How many percentage points a second try brought on average; nothing when nobody tried twice.
    pub fn gain(&self) -> Option<Hundredths> {
        i64::try_from(self.retried).ok().and_then(|retried| self.gained.checked_div(retried)).map(Hundredths)
    }

    /// The share of requests that were answered, in percent.
    pub fn answered_percent(&self) -> Option<Hundredths> {
        share(self.answered, self.requests)
    }

    /// The share of hours in the last ten days, in percent.
    pub fn late_percent(&self) -> Option<Hundredths> {
        let (late, all) = (u64::try_from(self.late_ms).ok()?, u64::try_from(self.credited_ms).ok()?);
        share(late, all)
    }

    /// Add another unit's.
    pub fn add(&mut self, other: &Self) {
        self.retried += other.retried;
        self.gained = self.gained.saturating_add(other.gained);
        self.requests += other.requests;
        self.answered += other.answered;
        self.credited_ms = self.credited_ms.saturating_add(other.credited_ms);
        self.late_ms = self.late_ms.saturating_add(other.late_ms);
        self.together += other.together;
    }
}

fn share(part: u64, whole: u64) -> Option<Hundredths> {
    let share = u128::from(part).saturating_mul(10_000).checked_div(u128::from(whole))?;
    i64::try_from(share).ok().map(Hundredths)
}

/// The effect of every unit of the scope that has any. `until` is the last day that has begun: a period that is not over
/// ends there. `credited` is what each person's period holds, by their unit: whoever asks has read it already.
///
/// # Errors
/// Only those of the database.
pub(crate) async fn of_units(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    scope: &Scope,
    (slice, until): (&Slice, Day),
    credited: impl IntoIterator<Item = (UnitId, i64)>,
) -> Result<HashMap<UnitId, Effect>> {
    let mut units: HashMap<UnitId, Effect> = HashMap::new();
    let homes = homes(db, scope).await?;
    let end = slice.to.min(until);
    let late_from = end.checked_sub_days(chrono::Days::new(LAST_DAYS - 1)).unwrap_or(end).max(slice.from);
    let late = Slice { from: late_from, to: end.max(late_from), ..slice.clone() };
    for (unit, credited_ms) in credited {
        units.entry(unit).or_default().credited_ms += credited_ms;
    }
    for (person, sums) in view::sums(db, book, &late).await? {
        if let Some(unit) = homes.get(&person) {
            units.entry(*unit).or_default().late_ms += sums.all().credited_ms;
        }
    }
    for (person, gained) in gains(db, slice).await? {
        if let Some(unit) = homes.get(&person) {
            let effect = units.entry(*unit).or_default();
            effect.retried += 1;
            effect.gained += gained;
        }
    }
    for (unit, answered) in requests(db, scope, slice).await? {
        let effect = units.entry(unit).or_default();
        effect.requests += 1;
        effect.answered += u64::from(answered);
    }
    for (unit, sessions) in together::of_units(db, scope, slice).await? {
        units.entry(unit).or_default().together += sessions;
    }
    Ok(units)
}

async fn homes(db: &impl ConnectionTrait, scope: &Scope) -> Result<HashMap<PersonId, UnitId>> {
    let rows: Vec<(PersonId, UnitId)> = person::Entity::find()
        .select_only()
        .columns([person::Column::Id, person::Column::UnitId])
        .filter(scope.reaches((person::Entity, person::Column::UnitId)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// For each person and lesson tried more than once: how much better the best later try was than the first, in
/// hundredths of a percent; never below zero, as the better try is what was learnt.
async fn gains(db: &impl ConnectionTrait, slice: &Slice) -> Result<Vec<(PersonId, i64)>> {
    let rows: Vec<(PersonId, LessonId, i32, i32)> = quiz_attempt::Entity::find()
        .select_only()
        .columns([
            quiz_attempt::Column::PersonId,
            quiz_attempt::Column::LessonId,
            quiz_attempt::Column::RightCount,
            quiz_attempt::Column::QuestionCount,
        ])
        .filter(quiz_attempt::Column::Day.between(slice.from, slice.to))
        .filter(quiz_attempt::Column::SubmittedAt.is_not_null())
        .filter(quiz_attempt::Column::QuestionCount.gt(0))
        .filter(slice.owns(quiz_attempt::Column::PersonId))
        .order_by_asc(quiz_attempt::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let mut tries: HashMap<(PersonId, LessonId), Vec<i64>> = HashMap::new();
    for (person, lesson, right, of) in rows {
        tries.entry((slice.merges.kept(person), lesson)).or_default().push(i64::from(right) * 10_000 / i64::from(of));
    }
    let gain = |((person, _), scores): ((PersonId, LessonId), Vec<i64>)| {
        let (first, later) = scores.split_first()?;
        Some((person, (later.iter().max()? - first).max(0)))
    };
    Ok(tries.into_iter().filter_map(gain).collect())
}

/// Every request of the period, and whether it was answered.
async fn requests(db: &impl ConnectionTrait, scope: &Scope, slice: &Slice) -> Result<Vec<(UnitId, bool)>> {
    let after = slice.to.succ_opt().map_or(Moment(i64::MAX), Moment::start_of);
    let mut requests: Vec<(UnitId, bool)> = Vec::new();
    let appeals: Vec<(UnitId, Option<Moment>)> = appeal::Entity::find()
        .select_only()
        .columns([appeal::Column::UnitId, appeal::Column::DecidedAt])
        .filter(appeal::Column::CreatedAt.gte(Moment::start_of(slice.from)))
        .filter(appeal::Column::CreatedAt.lt(after))
        .filter(scope.reaches((appeal::Entity, appeal::Column::UnitId)))
        .into_tuple()
        .all(db)
        .await?;
    requests.extend(appeals.into_iter().map(|(unit, decided)| (unit, decided.is_some())));
    let found = searches(db, scope, SearchTier::Full, slice.from, None).await?;
    let missing = searches(db, scope, SearchTier::None, slice.from, Some(slice.to)).await?;
    requests.extend(missing.into_iter().map(|wish| (wish.0, found.contains(&wish))));
    Ok(requests)
}

/// What was searched for in each county with this outcome.
async fn searches(
    db: &impl ConnectionTrait,
    scope: &Scope,
    tier: SearchTier,
    from: Day,
    to: Option<Day>,
) -> Result<BTreeSet<(UnitId, String)>> {
    let mut query = search_count::Entity::find()
        .select_only()
        .columns([search_count::Column::UnitId, search_count::Column::Meaning])
        .distinct()
        .filter(search_count::Column::Tier.eq(tier))
        .filter(search_count::Column::Day.gte(from))
        .filter(scope.reaches((search_count::Entity, search_count::Column::UnitId)));
    if let Some(to) = to {
        query = query.filter(search_count::Column::Day.lte(to));
    }
    let rows: Vec<(UnitId, String)> = query.into_tuple().all(db).await?;
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests;
