//! What happened in each village in the year, and the points it earns.
//!
//! A handful of queries whatever the number of villages. Points are exact hundredths, rounded down.

use super::{Item, Measure, Scheme};
use crate::names;
use crate::overview;
use crate::rules::RuleBook;
use crate::view::{Slice, Whom};
use crate::{Hundredths, Result};
use chrono::Datelike;
use entity::{
    Day, PlaybackId, PlaybackMode, Scope, UnitId, UnitLevel, device, device_run, org_unit, playback, star_mark,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap};

/// A village's year.
#[derive(Clone, Debug)]
pub struct Rating {
    /// The village or site.
    pub unit: org_unit::Model,
    /// Every item, in the order of the scheme.
    pub items: Vec<Rated>,
    /// All points.
    pub points: Hundredths,
    /// How many stars they earn.
    pub stars: usize,
}

/// One item of a village.
#[derive(Clone, Debug)]
pub struct Rated {
    /// What it is.
    pub item: Item,
    /// What it earned; nothing for one that waits to be marked.
    pub points: Option<Hundredths>,
    /// What the points rest on, in words and numbers.
    pub basis: String,
    /// The sessions it cites.
    pub sessions: Vec<PlaybackId>,
    /// The mark that counts, of one that people mark.
    pub mark: Option<star_mark::Model>,
}

/// Sessions named in a sentence at most; the page links to all of them.
const NAMED: usize = 6;

/// What happened in one village.
#[derive(Clone, Debug, Default)]
struct Facts {
    sessions: Vec<(PlaybackId, Day)>,
    /// Months in which a terminal was on.
    on: BTreeSet<u32>,
    people: u64,
    studied: u64,
    bound: u64,
    met: u64,
    marks: HashMap<String, star_mark::Model>,
}

/// The rating of every village and site in the scope, in the order of their codes.
///
/// A year that is not over is rated by the months that have begun.
///
/// # Errors
/// [`crate::Error::BadPeriod`] when the year is not one.
pub async fn ratings(db: &impl ConnectionTrait, scope: &Scope, year: i32, today: Day) -> Result<Vec<Rating>> {
    let scheme = Scheme::preset()?;
    let levels = [UnitLevel::Village, UnitLevel::Other];
    let units = org_unit::Entity::find().filter(scope.of_units()).filter(org_unit::Column::Level.is_in(levels));
    let units = units.order_by_asc(org_unit::Column::Code).all(db).await?;
    let slice = Slice::of_year(db, Whom::Of(scope.clone()), year).await?;
    let mut facts = facts(db, scope, &slice, today).await?;
    let authors = facts.values().flat_map(|facts| facts.marks.values().map(|mark| mark.author_id)).collect();
    let authors = names::of_accounts(db, authors).await?;
    let months = match year.cmp(&today.year()) {
        std::cmp::Ordering::Less => 12,
        std::cmp::Ordering::Equal => today.month(),
        std::cmp::Ordering::Greater => 0,
    };
    let rate = |unit: org_unit::Model| {
        let facts = facts.remove(&unit.id).unwrap_or_default();
        let author = |mark: &star_mark::Model| authors.get(&mark.author_id).cloned().unwrap_or_default();
        let items: Vec<_> = scheme.items.iter().map(|item| rated(item, &facts, months, &author)).collect();
        let points = Hundredths(items.iter().filter_map(|item| item.points).map(|points| points.0).sum());
        Rating { stars: scheme.stars_for(points), unit, items, points }
    };
    Ok(units.into_iter().map(rate).collect())
}

fn rated(item: &Item, facts: &Facts, months: u32, author: &impl Fn(&star_mark::Model) -> String) -> Rated {
    let rated =
        |points, basis, sessions| Rated { item: item.clone(), points: Some(points), basis, sessions, mark: None };
    let ids = |facts: &Facts| facts.sessions.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    match item.measure {
        Measure::MonthsRunning => {
            let ran: BTreeSet<u32> =
                facts.on.iter().copied().chain(facts.sessions.iter().map(|(_, day)| day.month())).collect();
            let idle: Vec<_> =
                (1..=months).filter(|month| !ran.contains(month)).map(|month| month.to_string()).collect();
            let gap =
                if idle.is_empty() { String::new() } else { format!("，没有运行的是 {} 月", idle.join("、")) };
            let have = ran.iter().filter(|month| **month <= months).count();
            let basis = format!("{months} 个月中有 {have} 个月开机或播放{gap}");
            rated(share(item.points, have as i64, i64::from(months)), basis, Vec::new())
        }
        Measure::SessionsAMonth => {
            let held = |month| facts.sessions.iter().filter(|(_, day)| day.month() == month).count() as i64;
            let counted: i64 = (1..=months).map(|month| held(month).min(item.need)).sum();
            let norm = item.need * i64::from(months);
            let basis = format!(
                "集体学习 {} 场，每月至多计 {} 场，计 {counted} 场，应有 {norm} 场{}",
                facts.sessions.len(),
                item.need,
                cited(&facts.sessions)
            );
            rated(share(item.points, counted, norm), basis, ids(facts))
        }
        Measure::ParticipationPercent => {
            let basis =
                format!("在册 {} 人，参学 {} 人，参学率达到 {}% 得满分", facts.people, facts.studied, item.need);
            rated(of_percent(item, facts.studied, facts.people), basis, Vec::new())
        }
        Measure::MetPercent => {
            let basis = format!("应考核 {} 人，达标 {} 人，达标率达到 {}% 得满分", facts.bound, facts.met, item.need);
            rated(of_percent(item, facts.met, facts.bound), basis, Vec::new())
        }
        Measure::Manual => marked(item, facts.marks.get(&item.id), author),
    }
}

