//! Boxes of an MP4 in memory, read without trust and written.

use crate::{Error, Result};
use std::fs::File;
use std::io::{ErrorKind, Read};

/// A box's kind and what is in it.
pub(super) type Inner<'a> = ([u8; 4], &'a [u8]);

/// The boxes that lie one after the other in `bytes`; `None` when they do not fill it.
pub(super) fn boxes_of(mut bytes: &[u8]) -> Option<Vec<Inner<'_>>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
        let kind = *bytes.get(4..8)?.first_chunk::<4>()?;
        found.push((kind, bytes.get(8..length)?));
        bytes = bytes.get(length..)?;
    }
    Some(found)
}

/// The first box at the end of a path of boxes.
pub(super) fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    let mut at = bytes;
    for name in path {
        at = boxes_of(at)?.into_iter().find(|(kind, _)| kind == *name)?.1;
    }
    Some(at)
}

/// Which track a `trak` describes.
pub(super) fn track_id(trak: &[u8]) -> Option<u32> {
    let header = find(trak, &[b"tkhd"])?;
    u32_at(header, if header.first()? == &1 { 20 } else { 12 })
}

/// Ticks a second and length in ticks of a `trak`.
pub(super) fn clock_of(trak: &[u8]) -> Option<(u64, u64)> {
    let header = find(trak, &[b"mdia", b"mdhd"])?;
    let long = header.first()? == &1;
    let per_second = u32_at(header, if long { 20 } else { 12 })?;
    let length = if long { u64_at(header, 24)? } else { u64::from(u32_at(header, 16)?) };
    (per_second > 0).then_some((u64::from(per_second), length))
}

/// RFC 6381 name of the codec of a `trak` that was encoded here: H.264 or AAC-LC.
pub(super) fn codec_of(trak: &[u8]) -> Option<String> {
    const PICTURE_ENTRY: usize = 78;
    let entries = find(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
    let (kind, entry) = boxes_of(entries.get(8..)?)?.into_iter().next()?;
    if &kind == b"mp4a" {
        return Some("mp4a.40.2".to_owned());
    }
    let settings = find(entry.get(PICTURE_ENTRY..)?, &[b"avcC"])?;
    let [profile, constraints, level] = *settings.get(1..4)?.first_chunk::<3>()?;
    Some(format!("avc1.{profile:02x}{constraints:02x}{level:02x}"))
}

/// Append a box.
pub(super) fn put(to: &mut Vec<u8>, kind: [u8; 4], payload: &[u8]) {
    // Nothing here is longer than the index, which is bounded far below 4 GB.
    to.extend((payload.len() as u32).saturating_add(8).to_be_bytes());
    to.extend(kind);
    to.extend(payload);
}

/// Four bytes as a number.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|four| u32::from_be_bytes(*four))
}

/// Eight bytes as a number.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk::<8>().map(|eight| u64::from_be_bytes(*eight))
}

/// The header of the box at the file's place, which then is its payload's: kind and length of the payload. `None` at
/// the end of the file.
pub(super) fn next(file: &mut File) -> Result<Option<([u8; 4], u64)>> {
    let mut header = [0; 8];
    match file.read_exact(&mut header) {
        Err(cause) if cause.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let [a, b, c, d, kind @ ..] = header;
    let length = match u32::from_be_bytes([a, b, c, d]) {
        1 => {
            let mut long = [0; 8];
            file.read_exact(&mut long)?;
            u64::from_be_bytes(long).checked_sub(16)
        }
        short => u64::from(short).checked_sub(8),
    };
    Ok(Some((kind, length.ok_or(super::BROKEN)?)))
}

/// What is in the box whose header was just read.
pub(super) fn payload(file: &mut File, length: u64, most: u64) -> Result<Vec<u8>> {
    if length > most {
        return Err(super::BROKEN);
    }
    let mut bytes = Vec::new();
    if file.take(length).read_to_end(&mut bytes)? as u64 != length {
        return Err(Error::Disk(ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_put_is_found() {
        let mut inner = Vec::new();
        put(&mut inner, *b"mdhd", b"abc");
        let mut outer = Vec::new();
        put(&mut outer, *b"free", b"");
        put(&mut outer, *b"mdia", &inner);
        assert_eq!(find(&outer, &[b"mdia", b"mdhd"]), Some(&b"abc"[..]));
        assert_eq!(find(&outer, &[b"mdia", b"stbl"]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(9)], 0..200)) {
            let _ = (boxes_of(&bytes), track_id(&bytes), clock_of(&bytes), codec_of(&bytes));
        }
    }
}
