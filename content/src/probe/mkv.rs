//! WebM and Matroska: length, picture size and codecs from the segment's head (RFC 9559).

use super::Facts;
use super::source::Source;
use std::io::{Read, Seek};

/// An element: its id with the marker bits, and its payload.
#[derive(Clone, Copy)]
struct Element {
    id: u64,
    start: u64,
    end: u64,
}

const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_a966;
const TIMESTAMP_SCALE: u64 = 0x2a_d7b1;
const DURATION: u64 = 0x4489;
const TRACKS: u64 = 0x1654_ae6b;
const TRACK: u64 = 0xae;
const CODEC: u64 = 0x86;
const VIDEO: u64 = 0xe0;
const WIDTH: u64 = 0xb0;
const HEIGHT: u64 = 0xba;
const CLUSTER: u64 = 0x1f43_b675;

pub(super) fn read<R: Read + Seek>(source: &mut Source<R>) -> Option<Facts> {
    let head = next(source, 0, source.len())?;
    let segment = next(source, head.end, source.len()).filter(|element| element.id == SEGMENT)?;
    let mut facts = Facts::default();
    let mut at = segment.start;
    // The head ends where the first cluster of frames begins.
    while let Some(element) = next(source, at, segment.end).filter(|element| element.id != CLUSTER) {
        match element.id {
            INFO => facts.duration_ms = duration(source, element),
            TRACKS => read_tracks(source, element, &mut facts),
            _ => {}
        }
        at = element.end;
    }
    Some(facts)
}

fn next<R: Read + Seek>(source: &mut Source<R>, at: u64, end: u64) -> Option<Element> {
    if at >= end {
        return None;
    }
    let (id, after_id) = number(source, at, false)?;
    let (size, start) = number(source, after_id, true)?;
    (start <= end).then(|| Element { id, start, end: start.saturating_add(size).min(end) })
}

/// A number of variable size at `at`, and where it ends. A size of all ones means "to the end".
fn number<R: Read + Seek>(source: &mut Source<R>, at: u64, without_marker: bool) -> Option<(u64, u64)> {
    let [first] = source.read(at)?;
    let width = u64::from(first.leading_zeros()) + 1;
    if width > 8 {
        return None;
    }
    let bytes = source.read_up_to(at, usize::try_from(width).ok()?);
    if bytes.len() as u64 != width {
        return None;
    }
    let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let mask = (1_u64 << (7 * width)) - 1;
    let value = match (without_marker, value & mask == mask) {
        (true, true) => u64::MAX,
        (true, false) => value & mask,
        (false, _) => value,
    };
    Some((value, at + width))
}

fn duration<R: Read + Seek>(source: &mut Source<R>, info: Element) -> Option<u64> {
    let (mut nanoseconds, mut units) = (1_000_000, None);
    let mut at = info.start;
    while let Some(element) = next(source, at, info.end) {
        match element.id {
            TIMESTAMP_SCALE => nanoseconds = unsigned(source, element)?,
            DURATION => units = float(source, element),
            _ => {}
        }
        at = element.end;
    }
    let ms = units? * (nanoseconds as f64) / 1e6;
    // A cast from float saturates and takes NaN to 0, which is no length.
    Some(ms as u64)
}

fn read_tracks<R: Read + Seek>(source: &mut Source<R>, tracks: Element, facts: &mut Facts) {
    let mut at = tracks.start;
    while let Some(track) = next(source, at, tracks.end) {
        if track.id == TRACK {
            facts.tracks_known = true;
            read_track(source, track, facts);
        }
        at = track.end;
    }
}

fn read_track<R: Read + Seek>(source: &mut Source<R>, track: Element, facts: &mut Facts) {
    let mut at = track.start;
    while let Some(element) = next(source, at, track.end) {
        match element.id {
            CODEC => facts.codecs_of(&source.read_up_to(element.start, 32.min(size(element)))),
            VIDEO => {
                facts.has_picture = true;
                read_picture(source, element, facts);
            }
            _ => {}
        }
        at = element.end;
    }
}

fn read_picture<R: Read + Seek>(source: &mut Source<R>, video: Element, facts: &mut Facts) {
    let mut at = video.start;
    while let Some(element) = next(source, at, video.end) {
        let pixels = |value: Option<u64>| value.and_then(|pixels| u32::try_from(pixels).ok());
        match element.id {
            WIDTH => facts.width = pixels(unsigned(source, element)),
            HEIGHT => facts.height = pixels(unsigned(source, element)),
            _ => {}
        }
        at = element.end;
    }
}

impl Facts {
    /// `V_VP8` is `vp8`, `V_MPEG4/ISO/AVC` is `mpeg4/iso/avc`.
    fn codecs_of(&mut self, id: &[u8]) {
        let name = String::from_utf8_lossy(id).trim_end_matches('\0').to_ascii_lowercase();
        if let Some((_, name)) = name.split_once('_').filter(|(_, name)| name.is_ascii() && !name.contains(',')) {
            self.add_codec(name.to_owned());
        }
    }
}

fn size(element: Element) -> usize {
    usize::try_from(element.end - element.start).unwrap_or(usize::MAX)
}

fn unsigned<R: Read + Seek>(source: &mut Source<R>, element: Element) -> Option<u64> {
    let bytes = source.read_up_to(element.start, size(element).min(9));
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn float<R: Read + Seek>(source: &mut Source<R>, element: Element) -> Option<f64> {
    match size(element) {
        4 => source.read(element.start).map(|bytes| f32::from_be_bytes(bytes).into()),
        8 => source.read(element.start).map(f64::from_be_bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::probe_bytes;

    fn element(id: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut bytes = id.to_vec();
        bytes.push(0x80 | payload.len() as u8);
        bytes.extend(payload);
        bytes
    }

    fn file(doc_type: &[u8]) -> Vec<u8> {
        let info = element(&[0x15, 0x49, 0xa9, 0x66], &element(&[0x44, 0x89], &12_500_f32.to_be_bytes()));
        let video = element(&[0xe0], &[element(&[0xb0], &[1, 0x40]), element(&[0xba], &[180])].concat());
        let track = element(&[0xae], &[element(&[0x86], b"V_VP8"), video].concat());
        let segment = [info, element(&[0x16, 0x54, 0xae, 0x6b], &track)].concat();
        [
            element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], doc_type)),
            element(&[0x18, 0x53, 0x80, 0x67], &segment),
        ]
        .concat()
    }

    #[test]
    fn a_webm_tells_length_size_and_codec() {
        let probe = probe_bytes(&file(b"webm"), "a.webm");
        assert_eq!((probe.mime.as_str(), probe.duration_ms), ("video/webm", Some(12_500)));
        assert_eq!((probe.width, probe.height, probe.codecs.as_deref()), (Some(320), Some(180), Some("vp8")));
    }

    #[test]
    fn matroska_is_told_from_webm_by_its_document_type() {
        assert_eq!(probe_bytes(&file(b"matroska"), "a.webm").mime, "video/x-matroska");
    }
}
