//! Carrying out a plan: all of it in one transaction, or nothing.

use super::lines::{self, Done, NewLogin};
use super::{FirstPassword, PersonWork, Plan, PostWork, Summary};
use crate::account::{self, NewAccount};
use crate::org::{self, NewUnit};
use crate::{Error, Result, audit, grants, people};
use entity::{AccountId, Moment, PersonId, Role, UnitId, Verb, org_unit, person, post};
use rand::RngExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    QueryFilter, Set,
};
use std::collections::HashMap;

/// Rows written by one statement.
const CHUNK: usize = 500;

/// Characters of a first password: no two of them look alike. Ten of them are 49 bits.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// Carries out a plan. `by` is `None` for the command line.
///
/// # Errors
/// [`Error::BadRows`] when the plan has any; [`Error::PlanOutdated`] when the roster changed since it was made.
pub async fn apply(db: &DatabaseConnection, plan: &Plan, by: Option<AccountId>, now: Moment) -> Result<Summary> {
    if !plan.bad.is_empty() {
        return Err(Error::BadRows(plan.bad.len()));
    }
    // Hashing takes 20 ms a password: done before the transaction, so that nobody waits for it.
    let first = first_passwords(plan).await?;
    let txn = entity::writing::begin(db).await?;
    let summary = write(&txn, plan, first, by, now).await.map_err(outdated)?;
    txn.commit().await?;
    Ok(summary)
}

/// Keys that a plan found free are taken by now, or units it found are gone.
fn outdated(error: Error) -> Error {
    match error {
        Error::UnitCodeTaken | Error::LoginTaken | Error::HasAccount | Error::NoSuchUnit | Error::NoSuchPerson => {
            Error::PlanOutdated
        }
        Error::Db(DbErr::RecordNotUpdated) => Error::PlanOutdated,
        Error::Db(cause) => Error::unless_unique(cause, Error::PlanOutdated),
        other => other,
    }
}

/// A first password and its hash.
struct First {
    shown: FirstPassword,
    hash: String,
}

async fn first_passwords(plan: &Plan) -> Result<Vec<First>> {
    let mut first = Vec::new();
    for person in &plan.work.people {
        let Some(login) = &person.login else { continue };
        let password = random_password();
        let hash = account::hash_checked(&password, login).await?;
        let (code, name, login) = (person.code.clone(), person.name.clone(), login.clone());
        first.push(First { shown: FirstPassword { code, name, login, password }, hash });
    }
    Ok(first)
}

fn random_password() -> String {
    let mut rng = rand::rng();
    let letter = |_| LETTERS.get(rng.random_range(0..LETTERS.len())).copied().map(char::from);
    (0..10).filter_map(letter).collect()
}

