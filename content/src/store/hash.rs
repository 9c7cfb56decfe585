//! SHA-256 of files, and the form a blob's name has.

use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// A hash and length that were computed by reading the bytes, which is the only way to make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashed {
    sha256: String,
    size: u64,
}

impl Hashed {
    /// The hash in lower-case hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Read the whole file and hash it. Blocks; call it from a blocking thread.
pub fn hash_file(path: &Path) -> Result<Hashed> {
    copy_hashing(&mut File::open(path)?, &mut std::io::sink())
}

/// Read the whole file and hash it, raising `read` on the way. Blocks.
pub(super) fn hash_counting(path: &Path, read: &AtomicU64) -> Result<Hashed> {
    struct Counting<'a>(&'a AtomicU64);
    impl Write for Counting<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    copy_hashing(&mut File::open(path).map_err(missing_is_no_blob)?, &mut Counting(read))
}

/// A hash in the making, for bytes that come in pieces.
#[derive(Default)]
pub(super) struct Hashing {
    hasher: Sha256,
    size: u64,
}

impl Hashing {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
    }

    pub(super) fn end(self) -> Hashed {
        Hashed { sha256: hex(&self.hasher.finalize()), size: self.size }
    }
}

/// A file that is not there is a blob that is not there.
pub(super) fn missing_is_no_blob(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::NoSuchBlob,
        _ => Error::Disk(error),
    }
}

/// Copy everything from `from` to `to`, hashing on the way. Blocks.
pub(crate) fn copy_hashing(from: &mut impl Read, to: &mut impl Write) -> Result<Hashed> {
    let mut hashing = Hashing::default();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(interrupted) if interrupted.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        hashing.take(bytes);
        to.write_all(bytes)?;
    }
    Ok(hashing.end())
}

/// Whether the text is a SHA-256 in lower-case hex, and so a safe file name.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nothing_is_the_known_one() -> Result<()> {
        let hashed = copy_hashing(&mut std::io::empty(), &mut std::io::sink())?;
        assert_eq!(hashed.sha256(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hashed.size(), 0);
        Ok(())
    }

    #[test]
    fn a_name_is_64_lower_case_hex_digits() {
        assert!(is_name(&"0f".repeat(32)));
        assert!(!is_name(&"0F".repeat(32)));
        assert!(!is_name(&"0f".repeat(31)));
        assert!(!is_name(&format!("../{}", "0".repeat(61))));
    }
}
