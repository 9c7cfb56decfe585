//! The names behind ids, a few hundred at a time, for everything that people read.

use crate::Result;
use entity::{AccountId, LessonId, PersonId, UnitId, account, device, lesson, org_unit, person};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};

/// Keys in one statement: well below SQLite's limit of bind variables.
const CHUNK: usize = 500;

/// The name and roster number of each person.
pub(crate) async fn of_people(
    db: &impl ConnectionTrait,
    ids: HashSet<PersonId>,
) -> Result<HashMap<PersonId, (String, String)>> {
    let mut names = HashMap::with_capacity(ids.len());
    for chunk in ids.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let rows: Vec<(PersonId, String, String)> = person::Entity::find()
            .select_only()
            .columns([person::Column::Id, person::Column::Name, person::Column::Code])
            .filter(person::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        names.extend(rows.into_iter().map(|(id, name, code)| (id, (name, code))));
    }
    Ok(names)
}

/// The name of each unit.
pub(crate) async fn of_units(db: &impl ConnectionTrait, ids: HashSet<UnitId>) -> Result<HashMap<UnitId, String>> {
    let mut names = HashMap::with_capacity(ids.len());
    for chunk in ids.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let rows: Vec<(UnitId, String)> = org_unit::Entity::find()
            .select_only()
            .columns([org_unit::Column::Id, org_unit::Column::Name])
            .filter(org_unit::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        names.extend(rows);
    }
    Ok(names)
}

/// The title of each lesson.
pub(crate) async fn of_lessons(db: &impl ConnectionTrait, ids: HashSet<LessonId>) -> Result<HashMap<LessonId, String>> {
    let mut titles = HashMap::with_capacity(ids.len());
    for chunk in ids.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let rows: Vec<(LessonId, String)> = lesson::Entity::find()
            .select_only()
            .columns([lesson::Column::Id, lesson::Column::Title])
            .filter(lesson::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        titles.extend(rows);
    }
    Ok(titles)
}

/// Who uses each account: the person, the terminal, or else the login.
pub(crate) async fn of_accounts(
    db: &impl ConnectionTrait,
    ids: HashSet<AccountId>,
) -> Result<HashMap<AccountId, String>> {
    let mut accounts = Vec::with_capacity(ids.len());
    for chunk in ids.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let rows = account::Entity::find().filter(account::Column::Id.is_in(chunk.iter().copied()));
        accounts.extend(rows.all(db).await?);
    }
    let people = of_people(db, accounts.iter().filter_map(|account| account.person_id).collect()).await?;
    let devices = device::Entity::find()
        .filter(device::Column::Id.is_in(accounts.iter().filter_map(|account| account.device_id).take(CHUNK)))
        .all(db)
        .await?;
    let name = |account: &account::Model| {
        let person = account.person_id.and_then(|id| people.get(&id)).map(|(name, _)| name.clone());
        let device = || devices.iter().find(|device| Some(device.id) == account.device_id);
        person.or_else(|| device().map(|device| device.name.clone())).unwrap_or_else(|| person::masked(&account.login))
    };
    Ok(accounts.iter().map(|account| (account.id, name(account))).collect())
}
