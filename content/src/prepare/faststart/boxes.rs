//! The boxes of an MP4's top level, each checked to lie inside the file.

use super::Refusal;
use crate::Result;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// One box of the top level: where it lies in the old file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: [u8; 4],
    pub(super) start: u64,
    pub(super) end: u64,
    /// Bytes of its header: 8 or 16.
    pub(super) head: u64,
}

impl Part {
    /// Length in bytes, with the header.
    pub(super) fn length(&self) -> u64 {
        self.end - self.start
    }
}

/// More boxes than this no camera writes at the top level of a file that is not fragmented.
const MOST_PARTS: usize = 4096;

/// Every box of the file, which together cover it without a gap.
pub(super) fn of_file(file: &File, length: u64) -> Result<std::result::Result<Vec<Part>, Refusal>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut at = 0;
    while at < length {
        let part = match at_offset(file, at, length)? {
            Some(part) => part,
            // What some recorders leave behind the last box is dropped: players never read it.
            None if parts.iter().any(|part| part.kind == *b"moov") => break,
            None => return Ok(Err(Refusal::Broken("文件不完整或已损坏，请重新上传"))),
        };
        at = part.end;
        parts.push(part);
        if parts.len() > MOST_PARTS {
            let fragments = parts.iter().any(|part| part.kind == *b"moof");
            return Ok(Err(if fragments {
                Refusal::Unusual
            } else {
                Refusal::Broken("文件结构异常：数据块过多")
            }));
        }
    }
    Ok(Ok(parts))
}

fn at_offset(file: &File, at: u64, length: u64) -> Result<Option<Part>> {
    let room = length - at;
    if room < 8 {
        return Ok(None);
    }
    let mut header = [0; 8];
    file.read_exact_at(&mut header, at)?;
    let [a, b, c, d, kind @ ..] = header;
    let (head, size) = match u32::from_be_bytes([a, b, c, d]) {
        0 => (8, room),
        1 if room >= 16 => {
            let mut long = [0; 8];
            file.read_exact_at(&mut long, at + 8)?;
            (16, u64::from_be_bytes(long))
        }
        size => (8, u64::from(size)),
    };
    let sound = size >= head && size <= room;
    Ok(sound.then(|| Part { kind, start: at, end: at + size, head }))
}
