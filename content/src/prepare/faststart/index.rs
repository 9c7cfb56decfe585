//! The index of an MP4 (`moov`), rebuilt for the place it moves to.
//!
//! Walks only the fixed path `moov/trak/mdia/minf/stbl`, shifts the chunk offsets in `stco` and `co64`, and makes them
//! 64 bits wide when 32 no longer reach. Everything else is copied as it is.

use super::Refusal;
use super::boxes::Part;

/// The boxes on the way from the index to the chunk offsets, outermost first.
const PATH: [&[u8; 4]; 4] = [b"trak", b"mdia", b"minf", b"stbl"];

/// More boxes than this in one index are hostile.
const MOST_BOXES: usize = 20_000;

/// The whole new `moov` box, to stand before the part of number `index_before`. `old` is the payload of the old one,
/// `parts` all other boxes in the order they keep.
pub(super) fn rebuild(old: &[u8], parts: &[Part], index_before: usize) -> Result<Vec<u8>, Refusal> {
    let mut wide = false;
    loop {
        // The length does not depend on where the chunks are, so it is known before they are placed.
        let length = Rebuild::new(wide, &|_| Ok(0)).index(old)?.len() as u64;
        let moved = places(parts, index_before, length);
        let index = Rebuild::new(wide, &|chunk| place(&moved, chunk)).index(old);
        match index {
            Err(Stop::TooFar) if !wide => wide = true,
            Err(Stop::TooFar) => return Err(Refusal::Broken("文件索引指向文件之外")),
            Err(Stop::Refused(refusal)) => return Err(refusal),
            Ok(index) if index.len() as u64 == length => return Ok(index),
            Ok(_) => return Err(Refusal::Unusual),
        }
    }
}

enum Stop {
    /// A chunk now lies beyond what 32 bits can say.
    TooFar,
    Refused(Refusal),
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(refusal) => refusal,
            Stop::TooFar => Self::Broken("文件索引指向文件之外"),
        }
    }
}

/// A part's old range and its new start.
struct Moved {
    start: u64,
    end: u64,
    to: u64,
}

fn places(parts: &[Part], index_before: usize, index: u64) -> Vec<Moved> {
    let mut at = 0;
    let mut moved = Vec::with_capacity(parts.len());
    for (position, part) in parts.iter().enumerate() {
        if position == index_before {
            at += index;
        }
        moved.push(Moved { start: part.start, end: part.end, to: at });
        at += part.length();
    }
    moved
}

/// Where the byte at `chunk` of the old file now is. An empty chunk may stand at the very end of a part.
fn place(moved: &[Moved], chunk: u64) -> Result<u64, Stop> {
    let after = moved.partition_point(|part| part.start <= chunk);
    let part = after.checked_sub(1).and_then(|position| moved.get(position)).filter(|part| chunk <= part.end);
    part.map(|part| part.to + (chunk - part.start))
        .ok_or(Stop::Refused(Refusal::Broken("文件索引指向文件之外，文件不完整或已损坏")))
}

struct Rebuild<'a> {
    wide: bool,
    place: &'a dyn Fn(u64) -> Result<u64, Stop>,
    boxes_left: usize,
}

impl<'a> Rebuild<'a> {
    fn new(wide: bool, place: &'a dyn Fn(u64) -> Result<u64, Stop>) -> Self {
        Self { wide, place, boxes_left: MOST_BOXES }
    }

    fn index(&mut self, payload: &[u8]) -> Result<Vec<u8>, Stop> {
        let mut out = Vec::with_capacity(payload.len() + 8);
        wrap(&mut out, b"moov", |out| self.children(payload, 0, out))?;
        Ok(out)
    }

