//! The maps that stay open between requests, so that a player's next range costs no system call to find its file.

use super::Blob;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A bounded set of open blobs; the one unused for longest makes room.
#[derive(Debug)]
pub(super) struct Opened {
    most: usize,
    /// Counts uses, so that "longest unused" needs no clock.
    uses: AtomicU64,
    // A std mutex: it is held for one map operation and never across an await.
    blobs: Mutex<HashMap<Box<str>, (Blob, u64)>>,
}

impl Opened {
    pub(super) fn keeping(most: usize) -> Self {
        Self { most, uses: AtomicU64::new(0), blobs: Mutex::new(HashMap::new()) }
    }

    pub(super) fn get(&self, sha256: &str) -> Option<Blob> {
        let now = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut blobs = self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (blob, last_use) = blobs.get_mut(sha256)?;
        *last_use = now;
        Some(blob.clone())
    }

    pub(super) fn keep(&self, blob: Blob) {
        let now = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut blobs = self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if blobs.len() >= self.most
            && let Some(oldest) = blobs.iter().min_by_key(|(_, (_, last_use))| *last_use).map(|(name, _)| name.clone())
        {
            blobs.remove(&oldest);
        }
        blobs.insert(blob.sha256().into(), (blob, now));
    }

    pub(super) fn forget(&self, sha256: &str) {
        self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(sha256);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::super::Map;
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_blob_unused_for_longest_makes_room() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let blob = |name: &str| Blob { map: Arc::new(Map::of_file(file.path()).unwrap()), name: Arc::from(name) };
        let opened = Opened::keeping(2);
        opened.keep(blob("a"));
        opened.keep(blob("b"));
        assert!(opened.get("a").is_some());
        opened.keep(blob("c"));
        assert!(opened.get("b").is_none());
        assert!(opened.get("a").is_some() && opened.get("c").is_some());
    }
}
