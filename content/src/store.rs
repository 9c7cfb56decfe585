//! The store of blobs, each named by the SHA-256 of its bytes: a folder of this machine, or a bucket of an
//! S3-compatible server.
//!
//! A blob never changes: it appears whole, after its hash was checked and its bytes were made durable, and a rotten
//! one is moved aside, never overwritten. Knows nothing of the `media` table or of who may read.
//!
//! Blobs of the folder are served from memory maps. Truncating a mapped file would kill the process with SIGBUS, so
//! nothing may write to a file below the store's folder; removing or renaming one is safe, because an open map keeps
//! its file.

mod hash;
mod incoming;
mod local;
mod map;
mod opened;
mod remote;
mod s3;

use crate::{Error, Result};
use entity::Moment;
pub(crate) use hash::copy_hashing;
pub use hash::{Hashed, hash_file};
use local::Local;
pub use map::Map as MappedFile;
use map::Map;
use opened::Opened;
pub(crate) use remote::Remote;
pub use s3::Bucket;
use s3::S3;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Where blobs are kept. Cheap to clone; all clones share what is open.
#[derive(Clone, Debug)]
pub enum Store {
    /// A folder on this machine.
    Local(Arc<Local>),
    /// A bucket on an S3-compatible server.
    S3(Arc<S3>),
}

/// One open blob: its bytes, length and validators. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blob {
    name: Arc<str>,
    source: Source,
}

/// Where the bytes of an open blob come from.
#[derive(Clone, Debug)]
enum Source {
    /// A file of this machine.
    Mapped(Arc<Map>),
    /// An object of a bucket.
    Remote(Arc<Remote>),
}

/// A blob as a file, for tools that read files; nobody may write to it. Drop it when the reading is done.
#[derive(Debug)]
pub struct LocalCopy {
    path: PathBuf,
    /// Removes a file that was fetched for this reading only.
    _fetched: Option<tempfile::TempPath>,
}

/// What a listing of the store says of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last put.
    pub put_at: Moment,
}

/// When every blob was last modified, in Unix seconds: 2000-01-01T00:00:00Z.
///
/// What stands at an address that is a hash has never been different, so any date in the past is true. A constant is
/// the only one that is equal on each copy of the store, and costs no look-up.
pub const LAST_MODIFIED: i64 = 946_684_800;

/// Blobs kept open. A map costs address space and a file handle, the head of an object some bytes.
const KEPT_OPEN: usize = 512;

impl Store {
    /// Open the store of the data folder, in its folder `media`, which is made when it is missing.
    pub fn open(data: &Path) -> Result<Self> {
        Ok(Self::Local(Arc::new(Local::open(&data.join("media"))?)))
    }

    /// Open the store in a bucket. Asks the server nothing; what is on its way gathers in the data folder.
    pub fn open_bucket(data: &Path, bucket: &Bucket<'_>) -> Result<Self> {
        Ok(Self::S3(Arc::new(S3::open(&data.join("media"), bucket)?)))
    }

    /// Take `file` in under its hash. A local store moves it when it lies on the same file system.
    ///
    /// A blob that is there already is kept, and counts as put now; a file that was not moved is left to the caller.
    /// The bytes are durable when this returns.
    pub async fn put(&self, file: &Path, hashed: &Hashed) -> Result<()> {
        match self {
            Self::Local(local) => {
                let (local, file, hashed) = (local.clone(), file.to_owned(), hashed.clone());
                blocking(move || local.put(&file, &hashed)).await
            }
            Self::S3(bucket) => bucket.put(file, hashed).await,
        }
    }

    /// The blob of this name, ready to be read; `NoSuchBlob` for an unknown or malformed name.
    ///
    /// What was opened lately is open still, so a blob that was removed behind our back may be answered for a minute.
    pub async fn open_blob(&self, sha256: &str) -> Result<Blob> {
        match self {
            Self::Local(local) => {
                if let Some(blob) = local.opened(sha256) {
                    return Ok(blob);
                }
                let (local, sha256) = (local.clone(), sha256.to_owned());
                crate::disk::open(move || local.open_blob(&sha256)).await?
            }
            Self::S3(bucket) => bucket.open_blob(sha256).await,
        }
    }

    /// The blob of this name if it is held open, so that it can be read without asking a disk or a server for it.
    pub fn opened(&self, sha256: &str) -> Option<Blob> {
        match self {
            Self::Local(local) => local.opened(sha256),
            Self::S3(_) => None,
        }
    }

    /// Whether the blob of this name is here at this moment; asks the disk or the server, not what is open.
    ///
    /// A server that does not say so within three seconds is not available: it is asked inside transactions.
    pub async fn contains(&self, sha256: &str) -> Result<bool> {
        match self {
            Self::Local(local) => {
                let path = local.path_of(sha256)?;
                Ok(crate::disk::open(move || path.is_file()).await?)
            }
            Self::S3(bucket) => bucket.contains(sha256).await,
        }
    }

