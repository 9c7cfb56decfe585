//! The roster of an open class: who is to come, from a table, a list that was pasted, or a whole unit.
//!
//! Every way first says what it would do; what is done then is all of it or nothing.

use super::run::{note, open};
use super::seats::{Seats, half_days_of};
use super::sheet::{self, Found, Plan, Rows, everybody, half_days, people};
use super::sign_in::Mark;
use crate::view::person_unit;
use crate::{Error, Result};
use entity::{
    AccountId, AttendanceStatus, ClassId, Moment, PersonId, Scope, Verb, audit, class_attendance, class_run,
    class_sign_in, org_unit, person,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait,
    DatabaseConnection, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::{BTreeSet, HashSet};

/// The most people of one class.
pub const MOST_PEOPLE: usize = 1000;

/// One person of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Who, under the number they are kept under.
    pub person: Found,
    /// The half-days they were there, by the sign-ins.
    pub there: BTreeSet<i32>,
    /// How it counts; only of a class that is decided.
    pub status: AttendanceStatus,
    /// Half-days as they were handed in or approved.
    pub half_days: i32,
}

/// A page of the roster.
#[derive(Clone, Debug)]
pub struct Page {
    /// By unit and name.
    pub rows: Vec<Enrolled>,
    /// How many stand on it in all.
    pub total: u64,
    /// Which page, from 1.
    pub page: u64,
}

/// What a table of people would add to the roster.
///
/// # Errors
/// Only those of the database.
pub async fn plan(db: &impl ConnectionTrait, class: &class_run::Model, rows: &Rows) -> Result<Plan<Found>> {
    let lines = sheet::lines(rows);
    let found = people(db, class, &lines).await?;
    let seats = Seats::of(db, class.id).await?;
    let mut plan = Plan { rows: Vec::new(), unchanged: 0, bad: Vec::new() };
    for (line, found) in lines.iter().zip(found) {
        match found {
            Err(reason) => plan.bad.push((line.line, reason)),
            Ok(known) if seats.holds(known.person_id) => plan.unchanged += 1,
            Ok(new) => plan.rows.push(new),
        }
    }
    plan.bounded(seats.len(), lines.last().map_or(1, |line| line.line));
    Ok(plan)
}

/// What everybody of a unit and below it would add to the roster. The caller has seen that it lies below the class's.
///
/// # Errors
/// Only those of the database.
pub async fn plan_unit(db: &impl ConnectionTrait, class: &class_run::Model, path: &str) -> Result<Plan<Found>> {
    let found = everybody(db, Scope::of([path.to_owned()]).of_units()).await?;
    let seats = Seats::of(db, class.id).await?;
    let (known, new): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| seats.holds(one.person_id));
    let mut plan = Plan { rows: new, unchanged: known.len(), bad: Vec::new() };
    plan.bounded(seats.len(), 1);
    Ok(plan)
}

/// What a table of attendance would change: each person's half-days, whole.
///
/// # Errors
/// Only those of the database.
pub async fn plan_attendance(
    db: &impl ConnectionTrait,
    class: &class_run::Model,
    rows: &Rows,
) -> Result<Plan<(Found, BTreeSet<i32>)>> {
    let lines = sheet::lines(rows);
    let found = people(db, class, &lines).await?;
    let (seats, known) = (Seats::of(db, class.id).await?, half_days_of(db, class.id).await?);
    let mut plan = Plan { rows: Vec::new(), unchanged: 0, bad: Vec::new() };
    for (line, found) in lines.iter().zip(found) {
        let judged = found.and_then(|one| {
            let there = half_days(&line.there, class.half_days)?;
            if seats.holds(one.person_id) {
                Ok((one, there))
            } else {
                Err(format!("{} 不在这个班的名单里", one.name))
            }
        });
        match judged {
            Err(reason) => plan.bad.push((line.line, reason)),
            Ok((one, there)) if known.get(&one.person_id).cloned().unwrap_or_default() == there => plan.unchanged += 1,
            Ok(changed) => plan.rows.push(changed),
        }
    }
    Ok(plan)
}

/// The boxes of the roll that say exactly these half-days of a person.
pub fn marks(person_id: PersonId, there: &BTreeSet<i32>, half_days: i32) -> impl Iterator<Item = Mark> {
    (1..=half_days).map(move |half_day| Mark { person_id, half_day, there: there.contains(&half_day) })
}

/// Put these people on the roster; who stands there already stays. Answers how many are new.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`], [`Error::NoSuchPerson`] for somebody who does not belong below the
/// class's unit, [`Error::BadClass`] for too many; then nobody is.
pub async fn enroll(
    db: &DatabaseConnection,
    id: ClassId,
    people: &[PersonId],
    by: AccountId,
    now: Moment,
) -> Result<usize> {
    let txn = entity::writing::begin(db).await?;
    let class = open(&txn, id).await?;
    let top = org_unit::Entity::find_by_id(class.unit_id).one(&txn).await?.ok_or(Error::NoSuchUnit(class.unit_id))?;
    let seats = Seats::of(&txn, id).await?;
    let wanted: BTreeSet<PersonId> = people.iter().copied().filter(|who| !seats.holds(*who)).collect();
    if seats.len() + wanted.len() > MOST_PEOPLE {
        return Err(Error::BadClass("roster_size"));
    }
    let wanted: Vec<PersonId> = wanted.into_iter().collect();
    for chunk in wanted.chunks(500) {
        let theirs = Condition::all().add(Scope::of([top.path.clone()]).of_units());
        let found = everybody(&txn, theirs.add(person::Column::Id.is_in(chunk.iter().copied()))).await?;
        let found: HashSet<PersonId> = found.into_iter().map(|one| one.person_id).collect();
        if let Some(stranger) = chunk.iter().find(|who| !found.contains(who)) {
            return Err(Error::NoSuchPerson(*stranger));
        }
        let rows = chunk.iter().map(|who| enrolled_row(id, *who, 0));
        class_attendance::Entity::insert_many(rows).exec_without_returning(&txn).await?;
    }
    if !wanted.is_empty() {
        note(&txn, &class, Verb::ClassEnroll, format!("名单增加 {} 人", wanted.len()), by, now).await?;
    }
    txn.commit().await?;
    Ok(wanted.len())
}

