//! Classroom terminals: what one is called, where it stands, and when it is revoked.
//!
//! A terminal is an account with a `device_id` and the role `device` at its unit; it never types a password. How it
//! becomes one is [`crate::pairing`]; when it was on is [`crate::run`].

use crate::{Error, Result, account, audit, org, pairing};
use entity::{AccountId, DeviceId, Moment, UnitId, Verb, device};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, Set,
};

/// The longest name of a device, in characters.
const MAX_NAME: usize = 50;

/// Notes that an approved terminal has fetched its sign-in, and returns its account. It may fetch it again.
///
/// # Errors
/// [`Error::PairingOver`] when it was revoked meanwhile.
pub async fn arrive(db: &DatabaseConnection, id: DeviceId, now: Moment) -> Result<AccountId> {
    let txn = entity::writing::begin(db).await?;
    let alive = device::Column::Id.eq(id);
    let found = device::Entity::find().filter(alive).filter(device::Column::RevokedAt.is_null()).one(&txn).await?;
    let found = found.ok_or(Error::PairingOver)?;
    if found.paired_at.is_none() {
        device::ActiveModel { id: Set(id), paired_at: Set(Some(now)), ..Default::default() }.update(&txn).await?;
    }
    let account = of_device(&txn, id).await?.ok_or(Error::PairingOver)?;
    txn.commit().await?;
    Ok(account.id)
}

/// Revokes a terminal: its account, which is returned, is closed and its sessions end. Revoking twice changes nothing.
///
/// # Errors
/// [`Error::NoSuchDevice`].
pub async fn revoke(
    db: &DatabaseConnection,
    id: DeviceId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<Option<AccountId>> {
    let txn = entity::writing::begin(db).await?;
    let device = device(&txn, id).await?;
    let revoked = device::Entity::update_many()
        .col_expr(device::Column::RevokedAt, Expr::value(now))
        .filter(device::Column::Id.eq(id))
        .filter(device::Column::RevokedAt.is_null())
        .exec(&txn)
        .await?;
    if revoked.rows_affected == 0 {
        return Ok(None);
    }
    pairing::end(&txn, id).await?;
    let account = of_device(&txn, id).await?;
    if let Some(account) = &account {
        account::disable_within(&txn, account.id, by, now).await?;
    }
    audit::note(&txn, by, Verb::DeviceRevoke, format!("device:{id}"), device.name, now).await?;
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
    let here = device::Column::UnitId.eq(unit);
    let query = device::Entity::find().filter(here).filter(device::Column::RevokedAt.is_null());
    Ok(query.order_by_asc(device::Column::Id).all(db).await?)
}

/// A terminal at this unit that has been approved and has not come yet.
pub(crate) async fn add(txn: &impl ConnectionTrait, unit: UnitId, name: &str, now: Moment) -> Result<DeviceId> {
    org::unit(txn, unit).await?;
    let row = device::ActiveModel {
        unit_id: Set(unit),
        name: Set(name.to_owned()),
        pairing_hash: Set(None),
        pairing_expires_at: Set(Some(now.plus_ms(pairing::LIFE_MS))), // until then it may still come
        ..Default::default()
    };
    Ok(row.insert(txn).await?.id)
}

/// A terminal's name: 1 to 50 characters on one line.
pub(crate) fn parse_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Error::BadDeviceName);
    }
    Ok(name.to_owned())
}

async fn of_device(db: &impl ConnectionTrait, id: DeviceId) -> Result<Option<entity::account::Model>> {
    Ok(entity::account::Entity::find().filter(entity::account::Column::DeviceId.eq(id)).one(db).await?)
}
