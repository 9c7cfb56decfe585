//! Files made to hurt: each is refused or fails with a plain reason, soon, and leaves nothing large behind.

use super::super::ffmpeg::{Limits, Task, run};
use super::*;
use crate::Error;
use proptest::prelude::*;
use std::time::Duration;

fn atom(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32 + 8).to_be_bytes()[..], kind, payload].concat()
}

fn replace(bytes: &mut [u8], find: &[u8], with: &[u8]) {
    let at = bytes.windows(find.len()).position(|window| window == find).unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
}

#[tokio::test]
async fn hostile_files_are_refused_with_a_reason_in_bounded_time() {
    let samples = Samples::new().await;
    let h264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";
    let good = std::fs::read(samples.make("good.mp4", &format!("{h264} -movflags +faststart"))).unwrap();
    let late = std::fs::read(samples.make("late.mp4", h264)).unwrap();
    let avi = std::fs::read(samples.make("good.avi", "-c:v mpeg4 -c:a libmp3lame")).unwrap();
    let ftyp = atom(b"ftyp", b"mp42\0\0\0\0mp42isom");
    let secret = samples.path("secret.txt");
    std::fs::write(&secret, "secret").unwrap();
    let secret = secret.display();
    let mut nested = Vec::new();
    for _ in 0..5000 {
        nested = atom(b"moov", &nested);
    }
    let mut elsewhere = good.clone();
    replace(&mut elsewhere, b"url \0\0\0\x01", b"url \0\0\0\0");
    let mut wide = late.clone();
    // The width and height of the H.264 description and of the track are 8K x 8K.
    replace(&mut wide, &[0, 0, 0, 0, 1, 0x40, 0, 0xf0, 0], &[0, 0, 0, 0, 0x1f, 0xff, 0x1f, 0xff, 0]);
    let zip = [&b"PK\x03\x04\x14\0\0\0\x08\0"[..], &[0; 4000]].concat();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("empty.mp4", Vec::new()),
        ("head.mp4", ftyp.clone()),
        ("cut.mp4", good[..good.len() / 2].to_vec()),
        ("cut-late.mp4", late[..late.len() * 2 / 3].to_vec()),
        ("nested.mp4", [ftyp.clone(), nested].concat()),
        ("boxes.mp4", [ftyp.clone(), (0..100_000).flat_map(|_| atom(b"free", b"")).collect()].concat()),
        (
            "tracks.mp4",
            [ftyp.clone(), atom(b"moov", &(0..100_000).flat_map(|_| atom(b"trak", b"")).collect::<Vec<_>>())].concat(),
        ),
        ("huge.mp4", [&ftyp[..], b"\0\0\0\x01moov\x7f\xff\xff\xff\xff\xff\xff\xff", &[0; 64]].concat()),
        ("elsewhere.mp4", elsewhere),
        ("zip.mp4", zip.clone()),
        ("zip.avi", zip),
        ("gzip.mp4", b"\x1f\x8b\x08\0\0\0\0\0\0\x03".repeat(50)),
        ("html.mp4", b"<html><script>alert(1)</script></html>".to_vec()),
        ("png.mp4", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()),
        ("hls.mp4", format!("#EXTM3U\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n").into_bytes()),
        ("hls.m3u8", b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n".to_vec()),
        ("concat.mp4", format!("ffconcat version 1.0\nfile '{secret}'\n").into_bytes()),
        ("concat.avi", format!("file '{secret}'\n").into_bytes()),
        ("session.mp4", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n".to_vec()),
        ("dash.mp4", b"<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"></MPD>".to_vec()),
        ("noise.mp4", (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect()),
        (
            "noise.avi",
            [
                &avi[..12],
                &(0..50_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect::<Vec<_>>(),
            ]
            .concat(),
        ),
        ("noise.wmv", [&b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"[..], &[0xff; 5000]].concat()),
        ("noise.flv", [&b"FLV\x01\x05\0\0\0\x09\0\0\0\0"[..], &[0xff; 5000]].concat()),
        ("noise.rmvb", [&b".RMF\0\0\0\x12"[..], &[0xff; 5000]].concat()),
        ("noise.mpg", [&b"\0\0\x01\xba"[..], &[0x55; 5000]].concat()),
        (
            "noise.mkv",
            [&b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska"[..], &[0x18, 0x53, 0x80, 0x67], &[0xff; 5000]].concat(),
        ),
        ("noise.mp3", b"ID3\x03\0\0\x7f\x7f\x7f\x7f".to_vec()),
    ];
    for (name, bytes) in files {
        let path = samples.path(name);
        std::fs::write(&path, bytes).unwrap();
        let outcome = samples.prepare(&path).await;
        let Err(Error::Unpreparable(reason)) = outcome else { unreachable!("{name}: {outcome:?}") };
        assert!(reason.chars().any(|c| c > '\u{4e00}'), "{name}: {reason}");
        assert!(!samples.path("out").exists() || samples.path("out").metadata().unwrap().len() < 1 << 20, "{name}");
    }
}

#[tokio::test]
async fn a_picture_of_8k_is_refused_before_a_decoder_takes_memory_for_it() {
    let samples = Samples::new().await;
    let words = "-f lavfi -i color=size=7680x4320:rate=1:duration=1 -c:v mpeg4 -q:v 31";
    for name in ["8k.avi", "8k.mp4"] {
        let path = samples.ffmpeg(words, name);
        let outcome = samples.prepare(&path).await;
        assert!(matches!(outcome, Err(Error::Unpreparable(_))), "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_playlist_forced_upon_ffmpeg_reaches_neither_files_nor_addresses() {
    let samples = Samples::new().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let ts = samples.make("real.ts", "-c:v mpeg2video -c:a mp2 -f mpegts");
    let lists = [
        format!("#EXTM3U\n#EXTINF:5,\nhttp://{address}/x.ts\n#EXT-X-ENDLIST\n"),
        format!("#EXTM3U\n#EXTINF:5,\nfile://{}\n#EXT-X-ENDLIST\n", ts.display()),
        format!("ffconcat version 1.0\nfile '{}'\n", ts.display()),
        format!("v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video {} RTP/AVP 33\n", address.port()),
    ];
    for list in lists {
        let path = samples.path("list.mp4");
        std::fs::write(&path, &list).unwrap();
        // Even when our own sniffing took it for one of the real containers.
        for mime in ["video/mp4", "video/x-msvideo", "video/mpeg", "video/mp2t", "video/x-matroska", "audio/mpeg"] {
            let probe = crate::probe::Probe { mime: mime.to_owned(), ..Default::default() };
            let source = Source { path: path.clone(), probe, ..Source::default() };
            let task = Task { output: ["-c", "copy", "-f", "matroska"].map(str::to_owned).to_vec(), ..Task::default() };
            let limits = Limits { wall: Duration::from_secs(20), ..Limits::default() };
            let outcome = run(&samples.tools, &source, &task, Some(&samples.path("out")), &limits, |_| {}).await;
            assert!(outcome.is_err(), "{mime} {list}");
        }
    }
    assert!(listener.accept().is_err(), "somebody called");
}

#[tokio::test]
async fn an_endless_recording_ends_at_the_limits_of_time_and_size() {
    let samples = Samples::new().await;
    let path = samples.make("a.avi", "-c:v mpeg4 -c:a libmp3lame");
    let source = Source::read(&path, "a.avi", Some(&samples.tools)).await.unwrap();
    let out = samples.path("out");
    // The same five seconds again and again, as a file that never ends would give them.
    let task = |output: &str| Task {
        input: ["-stream_loop", "-1"].map(str::to_owned).to_vec(),
        output: output.split(' ').map(str::to_owned).collect(),
        log: None,
    };
    let generous = Limits { wall: Duration::from_secs(300), cpu: Duration::from_secs(20), ..Limits::default() };
    let small = Limits { output_bytes: 1 << 20, ..generous };
    let raw = task("-c:v rawvideo -an -f nut");
    let outcome = run(&samples.tools, &source, &raw, Some(&out), &small, |_| {}).await;
    assert!(matches!(outcome, Err(Error::Unpreparable("生成的文件超过大小限制"))), "{outcome:?}");
    assert!(out.metadata().unwrap().len() <= 1 << 20);
    let measured = task("-c:v mpeg4 -f null");
    let brief = Limits { cpu: Duration::from_secs(1), ..generous };
    let outcome = run(&samples.tools, &source, &measured, None, &brief, |_| {}).await;
    assert!(matches!(outcome, Err(Error::Unpreparable("处理时间超过限制"))), "{outcome:?}");
    let short = Limits { wall: Duration::from_millis(700), ..generous };
    let outcome = run(&samples.tools, &source, &measured, None, &short, |_| {}).await;
    assert!(matches!(outcome, Err(Error::TookTooLong)), "{outcome:?}");
    let tight = Limits { memory_bytes: 300 << 20, ..generous };
    let big = task("-vf scale=4096:4096 -c:v mpeg4 -f null");
    assert!(run(&samples.tools, &source, &big, None, &tight, |_| {}).await.is_err());
    nothing_runs_on(&path).await;
}

#[tokio::test]
async fn work_that_is_dropped_takes_ffmpeg_with_it() {
    let samples = Samples::new().await;
    let path = samples.make("dropped.avi", "-c:v mpeg4 -c:a libmp3lame");
    let source = Source::read(&path, "a.avi", Some(&samples.tools)).await.unwrap();
    let loops = ["-stream_loop", "-1"].map(str::to_owned).to_vec();
    let task = Task { input: loops, output: ["-f", "null"].map(str::to_owned).to_vec(), log: None };
    let limits = Limits::default();
    let work = run(&samples.tools, &source, &task, None, &limits, |_| {});
    let working = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            // The shell that holds the leash, its watch, and ffmpeg itself.
            let niceness = priorities_on(&path);
            if niceness.len() > 2 {
                return niceness;
            }
        }
    };
    let niceness = tokio::select! {
        ended = work => unreachable!("{ended:?}"),
        niceness = working => niceness,
    };
    assert!(niceness.iter().all(|nice| *nice == 19), "{niceness:?}");
    nothing_runs_on(&path).await;
}

/// Soon, though a kill takes a moment on a busy machine: what they read never ends, so nothing is over by itself.
async fn nothing_runs_on(path: &Path) {
    for _ in 0..1200 {
        if processes_with(path) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(processes_with(path), 0, "something was left running");
}

/// How many processes have this path among their arguments.
fn processes_with(path: &Path) -> usize {
    processes(path).count()
}

/// The folders in /proc of the processes that have this path among their arguments.
fn processes(path: &Path) -> impl Iterator<Item = PathBuf> {
    let name = path.to_str().unwrap().to_owned();
    let folders = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    folders.filter(move |folder| {
        let line = std::fs::read(folder.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&name)
    })
}

/// How nice each of them is, from -20 to 19.
fn priorities_on(path: &Path) -> Vec<i32> {
    let of = |folder: PathBuf| {
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        // The nineteenth field; the second, in brackets, may have blanks in it.
        stat.rsplit(')').next()?.split_whitespace().nth(16)?.parse().ok()
    };
    processes(path).filter_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    // 400 cases; less than ten seconds in an unoptimised build.
    #[test]
    fn a_good_file_with_bytes_changed_never_makes_the_probe_or_the_rewriting_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        static GOOD: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let good = GOOD.get_or_init(|| {
            let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let samples = rt.block_on(Samples::new());
            let words = "-f lavfi -i testsrc2=size=64x64:rate=5:duration=2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p";
            std::fs::read(samples.ffmpeg(words, "late.mp4")).unwrap()
        });
        let mut bytes = good.clone();
        // Half of the changes hit the index, where it hurts.
        let index = bytes.windows(4).position(|window| window == b"moov").unwrap();
        for (turn, (at, byte)) in changes.iter().enumerate() {
            let at = if turn % 2 == 0 { index + at.index(bytes.len() - index) } else { at.index(bytes.len()) };
            bytes[at] = *byte;
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::write(&from, &bytes).unwrap();
        let probe = probe(&from, "x.mp4").unwrap();
        let source = Source { path: from.clone(), size_bytes: bytes.len() as u64, probe, ..Source::default() };
        let _ = playable::need(&source);
        if super::super::faststart::rewrite(&from, &to, &Progress::default()).unwrap().is_ok() {
            prop_assert!(to.metadata().unwrap().len() <= 2 * bytes.len() as u64 + 64);
        }
    }
}
