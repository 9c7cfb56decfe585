//! A file becomes media: probed, put into the store, and given its row.
//!
//! The one way in for uploads, imports and the demo. Who may bring files, and how they travelled, is decided before.

use crate::probe::{Probe, probe};
use crate::store::{Hashed, Store, blocking, copy_hashing, hash_file};
use crate::{Error, Result};
use entity::{AccountId, Moment, UnitId, Verb, audit, media};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, TransactionSession, TransactionTrait};
use std::path::Path;

/// Where a file comes from.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// The name it came with; sanitised here.
    pub filename: &'a str,
    /// The unit that brings it.
    pub unit_id: UnitId,
    /// Who brings it; `None` for the command line.
    pub by: Option<AccountId>,
}

/// Copy `file` into the store and give it a row; `file` stays. The same bytes brought again are the same media.
pub async fn copy_in(
    db: &(impl ConnectionTrait + TransactionTrait),
    store: &Store,
    file: &Path,
    origin: &Origin<'_>,
    now: Moment,
) -> Result<media::Model> {
    let temporary = store.temporary()?;
    let (from, copy) = (file.to_owned(), temporary.path().to_owned());
    let hashed =
        blocking(move || copy_hashing(&mut std::fs::File::open(from)?, &mut std::fs::File::create(copy)?)).await?;
    move_in(db, store, temporary.path(), &hashed, origin, now).await
}

/// Take `file` into the store and give it a row. The same bytes brought again are the same media, and cost no copy.
///
/// A file that is left over is the caller's to remove.
pub async fn move_in(
    db: &(impl ConnectionTrait + TransactionTrait),
    store: &Store,
    file: &Path,
    hashed: &Hashed,
    origin: &Origin<'_>,
    now: Moment,
) -> Result<media::Model> {
    let filename = clean_filename(origin.filename);
    let (path, name) = (file.to_owned(), filename.clone());
    let facts = blocking(move || probe(&path, &name)).await?;
    let row = row_of(hashed, facts, filename, origin, now)?;
    let mut again = 3;
    loop {
        store.put(file, hashed).await?;
        match add_row(db, store, row.clone(), now).await {
            // The blob was there, unused for long, and was collected at this very moment: bring it again.
            Err(Error::NoSuchBlob) if again > 0 && file.exists() => again -= 1,
            added => return added,
        }
    }
}

/// Give a blob that is in the store already its row, as when the process died between the two.
pub async fn adopt(
    db: &(impl ConnectionTrait + TransactionTrait),
    store: &Store,
    sha256: &str,
    origin: &Origin<'_>,
    now: Moment,
) -> Result<media::Model> {
    if let Some(row) = media::Entity::find_by_id(sha256).one(db).await? {
        return Ok(row);
    }
    let copy = store.local_copy(sha256).await?;
    let name = clean_filename(origin.filename);
    let filename = name.clone();
    let (hashed, facts) = blocking(move || Ok((hash_file(copy.path())?, probe(copy.path(), &name)?))).await?;
    if hashed.sha256() != sha256 {
        return Err(Error::HashMismatch);
    }
    add_row(db, store, row_of(&hashed, facts, filename, origin, now)?, now).await
}

/// A name that is safe to show and to offer for a download: no folders, no control or direction characters, not too
/// long; `未命名` when nothing is left.
pub fn clean_filename(name: &str) -> String {
    const LONGEST: usize = 120;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let harmless = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
    };
    let clean: String = last.chars().filter(harmless).map(|c| if "\"<>|*?:".contains(c) { '_' } else { c }).collect();
    let clean = clean.trim().trim_matches('.').trim();
    if clean.is_empty() {
        return "未命名".to_owned();
    }
    if clean.chars().count() <= LONGEST {
        return clean.to_owned();
    }
    // The extension is worth more than the end of the name.
    let (stem, extension) = clean.rsplit_once('.').filter(|(_, ext)| ext.len() <= 8).unwrap_or((clean, ""));
    let stem: String = stem.chars().take(LONGEST - 9).collect();
    if extension.is_empty() { stem } else { format!("{stem}.{extension}") }
}

