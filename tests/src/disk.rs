//! A small disk of its own, for what a server does when there is no room.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory, mounted until it is dropped.
pub struct Disk {
    at: PathBuf,
}

impl Disk {
    /// Mount one of `mebibytes` at this folder, which must be there; `None` when this is not run as root, who alone may. In
    /// CI it always is.
    pub fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        let root = crate::process::is_root();
        assert!(root || std::env::var("CI").is_err(), "in CI the tests must run as root, to mount a small disk");
        if !root {
            return None;
        }
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).status().unwrap();
        assert!(mounted.success());
        Some(Self { at: at.to_owned() })
    }

    /// Take all the room there is, to the last byte.
    pub fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        for size in [1 << 20, 4096, 1] {
            let piece = vec![0x2A_u8; size];
            loop {
                match ballast.write(&piece) {
                    Ok(_) => {}
                    Err(full) if full.kind() == ErrorKind::StorageFull => break,
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }

    /// Give the room back.
    pub fn relieve(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server inside the test still has files open there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}
