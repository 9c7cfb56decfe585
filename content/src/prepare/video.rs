//! Video at most some lines high, for thin links: H.264 that the oldest terminals decode, levelled sound, a whole
//! picture every two seconds.
//!
//! ffmpeg encodes once and then copies the result into fragments; `woven` makes one file of both.

use super::ffmpeg::{self, Picture, Task, Tools};
use super::loudness::LEVELLED;
use super::woven::{Woven, weave};
use super::{Made, Outcome, Progress, Source};
use crate::store::blocking;
use crate::{Error, Result};
use std::path::Path;

/// How a rendition of so many lines is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Recipe {
    /// Lines of the picture at most; columns of one that stands upright.
    lines: u32,
    /// A source must have more lines than this, or the next smaller rendition serves as well.
    above: u32,
    profile: &'static str,
    /// The most pictures a second.
    pictures: u32,
    /// kbit/s of the picture at most, over any four seconds.
    picture_kbit: u32,
    /// kbit/s of the sound, its samples a second, its channels at most.
    sound: (u32, u32, u32),
}

const RECIPES: &[Recipe] = &[
    Recipe { lines: 720, above: 600, profile: "main", pictures: 30, picture_kbit: 850, sound: (80, 44_100, 2) },
    Recipe { lines: 480, above: 300, profile: "main", pictures: 30, picture_kbit: 380, sound: (48, 44_100, 1) },
    Recipe { lines: 240, above: 0, profile: "baseline", pictures: 20, picture_kbit: 110, sound: (32, 24_000, 1) },
];

/// Joins the halves that the pictures of old discs and of television are made of: else whatever moves has a comb for an
/// edge. It stands before the lines are counted anew, and leaves a picture alone that is not marked as two halves.
pub(super) const JOINED: &str = "yadif=deint=interlaced";

/// Make the rendition of `lines` lines of `source` into the file `out`. It is left out when the recording has no
/// picture or not clearly more lines than the next smaller rendition, and when it would save nothing.
///
/// # Errors
/// As [`super::make`].
pub async fn make(tools: &Tools, source: &Source, lines: u32, out: &Path, progress: &Progress) -> Result<Outcome> {
    let recipe = RECIPES.iter().find(|recipe| recipe.lines == lines);
    let (Some(recipe), Some(picture)) = (recipe, &source.streams.picture) else { return Ok(Outcome::Skip) };
    if picture.width.min(picture.height) <= recipe.above {
        return Ok(Outcome::Skip);
    }
    let (width, height) = fitted(picture, lines);
    let plain = beside(out)?;
    encode(tools, source, recipe, (width, height), plain.path(), progress).await?;
    if std::fs::metadata(plain.path())?.len() >= source.size_bytes / 10 * 9 {
        return Ok(Outcome::Skip);
    }
    let woven = split_and_weave(tools, plain.path(), out, progress).await?;
    if std::fs::metadata(out)?.len() >= source.size_bytes {
        return Ok(Outcome::Skip);
    }
    let side = |pixels: u32| i32::try_from(pixels).ok();
    Ok(Outcome::Made(Made { width: side(width), height: side(height), ..made("video/mp4", woven)? }))
}

/// What is told of a woven file.
pub(super) fn made(mime: &str, woven: Woven) -> Result<Made> {
    let detail = serde_json::to_string(&woven.segments).map_err(std::io::Error::other)?;
    Ok(Made {
        mime: mime.to_owned(),
        codecs: Some(woven.codecs),
        width: None,
        height: None,
        duration_ms: i64::try_from(woven.duration_ms).ok(),
        detail: Some(detail),
    })
}

