//! The store of blobs, each named by the SHA-256 of its bytes.
//!
//! A blob never changes: it appears whole by a rename after its hash was checked and its bytes were synced, and a
//! rotten one is renamed aside, never overwritten. Knows nothing of the `media` table or of who may read.
//!
//! Blobs are served from memory maps. Truncating a mapped file would kill the process with SIGBUS, so nothing may
//! write to a file below the store's folder; removing or renaming one is safe, because an open map keeps its file.

mod hash;
mod local;
mod map;
mod opened;

use crate::{Error, Result};
pub(crate) use hash::copy_hashing;
pub use hash::{Hashed, hash_file};
use local::Local;
use map::Map;
use opened::Opened;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where blobs are kept. Cheap to clone; all clones share the same open maps.
#[derive(Clone, Debug)]
pub enum Store {
    /// A folder on this machine.
    Local(Arc<Local>),
}

/// One open blob: its bytes, length and validators. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blob {
    map: Arc<Map>,
    name: Arc<str>,
}

/// When every blob was last modified, in Unix seconds: 2000-01-01T00:00:00Z.
///
/// What stands at an address that is a hash has never been different, so any date in the past is true. A constant is
/// the only one that is equal on each copy of the store, and costs no look-up.
pub const LAST_MODIFIED: i64 = 946_684_800;

impl Store {
    /// Open the store of the data folder, in its folder `media`, which is made when it is missing.
    pub fn open(data: &Path) -> Result<Self> {
        Ok(Self::Local(Arc::new(Local::open(&data.join("media"))?)))
    }

    /// Take `file` in under its hash. The file is moved, not copied, when it lies on the same file system.
    ///
    /// A blob that is there already is kept and the file removed. The bytes are durable when this returns.
    pub async fn put(&self, file: &Path, hashed: &Hashed) -> Result<()> {
        let Self::Local(local) = self;
        let (local, file, hashed) = (local.clone(), file.to_owned(), hashed.clone());
        blocking(move || local.put(&file, &hashed)).await
    }

    /// The blob of this name, with its map ready; `NoSuchBlob` for an unknown or malformed name.
    pub async fn open_blob(&self, sha256: &str) -> Result<Blob> {
        let Self::Local(local) = self;
        if let Some(blob) = local.opened(sha256) {
            return Ok(blob);
        }
        let (local, sha256) = (local.clone(), sha256.to_owned());
        blocking(move || local.open_blob(&sha256)).await
    }

    /// Whether the blob of this name is here.
    pub async fn contains(&self, sha256: &str) -> bool {
        self.open_blob(sha256).await.is_ok()
    }

    /// Where the blob lies as a file, for tools that read files. Nobody may write to it.
    pub fn path_of(&self, sha256: &str) -> Result<PathBuf> {
        let Self::Local(local) = self;
        local.path_of(sha256)
    }

    /// Move a rotten blob aside, into the folder `quarantine` of the store; answers where it lies now.
    pub async fn quarantine(&self, sha256: &str) -> Result<PathBuf> {
        let Self::Local(local) = self;
        let (local, sha256) = (local.clone(), sha256.to_owned());
        blocking(move || local.quarantine(&sha256)).await
    }

    /// A new empty file on the store's file system, for bytes on their way in; removed when it is dropped.
    pub fn temporary(&self) -> Result<tempfile::NamedTempFile> {
        let Self::Local(local) = self;
        local.temporary()
    }
}

impl Blob {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.map.bytes().len() as u64
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.map.bytes().is_empty()
    }

    /// The hash in lower-case hex.
    pub fn sha256(&self) -> &str {
        &self.name
    }

    /// The strong entity tag, with its quotes; equal on every copy of the blob.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.name)
    }

    pub(crate) fn map(&self) -> &Arc<Map> {
        &self.map
    }

    #[cfg(test)]
    pub(crate) fn of_file(file: &Path) -> Result<Self> {
        Ok(Self { map: Arc::new(Map::of_file(file)?), name: Arc::from("test") })
    }
}

pub(crate) use map::Map as MappedFile;

/// Run blocking file work off the worker; a worker serves hundreds of players and must not wait for a disk.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) => Err(Error::Disk(std::io::Error::other(stopped))),
    }
}
