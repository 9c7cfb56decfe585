//! What a track's sample description says of its codec: whether every browser decodes it.

use super::super::Source;
use super::{Atom, child, next};
use std::io::{Read, Seek};

/// Whether the first sample description is H.264 in 8 bits and 4:2:0, AAC or MP3.
pub(super) fn is_common<R: Read + Seek>(source: &mut Source<R>, descriptions: Atom) -> bool {
    common(source, descriptions).unwrap_or(false)
}

/// Whether a data reference of the track names another file.
pub(super) fn is_elsewhere<R: Read + Seek>(source: &mut Source<R>, media: Atom) -> bool {
    elsewhere(source, media).unwrap_or(false)
}

fn common<R: Read + Seek>(source: &mut Source<R>, descriptions: Atom) -> Option<bool> {
    let entry = next(source, descriptions.start + 8, descriptions.end)?;
    match &entry.kind {
        b"avc1" | b"avc3" => {
            // The fields of a visual sample entry are 78 bytes; then come its boxes.
            let configuration = child(source, after(entry, 78)?, b"avcC")?;
            let [_, profile] = source.read(configuration.start)?;
            // Baseline, Main, Extended, High: all others have more bits or more colour.
            Some(matches!(profile, 66 | 77 | 88 | 100))
        }
        b"mp4a" => {
            let [_, version] = source.read::<2>(entry.start + 8)?;
            // QuickTime's versions 1 and 2 of the sound description are longer.
            let fields = 28 + [0, 16, 36].get(usize::from(version))?;
            let boxes = after(entry, fields)?;
            let descriptor = match child(source, boxes, b"esds") {
                Some(found) => found,
                None => child(source, boxes, b"wave").and_then(|wave| child(source, wave, b"esds"))?,
            };
            Some(matches!(object_type(source, descriptor)?, 0x40 | 0x66..=0x68 | 0x69 | 0x6b))
        }
        b".mp3" => Some(true),
        _ => Some(false),
    }
}

fn after(entry: Atom, fields: u64) -> Option<Atom> {
    let start = entry.start.checked_add(fields).filter(|start| *start <= entry.end)?;
    Some(Atom { start, ..entry })
}

/// The object type of an elementary stream descriptor (ISO/IEC 14496-1, 7.2.6): which codec `mp4a` really is.
fn object_type<R: Read + Seek>(source: &mut Source<R>, descriptor: Atom) -> Option<u8> {
    let len = usize::try_from(descriptor.end - descriptor.start).ok()?.min(64);
    let bytes = source.read_up_to(descriptor.start, len);
    let stream = content(bytes.get(4..)?, 3)?;
    let [_, _, flags, rest @ ..] = stream else { return None };
    // Flags announce a stream this one depends on, an address, and another clock.
    let skipped = usize::from(flags >> 7) * 2 + usize::from(flags >> 5 & 1) * 2;
    if flags >> 6 & 1 == 1 {
        return None;
    }
    content(rest.get(skipped..)?, 4)?.first().copied()
}

/// What follows the tag and length of a descriptor.
fn content(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (first, mut rest) = bytes.split_first()?;
    if *first != tag {
        return None;
    }
    // The length has seven bits a byte, at most four bytes.
    for _ in 0..4 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        if byte & 0x80 == 0 {
            return Some(rest);
        }
    }
    None
}

fn elsewhere<R: Read + Seek>(source: &mut Source<R>, media: Atom) -> Option<bool> {
    const MOST_REFERENCES: usize = 64;
    let information = child(source, media, b"minf")?;
    let place = child(source, information, b"dinf")?;
    let references = child(source, place, b"dref")?;
    let mut at = references.start + 8;
    for _ in 0..MOST_REFERENCES {
        let Some(reference) = next(source, at, references.end) else { return Some(false) };
        // The lowest flag says "in this very file". QuickTime has aliases, which say so as well.
        if source.u32(reference.start)? & 1 == 0 {
            return Some(true);
        }
        at = reference.end;
    }
    Some(true)
}
