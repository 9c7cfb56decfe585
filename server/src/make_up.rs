//! Make-up lists (补学): out of all lessons those by which somebody's missing hours can be made up.
//!
//! Joins what the archive knows (what was learnt, in which languages), what the station is known to hold (`player`), and
//! the lessons themselves (`catalog`). A lesson fits when it is published, valid, meant for the person's unit, in
//! Putonghua or a dialect in which their village has learnt before, long enough to count, and not learnt this year nor so lately that it would not count again.

use crate::database::Database;
use crate::error::ApiResult;
use archive::gap::{self, Gap};
use catalog::lesson::MakeUp;
use catalog::{Page, Viewer};
use entity::{Day, LessonId, Scope, lesson};
use std::collections::HashSet;

/// A page of lessons, and which of them the station holds.
#[derive(Debug)]
pub struct Lessons {
    /// The lessons, those at the station first.
    pub page: Page<lesson::Model>,
    /// The station's.
    pub held: HashSet<LessonId>,
}

/// Every lesson is at least to be found in it.
const COMMON: &str = "普通话";

/// A page of the lessons by which this gap can be made up.
///
/// # Errors
/// `invalid_request` for a page beyond the list.
pub async fn lessons(db: &Database, gap: &Gap, today: Day, page: u64, size: u64) -> ApiResult<Lessons> {
    let viewer = Viewer { homes: vec![gap.unit_path.clone()], staff: Scope::default() };
    let held = player::played::held_by(&db.read, gap.unit_id).await?;
    let mut languages = gap::languages(&db.read, gap.unit_id).await?;
    languages.insert(COMMON.to_owned());
    let wanted = MakeUp {
        languages: languages.into_iter().collect(),
        without: gap::learnt(&db.read, gap.person_id, gap.learnt_since, gap.year).await?.into_iter().collect(),
        first: held.clone(),
        at_least_ms: gap.minimum_watch_minutes * 60_000,
    };
    let page = catalog::lesson::make_up(&db.read, &viewer, &wanted, today, page, size).await?;
    Ok(Lessons { page, held: held.into_iter().collect() })
}
