//! A file to be read in small pieces by offset, with a bound on how often.

use std::io::{self, Read, Seek, SeekFrom};

/// Reads allowed per file. A recording of many hours cut into fragments has tens of thousands of boxes.
const MOST_READS: u32 = 200_000;

/// A file, its length, and how many reads it may still cost.
pub(super) struct Source<R> {
    file: io::BufReader<R>,
    len: u64,
    at: u64,
    reads_left: u32,
}

impl<R: Read + Seek> Source<R> {
    pub(super) fn new(mut file: R) -> io::Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        Ok(Self { file: io::BufReader::with_capacity(4096, file), len, at: 0, reads_left: MOST_READS })
    }

    /// Length of the file in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Exactly `N` bytes at `offset`; `None` beyond the end, on a failing disk, or when the file has cost enough.
    pub(super) fn read<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.seek(offset)?;
        self.file.read_exact(&mut bytes).ok()?;
        self.at = offset + N as u64;
        Some(bytes)
    }

    /// Up to `most` bytes at `offset`.
    pub(super) fn read_up_to(&mut self, offset: u64, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.seek(offset).is_some() && self.file.by_ref().take(most as u64).read_to_end(&mut bytes).is_err() {
            bytes.clear();
        }
        self.at = offset.saturating_add(bytes.len() as u64);
        bytes
    }

    /// A big-endian number of 32 bits at `offset`.
    pub(super) fn u32(&mut self, offset: u64) -> Option<u32> {
        self.read(offset).map(u32::from_be_bytes)
    }

    /// A big-endian number of 64 bits at `offset`.
    pub(super) fn u64(&mut self, offset: u64) -> Option<u64> {
        self.read(offset).map(u64::from_be_bytes)
    }

    fn seek(&mut self, offset: u64) -> Option<()> {
        self.reads_left = self.reads_left.checked_sub(1)?;
        if offset > self.len {
            return None;
        }
        // A relative seek keeps what the buffer already holds.
        let step = i64::try_from(offset).ok()?.checked_sub(i64::try_from(self.at).ok()?)?;
        self.file.seek_relative(step).ok()?;
        self.at = offset;
        Some(())
    }
}