fn row_of(
    hashed: &Hashed,
    facts: Probe,
    filename: String,
    origin: &Origin<'_>,
    now: Moment,
) -> Result<media::ActiveModel> {
    Ok(media::ActiveModel {
        sha256: Set(hashed.sha256().to_owned()),
        size_bytes: Set(i64::try_from(hashed.size()).map_err(std::io::Error::other)?),
        mime: Set(facts.mime),
        filename: Set(filename),
        duration_ms: Set(facts.duration_ms),
        width: Set(facts.width),
        height: Set(facts.height),
        codecs: Set(facts.codecs),
        faststart: Set(facts.faststart),
        unit_id: Set(origin.unit_id),
        uploaded_by: Set(origin.by),
        created_at: Set(now),
    })
}

/// Insert the row, unless there is one; `NoSuchBlob` when the blob it names is not in the store.
///
/// The look at the store comes after the insert, inside the transaction: the collector (`collect`) removes a blob only
/// while no such transaction is open, so either it sees this row or we see that the blob is gone.
async fn add_row(
    db: &(impl ConnectionTrait + TransactionTrait),
    store: &Store,
    row: media::ActiveModel,
    now: Moment,
) -> Result<media::Model> {
    let txn = db.begin().await?;
    let (sha256, by, filename) =
        (row.sha256.clone().unwrap(), row.uploaded_by.clone().unwrap(), row.filename.clone().unwrap());
    // Two uploads of the same bytes may end at the same moment: the first row stays.
    let keep_first = OnConflict::column(media::Column::Sha256).do_nothing().to_owned();
    let added = media::Entity::insert(row).on_conflict(keep_first).exec_without_returning(&txn).await?;
    if added > 0 {
        let note = audit::line(now, by, Verb::MediaAdd, format!("media:{sha256}"), filename);
        note.insert(&txn).await?;
    }
    if !store.contains(&sha256).await? {
        return Err(Error::NoSuchBlob);
    }
    let row = media::Entity::find_by_id(&sha256).one(&txn).await?.ok_or(Error::NoSuchBlob)?;
    crate::prepare::enqueue(&txn, &row, now).await?;
    txn.commit().await?;
    Ok(row)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use crate::upload::tests::database;
    use proptest::prelude::*;

    #[tokio::test]
    async fn no_row_is_added_for_a_blob_that_was_collected_after_it_was_put() {
        let (db, dir) = (database().await, tempfile::tempdir().unwrap());
        let store = Store::open(dir.path()).unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "seedlings").unwrap();
        let hashed = hash_file(&file).unwrap();
        store.put(&file, &hashed).await.unwrap();
        assert!(store.remove(hashed.sha256(), Moment(i64::MAX)).await.unwrap());
        let origin = Origin { filename: "file", unit_id: UnitId(1), by: None };
        let row = row_of(&hashed, Probe::default(), "file".to_owned(), &origin, Moment(1)).unwrap();
        assert!(matches!(add_row(&db, &store, row, Moment(1)).await, Err(Error::NoSuchBlob)));
        assert!(media::Entity::find().one(&db).await.unwrap().is_none());
    }

    #[test]
    fn a_file_name_keeps_its_words_and_loses_its_tricks() {
        assert_eq!(clean_filename("水稻育秧.mp4"), "水稻育秧.mp4");
        assert_eq!(clean_filename("../../etc/passwd"), "passwd");
        assert_eq!(clean_filename("C:\\课件\\第一课.mp4"), "第一课.mp4");
        assert_eq!(clean_filename("a\u{202e}4pm.exe\r\n"), "a4pm.exe");
        assert_eq!(clean_filename("a\"b<c>.txt"), "a_b_c_.txt");
        assert_eq!(clean_filename(" .. "), "未命名");
        assert!(clean_filename(&format!("{}.mp4", "课".repeat(500))).ends_with("课.mp4"));
    }

    proptest! {
        #[test]
        fn a_clean_name_is_never_empty_or_long_and_cleaning_it_changes_nothing(name in ".{0,300}") {
            let clean = clean_filename(&name);
            prop_assert!(!clean.is_empty() && clean.chars().count() <= 120);
            prop_assert!(!clean.contains(['/', '\\', '"', '\n']));
        }
    }
}