/// Take somebody off the roster under every number of theirs, with their sign-ins.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`].
pub async fn remove(db: &DatabaseConnection, id: ClassId, who: PersonId, by: AccountId, now: Moment) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    let class = open(&txn, id).await?;
    let numbers = Seats::of(&txn, id).await?.all(who);
    class_sign_in::Entity::delete_many()
        .filter(class_sign_in::Column::ClassRunId.eq(id))
        .filter(class_sign_in::Column::PersonId.is_in(numbers.iter().copied()))
        .exec(&txn)
        .await?;
    let gone = class_attendance::Entity::delete_many()
        .filter(class_attendance::Column::ClassRunId.eq(id))
        .filter(class_attendance::Column::PersonId.is_in(numbers))
        .exec(&txn)
        .await?;
    if gone.rows_affected > 0 {
        note(&txn, &class, Verb::ClassRemove, format!("名单去掉 person:{who}"), by, now).await?;
        // Once more for whoever asks what was done to the person: nothing else says any more that they were on it.
        let gone = format!("class:{id}（{}）", class.title);
        audit::line(now, Some(by), Verb::ClassRemove, format!("person:{who}"), gone).insert(&txn).await?;
    }
    txn.commit().await?;
    Ok(())
}

/// A page of the roster.
///
/// # Errors
/// Only those of the database.
pub async fn page(db: &impl ConnectionTrait, id: ClassId, page: u64, size: u64) -> Result<Page> {
    let seats = Seats::of(db, id).await?;
    let undecided_double = Condition::all()
        .add(class_attendance::Column::Status.eq(AttendanceStatus::Enrolled))
        .add(class_attendance::Column::PersonId.is_in(seats.doubled()));
    let found = class_attendance::Entity::find()
        .filter(class_attendance::Column::ClassRunId.eq(id))
        .filter(undecided_double.not());
    let total = found.clone().count(db).await?;
    let page = page.clamp(1, 1_000_000);
    let rows: Vec<(PersonId, String, String, String, AttendanceStatus, i32)> = found
        .select_only()
        .column(class_attendance::Column::PersonId)
        .columns([person::Column::Name, person::Column::Code])
        .column_as(org_unit::Column::Name, "unit")
        .columns([class_attendance::Column::Status])
        .column(class_attendance::Column::HalfDays)
        .join(
            JoinType::InnerJoin,
            class_attendance::Entity::belongs_to(person::Entity)
                .from(class_attendance::Column::PersonId)
                .to(person::Column::Id)
                .into(),
        )
        .join(JoinType::InnerJoin, person_unit())
        .order_by_asc(org_unit::Column::Path)
        .order_by_asc(person::Column::Pinyin)
        .order_by_asc(person::Column::Id)
        .offset((page - 1) * size)
        .limit(size)
        .into_tuple()
        .all(db)
        .await?;
    let there = half_days_of(db, id).await?;
    let kept = rows.iter().map(|(who, ..)| *who).filter(|who| seats.kept(*who) != *who).map(|who| seats.kept(who));
    let kept = everybody(db, Condition::all().add(person::Column::Id.is_in(kept))).await?;
    let enrolled = |(person_id, name, code, unit, status, half_days): (PersonId, _, _, _, _, i32)| {
        let is_kept = |one: &&Found| one.person_id == seats.kept(person_id);
        let person = kept.iter().find(is_kept).cloned().unwrap_or(Found { person_id, name, code, unit });
        Enrolled { there: there.get(&seats.kept(person_id)).cloned().unwrap_or_default(), person, status, half_days }
    };
    Ok(Page { rows: rows.into_iter().map(enrolled).collect(), total, page })
}

/// A row of the roster of something that is not decided yet.
pub(super) fn enrolled_row(id: ClassId, person_id: PersonId, half_days: i32) -> class_attendance::ActiveModel {
    class_attendance::ActiveModel {
        id: NotSet,
        class_run_id: Set(id),
        person_id: Set(person_id),
        half_days: Set(half_days),
        status: Set(AttendanceStatus::Enrolled),
    }
}

impl<T> Plan<T> {
    /// Whether there is anything to do, and nothing in the way.
    pub fn is_ready(&self) -> bool {
        self.bad.is_empty() && !self.rows.is_empty()
    }

    fn bounded(&mut self, known: usize, last: usize) {
        if known + self.rows.len() > MOST_PEOPLE {
            self.bad.push((last, format!("一个班最多 {MOST_PEOPLE} 人")));
        }
    }
}
