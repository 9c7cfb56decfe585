//! MP4, M4A and MOV: a bounded reader of the boxes that matter (ISO/IEC 14496-12).
//!
//! Descends only the fixed path `moov/trak/mdia/minf/stbl/stsd`, so nesting cannot make it recurse.

mod description;

use super::{Facts, Source, to_ms};
use std::io::{Read, Seek};

/// A box: where its payload starts and ends.
#[derive(Clone, Copy, Debug)]
struct Atom {
    kind: [u8; 4],
    start: u64,
    end: u64,
    /// It ends where it says, inside of what holds it.
    whole: bool,
}

/// What is kept of one track.
#[derive(Debug, Default)]
struct Track {
    id: u32,
    per_second: u32,
    length: u64,
    handler: [u8; 4],
    width: u32,
    height: u32,
    codec: Option<String>,
    foreign_codec: bool,
    elsewhere: bool,
    samples: u32,
}

/// More tracks than any recording has.
const MOST_TRACKS: usize = 64;

pub(super) fn read<R: Read + Seek>(source: &mut Source<R>) -> Option<Facts> {
    let mut facts = Facts::default();
    let (mut movie, mut data, mut fragments_end) = (None, None, 0);
    let mut tracks = Vec::new();
    let mut at = 0;
    while let Some(atom) = next(source, at, source.len()) {
        match &atom.kind {
            b"moov" if movie.is_none() => {
                movie = Some(at);
                tracks = read_movie(source, atom, &mut facts);
            }
            b"mdat" if data.is_none() => data = Some(at),
            b"moof" => {
                facts.obstacles.fragmented = true;
                fragments_end = fragments_end.max(fragment_end(source, atom, &tracks).unwrap_or(0));
            }
            _ => {}
        }
        // Only of these: what stands behind the last box may be anything, and is no box then.
        facts.obstacles.cut_short |= !atom.whole && matches!(&atom.kind, b"moov" | b"mdat" | b"moof");
        at = atom.end;
    }
    movie?;
    facts.obstacles.nothing_in_it = !facts.obstacles.fragmented && tracks.iter().all(|track| track.samples == 0);
    facts.duration_ms = facts.duration_ms.filter(|ms| *ms > 0).or(Some(fragments_end));
    facts.faststart = Some(movie < data || data.is_none());
    Some(facts)
}

/// The box at `at`, if one fits before `end`. A box that claims to reach further ends there, as in a file cut short.
fn next<R: Read + Seek>(source: &mut Source<R>, at: u64, end: u64) -> Option<Atom> {
    let room = end.checked_sub(at).filter(|room| *room >= 8)?;
    let header: [u8; 8] = source.read(at)?;
    let [a, b, c, d, kind @ ..] = header;
    let (head, size) = match u32::from_be_bytes([a, b, c, d]) {
        0 => (8, room),
        1 => (16, source.u64(at + 8)?),
        size => (8, u64::from(size)),
    };
    if size < head || room < head {
        return None;
    }
    Some(Atom { kind, start: at + head, end: at + size.min(room), whole: size <= room })
}

fn children<R: Read + Seek>(source: &mut Source<R>, parent: Atom, mut visit: impl FnMut(&mut Source<R>, Atom)) {
    let mut at = parent.start;
    while let Some(atom) = next(source, at, parent.end) {
        visit(source, atom);
        at = atom.end;
    }
}

fn child<R: Read + Seek>(source: &mut Source<R>, parent: Atom, kind: &[u8; 4]) -> Option<Atom> {
    let mut at = parent.start;
    while let Some(atom) = next(source, at, parent.end) {
        if atom.kind == *kind {
            return Some(atom);
        }
        at = atom.end;
    }
    None
}

