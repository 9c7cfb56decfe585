//! Who the accounts are that did something.

use crate::error::ApiResult;
use entity::{AccountId, account, person};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;

/// The name and login of each account; a login that is an identity number is masked.
///
/// # Errors
/// When the database fails.
pub async fn names(db: &impl ConnectionTrait, mut ids: Vec<AccountId>) -> ApiResult<HashMap<AccountId, String>> {
    ids.sort_unstable();
    ids.dedup();
    let accounts = account::Entity::find().filter(account::Column::Id.is_in(ids)).all(db).await?;
    let people: Vec<_> = accounts.iter().filter_map(|account| account.person_id).collect();
    let people = person::Entity::find().filter(person::Column::Id.is_in(people)).all(db).await?;
    let people: HashMap<_, _> = people.into_iter().map(|person| (person.id, person.name)).collect();
    let name = |account: account::Model| match account.person_id.and_then(|id| people.get(&id)) {
        Some(name) => (account.id, format!("{name}（{}）", person::masked(&account.login))),
        None => (account.id, person::masked(&account.login)),
    };
    Ok(accounts.into_iter().map(name).collect())
}
