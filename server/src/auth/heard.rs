//! Which classroom terminals were heard of lately, gathered in memory and written down in the background.
//!
//! A terminal's request costs one look into a map. What it leaves behind is written at most once a minute for each
//! terminal, and the ranges of a film, which take the short way past the router, are not noted at all: the beats of the
//! same film are.

use crate::database::Database;
use entity::{DeviceId, Moment};
use roster::run;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks for what is due. A terminal that was just paired is on the list this soon.
const EVERY: Duration = Duration::from_secs(3);

/// A terminal's row is written at most this often.
const AT_MOST_MS: i64 = 60_000;

/// Terminals written in one transaction: the pen is not held long.
const AT_ONCE: usize = 200;

/// What was heard and not written yet, and when each terminal was last written.
#[derive(Debug, Default)]
pub struct Heard {
    terminals: Mutex<HashMap<DeviceId, Lately>>, // never held across an await
}

#[derive(Clone, Copy, Debug)]
struct Lately {
    unwritten: Option<(Moment, Moment)>,
    written: Option<Moment>,
}

impl Heard {
    /// A terminal made a request.
    pub fn note(&self, device: DeviceId, now: Moment) {
        let mut terminals = self.lock();
        let lately = terminals.entry(device).or_insert(Lately { unwritten: None, written: None });
        lately.unwritten = Some(lately.unwritten.map_or((now, now), |(first, last)| (first, last.max(now))));
    }

    /// What may be written now; with `all`, everything. Terminals that have been silent for long are forgotten.
    fn due(&self, now: Moment, all: bool) -> Vec<run::Heard> {
        let mut terminals = self.lock();
        terminals.retain(|_, lately| {
            lately.unwritten.is_some() || lately.written.is_some_and(|at| now.since(at) < AT_MOST_MS)
        });
        let due = terminals
            .iter_mut()
            .filter(|(_, lately)| all || lately.written.is_none_or(|at| now.since(at) >= AT_MOST_MS));
        let taken = due.filter_map(|(device, lately)| {
            let (first, last) = lately.unwritten.take()?;
            lately.written = Some(now);
            Some(run::Heard { device: *device, first, last })
        });
        taken.collect()
    }

    /// What could not be written is due again.
    fn put_back(&self, heard: &[run::Heard]) {
        let mut terminals = self.lock();
        for one in heard {
            let lately = terminals.entry(one.device).or_insert(Lately { unwritten: None, written: None });
            let last = lately.unwritten.map_or(one.last, |(_, last)| last);
            *lately = Lately { unwritten: Some((one.first, last)), written: None };
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceId, Lately>> {
        self.terminals.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Write down what is due until told to stop, then the rest.
pub async fn follow(db: Database, heard: Arc<Heard>, mut stopped: watch::Receiver<bool>) {
    loop {
        // The sender gone means the server is gone.
        let stop = tokio::time::timeout(EVERY, stopped.wait_for(|stop| *stop)).await.is_ok();
        let due = heard.due(Moment::now(), stop);
        for some in due.chunks(AT_ONCE) {
            if let Err(cause) = run::note(&db.write, some).await {
                tracing::warn!(%cause, "could not write which terminals were heard of, will try again");
                heard.put_back(some);
            }
        }
        if stop {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId(7);

    fn heard(first: i64, last: i64) -> run::Heard {
        run::Heard { device: DEVICE, first: Moment(first), last: Moment(last) }
    }

    #[test]
    fn a_terminal_is_written_at_once_and_then_at_most_once_a_minute() {
        let memory = Heard::default();
        memory.note(DEVICE, Moment(1_000));
        memory.note(DEVICE, Moment(2_000));
        assert_eq!(memory.due(Moment(3_000), false), [heard(1_000, 2_000)]);
        memory.note(DEVICE, Moment(4_000));
        memory.note(DEVICE, Moment(50_000));
        assert_eq!(memory.due(Moment(62_999), false), []);
        assert_eq!(memory.due(Moment(63_000), false), [heard(4_000, 50_000)]);
        memory.note(DEVICE, Moment(64_000));
        assert_eq!(memory.due(Moment(64_000), true), [heard(64_000, 64_000)], "at the end everything");
    }

    #[test]
    fn what_could_not_be_written_is_kept_and_silent_terminals_are_forgotten() {
        let memory = Heard::default();
        memory.note(DEVICE, Moment(1_000));
        let due = memory.due(Moment(2_000), false);
        memory.note(DEVICE, Moment(3_000));
        memory.put_back(&due);
        assert_eq!(memory.due(Moment(4_000), false), [heard(1_000, 3_000)]);
        assert_eq!(memory.due(Moment(64_001), false), []);
        assert!(memory.lock().is_empty());
    }
}
