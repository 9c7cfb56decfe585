//! The server's own secrets: one random master key in the data folder, from which each use derives its key.
//!
//! The key can be replaced. The one before it is kept, so that what lives for hours (tickets) outlives the change; access
//! tokens live for minutes and are made anew from refresh tokens, which no key signs.

use crate::failure::Failure;
use rand::TryRng;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// Keys derived from the master key. Never printed.
#[derive(Clone)]
pub struct Keys {
    master: [u8; 32],
    previous: Option<[u8; 32]>,
}

/// The master key's file in the data folder.
const CURRENT: &str = "secret.key";
/// The file of the master key before it.
const PREVIOUS: &str = "secret.previous.key";

impl Keys {
    /// Read `secret.key` in the data folder, or make it at the first start. The file is kept at mode 0600.
    ///
    /// # Errors
    /// When the file cannot be read or written, has the wrong length, or the system has no randomness.
    pub fn open(data: &Path) -> Result<Self, Failure> {
        let path = data.join(CURRENT);
        if !path.exists() {
            create(&path)?;
        }
        let previous = data.join(PREVIOUS);
        let previous = if is_recent(&previous) { Some(read(&previous)?) } else { None };
        Ok(Self { master: read(&path)?, previous })
    }

    /// Replace the master key; takes effect when the server starts next. The old key is kept for what it signed,
    /// unless it was seen by somebody (`leaked`).
    ///
    /// # Errors
    /// When the files cannot be read or written, or the system has no randomness.
    pub fn rotate(data: &Path, leaked: bool) -> Result<(), Failure> {
        let (current, previous) = (data.join(CURRENT), data.join(PREVIOUS));
        let failed = |cause| Failure::new(format!("无法写入密钥文件 {}", previous.display()), cause);
        let old = read(&current)?;
        if leaked {
            match std::fs::remove_file(&previous) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(failed(cause)),
                _ => {}
            }
        } else {
            write(&previous, &old)?;
        }
        create(&current)
    }

    /// The key of one use, such as `access-token`.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        derived(&self.master, purpose)
    }

    /// What [`Keys::derive`] gave before the key was replaced.
    pub fn derive_previous(&self, purpose: &str) -> Option<[u8; 32]> {
        self.previous.as_ref().map(|master| derived(master, purpose))
    }
}

/// Nothing that a key signs lives for a day, so an older one is of no use to anybody but a thief.
fn is_recent(previous: &Path) -> bool {
    let written = std::fs::metadata(previous).and_then(|file| file.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < Duration::from_secs(24 * 3600)))
}

fn derived(master: &[u8; 32], purpose: &str) -> [u8; 32] {
    // A fixed-length secret hashed before a label of our own: no length extension can name another label.
    let mut hash = Sha256::new();
    hash.update(master);
    hash.update([0]);
    hash.update(purpose.as_bytes());
    hash.finalize().into()
}

fn read(path: &Path) -> Result<[u8; 32], Failure> {
    let failed = |cause| Failure::new(format!("无法读取密钥文件 {}", path.display()), cause);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    let bytes = std::fs::read(path).map_err(failed)?;
    bytes.try_into().map_err(|_| Failure::say(format!("密钥文件 {} 已损坏：应为 32 字节", path.display())))
}

fn create(path: &Path) -> Result<(), Failure> {
    let mut key = [0u8; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut key).map_err(|cause| Failure::new("系统随机数不可用", cause.to_string()))?;
    write(path, &key)
}

fn write(path: &Path, key: &[u8; 32]) -> Result<(), Failure> {
    let failed = |cause: std::io::Error| Failure::new(format!("无法写入密钥文件 {}", path.display()), cause);
    let fresh = path.with_extension("key.new");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).map_err(failed)?;
    file.write_all(key).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&fresh, path).map_err(failed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_key_is_remembered_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = Keys::open(folder.path()).unwrap();
        assert_eq!(first.derive_previous("ticket"), None);
        Keys::rotate(folder.path(), false).unwrap();
        let second = Keys::open(folder.path()).unwrap();
        assert_ne!(second.derive("ticket"), first.derive("ticket"));
        assert_eq!(second.derive_previous("ticket"), Some(first.derive("ticket")));
        Keys::rotate(folder.path(), false).unwrap();
        let third = Keys::open(folder.path()).unwrap();
        assert_eq!(third.derive_previous("ticket"), Some(second.derive("ticket")));
    }

    #[test]
    fn a_leaked_key_is_forgotten_at_once() {
        let folder = tempfile::tempdir().unwrap();
        Keys::open(folder.path()).unwrap();
        Keys::rotate(folder.path(), false).unwrap();
        Keys::rotate(folder.path(), true).unwrap();
        assert_eq!(Keys::open(folder.path()).unwrap().derive_previous("ticket"), None);
    }

    #[test]
    fn only_the_owner_may_read_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        Keys::open(folder.path()).unwrap();
        Keys::rotate(folder.path(), false).unwrap();
        Keys::open(folder.path()).unwrap();
        for name in [CURRENT, PREVIOUS] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