    /// Copies the children of a box at this depth of the path. The depth never passes the path's length.
    fn children(&mut self, mut payload: &[u8], depth: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        while let Some((kind, whole, inside, rest)) = split(payload)? {
            payload = rest;
            self.boxes_left = self.boxes_left.checked_sub(1).ok_or(broken("文件结构异常：数据块过多"))?;
            match (PATH.get(depth), kind) {
                // A packed index, fragments to come, or protected samples with places of their own.
                (_, b"cmov" | b"mvex" | b"saio") => return Err(Stop::Refused(Refusal::Unusual)),
                (Some(next), kind) if *next == kind => {
                    wrap(out, kind, |out| self.children(inside, depth + 1, out))?;
                }
                (None, b"stco") => self.offsets::<4>(inside, |bytes| u64::from(u32::from_be_bytes(bytes)), out)?,
                (None, b"co64") => self.offsets::<8>(inside, u64::from_be_bytes, out)?,
                _ => out.extend_from_slice(whole),
            }
        }
        Ok(())
    }

    /// A table of chunk offsets, `N` bytes each in the old file.
    fn offsets<const N: usize>(
        &self,
        table: &[u8],
        read: impl Fn([u8; N]) -> u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let (head, entries) = table.split_first_chunk::<8>().ok_or(broken("文件索引已损坏"))?;
        let [flags @ .., a, b, c, d] = *head;
        let count = u32::from_be_bytes([a, b, c, d]) as usize;
        let entries = count.checked_mul(N).and_then(|length| entries.get(..length)).ok_or(broken("文件索引已损坏"))?;
        let wide = self.wide || N == 8;
        wrap(out, if wide { b"co64" } else { b"stco" }, |out| {
            out.extend_from_slice(&flags);
            out.extend_from_slice(&[a, b, c, d]);
            for entry in entries.as_chunks::<N>().0 {
                let place = (self.place)(read(*entry))?;
                match (wide, u32::try_from(place)) {
                    (true, _) => out.extend_from_slice(&place.to_be_bytes()),
                    (false, Ok(place)) => out.extend_from_slice(&place.to_be_bytes()),
                    (false, Err(_)) => return Err(Stop::TooFar),
                }
            }
            Ok(())
        })
    }
}

fn broken(how: &'static str) -> Stop {
    Stop::Refused(Refusal::Broken(how))
}

/// Writes a box around what `fill` writes.
fn wrap(out: &mut Vec<u8>, kind: &[u8; 4], fill: impl FnOnce(&mut Vec<u8>) -> Result<(), Stop>) -> Result<(), Stop> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(kind);
    fill(out)?;
    let size = u32::try_from(out.len() - start).map_err(|_| broken("文件的索引过大"))?;
    if let Some(field) = out.get_mut(start..start + 4) {
        field.copy_from_slice(&size.to_be_bytes());
    }
    Ok(())
}

/// The first box of `payload`: its name, all of it, what is inside, and what follows.
type First<'a> = (&'a [u8; 4], &'a [u8], &'a [u8], &'a [u8]);

/// `None` at the end; QuickTime may close a list with four zero bytes, which are dropped.
fn split(payload: &[u8]) -> Result<Option<First<'_>>, Stop> {
    let Some((size, after_size)) = payload.split_first_chunk::<4>() else { return Ok(None) };
    let Some((kind, after_kind)) = after_size.split_first_chunk::<4>() else { return Ok(None) };
    let (head, size) = match u32::from_be_bytes(*size) {
        0 => (8, payload.len() as u64),
        1 => {
            let (long, _) = after_kind.split_first_chunk::<8>().ok_or(broken("文件索引已损坏"))?;
            (16, u64::from_be_bytes(*long))
        }
        size => (8, u64::from(size)),
    };
    let size = usize::try_from(size).ok().filter(|size| *size >= head).ok_or(broken("文件索引已损坏"))?;
    let (whole, rest) = payload.split_at_checked(size).ok_or(broken("文件索引已损坏"))?;
    Ok(Some((kind, whole, whole.get(head..).unwrap_or_default(), rest)))
}
