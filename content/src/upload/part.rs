//! The file an upload's bytes gather in, written off the workers.

use super::locks::Held;
use crate::store::blocking;
use crate::{Error, Result};
use std::fs::{self, File};
use std::io::{ErrorKind, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes gathered before they are written: the memory one upload costs.
const BUFFER: usize = 512 * 1024;

/// Bytes after which the disk is made to keep up, so that a power cut costs little and the last sync is short.
const SYNC_EVERY: u64 = 64 << 20;

/// An open file and where the next byte goes.
pub(super) struct Part {
    path: PathBuf,
    file: Arc<File>,
    buffer: Vec<u8>,
    written: u64,
    synced: u64,
    /// Goes along with every write, so that nobody else holds the upload before the last write has ended, even when
    /// the request that started it was dropped.
    held: Held,
}

impl Part {
    /// Open `path` for writing at `offset`; what lies behind it is cut off.
    pub(super) async fn open(path: PathBuf, offset: u64, held: Held) -> Result<Self> {
        let (place, guard) = (path.clone(), held.clone());
        let file = blocking(move || {
            let _guard = guard;
            let file = File::options().read(true).write(true).create(true).truncate(false).open(place)?;
            file.set_len(offset)?;
            Ok(file)
        })
        .await?;
        let buffer = Vec::with_capacity(BUFFER);
        Ok(Self { path, file: Arc::new(file), buffer, written: offset, synced: offset, held })
    }

    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    /// Add bytes; now and then this waits for the disk, which slows the sender down to what the disk can take.
    pub(super) async fn write(&mut self, mut bytes: &[u8], keep_free: u64) -> Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BUFFER - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == BUFFER {
                self.flush().await?;
            }
        }
        if self.written - self.synced >= SYNC_EVERY {
            self.sync().await?;
            let path = self.path.clone();
            blocking(move || must_fit(&path, 0, keep_free)).await?;
        }
        Ok(())
    }

    /// Write and sync everything, and answer the offset that is durable now.
    pub(super) async fn sync(&mut self) -> Result<u64> {
        self.flush().await?;
        let (file, guard) = (self.file.clone(), self.held.clone());
        blocking(move || {
            let _guard = guard;
            Ok(file.sync_all()?)
        })
        .await?;
        self.synced = self.written;
        Ok(self.written)
    }

    /// Drop everything behind `offset`, written or not.
    pub(super) async fn cut(self, offset: u64) -> Result<()> {
        let Self { file, held, .. } = self;
        blocking(move || {
            let _guard = held;
            file.set_len(offset)?;
            Ok(file.sync_all()?)
        })
        .await
    }

    /// Add the bytes of this file to the end of `target`, which is `offset` long, durably.
    pub(super) async fn append_to(&mut self, target: PathBuf, offset: u64) -> Result<u64> {
        self.flush().await?;
        let (file, guard) = (self.file.clone(), self.held.clone());
        blocking(move || {
            let _guard = guard;
            let mut whole = File::options().write(true).create(true).truncate(false).open(target)?;
            whole.set_len(offset)?;
            whole.seek(SeekFrom::End(0))?;
            let mut from = file.as_ref();
            from.rewind()?;
            let copied = std::io::copy(&mut from, &mut whole)?;
            whole.sync_all()?;
            Ok(offset + copied)
        })
        .await
    }

    /// Remove the file.
    pub(super) async fn remove(self) -> Result<()> {
        blocking(move || remove_if_there(&self.path)).await
    }

    async fn flush(&mut self) -> Result<()> {
        let (file, guard, at) = (self.file.clone(), self.held.clone(), self.written);
        let bytes = std::mem::take(&mut self.buffer);
        self.buffer = blocking(move || {
            let _guard = guard;
            file.write_all_at(&bytes, at)?;
            Ok(bytes)
        })
        .await?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// The length of the file, after making all of it durable; nothing where there is no file.
pub(super) fn durable_length(path: &Path) -> Result<u64> {
    match File::open(path) {
        Ok(file) => {
            file.sync_all()?;
            Ok(file.metadata()?.len())
        }
        Err(absent) if absent.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// `DiskFull` when `more` bytes would leave less than `keep_free` on the disk of `path`.
pub(crate) fn must_fit(path: &Path, more: u64, keep_free: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(path).map_err(std::io::Error::from)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if more.saturating_add(keep_free) > free { Err(Error::DiskFull) } else { Ok(()) }
}

pub(super) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
