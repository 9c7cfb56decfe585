//! Whether the files of a build are as they were written, found out without reading a gigabyte before every start.
//!
//! A list beside the files names those that were read through and found sound, with size and time of change. At the start
//! only files that are not on it are read; the rest is read in the background, and while that goes on there is no list:
//! a process that dies of a damaged file reads everything before it serves again.

use crate::Result;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tantivy::directory::Directory;
use tantivy::index::SegmentId;

/// The list, in the folder of the build.
const LIST: &str = "checked";

/// How often all files are read before one is said to be damaged.
const LOOKS: u32 = 3;

/// Reads the files that are not on the list; false when one is damaged or missing.
pub(crate) fn unlisted_are_sound(build: &Path, index: &tantivy::Index) -> Result<bool> {
    let listed = std::fs::read_to_string(build.join(LIST)).unwrap_or_default();
    let listed: HashSet<&str> = listed.lines().collect();
    are_sound(index, &unlisted(build, &listed, index)?)
}

/// Reads all files, and lists them when none is damaged. Maps them anew, so that the memory is given back.
pub(crate) fn all_are_sound(build: &Path) -> Result<bool> {
    remove_list(build)?;
    // A merge may take away files that were just listed; what is damaged stays damaged.
    for _ in 0..LOOKS {
        let index = tantivy::Index::open_in_dir(build)?;
        if are_sound(&index, &files(&index)?)? {
            list_all(build, &index)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lists all files as sound, having just written them.
pub(crate) fn list_all(build: &Path, index: &tantivy::Index) -> Result<()> {
    let lines: Vec<String> = files(index)?.iter().filter_map(|file| line(build, file)).collect();
    Ok(std::fs::write(build.join(LIST), lines.join("\n"))?)
}

fn remove_list(build: &Path) -> Result<()> {
    match std::fs::remove_file(build.join(LIST)) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause.into()),
        _ => Ok(()),
    }
}

fn unlisted(build: &Path, listed: &HashSet<&str>, index: &tantivy::Index) -> Result<Vec<PathBuf>> {
    let known = |file: &PathBuf| line(build, file).is_some_and(|line| listed.contains(line.as_str()));
    Ok(files(index)?.into_iter().filter(|file| !known(file)).collect())
}

/// The files there are of the last commit's segments; one that is needed and missing is found out when it is opened.
fn files(index: &tantivy::Index) -> Result<Vec<PathBuf>> {
    let segments: Vec<String> = index.searchable_segment_ids()?.iter().map(SegmentId::uuid_string).collect();
    let of_segment = |file: &PathBuf| {
        let name = file.to_str().and_then(|name| name.split('.').next());
        name.is_some_and(|name| segments.iter().any(|segment| segment == name))
    };
    let there = |file: &PathBuf| index.directory().exists(file).unwrap_or(false);
    Ok(index.directory().list_managed_files().into_iter().filter(of_segment).filter(there).collect())
}

fn are_sound(index: &tantivy::Index, files: &[PathBuf]) -> Result<bool> {
    for file in files {
        if !index.directory().validate_checksum(file).is_ok_and(|sound| sound) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn line(build: &Path, file: &Path) -> Option<String> {
    let meta = std::fs::metadata(build.join(file)).ok()?;
    let changed = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some(format!("{} {} {changed}", file.display(), meta.len()))
}
