//! Which stations ran: a station is a village or site, whether it has a terminal or plays on an old PC.

use super::{Lines, StationsOf, Sum};
use crate::Result;
use crate::report::Frame;
use crate::report::sheets::{Table, columns, count, hours, hours_each, percent, text};
use entity::{DeviceId, PlaybackMode, UnitId, UnitLevel, device, device_run, org_unit, playback};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashSet;

/// A unit's stations in the period.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::report) struct Stations {
    stations: u64,
    /// Stations with at least one group session.
    playing: u64,
    sessions: u64,
    played_ms: i64,
    terminals: u64,
    /// Terminals that were switched on at least once.
    on: u64,
}

impl Sum<Stations> for Stations {
    fn take(&mut self, other: &Stations) {
        self.stations += other.stations;
        self.playing += other.playing;
        self.sessions += other.sessions;
        self.played_ms += other.played_ms;
        self.terminals += other.terminals;
        self.on += other.on;
    }

    fn is_empty(&self) -> bool {
        self.stations + self.sessions + self.terminals == 0
    }
}

/// The facts of every unit in the report.
pub(super) async fn of_units(frame: &Frame) -> Result<StationsOf> {
    let mut units = StationsOf::new();
    let levels = [UnitLevel::Village, UnitLevel::Other];
    let villages: Vec<UnitId> = org_unit::Entity::find()
        .select_only()
        .column(org_unit::Column::Id)
        .filter(frame.roster.scope.of_units())
        .filter(org_unit::Column::Level.is_in(levels))
        .into_tuple()
        .all(&frame.db)
        .await?;
    for unit in villages {
        units.entry(unit).or_default().stations = 1;
    }
    for (unit, sessions, played_ms) in sessions(frame).await? {
        let facts = units.entry(unit).or_default();
        facts.sessions = u64::try_from(sessions).unwrap_or(0);
        facts.played_ms = played_ms;
        facts.playing = Ord::min(facts.stations, facts.sessions);
    }
    let on = switched_on(frame).await?;
    for (device, unit) in terminals(frame).await? {
        let facts = units.entry(unit).or_default();
        facts.terminals += 1;
        facts.on += u64::from(on.contains(&device));
    }
    Ok(units)
}

/// Group sessions of each unit, and how long was played.
async fn sessions(frame: &Frame) -> Result<Vec<(UnitId, i64, i64)>> {
    let rows = playback::Entity::find()
        .select_only()
        .column(playback::Column::UnitId)
        .column_as(playback::Column::Id.count(), "sessions")
        .column_as(playback::Column::CreditedMs.sum().cast_as("BIGINT"), "played_ms")
        .filter(playback::Column::Mode.eq(PlaybackMode::Group))
        .filter(playback::Column::Day.between(frame.slice.from, frame.slice.to))
        .filter(frame.roster.scope.reaches((playback::Entity, playback::Column::UnitId)))
        .group_by(playback::Column::UnitId)
        .into_tuple()
        .all(&frame.db)
        .await?;
    Ok(rows)
}

/// The terminals that were in use at some time of the period.
async fn terminals(frame: &Frame) -> Result<Vec<(DeviceId, UnitId)>> {
    let (began, after) = frame.instants();
    let in_use = Condition::any().add(device::Column::RevokedAt.is_null()).add(device::Column::RevokedAt.gte(began));
    let rows = device::Entity::find()
        .select_only()
        .columns([device::Column::Id, device::Column::UnitId])
        .filter(frame.roster.scope.reaches((device::Entity, device::Column::UnitId)))
        .filter(device::Column::PairedAt.lt(after))
        .filter(in_use)
        .into_tuple()
        .all(&frame.db)
        .await?;
    Ok(rows)
}

async fn switched_on(frame: &Frame) -> Result<HashSet<DeviceId>> {
    let (began, after) = frame.instants();
    let rows: Vec<DeviceId> = device_run::Entity::find()
        .select_only()
        .column(device_run::Column::DeviceId)
        .distinct()
        .filter(device_run::Column::BeganAt.lt(after))
        .filter(device_run::Column::LastSeenAt.gte(began))
        .into_tuple()
        .all(&frame.db)
        .await?;
    Ok(rows.into_iter().collect())
}

pub(super) fn table(lines: &Lines, units: &StationsOf) -> Table {
    let (rows, whole) = lines.fold::<_, Stations>(units.iter().map(|(unit, facts)| (*unit, facts)));
    let row = |name: &str, facts: &Stations| {
        vec![
            text(name),
            count(facts.stations),
            count(facts.playing),
            percent(facts.playing, facts.stations),
            count(facts.stations - facts.playing),
            count(facts.sessions),
            hours(facts.played_ms),
            hours_each(facts.played_ms, facts.stations),
            count(facts.terminals),
            count(facts.on),
            percent(facts.on, facts.terminals),
        ]
    };
    Table {
        title: "站点运行",
        note: "站点指行政村和其他站点；零点击站点是期内没有一场集体学习的站点。".to_owned(),
        columns: columns(&[
            ("单位", 16),
            ("站点数", 8),
            ("有播放站点", 10),
            ("播放率（%）", 10),
            ("零点击站点", 10),
            ("播放场次", 10),
            ("播放小时", 10),
            ("站均小时", 10),
            ("终端数", 8),
            ("开机终端", 10),
            ("开机率（%）", 10),
        ]),
        units: rows.iter().map(|line| line.unit).collect(),
        rows: rows.iter().map(|line| row(line.name, &line.sum)).collect(),
        totals: row("合计", &whole),
    }
}
