//! Courses on their way between servers: a package is checked and taken in, or written out.
//!
//! Joins what siblings own: `content` reads and writes packages, `roster` reads tables, `catalog` knows what lines mean.

mod export;

pub use export::{Exporting, write};

use crate::database::Database;
use catalog::caption::NewCaption;
use catalog::import::{Files, Manifest, MediaFile, Plan, Summary, Terms};
use content::caption::Captions;
use content::intake::Origin;
use content::package::{Found, Package};
use content::store::Store;
use entity::{AccountId, Moment, UnitId, media};
use sea_orm::EntityTrait;
use std::collections::{HashMap, HashSet};

/// Why a package could not be checked, taken in or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The package or one of its files; the store.
    #[error(transparent)]
    Content(#[from] content::Error),
    /// The lessons.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The manifest is no table.
    #[error(transparent)]
    Table(#[from] roster::Error),
    /// The thread that read it was stopped.
    #[error("stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

/// A package that was looked through, and what importing it would do.
#[derive(Debug)]
pub struct Checked {
    /// What it would do.
    pub plan: Plan,
    package: Package,
    files: Files,
}

/// Who imports, for which unit.
#[derive(Clone, Debug)]
pub struct Importer {
    /// On whose word.
    pub terms: Terms,
    /// The unit that will keep the lessons.
    pub unit: UnitId,
    /// Who; `None` for the command line.
    pub by: Option<AccountId>,
    /// SHA-256 of recordings that are here and not theirs to use.
    pub withheld: HashSet<String>,
}

/// Reads the manifest of a package.
///
/// # Errors
/// When the package is refused, or the manifest is neither JSONL nor a table with the headings.
pub async fn manifest(package: &Package) -> Result<Manifest, Error> {
    let package = package.clone();
    tokio::task::spawn_blocking(move || {
        let bytes = package.manifest()?;
        let is_jsonl =
            |text: &&str| matches!(text.trim_start_matches('\u{feff}').trim_start().chars().next(), None | Some('{'));
        if let Some(text) = std::str::from_utf8(&bytes).ok().filter(is_jsonl) {
            return Ok(Manifest::of_jsonl(text));
        }
        let sheet = roster::import::read(&bytes, "")?;
        let tables: Vec<&[(usize, Vec<String>)]> = sheet.tables.iter().map(|table| table.rows.as_slice()).collect();
        Ok(Manifest::of_tables(&tables)?)
    })
    .await?
}

/// Looks through a package. Nothing is kept of it, neither in the store nor in the database.
///
/// # Errors
/// When the package is refused whole; what is wrong with single lines and files is in the plan.
pub async fn check(
    db: &Database,
    store: &Store,
    package: Package,
    manifest: &Manifest,
    importer: &Importer,
    now: Moment,
) -> Result<Checked, Error> {
    let named = manifest.named();
    let mut files = Files { withheld: importer.withheld.clone(), ..Files::default() };
    for name in named.media {
        let found = unfit_is_a_reason(package.look(store, &name).await)?;
        let file = |found: Found| MediaFile {
            sha256: found.sha256,
            size_bytes: found.size_bytes,
            mime: found.mime,
            duration_ms: found.duration_ms,
        };
        files.media.insert(name, found.map(file));
    }
    files.captions = captions(&package, named.captions).await?;
    let plan = catalog::import::plan(&db.read, manifest, &files, importer.unit, &importer.terms, now).await?;
    Ok(Checked { plan, package, files })
}

/// Takes in what was checked: its files first, then its lessons in one transaction.
///
/// # Errors
/// When the plan has bad rows, or something changed since it was made; then no lesson is touched.
pub async fn take_in(
    db: &Database,
    store: &Store,
    checked: &Checked,
    importer: &Importer,
    now: Moment,
) -> Result<Summary, Error> {
    let Checked { plan, package, files } = checked;
    if !plan.bad.is_empty() {
        return Err(catalog::Error::BadRows(plan.bad.len()).into());
    }
    for (name, file) in &files.media {
        let Ok(file) = file else { continue };
        if plan.needs(&file.sha256) {
            let origin = Origin { filename: name, unit_id: importer.unit, by: importer.by };
            let taken = package.bring(&db.write, store, name, &origin, now).await?;
            if taken.sha256 != file.sha256 {
                return Err(content::Error::HashMismatch.into());
            }
        }
    }
    Ok(catalog::import::apply(&db.write, plan, importer.by, now).await?)
}

impl Checked {
    /// How many bytes more are kept once it is taken in: those of the files that are needed and not here yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn brings(&self, db: &Database) -> Result<u64, Error> {
        let needed = self.files.media.values().flatten().filter(|file| self.plan.needs(&file.sha256));
        let mut sizes: HashMap<&str, u64> = needed.map(|file| (file.sha256.as_str(), file.size_bytes)).collect();
        for sha256 in sizes.keys().copied().collect::<Vec<_>>() {
            if media::Entity::find_by_id(sha256).one(&db.read).await.map_err(catalog::Error::from)?.is_some() {
                sizes.remove(sha256);
            }
        }
        Ok(sizes.values().sum())
    }
}

async fn captions(package: &Package, names: Vec<String>) -> Result<HashMap<String, Result<NewCaption, String>>, Error> {
    let package = package.clone();
    let read = move |name: String| {
        let found = unfit_is_a_reason(package.captions(&name))?;
        let new = found.map(|Captions { encoding, cues, .. }| NewCaption {
            language: String::new(),
            source_name: name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned(),
            source_encoding: encoding.as_str().to_owned(),
            cues,
        });
        Ok((name, new))
    };
    tokio::task::spawn_blocking(move || names.into_iter().map(read).collect()).await?
}

/// A file that cannot be taken makes its line a bad one; anything else ends the check.
fn unfit_is_a_reason<T>(found: content::Result<T>) -> content::Result<Result<T, String>> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(content::Error::Unfit(reason)) => Ok(Err(reason)),
        Err(other) => Err(other),
    }
}
