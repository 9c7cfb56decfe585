//! Renditions made with a real ffmpeg of a film drawn by it. Without ffmpeg there is nothing to test, but in CI.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use content::prepare::ffmpeg::{Tools, examine};
use content::prepare::storyboard::Grid;
use content::prepare::woven::Segments;
use content::prepare::{Made, Outcome, Progress, Source, make};
use content::probe::probe;
use entity::RenditionKind as Kind;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Film {
    folder: tempfile::TempDir,
    tools: Tools,
    source: Source,
}

impl Film {
    /// A film of moving noise: large, as what comes from a camera.
    async fn drawn(length_s: u32, size: &str, rate: u32) -> Option<Self> {
        let Some(tools) = Tools::find(None).await else {
            assert!(std::env::var("CI").is_err(), "ffmpeg must be there in CI");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        let picture = format!("testsrc2=size={size}:rate={rate}:duration={length_s},noise=alls=20:allf=t");
        let sound = format!("sine=frequency=440:duration={length_s},volume=0.02");
        ffmpeg(
            &[
                "-f",
                "lavfi",
                "-i",
                &picture,
                "-f",
                "lavfi",
                "-i",
                &sound,
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-g",
                "250",
                "-c:a",
                "aac",
                "-b:a",
                "96k",
            ],
            &path,
        );
        let source = read(&tools, &path).await;
        Some(Self { folder, tools, source })
    }

    async fn make(&self, kind: Kind) -> Option<(PathBuf, Made)> {
        let out = self.folder.path().join(kind.as_str());
        match make(kind, &self.source, &out, Some(&self.tools), &Progress::default()).await.unwrap() {
            Outcome::Made(made) => Some((out, made)),
            _ => None,
        }
    }
}

fn ffmpeg(args: &[&str], out: &Path) {
    let status = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(args).arg(out).stdin(Stdio::null()).status();
    assert!(status.unwrap().success());
}

fn ffprobe(args: &[&str], file: &Path) -> String {
    let output = Command::new("ffprobe").args(["-v", "error", "-of", "csv=p=0"]).args(args).arg(file).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.is_empty(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

async fn read(tools: &Tools, path: &Path) -> Source {
    let probe = probe(path, "film.mp4").unwrap();
    let size_bytes = fs::metadata(path).unwrap().len();
    let mut source = Source { path: path.to_owned(), size_bytes, probe, ..Source::default() };
    source.streams = examine(tools, &source).await.unwrap();
    source
}

/// What an adaptive player puts together of a rendition.
fn as_stream(file: &Path, made: &Made, pieces: impl Fn(usize) -> bool) -> Vec<u8> {
    let bytes = fs::read(file).unwrap();
    let told: Segments = serde_json::from_str(made.detail.as_deref().unwrap()).unwrap();
    let range = |(from, length): (u64, u64)| bytes[from as usize..][..length as usize].to_vec();
    let mut stream = range(told.init);
    for (number, (from, length, _)) in told.segments.iter().enumerate() {
        if pieces(number) {
            stream.extend(range((*from, *length)));
        }
    }
    stream
}

#[tokio::test]
async fn a_rendition_plays_as_a_plain_file_and_its_pieces_play_as_a_stream() {
    let Some(film) = Film::drawn(21, "854x480", 25).await else { return };
    let (file, made) = film.make(Kind::Video240).await.unwrap();
    assert_eq!((made.width, made.height, made.mime.as_str()), (Some(426), Some(240), "video/mp4"));
    let codecs = made.codecs.clone().unwrap();
    assert!(codecs.starts_with("avc1.42") && codecs.ends_with(",mp4a.40.2"), "{codecs}");
    let length = made.duration_ms.unwrap();
    assert!((20_900..=21_200).contains(&length), "{length}");
    assert!(fs::metadata(&file).unwrap().len() < film.source.size_bytes);

    let stream = film.folder.path().join("stream.mp4");
    fs::write(&stream, as_stream(&file, &made, |_| true)).unwrap();
    for select in ["v", "a"] {
        let hashes = |file: &Path| {
            let packets =
                ["-select_streams", select, "-show_entries", "packet=pts_time,data_hash", "-show_data_hash", "md5"];
            // Side data of a packet ends its line early.
            ffprobe(&packets, file).replace("\n,", "")
        };
        assert_eq!(hashes(&file), hashes(&stream), "the same samples at the same times");
    }
    let probe = probe(&file, "x.mp4").unwrap();
    assert_eq!((probe.faststart, probe.mime.as_str()), (Some(true), "video/mp4"));
}

#[tokio::test]
async fn every_two_seconds_stands_a_whole_picture_and_each_piece_begins_with_one() {
    let Some(film) = Film::drawn(14, "854x480", 25).await else { return };
    let (file, made) = film.make(Kind::Video480).await.unwrap();
    let keys = ffprobe(&["-select_streams", "v", "-skip_frame", "nokey", "-show_entries", "frame=pts_time"], &file);
    let keys: Vec<f64> = keys.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).collect();
    assert_eq!(keys.len(), 7, "{keys:?}");
    assert!(keys.iter().enumerate().all(|(number, at)| (at - 2.0 * number as f64).abs() < 0.05), "{keys:?}");
    let told: Segments = serde_json::from_str(made.detail.as_deref().unwrap()).unwrap();
    assert_eq!(told.segments.iter().map(|(_, _, ms)| *ms).max(), Some(6000));
    assert!((told.segments.iter().map(|(_, _, ms)| *ms).sum::<u64>() as i64 - made.duration_ms.unwrap()).abs() < 3);
    let last = film.folder.path().join("last.mp4");
    fs::write(&last, as_stream(&file, &made, |number| number == 1)).unwrap();
    let first = ffprobe(
        &["-select_streams", "v", "-show_entries", "frame=key_frame,pts_time", "-read_intervals", "%+#1"],
        &last,
    );
    assert!(first.starts_with("1,6.0"), "{first}");
}

#[tokio::test]
async fn a_film_of_720_lines_comes_in_every_size_and_each_is_smaller_than_the_one_before() {
    let Some(film) = Film::drawn(6, "1280x720", 10).await else { return };
    let mut most_bytes = film.source.size_bytes;
    for (kind, width, height) in [(Kind::Video720, 1280, 720), (Kind::Video480, 852, 480), (Kind::Video240, 426, 240)] {
        let (file, made) = film.make(kind).await.unwrap();
        assert_eq!((made.width, made.height), (Some(width), Some(height)), "{kind}");
        let seen = ffprobe(&["-select_streams", "v", "-show_entries", "stream=width,height"], &file);
        assert_eq!(seen.trim(), format!("{width},{height}"), "{kind}");
        let bytes = fs::metadata(&file).unwrap().len();
        assert!(bytes < most_bytes, "{kind}: {bytes} of {most_bytes}");
        most_bytes = bytes;
    }
}

#[tokio::test]
async fn an_old_disc_that_is_converted_is_as_loud_as_every_lesson() {
    let Some(film) = Film::drawn(12, "320x240", 25).await else { return };
    let disc = film.folder.path().join("disc.avi");
    ffmpeg(&["-i", film.source.path.to_str().unwrap(), "-c:v", "mpeg4", "-c:a", "libmp3lame"], &disc);
    let before = loudness(&disc);
    let film = Film { source: read(&film.tools, &disc).await, ..film };
    let (file, _) = film.make(Kind::Playable).await.unwrap();
    let after = loudness(&file);
    assert!(before < -30.0 && (-18.5..=-14.0).contains(&after), "{before} LUFS became {after} LUFS");
}

/// The discs that villages were sent in the 2000s; RealVideo 2 is the newest that a free encoder makes.
#[tokio::test]
async fn realmedia_becomes_a_film_that_browsers_play() {
    let Some(film) = Film::drawn(6, "320x240", 25).await else { return };
    for (name, codec) in [("disc.rm", "rv10"), ("disc.rmvb", "rv20")] {
        let disc = film.folder.path().join(name);
        let words =
            ["-i", film.source.path.to_str().unwrap(), "-c:v", codec, "-b:v", "600k", "-c:a", "ac3", "-f", "rm"];
        ffmpeg(&words, &disc);
        let source = read(&film.tools, &disc).await;
        assert_eq!(source.probe.mime, "application/vnd.rn-realmedia", "{name}");
        let out = film.folder.path().join(format!("{name}.mp4"));
        let progress = Progress::default();
        let made = make(Kind::Playable, &source, &out, Some(&film.tools), &progress).await.unwrap();
        let Outcome::Made(made) = made else { panic!("{name}: {made:?}") };
        assert!((5_500..=6_500).contains(&made.duration_ms.unwrap()), "{name}: {made:?}");
        let streams = ffprobe(&["-show_entries", "stream=codec_name,width,height"], &out);
        assert_eq!(streams.lines().collect::<Vec<_>>(), ["h264,320,240", "aac"], "{name}");
    }
}

#[tokio::test]
async fn a_quiet_original_is_levelled_beside_its_own_pictures_and_one_that_is_loud_enough_is_left_alone() {
    let Some(film) = Film::drawn(12, "320x240", 25).await else { return };
    let louder = async |times: u32| {
        let path = film.folder.path().join(format!("{times}.mp4"));
        let volume = format!("volume={times}");
        let words = ["-i", film.source.path.to_str().unwrap(), "-c:v", "copy", "-c:a", "aac", "-af", &volume];
        ffmpeg(&[&words[..], &["-movflags", "+faststart"]].concat(), &path);
        let source = read(&film.tools, &path).await;
        let out = film.folder.path().join(format!("{times}-playable.mp4"));
        let outcome = make(Kind::Playable, &source, &out, Some(&film.tools), &Progress::default()).await.unwrap();
        (path, out, outcome)
    };
    let (quiet, out, outcome) = louder(5).await;
    assert!(matches!(outcome, Outcome::Made(_)), "{outcome:?}");
    let (before, after) = (loudness(&quiet), loudness(&out));
    assert!(before < -35.0 && (-18.5..=-14.0).contains(&after), "{before} LUFS became {after} LUFS");
    let pictures = |file: &Path| {
        ffprobe(&["-select_streams", "v", "-show_entries", "packet=data_hash", "-show_data_hash", "md5"], file)
    };
    assert_eq!(pictures(&quiet), pictures(&out));
    let (_, _, outcome) = louder(50).await;
    assert_eq!(outcome, Outcome::Skip);
}

#[tokio::test]
async fn sound_is_levelled_and_small() {
    let Some(film) = Film::drawn(12, "320x240", 25).await else { return };
    let (file, made) = film.make(Kind::Audio).await.unwrap();
    assert_eq!((made.mime.as_str(), made.codecs.as_deref()), ("audio/mp4", Some("mp4a.40.2")));
    let bits = fs::metadata(&file).unwrap().len() * 8 / 12;
    assert!(bits < 40_000, "{bits} bit/s");
    let loudness = loudness(&file);
    assert!((-18.5..=-14.0).contains(&loudness), "{loudness} LUFS");
}

/// How loud the sound of a file is on the whole, in LUFS.
fn loudness(file: &Path) -> f64 {
    let measured = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-i"])
        .arg(file)
        .args(["-vn", "-af", "ebur128", "-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&measured.stderr).into_owned();
    said.rsplit("I:").next().and_then(|rest| rest.trim().split(' ').next()?.parse::<f64>().ok()).unwrap()
}

#[tokio::test]
async fn what_would_save_nothing_is_left_out() {
    let Some(film) = Film::drawn(6, "320x240", 25).await else { return };
    assert!(film.make(Kind::Video720).await.is_none() && film.make(Kind::Video480).await.is_none());
    let (small, _) = film.make(Kind::Video240).await.unwrap();
    let again = Film { source: read(&film.tools, &small).await, ..film };
    assert!(again.make(Kind::Video240).await.is_none(), "a rendition of a rendition saves nothing");
}

#[tokio::test]
async fn the_poster_is_not_the_black_beginning_and_the_storyboard_is_light() {
    let Some(mut film) = Film::drawn(30, "1600x900", 3).await else { return };
    let dark = film.folder.path().join("dark.mp4");
    ffmpeg(
        &[
            "-i",
            film.source.path.to_str().unwrap(),
            "-vf",
            "drawbox=c=black:t=fill:enable='lt(t,9)'",
            "-preset",
            "ultrafast",
            "-c:a",
            "copy",
        ],
        &dark,
    );
    film.source = read(&film.tools, &dark).await;
    let (poster, made) = film.make(Kind::Poster).await.unwrap();
    assert_eq!((made.width.unwrap() <= 1280, made.mime.as_str()), (true, "image/jpeg"));
    assert!(fs::metadata(&poster).unwrap().len() <= 80_000);
    let mean = ffprobe(
        &["-f", "lavfi", "-show_entries", "frame_tags=lavfi.signalstats.YAVG", "-i"],
        Path::new(&format!("movie={},signalstats", poster.display())),
    );
    assert!(mean.trim().parse::<f64>().unwrap() > 36.0, "{mean}");
    let (sheet, made) = film.make(Kind::Storyboard).await.unwrap();
    let grid: Grid = serde_json::from_str(made.detail.as_deref().unwrap()).unwrap();
    assert_eq!((grid.columns, grid.rows, grid.every_ms), (3, 1, 10_000));
    assert_eq!((made.width, made.height), (Some(384), Some(72)));
    assert!(fs::metadata(&sheet).unwrap().len() <= 60_000);
}

#[tokio::test]
async fn a_lesson_of_45_minutes_has_a_light_sheet_with_a_picture_every_ten_seconds() {
    let Some(film) = Film::drawn(1, "320x240", 5).await else { return };
    let path = film.folder.path().join("lesson.mp4");
    // It wanders, so that every moment looks different.
    let picture = "testsrc2=size=640x360:rate=1/5:duration=2700,scroll=h=0.0371,gblur=sigma=9";
    ffmpeg(&["-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "ultrafast", "-g", "2"], &path);
    let film = Film { source: read(&film.tools, &path).await, ..film };
    let (sheet, made) = film.make(Kind::Storyboard).await.unwrap();
    let grid: Grid = serde_json::from_str(made.detail.as_deref().unwrap()).unwrap();
    assert_eq!((grid.columns, grid.rows, grid.every_ms), (8, 34, 10_000));
    assert!(fs::metadata(&sheet).unwrap().len() <= 60_000);
    for number in [0, 1, 137, 269] {
        let (here, there) = (number * 10, (number * 10 + 450) % 2700);
        let [same, other] = [here, there].map(|moment| likeness(&sheet, &grid, number, &path, moment));
        assert!(same > other + 0.2, "picture {number}: {same} like its moment, {other} like another");
    }
}

/// How like a picture of a sheet is to the film at a second (SSIM: 1 is the same).
fn likeness(sheet: &Path, grid: &Grid, number: u32, film: &Path, second: u32) -> f64 {
    let Grid { columns, tile_width, tile_height, .. } = grid;
    let (x, y) = (number % columns * tile_width, number / columns * tile_height);
    let compare = format!(
        "[0:v]crop={tile_width}:{tile_height}:{x}:{y},format=yuv420p[a];\
         [1:v]scale={tile_width}:{tile_height}:flags=area,format=yuv420p[b];[a][b]ssim"
    );
    let compared = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-i", sheet.to_str().unwrap(), "-ss", &second.to_string()])
        .args(["-i", film.to_str().unwrap(), "-filter_complex", &compare, "-frames:v", "1", "-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&compared.stderr).into_owned();
    let told = said.rsplit("All:").next().and_then(|rest| rest.split(' ').next()?.parse().ok());
    told.unwrap_or_else(|| panic!("{said}"))
}
