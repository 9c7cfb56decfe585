//! A ZIP from outside, judged by its directory before anything is unpacked, and held to it while it is.

use super::{missing, name, too_long};
use crate::upload::must_fit;
use crate::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Write, copy};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use zip::read::ZipFileEntry;
use zip::{CompressionMethod, ZipArchive};

/// Most entries.
const ENTRIES: usize = 20_000;
/// Most bytes all entries unpack to: a course of fifty films of more than a gigabyte.
const UNPACKED: u64 = 64 << 30;
/// How many times its packed length an entry may have, beyond the first mebibyte. Text packs to a tenth, films hardly.
const RATIO: u64 = 200;
/// Free space that unpacking leaves on the disk.
const KEEP_FREE: u64 = 256 << 20;

/// A ZIP that was found sound.
#[derive(Clone, Debug)]
pub(super) struct Zipped {
    archive: Arc<Mutex<ZipArchive<BufReader<File>>>>,
    /// The place of each file in the directory, by its name below the manifest's folder.
    places: Arc<HashMap<String, usize>>,
    manifest: String,
}

impl Zipped {
    /// Opens a ZIP, or refuses it whole.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let broken = |_| Error::BadPackage("压缩包已损坏，请重新压缩后再试".to_owned());
        let mut archive = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(broken)?;
        if archive.len() > ENTRIES {
            return Err(Error::BadPackage(format!("压缩包里的文件超过 {ENTRIES} 个")));
        }
        if archive.has_duplicate_names() || archive.has_overlapping_entries().map_err(broken)? {
            return Err(Error::BadPackage("压缩包里有重名或重叠的文件".to_owned()));
        }
        let mut judge = Judge::default();
        let directory = archive.metadata();
        for place in 0..directory.len() {
            judge.take(place, &directory.entry(place).map_err(broken)?)?;
        }
        let manifest = name::manifest_of(judge.places.keys().map(String::as_str))?;
        let (base, manifest) = manifest.split_at(manifest.rfind('/').map_or(0, |at| at + 1));
        let below = |(name, place): (String, usize)| Some((name.strip_prefix(base)?.to_owned(), place));
        let places = judge.places.into_iter().filter_map(below).collect();
        Ok(Self { archive: Arc::new(Mutex::new(archive)), places: Arc::new(places), manifest: manifest.to_owned() })
    }

    /// The name of the manifest.
    pub(super) fn manifest(&self) -> &str {
        &self.manifest
    }

    /// A short file. Its size in the directory was believed by nobody: what is longer than `most` is refused.
    pub(super) fn read(&self, name: &str, most: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.pour(name, u64::try_from(most).unwrap_or(u64::MAX), &mut bytes)?;
        if bytes.len() > most { Err(too_long(name, most)) } else { Ok(bytes) }
    }

    /// Unpacks a file over `into`.
    pub(super) fn unpack(&self, name: &str, into: &Path) -> Result<()> {
        must_fit(into, self.size(name)?, KEEP_FREE)?;
        let mut file = File::create(into)?;
        self.pour(name, UNPACKED, &mut file)?;
        Ok(file.flush()?)
    }

    /// The length an entry says it has.
    fn size(&self, name: &str) -> Result<u64> {
        let place = *self.places.get(name).ok_or_else(|| missing(name))?;
        let archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = archive.metadata();
        Ok(directory.entry(place).map_err(|_| missing(name))?.size())
    }

    /// Unpacks at most `most` bytes and one; an entry that holds more or less than it says is refused.
    fn pour(&self, name: &str, most: u64, into: &mut impl Write) -> Result<()> {
        let lies = || Error::BadPackage(format!("压缩包里的“{name}”已损坏，请重新压缩后再试"));
        let place = *self.places.get(name).ok_or_else(|| missing(name))?;
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = archive.by_index(place).map_err(|_| lies())?;
        let size = entry.size();
        let bound = size.min(most).saturating_add(1);
        let poured = copy(&mut entry.take(bound), into).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::StorageFull => Error::DiskFull,
            _ => lies(),
        })?;
        if poured != size && poured <= most {
            return Err(Error::BadPackage(format!("压缩包里的“{name}”与它声明的大小不符")));
        }
        Ok(())
    }
}

/// Whether a ZIP is an office document (ECMA-376, part 2: such a package names its content types).
pub(super) fn is_workbook(file: File) -> bool {
    ZipArchive::new(BufReader::new(file)).is_ok_and(|zip| zip.index_for_name("[Content_Types].xml").is_some())
}

/// What has been seen of a directory so far.
#[derive(Default)]
struct Judge {
    places: HashMap<String, usize>,
    /// Names without their case: on Windows these are one file.
    seen: HashSet<String>,
    unpacked: u64,
}

impl Judge {
    fn take(&mut self, place: usize, entry: &ZipFileEntry<'_>) -> Result<()> {
        let refuse = |why: String| Err(Error::BadPackage(why));
        let name = name::decoded(entry.name_raw()).unwrap_or_default();
        let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        if entry.encrypted() {
            return refuse("压缩包加了密码，请去掉密码重新压缩".to_owned());
        }
        let Some(name) = name::safe(name.strip_suffix(['/', '\\']).unwrap_or(&name)) else {
            return refuse(format!("压缩包里的文件名“{shown}”不能用，整包没有导入"));
        };
        const TYPE: u32 = 0o170_000;
        let kind = entry.unix_mode().map_or(0, |mode| mode & TYPE);
        if entry.is_symlink() || !matches!(kind, 0 | 0o100_000 | 0o040_000) {
            return refuse(format!("压缩包里的“{shown}”是链接，不是文件，整包没有导入"));
        }
        if !self.seen.insert(name.to_lowercase()) {
            return refuse(format!("压缩包里有两个“{shown}”"));
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return refuse("压缩方式不支持，请用普通的 ZIP 压缩".to_owned());
        }
        self.unpacked = self.unpacked.saturating_add(entry.size());
        let most = entry.compressed_size().saturating_mul(RATIO).saturating_add(1 << 20);
        if entry.size() > most || self.unpacked > UNPACKED {
            return refuse(format!("“{shown}”解压后大得不合常理，整包没有导入"));
        }
        if !entry.is_dir() && !name::is_litter(&name) {
            self.places.insert(name, place);
        }
        Ok(())
    }
}