async fn write(
    txn: &DatabaseTransaction,
    plan: &Plan,
    first: Vec<First>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<Summary> {
    write_units(txn, plan).await?;
    let units = units_by_code(txn, plan).await?;
    add_people(txn, plan, &units, now).await?;
    change_people(txn, plan, &units).await?;
    people::merge::follow(txn, &plan.work.people.iter().filter_map(|person| person.id).collect::<Vec<_>>()).await?;
    let people = people_by_code(txn, plan).await?;
    write_posts(txn, plan, &people, now).await?;
    let mut summary = counts(plan);
    let mut accounts = Vec::with_capacity(first.len());
    for First { shown, hash } in &first {
        let person = people.get(&shown.code).ok_or(Error::NoSuchPerson)?;
        let (login, person_id, unit) = (shown.login.as_str(), Some(person.id), person.unit_id);
        let new = NewAccount { login, password: None, person_id, device_id: None, must_change: true };
        let id = account::insert_hashed(txn, new, hash.clone(), now).await?;
        grants::put(txn, id, Role::Learner, unit, now).await?;
        accounts.push(NewLogin { id, login, unit });
    }
    lines::note(txn, plan, Done { units: &units, people: &people, accounts }, by, now).await?;
    summary.accounts = first.into_iter().map(|one| one.shown).collect();
    // The lines after the first show first passwords, which the audit log must never hold.
    let detail = summary.to_string().lines().next().unwrap_or_default().to_owned();
    audit::note(txn, by, Verb::RosterImport, "roster".into(), detail, now).await?;
    Ok(summary)
}

fn counts(plan: &Plan) -> Summary {
    let work = &plan.work;
    let people_added = work.people.iter().filter(|person| person.id.is_none()).count();
    Summary {
        units_added: work.new_units.len(),
        units_changed: work.changed_units.len(),
        people_added,
        people_changed: work.people.len() - people_added,
        unchanged: plan.unchanged,
        accounts: Vec::new(),
    }
}

async fn write_units(txn: &DatabaseTransaction, plan: &Plan) -> Result<()> {
    for unit in &plan.work.changed_units {
        let row = org_unit::ActiveModel {
            id: Set(unit.id),
            code: Set(unit.code.clone()),
            name: Set(unit.name.clone()),
            level: Set(unit.level),
            ..Default::default()
        };
        row.update(txn).await?;
    }
    let mut made: HashMap<&str, UnitId> = HashMap::new();
    for unit in &plan.work.new_units {
        let parent = match unit.parent.as_deref() {
            Some(code) if made.contains_key(code) => made.get(code).copied(),
            Some(code) => Some(org::unit_by_code(txn, code).await?.ok_or(Error::NoSuchUnit)?.id),
            None => None,
        };
        let new = NewUnit { parent, code: unit.code.clone(), name: unit.name.clone(), level: unit.level };
        made.insert(&unit.code, org::add(txn, new).await?.id);
    }
    Ok(())
}

async fn units_by_code(txn: &impl ConnectionTrait, plan: &Plan) -> Result<HashMap<String, UnitId>> {
    let homes = plan.work.people.iter().filter_map(|person| person.unit.as_deref());
    let made = plan.work.new_units.iter().map(|unit| unit.code.as_str());
    let changed = plan.work.changed_units.iter().map(|unit| unit.code.as_str());
    let mut codes: Vec<&str> = homes.chain(made).chain(changed).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut units = HashMap::new();
    for chunk in codes.chunks(CHUNK) {
        let wanted = org_unit::Column::Code.is_in(chunk.iter().copied());
        let rows = org_unit::Entity::find().filter(wanted).all(txn).await?;
        units.extend(rows.into_iter().map(|unit| (unit.code, unit.id)));
    }
    Ok(units)
}

async fn people_by_code(txn: &impl ConnectionTrait, plan: &Plan) -> Result<HashMap<String, person::Model>> {
    let mut people = HashMap::new();
    for chunk in plan.work.people.chunks(CHUNK) {
        let wanted = person::Column::Code.is_in(chunk.iter().map(|person| person.code.as_str()));
        let rows = person::Entity::find().filter(wanted).all(txn).await?;
        people.extend(rows.into_iter().map(|person| (person.code.clone(), person)));
    }
    Ok(people)
}

async fn add_people(
    txn: &impl ConnectionTrait,
    plan: &Plan,
    units: &HashMap<String, UnitId>,
    now: Moment,
) -> Result<()> {
    let new: Vec<&PersonWork> = plan.work.people.iter().filter(|person| person.id.is_none()).collect();
    for chunk in new.chunks(CHUNK) {
        let rows: Result<Vec<_>> = chunk.iter().map(|person| new_row(person, units, now)).collect();
        person::Entity::insert_many(rows?).exec_without_returning(txn).await?;
    }
    Ok(())
}

fn new_row(work: &PersonWork, units: &HashMap<String, UnitId>, now: Moment) -> Result<person::ActiveModel> {
    let unit = work.unit.as_deref().and_then(|code| units.get(code)).ok_or(Error::NoSuchUnit)?;
    Ok(person::ActiveModel {
        code: Set(work.code.clone()),
        name: Set(work.name.clone()),
        pinyin: Set(people::pinyin_of(&work.name)),
        unit_id: Set(*unit),
        gender: Set(work.gender.clone()),
        birth_year: Set(work.birth_year),
        phone: Set(work.phone.clone()),
        left_on: Set(None),
        created_at: Set(now),
        ..Default::default()
    })
}

async fn change_people(txn: &impl ConnectionTrait, plan: &Plan, units: &HashMap<String, UnitId>) -> Result<()> {
    for work in &plan.work.people {
        let Some(id) = work.id else { continue };
        let mut row = person::ActiveModel {
            id: Set(id),
            name: Set(work.name.clone()),
            pinyin: Set(people::pinyin_of(&work.name)),
            ..Default::default()
        };
        if let Some(code) = &work.unit {
            row.unit_id = Set(*units.get(code).ok_or(Error::NoSuchUnit)?);
        }
        if work.gender.is_some() {
            row.gender = Set(work.gender.clone());
        }
        if work.birth_year.is_some() {
            row.birth_year = Set(work.birth_year);
        }
        if work.phone.is_some() {
            row.phone = Set(work.phone.clone());
        }
        if work.returns {
            row.left_on = Set(None);
        }
        row.update(txn).await?;
    }
    Ok(())
}

async fn write_posts(
    txn: &impl ConnectionTrait,
    plan: &Plan,
    people: &HashMap<String, person::Model>,
    now: Moment,
) -> Result<()> {
    let mut begun = Vec::new();
    for person in &plan.work.people {
        let person_id = people.get(&person.code).ok_or(Error::NoSuchPerson)?.id;
        for work in &person.posts {
            match *work {
                PostWork::Begin(kind, day) => begun.push(begin_row(person_id, kind, day.unwrap_or(now.day()))),
                PostWork::Redate(id, day) => {
                    post::ActiveModel { id: Set(id), appointed_on: Set(day), ..Default::default() }.update(txn).await?;
                }
                PostWork::End(id, first, next) => {
                    let last = next.unwrap_or(now.day()).pred_opt().unwrap_or(first).max(first);
                    post::ActiveModel { id: Set(id), ended_on: Set(Some(last)), ..Default::default() }
                        .update(txn)
                        .await?;
                }
            }
        }
    }
    for chunk in begun.chunks(CHUNK) {
        post::Entity::insert_many(chunk.to_vec()).exec_without_returning(txn).await?;
    }
    Ok(())
}

fn begin_row(person_id: PersonId, kind: entity::PostKind, day: entity::Day) -> post::ActiveModel {
    post::ActiveModel {
        person_id: Set(person_id),
        kind: Set(kind),
        appointed_on: Set(day),
        ended_on: Set(None),
        ..Default::default()
    }
}
