//! When terminals were on: the lines of the equipment run log (设备运行记录簿).
//!
//! A run is a stretch in which a terminal was heard of at least every ten minutes. Whoever hears it gathers what came
//! within a minute and tells it here, so a room costs two small writes a minute however much it plays.

use crate::{Result, pairing};
use entity::{DeviceId, Moment, device, device_run};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};

/// A terminal that was silent for longer than this was off.
pub const SILENCE_MS: i64 = 10 * 60 * 1000;

/// A terminal was heard of, between these moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Which terminal.
    pub device: DeviceId,
    /// First.
    pub first: Moment,
    /// Last; not more than [`SILENCE_MS`] after the first.
    pub last: Moment,
}

/// Writes down what was heard: every terminal's run goes on or a new one begins. Telling it twice changes nothing.
///
/// # Errors
/// When the database fails; nothing is then written.
pub async fn note(db: &DatabaseConnection, heard: &[Heard]) -> Result<()> {
    if heard.is_empty() {
        return Ok(());
    }
    let txn = entity::writing::begin(db).await?;
    for one in heard {
        keep(&txn, one).await?;
    }
    Ok(txn.commit().await?)
}

async fn keep(txn: &impl ConnectionTrait, heard: &Heard) -> Result<()> {
    // The row is held, so that of two processes that hear a terminal wake up only one begins its run.
    let found = device::Entity::find_by_id(heard.device).lock_exclusive().one(txn).await?;
    let Some(device) = found else { return Ok(()) };
    if device.last_seen_at.is_none() {
        pairing::end(txn, heard.device).await?;
    }
    if device.last_seen_at.is_none_or(|seen| seen < heard.last) {
        let row =
            device::ActiveModel { id: Set(heard.device), last_seen_at: Set(Some(heard.last)), ..Default::default() };
        row.update(txn).await?;
    }
    let newest = device_run::Entity::find().filter(device_run::Column::DeviceId.eq(heard.device));
    let newest = newest.order_by_desc(device_run::Column::BeganAt).one(txn).await?;
    match newest.filter(|run| heard.first.since(run.last_seen_at) <= SILENCE_MS) {
        Some(run) => lengthen(txn, &run, heard.last).await,
        None => begin(txn, heard).await,
    }
}

async fn lengthen(txn: &impl ConnectionTrait, run: &device_run::Model, last: Moment) -> Result<()> {
    if run.last_seen_at < last {
        let row = device_run::ActiveModel { id: Set(run.id), last_seen_at: Set(last), ..Default::default() };
        row.update(txn).await?;
    }
    Ok(())
}

async fn begin(txn: &impl ConnectionTrait, heard: &Heard) -> Result<()> {
    let row = device_run::ActiveModel {
        device_id: Set(heard.device),
        began_at: Set(heard.first),
        last_seen_at: Set(heard.last),
        ..Default::default()
    };
    row.insert(txn).await?;
    Ok(())
}
