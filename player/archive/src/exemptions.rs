//! Exemptions: who is asked less, why, from when to when, and who approved it.
//!
//! Owns granting and ending them. What an exemption lifts is the rule's matter (`rules`), what it makes of a year is
//! `assess`'s. Every exemption ends on a day that is known from the start: who is still exempt then is approved anew.

use crate::{Error, Result, merges, names};
use chrono::Datelike;
use entity::{AccountId, Day, ExemptionId, ExemptionKind, Moment, PersonId, Verb, audit, exemption, person};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// An exemption to be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExemption {
    /// Whose.
    pub person_id: PersonId,
    /// Why.
    pub kind: ExemptionKind,
    /// Its first day.
    pub begins_on: Day,
    /// Its last day.
    pub ends_on: Day,
    /// What it rests on; 1 to 500 characters.
    pub reason: String,
}

/// An exemption as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The row.
    pub row: exemption::Model,
    /// Who approved it.
    pub approver: String,
    /// Who ended it early.
    pub ender: Option<String>,
}

/// The longest an exemption may last before it is approved anew.
const MOST_YEARS: i32 = 10;

/// Grant an exemption. It may begin in the past of its own year or the one before: papers come late.
///
/// # Errors
/// [`Error::NoSuchPerson`], [`Error::NoReason`], [`Error::BadExemption`], [`Error::OwnExemption`].
pub async fn grant(db: &DatabaseConnection, new: NewExemption, by: AccountId, now: Moment) -> Result<exemption::Model> {
    let reason = said(&new.reason).ok_or(Error::NoReason)?;
    let oldest = now.year() - 1;
    if new.ends_on < new.begins_on || new.begins_on.year() < oldest {
        return Err(Error::BadExemption);
    }
    if new.ends_on.year() > new.begins_on.year() + MOST_YEARS || new.begins_on.year() > now.year() + 1 {
        return Err(Error::BadExemption);
    }
    let txn = entity::writing::begin(db).await?;
    person::Entity::find_by_id(new.person_id).one(&txn).await?.ok_or(Error::NoSuchPerson(new.person_id))?;
    if merges::is_own(&txn, by, new.person_id).await? {
        return Err(Error::OwnExemption);
    }
    let row = exemption::ActiveModel {
        id: NotSet,
        person_id: Set(new.person_id),
        kind: Set(new.kind),
        begins_on: Set(new.begins_on),
        ends_on: Set(new.ends_on),
        reason: Set(reason),
        approved_by: Set(by),
        approved_at: Set(now),
        ended_early_on: Set(None),
        ended_by: Set(None),
        end_reason: Set(None),
    };
    let granted = row.insert(&txn).await?;
    let detail = format!("{}，{} 至 {}：{}", granted.kind.label(), granted.begins_on, granted.ends_on, granted.reason);
    note(&txn, &granted, Verb::ExemptionGrant, detail, by, now).await?;
    txn.commit().await?;
    Ok(granted)
}

/// End an exemption early: `last_day` is the last day on which it holds, the day before its first when it never did.
///
/// # Errors
/// [`Error::NoSuchExemption`], [`Error::NoReason`], [`Error::BadExemption`] when it is over by then, or was ended
/// before.
pub async fn end(
    db: &DatabaseConnection,
    id: ExemptionId,
    last_day: Day,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<exemption::Model> {
    let reason = said(reason).ok_or(Error::NoReason)?;
    let txn = entity::writing::begin(db).await?;
    let row = exemption::Entity::find_by_id(id).one(&txn).await?.ok_or(Error::NoSuchExemption(id))?;
    let never = row.begins_on.pred_opt().unwrap_or(row.begins_on);
    if row.ended_early_on.is_some() || last_day < never || last_day >= row.ends_on {
        return Err(Error::BadExemption);
    }
    let mut ended = row.into_active_model();
    ended.ended_early_on = Set(Some(last_day));
    ended.ended_by = Set(Some(by));
    ended.end_reason = Set(Some(reason.clone()));
    let ended = ended.update(&txn).await?;
    note(&txn, &ended, Verb::ExemptionEnd, format!("提前到 {last_day} 止：{reason}"), by, now).await?;
    txn.commit().await?;
    Ok(ended)
}

/// A page (from 1) of the exemptions of a person, the latest first, with the names of who approved and ended them; and how
/// many there are.
///
/// # Errors
/// Only those of the database.
pub async fn of_person(
    db: &impl ConnectionTrait,
    id: PersonId,
    (page, size): (u64, u64),
) -> Result<(Vec<Granted>, u64)> {
    let theirs = exemption::Entity::find().filter(exemption::Column::PersonId.eq(id));
    let total = theirs.clone().count(db).await?;
    let rows = theirs
        .order_by_desc(exemption::Column::BeginsOn)
        .order_by_desc(exemption::Column::Id)
        .offset(page.saturating_sub(1).saturating_mul(size))
        .limit(size)
        .all(db)
        .await?;
    let accounts = rows.iter().flat_map(|row| [Some(row.approved_by), row.ended_by]).flatten().collect();
    let names = names::of_accounts(db, accounts).await?;
    let name = |id: AccountId| names.get(&id).cloned().unwrap_or_default();
    let granted =
        |row: exemption::Model| Granted { approver: name(row.approved_by), ender: row.ended_by.map(name), row };
    Ok((rows.into_iter().map(granted).collect(), total))
}

fn said(text: &str) -> Option<String> {
    let text = text.replace('\0', "");
    let text = text.trim();
    (1..=500).contains(&text.chars().count()).then(|| text.to_owned())
}

async fn note(
    db: &impl ConnectionTrait,
    about: &exemption::Model,
    action: Verb,
    detail: String,
    by: AccountId,
    now: Moment,
) -> Result<()> {
    let line = audit::line(now, Some(by), action, format!("person:{}", about.person_id), detail);
    line.insert(db).await?;
    Ok(())
}
