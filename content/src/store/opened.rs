//! The blobs that stay open between requests, so that a player's next range costs no look-up of its file or object.

use super::Blob;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a blob stays open before the store is asked again: another process may have moved it aside or removed it.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// A bounded set of open blobs; the one unused for longest makes room.
#[derive(Debug)]
pub(super) struct Opened {
    most: usize,
    /// Counts uses, so that "longest unused" needs no clock.
    uses: AtomicU64,
    // A std mutex: it is held for one map operation and never across an await.
    blobs: Mutex<HashMap<Box<str>, Kept>>,
}

#[derive(Debug)]
struct Kept {
    blob: Blob,
    last_use: u64,
    since: Instant,
}

impl Opened {
    pub(super) fn keeping(most: usize) -> Self {
        Self { most, uses: AtomicU64::new(0), blobs: Mutex::new(HashMap::new()) }
    }

    pub(super) fn get(&self, sha256: &str) -> Option<Blob> {
        let now = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut blobs = self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let kept = blobs.get_mut(sha256).filter(|kept| kept.since.elapsed() < KEPT_FOR)?;
        kept.last_use = now;
        Some(kept.blob.clone())
    }

    pub(super) fn keep(&self, blob: Blob) {
        let now = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut blobs = self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if blobs.len() >= self.most
            && let Some(oldest) = blobs.iter().min_by_key(|(_, kept)| kept.last_use).map(|(name, _)| name.clone())
        {
            blobs.remove(&oldest);
        }
        blobs.insert(blob.sha256().into(), Kept { blob, last_use: now, since: Instant::now() });
    }

    pub(super) fn forget(&self, sha256: &str) {
        self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(sha256);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::super::{Map, Source};
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_blob_unused_for_longest_makes_room() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let source = Source::Mapped(Arc::new(Map::of_file(file.path()).unwrap()));
        let blob = |name: &str| Blob { name: Arc::from(name), source: source.clone() };
        let opened = Opened::keeping(2);
        opened.keep(blob("a"));
        opened.keep(blob("b"));
        assert!(opened.get("a").is_some());
        opened.keep(blob("c"));
        assert!(opened.get("b").is_none());
        assert!(opened.get("a").is_some() && opened.get("c").is_some());
    }
}
