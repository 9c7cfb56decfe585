//! Builds of the index, each in a folder of its own below `index/`: opening, making, listing and clearing them away.
//!
//! A build counts only once its first commit is complete, so a process that dies at any moment leaves the one before or
//! a new one, never half of one.

use super::indexer::{self, Payload};
use super::schema::{self, Fields};
use super::soundness;
use crate::Result;
use sea_orm::DatabaseConnection;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tantivy::directory::{Directory, INDEX_WRITER_LOCK};
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::{IndexReader, IndexSettings, ReloadPolicy};

/// How old a folder must be that is no index yet and may be taken for one whose maker is gone.
const ABANDONED: Duration = Duration::from_secs(600);

/// One build of the index.
pub(crate) struct Generation {
    /// Higher is newer.
    pub number: u64,
    /// The index.
    pub index: tantivy::Index,
    /// Its reader, reloaded by hand.
    pub reader: IndexReader,
}

impl Generation {
    /// The newest complete build of the current schema.
    pub fn newest(folder: &Path) -> Result<Option<Self>> {
        Ok(numbers(folder)?.into_iter().rev().find_map(|number| Self::open(folder, number)))
    }

    /// The newest complete build above this number.
    pub fn newer(folder: &Path, than: u64) -> Result<Option<Self>> {
        let newer = numbers(folder)?.into_iter().rev().take_while(|number| *number > than);
        Ok(newer.filter_map(|number| Self::open(folder, number)).next())
    }

    /// Builds anew beside those that are there, and says how many lessons it holds.
    pub async fn build(folder: &Path, fields: &Fields, db: &DatabaseConnection) -> Result<(Self, usize)> {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let number = numbers(folder)?.last().map_or(clock, |last| clock.max(last + 1));
        let path = path_of(folder, number);
        std::fs::create_dir_all(&path)?;
        let compressor = Compressor::Zstd(ZstdCompressor::default());
        let settings = IndexSettings { docstore_compression: compressor, ..IndexSettings::default() };
        let builder = tantivy::Index::builder().schema(schema::build().0).settings(settings);
        let mut index = builder.tokenizers(schema::tokenizers()).create_in_dir(&path)?;
        index.set_tokenizers(schema::tokenizers());
        let count = indexer::fill(db, &index, fields).await?;
        soundness::list_all(&path, &index)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok((Self { number, index, reader }, count))
    }

    fn open(folder: &Path, number: u64) -> Option<Self> {
        let path = path_of(folder, number);
        let mut index = tantivy::Index::open_in_dir(&path).ok()?;
        index.set_tokenizers(schema::tokenizers());
        payload_of(&index).filter(|payload| payload.schema == schema::VERSION)?;
        soundness::unlisted_are_sound(&path, &index).ok().filter(|sound| *sound)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().ok()?;
        Some(Self { number, index, reader })
    }

    /// What the last commit says about itself.
    pub fn payload(&self) -> Option<Payload> {
        payload_of(&self.index)
    }
}

/// Whether every file of a build is as it was written; reads all of it.
pub(crate) fn is_sound(folder: &Path, number: u64) -> Result<bool> {
    soundness::all_are_sound(&path_of(folder, number))
}

fn payload_of(index: &tantivy::Index) -> Option<Payload> {
    serde_json::from_str(&index.load_metas().ok()?.payload?).ok()
}

fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("g{number}"))
}

/// Whether a build still lies where it was written: an open one can be searched long after it was removed.
pub(crate) fn is_there(folder: &Path, number: u64) -> bool {
    path_of(folder, number).join("meta.json").exists()
}

/// The numbers of the builds in the folder, complete or not, in order; none where there is no folder.
fn numbers(folder: &Path) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Err(absent) if absent.kind() == std::io::ErrorKind::NotFound => return Ok(numbers),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        numbers.extend(
            name.to_str().and_then(|name| name.strip_prefix('g')).and_then(|number| number.parse::<u64>().ok()),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Removes the builds before this one, and later ones that nobody is making any more.
pub(crate) fn clear(folder: &Path, keep: u64) -> Result<()> {
    for number in numbers(folder)?.into_iter().filter(|number| *number != keep) {
        let path = path_of(folder, number);
        if (number < keep || is_abandoned(&path))
            && let Err(cause) = std::fs::remove_dir_all(&path)
        {
            tracing::debug!(%cause, number, "an old search index could not be removed yet");
        }
    }
    Ok(())
}

/// Not complete, and nobody holds the lock of its writer: its maker died.
fn is_abandoned(path: &Path) -> bool {
    let age = std::fs::metadata(path).and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
    match tantivy::Index::open_in_dir(path) {
        Ok(index) => payload_of(&index).is_none() && index.directory().acquire_lock(&INDEX_WRITER_LOCK).is_ok(),
        Err(_) => age.is_some_and(|age| age > ABANDONED),
    }
}
