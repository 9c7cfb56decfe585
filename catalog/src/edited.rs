//! A text file that people edit beside a running server: read again when it has changed, and kept as it was when it
//! can't be read.

use crate::Result;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

/// Largest file read, in bytes, so that a wrong one cannot fill the memory.
const MAX_BYTES: u64 = 2 << 20;

/// The file and what it said when last read.
pub(crate) struct EditedFile<T> {
    path: PathBuf,
    parse: fn(&str) -> T,
    read: RwLock<(Option<SystemTime>, Arc<T>)>,
    /// The last reading failed, which was said.
    failed: AtomicBool,
}

impl<T: Default> EditedFile<T> {
    /// Opens a file, writing `default` when there is none.
    pub fn open(path: PathBuf, default: &str, parse: fn(&str) -> T) -> Result<Self> {
        if !path.exists() {
            std::fs::write(&path, default)?;
        }
        let file = Self { path, parse, read: RwLock::default(), failed: AtomicBool::new(false) };
        file.refresh();
        Ok(file)
    }

    /// Reads the file when it has changed, and answers whether it had. A failure is said once in the log.
    pub fn refresh(&self) -> bool {
        let outcome = read_changed(&self.path, self.read.read().unwrap_or_else(PoisonError::into_inner).0);
        let failed = outcome.is_err();
        let failed_before = self.failed.swap(failed, Ordering::Relaxed);
        match outcome {
            Ok(None) => false,
            Ok(Some((changed, text))) => {
                let fresh = Arc::new((self.parse)(&text));
                *self.read.write().unwrap_or_else(PoisonError::into_inner) = (changed, fresh);
                true
            }
            Err(cause) => {
                if !failed_before {
                    tracing::warn!(%cause, path = %self.path.display(), "can't be read; what was read last stays");
                }
                false
            }
        }
    }

    /// What the file said when last read.
    pub fn said(&self) -> Arc<T> {
        self.read.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

fn read_changed(path: &Path, known: Option<SystemTime>) -> Result<Option<(Option<SystemTime>, String)>> {
    let meta = std::fs::metadata(path)?;
    let changed = meta.modified().ok();
    if changed.is_some() && changed == known {
        return Ok(None);
    }
    if meta.len() > MAX_BYTES {
        return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge).into());
    }
    Ok(Some((changed, decoded(&std::fs::read(path)?).into_owned())))
}

/// UTF-8, or the GB18030 that Windows' own editor writes.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text.trim_start_matches('\u{feff}')),
        Err(_) => encoding_rs::GB18030.decode(bytes).0,
    }
}

/// The lines of such a file that say something, each cut at commas and the like of either width.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split([',', '\u{ff0c}', '、', ';', '；', '\t']).map(str::trim).collect())
}
