//! How far a piece of work is, and whether it is still wanted. Shared between the work and whoever watches it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

/// Progress in thousandths. Cheap to clone; all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    permille: Arc<AtomicI32>,
    stopped: Arc<AtomicBool>,
}

impl Progress {
    /// Note that this many thousandths are done; it never goes back.
    pub fn reach(&self, permille: i32) {
        self.permille.fetch_max(permille.clamp(0, 1000), Relaxed);
    }

    /// Thousandths done.
    pub fn permille(&self) -> i32 {
        self.permille.load(Relaxed)
    }

    /// Ask work on a blocking thread to end; work that awaits is ended by dropping it.
    pub fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    /// Whether the work is to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }
}
