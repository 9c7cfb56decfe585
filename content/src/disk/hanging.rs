//! A disk that hangs until it is let go, for tests: a map that lies on it is cold, and warming it waits.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The disk; it works again when this is dropped, so that a test that fails leaves no thread waiting.
#[derive(Debug)]
pub(crate) struct Hanging(pub(crate) Arc<Disk>);

/// What a map knows of it.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    works: Mutex<bool>,
    changed: Condvar,
    waiting: AtomicUsize,
}

impl Hanging {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// Threads that wait for it at this moment.
    pub(crate) fn waiting(&self) -> usize {
        self.0.waiting.load(SeqCst)
    }

    /// It works from now on.
    pub(crate) fn let_go(&self) {
        *self.0.works.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Disk {
    pub(crate) fn works(&self) -> bool {
        *self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a system call on it does.
    pub(crate) fn wait(&self) {
        self.waiting.fetch_add(1, SeqCst);
        let works = self.works.lock().unwrap_or_else(PoisonError::into_inner);
        let _works = self.changed.wait_while(works, |works| !*works).unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, SeqCst);
    }
}
