//! The server's own secrets: one random master key in the data folder, from which each use derives its key.

use crate::failure::Failure;
use rand::TryRng;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Keys derived from the master key. Never printed.
#[derive(Clone)]
pub struct Keys {
    master: [u8; 32],
}

impl Keys {
    /// Read `secret.key` in the data folder, or make it at the first start. The file is kept at mode 0600.
    ///
    /// # Errors
    /// When the file cannot be read or written, has the wrong length, or the system has no randomness.
    pub fn open(data: &Path) -> Result<Self, Failure> {
        let path = data.join("secret.key");
        if !path.exists() {
            create(&path)?;
        }
        let failed = |cause| Failure::new(format!("无法读取密钥文件 {}", path.display()), cause);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let bytes = std::fs::read(&path).map_err(failed)?;
        let master =
            bytes.try_into().map_err(|_| Failure::say(format!("密钥文件 {} 已损坏：应为 32 字节", path.display())))?;
        Ok(Self { master })
    }

    /// The key of one use, such as `access-token`.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        // A fixed-length secret hashed before a label of our own: no length extension can name another label.
        let mut hash = Sha256::new();
        hash.update(self.master);
        hash.update([0]);
        hash.update(purpose.as_bytes());
        hash.finalize().into()
    }
}

fn create(path: &Path) -> Result<(), Failure> {
    let failed = |cause: std::io::Error| Failure::new(format!("无法写入密钥文件 {}", path.display()), cause);
    let mut key = [0u8; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut key).map_err(|cause| Failure::new("系统随机数不可用", cause.to_string()))?;
    let fresh = path.with_extension("key.new");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).map_err(failed)?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&fresh, path).map_err(failed)
}
