//! SubRip, as it is found: the format has no specification, so a cue is whatever stands between two lines of times.

use super::timing::{self, Timing};
use super::{Open, Shelf, markup};
use crate::{Error, Result};

/// Reads SubRip text into the shelf. Blank lines may be missing or stand within a cue; counters may be missing or wrong.
///
/// # Errors
/// [`Error::BadCaptions`] for another format, or for too many cues.
pub(super) fn parse(text: &str, shelf: &mut Shelf) -> Result<()> {
    if text.trim_start().starts_with("[Script Info]") {
        return Err(Error::bad_captions(1, "这是 ASS/SSA 特效字幕，请先用字幕软件另存为 SRT"));
    }
    let mut open: Option<Open<'_>> = None;
    let mut skipping = false;
    for (number, line) in (1..).zip(text.split('\n')) {
        let timing = timing::read(line);
        if matches!(timing, Timing::None) {
            match &mut open {
                Some(open) => open.text.push(line),
                None if !skipping && !line.trim().is_empty() && !is_counter(line) => {
                    shelf.stray(number);
                }
                None => {}
            }
            continue;
        }
        if let Some(mut done) = open.take() {
            if done.text.last().is_some_and(|line| is_counter(line)) {
                done.text.pop(); // the number of the cue that begins here
            }
            shelf.put(done, markup::of_subrip)?;
        }
        skipping = matches!(timing, Timing::Broken);
        match timing {
            Timing::Times(from, to) => open = Some(Open { line: number, times: (from, to), text: Vec::new() }),
            _ => shelf.notes.add(Some(number), "时间看不懂，这一条已略去；应如 00:00:01,000 --> 00:00:03,500"),
        }
    }
    open.map_or(Ok(()), |last| shelf.put(last, markup::of_subrip))
}

fn is_counter(line: &str) -> bool {
    let line = line.trim();
    (1..=9).contains(&line.len()) && line.bytes().all(|byte| byte.is_ascii_digit())
}
