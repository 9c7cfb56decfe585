//! A file as memory, and whether that memory is there yet. The only unsafe code of the product.

#![expect(unsafe_code, reason = "mapping a file and asking the kernel about its pages have no safe form")]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Instant;

/// A read-only map of a blob's file.
#[derive(Debug)]
pub struct Map {
    /// For sending parts of it without reading them.
    file: File,
    /// `None` for an empty file, which has nothing to map.
    mmap: Option<memmap2::Mmap>,
    /// When each window of the file was last seen to be all in memory, in milliseconds since `opened`; 0: never.
    seen: Box<[AtomicU32]>,
    opened: Instant,
    /// The disk that tests let hang.
    #[cfg(test)]
    on: Option<std::sync::Arc<crate::disk::hanging::Disk>>,
}

impl Map {
    /// Map a whole file.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let info = file.metadata()?;
        if !info.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        if info.len() == 0 {
            return Ok(Self::new(file, None));
        }
        // SAFETY: the file is a blob of the store. Blobs appear complete by rename and are never written to or
        // truncated afterwards (see the module doc of `store`), so the mapped bytes do not change while borrowed.
        let mmap = unsafe { memmap2::Mmap::map(&file)? };
        Ok(Self::new(file, Some(mmap)))
    }

    fn new(file: File, mmap: Option<memmap2::Mmap>) -> Self {
        let windows = mmap.as_ref().map_or(0, |mmap| mmap.len().div_ceil(WINDOW));
        Self {
            file,
            mmap,
            seen: std::iter::repeat_with(AtomicU32::default).take(windows).collect(),
            opened: Instant::now(),
            #[cfg(test)]
            on: None,
        }
    }

    /// The same file on a disk that hangs.
    #[cfg(test)]
    pub(crate) fn on(self, disk: &crate::disk::hanging::Hanging) -> Self {
        Self { on: Some(disk.0.clone()), ..self }
    }

    /// The file that is mapped. Its own position means nothing: whoever reads says where.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// All bytes. Touching a page that is not in memory waits for the disk: ask `is_warm` first, or `warm` it.
    pub fn bytes(&self) -> &[u8] {
        self.mmap.as_deref().unwrap_or_default()
    }

    /// Whether every page under `range` is in the page cache, so that reading it cannot wait for a disk.
    ///
    /// The kernel tells this only to a file's owner or writer and says "yes" to others; the store's files belong to
    /// the user the server runs as.
    pub fn is_warm(&self, range: &Range<usize>) -> bool {
        if !self.works() {
            return false;
        }
        let Some(bytes) = self.bytes().get(range.clone()).filter(|bytes| !bytes.is_empty()) else { return true };
        let start = bytes.as_ptr() as usize;
        let lead = start % PAGE;
        let length = bytes.len() + lead;
        let mut pages = [0_u8; MOST_PAGES];
        if length.div_ceil(PAGE) > pages.len() {
            return false;
        }
        // SAFETY: `start - lead` is page-aligned and lies in the mapping, since mappings start on a page; `length`
        // ends inside it; `pages` has room for a byte per page, as was just checked. The call only writes to `pages`.
        let answered = unsafe { libc::mincore((start - lead) as *mut libc::c_void, length, pages.as_mut_ptr().cast()) };
        answered == 0 && pages.iter().take(length.div_ceil(PAGE)).all(|page| page & 1 == 1)
    }

    /// Whether the pages under `range` are in the page cache, or all around them was within the last second.
    ///
    /// The kernel looks every page up when it is asked, which takes a fourteenth of a short range's processor time; and
    /// what was just in use is the last that it gives up. Not for reading through the map: whoever asks must bear a wait
    /// for the disk, or a file cut short, that comes in between.
    pub fn is_warm_lately(&self, range: &Range<usize>) -> bool {
        // It wraps after 49 days, which a second does not mind.
        let now = (self.opened.elapsed().as_millis() as u32).max(1);
        let mut windows = range.start / WINDOW..range.end.div_ceil(WINDOW);
        self.works() && windows.all(|window| self.window_is_warm(window, now)) || self.is_warm(range)
    }

    fn window_is_warm(&self, window: usize, now: u32) -> bool {
        let Some(seen) = self.seen.get(window) else { return false };
        let at = seen.load(Relaxed);
        if at != 0 && now.wrapping_sub(at) < LATELY_MS {
            return true;
        }
        let start = window * WINDOW;
        let warm = self.is_warm(&(start..self.bytes().len().min(start + WINDOW)));
        if warm {
            seen.store(now, Relaxed);
        }
        warm
    }

    /// Whether the disk does; tests have one that hangs.
    fn works(&self) -> bool {
        #[cfg(test)]
        if self.on.as_ref().is_some_and(|disk| !disk.works()) {
            return false;
        }
        true
    }

    /// Bring the pages under `range` into memory, waiting for the disk, and ask for those after it up to `ahead`.
    ///
    /// A disk that fails, or a file that somebody truncated, becomes an error here instead of a signal later.
    pub fn warm(&self, range: &Range<usize>, ahead: usize) -> io::Result<()> {
        #[cfg(test)]
        if let Some(disk) = &self.on {
            disk.wait();
        }
        let Some(mmap) = &self.mmap else { return Ok(()) };
        let length = range.len();
        match mmap.advise_range(memmap2::Advice::PopulateRead, range.start, length) {
            // Before Linux 5.14 the kernel does not know the advice: touching each page does the same.
            Err(old) if old.raw_os_error() == Some(libc::EINVAL) => self.touch(range),
            populated => populated?,
        }
        let ahead_from = range.end.min(mmap.len());
        let ahead_len = ahead.min(mmap.len() - ahead_from);
        if ahead_len > 0 {
            // Only a hint: without it the next chunk is read when its turn comes.
            let _ = mmap.advise_range(memmap2::Advice::WillNeed, ahead_from, ahead_len);
        }
        Ok(())
    }

    fn touch(&self, range: &Range<usize>) {
        let bytes = self.bytes().get(range.clone()).unwrap_or_default();
        std::hint::black_box(bytes.iter().step_by(PAGE).fold(0_u8, |seen, byte| seen ^ byte));
    }
}

