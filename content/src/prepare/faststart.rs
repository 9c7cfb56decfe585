//! An MP4 that starts fast: its index moved before its data, and nothing else changed.
//!
//! Reads the boxes of the top level, rebuilds `moov` with the new place of every chunk, and copies the rest byte by
//! byte, so samples stay identical. Needs no ffmpeg, and no more memory than the index takes.

mod boxes;
mod index;

use super::Progress;
use crate::{Error, Result};
use boxes::Part;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Why a file is not rewritten here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is broken or hostile; says how, in Chinese.
    Broken(&'static str),
    /// It is sound as far as can be seen, but of a kind that needs a remultiplexer: fragments, a packed index.
    Unusual,
}

/// The longest index that is taken into memory. Ten hours of video have about 20 MB.
const LONGEST_INDEX: u64 = 64 << 20;

/// Write `from` anew into `to`, with its index in front. Blocks.
///
/// # Errors
/// `Disk`, or `Stopped` when `progress` was told to stop. The inner result says why this file is not for us.
pub fn rewrite(from: &Path, to: &Path, progress: &Progress) -> Result<std::result::Result<(), Refusal>> {
    let mut file = File::open(from)?;
    let plan = match plan(&mut file)? {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut out = File::create(to)?;
    let mut copied = 0;
    for (position, part) in plan.parts.iter().enumerate() {
        if position == plan.index_before {
            out.write_all(&plan.index)?;
        }
        copy(&mut file, &mut out, *part, progress, &mut |bytes| {
            copied += bytes;
            progress.reach(permille(copied, plan.length));
        })?;
    }
    if plan.index_before >= plan.parts.len() {
        out.write_all(&plan.index)?;
    }
    Ok(Ok(()))
}

/// What is to be written: every part but the index in its old order, and the index before the part of this number.
struct Plan {
    parts: Vec<Part>,
    index_before: usize,
    index: Vec<u8>,
    length: u64,
}

fn plan(file: &mut File) -> Result<std::result::Result<Plan, Refusal>> {
    let length = file.metadata()?.len();
    let mut parts = match boxes::of_file(file, length)? {
        Ok(parts) => parts,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(place) = parts.iter().position(|part| part.kind == *b"moov") else {
        return Ok(Err(Refusal::Broken("文件不完整：缺少索引，请重新上传")));
    };
    let old = parts.remove(place);
    let one_of = |kind: &[u8; 4]| parts.iter().any(|part| part.kind == *kind);
    if one_of(b"moov") {
        return Ok(Err(Refusal::Broken("文件有两个索引，内容可疑")));
    }
    if one_of(b"moof") || old.length() > LONGEST_INDEX {
        return Ok(Err(if one_of(b"moof") { Refusal::Unusual } else { Refusal::Broken("文件的索引过大") }));
    }
    file.seek(SeekFrom::Start(old.start + old.head))?;
    let mut bytes = Vec::new();
    Read::by_ref(file).take(old.length() - old.head).read_to_end(&mut bytes)?;
    // The type comes first, and the index right after it.
    let index_before = usize::from(parts.first().is_some_and(|part| part.kind == *b"ftyp"));
    Ok(index::rebuild(&bytes, &parts, index_before).map(|index| Plan { parts, index_before, index, length }))
}

/// Copies in pieces between which a stop is heard; the kernel moves the bytes where it can.
fn copy(
    from: &mut File,
    to: &mut File,
    part: Part,
    progress: &Progress,
    on_copied: &mut impl FnMut(u64),
) -> Result<()> {
    const PIECE: u64 = 8 << 20;
    from.seek(SeekFrom::Start(part.start))?;
    let mut left = part.length();
    while left > 0 {
        if progress.is_stopped() {
            return Err(Error::Stopped);
        }
        let piece = left.min(PIECE);
        if std::io::copy(&mut Read::by_ref(from).take(piece), to)? != piece {
            return Err(Error::Disk(std::io::ErrorKind::UnexpectedEof.into()));
        }
        left -= piece;
        on_copied(piece);
    }
    Ok(())
}

fn permille(done: u64, of: u64) -> i32 {
    i32::try_from(u128::from(done) * 1000 / u128::from(of.max(1))).unwrap_or(1000)
}

#[cfg(test)]
mod tests;
