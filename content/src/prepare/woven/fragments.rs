//! The fragments of a file that ffmpeg fragmented: where each begins, how long it lasts, and where its samples lie.

use super::boxes::{boxes_of, clock_of, codec_of, find, next, payload, put, track_id, u32_at, u64_at};
use crate::Error;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Seek;

/// Samples of one track that lie one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) track: u32,
    /// Where in the fragmented file.
    pub(super) offset: u64,
    pub(super) samples: u32,
}

/// One fragment, `moof` and `mdat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) offset: u64,
    pub(super) bytes: u64,
    pub(super) ms: u64,
}

/// What is in the file.
#[derive(Debug, Default)]
pub(super) struct Fragmented {
    /// `ftyp` and `moov`.
    pub(super) init: Vec<u8>,
    /// Where the first fragment begins.
    pub(super) start: u64,
    /// Where the last one ends.
    pub(super) end: u64,
    pub(super) fragments: Vec<Fragment>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) codecs: String,
    pub(super) duration_ms: u64,
}

/// Longest `moov` and `moof`; two seconds of sound and pictures have some hundred samples.
const LONGEST: u64 = 4 << 20;

/// More fragments than 48 hours have.
const MOST: usize = 100_000;

/// Ticks a second of each track. The first track keeps the time.
struct Clocks(Vec<(u32, u64)>);

impl Fragmented {
    /// Read it; an error of `None` says that it is not as we write them.
    pub(super) fn read(file: &mut File) -> Result<Self, Option<Error>> {
        let mut found = Self::default();
        let mut clocks = Clocks(Vec::new());
        let mut starts = Vec::new();
        let mut ends = BTreeMap::new();
        loop {
            let at = file.stream_position().map_err(Error::from)?;
            let Some((kind, length)) = next(file)? else {
                found.end = at;
                break;
            };
            match &kind {
                b"ftyp" | b"moov" if starts.is_empty() => {
                    let inner = payload(file, length, LONGEST)?;
                    put(&mut found.init, kind, &inner);
                    if &kind == b"moov" {
                        (clocks, found.codecs) = tracks(&inner).ok_or(None)?;
                    }
                }
                b"moof" if starts.len() < MOST => {
                    let inner = payload(file, length, LONGEST)?;
                    let (chunks, start) = fragment(&inner, at, &clocks, &mut ends).ok_or(None)?;
                    found.chunks.extend(chunks);
                    starts.push((at, start));
                }
                b"mdat" if !starts.is_empty() => {
                    file.seek_relative(i64::try_from(length).map_err(|_| None)?).map_err(Error::from)?;
                }
                _ => return Err(None),
            }
        }
        found.start = starts.first().ok_or(None)?.0;
        found.duration_ms = ends.values().copied().max().ok_or(None)?;
        found.measure(&starts);
        Ok(found)
    }

    fn measure(&mut self, starts: &[(u64, u64)]) {
        let after = starts.iter().skip(1).copied().chain([(self.end, self.duration_ms)]);
        self.fragments = starts
            .iter()
            .zip(after)
            .map(|((offset, ms), (next, next_ms))| Fragment {
                offset: *offset,
                bytes: next - offset,
                ms: next_ms.saturating_sub(*ms),
            })
            .collect();
    }
}

fn tracks(moov: &[u8]) -> Option<(Clocks, String)> {
    let traks = boxes_of(moov)?.into_iter().filter(|(kind, _)| kind == b"trak");
    let (mut clocks, mut codecs) = (Vec::new(), Vec::new());
    for (_, trak) in traks {
        clocks.push((track_id(trak)?, clock_of(trak)?.0));
        codecs.push(codec_of(trak)?);
    }
    Some((Clocks(clocks), codecs.join(",")))
}

