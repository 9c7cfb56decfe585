//! A sheet of small pictures for the seek bar: one for every ten seconds, or for longer steps when the film is long, so
//! that a phone on a thin link can afford it.

use super::ffmpeg::{self, Picture, Task, Tools};
use super::{Made, Outcome, Progress, Source};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How the sheet is laid out: pictures go along the rows, one for each step from the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// Pictures in a row.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// Width of a picture in pixels.
    pub tile_width: u32,
    /// Height of a picture in pixels.
    pub tile_height: u32,
    /// From one picture to the next, in milliseconds of the recording.
    pub every_ms: u64,
}

/// The most the sheet may weigh, in bytes.
const HEAVIEST: u64 = 60_000;

/// One picture at most, in pixels.
const TILE: (u32, u32) = (128, 96);

/// Pictures in a row.
const COLUMNS: u32 = 8;

/// The shortest step, in milliseconds.
const STEP_MS: u64 = 10_000;

/// Pictures in a sheet at most, and JPEG quality (2 is best, 31 worst), tried until the sheet is light enough.
const TRIES: &[(u64, u32)] = &[(64, 6), (64, 14), (48, 18), (32, 24), (16, 31), (8, 31)];

/// From this length on only whole pictures are decoded, which is many times faster and every few seconds exact.
const LONG_MS: u64 = 180_000;

/// Make it of `source` into the file `out`. It is left out when the recording has no picture, or no known length.
///
/// # Errors
/// As [`super::make`].
pub async fn make(tools: &Tools, source: &Source, out: &Path, progress: &Progress) -> Result<Outcome> {
    let length_ms = source.duration_ms().and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
    let (Some(picture), Some(length_ms)) = (&source.streams.picture, length_ms) else { return Ok(Outcome::Skip) };
    for (step, (pictures, quality)) in (1_i32..).zip(TRIES) {
        let grid = grid(picture, length_ms, *pictures);
        draw(tools, source, &grid, (length_ms, *quality), out).await?;
        progress.reach(step * 150);
        let bytes = std::fs::metadata(out)?.len();
        if bytes == 0 {
            return Ok(Outcome::Skip);
        }
        if bytes <= HEAVIEST {
            let detail = serde_json::to_string(&grid).map_err(std::io::Error::other)?;
            let (width, height) = jpeg_size(out)?;
            let mime = "image/jpeg".to_owned();
            return Ok(Outcome::Made(Made { mime, width, height, detail: Some(detail), ..Made::default() }));
        }
    }
    Ok(Outcome::Skip)
}

fn grid(picture: &Picture, length_ms: u64, most: u64) -> Grid {
    // Whole seconds: a step of 10, 20 or 45 seconds, not of 10.3.
    let every_ms = length_ms.div_ceil(most).next_multiple_of(1000).max(STEP_MS);
    let pictures = u32::try_from(length_ms.div_ceil(every_ms)).unwrap_or(1).max(1);
    let (tile_width, tile_height) = within(picture, TILE);
    let columns = pictures.min(COLUMNS);
    Grid { columns, rows: pictures.div_ceil(columns), tile_width, tile_height, every_ms }
}

async fn draw(tools: &Tools, source: &Source, grid: &Grid, (length_ms, quality): (u64, u32), out: &Path) -> Result<()> {
    let Grid { columns, rows, tile_width, tile_height, every_ms } = grid;
    let output = format!(
        "-map 0:V:0 -an -vf fps=fps=1000/{every_ms}:start_time=0:round=up,scale={tile_width}:{tile_height}:flags=area,\
         setsar=1,format=yuvj420p,tile={columns}x{rows} -frames:v 1 -c:v mjpeg -q:v {quality} -f image2 -update 1"
    );
    let whole: &[&str] = if length_ms >= LONG_MS { &["-skip_frame", "nokey"] } else { &[] };
    let task = Task {
        input: whole.iter().map(|word| (*word).to_owned()).collect(),
        output: output.split(' ').map(str::to_owned).collect(),
        log: None,
    };
    std::fs::write(out, b"")?;
    ffmpeg::run(tools, source, &task, Some(out), &source.limits(), |_| {}).await.map(|_| ())
}

/// The size of a picture that fits into a box without growing, in even numbers.
pub(super) fn within(picture: &Picture, (width, height): (u32, u32)) -> (u32, u32) {
    let (wide, high) = (u64::from(picture.width.max(1)), u64::from(picture.height.max(1)));
    // The smaller of the two scales, as a fraction.
    let (up, down) = if u64::from(width) * high <= u64::from(height) * wide {
        (u64::from(width).min(wide), wide)
    } else {
        (u64::from(height).min(high), high)
    };
    let side = |pixels: u64| u32::try_from(pixels * up / down / 2 * 2).unwrap_or(2).max(2);
    (side(wide), side(high))
}

/// Width and height of a JPEG that ffmpeg wrote.
pub(super) fn jpeg_size(file: &Path) -> Result<(Option<i32>, Option<i32>)> {
    let bytes = std::fs::read(file)?;
    let mut at = 2;
    while let Some([0xff, kind, a, b]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        if let (0xc0..=0xc2, Some([c, d, e, f])) = (*kind, bytes.get(at + 5..).and_then(|rest| rest.first_chunk())) {
            let side = |pair: [u8; 2]| Some(i32::from(u16::from_be_bytes(pair)));
            return Ok((side([*e, *f]), side([*c, *d])));
        }
        at += 2 + usize::from(u16::from_be_bytes([*a, *b]));
    }
    Err(Error::Unpreparable("没有取到画面"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        Picture { width, height, ..Picture::default() }
    }

    #[test]
    fn a_short_film_has_a_picture_every_ten_seconds_and_a_long_one_longer_steps() {
        let short = grid(&picture(1280, 720), 95_000, 64);
        assert_eq!((short.columns, short.rows, short.every_ms), (8, 2, 10_000));
        let long = grid(&picture(1280, 720), 3 * 3_600_000, 64);
        assert_eq!((long.columns, long.rows, long.every_ms), (8, 8, 169_000));
        let blink = grid(&picture(1280, 720), 1, 64);
        assert_eq!((blink.columns, blink.rows), (1, 1));
    }

    #[test]
    fn pictures_keep_their_shape_and_never_grow() {
        assert_eq!(within(&picture(1280, 720), TILE), (128, 72));
        assert_eq!(within(&picture(720, 1280), TILE), (54, 96));
        assert_eq!(within(&picture(40, 30), TILE), (40, 30));
        assert_eq!(within(&picture(0, 9_000_000), TILE), (2, 96));
    }
}
