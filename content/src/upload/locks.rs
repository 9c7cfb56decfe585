//! One writer at a time for each upload.
//!
//! A client that lost its connection comes back before the server notices that the old one is dead. So a writer that
//! has been silent for a while makes way for the next one; a writer that is busy does not.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Who writes to what.
#[derive(Debug)]
pub(super) struct Locks {
    /// A writer silent for longer makes way.
    silence: Duration,
    // A std mutex: it is held for one map operation and never across an await.
    writers: Mutex<HashMap<String, Arc<Writer>>>,
}

/// The right to write to one upload, given back when the last clone is dropped.
#[derive(Clone, Debug)]
pub(super) struct Held(Arc<Holding>);

#[derive(Debug)]
struct Holding {
    id: String,
    writer: Arc<Writer>,
    locks: Arc<Locks>,
}

/// Somebody else holds it.
struct Taken;

#[derive(Debug)]
struct Writer {
    last_progress: Mutex<Instant>,
    stop: Notify,
    gone: Notify,
}

/// How long the next writer waits for the silent one to leave.
const PATIENCE: Duration = Duration::from_secs(3);

impl Locks {
    /// No locks yet; a writer silent for `silence` makes way.
    pub(super) fn new(silence: Duration) -> Self {
        Self { silence, writers: Mutex::default() }
    }

    /// Hold the upload `id`, or `None` while another writer is busy with it.
    pub(super) async fn hold(self: &Arc<Self>, id: &str) -> Option<Held> {
        if let Ok(held) = self.take(id) {
            return Some(held);
        }
        self.make_way(id).await;
        self.take(id).ok()
    }

    /// Ask a silent writer of `id` to leave, and wait until it has; a busy one stays.
    pub(super) async fn make_way(&self, id: &str) {
        let writer = self.writers.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let Some(writer) = writer.filter(|writer| writer.silent_for() >= self.silence) else { return };
        let gone = writer.gone.notified();
        writer.stop.notify_one();
        // Whether it left or not shows when its place is tried.
        let _ = tokio::time::timeout(PATIENCE, gone).await;
    }

    fn take(self: &Arc<Self>, id: &str) -> Result<Held, Taken> {
        match self.writers.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()) {
            Entry::Occupied(_) => Err(Taken),
            Entry::Vacant(free) => {
                let writer = Arc::new(Writer {
                    last_progress: Mutex::new(Instant::now()),
                    stop: Notify::new(),
                    gone: Notify::new(),
                });
                free.insert(writer.clone());
                Ok(Held(Arc::new(Holding { id: id.to_owned(), writer, locks: self.clone() })))
            }
        }
    }
}

impl Held {
    /// Tell that bytes are coming.
    pub(super) fn progressed(&self) {
        *self.0.writer.last_progress.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Waits until another writer asks this one to leave.
    pub(super) async fn asked_to_stop(&self) {
        self.0.writer.stop.notified().await;
    }
}

impl Writer {
    fn silent_for(&self) -> Duration {
        self.last_progress.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.locks.writers.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        self.writer.gone.notify_waiters();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    const SILENCE: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_busy_writer_keeps_others_out_and_a_silent_one_makes_way() {
        let locks = Arc::new(Locks::new(SILENCE));
        let first = locks.hold("a").await.unwrap();
        assert!(locks.hold("a").await.is_none());
        assert!(locks.hold("b").await.is_some());

        tokio::time::sleep(SILENCE).await;
        first.progressed();
        assert!(locks.hold("a").await.is_none());

        tokio::time::sleep(SILENCE).await;
        let leaves = tokio::spawn(async move { first.asked_to_stop().await });
        assert!(locks.hold("a").await.is_some());
        leaves.await.unwrap();
    }

    #[tokio::test]
    async fn an_upload_is_free_when_the_last_clone_of_its_lock_is_dropped() {
        let locks = Arc::new(Locks::new(SILENCE));
        let held = locks.hold("a").await.unwrap();
        let along = held.clone();
        drop(held);
        assert!(locks.hold("a").await.is_none());
        drop(along);
        assert!(locks.hold("a").await.is_some());
    }
}
