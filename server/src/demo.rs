//! A city to try everything on: invented units and people, sample lessons, and about a year of study.
//!
//! Owns what the demo looks like, never how the product works: whatever is judged, chained or hashed goes through the
//! domain crates, so that `verify` finds a demo as sound as a real city. Everything follows from one seed and `now`.

mod captions;
mod cast;
mod city;
mod classes;
mod history;
mod lessons;
mod people;
mod play_days;
mod quizzes;
mod settle;

pub use cast::Logins;

use content::store::Store;
use entity::Moment;
use fastrand::Rng;
use history::Stage;
use sea_orm::{DatabaseConnection, TransactionTrait};
use std::ops::RangeInclusive;

/// Any number will do, as long as it stays the same.
const SEED: u64 = 20_120_601;

/// Why the demo can't be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files of the demo contradict themselves.
    #[error("示例数据有误：{0}")]
    Data(&'static str),
    /// A file of the demo can't be read.
    #[error("示例数据有误：{0}")]
    Toml(#[from] toml::de::Error),
    /// The list of media can't be read.
    #[error("示例数据有误：{0}")]
    Json(#[from] serde_json::Error),
    /// The database failed.
    #[error("数据库：{0}")]
    Database(#[from] sea_orm::DbErr),
    /// Units, people or accounts were refused.
    #[error("{0}")]
    Roster(#[from] roster::Error),
    /// The lessons were refused.
    #[error("{0}")]
    Catalog(#[from] catalog::Error),
    /// The media could not be stored.
    #[error("{0}")]
    Content(#[from] content::Error),
    /// The hours were refused.
    #[error("{0}")]
    Archive(#[from] archive::Error),
    /// A media file could not be written.
    #[error("{0}")]
    File(#[from] std::io::Error),
}

/// What the functions of the demo answer.
pub type Result<T> = std::result::Result<T, Error>;

/// Make the demo city in an empty database and put its media into the store.
///
/// `password` becomes that of every login; without it one is drawn. `progress` is told steps done and steps in all.
///
/// # Errors
/// When the database is not empty or can't be written. The city's rows are written in
/// one transaction, so that an interrupted start leaves nothing behind that looks like a city.
pub async fn fill(
    db: &DatabaseConnection,
    store: &Store,
    now: Moment,
    password: Option<&str>,
    progress: &(impl Fn(u64, u64) + Send + Sync),
) -> Result<Logins> {
    make(db, store, now, password, usize::MAX, progress).await
}

/// [`fill`], with a history of the first `rooms` villages and of the one the logins live in.
async fn make(
    db: &DatabaseConnection,
    store: &Store,
    now: Moment,
    password: Option<&str>,
    rooms: usize,
    progress: &(impl Fn(u64, u64) + Send + Sync),
) -> Result<Logins> {
    let mut rng = Rng::with_seed(SEED);
    let city = city::build(&mut rng)?;
    let cadres = people::cadres(&city, now.day(), &mut rng)?;
    let txn = db.begin().await?;
    let mut settled = settle::settle(&txn, &city, &cadres, history::begins(now)?).await?;
    progress(1, history::STEPS);
    let logins = cast::enter(&txn, &settled, password, now).await?;
    let lessons = lessons::bring(&txn, store, settled.root, now).await?;
    captions::bring(&txn, &lessons, now).await?;
    quizzes::bring(&txn, &lessons, now).await?;
    let desk = lessons::Desk { unit: logins.county, author: logins.trainer };
    lessons::hand_over(&txn, &lessons, desk).await?;
    progress(2, history::STEPS);
    archive::rules::ensure_presets(&txn, settled.root, now).await?;
    settled.keep_rooms(rooms, logins.village);
    history::write(&txn, &Stage::new(&settled, &logins, &lessons, now), &mut rng, progress).await?;
    txn.commit().await?;
    lessons::begin_some(db, desk, now).await?;
    play_days::bring(db, &logins, settled.root, now).await?;
    classes::bring(db, store, (&settled, &logins), now).await?;
    Ok(logins)
}

/// Split `total` into `parts` numbers within `bounds`, as chance has it.
fn shares(total: usize, parts: usize, bounds: RangeInclusive<usize>, rng: &mut Rng) -> Result<Vec<usize>> {
    let (low, high) = bounds.into_inner();
    if !(parts * low..=parts * high).contains(&total) {
        return Err(Error::Data("the numbers of the city do not fit"));
    }
    let mut shares = vec![low; parts];
    let mut left = total - parts * low;
    while left > 0 {
        if let Some(share) = shares.get_mut(rng.usize(0..parts)).filter(|share| **share < high) {
            *share += 1;
            left -= 1;
        }
    }
    Ok(shares)
}

#[cfg(test)]
mod tests;
