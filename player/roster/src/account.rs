//! Logins, passwords, and the lock-out that slows guessing.
//!
//! Nobody can lock a cadre out for good: after some wrong passwords the next try must wait, never longer than a
//! minute, and then a right password works and clears the count. Nobody learns by the lock-out, or by the time an answer
//! takes, which logins there are. Limits per address are the server's.

use crate::{Error, Result, audit, hashing, session};
use entity::{AccountId, DeviceId, Moment, PersonId, Verb, account, person};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, Set};

mod failures;
mod policy;
use failures::Failures;
pub use failures::forget_failures;
pub use policy::{check_login, check_strength};

/// An account to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// What is typed to sign in; unique.
    pub login: &'a str,
    /// The first password; `None` for a device, which never types one.
    pub password: Option<&'a str>,
    /// Whose account it is.
    pub person_id: Option<PersonId>,
    /// Which terminal it is.
    pub device_id: Option<DeviceId>,
    /// The password was chosen by somebody else and must be changed at the first sign-in.
    pub must_change: bool,
}

/// Makes an account. `by` is `None` for the command line.
///
/// # Errors
/// [`Error::BadLogin`], [`Error::WeakPassword`], [`Error::LoginTaken`], [`Error::HasAccount`].
pub async fn create(
    txn: &impl ConnectionTrait,
    new: NewAccount<'_>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<AccountId> {
    if new.device_id.is_none() {
        check_login(new.login)?;
    }
    let password_hash = match new.password {
        Some(password) => hash_checked(password, new.login).await?,
        None => String::new(),
    };
    let id = insert_hashed(txn, new, password_hash, now).await?;
    audit::note(txn, by, Verb::AccountCreate, format!("account:{id}"), person::masked(new.login), now).await?;
    Ok(id)
}

/// The account with this id.
///
/// # Errors
/// [`Error::NoSuchAccount`].
pub async fn account(db: &impl ConnectionTrait, id: AccountId) -> Result<account::Model> {
    account::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchAccount)
}

/// The account of this person, if they have one.
pub async fn of_person(db: &impl ConnectionTrait, person: PersonId) -> Result<Option<account::Model>> {
    Ok(account::Entity::find().filter(account::Column::PersonId.eq(person)).one(db).await?)
}

/// The account with this login, when the password is right. An unknown login is answered as a wrong password is, as late,
/// and after the same waits.
///
/// # Errors
/// [`Error::WrongPassword`], [`Error::SlowDown`], and [`Error::Disabled`] only after a right password.
pub async fn check_password(
    db: &impl ConnectionTrait,
    login: &str,
    password: &str,
    now: Moment,
) -> Result<account::Model> {
    let _permit = hashing::permit().await?;
    // What could never be a login is not asked for: PostgreSQL refuses text with a NUL in it.
    let found = match check_login(login) {
        Ok(()) => account::Entity::find().filter(account::Column::Login.eq(login)).one(db).await?,
        Err(_) => None,
    };
    let password_hash = found.as_ref().map_or("", |account| &account.password_hash);
    verify(db, login, password_hash, password, now).await?;
    match found.ok_or(Error::WrongPassword)? {
        closed if closed.disabled_at.is_some() => Err(Error::Disabled),
        account => Ok(account),
    }
}

/// Changes one's own password, which ends every session: the caller begins a new one.
///
/// # Errors
/// [`Error::WrongPassword`] and [`Error::SlowDown`] for the old one, [`Error::WeakPassword`] for the new one.
pub async fn change_password(db: &DatabaseConnection, id: AccountId, old: &str, new: &str, now: Moment) -> Result<()> {
    let permit = hashing::permit().await?;
    let account = account(db, id).await?;
    verify(db, &account.login, &account.password_hash, old, now).await?;
    drop(permit);
    if old == new {
        return Err(Error::WeakPassword("新密码不能与原密码相同"));
    }
    set_password(db, &account, new, false, Some(id), now).await
}

/// Gives an account a first password again. It must be changed at the next sign-in, and every session ends.
///
/// # Errors
/// [`Error::NoSuchAccount`], [`Error::WeakPassword`].
pub async fn reset_password(
    db: &DatabaseConnection,
    id: AccountId,
    new: &str,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let account = account(db, id).await?;
    set_password(db, &account, new, true, by, now).await
}

