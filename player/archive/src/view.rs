//! The one view of the ledger: every number on a screen, in a report or in an assessment is summed here.
//!
//! Owns which entries belong to whom (a person's hours follow the person to the unit they belong to now) and the sums
//! over them. Knows no targets and no files.

use crate::merges::Merges;
use crate::rules::RuleBook;
use crate::{About, CreditHours, Error, Result};
use chrono::Months;
use entity::{Day, PersonId, RuleId, Scope, Source, ledger_entry, ledger_head, org_unit, person, together};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, RelationDef,
};
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::Arc;

mod facts;
mod rhythm;

pub(crate) use facts::{classes, exemptions, posts, terms};
pub(crate) use rhythm::{by_category, days, months_of};

/// Which part of the ledger is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    /// Whose entries.
    pub(crate) whom: Whom,
    /// First civil day.
    pub(crate) from: Day,
    /// Last civil day, itself included.
    pub(crate) to: Day,
    /// The last entry that existed when the reader began: a report stays the same while others post.
    pub(crate) upto_seq: i64,
    /// What they are about.
    pub(crate) about: About,
    /// Who is one with whom.
    pub(crate) merges: Arc<Merges>,
}

/// Whose entries.
#[derive(Clone, Debug)]
pub(crate) enum Whom {
    /// One person's.
    One(PersonId),
    /// These people's; a bounded page.
    These(Vec<PersonId>),
    /// Of everyone who belongs to these subtrees now.
    Of(Scope),
}

/// What entries add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many entries.
    pub entries: i64,
    /// Milliseconds claimed.
    pub claimed_ms: i64,
    /// Milliseconds that count.
    pub credited_ms: i64,
    /// The same in credit hours, each entry by the rule that judged it.
    pub credit: CreditHours,
}

impl Total {
    /// The total of totals.
    pub(crate) fn over<'a>(totals: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        totals.into_iter().for_each(|total| all.add(*total));
        all
    }

    /// Add another total to this one.
    pub(crate) fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.claimed_ms = self.claimed_ms.saturating_add(other.claimed_ms);
        self.credited_ms = self.credited_ms.saturating_add(other.credited_ms);
        self.credit += other.credit;
    }
}

/// One person's sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PersonSums {
    pub(crate) by_source: BTreeMap<Source, Total>,
    /// Of this, what was earned in classes and other study in person, corrections of them included.
    pub(crate) in_class: CreditHours,
    pub(crate) last_day: Option<Day>,
}

impl PersonSums {
    /// Over all sources.
    pub(crate) fn all(&self) -> Total {
        Total::over(self.by_source.values())
    }
}

impl Slice {
    /// A civil year up to the newest entry.
    pub(crate) async fn of_year(db: &impl ConnectionTrait, whom: Whom, year: i32) -> Result<Self> {
        let (from, to) = year_days(year)?;
        let merges = Arc::new(Merges::now(db).await?);
        Ok(Self { whom, from, to, upto_seq: newest_seq(db).await?, about: About::Everything, merges })
    }

    /// The same year and, before it, another: what a target of the newly appointed may look back at.
    fn with_year_before(&self) -> Self {
        let from = self.from.checked_sub_months(Months::new(12)).unwrap_or(self.from);
        Self { from, ..self.clone() }
    }

    /// The civil year before this one; of days in the middle of one, the same days a year earlier.
    pub(crate) fn year_before(&self) -> Self {
        let year = Months::new(12);
        let from = self.from.checked_sub_months(year).unwrap_or(self.from);
        Self { from, to: self.to.checked_sub_months(year).unwrap_or(self.to), ..self.clone() }
    }

    /// The condition on `ledger_entry` rows.
    pub(crate) fn entries(&self) -> Condition {
        Condition::all()
            .add(self.owns(ledger_entry::Column::PersonId))
            .add(ledger_entry::Column::Day.between(self.from, self.to))
            .add(ledger_entry::Column::Seq.lte(self.upto_seq))
            .add(self.about.entries())
    }
}

impl Slice {
    /// The condition on rows that stay with the person they were written for. Who was merged belongs to the unit of the
    /// one who is kept, so a subtree needs no more.
    pub(crate) fn owns(&self, column: impl ColumnTrait) -> SimpleExpr {
        let people = match &self.whom {
            Whom::One(person) => self.merges.all(&[*person]),
            Whom::These(people) => self.merges.all(people),
            Whom::Of(_) => return self.whom.owns(column),
        };
        match people.as_slice() {
            [person] => column.eq(*person),
            _ => column.is_in(people),
        }
    }
}

impl Whom {
    /// The condition on rows that belong to the person as they are now.
    pub(crate) fn owns(&self, column: impl ColumnTrait) -> SimpleExpr {
        match self {
            Self::One(person) => column.eq(*person),
            Self::These(people) => column.is_in(people.iter().copied()),
            Self::Of(scope) => column.in_subquery(
                person::Entity::find()
                    .select_only()
                    .column(person::Column::Id)
                    .filter(scope.reaches((person::Entity, person::Column::UnitId)))
                    .into_query(),
            ),
        }
    }
}

/// The civil years that can be asked about: none is before any archive, and all are written with four digits.
pub const YEARS: RangeInclusive<i32> = 1949..=9998;

/// The first and last day of a civil year.
pub(crate) fn year_days(year: i32) -> Result<(Day, Day)> {
    match (Day::from_ymd_opt(year, 1, 1), Day::from_ymd_opt(year, 12, 31)) {
        (Some(first), Some(last)) if YEARS.contains(&year) => Ok((first, last)),
        _ => Err(Error::BadPeriod),
    }
}

