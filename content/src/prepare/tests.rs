#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod hostile;
mod interlaced;

use super::*;
use crate::probe::probe;
use std::path::PathBuf;
use std::process::Command;

/// A folder of files that ffmpeg makes for one test.
pub(super) struct Samples {
    dir: tempfile::TempDir,
    tools: Tools,
}

impl Samples {
    pub(super) async fn new() -> Self {
        let tools = Tools::find(None).await;
        Self { dir: tempfile::tempdir().unwrap(), tools: tools.unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Five seconds of a test picture and a tone, encoded with these options.
    pub(super) fn make(&self, name: &str, options: &str) -> PathBuf {
        let picture = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=5";
        let tone = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=5";
        self.ffmpeg(&format!("{picture} {tone} {options}"), name)
    }

    pub(super) fn ffmpeg(&self, words: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        let made = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y", "-nostdin"])
            .args(words.split_whitespace())
            .arg(&path)
            .output()
            .unwrap();
        assert!(made.status.success(), "{name}: {}", String::from_utf8_lossy(&made.stderr));
        path
    }

    /// As a worker does it: read, judge, make.
    pub(super) async fn prepare(&self, path: &Path) -> Result<Outcome> {
        let name = path.file_name().unwrap().to_str().unwrap();
        let source = Source::read(path, name, Some(&self.tools)).await?;
        playable::need(&source)?;
        make(RenditionKind::Playable, &source, &self.path("out"), Some(&self.tools), &Progress::default()).await
    }

    /// The decoded content of a file as one hash.
    fn decoded(&self, path: &Path) -> String {
        let md5 =
            Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(path).args(["-f", "md5", "-"]).output().unwrap();
        assert!(md5.status.success());
        String::from_utf8(md5.stdout).unwrap()
    }

    /// When the key frames are, in seconds.
    fn key_frames(&self, path: &Path) -> Vec<f64> {
        let words = "-v error -select_streams v -skip_frame nokey -show_entries frame=pts_time -of csv=p=0";
        let found = Command::new("ffprobe").args(words.split(' ')).arg(path).output().unwrap();
        let times = String::from_utf8(found.stdout).unwrap();
        times.lines().filter_map(|line| line.trim_matches(',').parse().ok()).collect()
    }
}

#[tokio::test]
async fn what_browsers_play_is_left_as_it_is() {
    let samples = Samples::new().await;
    for (name, options) in [
        ("a.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -movflags +faststart"),
        ("a.mov", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -movflags +faststart"),
        ("b.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a libmp3lame -movflags +faststart"),
        ("a.webm", "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus"),
        ("a.m4a", "-vn -c:a aac -movflags +faststart"),
        ("a.mp3", "-vn -c:a libmp3lame"),
    ] {
        let path = samples.make(name, options);
        assert_eq!(samples.prepare(&path).await.unwrap(), Outcome::Skip, "{name}");
    }
}

#[tokio::test]
async fn an_index_at_the_end_is_moved_without_touching_picture_or_sound() {
    let samples = Samples::new().await;
    for (name, options) in [
        ("a.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"),
        ("a.mov", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"),
        ("a.m4a", "-vn -c:a aac"),
    ] {
        let path = samples.make(name, options);
        let source = Source::read(&path, name, None).await.unwrap();
        assert_eq!(playable::need(&source).unwrap(), playable::Need::Faststart, "{name}");
        // Without ffmpeg: this is ours alone.
        let out = samples.path("out");
        let outcome = make(RenditionKind::Playable, &source, &out, None, &Progress::default()).await.unwrap();
        let Outcome::Made(made) = outcome else { unreachable!("{outcome:?}") };
        assert_eq!((made.mime.as_str(), made.duration_ms), (source.probe.mime.as_str(), source.probe.duration_ms));
        assert_eq!(probe(&out, name).unwrap().faststart, Some(true));
        assert_eq!(out.metadata().unwrap().len(), path.metadata().unwrap().len());
        assert_eq!(samples.decoded(&out), samples.decoded(&path), "{name}");
    }
}

#[tokio::test]
async fn old_discs_and_new_phones_become_mp4_that_starts_fast() {
    let samples = Samples::new().await;
    for (name, options) in [
        ("a.avi", "-c:v mpeg4 -c:a libmp3lame"),
        ("a.wmv", "-c:v wmv2 -c:a wmav2"),
        ("a.flv", "-c:v flv1 -c:a libmp3lame"),
        ("a.mpg", "-target pal-vcd"),
        ("b.mpg", "-target pal-dvd -flags +ilme+ildct"),
        ("a.ts", "-c:v mpeg2video -c:a mp2 -f mpegts"),
        ("a.rmvb", "-c:v rv20 -c:a ac3 -f rm"),
        ("a.mkv", "-c:v libx265 -preset ultrafast -x265-params log-level=none -c:a ac3"),
        ("hevc.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -c:a aac"),
        ("ten.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -c:a aac -movflags +faststart"),
        ("colour.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv444p -c:a aac -movflags +faststart"),
        ("part2.mp4", "-c:v mpeg4 -c:a aac -movflags +faststart"),
        ("ac3.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a ac3 -movflags +faststart"),
    ] {
        let path = samples.make(name, options);
        let outcome = samples.prepare(&path).await;
        let Ok(Outcome::Made(made)) = outcome else { unreachable!("{name}: {outcome:?}") };
        assert_eq!((made.mime.as_str(), made.codecs.as_deref()), ("video/mp4", Some("avc1,mp4a")), "{name}");
        assert!((4500..=5500).contains(&made.duration_ms.unwrap()), "{name}: {made:?}");
        assert!(made.width.unwrap() >= 320 && made.height.unwrap() >= 240, "{name}: {made:?}");
        let keys = samples.key_frames(&samples.path("out"));
        assert!(keys.len() >= 3 && keys.windows(2).all(|pair| pair[1] - pair[0] < 2.1), "{name}: {keys:?}");
    }
}

#[tokio::test]
async fn right_streams_in_the_wrong_container_are_copied_not_encoded() {
    let samples = Samples::new().await;
    let h264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";
    for (name, options) in [
        ("a.mkv", h264.to_owned()),
        ("b.flv", h264.to_owned()),
        ("c.ts", format!("{h264} -f mpegts")),
        ("d.mp4", format!("{h264} -movflags frag_keyframe+empty_moov")),
    ] {
        let path = samples.make(name, &options);
        let source = Source::read(&path, name, Some(&samples.tools)).await.unwrap();
        assert_eq!(playable::need(&source).unwrap(), playable::Need::Remux, "{name}");
        let outcome = samples.prepare(&path).await;
        let Ok(Outcome::Made(made)) = outcome else { unreachable!("{name}: {outcome:?}") };
        assert_eq!((made.width, made.height, made.codecs.as_deref()), (Some(320), Some(240), Some("avc1,mp4a")));
        assert!((4900..=5200).contains(&made.duration_ms.unwrap()), "{name}: {made:?}");
    }
}

#[tokio::test]
async fn sound_of_any_age_becomes_m4a() {
    let samples = Samples::new().await;
    for (name, codec) in [
        ("a.wma", "wmav2"),
        ("a.wav", "pcm_s16le"),
        ("b.wav", "adpcm_ms"),
        ("a.flac", "flac"),
        ("a.ogg", "libvorbis"),
        ("a.aac", "aac"),
        ("alac.m4a", "alac"),
    ] {
        let path = samples.make(name, &format!("-vn -c:a {codec}"));
        let outcome = samples.prepare(&path).await;
        let Ok(Outcome::Made(made)) = outcome else { unreachable!("{name}: {outcome:?}") };
        assert_eq!(
            (made.mime.as_str(), made.width, made.codecs.as_deref()),
            ("audio/mp4", None, Some("mp4a")),
            "{name}"
        );
        assert!((4900..=5200).contains(&made.duration_ms.unwrap()), "{name}: {made:?}");
    }
}

#[tokio::test]
async fn a_phone_held_upright_and_a_disc_of_oblong_pixels_come_out_as_they_are_seen() {
    let samples = Samples::new().await;
    let hevc = "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -an";
    let flat = samples.make("flat.mp4", hevc);
    let turned = samples.ffmpeg(&format!("-i {} -c copy -metadata:s:v rotate=90", flat.display()), "turned.mp4");
    let Ok(Outcome::Made(made)) = samples.prepare(&turned).await else { unreachable!() };
    assert_eq!((made.width, made.height), (Some(240), Some(320)));
    let oblong = samples.make("oblong.avi", "-c:v mpeg4 -vf scale=352:288,setsar=12/11 -an");
    let Ok(Outcome::Made(made)) = samples.prepare(&oblong).await else { unreachable!() };
    assert_eq!((made.width, made.height), (Some(384), Some(288)));
}

#[tokio::test]
async fn a_video_cd_as_a_computer_copies_it_is_an_mpeg() {
    let samples = Samples::new().await;
    let stream = std::fs::read(samples.make("vcd.mpg", "-target pal-vcd")).unwrap();
    let mut sectors = b"RIFF\0\0\0\0CDXAfmt \x10\0\0\0\0\0\0\0\x11\x11UX\x01\0\0\0\0\0\0\0data\0\0\0\0".to_vec();
    for payload in stream.chunks(2324) {
        sectors.extend([&b"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0"[..], &[0; 12], payload, &[0; 4]].concat());
    }
    let path = samples.path("AVSEQ01.DAT");
    std::fs::write(&path, sectors).unwrap();
    let Ok(Outcome::Made(made)) = samples.prepare(&path).await else { unreachable!() };
    assert!((4500..=5500).contains(&made.duration_ms.unwrap()), "{made:?}");
}

#[tokio::test]
async fn without_ffmpeg_only_what_needs_it_waits() {
    let samples = Samples::new().await;
    let path = samples.make("a.avi", "-c:v mpeg4 -c:a libmp3lame");
    let source = Source::read(&path, "a.avi", None).await.unwrap();
    for kind in job::ORDER {
        let outcome = make(kind, &source, &samples.path("out"), None, &Progress::default()).await.unwrap();
        assert_eq!(outcome, Outcome::NeedsFfmpeg, "{kind}");
    }
}
