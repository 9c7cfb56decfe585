//! The form of a recording that browsers play: the recording itself, its index moved to the front, the same streams in
//! another container, or everything encoded anew. The least of these that suffices is done. Where the pictures may stay,
//! sound that is much louder or quieter than that of other lessons is levelled beside them.

use super::faststart::{self, Refusal};
use super::ffmpeg::{self, MOST_PIXELS, Picture, Sound, Task, Tools};
use super::loudness::{self, LEVELLED};
use super::video::JOINED;
use super::{Made, Outcome, Progress, Source};
use crate::probe::probe;
use crate::store::blocking;
use crate::{Error, Result};
use std::path::Path;

/// What a recording needs before browsers play it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it plays, and starts at once.
    Nothing,
    /// Its index must be moved to the front.
    Faststart,
    /// The streams are right, but not their container.
    Remux,
    /// A codec of old discs or of new phones, or pictures of two halves, which browsers show as combs.
    Convert,
}

/// Make it of `source` into the file `out`. Moving an index needs no ffmpeg.
///
/// # Errors
/// `Unpreparable` for what is broken, hostile or beyond the limits.
pub async fn make(tools: Option<&Tools>, source: &Source, out: &Path, progress: &Progress) -> Result<Outcome> {
    let mut need = need(source)?;
    if let Some(tools) = tools
        && keeps_pictures(source, need)
        && let Some(levelled) = levelled(tools, source, out, progress).await?
    {
        return Ok(levelled);
    }
    if need == Need::Faststart {
        let (from, to, watched) = (source.path.clone(), out.to_owned(), progress.clone());
        match blocking(move || faststart::rewrite(&from, &to, &watched)).await? {
            Ok(()) => return made(out).await,
            Err(Refusal::Broken(how)) => return Err(Error::Unpreparable(how)),
            Err(Refusal::Unusual) => need = Need::Remux,
        }
    }
    let task = match (need, tools) {
        (Need::Nothing | Need::Faststart, _) => return Ok(Outcome::Skip),
        (_, None) => return Ok(Outcome::NeedsFfmpeg),
        (Need::Remux, _) => remux(),
        (Need::Convert, _) => convert(source),
    };
    let Some(tools) = tools else { return Ok(Outcome::NeedsFfmpeg) };
    ffmpeg::run(tools, source, &task, Some(out), &source.limits(), |permille| progress.reach(permille)).await?;
    made(out).await
}

/// The least that must be done to `source`.
///
/// # Errors
/// `Unpreparable` when nothing helps.
pub fn need(source: &Source) -> Result<Need> {
    let probe = &source.probe;
    let (width, height) = source.streams.picture.as_ref().map_or_else(
        || (side(probe.width), side(probe.height)),
        |picture| (u64::from(picture.width), u64::from(picture.height)),
    );
    if width.saturating_mul(height) > MOST_PIXELS {
        return Err(Error::Unpreparable("画面尺寸超过 4K，请缩小后再上传"));
    }
    match probe.mime.as_str() {
        "video/mp4" | "audio/mp4" | "video/quicktime" => of_mp4(source),
        "video/webm" | "audio/webm" => {
            let codecs = probe.codecs.as_deref().unwrap_or_default();
            let known = |codec| matches!(codec, "vp8" | "vp9" | "av1" | "vorbis" | "opus");
            Ok(if codecs.split(',').all(known) { Need::Nothing } else { Need::Convert })
        }
        "audio/mpeg" if probe.duration_ms.is_none() => Err(Error::Unpreparable("文件已损坏或没有声音内容")),
        "audio/mpeg" => Ok(Need::Nothing),
        "video/x-matroska" | "video/x-flv" | "video/mp2t" => {
            let streams = &source.streams;
            let right = streams.picture.as_ref().is_some_and(plays) && streams.sound.as_ref().is_none_or(sounds);
            Ok(if right { Need::Remux } else { Need::Convert })
        }
        _ if source.demuxer().is_some() => Ok(Need::Convert),
        _ => Err(Error::Unpreparable("不是可处理的音视频格式")),
    }
}

fn of_mp4(source: &Source) -> Result<Need> {
    let (probe, obstacles) = (&source.probe, &source.probe.obstacles);
    let Some(starts_fast) = probe.faststart else {
        return Err(Error::Unpreparable("文件不完整或不是视频：缺少索引，请重新上传"));
    };
    if obstacles.elsewhere {
        return Err(Error::Unpreparable("文件引用了其他文件，请上传完整的视频"));
    }
    if obstacles.cut_short {
        return Err(Error::Unpreparable("文件不完整：后面的内容缺失，请重新上传"));
    }
    if obstacles.nothing_in_it || source.duration_ms().is_none() {
        return Err(Error::Unpreparable("文件里没有可播放的内容（时长为零）"));
    }
    let interlaced = source.streams.picture.as_ref().is_some_and(|picture| picture.interlaced);
    Ok(match (obstacles.foreign_codec || interlaced, obstacles.fragmented, starts_fast) {
        (true, _, _) => Need::Convert,
        (false, true, _) => Need::Remux,
        (false, false, false) => Need::Faststart,
        (false, false, true) => Need::Nothing,
    })
}

fn side(pixels: Option<i32>) -> u64 {
    pixels.and_then(|pixels| u64::try_from(pixels).ok()).unwrap_or(0)
}

fn plays(picture: &Picture) -> bool {
    picture.codec == "h264" && !picture.interlaced && matches!(picture.pixels.as_str(), "yuv420p" | "yuvj420p")
}

