//! The folder where results grow before they are blobs, and how it is kept clean across kills.
//!
//! Each process has its own folder below `DATA/prepare` and holds a lock in it. A folder whose lock is free belongs to
//! a process that died, and is removed with everything in it.

use crate::Result;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// This process's folder; removed when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    dir: PathBuf,
    _held: File,
}

const LOCK: &str = "lock";

impl Scratch {
    /// Make a folder of our own below the data folder, and remove those of the dead. Blocks.
    pub(super) fn open(data: &Path) -> Result<Self> {
        let above = data.join("prepare");
        fs::create_dir_all(&above)?;
        // Held until the end of this function: nobody sweeps a folder between its making and its locking.
        let entrance = File::options().create(true).truncate(false).write(true).open(above.join(LOCK))?;
        entrance.lock()?;
        for entry in fs::read_dir(&above)?.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_left_behind(&entry.path()) {
                remove(&entry.path());
            }
        }
        let dir = tempfile::Builder::new().prefix("at-").tempdir_in(&above)?.keep();
        let held = File::create(dir.join(LOCK))?;
        held.lock()?;
        Ok(Self { dir, _held: held })
    }

    /// A folder for one job, removed when it is dropped.
    pub(super) fn folder(&self) -> Result<tempfile::TempDir> {
        Ok(tempfile::Builder::new().prefix("job-").tempdir_in(&self.dir)?)
    }

    /// Bytes that are free on this disk.
    pub(super) fn free_bytes(&self) -> Result<u64> {
        let disk = rustix::fs::statvfs(&self.dir).map_err(std::io::Error::from)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}

/// What cannot be removed costs room, and keeps nobody from working.
fn remove(dir: &Path) {
    if let Err(cause) = fs::remove_dir_all(dir) {
        tracing::warn!(%cause, dir = %dir.display(), "could not remove a folder of preparation; the next start tries again");
    }
}

fn is_left_behind(dir: &Path) -> bool {
    match File::options().write(true).open(dir.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(absent) => absent.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_dead_process_leaves_nothing_and_a_living_one_keeps_its_folder() {
        let data = tempfile::tempdir().unwrap();
        let living = Scratch::open(data.path()).unwrap();
        let dead = data.path().join("prepare/at-dead");
        fs::create_dir_all(dead.join("job-1")).unwrap();
        fs::write(dead.join(LOCK), b"").unwrap();
        fs::write(dead.join("job-1/out"), b"half a film").unwrap();
        let other = Scratch::open(data.path()).unwrap();
        assert!(!dead.exists() && living.dir.exists() && other.dir.exists());
        assert!(other.free_bytes().unwrap() > 0);
        let place = other.dir.clone();
        drop(other);
        assert!(!place.exists() && living.dir.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_removed_keeps_nobody_from_working() {
        use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let dead = data.path().join("prepare/at-dead");
        fs::create_dir_all(&dead).unwrap();
        fs::write(dead.join("out"), b"half a film").unwrap();
        let folder = File::open(&dead).unwrap();
        // Nobody removes anything from it: not its owner, and where the file system knows the flag, not root either.
        fs::set_permissions(&dead, fs::Permissions::from_mode(0o500)).unwrap();
        let flags = ioctl_getflags(&folder).unwrap_or(IFlags::empty());
        let _ = ioctl_setflags(&folder, flags | IFlags::IMMUTABLE);
        let opened = Scratch::open(data.path());
        let _ = ioctl_setflags(&folder, flags);
        assert!(opened.is_ok_and(|scratch| scratch.folder().is_ok()));
        if dead.exists() {
            fs::set_permissions(&dead, fs::Permissions::from_mode(0o700)).unwrap();
        }
    }
}
