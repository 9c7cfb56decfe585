//! One file that is two: a plain MP4 that starts fast, and the fragments of an HLS stream, over the same samples.
//!
//! The fragments lie in one `mdat`, where a plain player sees nothing but data; its index points at the samples inside
//! them. An adaptive player fetches the same fragments by byte range, after the fragments' own beginning, which is kept
//! in a `free` box. So every player gets what it understands, and the store keeps each second once.

mod boxes;
mod fragments;

use super::Progress;
use crate::{Error, Result};
use boxes::{boxes_of, put};
use fragments::{Chunk, Fragmented};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Where an adaptive player finds what it plays: byte ranges of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// What each player reads first: offset and length in bytes.
    pub init: (u64, u64),
    /// Offset and length in bytes and length in milliseconds of each piece; each begins with a whole picture.
    pub segments: Vec<(u64, u64, u64)>,
}

/// A woven file's facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Woven {
    /// Its byte ranges.
    pub segments: Segments,
    /// RFC 6381 names of its codecs, `avc1.42c01e,mp4a.40.2`.
    pub codecs: String,
    /// Its length in milliseconds.
    pub duration_ms: u64,
}

/// The least a piece lasts, but for the last: fewer requests than fragments, and still soon to switch.
const PIECE_MS: u64 = 5_900;

/// An index beyond this is not ours.
const LONGEST_INDEX: u64 = 64 << 20;

/// The two files are not what ffmpeg was told to write.
const BROKEN: Error = Error::Unpreparable("转码结果不完整");

/// Weave `plain`, which has its index in front, and `fragmented`, which has the same samples, into `out`. Blocks.
///
/// # Errors
/// `Unpreparable` when the two do not belong together, `Disk`, or `Stopped`.
pub fn weave(plain: &Path, fragmented: &Path, out: &Path, progress: &Progress) -> Result<Woven> {
    let (kind, index) = head_of(plain)?;
    let mut fragments = Fragmented::read(&mut File::open(fragmented)?).map_err(|cause| cause.unwrap_or(BROKEN))?;
    let init = std::mem::take(&mut fragments.init);
    let free = 8 + init.len() as u64;
    let room = reindex(&index, &fragments, 0).ok_or(BROKEN)?.len() as u64;
    let before = kind.len() as u64 + 8 + room + free;
    let shift = before + 16 - fragments.start;
    let index = reindex(&index, &fragments, shift).ok_or(BROKEN)?;

    let mut to = File::create(out)?;
    let mut head = kind;
    put(&mut head, *b"moov", &index);
    put(&mut head, *b"free", &init);
    head.extend(1_u32.to_be_bytes());
    head.extend(b"mdat");
    head.extend((16 + fragments.end - fragments.start).to_be_bytes());
    to.write_all(&head)?;
    copy(fragmented, &fragments, &mut to, progress)?;
    let segments = pieces(&fragments, shift, (before - free + 8, free - 8));
    Ok(Woven { segments, codecs: fragments.codecs, duration_ms: fragments.duration_ms })
}

/// The type and the index of a file that starts fast.
fn head_of(plain: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut file = File::open(plain)?;
    let (mut kind, mut index) = (Vec::new(), None);
    while index.is_none() {
        let (name, length) = boxes::next(&mut file)?.ok_or(BROKEN)?;
        match &name {
            b"ftyp" => put(&mut kind, name, &boxes::payload(&mut file, length, LONGEST_INDEX)?),
            b"moov" => index = Some(boxes::payload(&mut file, length, LONGEST_INDEX)?),
            _ => drop(file.seek_relative(i64::try_from(length).map_err(|_| BROKEN)?)?),
        }
    }
    Ok((kind, index.ok_or(BROKEN)?))
}

/// The index with its chunks where the fragments have them, `shift` bytes further on.
fn reindex(index: &[u8], fragments: &Fragmented, shift: u64) -> Option<Vec<u8>> {
    let mut anew = Vec::with_capacity(index.len());
    for (kind, inner) in boxes_of(index)? {
        if &kind == b"trak" {
            let track = boxes::track_id(inner)?;
            let chunks: Vec<Chunk> = fragments.chunks.iter().filter(|chunk| chunk.track == track).copied().collect();
            put(&mut anew, kind, &rechunk(inner, &chunks, shift)?);
        } else {
            put(&mut anew, kind, inner);
        }
    }
    Some(anew)
}

fn rechunk(payload: &[u8], chunks: &[Chunk], shift: u64) -> Option<Vec<u8>> {
    let mut anew = Vec::with_capacity(payload.len());
    for (kind, inner) in boxes_of(payload)? {
        match &kind {
            b"mdia" | b"minf" | b"stbl" => put(&mut anew, kind, &rechunk(inner, chunks, shift)?),
            b"stsc" => put(&mut anew, kind, &samples_of(chunks)),
            b"stco" | b"co64" => put_offsets(&mut anew, chunks, shift)?,
            b"stsz" if boxes::u32_at(inner, 8)? != chunks.iter().map(|chunk| chunk.samples).sum::<u32>() => {
                return None;
            }
            _ => put(&mut anew, kind, inner),
        }
    }
    Some(anew)
}

