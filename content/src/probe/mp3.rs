//! MP3: length from the Xing or VBRI header, or from the bit rate of the first frame (ISO/IEC 11172-3).

use super::{Facts, Source, to_ms};
use std::io::{Read, Seek};

pub(super) fn read<R: Read + Seek>(source: &mut Source<R>) -> Option<Facts> {
    let start = after_id3(source);
    let head = source.read_up_to(start, SEARCHED);
    let (offset, frame) = (0..head.len().saturating_sub(4)).find_map(|at| Some((at, frame_at(&head, at)?)))?;
    let first = head.get(offset..).unwrap_or_default();
    let duration_ms = match counted_frames(first, &frame) {
        Some(frames) => to_ms(u64::from(frames) * frame.samples, frame.per_second),
        // bytes * 8 bits / (kbit/s) = ms
        None => source.len().checked_sub(start + offset as u64)?.checked_mul(8)?.checked_div(frame.kbits),
    };
    Some(Facts { duration_ms, codecs: vec!["mp3".to_owned()], ..Facts::default() })
}

/// Whether the bytes are two frames in a row.
pub(super) fn starts(head: &[u8]) -> bool {
    let next = |frame: Frame| head.get(usize::try_from(frame.size).ok()?..).and_then(parse);
    parse(head).and_then(next).is_some()
}

/// How far the first frame is looked for.
const SEARCHED: usize = 64 * 1024;

/// What a frame header says.
struct Frame {
    kbits: u64,
    per_second: u64,
    samples: u64,
    size: u64,
    /// Where a Xing header would stand, from the start of the frame.
    side: usize,
}

/// The frame at `at`, if its header is valid and another one follows it (or the data ends there).
fn frame_at(bytes: &[u8], at: usize) -> Option<Frame> {
    let frame = parse(bytes.get(at..)?)?;
    match bytes.get(at + usize::try_from(frame.size).ok()?..) {
        Some(next) if next.len() >= 4 => parse(next).map(|_| frame),
        _ => Some(frame),
    }
}

/// Parse the four bytes of a layer III frame header.
fn parse(bytes: &[u8]) -> Option<Frame> {
    let &[0xff, b, c, d] = bytes.first_chunk::<4>()? else { return None };
    if b & 0xe0 != 0xe0 || (b >> 1) & 3 != 1 {
        return None;
    }
    let version_1 = match (b >> 3) & 3 {
        3 => true,
        0 | 2 => false,
        _ => return None,
    };
    let rates = if version_1 { KBITS_1 } else { KBITS_2 };
    let kbits = *rates.get(usize::from(c >> 4)).filter(|kbits| **kbits > 0)?;
    let full = *[44_100, 48_000, 32_000].get(usize::from((c >> 2) & 3))?;
    let per_second = full
        / match (b >> 3) & 3 {
            3 => 1,
            2 => 2,
            _ => 4,
        };
    let samples = if version_1 { 1152 } else { 576 };
    let size = samples / 8 * kbits * 1000 / per_second + u64::from((c >> 1) & 1);
    let one_channel = d >> 6 == 3;
    let side = match (version_1, one_channel) {
        (true, false) => 36,
        (false, true) => 13,
        _ => 21,
    };
    Some(Frame { kbits, per_second, samples, size, side })
}

const KBITS_1: [u64; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBITS_2: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// The number of frames, as encoders of variable bit rate write it into the first one.
fn counted_frames(first: &[u8], frame: &Frame) -> Option<u32> {
    let number = |at: usize| first.get(at..)?.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
    match first.get(frame.side..).and_then(|rest| rest.first_chunk::<4>()) {
        Some(b"Xing" | b"Info") if number(frame.side + 4)? & 1 == 1 => number(frame.side + 8),
        _ if first.get(36..40) == Some(b"VBRI") => number(36 + 14),
        _ => None,
    }
    .filter(|frames| *frames > 0)
}

/// Where the sound begins: after an ID3v2 tag, whose length has seven bits a byte.
fn after_id3<R: Read + Seek>(source: &mut Source<R>) -> u64 {
    match source.read::<10>(0) {
        Some([b'I', b'D', b'3', _, _, _, a, b, c, d]) => {
            10 + [a, b, c, d].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::probe_bytes;

    /// 128 kbit/s, 44.1 kHz, stereo: 417 bytes a frame.
    fn frame(extra: &[u8]) -> Vec<u8> {
        let mut frame = vec![0xff, 0xfb, 0x90, 0x00];
        frame.resize(36, 0);
        frame.extend(extra);
        frame.resize(417, 0);
        frame
    }

    #[test]
    fn a_constant_bit_rate_gives_the_length_by_size() {
        let sound = frame(&[]).repeat(100);
        let probe = probe_bytes(&sound, "a.mp3");
        assert_eq!((probe.mime.as_str(), probe.duration_ms), ("audio/mpeg", Some(41_700 * 8 / 128)));
    }

    #[test]
    fn a_xing_header_gives_the_length_by_frames() {
        let mut header = b"Xing\0\0\0\x01".to_vec();
        header.extend(1000_u32.to_be_bytes());
        let sound = [frame(&header), frame(&[]).repeat(3)].concat();
        assert_eq!(probe_bytes(&sound, "a.mp3").duration_ms, Some(1000 * 1152 * 1000 / 44_100));
    }

    #[test]
    fn a_tag_before_the_sound_is_skipped() {
        let sound = [b"ID3\x04\0\0\0\0\x01\x00".to_vec(), vec![0xff; 128], frame(&[]).repeat(10)].concat();
        assert_eq!(probe_bytes(&sound, "a").duration_ms, Some(4170 * 8 / 128));
    }
}
