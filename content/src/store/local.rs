//! Blobs in a folder: `ab/abcdef...`, with `incoming` for what is on its way and `quarantine` for what rotted.

use super::{Blob, Hashed, KEPT_OPEN, Map, Opened, Source, Stored, hash, incoming};
use crate::{Error, Result};
use entity::Moment;
use hash::missing_is_no_blob;
use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A store in one folder.
#[derive(Debug)]
pub struct Local {
    dir: PathBuf,
    opened: Opened,
}

impl Local {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        incoming::prepare(dir)?;
        Ok(Self { dir: dir.to_owned(), opened: Opened::keeping(KEPT_OPEN) })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
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
        let blob = Blob { name: Arc::from(sha256), source: Source::Mapped(Arc::new(map)) };
        self.opened.keep(blob.clone());
        Ok(blob)
    }

    pub(super) fn put(&self, file: &Path, hashed: &Hashed) -> Result<()> {
        let target = self.path_of(hashed.sha256())?;
        if self.is_kept(&target, hashed)? {
            return Ok(());
        }
        let folder = target.parent().unwrap_or(&self.dir);
        fs::create_dir_all(folder)?;
        let durable = File::open(file)?;
        // However long its bytes took to come, it is new from now on.
        durable.set_modified(SystemTime::now())?;
        durable.set_permissions(readable_as(folder)?)?;
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

    /// Whether the blob is there already; then it counts as put now, so that nobody collects it as long unused.
    fn is_kept(&self, target: &Path, hashed: &Hashed) -> Result<bool> {
        let there = match File::open(target) {
            Err(absent) if absent.kind() == ErrorKind::NotFound => return Ok(false),
            there => there?,
        };
        if there.metadata()?.len() != hashed.size() {
            return Ok(false);
        }
        // The owner of the file may be another one; then the check inside the collector's transaction must do.
        let _ = there.set_modified(SystemTime::now());
        Ok(true)
    }

    /// From another file system: copy, checking the hash again on the way, then rename.
    fn put_copy(&self, file: &Path, hashed: &Hashed, target: &Path) -> Result<()> {
        let mut copy = incoming::temporary(&self.dir)?;
        if hash::copy_hashing(&mut File::open(file)?, copy.as_file_mut())? != *hashed {
            return Err(Error::HashMismatch);
        }
        copy.as_file().set_permissions(readable_as(target.parent().unwrap_or(&self.dir))?)?;
        copy.as_file().sync_all()?;
        copy.persist(target).map_err(|failed| failed.error)?;
        // The blob is in. A file that cannot be removed is left to the caller, like one that was never needed.
        let _ = fs::remove_file(file);
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

    pub(super) fn remove(&self, sha256: &str, before: Moment) -> Result<bool> {
        let path = self.path_of(sha256)?;
        let put_at = match fs::metadata(&path) {
            Err(gone) if gone.kind() == ErrorKind::NotFound => return Ok(false),
            info => incoming::moment(info?.modified()?),
        };
        if put_at >= before {
            return Ok(false);
        }
        fs::remove_file(path)?;
        self.opened.forget(sha256);
        Ok(true)
    }

    pub(super) fn shelf(&self, first: u8) -> Result<Vec<Stored>> {
        let entries = match fs::read_dir(self.dir.join(format!("{first:02x}"))) {
            Err(absent) if absent.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut stored = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Some(sha256) = entry.file_name().to_str().filter(|name| hash::is_name(name)).map(str::to_owned) else {
                continue;
            };
            // One that is removed at this moment is no longer in the store.
            let Ok(info) = entry.metadata() else { continue };
            stored.push(Stored { sha256, size: info.len(), put_at: incoming::moment(info.modified()?) });
        }
        Ok(stored)
    }
}

/// Whoever may look into the folder may read the blob, however it came: a proxy that sends blobs itself runs as
/// another user. The folder was made as the server's umask has it.
fn readable_as(folder: &Path) -> Result<Permissions> {
    Ok(Permissions::from_mode(0o600 | fs::metadata(folder)?.permissions().mode() & 0o044))
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
        (dir, store, hashed)
    }

    #[tokio::test]
    async fn a_blob_put_is_found_under_its_hash() {
        let (_dir, store, hashed) = store_with(b"seedlings").await;
        let blob = store.open_blob(hashed.sha256()).await.unwrap();
        assert_eq!((blob.len(), blob.sha256()), (9, hashed.sha256()));
        assert_eq!(blob.etag(), format!("\"{}\"", hashed.sha256()));
        let copy = store.local_copy(hashed.sha256()).await.unwrap();
        assert!(copy.path().ends_with(format!("{}/{}", &blob.sha256()[..2], blob.sha256())));
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
        let shelf = u8::from_str_radix(&hashed.sha256()[..2], 16).unwrap();
        assert_eq!(store.shelf(shelf).await.unwrap().len(), 1);
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

    #[tokio::test]
    async fn whoever_may_look_into_the_folder_may_read_a_blob_however_it_came() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let local = Local::open(&dir.path().join("media")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let private = |text: &str| {
            let file = dir.path().join(text);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            (hash_file(&file).unwrap(), file)
        };
        let (renamed, file) = private("renamed");
        store.put(&file, &renamed).await.unwrap();
        let temporary = store.temporary().unwrap();
        fs::write(temporary.path(), "brought").unwrap();
        let brought = hash_file(temporary.path()).unwrap();
        assert_eq!(mode(temporary.path()), 0o600);
        store.put(temporary.path(), &brought).await.unwrap();
        let (copied, file) = private("copied");
        let target = local.path_of(copied.sha256()).unwrap();
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        local.put_copy(&file, &copied, &target).unwrap();
        for hashed in [renamed, brought, copied] {
            let blob = local.path_of(hashed.sha256()).unwrap();
            let folder = blob.parent().unwrap();
            assert_eq!(mode(&blob), 0o600 | mode(folder) & 0o044);
            assert_ne!(mode(folder), 0o700, "the umask of this test says nothing");
        }
        // A folder that others may not look into, as under umask 0077, says so for its blobs.
        let (closed, file) = private("closed");
        let blob = local.path_of(closed.sha256()).unwrap();
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::set_permissions(blob.parent().unwrap(), Permissions::from_mode(0o750)).unwrap();
        store.put(&file, &closed).await.unwrap();
        assert_eq!(mode(&blob), 0o640);
    }

    #[test]
    fn a_copy_is_in_the_store_even_when_its_source_cannot_be_removed() {
        let dir = tempfile::tempdir().unwrap();
        let local = Local::open(dir.path()).unwrap();
        // What lies in /proc can be read, and nobody can remove it.
        let source = Path::new("/proc/version");
        let hashed = hash_file(source).unwrap();
        let target = dir.path().join("blob");
        local.put_copy(source, &hashed, &target).unwrap();
        assert_eq!(fs::read(target).unwrap(), fs::read(source).unwrap());
    }
}