/// Closes an account and ends its sessions. Closing it twice changes nothing.
///
/// # Errors
/// [`Error::NoSuchAccount`].
pub async fn disable(db: &DatabaseConnection, id: AccountId, by: Option<AccountId>, now: Moment) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    disable_within(&txn, id, by, now).await?;
    Ok(txn.commit().await?)
}

/// [`disable`] as part of a larger change.
pub(crate) async fn disable_within(
    txn: &impl ConnectionTrait,
    id: AccountId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let account = account(txn, id).await?;
    if account.disabled_at.is_some() {
        return Ok(());
    }
    account::ActiveModel { id: Set(id), disabled_at: Set(Some(now)), ..Default::default() }.update(txn).await?;
    session::end_all_within(txn, id, now).await?;
    Ok(audit::note(txn, by, Verb::AccountDisable, format!("account:{id}"), person::masked(&account.login), now).await?)
}

/// Makes an account whose password is not held to the rules: for a demo whose operator names one password for all.
///
/// # Errors
/// As [`create`], but for the password.
pub async fn create_for_demo(db: &impl ConnectionTrait, new: NewAccount<'_>, now: Moment) -> Result<AccountId> {
    check_login(new.login)?;
    let permit = hashing::permit().await?;
    let password_hash = hashing::hash(new.password.unwrap_or_default()).await?;
    drop(permit);
    insert_hashed(db, new, password_hash, now).await
}

/// Checks a new password and hashes it.
pub(crate) async fn hash_checked(password: &str, login: &str) -> Result<String> {
    check_strength(password, login)?;
    let _permit = hashing::permit().await?;
    hashing::hash(password).await
}

/// Makes an account whose login and password were checked and hashed before. The caller notes it.
pub(crate) async fn insert_hashed(
    db: &impl ConnectionTrait,
    new: NewAccount<'_>,
    password_hash: String,
    now: Moment,
) -> Result<AccountId> {
    let taken = account::Entity::find().filter(account::Column::Login.eq(new.login)).one(db).await?;
    if taken.is_some() {
        return Err(Error::LoginTaken);
    }
    let row = account::ActiveModel {
        login: Set(new.login.to_owned()),
        password_hash: Set(password_hash),
        person_id: Set(new.person_id),
        device_id: Set(new.device_id),
        must_change_password: Set(new.must_change),
        session_epoch: Set(0),
        created_at: Set(now),
        ..Default::default()
    };
    let account = row.insert(db).await.map_err(|e| Error::unless_unique(e, Error::HasAccount))?;
    Ok(account.id)
}

/// Holds a password against the hash of an account, under the failure count of its login. For a login without an account
/// the hash is empty: the same is done, in the same order. The caller holds the hashing permit.
async fn verify(
    db: &impl ConnectionTrait,
    login: &str,
    password_hash: &str,
    password: &str,
    now: Moment,
) -> Result<()> {
    let failures = Failures::of(db, login).await?;
    let right = hashing::matches(password, password_hash).await?; // also of a try that comes too early, which nobody may tell
    if let Some(retry_after_s) = failures.wait_s(now) {
        return Err(Error::SlowDown { retry_after_s });
    }
    if right {
        return failures.forget(db).await;
    }
    failures.add(db, now).await?;
    Err(Error::WrongPassword)
}

async fn set_password(
    db: &DatabaseConnection,
    account: &account::Model,
    new: &str,
    must_change: bool,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let password_hash = hash_checked(new, &account.login).await?;
    let txn = entity::writing::begin(db).await?;
    let row = account::ActiveModel {
        id: Set(account.id),
        password_hash: Set(password_hash),
        must_change_password: Set(must_change),
        ..Default::default()
    };
    row.update(&txn).await?;
    Failures::of(&txn, &account.login).await?.forget(&txn).await?;
    session::end_all_within(&txn, account.id, now).await?;
    let verb = if must_change { Verb::AccountResetPassword } else { Verb::AccountChangePassword };
    audit::note(&txn, by, verb, format!("account:{}", account.id), person::masked(&account.login), now).await?;
    Ok(txn.commit().await?)
}