    /// The blob as a file, for tools that read files; `NoSuchBlob` when it is not here.
    ///
    /// From a bucket it is fetched whole and its hash checked; that needs as much free space on this disk.
    pub async fn local_copy(&self, sha256: &str) -> Result<LocalCopy> {
        match self {
            Self::Local(local) => {
                let path = local.path_of(sha256)?;
                let copy = LocalCopy { path, _fetched: None };
                blocking(move || copy.path.is_file().then_some(copy).ok_or(Error::NoSuchBlob)).await
            }
            Self::S3(bucket) => {
                let fetched = bucket.fetch(sha256).await?;
                Ok(LocalCopy { path: fetched.to_path_buf(), _fetched: Some(fetched) })
            }
        }
    }

    /// Read every byte of the blob and hash what came; `read` is raised by the bytes as they are read.
    pub async fn rehash(&self, sha256: &str, read: Arc<AtomicU64>) -> Result<Hashed> {
        match self {
            Self::Local(local) => {
                let path = local.path_of(sha256)?;
                blocking(move || hash::hash_counting(&path, &read)).await
            }
            Self::S3(bucket) => bucket.rehash(sha256, &read).await,
        }
    }

    /// Move a rotten blob aside, into `quarantine` of the store; answers where it lies now, for people.
    pub async fn quarantine(&self, sha256: &str) -> Result<String> {
        match self {
            Self::Local(local) => {
                let (local, sha256) = (local.clone(), sha256.to_owned());
                blocking(move || Ok(local.quarantine(&sha256)?.display().to_string())).await
            }
            Self::S3(bucket) => bucket.quarantine(sha256).await,
        }
    }

    /// Remove a blob, unless it was put after `before`. Answers whether it is gone.
    ///
    /// A server has three seconds, as with `contains`. Who reads the blob at this moment from the folder reads on. Whether anything still names it is the caller's care.
    pub async fn remove(&self, sha256: &str, before: Moment) -> Result<bool> {
        match self {
            Self::Local(local) => {
                let (local, sha256) = (local.clone(), sha256.to_owned());
                blocking(move || local.remove(&sha256, before)).await
            }
            Self::S3(bucket) => bucket.remove(sha256, before).await,
        }
    }

    /// The blobs whose hash begins with this byte. All 256 of them are the whole store.
    pub async fn shelf(&self, first: u8) -> Result<Vec<Stored>> {
        match self {
            Self::Local(local) => {
                let local = local.clone();
                blocking(move || local.shelf(first)).await
            }
            Self::S3(bucket) => bucket.shelf(first).await,
        }
    }

    /// A new empty file for bytes on their way in, on the file system of a local store; removed when it is dropped.
    pub fn temporary(&self) -> Result<tempfile::NamedTempFile> {
        incoming::temporary(self.dir())
    }

    /// Remove the files on their way in that nobody has written to since `before`: their process died. Says how many.
    pub async fn clear_incoming(&self, before: Moment) -> Result<u64> {
        let dir = self.dir().to_owned();
        blocking(move || incoming::clear(&dir, before)).await
    }

    /// Where the blobs lie, for people.
    pub fn place(&self) -> String {
        match self {
            Self::Local(local) => local.dir().display().to_string(),
            Self::S3(bucket) => bucket.address().to_owned(),
        }
    }

    /// The store's folder on this machine.
    fn dir(&self) -> &Path {
        match self {
            Self::Local(local) => local.dir(),
            Self::S3(bucket) => bucket.dir(),
        }
    }
}

impl Blob {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match &self.source {
            Source::Mapped(map) => map.bytes().len() as u64,
            Source::Remote(remote) => remote.len(),
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hash in lower-case hex.
    pub fn sha256(&self) -> &str {
        &self.name
    }

    /// The strong entity tag, with its quotes; equal on every copy of the blob.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.name)
    }

    /// Its map, when its bytes lie on this machine.
    pub fn mapped(&self) -> Option<&Arc<Map>> {
        match &self.source {
            Source::Mapped(map) => Some(map),
            Source::Remote(_) => None,
        }
    }

    /// The object it is, when its bytes lie on another machine.
    pub(crate) fn remote(&self) -> Option<&Arc<Remote>> {
        match &self.source {
            Source::Mapped(_) => None,
            Source::Remote(remote) => Some(remote),
        }
    }

    #[cfg(test)]
    pub(crate) fn of_map(map: Map) -> Self {
        Self { name: Arc::from("test"), source: Source::Mapped(Arc::new(map)) }
    }
}

impl LocalCopy {
    /// Where the bytes lie while this guard lives.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Run blocking file work off the worker; a worker serves hundreds of players and must not wait for a disk.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) => Err(Error::Disk(std::io::Error::other(stopped))),
    }
}
