//! What an import leaves in the audit log: a line for each unit, person and account it made or changed.

use super::{FieldChange, Kind, Plan};
use crate::{Error, Result, audit, people};
use entity::{AccountId, Moment, Role, UnitId, Verb, person};
use sea_orm::DatabaseTransaction;
use std::collections::HashMap;

/// What the codes of the plan stand for once it is carried out, and the accounts that were made.
pub(super) struct Done<'a> {
    pub(super) units: &'a HashMap<String, UnitId>,
    pub(super) people: &'a HashMap<String, person::Model>,
    pub(super) accounts: Vec<NewLogin<'a>>,
}

/// An account that was made, and where it learns.
pub(super) struct NewLogin<'a> {
    pub(super) id: AccountId,
    pub(super) login: &'a str,
    pub(super) unit: UnitId,
}

/// Notes all of it.
pub(super) async fn note(
    txn: &DatabaseTransaction,
    plan: &Plan,
    done: Done<'_>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let line = |verb, target, detail| entity::audit::line(now, by, verb, target, detail);
    let unit = |code: &str| done.units.get(code).map(|id| format!("unit:{id}")).ok_or(Error::NoSuchUnit);
    let person = |code: &str| done.people.get(code).map(|row| format!("person:{}", row.id)).ok_or(Error::NoSuchPerson);
    let mut lines = Vec::new();
    for made in &plan.work.new_units {
        lines.push(line(Verb::UnitAdd, unit(&made.code)?, format!("{}（{}）", made.name, made.level.label())));
    }
    for made in plan.work.people.iter().filter(|person| person.id.is_none()) {
        let home = made.unit.as_deref().unwrap_or_default();
        lines.push(line(Verb::PersonAdd, person(&made.code)?, format!("单位编码 {home}")));
    }
    for change in &plan.changes {
        let (verb, target) = match change.kind {
            Kind::Unit => (Verb::UnitChange, unit(&change.code)?),
            Kind::Person => (Verb::PersonChange, person(&change.code)?),
        };
        let fields: Vec<String> = change.fields.iter().map(told).collect();
        lines.push(line(verb, target, fields.join("；")));
    }
    for NewLogin { id, login, unit } in done.accounts {
        let target = format!("account:{id}");
        lines.push(line(Verb::AccountCreate, target.clone(), person::masked(login)));
        lines.push(line(Verb::RoleGive, target, format!("{}，unit:{unit}", Role::Learner.label())));
    }
    Ok(audit::note_all(txn, lines).await?)
}

/// A field before and after, with as little of numbers as lists show.
fn told(change: &FieldChange) -> String {
    let shown = |text: &str| match change.field {
        "手机号" => people::masked(text),
        "登录名" => person::masked(text),
        _ => text.to_owned(),
    };
    format!("{}：{} → {}", change.field, shown(&change.old), shown(&change.new))
}