fn read_movie<R: Read + Seek>(source: &mut Source<R>, movie: Atom, facts: &mut Facts) -> Vec<Track> {
    let mut tracks = Vec::new();
    let mut claimed = None;
    children(source, movie, |source, atom| match &atom.kind {
        b"mvhd" => claimed = clock(source, atom).and_then(|(per_second, length)| to_ms(length, per_second.into())),
        b"trak" if tracks.len() < MOST_TRACKS => tracks.extend(read_track(source, atom)),
        _ => {}
    });
    let longest = tracks.iter().filter_map(|track: &Track| to_ms(track.length, track.per_second.into())).max();
    // The header of the movie is only a summary: where it says less or more than the tracks hold, they are believed.
    facts.duration_ms = match (claimed, longest) {
        (Some(claimed), Some(longest)) if longest > 0 && claimed > 0 => Some(claimed.min(longest)),
        (claimed, longest) => longest.filter(|ms| *ms > 0).or(claimed),
    };
    facts.tracks_known = !tracks.is_empty();
    for track in &tracks {
        facts.obstacles.foreign_codec |= track.foreign_codec;
        facts.obstacles.elsewhere |= track.elsewhere;
        if let Some(codec) = &track.codec {
            facts.add_codec(codec.clone());
        }
        if track.handler == *b"vide" && !facts.has_picture {
            facts.has_picture = true;
            (facts.width, facts.height) = (Some(track.width), Some(track.height));
        }
    }
    tracks
}

fn read_track<R: Read + Seek>(source: &mut Source<R>, atom: Atom) -> Option<Track> {
    let mut track = Track::default();
    if let Some(header) = child(source, atom, b"tkhd") {
        read_track_header(source, header, &mut track);
    }
    let media = child(source, atom, b"mdia")?;
    (track.per_second, track.length) = child(source, media, b"mdhd").and_then(|header| clock(source, header))?;
    let handler = child(source, media, b"hdlr")?;
    track.handler = source.read(handler.start + 8)?;
    let table = child(source, media, b"minf").and_then(|information| child(source, information, b"stbl"));
    track.samples = table
        .and_then(|table| child(source, table, b"stsz").or_else(|| child(source, table, b"stz2")))
        .and_then(|sizes| source.u32(sizes.start + 8))
        .unwrap_or(0);
    track.elsewhere = description::is_elsewhere(source, media);
    if matches!(&track.handler, b"vide" | b"soun") {
        let described = table.and_then(|table| child(source, table, b"stsd"));
        track.codec = described.and_then(|descriptions| codec(source, descriptions));
        track.foreign_codec = !described.is_some_and(|descriptions| description::is_common(source, descriptions));
    }
    Some(track)
}

/// Timescale and length of `mvhd` or `mdhd`, which begin alike. A length of all ones means "unknown".
fn clock<R: Read + Seek>(source: &mut Source<R>, atom: Atom) -> Option<(u32, u64)> {
    let [version] = source.read(atom.start)?;
    if version == 1 {
        let length = source.u64(atom.start + 24)?;
        return Some((source.u32(atom.start + 20)?, if length == u64::MAX { 0 } else { length }));
    }
    let length = source.u32(atom.start + 16)?;
    Some((source.u32(atom.start + 12)?, if length == u32::MAX { 0 } else { length.into() }))
}

/// Id and picture size; a matrix that turns the picture by a quarter (as phones write it) swaps the sides.
fn read_track_header<R: Read + Seek>(source: &mut Source<R>, atom: Atom, track: &mut Track) -> Option<()> {
    let [version] = source.read(atom.start)?;
    let (id, matrix) = if version == 1 { (20, 52) } else { (12, 40) };
    track.id = source.u32(atom.start + id)?;
    let matrix = atom.start + matrix;
    let turned = source.u32(matrix)? == 0 && source.u32(matrix + 16)? == 0 && source.u32(matrix + 4)? != 0;
    // Fixed point, 16 bits each.
    let (width, height) = (source.u32(matrix + 36)? >> 16, source.u32(matrix + 40)? >> 16);
    (track.width, track.height) = if turned { (height, width) } else { (width, height) };
    Some(())
}

/// The four-letter name of the first sample description.
fn codec<R: Read + Seek>(source: &mut Source<R>, descriptions: Atom) -> Option<String> {
    let name: [u8; 4] = source.read(descriptions.start + 12)?;
    let printable = name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b' '));
    (printable && descriptions.start + 16 <= descriptions.end)
        .then(|| name.iter().map(|byte| char::from(*byte)).collect::<String>().trim().to_owned())
}

