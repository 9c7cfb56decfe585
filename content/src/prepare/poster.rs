//! One still picture of a recording, shown before it plays: the first that is not black from a tenth of the way on.

use super::ffmpeg::{self, Task, Tools};
use super::storyboard::{jpeg_size, within};
use super::video::JOINED;
use super::{Made, Outcome, Progress, Source};
use crate::Result;
use std::path::Path;

/// The widest it gets, in pixels.
const WIDEST: u32 = 1280;

/// The most it may weigh, in bytes: a phone loads it with the page.
const HEAVIEST: u64 = 80_000;

/// Pictures are looked for in so much of the recording, in seconds.
const LOOKED_AT_S: u32 = 90;

/// Width and JPEG quality (2 is best, 31 worst), tried until the picture is light enough.
const TRIES: &[(u32, u32)] = &[(WIDEST, 4), (WIDEST, 8), (960, 8), (960, 16), (640, 16), (480, 31)];

/// Make it of `source` into the file `out`. It is left out when the recording has no picture.
///
/// # Errors
/// As [`super::make`].
pub async fn make(tools: &Tools, source: &Source, out: &Path, progress: &Progress) -> Result<Outcome> {
    let Some(picture) = &source.streams.picture else { return Ok(Outcome::Skip) };
    for (step, (widest, quality)) in (1_i32..).zip(TRIES) {
        let size = within(picture, (*widest, *widest));
        // Mean brightness 16 is black, 235 white; when a film is dark all along, any picture will do.
        let bright = "signalstats,metadata=mode=select:key=lavfi.signalstats.YAVG:value=36:function=greater,";
        if !take(tools, source, bright, size, *quality, out).await?
            && !take(tools, source, "", size, *quality, out).await?
        {
            return Ok(Outcome::Skip);
        }
        progress.reach(step * 150);
        if std::fs::metadata(out)?.len() <= HEAVIEST {
            break;
        }
    }
    let (width, height) = jpeg_size(out)?;
    Ok(Outcome::Made(Made { mime: "image/jpeg".to_owned(), width, height, ..Made::default() }))
}

/// Whether a picture was found and written.
async fn take(
    tools: &Tools,
    source: &Source,
    chosen: &str,
    (width, height): (u32, u32),
    quality: u32,
    out: &Path,
) -> Result<bool> {
    let tenth_s = source.duration_ms().unwrap_or(0) / 10_000;
    let output = format!(
        "-map 0:V:0 -an -vf {JOINED},{chosen}scale={width}:{height}:flags=bicubic,setsar=1,format=yuvj420p \
         -frames:v 1 -c:v mjpeg -q:v {quality} -f image2 -update 1"
    );
    let task = Task {
        input: ["-ss".to_owned(), tenth_s.to_string(), "-t".to_owned(), LOOKED_AT_S.to_string()].into(),
        output: output.split_whitespace().map(str::to_owned).collect(),
        log: None,
    };
    std::fs::write(out, b"")?;
    ffmpeg::run(tools, source, &task, Some(out), &source.limits(), |_| {}).await?;
    Ok(std::fs::metadata(out)?.len() > 0)
}
