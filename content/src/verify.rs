//! Re-reads every blob against its name, and moves a rotten one aside so that nobody is served altered bytes.
//!
//! Changes no rows: a lesson whose blob is gone says so until the file is brought again.

use crate::store::{Store, blocking, hash_file};
use crate::{Error, Result};
use entity::media;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use std::fmt;
use std::path::PathBuf;

/// What verifying the store found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Blobs that were read.
    pub checked: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Media whose blob is not there.
    pub missing: Vec<Fault>,
    /// Media whose blob was altered, and now lies in quarantine.
    pub altered: Vec<Fault>,
}

/// One blob that is not as it should be.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name.
    pub sha256: String,
    /// The name its file came with.
    pub filename: String,
    /// Where the altered bytes lie now.
    pub quarantined: Option<PathBuf>,
}

impl Findings {
    /// Whether every blob is there and unaltered.
    pub fn is_sound(&self) -> bool {
        self.missing.is_empty() && self.altered.is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "媒体文件：核对 {} 个，共 {} 字节", self.checked, self.bytes)?;
        write!(f, "；缺失 {} 个，损坏 {} 个", self.missing.len(), self.altered.len())?;
        for fault in &self.missing {
            write!(f, "\n  缺失 {} {}", fault.sha256, fault.filename)?;
        }
        for fault in &self.altered {
            write!(f, "\n  损坏 {} {}", fault.sha256, fault.filename)?;
            if let Some(place) = &fault.quarantined {
                write!(f, "，已移至 {}", place.display())?;
            }
        }
        Ok(())
    }
}

/// Re-read the blob of every media row. `progress` is told how many of how many are done.
pub async fn verify(
    db: &impl ConnectionTrait,
    store: &Store,
    progress: &(impl Fn(u64, u64) + Sync),
) -> Result<Findings> {
    const PAGE: u64 = 500;
    let total = media::Entity::find().count(db).await?;
    let mut findings = Findings::default();
    let mut after = String::new();
    let mut done = 0;
    loop {
        let page = media::Entity::find()
            .filter(media::Column::Sha256.gt(&after))
            .order_by_asc(media::Column::Sha256)
            .limit(PAGE)
            .all(db)
            .await?;
        let Some(last) = page.last() else { return Ok(findings) };
        after.clone_from(&last.sha256);
        for row in page {
            check(store, &row, &mut findings).await?;
            done += 1;
            progress(done, total.max(done));
        }
    }
}

async fn check(store: &Store, row: &media::Model, findings: &mut Findings) -> Result<()> {
    let fault = |quarantined| Fault { sha256: row.sha256.clone(), filename: row.filename.clone(), quarantined };
    let path = store.path_of(&row.sha256)?;
    let hashed = match blocking(move || hash_file(&path)).await {
        Err(Error::Disk(absent)) if absent.kind() == std::io::ErrorKind::NotFound => {
            findings.missing.push(fault(None));
            return Ok(());
        }
        hashed => hashed?,
    };
    findings.checked += 1;
    findings.bytes += hashed.size();
    if hashed.sha256() != row.sha256 {
        findings.altered.push(fault(Some(store.quarantine(&row.sha256).await?)));
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use crate::intake::{Origin, copy_in};
    use crate::upload::tests::database;
    use entity::{Moment, UnitId};
    use std::sync::atomic::{AtomicU64, Ordering};

    #[tokio::test]
    async fn missing_and_altered_blobs_are_told_and_the_altered_one_is_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let (db, store) = (database().await, Store::open(dir.path()).unwrap());
        let mut names = Vec::new();
        for text in ["good", "gone", "rotten"] {
            let file = dir.path().join(text);
            std::fs::write(&file, text).unwrap();
            let origin = Origin { filename: text, unit_id: UnitId(1), by: None };
            names.push(copy_in(&db, &store, &file, &origin, Moment(1)).await.unwrap().sha256);
        }
        std::fs::remove_file(store.path_of(&names[1]).unwrap()).unwrap();
        std::fs::write(store.path_of(&names[2]).unwrap(), "ROTTEN").unwrap();

        let last = AtomicU64::new(0);
        let findings =
            verify(&db, &store, &|done, total| last.store(done * 100 + total, Ordering::Relaxed)).await.unwrap();
        assert!(!findings.is_sound());
        assert_eq!((findings.checked, findings.bytes, last.load(Ordering::Relaxed)), (2, 10, 303));
        assert_eq!(findings.missing[0].sha256, names[1]);
        assert_eq!(findings.altered[0].filename, "rotten");
        assert!(matches!(store.open_blob(&names[2]).await, Err(Error::NoSuchBlob)));
        assert!(findings.to_string().contains("缺失 1 个，损坏 1 个"));
    }
}