/// When the last track fragment of a `moof` begins, plus its samples where they share one length, in milliseconds.
fn fragment_end<R: Read + Seek>(source: &mut Source<R>, fragment: Atom, tracks: &[Track]) -> Option<u64> {
    let run = child(source, fragment, b"traf")?;
    let header = child(source, run, b"tfhd")?;
    let id = source.u32(header.start + 4)?;
    let track = tracks.iter().find(|track| track.id == id)?;
    let time = child(source, run, b"tfdt")?;
    let [version] = source.read(time.start)?;
    let begins = if version == 1 { source.u64(time.start + 4)? } else { source.u32(time.start + 4)?.into() };
    let samples = samples_length(source, run, header).unwrap_or(0);
    to_ms(begins.checked_add(samples)?, track.per_second.into())
}

/// Length of the samples of the first `trun`, by each sample's own length or by the default of `tfhd`.
fn samples_length<R: Read + Seek>(source: &mut Source<R>, run: Atom, header: Atom) -> Option<u64> {
    let header_flags = source.u32(header.start)?;
    // Each flag of tfhd below "default duration" puts a field of this many bytes before it.
    let before =
        [(0x1, 8), (0x2, 4)].iter().filter(|(flag, _)| header_flags & flag != 0).map(|(_, size)| size).sum::<u64>();
    let default = if header_flags & 0x8 != 0 { source.u32(header.start + 8 + before) } else { None };
    let samples = child(source, run, b"trun")?;
    let (flags, count) = (source.u32(samples.start)?, source.u32(samples.start + 4)?);
    if flags & 0x100 == 0 {
        return Some(u64::from(default?) * u64::from(count));
    }
    let row = 4 * u64::from((flags & 0xf00).count_ones());
    let first = samples.start + 8 + 4 * u64::from((flags & 0x5).count_ones());
    let rows = samples.end.checked_sub(first)?.checked_div(row)?.min(count.into()).min(MOST_SAMPLES);
    let mut total = 0_u64;
    for index in 0..rows {
        total = total.saturating_add(source.u32(first + index * row)?.into());
    }
    Some(total)
}

