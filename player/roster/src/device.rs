//! Classroom terminals and how they are paired.
//!
//! A terminal is an account with a `device_id` and the role `device` at its unit; it never types a password. Somebody
//! who may registers it and reads out six digits; the terminal enters them within ten minutes. Guessing six digits is
//! held back by the server's limit per address.

use crate::account::{self, NewAccount};
use crate::hashing::fingerprint;
use crate::{Error, Result, audit, grants, org};
use entity::{AccountId, DeviceId, Moment, Role, UnitId, device};
use rand::RngExt;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, Set,
    TransactionTrait,
};

/// How long a pairing code lives.
pub const CODE_LIFE_MS: i64 = 10 * 60 * 1000;

/// The longest name of a device, in characters.
const MAX_NAME: usize = 50;

/// Registers a terminal at a unit and returns its pairing code: six digits, ten minutes, one use.
///
/// # Errors
/// [`Error::NoSuchUnit`], [`Error::BadDeviceName`].
pub async fn register(
    db: &DatabaseConnection,
    unit_id: UnitId,
    name: &str,
    by: Option<AccountId>,
    now: Moment,
) -> Result<(DeviceId, String)> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Error::BadDeviceName);
    }
    let txn = db.begin().await?;
    org::unit(&txn, unit_id).await?;
    let code = free_code(&txn, now).await?;
    let row = device::ActiveModel {
        unit_id: Set(unit_id),
        name: Set(name.to_owned()),
        pairing_hash: Set(Some(fingerprint(&code))),
        pairing_expires_at: Set(Some(now.plus_ms(CODE_LIFE_MS))),
        ..Default::default()
    };
    let device = row.insert(&txn).await?;
    audit::note(&txn, by, "device.register", format!("device:{}", device.id), device.name, now).await?;
    txn.commit().await?;
    Ok((device.id, code))
}

/// Pairs the terminal that entered this code and returns its account, ready for a session.
///
/// # Errors
/// [`Error::WrongCode`] when the code is wrong, spent or expired.
pub async fn pair(db: &DatabaseConnection, code: &str, now: Moment) -> Result<AccountId> {
    let txn = db.begin().await?;
    let found = device::Entity::find().filter(open(code, now)).one(&txn).await?.ok_or(Error::WrongCode)?;
    let spent = device::Entity::update_many()
        .col_expr(device::Column::PairingHash, Expr::value(None::<String>))
        .col_expr(device::Column::PairingExpiresAt, Expr::value(None::<Moment>))
        .col_expr(device::Column::PairedAt, Expr::value(now))
        .filter(device::Column::Id.eq(found.id).and(open(code, now)))
        .exec(&txn)
        .await?;
    if spent.rows_affected != 1 {
        return Err(Error::WrongCode);
    }
    let login = format!("device:{}", found.id);
    let new =
        NewAccount { login: &login, password: None, person_id: None, device_id: Some(found.id), must_change: false };
    let account = account::create(&txn, new, now).await?;
    grants::give(&txn, account, Role::Device, found.unit_id, now).await?;
    audit::note(&txn, Some(account), "device.pair", format!("device:{}", found.id), found.name, now).await?;
    txn.commit().await?;
    Ok(account)
}

/// Revokes a terminal: its account, which is returned when it was paired, is closed and its sessions end. Revoking
/// twice changes nothing.
///
/// # Errors
/// [`Error::NoSuchDevice`].
pub async fn revoke(
    db: &DatabaseConnection,
    id: DeviceId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<Option<AccountId>> {
    let txn = db.begin().await?;
    let device = device(&txn, id).await?;
    if device.revoked_at.is_some() {
        return Ok(None);
    }
    let row = device::ActiveModel {
        id: Set(id),
        pairing_hash: Set(None),
        pairing_expires_at: Set(None),
        revoked_at: Set(Some(now)),
        ..Default::default()
    };
    row.update(&txn).await?;
    let account = entity::account::Entity::find().filter(entity::account::Column::DeviceId.eq(id)).one(&txn).await?;
    if let Some(account) = &account {
        account::disable_within(&txn, account.id, by, now).await?;
    }
    audit::note(&txn, by, "device.revoke", format!("device:{id}"), device.name, now).await?;
    txn.commit().await?;
    Ok(account.map(|account| account.id))
}

/// The terminal with this id, revoked or not.
///
/// # Errors
/// [`Error::NoSuchDevice`].
pub async fn device(db: &impl ConnectionTrait, id: DeviceId) -> Result<device::Model> {
    device::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchDevice)
}

/// The terminals of a unit that are not revoked, oldest first.
pub async fn of_unit(db: &impl ConnectionTrait, unit: UnitId) -> Result<Vec<device::Model>> {
    let here = device::Column::UnitId.eq(unit).and(device::Column::RevokedAt.is_null());
    Ok(device::Entity::find().filter(here).order_by_asc(device::Column::Id).all(db).await?)
}

/// Six digits that no other open pairing uses.
async fn free_code(txn: &impl ConnectionTrait, now: Moment) -> Result<String> {
    loop {
        let code = format!("{:06}", rand::rng().random_range(0..1_000_000_u32));
        if device::Entity::find().filter(open(&code, now)).one(txn).await?.is_none() {
            return Ok(code);
        }
    }
}

fn open(code: &str, now: Moment) -> Expr {
    device::Column::PairingHash
        .eq(fingerprint(code))
        .and(device::Column::PairingExpiresAt.gt(now))
        .and(device::Column::RevokedAt.is_null())
}
