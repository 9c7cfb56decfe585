//! The folder `incoming` of the data folder's store: bytes that are no blobs yet, or copies of blobs for one reading.

use crate::Result;
use entity::Moment;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Make the folder when it is missing.
pub(super) fn prepare(dir: &Path) -> Result<()> {
    Ok(fs::create_dir_all(folder(dir))?)
}

/// A new empty file, removed when it is dropped.
pub(super) fn temporary(dir: &Path) -> Result<tempfile::NamedTempFile> {
    Ok(tempfile::Builder::new().prefix("in-").tempfile_in(folder(dir))?)
}

/// Remove what nobody has written to since `before`, and say how many files that were.
pub(super) fn clear(dir: &Path, before: Moment) -> Result<u64> {
    let mut cleared = 0;
    for entry in fs::read_dir(folder(dir))? {
        let entry = entry?;
        // A file that its writer finishes at this moment is not stale.
        let Ok(info) = entry.metadata() else { continue };
        if !info.is_file() || moment(info.modified()?) >= before {
            continue;
        }
        match fs::remove_file(entry.path()) {
            Err(gone) if gone.kind() == ErrorKind::NotFound => {}
            removed => {
                removed?;
                cleared += 1;
            }
        }
    }
    Ok(cleared)
}

/// A file's time as an instant; before 1970 counts as 1970.
pub(super) fn moment(time: SystemTime) -> Moment {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("incoming")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_files_that_nobody_writes_to_are_cleared() {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path()).unwrap();
        let (old, new) = (dir.path().join("incoming/in-old"), dir.path().join("incoming/in-new"));
        for file in [&old, &new] {
            fs::write(file, b"half").unwrap();
        }
        let two_days = SystemTime::now() - Duration::from_secs(2 * 86_400);
        fs::File::options().write(true).open(&old).unwrap().set_modified(two_days).unwrap();
        let yesterday = moment(SystemTime::now() - Duration::from_secs(86_400));
        assert_eq!(clear(dir.path(), yesterday).unwrap(), 1);
        assert!(!old.exists() && new.exists());
    }
}