fn marked(item: &Item, mark: Option<&star_mark::Model>, author: &impl Fn(&star_mark::Model) -> String) -> Rated {
    let basis = match mark {
        Some(mark) => {
            format!("{}（证据：{}；{} {} 评）", mark.reason, mark.evidence_name, author(mark), mark.marked_at.day())
        }
        None => format!("尚未评分，需要证据：{}", item.evidence),
    };
    let points = mark.map(|mark| Hundredths::whole(mark.points));
    Rated { item: item.clone(), points, basis, sessions: Vec::new(), mark: mark.cloned() }
}

/// So many points of all of them for `have` of `norm`, never more than all.
fn share(points: i64, have: i64, norm: i64) -> Hundredths {
    let earned = (points * 100).saturating_mul(have.clamp(0, norm)).checked_div(norm);
    Hundredths(earned.unwrap_or(0))
}

/// Points for `part` of `whole`, all of them from the percentage that is needed.
fn of_percent(item: &Item, part: u64, whole: u64) -> Hundredths {
    let as_i64 = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    share(item.points, as_i64(part).saturating_mul(100), as_i64(whole).saturating_mul(item.need))
}

fn cited(sessions: &[(PlaybackId, Day)]) -> String {
    if sessions.is_empty() {
        return String::new();
    }
    let named: Vec<_> =
        sessions.iter().take(NAMED).map(|(id, day)| format!("{}月{}日第{id}号", day.month(), day.day())).collect();
    let more = if sessions.len() > NAMED { "等" } else { "" };
    format!("：{}{more}", named.join("、"))
}

async fn facts(db: &impl ConnectionTrait, scope: &Scope, slice: &Slice, today: Day) -> Result<HashMap<UnitId, Facts>> {
    let mut units: HashMap<UnitId, Facts> = HashMap::new();
    for (unit, id, day) in sessions(db, scope, slice).await? {
        units.entry(unit).or_default().sessions.push((id, day));
    }
    for (unit, began) in runs(db, scope, slice).await? {
        units.entry(unit).or_default().on.insert(began.day().month());
    }
    let book = RuleBook::load(db).await?;
    for (path, person) in overview::people(db, &book, slice, scope, today).await? {
        let Some(unit) = entity::scope::ancestors_of(&path).pop() else { continue };
        let facts = units.entry(unit).or_default();
        facts.people += u64::from(person.on_roster);
        facts.studied += u64::from(person.on_roster && person.total.credited_ms > 0);
        facts.bound += u64::from(person.on_roster && person.is_bound());
        facts.met += u64::from(person.on_roster && person.has_met());
    }
    for mark in marks(db, scope, slice.from.year()).await? {
        units.entry(mark.unit_id).or_default().marks.insert(mark.item.clone(), mark); // the newest comes last
    }
    Ok(units)
}

async fn sessions(db: &impl ConnectionTrait, scope: &Scope, slice: &Slice) -> Result<Vec<(UnitId, PlaybackId, Day)>> {
    let rows = playback::Entity::find()
        .select_only()
        .columns([playback::Column::UnitId, playback::Column::Id, playback::Column::Day])
        .filter(playback::Column::Mode.eq(PlaybackMode::Group))
        .filter(playback::Column::Day.between(slice.from, slice.to))
        .filter(playback::Column::CreditedMs.gt(0))
        .filter(scope.reaches((playback::Entity, playback::Column::UnitId)))
        .order_by_asc(playback::Column::Day)
        .order_by_asc(playback::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows)
}

async fn runs(db: &impl ConnectionTrait, scope: &Scope, slice: &Slice) -> Result<Vec<(UnitId, entity::Moment)>> {
    use entity::Moment;
    let after = slice.to.succ_opt().map_or(Moment(i64::MAX), Moment::start_of);
    let of_unit =
        device_run::Entity::belongs_to(device::Entity).from(device_run::Column::DeviceId).to(device::Column::Id).into();
    let rows = device_run::Entity::find()
        .select_only()
        .column(device::Column::UnitId)
        .column(device_run::Column::BeganAt)
        .join(sea_orm::JoinType::InnerJoin, of_unit)
        .filter(device_run::Column::BeganAt.gte(Moment::start_of(slice.from)))
        .filter(device_run::Column::BeganAt.lt(after))
        .filter(scope.reaches((device::Entity, device::Column::UnitId)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows)
}

async fn marks(db: &impl ConnectionTrait, scope: &Scope, year: i32) -> Result<Vec<star_mark::Model>> {
    let condition = Condition::all()
        .add(star_mark::Column::Year.eq(year))
        .add(scope.reaches((star_mark::Entity, star_mark::Column::UnitId)));
    Ok(star_mark::Entity::find().filter(condition).order_by_asc(star_mark::Column::Id).all(db).await?)
}
