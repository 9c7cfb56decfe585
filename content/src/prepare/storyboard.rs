//! A sheet of small pictures for the seek bar: one for every ten seconds, on a sheet so light that a phone on a thin
//! link can afford it. In a long film the pictures are smaller, and only beyond 80 minutes the steps are longer.

use super::ffmpeg::{self, Picture, Task, Tools};
use super::video::{JOINED, beside};
use super::{Made, Outcome, Progress, Source};
use crate::probe::Probe;
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

/// Pictures in a row.
const COLUMNS: u32 = 8;

/// The shortest step, in milliseconds.
const STEP_MS: u64 = 10_000;

/// Pictures on a sheet at most: 80 minutes in the shortest steps. More would be too small to tell anything.
const MOST: u64 = 480;

/// How a sheet is drawn.
struct Drawing {
    /// One picture at most, in pixels.
    tile: (u32, u32),
    /// JPEG quality: 2 is best, 31 worst.
    quality: u32,
    /// Of how many pictures one is taken.
    one_of: u32,
}

/// Tried until the sheet is light enough. Ten seconds are given up last: a smaller picture still shows where it leads,
/// a missing one does not. Measured, 45 minutes of moving pictures end at 64 pixels and quality 20.
const TRIES: &[Drawing] = &[
    Drawing { tile: (128, 96), quality: 6, one_of: 1 },
    Drawing { tile: (128, 96), quality: 14, one_of: 1 },
    Drawing { tile: (96, 72), quality: 18, one_of: 1 },
    Drawing { tile: (80, 60), quality: 20, one_of: 1 },
    Drawing { tile: (64, 48), quality: 20, one_of: 1 },
    Drawing { tile: (64, 48), quality: 31, one_of: 1 },
    Drawing { tile: (64, 48), quality: 31, one_of: 2 },
    Drawing { tile: (64, 48), quality: 31, one_of: 4 },
    Drawing { tile: (64, 48), quality: 31, one_of: 16 },
];

/// From this length on only whole pictures are decoded, which is many times faster and every few seconds exact.
const LONG_MS: u64 = 180_000;

/// Make it of `source` into the file `out`. It is left out when the recording has no picture, or no known length.
///
/// # Errors
/// As [`super::make`].
pub async fn make(tools: &Tools, source: &Source, out: &Path, progress: &Progress) -> Result<Outcome> {
    let length_ms = source.duration_ms().and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
    let (Some(picture), Some(length_ms)) = (&source.streams.picture, length_ms) else { return Ok(Outcome::Skip) };
    // The film is read once; every sheet is drawn of this strip.
    let strip = beside(out)?;
    let told = |permille: i32| progress.reach(permille / 10 * 9);
    take(tools, source, picture, length_ms, strip.path(), told).await?;
    for drawing in TRIES {
        let grid = grid(picture, length_ms, drawing.tile, drawing.one_of);
        draw(tools, strip.path(), &grid, drawing, out).await?;
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

/// From one picture of the strip to the next: whole seconds, of 10 or 23, not of 22.5.
fn step_ms(length_ms: u64) -> u64 {
    length_ms.div_ceil(MOST).next_multiple_of(1000).max(STEP_MS)
}

fn grid(picture: &Picture, length_ms: u64, tile: (u32, u32), one_of: u32) -> Grid {
    let every_ms = step_ms(length_ms) * u64::from(one_of);
    let pictures = u32::try_from(length_ms.div_ceil(every_ms)).unwrap_or(1).max(1);
    let (tile_width, tile_height) = within(picture, tile);
    let columns = pictures.min(COLUMNS);
    Grid { columns, rows: pictures.div_ceil(columns), tile_width, tile_height, every_ms }
}

/// Take the pictures of all steps, in the largest size and the best quality, one after the other.
async fn take(
    tools: &Tools,
    source: &Source,
    picture: &Picture,
    length_ms: u64,
    strip: &Path,
    progress: impl FnMut(i32),
) -> Result<()> {
    let every_ms = step_ms(length_ms);
    let pictures = length_ms.div_ceil(every_ms);
    let (width, height) = within(picture, (128, 96));
    let output = format!(
        "-map 0:V:0 -an -vf {JOINED},fps=fps=1000/{every_ms}:start_time=0:round=up,scale={width}:{height}:flags=area,\
         setsar=1,format=yuvj420p -frames:v {pictures} -c:v mjpeg -q:v 2 -f matroska"
    );
    let whole: &[&str] = if length_ms >= LONG_MS { &["-skip_frame", "nokey"] } else { &[] };
    let task = Task { input: whole.iter().map(|word| (*word).to_owned()).collect(), output: words(&output), log: None };
    ffmpeg::run(tools, source, &task, Some(strip), &source.limits(), progress).await.map(|_| ())
}

/// Lay the pictures of a strip out on a sheet.
async fn draw(tools: &Tools, strip: &Path, grid: &Grid, drawing: &Drawing, out: &Path) -> Result<()> {
    let Grid { columns, rows, tile_width, tile_height, .. } = grid;
    let Drawing { quality, one_of, .. } = drawing;
    let output = format!(
        "-map 0:v:0 -vf framestep={one_of},scale={tile_width}:{tile_height}:flags=area,setsar=1,format=yuvj420p,\
         tile={columns}x{rows} -frames:v 1 -c:v mjpeg -q:v {quality} -f image2 -update 1"
    );
    let probe = Probe { mime: "video/x-matroska".to_owned(), ..Probe::default() };
    let source =
        Source { path: strip.to_owned(), size_bytes: std::fs::metadata(strip)?.len(), probe, ..Source::default() };
    let task = Task { output: words(&output), ..Task::default() };
    std::fs::write(out, b"")?;
    ffmpeg::run(tools, &source, &task, Some(out), &source.limits(), |_| {}).await.map(|_| ())
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
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
    fn up_to_eighty_minutes_there_is_a_picture_every_ten_seconds_and_a_longer_film_has_longer_steps() {
        let short = grid(&picture(1280, 720), 95_000, (128, 96), 1);
        assert_eq!((short.columns, short.rows, short.every_ms), (8, 2, 10_000));
        let lesson = grid(&picture(1280, 720), 80 * 60_000, (128, 96), 1);
        assert_eq!((lesson.columns, lesson.rows, lesson.every_ms), (8, 60, 10_000));
        let long = grid(&picture(1280, 720), 3 * 3_600_000, (128, 96), 1);
        assert_eq!((long.columns, long.rows, long.every_ms), (8, 59, 23_000));
        let noisy = grid(&picture(1280, 720), 3 * 3_600_000, (64, 48), 16);
        assert_eq!((noisy.columns, noisy.rows, noisy.every_ms), (8, 4, 368_000));
        let blink = grid(&picture(1280, 720), 1, (128, 96), 1);
        assert_eq!((blink.columns, blink.rows), (1, 1));
    }

    #[test]
    fn pictures_keep_their_shape_and_never_grow() {
        assert_eq!(within(&picture(1280, 720), (128, 96)), (128, 72));
        assert_eq!(within(&picture(720, 1280), (128, 96)), (54, 96));
        assert_eq!(within(&picture(40, 30), (128, 96)), (40, 30));
        assert_eq!(within(&picture(0, 9_000_000), (128, 96)), (2, 96));
    }
}
