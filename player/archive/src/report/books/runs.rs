//! The equipment run log (设备运行记录簿): when a terminal was on, and what was played on it meanwhile.

use super::{Frame, Places, Totals, count, viewing::whole};
use crate::Result;
use crate::report::Cell;
use entity::{AccountId, DeviceId, Moment, account, device, device_run, playback};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use std::collections::HashMap;

pub(super) const COLUMNS: &[(&str, u8)] = &[
    ("日期", 12),
    ("县区", 14),
    ("乡镇", 14),
    ("村", 16),
    ("设备名称", 24),
    ("开机时间", 20),
    ("最后在线", 20),
    ("开机分钟", 10),
    ("播放场次", 10),
    ("播放分钟", 10),
    ("设备号", 10),
];

pub(super) async fn sums(frame: &Frame) -> Result<(u64, Totals)> {
    let found = device_run::Entity::find().filter(runs(frame));
    let length = Expr::col(device_run::Column::LastSeenAt).sub(Expr::col(device_run::Column::BeganAt));
    let on_ms: Option<i64> = found
        .clone()
        .select_only()
        .column_as(whole(length.sum()), "on_ms")
        .into_tuple::<Option<i64>>()
        .one(&frame.db)
        .await?
        .flatten();
    Ok((found.count(&frame.db).await?, vec![("开机分钟", Cell::minutes(on_ms.unwrap_or(0)))]))
}

pub(super) async fn batch(frame: &Frame, places: &Places, first: u64, most: u64) -> Result<Vec<Vec<Cell>>> {
    let runs = device_run::Entity::find()
        .filter(runs(frame))
        .order_by_asc(device_run::Column::BeganAt)
        .order_by_asc(device_run::Column::Id)
        .offset(first)
        .limit(most)
        .all(&frame.db)
        .await?;
    let devices = device::Entity::find().filter(device::Column::Id.is_in(runs.iter().map(|run| run.device_id)));
    let devices: HashMap<DeviceId, device::Model> =
        devices.all(&frame.db).await?.into_iter().map(|device| (device.id, device)).collect();
    let played = played(&frame.db, &runs).await?;
    Ok(runs.iter().map(|run| row(places, run, devices.get(&run.device_id), &played)).collect())
}

/// The runs that began in the period.
fn runs(frame: &Frame) -> Condition {
    let (began, after) = frame.instants();
    Condition::all()
        .add(device_run::Column::BeganAt.gte(began))
        .add(device_run::Column::BeganAt.lt(after))
        .add(device_run::Column::DeviceId.in_subquery(devices(frame)))
}

fn devices(frame: &Frame) -> SelectStatement {
    device::Entity::find()
        .select_only()
        .column(device::Column::Id)
        .filter(frame.roster.scope.reaches((device::Entity, device::Column::UnitId)))
        .into_query()
}

/// Sessions of each terminal: when they began, and how much was played.
type Played = HashMap<DeviceId, Vec<(Moment, i64)>>;

async fn played(db: &impl ConnectionTrait, runs: &[device_run::Model]) -> Result<Played> {
    let (Some(first), Some(last)) =
        (runs.iter().map(|run| run.began_at).min(), runs.iter().map(|run| run.last_seen_at).max())
    else {
        return Ok(Played::new());
    };
    let accounts: Vec<(AccountId, Option<DeviceId>)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::DeviceId])
        .filter(account::Column::DeviceId.is_in(runs.iter().map(|run| run.device_id)))
        .into_tuple()
        .all(db)
        .await?;
    let sessions: Vec<(AccountId, Moment, i64)> = playback::Entity::find()
        .select_only()
        .columns([playback::Column::AccountId, playback::Column::StartedAt, playback::Column::CreditedMs])
        .filter(playback::Column::AccountId.is_in(accounts.iter().map(|(id, _)| *id)))
        .filter(playback::Column::Day.between(first.day(), last.day()))
        .into_tuple()
        .all(db)
        .await?;
    let devices: HashMap<AccountId, DeviceId> =
        accounts.into_iter().filter_map(|(id, device)| Some((id, device?))).collect();
    let mut played = Played::new();
    for (account, began, ms) in sessions {
        if let Some(device) = devices.get(&account) {
            played.entry(*device).or_default().push((began, ms));
        }
    }
    Ok(played)
}

fn row(places: &Places, run: &device_run::Model, device: Option<&device::Model>, played: &Played) -> Vec<Cell> {
    let during = (run.began_at, run.last_seen_at);
    let sessions = played.get(&run.device_id).map_or(&[][..], Vec::as_slice);
    let sessions: Vec<i64> =
        sessions.iter().filter(|(began, _)| (during.0..=during.1).contains(began)).map(|(_, ms)| *ms).collect();
    let [county, township, village] =
        device.map_or([Cell::Empty, Cell::Empty, Cell::Empty], |device| places.cells(device.unit_id));
    vec![
        Cell::Date(run.began_at.day()),
        county,
        township,
        village,
        device.map_or(Cell::Empty, |device| Cell::Text(device.name.clone())),
        Cell::Time(run.began_at),
        Cell::Time(run.last_seen_at),
        Cell::minutes(run.last_seen_at.since(run.began_at)),
        count(sessions.len()),
        Cell::minutes(sessions.iter().sum()),
        Cell::Count(run.device_id.0),
    ]
}
