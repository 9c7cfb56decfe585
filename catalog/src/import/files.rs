//! What the files that lines name turned out to be. The caller reads them; no bytes come here.

use crate::caption::NewCaption;
use std::collections::{HashMap, HashSet};

/// The files of a package by the names its lines use; of one that cannot be taken, why, in Chinese.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Recordings, handouts and pictures.
    pub media: HashMap<String, Result<MediaFile, String>>,
    /// Captions; their language is the line's matter.
    pub captions: HashMap<String, Result<NewCaption, String>>,
    /// SHA-256 of recordings that are here, but not for the caller to use.
    pub withheld: HashSet<String>,
}

/// A file that can be played, read or shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaFile {
    /// Its SHA-256.
    pub sha256: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Its type.
    pub mime: String,
    /// Its length when it is a recording.
    pub duration_ms: Option<i64>,
}

impl Files {
    /// Whether the caller may use a recording that is here already.
    pub(super) fn may_use(&self, sha256: &str) -> bool {
        !self.withheld.contains(sha256)
    }

    /// The length of each blob that comes with the package.
    pub(super) fn lengths(&self) -> HashMap<String, Option<i64>> {
        self.media.values().flatten().map(|file| (file.sha256.clone(), file.duration_ms)).collect()
    }
}
