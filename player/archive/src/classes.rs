//! Concentrated training in person (集中培训) and other study (挂职锻炼, 学历教育, 送学上门, 实地教学): from the
//! announcement to the record.
//!
//! A class is open while people sign in; when it is over its organiser hands it in, and somebody else approves it or
//! returns it. A study of one person is handed in as it is declared. Only an approval writes the ledger, in one
//! transaction with the decision. [`record`] is the short way for what took place long ago: it writes class,
//! attendance and entries at once.

use crate::ledger;
use crate::rules::RuleBook;
use crate::{Error, Result};
use entity::{
    AccountId, AttendanceStatus, ClassId, ClassState, Day, Moment, PersonId, Source, UnitId, UnitLevel, Verb, audit,
    class_attendance, class_run,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, DatabaseConnection, DatabaseTransaction, EntityTrait,
};
use std::collections::BTreeSet;

pub mod decide;
pub mod evidence;
pub mod list;
pub mod roster;
mod run;
mod seats;
pub mod sheet;
pub mod sign_in;
pub mod study;
mod worth;

pub use run::{Draft, call_off, create, edit, hand_in};
pub(crate) use worth::{Judged, brought_before, note_of, worth};

/// A class that took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClass {
    /// The organiser: city, county or township.
    pub level: UnitLevel,
    /// What it was called; 1 to 200 characters.
    pub title: String,
    /// The organising unit.
    pub unit_id: UnitId,
    /// Where.
    pub place: String,
    /// Who taught.
    pub teacher: String,
    /// First day.
    pub starts_on: Day,
    /// Last day; its hours count for this day and its year.
    pub ends_on: Day,
    /// Its length in half-days, at most two a day.
    pub half_days: i32,
}

/// How long one person of the roster was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attended {
    /// Who.
    pub person_id: PersonId,
    /// Half-days present; 0 for somebody who never came.
    pub half_days: i32,
}

/// Record one class and who came.
///
/// # Errors
/// [`Error::BadClass`] for impossible fields, [`Error::NoSuchPerson`], [`Error::NoRule`].
pub async fn record(
    db: &DatabaseConnection,
    class: NewClass,
    attendance: Vec<Attended>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<ClassId> {
    let txn = entity::writing::begin(db).await?;
    let ids = record_many(&txn, &[(class, attendance)], by, now).await?;
    let id = ids.into_iter().next().ok_or(Error::BadClass("class"))?;
    let line = audit::line(now, by, Verb::ClassRecord, format!("class:{id}"), String::new());
    line.insert(&txn).await?;
    txn.commit().await?;
    Ok(id)
}

/// Record many classes in the caller's transaction, as an import does. No audit rows: the import writes its own.
///
/// # Errors
/// As [`record`]; the caller then lets the transaction go.
pub async fn record_many(
    txn: &DatabaseTransaction,
    classes: &[(NewClass, Vec<Attended>)],
    by: Option<AccountId>,
    now: Moment,
) -> Result<Vec<ClassId>> {
    classes.iter().try_for_each(|(class, attendance)| check(class, attendance, now.day()))?;
    let book = RuleBook::load(txn).await?;
    let homes = worth::homes_of(txn, classes.iter().flat_map(|(_, there)| there.iter().map(|at| at.person_id))).await?;
    let mut ids = Vec::with_capacity(classes.len());
    let (mut rows, mut entries) = (Vec::new(), Vec::new());
    for (class, attendance) in classes {
        let mut row = row_of(class, by, now);
        row.decided_by = Set(by); // to enter it here is to decide on it, so that its entries say what a decided one's say
        row.decided_at = Set(Some(now));
        let held = row.insert(txn).await?;
        for attended in attendance {
            let (status, entry) = worth::entry(&book, &homes, &held, (*attended, 0), by)?;
            rows.push(attendance_row(held.id, attended, status));
            entries.push(entry);
        }
        ids.push(held.id);
    }
    for chunk in rows.chunks(500) {
        class_attendance::Entity::insert_many(chunk.iter().cloned()).exec_without_returning(txn).await?;
    }
    ledger::append(txn, &entries, now).await?;
    Ok(ids)
}

fn check(class: &NewClass, attendance: &[Attended], today: Day) -> Result<()> {
    let days = (class.ends_on - class.starts_on).num_days() + 1;
    if !(1..=200).contains(&class.title.trim().chars().count()) {
        return Err(Error::BadClass("title"));
    }
    if !(1..=366).contains(&days) {
        return Err(Error::BadClass("ends_on"));
    }
    if class.ends_on > today {
        return Err(Error::BadClass("not over yet"));
    }
    if class.half_days < 1 || i64::from(class.half_days) > days * 2 {
        return Err(Error::BadClass("half_days"));
    }
    if attendance.iter().any(|attended| !(0..=class.half_days).contains(&attended.half_days)) {
        return Err(Error::BadClass("attendance"));
    }
    let people: BTreeSet<_> = attendance.iter().map(|attended| attended.person_id).collect();
    if people.len() != attendance.len() {
        return Err(Error::BadClass("somebody stands on the roster twice"));
    }
    Ok(())
}

/// A row that took place and is entered with its hours.
fn row_of(class: &NewClass, by: Option<AccountId>, now: Moment) -> class_run::ActiveModel {
    class_run::ActiveModel {
        id: NotSet,
        level: Set(class.level),
        title: Set(class.title.trim().to_owned()),
        unit_id: Set(class.unit_id),
        place: Set(class.place.trim().to_owned()),
        teacher: Set(class.teacher.trim().to_owned()),
        starts_on: Set(class.starts_on),
        ends_on: Set(class.ends_on),
        half_days: Set(class.half_days),
        created_by: Set(by),
        created_at: Set(now),
        source: Set(Source::Class),
        state: Set(ClassState::Approved),
        topics: Set(String::new()),
        person_id: Set(None),
        signing: Set(None),
        signing_since: Set(None),
        handed_in_by: Set(None),
        handed_in_at: Set(None),
        decided_by: Set(None),
        decided_at: Set(None),
        decision: Set(None),
    }
}

fn attendance_row(class: ClassId, attended: &Attended, status: AttendanceStatus) -> class_attendance::ActiveModel {
    class_attendance::ActiveModel {
        id: NotSet,
        class_run_id: Set(class),
        person_id: Set(attended.person_id),
        half_days: Set(attended.half_days),
        status: Set(status),
    }
}

#[cfg(test)]
mod tests;
