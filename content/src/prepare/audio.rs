//! Sound alone, for the thinnest links: an hour of speech in some 14 MB.

use super::ffmpeg::{self, Task, Tools};
use super::loudness::LEVELLED;
use super::video::{beside, made, split_and_weave};
use super::{Outcome, Progress, Source};
use crate::Result;
use std::path::Path;

/// kbit/s: what AAC-LC needs for speech that is pleasant to follow.
const KBIT: u32 = 32;

/// Make it of `source` into the file `out`. It is left out when there is no sound, or nothing would be saved.
///
/// # Errors
/// As [`super::make`].
pub async fn make(tools: &Tools, source: &Source, out: &Path, progress: &Progress) -> Result<Outcome> {
    if source.streams.sound.is_none() {
        return Ok(Outcome::Skip);
    }
    let words = format!("-map 0:a:0 -af {LEVELLED} -c:a aac -b:a {KBIT}k -ar 24000 -ac 1 -movflags +faststart -f mp4");
    let task = Task { output: words.split(' ').map(str::to_owned).collect(), ..Task::default() };
    let plain = beside(out)?;
    let told = |permille: i32| progress.reach(permille / 20 * 19);
    ffmpeg::run(tools, source, &task, Some(plain.path()), &source.limits(), told).await?;
    if std::fs::metadata(plain.path())?.len() >= source.size_bytes / 10 * 9 {
        return Ok(Outcome::Skip);
    }
    let woven = split_and_weave(tools, plain.path(), out, progress).await?;
    if std::fs::metadata(out)?.len() >= source.size_bytes {
        return Ok(Outcome::Skip);
    }
    Ok(Outcome::Made(made("audio/mp4", woven)?))
}