/// The smallest page of any machine this runs on; where pages are larger the kernel rounds by itself.
const PAGE: usize = 4096;

/// Bytes whose being in memory is remembered together.
const WINDOW: usize = 512 * 1024;

/// How long that is remembered.
const LATELY_MS: u32 = 1_000;

/// Pages one question covers: 512 KiB and the page its start lies in, with room.
const MOST_PAGES: usize = 136;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn bytes_just_written_are_warm_and_equal() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..600_000_u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(file.path(), &bytes).unwrap();
        let map = Map::of_file(file.path()).unwrap();
        assert_eq!(map.bytes(), bytes);
        for range in [0..262_144, 5..262_149, 599_999..600_000, 300_001..300_001] {
            map.warm(&range, 1 << 20).unwrap();
            assert!(map.is_warm(&range), "{range:?}");
        }
    }

    #[test]
    fn what_was_in_memory_a_moment_ago_is_not_asked_for_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![1_u8; WINDOW * 2 + 100]).unwrap();
        let map = Map::of_file(file.path()).unwrap();
        for range in [WINDOW - 10..WINDOW + 10, WINDOW * 2 + 99..WINDOW * 2 + 100, 0..WINDOW * 2 + 100, 5..5] {
            assert!(map.is_warm_lately(&range), "{range:?}");
        }
        file.as_file().set_len(0).unwrap();
        assert!(map.is_warm_lately(&(0..100)) && !map.is_warm(&(0..100)));
        std::thread::sleep(std::time::Duration::from_millis(u64::from(LATELY_MS) + 50));
        assert!(!map.is_warm_lately(&(0..100)));
    }

    #[test]
    fn a_file_cut_short_behind_our_back_is_an_error_not_a_crash() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![1_u8; 100_000]).unwrap();
        let map = Map::of_file(file.path()).unwrap();
        file.as_file().set_len(0).unwrap();
        assert!(!map.is_warm(&(0..100_000)));
        assert!(map.warm(&(0..100_000), 0).is_err());
    }

    #[test]
    fn an_empty_file_and_a_folder_are_handled() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("empty"), b"").unwrap();
        let map = Map::of_file(&dir.path().join("empty")).unwrap();
        assert!(map.bytes().is_empty() && map.is_warm(&(0..0)));
        assert!(map.warm(&(0..0), 10).is_ok());
        assert!(Map::of_file(dir.path()).is_err());
    }
}
