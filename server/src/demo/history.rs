//! About a year of study: evenings in the classrooms, lessons watched alone, classes in person.
//!
//! Plans sessions by chance, writes them as the player would have, and posts them to the ledger day by day, so that
//! the chain grows in the order of time.

mod alone;
mod classes;
mod rooms;
mod rows;
mod session;

use super::cast::Logins;
use super::settle::Settled;
use super::{Error, Result};
use archive::rules::RuleBook;
use chrono::Datelike;
use entity::{AccountId, Day, Moment, device, lesson};
use fastrand::Rng;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseTransaction};
use session::Session;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Steps of making the demo, for the progress line: city, lessons, then the history in tenths.
pub const STEPS: u64 = 12;

/// The month of the year before with which the history begins.
const HISTORY_MONTH: u32 = 10;

/// Everything a plan of the history is made from.
pub struct Stage<'a> {
    settled: &'a Settled,
    logins: &'a Logins,
    lessons: &'a [lesson::Model],
    now: Moment,
}

/// Write the history up to `now`: from October of the year before, thinly at first.
///
/// # Errors
/// When the database fails or the archive refuses an entry.
pub async fn write(
    txn: &DatabaseTransaction,
    stage: &Stage<'_>,
    rng: &mut Rng,
    progress: &(impl Fn(u64, u64) + Send + Sync),
) -> Result<()> {
    let mut by_day: BTreeMap<Day, Vec<Session>> = BTreeMap::new();
    for session in rooms::plan(stage, rng)?.into_iter().chain(alone::plan(txn, stage, rng).await?) {
        by_day.entry(session.started.day()).or_default().push(session);
    }
    let ended = by_day.values().flatten().map(|session| (session.account, session.ended())).collect();
    stage.last_seen(txn, &ended).await?;
    let mut classes = classes::plan(stage, rng)?;
    let days: BTreeSet<Day> = by_day.keys().chain(classes.keys()).copied().collect();
    let book = RuleBook::load(txn).await?;
    let mut writer = rows::Writer::new(&book, stage.lessons);
    for (number, day) in (0_u64..).zip(&days) {
        writer.sessions(txn, by_day.remove(day).unwrap_or_default(), *day, stage.now).await?;
        for (by, held) in classes.remove(day).unwrap_or_default() {
            archive::classes::record_many(txn, &held, by, evening(*day, stage.now)).await?;
        }
        progress(2 + 10 * number / days.len().max(1) as u64, STEPS);
    }
    progress(STEPS, STEPS);
    Ok(())
}

impl<'a> Stage<'a> {
    /// What the history is made from.
    pub fn new(settled: &'a Settled, logins: &'a Logins, lessons: &'a [lesson::Model], now: Moment) -> Self {
        Self { settled, logins, lessons, now }
    }

    /// When the last evening of each room ended goes to its terminal.
    async fn last_seen(&self, txn: &DatabaseTransaction, ended: &HashMap<AccountId, Moment>) -> Result<()> {
        for room in &self.settled.rooms {
            let Some(at) = ended.get(&room.station) else { continue };
            let row = device::ActiveModel { id: Set(room.device), last_seen_at: Set(Some(*at)), ..Default::default() };
            row.update(txn).await?;
        }
        Ok(())
    }

    /// The civil year the demo lives in.
    fn year(&self) -> i32 {
        self.now.day().year()
    }
}

/// When the history begins: with October of the year before.
///
/// # Errors
/// When there is no such day.
pub fn begins(now: Moment) -> Result<Moment> {
    Ok(Moment::start_of(day(now.year() - 1, HISTORY_MONTH, 1)?))
}

/// A day of the calendar.
fn day(year: i32, month: u32, day: u32) -> Result<Day> {
    Day::from_ymd_opt(year, month, day).ok_or(Error::Data("no such day"))
}

/// When what happened on a day is posted: late that evening, but never in the future.
fn evening(day: Day, now: Moment) -> Moment {
    Moment::start_of(day).plus_ms(23 * 3_600_000).min(now)
}
