//! Concentrated training in person (集中培训): who came for how long, and what it is worth.
//!
//! Owns the rule of leave (more than one seventh missed: the class does not count) and the conversion of half-days to
//! minutes. Writes class, attendance and ledger entries in one transaction.

use crate::ledger::{self, NewEntry};
use crate::rules::{RuleBook, Rules};
use crate::view::person_unit;
use crate::{Error, Result};
use entity::{
    AccountId, AttendanceStatus, ClassId, Day, Moment, PersonId, Reason, Source, UnitId, UnitLevel, audit,
    class_attendance, class_run, org_unit, person,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait, JoinType, QueryFilter, QuerySelect,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let line = audit::line(now, by, "class.record", format!("class:{id}"), String::new());
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
    let homes = homes_of(txn, classes.iter().flat_map(|(_, attendance)| attendance)).await?;
    let mut ids = Vec::with_capacity(classes.len());
    let mut rows = Vec::new();
    let mut entries = Vec::new();
    for (class, attendance) in classes {
        let id = insert_class(txn, class, by, now).await?;
        for attended in attendance {
            let home = homes.get(&attended.person_id).ok_or(Error::NoSuchPerson(attended.person_id))?;
            let (rule_id, rules) = book.in_force(&home.path, class.ends_on)?;
            let judged = judge(class.half_days, attended.half_days, &rules);
            rows.push(attendance_row(id, attended, judged.status));
            entries.push(NewEntry {
                person_id: attended.person_id,
                unit_id: home.unit_id,
                day: class.ends_on,
                source: Source::Class,
                lesson_id: None,
                playback_id: None,
                class_run_id: Some(id),
                corrects_seq: None,
                claimed_ms: judged.claimed_ms,
                credited_ms: judged.credited_ms,
                reasons: judged.reasons,
                rule_id,
                note: class.title.trim().to_owned(),
                author_id: by,
            });
        }
        ids.push(id);
    }
    for chunk in rows.chunks(500) {
        class_attendance::Entity::insert_many(chunk.iter().cloned()).exec_without_returning(txn).await?;
    }
    ledger::append(txn, &entries, now).await?;
    Ok(ids)
}

/// What a class is worth to one person.
pub(crate) struct Judged {
    status: AttendanceStatus,
    pub(crate) claimed_ms: i64,
    pub(crate) credited_ms: i64,
    pub(crate) reasons: BTreeMap<Reason, i64>,
}

/// The whole class is claimed; missed half-days are NOT_PRESENT, and when too many were missed the rest is TOO_SHORT
/// (干部教育培训工作条例, 2023: leave above one seventh of a class means it does not count).
pub(crate) fn judge(class_half_days: i32, half_days: i32, rules: &Rules) -> Judged {
    let missed = i64::from(class_half_days) - i64::from(half_days);
    let status = if half_days == 0 {
        AttendanceStatus::Absent
    } else if missed * i64::from(rules.leave_limit_one_in) > i64::from(class_half_days) {
        AttendanceStatus::TooMuchLeave
    } else {
        AttendanceStatus::Attended
    };
    let claimed_ms = rules.class_ms(class_half_days);
    let present_ms = rules.class_ms(half_days).min(claimed_ms);
    let credited_ms = if status == AttendanceStatus::Attended { present_ms } else { 0 };
    let reasons =
        BTreeMap::from([(Reason::NotPresent, claimed_ms - present_ms), (Reason::TooShort, present_ms - credited_ms)]);
    Judged { status, claimed_ms, credited_ms, reasons }
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

struct Home {
    unit_id: UnitId,
    path: String,
}

async fn homes_of(
    txn: &DatabaseTransaction,
    attendance: impl Iterator<Item = &Attended>,
) -> Result<HashMap<PersonId, Home>> {
    let people: Vec<_> = attendance.map(|attended| attended.person_id).collect::<BTreeSet<_>>().into_iter().collect();
    let mut homes = HashMap::with_capacity(people.len());
    for chunk in people.chunks(500) {
        let rows: Vec<(PersonId, UnitId, String)> = person::Entity::find()
            .select_only()
            .columns([person::Column::Id, person::Column::UnitId])
            .column(org_unit::Column::Path)
            .join(JoinType::InnerJoin, person_unit())
            .filter(person::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(txn)
            .await?;
        homes.extend(rows.into_iter().map(|(id, unit_id, path)| (id, Home { unit_id, path })));
    }
    Ok(homes)
}

async fn insert_class(
    txn: &DatabaseTransaction,
    class: &NewClass,
    by: Option<AccountId>,
    now: Moment,
) -> Result<ClassId> {
    let row = class_run::ActiveModel {
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
    };
    Ok(row.insert(txn).await?.id)
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
