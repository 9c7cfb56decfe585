//! Packages: a manifest beside the files that it names, in one ZIP, in a folder, or alone.
//!
//! Owns which packages are taken at all, reading their files, and writing ZIPs. A ZIP comes from outside: everything
//! that is odd about it (names that lead out of it, links, encryption, sizes that lie) refuses it whole, before anything
//! of it is used. What a manifest means is not known here.

mod name;
mod writing;
mod zipped;

use crate::caption::{self, Captions};
use crate::intake::{Origin, copy_in, move_in};
use crate::probe::{OPAQUE, Probe, probe};
use crate::store::{Hashed, Store, blocking, hash_file};
use crate::{Error, Result};
use entity::{Moment, media};
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
pub use writing::{Kind, Writer};
use zipped::Zipped;

/// The longest manifest, in bytes.
const MANIFEST_BYTES: usize = 64 << 20;

/// A package that may be read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Package(Place);

#[derive(Clone, Debug)]
enum Place {
    /// A folder of the operator's, and the name of its manifest.
    Folder(PathBuf, String),
    /// A manifest of the operator's: it names files by their paths from the folder it lies in, as at a shell.
    Beside(PathBuf),
    /// A manifest without files.
    Alone(PathBuf),
    /// A ZIP.
    Zip(Zipped),
}

/// What a file of a package is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its SHA-256.
    pub sha256: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Its type by content.
    pub mime: String,
    /// The length of a recording.
    pub duration_ms: Option<i64>,
}

/// A file of a package on the disk of the store; a copy is removed when this is dropped.
struct Fetched {
    path: PathBuf,
    copy: Option<tempfile::NamedTempFile>,
}

impl Package {
    /// What an operator names at a shell: a folder, a ZIP, or a manifest with its files beside it. Blocks.
    ///
    /// # Errors
    /// [`Error::BadPackage`], or the disk.
    pub fn of_operator(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Ok(Self(Place::Folder(path.canonicalize()?, manifest_in(path)?)));
        }
        if is_zip(path)? { Ok(Self(Place::Zip(Zipped::open(path)?))) } else { Ok(Self(Place::Beside(path.to_owned()))) }
    }

    /// What somebody uploaded: a ZIP, or a manifest that names no files. Blocks.
    ///
    /// # Errors
    /// [`Error::BadPackage`], or the disk.
    pub fn of_upload(path: &Path) -> Result<Self> {
        if is_zip(path)? { Ok(Self(Place::Zip(Zipped::open(path)?))) } else { Ok(Self(Place::Alone(path.to_owned()))) }
    }

    /// The bytes of the manifest. Blocks.
    ///
    /// # Errors
    /// [`Error::BadPackage`] when it is too long or broken.
    pub fn manifest(&self) -> Result<Vec<u8>> {
        match &self.0 {
            Place::Zip(zip) => zip.read(zip.manifest(), MANIFEST_BYTES),
            Place::Folder(dir, name) => read_file(&dir.join(name), MANIFEST_BYTES),
            Place::Beside(file) | Place::Alone(file) => read_file(file, MANIFEST_BYTES),
        }
    }

    /// Reads a file as captions. Blocks.
    ///
    /// # Errors
    /// [`Error::Unfit`] when it is not there or no captions.
    pub fn captions(&self, name: &str) -> Result<Captions> {
        let bytes = match (&self.0, self.on_disk(name)?) {
            (_, Some(file)) => read_file(&file, caption::MAX_BYTES),
            (Place::Zip(zip), None) => zip.read(&in_bounds(name)?, caption::MAX_BYTES),
            _ => Err(missing(name)),
        }?;
        caption::read(&bytes, None).map_err(|cause| match cause {
            Error::BadCaptions { line, reason } => {
                let at = line.map_or(String::new(), |line| format!("第 {line} 行"));
                Error::Unfit(format!("字幕“{name}”{at}：{reason}"))
            }
            other => other,
        })
    }

    /// What a file that is to be played, read or shown is. It leaves nothing behind.
    ///
    /// # Errors
    /// [`Error::Unfit`] when it is not there or not what its name says.
    pub async fn look(&self, store: &Store, name: &str) -> Result<Found> {
        let fetched = self.fetch(store, name).await?;
        let name = name.to_owned();
        blocking(move || {
            let (hashed, facts) = (hash_file(&fetched.path)?, probe(&fetched.path, &name)?);
            fit(&name, &hashed, &facts)?;
            let (sha256, size_bytes) = (hashed.sha256().to_owned(), hashed.size());
            Ok(Found { sha256, size_bytes, mime: facts.mime, duration_ms: facts.duration_ms })
        })
        .await
    }

    /// Takes a file into the store, by the one way in.
    ///
    /// # Errors
    /// [`Error::Unfit`] when it is not there; the database or the store.
    pub async fn bring(
        &self,
        db: &(impl ConnectionTrait + TransactionTrait),
        store: &Store,
        name: &str,
        origin: &Origin<'_>,
        now: Moment,
    ) -> Result<media::Model> {
        let fetched = self.fetch(store, name).await?;
        if fetched.copy.is_none() {
            return copy_in(db, store, &fetched.path, origin, now).await;
        }
        let path = fetched.path.clone();
        let hashed = blocking(move || hash_file(&path)).await?;
        move_in(db, store, &fetched.path, &hashed, origin, now).await
    }

    async fn fetch(&self, store: &Store, name: &str) -> Result<Fetched> {
        let (package, name) = (self.clone(), name.to_owned());
        let copy = store.temporary()?;
        blocking(move || match (&package.0, package.on_disk(&name)?) {
            (_, Some(path)) => Ok(Fetched { path, copy: None }),
            (Place::Zip(zip), None) => {
                zip.unpack(&in_bounds(&name)?, copy.path())?;
                Ok(Fetched { path: copy.path().to_owned(), copy: Some(copy) })
            }
            _ => Err(missing(&name)),
        })
        .await
    }

    /// Where a file lies, when the package is no ZIP.
    fn on_disk(&self, name: &str) -> Result<Option<PathBuf>> {
        match &self.0 {
            Place::Zip(_) | Place::Alone(_) => Ok(None),
            Place::Beside(manifest) => {
                let file = manifest.parent().unwrap_or(Path::new("")).join(name);
                if file.is_file() { Ok(Some(file)) } else { Err(missing(name)) }
            }
            Place::Folder(dir, _) => {
                let file = dir.join(in_bounds(name)?).canonicalize().map_err(|_| missing(name))?;
                let inside = file.starts_with(dir) && file.is_file();
                if inside { Ok(Some(file)) } else { Err(missing(name)) }
            }
        }
    }
}