/// The chunks of one `moof` and when it begins, in milliseconds.
fn fragment(moof: &[u8], at: u64, clocks: &Clocks, ends: &mut BTreeMap<u32, u64>) -> Option<(Vec<Chunk>, u64)> {
    const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;
    let (mut chunks, mut begins) = (Vec::new(), BTreeMap::new());
    for (_, traf) in boxes_of(moof)?.into_iter().filter(|(kind, _)| kind == b"traf") {
        let header = find(traf, &[b"tfhd"])?;
        let (flags, track) = (u32_at(header, 0)?, u32_at(header, 4)?);
        let place = clocks.0.iter().position(|(id, _)| *id == track)?;
        let per_second = clocks.0.get(place)?.1;
        (flags & DEFAULT_BASE_IS_MOOF != 0).then_some(())?;
        let time = find(traf, &[b"tfdt"])?;
        let start = if time.first()? == &1 { u64_at(time, 4)? } else { u64::from(u32_at(time, 4)?) };
        let mut ticks = 0_u64;
        for (_, run) in boxes_of(traf)?.into_iter().filter(|(kind, _)| kind == b"trun") {
            let run = Run::read(run, duration_of(header)?)?;
            chunks.push(Chunk { track, offset: at.checked_add(run.offset)?, samples: run.samples });
            ticks = ticks.checked_add(run.ticks)?;
        }
        let ms = |ticks: u64| u64::try_from(u128::from(ticks) * 1000 / u128::from(per_second)).ok();
        begins.insert(place, ms(start)?);
        ends.insert(track, ms(start.checked_add(ticks)?)?);
    }
    Some((chunks, *begins.values().next()?))
}

/// `default_sample_duration` of a `tfhd`, 0 when it is not told.
fn duration_of(header: &[u8]) -> Option<u32> {
    let flags = u32_at(header, 0)?;
    let before = [0x1_u32, 0x2].into_iter().zip([8, 4]).filter(|(flag, _)| flags & flag != 0).map(|(_, bytes)| bytes);
    if flags & 0x8 == 0 { Some(0) } else { u32_at(header, 8 + before.sum::<usize>()) }
}

/// A `trun`: samples that lie together.
struct Run {
    offset: u64,
    samples: u32,
    ticks: u64,
}

impl Run {
    fn read(run: &[u8], each: u32) -> Option<Self> {
        let (flags, samples) = (u32_at(run, 0)?, u32_at(run, 4)?);
        (flags & 0x1 != 0).then_some(())?;
        let mut at = 12 + if flags & 0x4 != 0 { 4 } else { 0 };
        let width = [0x100_u32, 0x200, 0x400, 0x800].iter().filter(|flag| flags & **flag != 0).count() * 4;
        let mut ticks = u64::from(each) * u64::from(samples);
        if flags & 0x100 != 0 {
            ticks = 0;
            for _ in 0..samples {
                ticks = ticks.checked_add(u64::from(u32_at(run, at)?))?;
                at += width;
            }
        }
        Some(Self { offset: u64::from(u32_at(run, 8)?), samples, ticks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_run_tells_its_place_its_samples_and_its_time() {
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        let even = Run::read(&words(&[0x201, 3, 100, 7, 7, 7]), 512).map(|run| (run.offset, run.samples, run.ticks));
        assert_eq!(even, Some((100, 3, 1536)));
        let uneven = Run::read(&words(&[0x301, 2, 100, 10, 7, 30, 7]), 512).map(|run| run.ticks);
        assert_eq!(uneven, Some(40));
        assert!(Run::read(&words(&[0x301, 2, 100, 10]), 512).is_none());
    }

    proptest! {
        #[test]
        fn no_fragment_makes_it_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(1)], 0..80), flags in 0_u32..0x1000) {
            let run = [&flags.to_be_bytes()[..], &bytes].concat();
            let _ = (Run::read(&run, u32::MAX), duration_of(&run), tracks(&run));
            let mut moof = Vec::new();
            put(&mut moof, *b"tfhd", &[&[0, 2, 0, 8, 0, 0, 0, 1][..], &bytes].concat());
            put(&mut moof, *b"tfdt", &[&[1, 0, 0, 0][..], &bytes].concat());
            put(&mut moof, *b"trun", &run);
            let mut outer = Vec::new();
            put(&mut outer, *b"traf", &moof);
            let _ = fragment(&outer, u64::MAX, &Clocks(vec![(1, 1)]), &mut BTreeMap::new());
        }
    }
}
