//! How sums, standings and entries of an archive are written for the page: amounts as text, reasons as sentences.

use crate::pages::office::import::Tile;
use crate::pages::phone::standing::Standing;
use archive::Hundredths;
use archive::gap::Progress;
use archive::record::{EntryRow, Record};
use std::collections::BTreeMap;

/// How the person stands against one target.
pub(super) struct StandingView {
    pub(super) name: String,
    pub(super) have: String,
    pub(super) need: String,
    pub(super) missing: String,
    pub(super) unit: &'static str,
    pub(super) met: bool,
    pub(super) exempt: bool,
    pub(super) notes: Vec<String>,
    pub(super) percent: i64,
    pub(super) clause: String,
}

/// One line of the archive.
pub(super) struct EntryView {
    pub(super) seq: i64,
    pub(super) day: String,
    pub(super) note: String,
    pub(super) source: &'static str,
    pub(super) claimed: String,
    pub(super) credited: String,
    pub(super) credit: String,
    pub(super) reasons: Vec<String>,
    pub(super) unserved: bool,
    pub(super) correctable: bool,
    pub(super) chosen: bool,
}

impl StandingView {
    pub(super) fn of(target: &Progress) -> Self {
        let standing = &target.standing;
        let (have, need) = (standing.have.0.max(0), standing.need.0.max(1));
        Self {
            name: standing.name.clone(),
            have: standing.have.to_string(),
            need: standing.need.to_string(),
            missing: standing.missing.to_string(),
            unit: standing.unit,
            met: standing.met,
            exempt: standing.is_exempt(),
            notes: Standing::from(target).notes,
            percent: have.saturating_mul(100).checked_div(need).unwrap_or(0).min(100),
            clause: standing.clause.clone(),
        }
    }
}

impl EntryView {
    pub(super) fn of(entry: &EntryRow) -> Self {
        Self {
            seq: entry.seq,
            day: entry.day.to_string(),
            note: match entry.corrects_seq {
                Some(seq) => format!("更正第 {seq} 笔：{}", entry.title),
                None => entry.title.clone(),
            },
            source: entry.source.label(),
            claimed: Hundredths::minutes(entry.claimed_ms).to_string(),
            credited: Hundredths::minutes(entry.credited_ms).to_string(),
            credit: entry.credit.to_string(),
            reasons: reasons(&entry.reasons),
            unserved: entry.unserved,
            correctable: entry.corrects_seq.is_none(),
            chosen: false,
        }
    }
}

fn reasons(reasons: &BTreeMap<entity::Reason, i64>) -> Vec<String> {
    let some = reasons.iter().filter(|(_, ms)| **ms > 0);
    some.map(|(reason, ms)| format!("{} {} 分钟", reason.label(), Hundredths::minutes(*ms))).collect()
}

/// What each source brought, and what waits.
pub(super) fn tiles(record: &Record) -> Vec<Tile> {
    let source = |(source, total): &(entity::Source, _)| source_tile(*source, total);
    let mut tiles: Vec<Tile> = record.sources.iter().map(source).collect();
    if record.pending_ms > 0 {
        let value = Hundredths::minutes(record.pending_ms).to_string();
        tiles.push(Tile { value, label: "待入账（分钟）", kind: "warn" });
    }
    tiles
}

fn source_tile(source: entity::Source, total: &archive::Total) -> Tile {
    let label = match source {
        entity::Source::Solo => "自学（学时）",
        entity::Source::Group => "集体学习（学时）",
        entity::Source::Class => "集中培训（学时）",
        entity::Source::Secondment => "挂职锻炼（学时）",
        entity::Source::Degree => "学历教育（学时）",
        entity::Source::HomeStudy => "送学上门（学时）",
        entity::Source::FieldStudy => "实地教学（学时）",
        entity::Source::Correction => "更正（学时）",
    };
    Tile { value: total.credit.to_string(), label, kind: "" }
}
