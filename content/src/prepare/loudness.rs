//! How loud a recording is, and whether a classroom that comes from another lesson would reach for the remote.

use super::Source;
use super::ffmpeg::{self, Task, Tools};
use crate::{Error, Result};
use std::ops::RangeInclusive;

/// Sound as a classroom needs it: every lesson equally loud (EBU R128, -16 LUFS), no peak cut.
pub(super) const LEVELLED: &str = "loudnorm=I=-16:TP=-1.5:LRA=11";

/// What is left as it came, in LUFS: from the level of broadcasting to that of the loudest streaming service.
const BEARABLE: RangeInclusive<f64> = -23.0..=-11.0;

/// Quieter than this is a recording in which nobody speaks; there is nothing to level.
const SILENCE: f64 = -50.0;

/// Whether the sound is so loud or so quiet that it must be levelled. What cannot be measured is left as it is.
///
/// # Errors
/// When ffmpeg cannot be run, or takes too long.
pub(super) async fn is_off(tools: &Tools, source: &Source, told: impl FnMut(i32)) -> Result<bool> {
    if source.streams.sound.is_none() {
        return Ok(false);
    }
    let words = "-map 0:a:0 -vn -af ebur128=framelog=verbose -f null";
    let output = words.split(' ').map(str::to_owned).collect();
    let task = Task { output, log: Some("info"), ..Task::default() };
    match ffmpeg::run(tools, source, &task, None, &source.limits(), told).await {
        Ok(log) => Ok(integrated(&log).is_some_and(|loudness| loudness > SILENCE && !BEARABLE.contains(&loudness))),
        Err(Error::Unpreparable(_)) => Ok(false),
        Err(cause) => Err(cause),
    }
}

/// The loudness on the whole, out of the summary that the filter logs at the end.
fn integrated(log: &str) -> Option<f64> {
    let (_, summary) = log.rsplit_once("Integrated loudness:")?;
    summary.split_once("I:")?.1.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudness_is_read_from_the_summary() {
        let log = "[Parsed_ebur128_0] Summary:\n\n  Integrated loudness:\n    I:         -21.8 LUFS\n    Threshold: -31.8 LUFS\n";
        assert_eq!(integrated(log), Some(-21.8));
        assert_eq!(integrated("  Integrated loudness:\n    I:   -70.0 LUFS"), Some(-70.0));
        assert_eq!(integrated("Conversion failed!"), None);
    }
}
