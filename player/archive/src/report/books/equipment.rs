//! The equipment list (设备资料登记簿): the terminals of the units, those that were taken out of use in the period too.

use super::{Frame, Places, Totals};
use crate::Result;
use crate::report::Cell;
use entity::device;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

pub(super) const COLUMNS: &[(&str, u8)] = &[
    ("设备号", 10),
    ("县区", 14),
    ("乡镇", 14),
    ("村", 16),
    ("设备名称", 24),
    ("状态", 12),
    ("配对时间", 20),
    ("停用时间", 20),
    ("最近联网", 20),
];

pub(super) async fn sums(frame: &Frame) -> Result<(u64, Totals)> {
    Ok((device::Entity::find().filter(listed(frame)).count(&frame.db).await?, Totals::new()))
}

pub(super) async fn batch(frame: &Frame, places: &Places, first: u64, most: u64) -> Result<Vec<Vec<Cell>>> {
    let devices = device::Entity::find()
        .filter(listed(frame))
        .order_by_asc(device::Column::UnitId)
        .order_by_asc(device::Column::Id)
        .offset(first)
        .limit(most)
        .all(&frame.db)
        .await?;
    Ok(devices.into_iter().map(|device| row(places, device)).collect())
}

fn listed(frame: &Frame) -> Condition {
    let (began, _) = frame.instants();
    let in_use = Condition::any().add(device::Column::RevokedAt.is_null()).add(device::Column::RevokedAt.gte(began));
    Condition::all().add(frame.roster.scope.reaches((device::Entity, device::Column::UnitId))).add(in_use)
}

fn row(places: &Places, device: device::Model) -> Vec<Cell> {
    let time = |at: Option<_>| at.map_or(Cell::Empty, Cell::Time);
    let state = match (device.revoked_at, device.paired_at) {
        (Some(_), _) => "已停用",
        (None, Some(_)) => "使用中",
        (None, None) => "等待配对",
    };
    let [county, township, village] = places.cells(device.unit_id);
    vec![
        Cell::Count(device.id.0),
        county,
        township,
        village,
        Cell::Text(device.name),
        Cell::Text(state.to_owned()),
        time(device.paired_at),
        time(device.revoked_at),
        time(device.last_seen_at),
    ]
}