/// Copy an encoded file into fragments, and weave the two into `out`.
pub(super) async fn split_and_weave(tools: &Tools, plain: &Path, out: &Path, progress: &Progress) -> Result<Woven> {
    let fragmented = beside(out)?;
    let encoded = plain.to_owned();
    let probe = blocking(move || crate::probe::probe(&encoded, "encoded.mp4")).await?;
    let size_bytes = std::fs::metadata(plain)?.len();
    let source = Source { path: plain.to_owned(), size_bytes, probe, ..Source::default() };
    let only_sound = source.probe.mime.starts_with("audio/");
    let cut: &[&str] = if only_sound { &["-frag_duration", "6000000"] } else { &[] };
    let movflags = match only_sound {
        true => "+empty_moov+delay_moov+default_base_moof+skip_trailer",
        false => "+frag_keyframe+delay_moov+default_base_moof+skip_trailer",
    };
    let fixed = ["-map", "0", "-c", "copy", "-movflags", movflags, "-f", "mp4"];
    let output = fixed.iter().chain(cut).map(|word| (*word).to_owned()).collect();
    let task = Task { output, ..Task::default() };
    ffmpeg::run(tools, &source, &task, Some(fragmented.path()), &source.limits(), |_| {}).await?;
    progress.reach(970);
    let (plain, out, watched) = (plain.to_owned(), out.to_owned(), progress.clone());
    blocking(move || weave(&plain, fragmented.path(), &out, &watched)).await
}

/// A file beside the one that is made, on the same disk; it goes when it is let go.
pub(super) fn beside(out: &Path) -> Result<tempfile::NamedTempFile> {
    let folder = out.parent().ok_or_else(|| Error::Disk(std::io::ErrorKind::NotFound.into()))?;
    Ok(tempfile::NamedTempFile::new_in(folder)?)
}

async fn encode(
    tools: &Tools,
    source: &Source,
    recipe: &Recipe,
    size: (u32, u32),
    plain: &Path,
    progress: &Progress,
) -> Result<()> {
    let task = Task { output: options(source, recipe, size), ..Task::default() };
    let told = |permille: i32| progress.reach(permille / 20 * 19);
    ffmpeg::run(tools, source, &task, Some(plain), &source.limits(), told).await.map(|_| ())
}

fn options(source: &Source, recipe: &Recipe, (width, height): (u32, u32)) -> Vec<String> {
    let most = recipe.picture_kbit;
    let mut words = vec![
        "-map 0:V:0 -c:v libx264 -preset veryfast -crf 26 -sc_threshold 0 -bf 2 -refs 2".to_owned(),
        format!("-profile:v {} -maxrate {most}k -bufsize {}k -fpsmax {}", recipe.profile, most * 4, recipe.pictures),
        // A whole picture every two seconds, whatever the rate: there fragments are cut, and seeks land.
        "-force_key_frames expr:gte(t,n_forced*2)".to_owned(),
        format!("-vf {JOINED},scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p"),
    ];
    if let Some(sound) = &source.streams.sound {
        let (kbit, per_second, channels) = recipe.sound;
        let channels = channels.min(sound.channels.max(1));
        words.push(format!("-map 0:a:0 -af {LEVELLED} -c:a aac -b:a {kbit}k -ar {per_second} -ac {channels}"));
    }
    words.push("-movflags +faststart -f mp4".to_owned());
    words.iter().flat_map(|words| words.split(' ')).map(str::to_owned).collect()
}

/// The size of the picture with its shorter side at most `lines`, in even numbers, never larger than it was.
fn fitted(picture: &Picture, lines: u32) -> (u32, u32) {
    let shorter = picture.width.min(picture.height).max(1);
    let lines = lines.min(shorter);
    let side = |pixels: u32| {
        let scaled = u64::from(pixels) * u64::from(lines) / u64::from(shorter);
        u32::try_from(scaled / 2 * 2).unwrap_or(u32::MAX).max(2)
    };
    (side(picture.width), side(picture.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: u32, height: u32, lines: u32) -> (u32, u32) {
        fitted(&Picture { width, height, ..Picture::default() }, lines)
    }

    #[test]
    fn a_picture_keeps_its_shape_and_never_grows() {
        assert_eq!(of(1920, 1080, 720), (1280, 720));
        assert_eq!(of(1080, 1920, 240), (240, 426));
        assert_eq!(of(320, 200, 240), (320, 200));
        assert_eq!(of(853, 479, 720), (852, 478));
        assert_eq!(of(1, 4096, 240), (2, 4096));
    }

    #[test]
    fn a_silent_recording_is_not_asked_for_sound() {
        let words = RECIPES.first().map(|recipe| options(&Source::default(), recipe, (2, 2)).join(" "));
        assert!(words.is_some_and(|words| !words.contains("-af") && words.ends_with("-f mp4")));
    }
}
