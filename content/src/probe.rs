//! What a file is: its type by content, and for media its length, picture size, codecs and whether it starts fast.
//!
//! Reads headers only, with bounds on bytes and steps, because every file comes from outside: a hostile one costs
//! milliseconds and yields fewer facts. Never decodes, and never decides whether a file is welcome.

mod demuxer;
mod mkv;
mod mp3;
mod mp4;
mod sniff;
mod source;

use crate::Result;
pub use demuxer::{Demuxer, demuxer};
use source::Source;
use std::fs::File;
use std::path::Path;

/// The facts about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// The type it is to be served as; anything a browser might run is `application/octet-stream`.
    pub mime: String,
    /// Length of the recording in milliseconds.
    pub duration_ms: Option<i64>,
    /// Picture width as shown, in pixels.
    pub width: Option<i32>,
    /// Picture height as shown, in pixels.
    pub height: Option<i32>,
    /// Codec names, such as `avc1,mp4a`.
    pub codecs: Option<String>,
    /// For MP4: the index stands before the data, so that play begins at once.
    pub faststart: Option<bool>,
    /// For MP4: what stands between it and a browser.
    pub obstacles: Obstacles,
}

/// What keeps an MP4 from being played as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Obstacles {
    /// A track whose codec is not H.264 in 8 bits, AAC or MP3.
    pub foreign_codec: bool,
    /// The samples lie in fragments, in which players seek badly.
    pub fragmented: bool,
    /// A part reaches beyond the end of the file: the rest was lost on the way.
    pub cut_short: bool,
    /// Samples are said to lie in other files, which is never followed.
    pub elsewhere: bool,
    /// There is no sample at all.
    pub nothing_in_it: bool,
}

/// The type of what nobody should open in a browser.
pub const OPAQUE: &str = "application/octet-stream";

/// Longer than this no recording is; a header that says so lies.
pub(crate) const LONGEST_MS: u64 = 48 * 3600 * 1000;

/// Read what can be told about `file`; `name` helps where the content does not say. Blocks.
pub fn probe(file: &Path, name: &str) -> Result<Probe> {
    let mut source = Source::new(File::open(file)?)?;
    Ok(of_source(&mut source, name))
}

/// Whether a browser may show this type in place. Everything else is offered as a download.
///
/// PDF is left out: browsers show none under the sandbox that keeps handouts from running scripts.
pub fn shows_in_place(mime: &str) -> bool {
    let kind = mime.split(';').next().unwrap_or_default();
    kind.starts_with("video/")
        || kind.starts_with("audio/")
        || matches!(kind, "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "text/plain")
}

fn of_source<R: std::io::Read + std::io::Seek>(source: &mut Source<R>, name: &str) -> Probe {
    let mime = sniff::mime(source, name);
    let facts = match mime.as_str() {
        "video/mp4" | "audio/mp4" | "video/quicktime" => mp4::read(source),
        "video/webm" | "video/x-matroska" => mkv::read(source),
        "audio/mpeg" => mp3::read(source),
        _ => None,
    };
    let Some(facts) = facts else { return Probe { mime, ..Probe::default() } };
    let only_sound = facts.tracks_known && !facts.has_picture;
    let mime = match mime.as_str() {
        "video/mp4" if only_sound => "audio/mp4".to_owned(),
        "video/webm" if only_sound => "audio/webm".to_owned(),
        _ => mime,
    };
    Probe {
        mime,
        duration_ms: facts.duration_ms.filter(|ms| (1..=LONGEST_MS).contains(ms)).and_then(|ms| i64::try_from(ms).ok()),
        width: facts.width.filter(|pixels| *pixels > 0).and_then(|pixels| i32::try_from(pixels).ok()),
        height: facts.height.filter(|pixels| *pixels > 0).and_then(|pixels| i32::try_from(pixels).ok()),
        codecs: (!facts.codecs.is_empty()).then(|| facts.codecs.join(",")),
        faststart: facts.faststart,
        obstacles: facts.obstacles,
    }
}

/// What a container's reader found, before it is believed.
#[derive(Debug, Default)]
struct Facts {
    duration_ms: Option<u64>,
    width: Option<u32>,
    height: Option<u32>,
    codecs: Vec<String>,
    faststart: Option<bool>,
    has_picture: bool,
    tracks_known: bool,
    obstacles: Obstacles,
}

impl Facts {
    fn add_codec(&mut self, name: String) {
        if self.codecs.len() < 8 && !self.codecs.contains(&name) {
            self.codecs.push(name);
        }
    }
}

/// `units` of `per_second` as milliseconds.
fn to_ms(units: u64, per_second: u64) -> Option<u64> {
    let ms = u128::from(units).checked_mul(1000)?.checked_div(u128::from(per_second))?;
    u64::try_from(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    pub(super) fn probe_bytes(bytes: &[u8], name: &str) -> Probe {
        Source::new(Cursor::new(bytes)).map(|mut source| of_source(&mut source, name)).unwrap_or_default()
    }

    #[test]
    fn what_shows_in_place_can_never_run() {
        assert!(shows_in_place("video/mp4") && shows_in_place("text/plain; charset=utf-8"));
        for mime in ["text/html", "image/svg+xml", "application/pdf", "application/xml", OPAQUE, ""] {
            assert!(!shows_in_place(mime), "{mime}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            head in prop::sample::select(vec![
                &b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"[..], b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", b"ID3\x03\0\0\0\0\x0f\x76", b"\xff\xfb\x90\x00", b"",
            ]),
            tail in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(255)], 0..600),
            boxes in prop::collection::vec((any::<u32>(), prop::sample::select(vec![
                &b"moov"[..], b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"mdat", b"moof", b"traf", b"tfdt", b"trun", b"mvex", b"mehd", b"stts",
            ])), 0..30),
        ) {
            let mut bytes = head.to_vec();
            for (size, name) in boxes {
                bytes.extend((size % 300).to_be_bytes());
                bytes.extend(name);
                bytes.extend(tail.iter().take((size % 40) as usize));
            }
            bytes.extend(tail);
            probe_bytes(&bytes, "x.mp4");
        }
    }
}