/// Whether a file is a ZIP but no workbook, which is one too.
fn is_zip(path: &Path) -> Result<bool> {
    let mut head = [0; 4];
    let mut file = File::open(path)?;
    let length = file.read(&mut head)?;
    Ok(length == 4 && matches!(&head, b"PK\x03\x04" | b"PK\x05\x06") && !zipped::is_workbook(file))
}

fn manifest_in(dir: &Path) -> Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string());
    }
    name::manifest_of(names.iter().map(String::as_str))
}

fn read_file(path: &Path, most: usize) -> Result<Vec<u8>> {
    let length = std::fs::metadata(path)?.len();
    if usize::try_from(length).is_ok_and(|length| length <= most) {
        Ok(std::fs::read(path)?)
    } else {
        Err(too_long(&path.file_name().unwrap_or_default().to_string_lossy(), most))
    }
}

/// A file that can be a lesson: neither empty nor something nobody can open, and a film when it is named like one.
fn fit(name: &str, hashed: &Hashed, facts: &Probe) -> Result<()> {
    let kind = facts.mime.split('/').next().unwrap_or_default();
    let promised = mime_guess::from_path(name).first_raw().and_then(|mime| mime.split('/').next()).unwrap_or_default();
    let plays = |kind: &str| matches!(kind, "video" | "audio");
    match () {
        () if hashed.size() == 0 => Err(Error::Unfit(format!("文件“{name}”是空的，可能没有拷贝完整"))),
        () if plays(promised) && !plays(kind) => Err(Error::Unfit(format!("文件“{name}”不是音视频，可能已经损坏"))),
        () if promised == "image" && kind != "image" => Err(Error::Unfit(format!("文件“{name}”不是图片"))),
        () if facts.mime == OPAQUE || facts.mime == "application/zip" => {
            Err(Error::Unfit(format!("文件“{name}”不能作为课件：只收音视频、图片、PDF、Office 文档和文本")))
        }
        () => Ok(()),
    }
}

fn in_bounds(name: &str) -> Result<String> {
    name::safe(name).ok_or_else(|| Error::Unfit(format!("文件名“{name}”不能用：只能写清单所在文件夹以内的文件")))
}

fn missing(name: &str) -> Error {
    Error::Unfit(format!("没有这个媒体文件：{name}"))
}

fn too_long(name: &str, most: usize) -> Error {
    Error::BadPackage(format!("“{name}”太大，最大允许 {} MB", most >> 20))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests stop at the first surprise")]
mod tests;
