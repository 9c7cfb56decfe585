//! The decision about a class or a study that was handed in: somebody else's, once, with the ledger in the same
//! transaction.

use super::run::{note, set_attendance};
use super::seats::{self, Seats};
use super::{Attended, worth};
use crate::rules::RuleBook;
use crate::{Error, Result, appeals, ledger, merges};
use entity::{
    AccountId, AttendanceStatus, ClassId, ClassState, Moment, PersonId, Verb, account, class_attendance, class_run,
    notice,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use std::collections::{BTreeMap, BTreeSet};

/// A decision and who takes it.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Whether it counts. A class that does not goes back to its organiser, a study is refused for good.
    pub approve: bool,
    /// Of a study: how many half-days count; all of them when nothing is said.
    pub half_days: Option<i32>,
    /// Why, 1 to 500 characters; may be left out when everything is approved.
    pub reason: &'a str,
    /// Who decides.
    pub by: AccountId,
}

/// Decide it; of two deciders at once the second is told. An approval writes every entry, or nothing happens at all.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`], [`Error::OwnClass`] for whoever entered it, handed it in or stands on
/// its roster, [`Error::NoReason`], [`Error::BadClass`] for more half-days than were declared, [`Error::YearSealed`].
pub async fn decide(
    db: &DatabaseConnection,
    id: ClassId,
    decision: &Decision<'_>,
    now: Moment,
) -> Result<class_run::Model> {
    let txn = entity::writing::begin(db).await?;
    ledger::hold_head(&txn).await?; // whoever comes second waits here, and then finds it decided
    let class = class_run::Entity::find_by_id(id).one(&txn).await?.ok_or(Error::NoSuchClass(id))?;
    if class.state != ClassState::HandedIn {
        return Err(Error::ClassState(class.state));
    }
    check_not_own(&txn, &class, decision.by).await?;
    let fewer = fewer_half_days(&class, decision)?;
    let reason = appeals::said(decision.reason);
    if reason.is_none() && (!decision.approve || fewer.is_some() || !decision.reason.trim().is_empty()) {
        return Err(Error::NoReason);
    }
    let state = match (decision.approve, class.person_id) {
        (true, _) => ClassState::Approved,
        (false, None) => ClassState::Open,
        (false, Some(_)) => ClassState::Refused,
    };
    let mut row = class.into_active_model();
    row.state = Set(state);
    row.decided_by = Set(Some(decision.by));
    row.decided_at = Set(Some(now));
    row.decision = Set(reason);
    let decided = row.update(&txn).await?;
    if decision.approve {
        post(&txn, &decided, fewer, decision.by, now).await?;
    }
    let (action, said) = said_of(&decided);
    let why = decided.decision.as_deref().map(|reason| format!("：{reason}")).unwrap_or_default();
    note(&txn, &decided, action, format!("{}{why}", decided.title), decision.by, now).await?;
    let text = format!("{}《{}》{said}{why}", decided.source.label(), decided.title);
    tell(&txn, &decided, text, now).await?;
    txn.commit().await?;
    Ok(decided)
}

/// Nobody approves what they entered, handed in, or earn hours by, with whichever of their accounts.
async fn check_not_own(txn: &DatabaseTransaction, class: &class_run::Model, by: AccountId) -> Result<()> {
    let decider = merges::of_account(txn, by).await?;
    for account in class.created_by.into_iter().chain(class.handed_in_by) {
        if account == by || decider.is_some() && merges::of_account(txn, account).await? == decider {
            return Err(Error::OwnClass);
        }
    }
    match decider {
        Some(who) if Seats::of(txn, class.id).await?.holds(who) => Err(Error::OwnClass),
        _ => Ok(()),
    }
}

/// Of a study, the half-days that count when they are not all of them.
fn fewer_half_days(class: &class_run::Model, decision: &Decision<'_>) -> Result<Option<i32>> {
    match decision.half_days.filter(|_| decision.approve && class.person_id.is_some()) {
        Some(half_days) if !(1..=class.half_days).contains(&half_days) => Err(Error::BadClass("half_days_approved")),
        half_days => Ok(half_days.filter(|half_days| *half_days < class.half_days)),
    }
}

/// Fix how it counts for everybody, and write the entries.
async fn post(
    txn: &DatabaseTransaction,
    class: &class_run::Model,
    fewer: Option<i32>,
    by: AccountId,
    now: Moment,
) -> Result<()> {
    if class.person_id.is_none() {
        seats::fix_attendance(txn, class.id).await?; // two of its roster may have been found to be one since
    }
    let roster = class_attendance::Entity::find()
        .filter(class_attendance::Column::ClassRunId.eq(class.id))
        .order_by_asc(class_attendance::Column::PersonId)
        .all(txn)
        .await?;
    let book = RuleBook::load(txn).await?;
    let homes = worth::homes_of(txn, roster.iter().map(|row| row.person_id)).await?;
    let mut entries = Vec::with_capacity(roster.len());
    let mut counted: BTreeMap<AttendanceStatus, Vec<PersonId>> = BTreeMap::new();
    for row in &roster {
        let attended = Attended { person_id: row.person_id, half_days: fewer.unwrap_or(row.half_days) };
        let brought_ms = match class.person_id {
            Some(who) => worth::brought_before(txn, class, who, i64::MAX).await?,
            None => 0,
        };
        let (status, entry) = worth::entry(&book, &homes, class, (attended, brought_ms), Some(by))?;
        counted.entry(status).or_default().push(row.person_id);
        entries.push(entry);
    }
    for (status, people) in counted {
        let half_days = fewer.map_or(NotSet, Set);
        let counts = class_attendance::ActiveModel { status: Set(status), half_days, ..Default::default() };
        set_attendance(txn, class.id, &people, &counts).await?;
    }
    ledger::append(txn, &entries, now).await?;
    Ok(())
}

/// The verb of the audit log, and what people are told.
fn said_of(class: &class_run::Model) -> (Verb, &'static str) {
    match (class.state, class.person_id) {
        (ClassState::Approved, None) => (Verb::ClassApprove, "已审核，学时已记入"),
        (_, None) => (Verb::ClassReturn, "被退回"),
        (ClassState::Approved, Some(_)) => (Verb::StudyApprove, "已审核，学时已记入"),
        (_, Some(_)) => (Verb::StudyRefuse, "没有通过审核"),
    }
}

/// Tell whoever entered it and handed it in, and of a study the person.
async fn tell(txn: &DatabaseTransaction, class: &class_run::Model, text: String, now: Moment) -> Result<()> {
    let mut told: BTreeSet<AccountId> = class.created_by.into_iter().chain(class.handed_in_by).collect();
    if let Some(person) = class.person_id {
        told.extend(accounts_of(txn, person).await?);
    }
    let kind = if class.person_id.is_some() { "study.decided" } else { "class.decided" };
    let rows = told.into_iter().map(|account_id| notice::ActiveModel {
        id: NotSet,
        account_id: Set(account_id),
        kind: Set(kind.to_owned()),
        subject_id: Set(class.id.0),
        text: Set(text.clone()),
        created_at: Set(now),
        seen_at: Set(None),
    });
    for row in rows {
        row.insert(txn).await?;
    }
    Ok(())
}

async fn accounts_of(db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<AccountId>> {
    let rows = account::Entity::find().filter(account::Column::PersonId.eq(person)).all(db).await?;
    Ok(rows.into_iter().map(|account| account.id).collect())
}
