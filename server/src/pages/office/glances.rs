//! A unit's year at a glance, shown again while to make it anew would cost more than it tells.
//!
//! To look over a city's year every person and every entry of it is read. Whoever opens the page while that is being done
//! waits for the same look, and one that took long is shown again for twenty times as long as it took, with the time of
//! day it was made: so the offices of a whole city cost at most a twentieth of a processor for each unit they look at. A
//! look at a village, which takes milliseconds, is always new.

use crate::database::Database;
use crate::error::ApiResult;
use archive::overview::{Glance, glance};
use entity::{Moment, UnitId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::Mutex as Queue;

/// A look that took less is not kept.
const WORTH_KEEPING_MS: i64 = 200;

/// A look is kept so many times as long as it took.
const TIMES: i64 = 20;

/// Units and years that are kept at once.
const MOST: usize = 64;

/// Of those behind so many are named.
const BEHIND: usize = 8;

/// A unit's year, and as of when.
type Seen = (Glance, Moment);

/// The last look at one unit's year, and until when it is good enough. Whoever makes a look holds it.
type Last = Arc<Queue<Option<(Arc<Seen>, Moment)>>>;

/// The looks that are kept.
#[derive(Debug, Default)]
pub struct Glances {
    last: Mutex<HashMap<(UnitId, i32), Last>>, // never held across an await
}

impl Glances {
    /// The unit's year as of now, or as of a little while ago.
    ///
    /// # Errors
    /// Those of the archive.
    pub async fn of(&self, db: &Database, unit: UnitId, year: i32, now: Moment) -> ApiResult<Arc<Seen>> {
        let last = self.last(unit, year);
        let mut last = last.lock().await;
        if let Some((made, _)) = last.as_ref().filter(|(_, until)| now < *until) {
            return Ok(made.clone());
        }
        let began = Instant::now();
        let made = Arc::new((glance(&db.read, unit, (year, now.day()), BEHIND).await?, now));
        let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX / TIMES);
        *last = kept_ms(took_ms).map(|ms| (made.clone(), now.plus_ms(ms)));
        Ok(made)
    }

    fn last(&self, unit: UnitId, year: i32) -> Last {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.len() >= MOST && !last.contains_key(&(unit, year)) {
            last.clear(); // who waits for one of them holds it
        }
        last.entry((unit, year)).or_default().clone()
    }
}

/// For how long a look is good enough that took so long.
fn kept_ms(took_ms: i64) -> Option<i64> {
    (took_ms >= WORTH_KEEPING_MS).then(|| took_ms.saturating_mul(TIMES + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_look_is_always_new_and_a_long_one_lasts_twenty_times_as_long() {
        assert_eq!(kept_ms(199), None);
        assert_eq!(kept_ms(3_000), Some(63_000), "from its beginning");
    }

    #[test]
    fn no_more_than_so_many_units_are_kept() {
        let glances = Glances::default();
        let first = glances.last(UnitId(1), 2026);
        assert!(Arc::ptr_eq(&first, &glances.last(UnitId(1), 2026)));
        for unit in 2..=65 {
            glances.last(UnitId(unit), 2026);
        }
        assert!(!Arc::ptr_eq(&first, &glances.last(UnitId(1), 2026)));
        assert!(glances.last.lock().is_ok_and(|last| last.len() <= MOST));
    }
}
