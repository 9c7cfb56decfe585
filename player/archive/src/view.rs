//! The one view of the ledger: every number on a screen, in a report or in an assessment is summed here.
//!
//! Owns which entries belong to whom (a person's hours follow the person to the unit they belong to now) and the sums
//! over them. Knows no targets and no files.

use crate::assess::ClassFact;
use crate::rules::RuleBook;
use crate::{CreditHours, Error, Result};
use chrono::Datelike;
use entity::{
    Day, PersonId, PostKind, RuleId, Scope, Source, UnitLevel, class_attendance, class_run, ledger_entry, ledger_head,
    org_unit, person, post,
};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, QueryTrait, RelationDef,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
        Ok(Self { whom, from, to, upto_seq: newest_seq(db).await? })
    }

    /// The condition on `ledger_entry` rows.
    pub(crate) fn entries(&self) -> Condition {
        Condition::all()
            .add(self.whom.owns(ledger_entry::Column::PersonId))
            .add(ledger_entry::Column::Day.between(self.from, self.to))
            .add(ledger_entry::Column::Seq.lte(self.upto_seq))
    }
}

impl Whom {
    fn owns(&self, column: impl ColumnTrait) -> SimpleExpr {
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

/// The first and last day of a civil year.
pub(crate) fn year_days(year: i32) -> Result<(Day, Day)> {
    let known = (1949..=9998).contains(&year);
    match (Day::from_ymd_opt(year, 1, 1), Day::from_ymd_opt(year, 12, 31)) {
        (Some(first), Some(last)) if known => Ok((first, last)),
        _ => Err(Error::BadPeriod),
    }
}

/// The number of the newest entry; 0 before the first.
pub(crate) async fn newest_seq(db: &impl ConnectionTrait) -> Result<i64> {
    Ok(ledger_head::Entity::find_by_id(1).one(db).await?.map_or(0, |head| head.seq))
}

/// Sums of every person with entries in the slice.
pub(crate) async fn sums(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    slice: &Slice,
) -> Result<HashMap<PersonId, PersonSums>> {
    let rows: Vec<(PersonId, Source, RuleId, i64, i64, i64, Day)> = ledger_entry::Entity::find()
        .select_only()
        .columns([ledger_entry::Column::PersonId, ledger_entry::Column::Source, ledger_entry::Column::RuleId])
        .column_as(ledger_entry::Column::Seq.count(), "entries")
        .column_as(whole_sum(ledger_entry::Column::ClaimedMs), "claimed")
        .column_as(whole_sum(ledger_entry::Column::CreditedMs), "credited")
        .column_as(ledger_entry::Column::Day.max(), "last_day")
        .filter(slice.entries())
        .group_by(ledger_entry::Column::PersonId)
        .group_by(ledger_entry::Column::Source)
        .group_by(ledger_entry::Column::RuleId)
        .into_tuple()
        .all(db)
        .await?;
    let mut people: HashMap<PersonId, PersonSums> = HashMap::new();
    for (person, source, rule, entries, claimed_ms, credited_ms, last_day) in rows {
        let credit = credit_of(book, rule, credited_ms);
        let sums = people.entry(person).or_default();
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

/// Sums by month of the slice, January first; of a slice of several years the same months fall together.
pub(crate) async fn months(db: &impl ConnectionTrait, book: &RuleBook, slice: &Slice) -> Result<[Total; 12]> {
    let rows: Vec<(Day, RuleId, i64, i64, i64)> = ledger_entry::Entity::find()
        .select_only()
        .columns([ledger_entry::Column::Day, ledger_entry::Column::RuleId])
        .column_as(ledger_entry::Column::Seq.count(), "entries")
        .column_as(whole_sum(ledger_entry::Column::ClaimedMs), "claimed")
        .column_as(whole_sum(ledger_entry::Column::CreditedMs), "credited")
        .filter(slice.entries())
        .group_by(ledger_entry::Column::Day)
        .group_by(ledger_entry::Column::RuleId)
        .into_tuple()
        .all(db)
        .await?;
    let mut months = [Total::default(); 12];
    for (day, rule, entries, claimed_ms, credited_ms) in rows {
        if let Some(month) = usize::try_from(day.month0()).ok().and_then(|month| months.get_mut(month)) {
            month.add(Total { entries, claimed_ms, credited_ms, credit: credit_of(book, rule, credited_ms) });
        }
    }
    Ok(months)
}

/// The classes that counted for each person: those whose entries, corrections included, come to more than nothing.
pub(crate) async fn classes(db: &impl ConnectionTrait, slice: &Slice) -> Result<HashMap<PersonId, Vec<ClassFact>>> {
    let credited = || whole_sum(ledger_entry::Column::CreditedMs);
    let rows: Vec<(PersonId, UnitLevel, i32, i64)> = ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::PersonId)
        .column(class_run::Column::Level)
        .column(class_attendance::Column::HalfDays)
        .column_as(credited(), "credited")
        .join(JoinType::InnerJoin, entry_class())
        .join(JoinType::InnerJoin, entry_attendance())
        .filter(slice.entries())
        .filter(ledger_entry::Column::ClassRunId.is_not_null())
        .group_by(ledger_entry::Column::PersonId)
        .group_by(ledger_entry::Column::ClassRunId)
        .group_by(class_run::Column::Level)
        .group_by(class_attendance::Column::HalfDays)
        .having(credited().gt(0))
        .into_tuple()
        .all(db)
        .await?;
    let mut people: HashMap<PersonId, Vec<ClassFact>> = HashMap::new();
    for (person, level, half_days, _) in rows {
        people.entry(person).or_default().push(ClassFact { level, half_days });
    }
    Ok(people)
}

/// The posts each person held at any time of the slice.
pub(crate) async fn posts(db: &impl ConnectionTrait, slice: &Slice) -> Result<HashMap<PersonId, BTreeSet<PostKind>>> {
    let rows: Vec<(PersonId, PostKind)> = post::Entity::find()
        .select_only()
        .columns([post::Column::PersonId, post::Column::Kind])
        .filter(slice.whom.owns(post::Column::PersonId))
        .filter(post::Column::AppointedOn.lte(slice.to))
        .filter(Condition::any().add(post::Column::EndedOn.is_null()).add(post::Column::EndedOn.gte(slice.from)))
        .into_tuple()
        .all(db)
        .await?;
    let mut people: HashMap<PersonId, BTreeSet<PostKind>> = HashMap::new();
    for (person, kind) in rows {
        people.entry(person).or_default().insert(kind);
    }
    Ok(people)
}

/// From a person to the unit they belong to.
pub(crate) fn person_unit() -> RelationDef {
    person::Entity::belongs_to(org_unit::Entity).from(person::Column::UnitId).to(org_unit::Column::Id).into()
}

fn entry_class() -> RelationDef {
    ledger_entry::Entity::belongs_to(class_run::Entity)
        .from(ledger_entry::Column::ClassRunId)
        .to(class_run::Column::Id)
        .into()
}

fn entry_attendance() -> RelationDef {
    ledger_entry::Entity::belongs_to(class_attendance::Entity)
        .from((ledger_entry::Column::ClassRunId, ledger_entry::Column::PersonId))
        .to((class_attendance::Column::ClassRunId, class_attendance::Column::PersonId))
        .into()
}

/// An entry is worth what the rule that judged it says; should that rule be gone (it cannot be), a common hour.
pub(crate) fn credit_of(book: &RuleBook, rule: RuleId, credited_ms: i64) -> CreditHours {
    book.by_id(rule).map_or_else(|| CreditHours::of_ms(credited_ms, 45), |rules| rules.credit_hours(credited_ms))
}

/// A sum as BIGINT: PostgreSQL sums BIGINT into NUMERIC.
fn whole_sum(column: ledger_entry::Column) -> SimpleExpr {
    Expr::col((ledger_entry::Entity, column)).sum().cast_as("BIGINT")
}