/// The number of the newest entry; 0 before the first.
pub(crate) async fn newest_seq(db: &impl ConnectionTrait) -> Result<i64> {
    Ok(ledger_head::Entity::find_by_id(1).one(db).await?.map_or(0, |head| head.seq))
}

/// Person, source, rule; how many entries; claimed, credited, and credited in classes, in milliseconds; the last day.
type Summed = (PersonId, Source, RuleId, i64, i64, i64, i64, Day);

/// Sums of every person with entries in the slice.
pub(crate) async fn sums(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
) -> Result<HashMap<PersonId, PersonSums>> {
    let query = ledger_entry::Entity::find()
        .select_only()
        .columns([ledger_entry::Column::PersonId, ledger_entry::Column::Source, ledger_entry::Column::RuleId])
        .column_as(ledger_entry::Column::Seq.count(), "entries")
        .column_as(whole_sum(ledger_entry::Column::ClaimedMs), "claimed")
        .column_as(whole_sum(ledger_entry::Column::CreditedMs), "credited")
        .column_as(sum_in_class(), "in_class")
        .column_as(ledger_entry::Column::Day.max(), "last_day")
        .filter(slice.entries())
        .group_by(ledger_entry::Column::PersonId)
        .group_by(ledger_entry::Column::Source)
        .group_by(ledger_entry::Column::RuleId);
    let rows: Vec<Summed> = together::rows(db, &query.into_query(), 8).await?;
    let mut people: HashMap<PersonId, PersonSums> = HashMap::new();
    for (person, source, rule, entries, claimed_ms, credited_ms, in_class_ms, last_day) in rows {
        let credit = credit_of(book, rule, credited_ms);
        let sums = people.entry(slice.merges.kept(person)).or_default();
        sums.in_class += credit_of(book, rule, in_class_ms);
        sums.by_source.entry(source).or_default().add(Total { entries, claimed_ms, credited_ms, credit });
        sums.last_day = Ord::max(sums.last_day, Some(last_day));
    }
    Ok(people)
}

/// Sums by source over the whole slice.
pub(crate) async fn by_source(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
) -> Result<BTreeMap<Source, Total>> {
    let rows: Vec<(Source, RuleId, i64, i64, i64)> = ledger_entry::Entity::find()
        .select_only()
        .columns([ledger_entry::Column::Source, ledger_entry::Column::RuleId])
        .column_as(ledger_entry::Column::Seq.count(), "entries")
        .column_as(whole_sum(ledger_entry::Column::ClaimedMs), "claimed")
        .column_as(whole_sum(ledger_entry::Column::CreditedMs), "credited")
        .filter(slice.entries())
        .group_by(ledger_entry::Column::Source)
        .group_by(ledger_entry::Column::RuleId)
        .into_tuple()
        .all(db)
        .await?;
    let mut sources: BTreeMap<Source, Total> = BTreeMap::new();
    for (source, rule, entries, claimed_ms, credited_ms) in rows {
        let credit = credit_of(book, rule, credited_ms);
        sources.entry(source).or_default().add(Total { entries, claimed_ms, credited_ms, credit });
    }
    Ok(sources)
}

/// Everyone still on the roster at the start of the period, and everyone with an entry in it; nobody twice.
pub(crate) fn listed(slice: &Slice) -> Condition {
    let there = Condition::any()
        .add(person::Column::LeftOn.is_null())
        .add(person::Column::LeftOn.gte(slice.from))
        .add(Expr::exists(entries_of_them(slice.from, slice.to, slice.upto_seq)));
    let merged = slice.merges.merged();
    Condition::all().add(there).add_option((!merged.is_empty()).then(|| person::Column::Id.is_not_in(merged)))
}

/// Correlated, so that it looks only at those who have left: a set of everybody with entries would be made anew for
/// every few units.
fn entries_of_them(from: Day, to: Day, upto_seq: i64) -> SelectStatement {
    let theirs =
        Expr::col((ledger_entry::Entity, ledger_entry::Column::PersonId)).equals((person::Entity, person::Column::Id));
    ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::PersonId)
        .filter(theirs)
        .filter(ledger_entry::Column::Day.between(from, to))
        .filter(ledger_entry::Column::Seq.lte(upto_seq))
        .into_query()
}

/// From a person to the unit they belong to.
pub(crate) fn person_unit() -> RelationDef {
    person::Entity::belongs_to(org_unit::Entity).from(person::Column::UnitId).to(org_unit::Column::Id).into()
}

/// An entry is worth what the rule that judged it says; should that rule be gone (it cannot be), a common hour.
pub(crate) fn credit_of(book: &RuleBook, rule: RuleId, credited_ms: i64) -> CreditHours {
    book.by_id(rule).map_or_else(|| CreditHours::of_ms(credited_ms, 45), |rules| rules.credit_hours(credited_ms))
}

/// The part of a sum of credited time that belongs to classes and other study in person.
fn sum_in_class() -> SimpleExpr {
    let credited = Expr::col((ledger_entry::Entity, ledger_entry::Column::CreditedMs));
    let of_class = ledger_entry::Column::ClassRunId.is_not_null();
    Expr::expr(Expr::case(of_class, credited).finally(0_i64)).sum().cast_as("BIGINT")
}

/// A sum as BIGINT: PostgreSQL sums BIGINT into NUMERIC.
fn whole_sum(column: ledger_entry::Column) -> SimpleExpr {
    Expr::col((ledger_entry::Entity, column)).sum().cast_as("BIGINT")
}