fn sounds(sound: &Sound) -> bool {
    matches!(sound.codec.as_str(), "aac" | "mp3")
}

/// Whether its pictures, if it has any, can stand in an MP4 as they are.
fn keeps_pictures(source: &Source, need: Need) -> bool {
    need == Need::Remux || need != Need::Convert && !source.probe.mime.ends_with("/webm")
}

/// The recording with its sound levelled; `None` when that is loud enough as it is, or cannot be done to it.
async fn levelled(tools: &Tools, source: &Source, out: &Path, progress: &Progress) -> Result<Option<Outcome>> {
    if !loudness::is_off(tools, source, |permille| progress.reach(permille / 4)).await? {
        return Ok(None);
    }
    let told = |permille| progress.reach(permille);
    let done = ffmpeg::run(tools, source, &level(source), Some(out), &source.limits(), told).await;
    let done = match done {
        Ok(_) => made(out).await,
        Err(cause) => Err(cause),
    };
    match done {
        Ok(outcome) => Ok(Some(outcome)),
        Err(Error::Unpreparable(_)) => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// The pictures as they are, the sound as loud as every lesson's.
fn level(source: &Source) -> Task {
    let mut output = ["-map", "0:V:0?", "-c:v", "copy"].map(str::to_owned).to_vec();
    add_sound(source, &mut output);
    output.extend(CONTAINER.map(str::to_owned));
    Task { output, ..Task::default() }
}

fn add_sound(source: &Source, output: &mut Vec<String>) {
    let Some(sound) = &source.streams.sound else { return };
    let rate = if matches!(sound.per_second, 32_000 | 48_000) { sound.per_second } else { 44_100 };
    let (bits, channels) = if sound.channels <= 1 { ("64k", "1") } else { ("128k", "2") };
    let rate = rate.to_string();
    let words = ["-map", "0:a:0", "-af", LEVELLED, "-c:a", "aac", "-b:a", bits, "-ar", &rate, "-ac", channels];
    output.extend(words.map(str::to_owned));
}

/// The streams as they are.
fn remux() -> Task {
    let output = ["-map", "0:V:0?", "-map", "0:a:0?", "-c", "copy"].into_iter().chain(CONTAINER);
    Task { output: output.map(str::to_owned).collect(), ..Task::default() }
}

/// Index in front, time from zero.
const CONTAINER: [&str; 6] = ["-avoid_negative_ts", "make_zero", "-movflags", "+faststart", "-f", "mp4"];

/// H.264 in the Main profile with a key frame every two seconds, and AAC. The picture is turned as the camera was held
/// (ffmpeg does so before the filters), its pixels are made square, the halves of a picture are joined. Since it is
/// encoded anew, the sound is levelled like that of the renditions.
fn convert(source: &Source) -> Task {
    let mut output: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| output.extend(words.iter().map(|word| (*word).to_owned()));
    if let Some(picture) = &source.streams.picture {
        let (width, height) = fitting(picture.width, picture.height);
        // A rate that no screen shows, or none at all, is a broken clock.
        let rate = if (1.0..=61.0).contains(&picture.per_second) { "" } else { "fps=25," };
        let filters = format!("{JOINED},{rate}scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p");
        add(&["-map", "0:V:0", "-vf", &filters, "-c:v", "libx264", "-profile:v", "main", "-preset", "veryfast"]);
        add(&["-crf", "23", "-force_key_frames", "expr:gte(t,n_forced*2)", "-max_muxing_queue_size", "1024"]);
    }
    add_sound(source, &mut output);
    output.extend(CONTAINER.map(str::to_owned));
    Task { input: vec!["-fflags".to_owned(), "+genpts".to_owned()], output, ..Task::default() }
}

/// The picture size, not above 1080 lines and even, as 4:2:0 needs it.
fn fitting(width: u32, height: u32) -> (u32, u32) {
    let (long, short) = (f64::from(width.max(height)).max(2.0), f64::from(width.min(height)).max(2.0));
    let factor = (1920.0 / long).min(1080.0 / short).min(1.0);
    let even = |side: u32| (((f64::from(side) * factor / 2.0 + 1e-6) as u32) * 2).max(2);
    (even(width), even(height))
}

/// What was written, read back by the same reader that judges uploads: a result that does not play is none.
async fn made(out: &Path) -> Result<Outcome> {
    let file = out.to_owned();
    let probe = blocking(move || probe(&file, "playable.mp4")).await?;
    let plays = probe.faststart == Some(true) && !probe.obstacles.foreign_codec && probe.duration_ms.is_some();
    if !plays || !matches!(probe.mime.as_str(), "video/mp4" | "audio/mp4" | "video/quicktime") {
        return Err(Error::Unpreparable("文件里没有可播放的内容"));
    }
    Ok(Outcome::Made(Made {
        mime: probe.mime,
        codecs: probe.codecs,
        width: probe.width,
        height: probe.height,
        duration_ms: probe.duration_ms,
        detail: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_never_enlarged_and_its_sides_are_even() {
        assert_eq!(fitting(640, 360), (640, 360));
        assert_eq!(fitting(3840, 2160), (1920, 1080));
        assert_eq!(fitting(1080, 1920), (1080, 1920));
        assert_eq!(fitting(2160, 3840), (1080, 1920));
        assert_eq!(fitting(353, 1), (352, 2));
        assert_eq!(fitting(0, u32::MAX), (2, 1920));
    }
}