/// `stsc`: how many samples each chunk has, told where it changes.
fn samples_of(chunks: &[Chunk]) -> Vec<u8> {
    let (mut entries, mut last) = (Vec::new(), None);
    for (number, chunk) in (1_u32..).zip(chunks) {
        if last != Some(chunk.samples) {
            entries.push([number, chunk.samples, 1]);
            last = Some(chunk.samples);
        }
    }
    let mut payload = vec![0; 4];
    payload.extend((entries.len() as u32).to_be_bytes());
    payload.extend(entries.into_iter().flatten().flat_map(u32::to_be_bytes));
    payload
}

/// `stco`, which the oldest players read, or `co64` where a place lies beyond 4 GB.
fn put_offsets(to: &mut Vec<u8>, chunks: &[Chunk], shift: u64) -> Option<()> {
    let places: Vec<u64> = chunks.iter().map(|chunk| chunk.offset + shift).collect();
    let count = u32::try_from(places.len()).ok()?;
    // Decided by the fragments alone, so that the index is as long with a shift as without.
    let long = chunks.iter().any(|chunk| chunk.offset > u64::from(u32::MAX) - (2 * LONGEST_INDEX));
    let mut payload = vec![0; 4];
    payload.extend(count.to_be_bytes());
    for place in places {
        match long {
            true => payload.extend(place.to_be_bytes()),
            false => payload.extend(u32::try_from(place).ok()?.to_be_bytes()),
        }
    }
    put(to, if long { *b"co64" } else { *b"stco" }, &payload);
    Some(())
}

/// Fragments put together to pieces.
fn pieces(fragments: &Fragmented, shift: u64, init: (u64, u64)) -> Segments {
    let mut segments: Vec<(u64, u64, u64)> = Vec::new();
    for fragment in &fragments.fragments {
        match segments.last_mut() {
            Some((_, bytes, ms)) if *ms < PIECE_MS => (*bytes, *ms) = (*bytes + fragment.bytes, *ms + fragment.ms),
            _ => segments.push((fragment.offset + shift, fragment.bytes, fragment.ms)),
        }
    }
    Segments { init, segments }
}

fn copy(from: &Path, fragments: &Fragmented, to: &mut File, progress: &Progress) -> Result<()> {
    const PIECE: u64 = 8 << 20;
    let mut from = File::open(from)?;
    from.seek(SeekFrom::Start(fragments.start))?;
    let mut left = fragments.end - fragments.start;
    while left > 0 {
        if progress.is_stopped() {
            return Err(Error::Stopped);
        }
        let piece = left.min(PIECE);
        if std::io::copy(&mut Read::by_ref(&mut from).take(piece), to)? != piece {
            return Err(Error::Disk(std::io::ErrorKind::UnexpectedEof.into()));
        }
        left -= piece;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn chunk(offset: u64, samples: u32) -> Chunk {
        Chunk { track: 1, offset, samples }
    }

    #[test]
    fn chunks_are_told_where_they_change() {
        let told = samples_of(&[chunk(0, 60), chunk(1, 60), chunk(2, 7)]);
        let numbers: Vec<u32> = (4..told.len()).step_by(4).map(|at| boxes::u32_at(&told, at).unwrap()).collect();
        assert_eq!(numbers, [2, 1, 60, 1, 3, 7, 1]);
    }

    #[test]
    fn far_places_are_told_in_eight_bytes() {
        let mut near = Vec::new();
        put_offsets(&mut near, &[chunk(10, 1)], 5).unwrap();
        assert_eq!(near.get(4..).unwrap(), [&b"stco"[..], &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 15]].concat());
        let mut far = Vec::new();
        put_offsets(&mut far, &[chunk(5 << 30, 1)], 5).unwrap();
        assert_eq!(far.get(4..8).unwrap(), b"co64");
    }

    #[test]
    fn fragments_are_put_together_until_a_piece_is_long_enough() {
        let fragment = |offset, ms| fragments::Fragment { offset, bytes: 10, ms };
        let fragments = Fragmented {
            fragments: vec![fragment(0, 2000), fragment(10, 2000), fragment(20, 2000), fragment(30, 500)],
            ..Fragmented::default()
        };
        let made = pieces(&fragments, 100, (50, 40));
        assert_eq!(made.segments, [(100, 30, 6000), (130, 10, 500)]);
        let told = serde_json::to_string(&made).unwrap();
        assert_eq!(told, r#"{"init":[50,40],"segments":[[100,30,6000],[130,10,500]]}"#);
    }
}
