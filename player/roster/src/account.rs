//! Logins, passwords, and the lock-out that slows guessing.
//!
//! Nobody can lock a cadre out for good: after some wrong passwords the next try must wait, never longer than a
//! minute, and then a right password works and clears the count. Limits per address are the server's.

use crate::{Error, Result, audit, hashing, session};
use entity::{AccountId, DeviceId, Moment, PersonId, account};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, Set};

mod policy;
pub use policy::{check_login, check_strength};

/// Wrong passwords that cost nothing but the hash.
const FREE_FAILURES: i32 = 5;

/// The longest wait between two tries, in seconds.
const LONGEST_WAIT_S: u64 = 60;

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

/// Makes an account.
///
/// # Errors
/// [`Error::BadLogin`], [`Error::WeakPassword`], [`Error::LoginTaken`], [`Error::HasAccount`].
pub async fn create(db: &impl ConnectionTrait, new: NewAccount<'_>, now: Moment) -> Result<AccountId> {
    if new.device_id.is_none() {
        check_login(new.login)?;
    }
    let password_hash = match new.password {
        Some(password) => hash_checked(password, new.login).await?,
        None => String::new(),
    };
    insert_hashed(db, new, password_hash, now).await
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

/// The account with this login, when the password is right. An unknown login takes the time of a wrong password.
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
    let Some(account) = found else {
        hashing::matches(password, "").await?;
        return Err(Error::WrongPassword);
    };
    verify(db, &account, password, now).await?;
    match account.disabled_at {
        Some(_) => Err(Error::Disabled),
        None => Ok(account),
    }
}

/// Changes one's own password, which ends every session: the caller begins a new one.
///
/// # Errors
/// [`Error::WrongPassword`] and [`Error::SlowDown`] for the old one, [`Error::WeakPassword`] for the new one.
pub async fn change_password(db: &DatabaseConnection, id: AccountId, old: &str, new: &str, now: Moment) -> Result<()> {
    let permit = hashing::permit().await?;
    let account = account(db, id).await?;
    verify(db, &account, old, now).await?;
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
    Ok(audit::note(txn, by, "account.disable", format!("account:{id}"), account.login, now).await?)
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

/// Makes an account whose login and password were checked and hashed before.
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
        failed_count: Set(0),
        session_epoch: Set(0),
        created_at: Set(now),
        ..Default::default()
    };
    let account = row.insert(db).await.map_err(|e| Error::unless_unique(e, Error::HasAccount))?;
    Ok(account.id)
}

/// Holds a password against the account, under its failure count. The caller holds the hashing permit.
async fn verify(db: &impl ConnectionTrait, account: &account::Model, password: &str, now: Moment) -> Result<()> {
    if let Some(retry_after_s) = wait_s(account, now) {
        return Err(Error::SlowDown { retry_after_s });
    }
    let right = hashing::matches(password, &account.password_hash).await?;
    if right && account.failed_count == 0 {
        return Ok(());
    }
    let failed = Expr::col(account::Column::FailedCount);
    let (count, at) = if right { (Expr::value(0), None) } else { (failed.add(1), Some(now)) };
    account::Entity::update_many()
        .col_expr(account::Column::FailedCount, count)
        .col_expr(account::Column::FailedAt, Expr::value(at))
        .filter(account::Column::Id.eq(account.id))
        .exec(db)
        .await?;
    if right { Ok(()) } else { Err(Error::WrongPassword) }
}

/// Whole seconds until the next try counts: 2, 4, 8, ... up to a minute after the last failure; `None` for at once.
fn wait_s(account: &account::Model, now: Moment) -> Option<u64> {
    let beyond = account.failed_count.checked_sub(FREE_FAILURES).and_then(|n| u32::try_from(n).ok())?;
    let wait_s = 2_u64.saturating_pow(beyond.saturating_add(1)).clamp(0, LONGEST_WAIT_S);
    let passed_ms = u64::try_from(now.since(account.failed_at?)).unwrap_or(0);
    let left_ms = (wait_s * 1000).saturating_sub(passed_ms);
    (left_ms > 0).then(|| left_ms.div_ceil(1000))
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
        failed_count: Set(0),
        failed_at: Set(None),
        ..Default::default()
    };
    row.update(&txn).await?;
    session::end_all_within(&txn, account.id, now).await?;
    let action = if must_change { "account.reset_password" } else { "account.change_password" };
    audit::note(&txn, by, action, format!("account:{}", account.id), account.login.clone(), now).await?;
    Ok(txn.commit().await?)
}
