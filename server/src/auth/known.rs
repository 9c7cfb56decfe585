//! What is known of an account: its person, home and roles, read from the database and kept for a few seconds.
//!
//! A grant given or taken, a closed account and "sign out everywhere" therefore take effect within `FRESH_MS`, and a
//! stream of beats or ranges costs no query each.

use super::identity::Identity;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use entity::{AccountId, Moment, account, org_unit, person};
use sea_orm::EntityTrait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

const FRESH_MS: i64 = 5_000;
const ACCOUNTS: usize = 20_000;

/// The accounts seen lately.
#[derive(Default)]
pub struct Known {
    accounts: Mutex<HashMap<AccountId, (Moment, Arc<Identity>)>>, // never held across an await
}

impl Known {
    /// The identity of an account, at most a few seconds old.
    ///
    /// # Errors
    /// `not_signed_in` when there is no such account, `account_disabled` when it was closed.
    pub async fn identity(&self, db: &Database, account: AccountId, now: Moment) -> ApiResult<Arc<Identity>> {
        if let Some(identity) = self.fresh(account, now) {
            return Ok(identity);
        }
        let identity = Arc::new(load(db, account).await?);
        let mut accounts = self.lock();
        if accounts.len() >= ACCOUNTS {
            accounts.clear();
        }
        accounts.insert(account, (now, identity.clone()));
        Ok(identity)
    }

    /// Forget an account, so that its next request reads it anew.
    pub fn forget(&self, account: AccountId) {
        self.lock().remove(&account);
    }

    /// The identity, if it was read in the last seconds.
    pub fn fresh(&self, account: AccountId, now: Moment) -> Option<Arc<Identity>> {
        let accounts = self.lock();
        let (at, identity) = accounts.get(&account)?;
        (now.since(*at) < FRESH_MS).then(|| identity.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, (Moment, Arc<Identity>)>> {
        self.accounts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn load(db: &Database, id: AccountId) -> ApiResult<Identity> {
    let row = account::Entity::find_by_id(id).one(&db.read).await?.ok_or(Code::NotSignedIn)?;
    if row.disabled_at.is_some() {
        return Err(ApiError::new(Code::AccountDisabled));
    }
    let grants = roster::grants::of_account(&db.read, id).await?;
    let (name, home) = match row.person_id {
        Some(person_id) => home_of(db, person_id).await?,
        None => (row.login.clone(), grants.first().map(|grant| (grant.unit_id, grant.path.clone()))),
    };
    Ok(Identity {
        account_id: id,
        login: row.login,
        name,
        person_id: row.person_id,
        home,
        grants,
        must_change_password: row.must_change_password,
        session_epoch: row.session_epoch,
    })
}

async fn home_of(db: &Database, id: entity::PersonId) -> ApiResult<(String, Option<(entity::UnitId, String)>)> {
    let Some(found) = person::Entity::find_by_id(id).one(&db.read).await? else { return Ok((String::new(), None)) };
    let unit = org_unit::Entity::find_by_id(found.unit_id).one(&db.read).await?;
    Ok((found.name, unit.map(|unit| (unit.id, unit.path))))
}