/// Samples read of one fragment; more than a minute of sound.
const MOST_SAMPLES: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::super::tests::probe_bytes;

    fn atom(kind: &[u8; 4], payload: &[&[u8]]) -> Vec<u8> {
        let payload = payload.concat();
        let mut bytes = (payload.len() as u32 + 8).to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.extend(payload);
        bytes
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn ftyp() -> Vec<u8> {
        atom(b"ftyp", &[b"mp42\0\0\0\0mp42isom"])
    }

    fn track(id: u32, handler: &[u8; 4], codec: &[u8; 4], per_second: u32, length: u32, turned: bool) -> Vec<u8> {
        let matrix = if turned {
            [0, 0x10000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000]
        } else {
            [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000]
        };
        let header =
            [words(&[0, 0, 0, id, 0, length, 0, 0, 0, 0]), words(&matrix), words(&[640 << 16, 360 << 16])].concat();
        let description = atom(b"stsd", &[&words(&[0, 1]), &atom(codec, &[&[0; 70]])]);
        let media = atom(
            b"mdia",
            &[
                &atom(b"mdhd", &[&words(&[0, 0, 0, per_second, length, 0])]),
                &atom(b"hdlr", &[&words(&[0, 0]), handler, &[0; 12]]),
                &atom(b"minf", &[&atom(b"stbl", &[&description])]),
            ],
        );
        atom(b"trak", &[&atom(b"tkhd", &[&header]), &media])
    }

    fn movie(per_second: u32, length: u32, tracks: &[Vec<u8>]) -> Vec<u8> {
        atom(b"moov", &[&atom(b"mvhd", &[&words(&[0, 0, 0, per_second, length]), &[0; 80]]), &tracks.concat()])
    }

    fn video() -> Vec<u8> {
        track(1, b"vide", b"avc1", 12_800, 128_000, false)
    }

    fn sound() -> Vec<u8> {
        track(2, b"soun", b"mp4a", 48_000, 480_000, false)
    }

    #[test]
    fn a_video_tells_length_size_codecs_and_that_it_starts_fast() {
        let file = [ftyp(), movie(1000, 10_000, &[video(), sound()]), atom(b"mdat", &[&[0; 100]])].concat();
        let probe = probe_bytes(&file, "a.mp4");
        assert_eq!((probe.mime.as_str(), probe.duration_ms), ("video/mp4", Some(10_000)));
        assert_eq!((probe.width, probe.height), (Some(640), Some(360)));
        assert_eq!((probe.codecs.as_deref(), probe.faststart), (Some("avc1,mp4a"), Some(true)));
    }

    #[test]
    fn an_index_at_the_end_does_not_start_fast() {
        let file = [ftyp(), atom(b"mdat", &[&[0; 100]]), movie(1000, 10_000, &[video()])].concat();
        assert_eq!(probe_bytes(&file, "a.mp4").faststart, Some(false));
    }

    #[test]
    fn a_picture_turned_by_a_quarter_swaps_its_sides() {
        let file = [ftyp(), movie(1000, 1000, &[track(1, b"vide", b"hvc1", 1000, 1000, true)])].concat();
        let probe = probe_bytes(&file, "a.mp4");
        assert_eq!((probe.width, probe.height, probe.codecs.as_deref()), (Some(360), Some(640), Some("hvc1")));
    }

    #[test]
    fn sound_alone_is_audio() {
        let file = [ftyp(), movie(1000, 10_000, &[sound()])].concat();
        let probe = probe_bytes(&file, "a.mp4");
        assert_eq!((probe.mime.as_str(), probe.width), ("audio/mp4", None));
    }

    #[test]
    fn a_movie_header_that_lies_is_overruled_by_the_tracks() {
        for (per_second, length) in [(u32::MAX, u32::MAX), (1, u32::MAX - 1), (0, 5), (1000, 0)] {
            let file = [ftyp(), movie(per_second, length, &[video(), sound()])].concat();
            assert_eq!(probe_bytes(&file, "a.mp4").duration_ms, Some(10_000), "{length}/{per_second}");
        }
    }

    #[test]
    fn a_length_beyond_any_recording_is_not_believed() {
        let file = [ftyp(), movie(1, u32::MAX - 1, &[track(1, b"vide", b"avc1", 1, u32::MAX - 1, false)])].concat();
        assert_eq!(probe_bytes(&file, "a.mp4").duration_ms, None);
    }

    #[test]
    fn a_fragmented_file_is_as_long_as_its_last_fragment_ends() {
        let fragment = |begins: u32| {
            let run = [
                atom(b"tfhd", &[&words(&[0x2_0008, 1, 512])]),
                atom(b"tfdt", &[&words(&[0, begins])]),
                atom(b"trun", &[&words(&[0, 50])]),
            ];
            [atom(b"moof", &[&atom(b"traf", &[&run.concat()])]), atom(b"mdat", &[&[0; 10]])].concat()
        };
        let empty = movie(1000, 0, &[track(1, b"vide", b"avc1", 12_800, 0, false)]);
        let file = [ftyp(), empty, fragment(0), fragment(25_600)].concat();
        assert_eq!(probe_bytes(&file, "a.mp4").duration_ms, Some(4000));
    }

    #[test]
    fn boxes_with_impossible_sizes_or_endless_nesting_end_the_reading() {
        for size in [1_u32, 2, 7, u32::MAX] {
            let mut file = [ftyp(), size.to_be_bytes().to_vec(), b"moov".to_vec()].concat();
            file.extend([0x7f; 64]);
            assert_eq!(probe_bytes(&file, "a.mp4").duration_ms, None);
        }
        let mut nested = Vec::new();
        for _ in 0..5000 {
            nested = atom(b"moov", &[&nested]);
        }
        assert_eq!(probe_bytes(&[ftyp(), nested].concat(), "a.mp4").codecs, None);
    }

    #[test]
    fn a_file_cut_short_still_tells_what_its_head_says() {
        let mut file = [ftyp(), movie(1000, 10_000, &[video()]), atom(b"mdat", &[&[0; 1000]])].concat();
        file.truncate(file.len() - 500);
        assert_eq!(probe_bytes(&file, "a.mp4").duration_ms, Some(10_000));
    }
}
