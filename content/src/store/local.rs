//! Blobs in a folder: `ab/abcdef...`, with `incoming` for what is on its way and `quarantine` for what rotted.

use super::{Blob, Hashed, Map, Opened, hash};
use crate::{Error, Result};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Maps kept open; each costs a mapping and address space, not memory.
const MAPS_KEPT: usize = 512;

/// A store in one folder.
#[derive(Debug)]
pub struct Local {
    dir: PathBuf,
    opened: Opened,
}

impl Local {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir.join("incoming"))?;
        Ok(Self { dir: dir.to_owned(), opened: Opened::keeping(MAPS_KEPT) })
    }

    pub(super) fn path_of(&self, sha256: &str) -> Result<PathBuf> {
        if !hash::is_name(sha256) {
            return Err(Error::NoSuchBlob);
        }
        Ok(self.dir.join(sha256.get(..2).unwrap_or_default()).join(sha256))
    }

    pub(super) fn opened(&self, sha256: &str) -> Option<Blob> {
        self.opened.get(sha256)
    }

    pub(super) fn open_blob(&self, sha256: &str) -> Result<Blob> {
        let map = Map::of_file(&self.path_of(sha256)?).map_err(missing_is_no_blob)?;
        let blob = Blob { map: Arc::new(map), name: Arc::from(sha256) };
        self.opened.keep(blob.clone());
        Ok(blob)
    }

    pub(super) fn put(&self, file: &Path, hashed: &Hashed) -> Result<()> {
        let target = self.path_of(hashed.sha256())?;
        if fs::metadata(&target).is_ok_and(|there| there.len() == hashed.size()) {
            fs::remove_file(file)?;
            return Ok(());
        }
        let folder = target.parent().unwrap_or(&self.dir);
        fs::create_dir_all(folder)?;
        let durable = File::open(file)?;
        durable.sync_all()?;
        if durable.metadata()?.len() != hashed.size() {
            return Err(Error::HashMismatch);
        }
        match fs::rename(file, &target) {
            Err(elsewhere) if elsewhere.kind() == ErrorKind::CrossesDevices => self.put_copy(file, hashed, &target)?,
            renamed => renamed?,
        }
        // The rename is durable only when the folder is, and a new folder only when its parent is.
        File::open(folder)?.sync_all()?;
        File::open(&self.dir)?.sync_all()?;
        self.opened.forget(hashed.sha256());
        Ok(())
    }

    /// From another file system: copy, checking the hash again on the way, then rename.
    fn put_copy(&self, file: &Path, hashed: &Hashed, target: &Path) -> Result<()> {
        let mut copy = self.temporary()?;
        if hash::copy_hashing(&mut File::open(file)?, copy.as_file_mut())? != *hashed {
            return Err(Error::HashMismatch);
        }
        copy.as_file().sync_all()?;
        copy.persist(target).map_err(|failed| failed.error)?;
        fs::remove_file(file)?;
        Ok(())
    }

    pub(super) fn quarantine(&self, sha256: &str) -> Result<PathBuf> {
        let source = self.path_of(sha256)?;
        let folder = self.dir.join("quarantine");
        fs::create_dir_all(&folder)?;
        let aside = (0..1000)
            .map(|turn| folder.join(format!("{sha256}-{turn}")))
            .find(|path| !path.exists())
            .ok_or(Error::Disk(ErrorKind::AlreadyExists.into()))?;
        fs::rename(source, &aside).map_err(missing_is_no_blob)?;
        self.opened.forget(sha256);
        File::open(&folder)?.sync_all()?;
        Ok(aside)
    }

    pub(super) fn temporary(&self) -> Result<tempfile::NamedTempFile> {
        Ok(tempfile::Builder::new().prefix("in-").tempfile_in(self.dir.join("incoming"))?)
    }
}

fn missing_is_no_blob(error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::NoSuchBlob,
        _ => Error::Disk(error),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use crate::store::{Store, hash_file};

    async fn store_with(bytes: &[u8]) -> (tempfile::TempDir, Store, Hashed) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let file = dir.path().join("new");
        fs::write(&file, bytes).unwrap();
        let hashed = hash_file(&file).unwrap();
        store.put(&file, &hashed).await.unwrap();
        assert!(!file.exists());
        (dir, store, hashed)
    }

    #[tokio::test]
    async fn a_blob_put_is_found_under_its_hash() {
        let (_dir, store, hashed) = store_with(b"seedlings").await;
        let blob = store.open_blob(hashed.sha256()).await.unwrap();
        assert_eq!((blob.len(), blob.sha256()), (9, hashed.sha256()));
        assert_eq!(blob.etag(), format!("\"{}\"", hashed.sha256()));
        assert!(store.path_of(hashed.sha256()).unwrap().ends_with(format!(
            "{}/{}",
            &blob.sha256()[..2],
            blob.sha256()
        )));
    }

    #[tokio::test]
    async fn an_empty_blob_can_be_kept() {
        let (_dir, store, hashed) = store_with(b"").await;
        assert!(store.open_blob(hashed.sha256()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn unknown_and_malformed_names_are_no_blobs() {
        let (_dir, store, _) = store_with(b"x").await;
        for name in ["0".repeat(64), "../../etc/passwd".to_owned(), String::new(), "F".repeat(64)] {
            assert!(matches!(store.open_blob(&name).await, Err(Error::NoSuchBlob)), "{name}");
        }
    }

    #[tokio::test]
    async fn putting_the_same_bytes_twice_keeps_one_copy() {
        let (dir, store, hashed) = store_with(b"twice").await;
        let again = dir.path().join("again");
        fs::write(&again, b"twice").unwrap();
        store.put(&again, &hashed).await.unwrap();
        assert!(!again.exists());
    }

    #[tokio::test]
    async fn a_file_that_grew_after_hashing_is_refused() {
        let (dir, store, _) = store_with(b"one").await;
        let file = dir.path().join("file");
        fs::write(&file, b"short").unwrap();
        let hashed = hash_file(&file).unwrap();
        fs::write(&file, b"no longer short").unwrap();
        assert!(matches!(store.put(&file, &hashed).await, Err(Error::HashMismatch)));
    }

    #[tokio::test]
    async fn a_quarantined_blob_is_gone_but_its_bytes_are_kept() {
        let (_dir, store, hashed) = store_with(b"rotten").await;
        let still_open = store.open_blob(hashed.sha256()).await.unwrap();
        let aside = store.quarantine(hashed.sha256()).await.unwrap();
        assert_eq!(fs::read(aside).unwrap(), b"rotten");
        assert!(matches!(store.open_blob(hashed.sha256()).await, Err(Error::NoSuchBlob)));
        assert_eq!(still_open.len(), 6);
    }
}
