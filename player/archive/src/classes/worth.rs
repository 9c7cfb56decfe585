//! What a class or another study is worth to one person: the rule of leave, the conversion of half-days, the entry.
//!
//! Posting and `verify` both come here, so that they cannot differ.

use super::Attended;
use crate::ledger::NewEntry;
use crate::merges::Merges;
use crate::rules::{RuleBook, Rules};
use crate::view::{person_unit, year_days};
use crate::{Error, Result};
use chrono::Datelike;
use entity::{
    AccountId, AttendanceStatus, PersonId, Reason, Source, UnitId, class_run, ledger_entry, org_unit, person,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, JoinType, QueryFilter, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a class is worth to one person.
pub(crate) struct Judged {
    pub(crate) status: AttendanceStatus,
    pub(crate) claimed_ms: i64,
    pub(crate) credited_ms: i64,
    pub(crate) reasons: BTreeMap<Reason, i64>,
}

/// What `half_days` of this class are worth. Of another study what was approved is claimed, and counts up to the cap of
/// the year, of which `brought_ms` is used up: the rule of leave is one of classes, and whoever approves less has said why.
pub(crate) fn worth(class: &class_run::Model, half_days: i32, rules: &Rules, brought_ms: i64) -> Judged {
    if class.source == Source::Class {
        return judge(class.half_days, half_days, rules);
    }
    let claimed_ms = rules.class_ms(half_days);
    let credited_ms = rules.study_cap_ms().map_or(claimed_ms, |cap_ms| claimed_ms.min((cap_ms - brought_ms).max(0)));
    let reasons = BTreeMap::from([(Reason::YearlyCap, claimed_ms - credited_ms)]);
    Judged { status: AttendanceStatus::Attended, claimed_ms, credited_ms, reasons }
}

/// What a kind of study has brought a person in the civil year of the class, in entries before this one.
pub(crate) async fn brought_before(
    db: &impl ConnectionTrait,
    class: &class_run::Model,
    who: PersonId,
    before_seq: i64,
) -> Result<i64> {
    let (from, to) = year_days(class.ends_on.year())?;
    let people = Merges::ever(db).await?.one_with(who, Some(before_seq));
    let earlier: Vec<i64> = ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::CreditedMs)
        .filter(ledger_entry::Column::PersonId.is_in(people))
        .filter(ledger_entry::Column::Day.between(from, to))
        .filter(ledger_entry::Column::Source.eq(class.source))
        .filter(ledger_entry::Column::Seq.lt(before_seq))
        .into_tuple()
        .all(db)
        .await?;
    Ok(earlier.into_iter().fold(0, i64::saturating_add))
}

/// What its entries are called. Of a class that was decided on, the organiser's level stands with the title: targets
/// count classes by level, and the chain of the ledger then holds it. Of what the first releases entered without a
/// decision it does not.
pub(crate) fn note_of(class: &class_run::Model) -> String {
    match (class.source, class.decided_at) {
        (Source::Class, Some(_)) => format!("{}（{}级）", class.title, class.level.label()),
        _ => class.title.clone(),
    }
}

/// How the class counts for this person, and the entry of it. `brought_ms` is what the same kind of study has brought
/// them this year.
///
/// # Errors
/// [`Error::NoSuchPerson`], [`Error::NoRule`].
pub(super) fn entry(
    book: &RuleBook,
    homes: &Homes,
    class: &class_run::Model,
    (attended, brought_ms): (Attended, i64),
    by: Option<AccountId>,
) -> Result<(AttendanceStatus, NewEntry)> {
    let (unit_id, path) = homes.get(&attended.person_id).ok_or(Error::NoSuchPerson(attended.person_id))?;
    let (rule_id, rules) = book.in_force(path, class.ends_on)?;
    let judged = worth(class, attended.half_days, &rules, brought_ms);
    let entry = NewEntry {
        person_id: attended.person_id,
        unit_id: *unit_id,
        day: class.ends_on,
        source: class.source,
        lesson_id: None,
        playback_id: None,
        class_run_id: Some(class.id),
        corrects_seq: None,
        claimed_ms: judged.claimed_ms,
        credited_ms: judged.credited_ms,
        reasons: judged.reasons,
        rule_id,
        note: note_of(class),
        author_id: by,
    };
    Ok((judged.status, entry))
}

/// The whole class is claimed; missed half-days are NOT_PRESENT, and when too many were missed the rest is TOO_SHORT
/// (干部教育培训工作条例, 2023: leave above one seventh of a class means it does not count).
fn judge(class_half_days: i32, half_days: i32, rules: &Rules) -> Judged {
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

/// The unit each person belongs to, and its path.
pub(super) type Homes = HashMap<PersonId, (UnitId, String)>;

pub(super) async fn homes_of(txn: &DatabaseTransaction, people: impl Iterator<Item = PersonId>) -> Result<Homes> {
    let people: Vec<_> = people.collect::<BTreeSet<_>>().into_iter().collect();
    let mut homes = Homes::with_capacity(people.len());
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
        homes.extend(rows.into_iter().map(|(id, unit_id, path)| (id, (unit_id, path))));
    }
    Ok(homes)
}
