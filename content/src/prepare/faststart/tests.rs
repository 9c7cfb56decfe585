#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use proptest::prelude::*;

/// Bytes of one chunk in the files made here.
const CHUNK: usize = 16;

fn atom(kind: &[u8; 4], payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    let mut bytes = (payload.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(payload);
    bytes
}

fn ftyp() -> Vec<u8> {
    atom(b"ftyp", &[b"mp42\0\0\0\0mp42isom"])
}

/// A track whose chunks stand at these places, told in 32 or 64 bits.
fn track(chunks: &[u64], wide: bool) -> Vec<u8> {
    let mut table = vec![0; 4];
    table.extend((chunks.len() as u32).to_be_bytes());
    for chunk in chunks {
        match wide {
            true => table.extend(chunk.to_be_bytes()),
            false => table.extend((*chunk as u32).to_be_bytes()),
        }
    }
    let offsets = atom(if wide { b"co64" } else { b"stco" }, &[&table]);
    let table = atom(b"stbl", &[&atom(b"stts", &[&[0; 16]]), &offsets, &atom(b"stsc", &[&[0; 8]])]);
    let media = atom(b"mdia", &[&atom(b"mdhd", &[&[7; 24]]), &atom(b"minf", &[&table])]);
    atom(b"trak", &[&atom(b"tkhd", &[&[9; 84]]), &media])
}

/// Every chunk offset of an index, found by the names of its tables.
fn offsets(moov: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    for at in 4..moov.len().saturating_sub(12) {
        let width = match &moov[at..at + 4] {
            b"stco" => 4,
            b"co64" => 8,
            _ => continue,
        };
        let count = u32::from_be_bytes(moov[at + 8..at + 12].try_into().unwrap()) as usize;
        let entries = moov[at + 12..].chunks_exact(width).take(count);
        found.extend(entries.map(|entry| entry.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))));
    }
    found
}

/// The files before and after, or why it was refused.
fn rewritten(file: &[u8]) -> std::result::Result<Vec<u8>, Refusal> {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    std::fs::write(&from, file).unwrap();
    rewrite(&from, &to, &Progress::default()).unwrap().map(|()| std::fs::read(to).unwrap())
}

fn chunks(file: &[u8], index: &[u8]) -> Vec<Vec<u8>> {
    offsets(index).iter().map(|at| file[*at as usize..*at as usize + CHUNK].to_vec()).collect()
}

#[test]
fn the_index_comes_to_the_front_and_every_chunk_keeps_its_bytes() {
    let data: Vec<u8> = (0..64).collect();
    let start = ftyp().len() as u64 + 8;
    let moov = atom(b"moov", &[&track(&[start, start + 16], false), &track(&[start + 32, start + 48], true)]);
    let old = [ftyp(), atom(b"mdat", &[&data]), moov.clone(), atom(b"free", &[&[0; 5]])].concat();
    let new = rewritten(&old).unwrap();
    assert_eq!(new.len(), old.len());
    assert_eq!(&new[ftyp().len() + 4..ftyp().len() + 8], b"moov");
    assert_eq!(chunks(&new, &new[ftyp().len()..ftyp().len() + moov.len()]), chunks(&old, &moov));
    assert!(new.ends_with(&atom(b"free", &[&[0; 5]])));
}

#[test]
fn offsets_that_outgrow_32_bits_become_64_bits_wide_and_the_boxes_around_them_grow() {
    let near_the_edge = u64::from(u32::MAX) - 40;
    let old = [track(&[100, near_the_edge], false), track(&[200], true)].concat();
    let parts = [
        Part { kind: *b"ftyp", start: 0, end: 24, head: 8 },
        Part { kind: *b"mdat", start: 24, end: 1 << 33, head: 16 },
    ];
    let index = index::rebuild(&old, &parts, 1).unwrap();
    let grown = index.len() as u64;
    assert_eq!(grown, old.len() as u64 + 8 + 2 * 4, "two entries of the first track");
    assert_eq!(offsets(&index), [100 + grown, near_the_edge + grown, 200 + grown]);
    assert_eq!(u32::from_be_bytes(index[..4].try_into().unwrap()) as u64, grown);
    let untouched = index::rebuild(&track(&[100], false), &parts, 1).unwrap();
    assert_eq!(untouched.len(), track(&[100], false).len() + 8);
}

#[test]
fn what_points_outside_of_the_file_or_is_cut_is_refused_with_a_reason() {
    let data = atom(b"mdat", &[&[0; 64]]);
    let with = |moov: Vec<u8>| [ftyp(), data.clone(), moov].concat();
    let whole = with(atom(b"moov", &[&track(&[40], false)]));
    assert!(rewritten(&whole).is_ok());
    for hostile in [
        whole[..whole.len() - 9].to_vec(),
        with(atom(b"moov", &[&track(&[1 << 31], false)])),
        with(atom(b"moov", &[&track(&[u64::MAX], true)])),
        with(atom(b"moov", &[&[0, 0, 0, 7], b"trak"])),
        with(atom(b"moov", &[&[0, 0, 0, 1], b"trak", &[255; 8]])),
        [ftyp(), data.clone()].concat(),
        [with(atom(b"moov", &[&track(&[40], false)])), atom(b"moov", &[])].concat(),
        b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        Vec::new(),
    ] {
        assert!(matches!(rewritten(&hostile), Err(Refusal::Broken(_))), "{hostile:?}");
    }
    let lying = atom(b"stco", &[&[0, 0, 0, 0, 255, 255, 255, 255]]);
    let path = atom(b"trak", &[&atom(b"mdia", &[&atom(b"minf", &[&atom(b"stbl", &[&lying])])])]);
    assert!(matches!(rewritten(&with(atom(b"moov", &[&path]))), Err(Refusal::Broken(_))));
}

#[test]
fn fragments_and_packed_indices_are_left_to_ffmpeg() {
    for odd in [b"cmov", b"mvex"] {
        let file = [ftyp(), atom(b"mdat", &[&[0; 9]]), atom(b"moov", &[&atom(odd, &[])])].concat();
        assert_eq!(rewritten(&file), Err(Refusal::Unusual));
    }
    let fragments: Vec<u8> = (0..5000).flat_map(|_| atom(b"moof", &[])).collect();
    assert_eq!(rewritten(&[ftyp(), atom(b"moov", &[]), fragments].concat()), Err(Refusal::Unusual));
}

#[test]
fn a_hundred_thousand_boxes_and_deep_nesting_are_refused() {
    let many: Vec<u8> = (0..100_000).flat_map(|_| atom(b"free", &[])).collect();
    assert!(matches!(rewritten(&[ftyp(), many.clone()].concat()), Err(Refusal::Broken(_))));
    assert!(matches!(rewritten(&[ftyp(), atom(b"moov", &[&many])].concat()), Err(Refusal::Broken(_))));
    let mut nested = Vec::new();
    for _ in 0..5000 {
        nested = atom(b"trak", &[&nested]);
    }
    // Depth alone costs nothing: below the fixed path a box is only bytes.
    assert!(rewritten(&[ftyp(), atom(b"mdat", &[&[0; 9]]), atom(b"moov", &[&nested])].concat()).is_ok());
}

#[test]
fn a_stop_is_heard() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    std::fs::write(&from, [ftyp(), atom(b"mdat", &[&[0; 64]]), atom(b"moov", &[])].concat()).unwrap();
    let progress = Progress::default();
    progress.stop();
    assert!(matches!(rewrite(&from, &to, &progress), Err(Error::Stopped)));
}

proptest! {
    // 256 cases each; both take less than ten seconds in an unoptimised build.

    #[test]
    fn the_bytes_of_every_chunk_survive_any_layout(
        boxes in prop::collection::vec((prop::sample::select(vec![&b"mdat"[..], b"free", b"wide", b"uuid"]), 0_usize..5), 1..6),
        tracks in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<prop::sample::Index>(), 0..5)), 1..4),
        index_at in any::<prop::sample::Index>(),
        long_header in any::<bool>(),
    ) {
        let index_at = index_at.index(boxes.len() + 1);
        let build = |moov: &[u8]| {
            let (mut file, mut places) = (ftyp(), Vec::new());
            for (position, (kind, held)) in boxes.iter().enumerate() {
                if position == index_at {
                    file.extend(moov);
                }
                let size = held * CHUNK;
                if long_header {
                    file.extend(1_u32.to_be_bytes());
                    file.extend(*kind);
                    file.extend((size as u64 + 16).to_be_bytes());
                } else {
                    file.extend((size as u32 + 8).to_be_bytes());
                    file.extend(*kind);
                }
                for chunk in 0..*held {
                    places.push(file.len() as u64);
                    file.extend((0..CHUNK).map(|byte| (position * 31 + chunk * 7 + byte) as u8));
                }
            }
            if index_at == boxes.len() {
                file.extend(moov);
            }
            (file, places)
        };
        // The length of an index does not depend on what it says, so it is made twice.
        let moov = |places: &[u64]| {
            let tracks: Vec<u8> = tracks.iter().flat_map(|(wide, picks)| {
                let picked: Vec<u64> = if places.is_empty() { Vec::new() } else { picks.iter().map(|pick| *pick.get(places)).collect() };
                track(&picked, *wide)
            }).collect();
            atom(b"moov", &[&tracks])
        };
        let (_, places) = build(&moov(&[]));
        let (_, places) = build(&moov(&places));
        let index = moov(&places);
        let (old, _) = build(&index);
        let new = rewritten(&old).unwrap();
        prop_assert_eq!(new.len(), old.len());
        prop_assert_eq!(&new[28..32], b"moov");
        prop_assert_eq!(chunks(&new, &new[24..24 + index.len()]), chunks(&old, &index));
    }

    #[test]
    fn no_bytes_make_it_panic_or_write_much(
        names in prop::collection::vec((any::<u32>(), prop::sample::select(vec![
            &b"moov"[..], b"trak", b"mdia", b"minf", b"stbl", b"stco", b"co64", b"mdat", b"ftyp", b"moof", b"cmov",
        ])), 0..40),
        tail in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(255)], 0..300),
    ) {
        let mut bytes = Vec::new();
        for (size, name) in names {
            bytes.extend((size % 200).to_be_bytes());
            bytes.extend(name);
            bytes.extend(tail.iter().take((size % 30) as usize));
        }
        bytes.extend(tail);
        if let Ok(new) = rewritten(&bytes) {
            prop_assert!(new.len() <= 2 * bytes.len() + 64);
        }
    }
}
