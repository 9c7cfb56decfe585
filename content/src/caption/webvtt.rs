//! WebVTT (W3C): read by blocks as its parser does, and written so that every player reads it.
//!
//! Regions, styles, comments, identifiers and cue settings are passed over: what is kept of a cue is its times and words.

use super::timing::{self, Timing};
use super::{Open, Shelf, markup};
use crate::Result;
use entity::caption::Cue;
use std::fmt::Write;

/// Whether a text begins as a WebVTT file must (section 6.1, steps 2 to 5).
pub(super) fn is_webvtt(text: &str) -> bool {
    let rest = text.strip_prefix("WEBVTT");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']))
}

/// Reads WebVTT text into the shelf. A line of times begins a cue even where the blank line before it is missing.
///
/// # Errors
/// [`Error::BadCaptions`](crate::Error::BadCaptions) for too many cues.
pub(super) fn parse(text: &str, shelf: &mut Shelf) -> Result<()> {
    let mut open: Option<Open<'_>> = None;
    for (number, line) in (1..).zip(text.split('\n')).skip(1) {
        // Here, unlike in SubRip, only the true arrow makes times of a line: text cannot hold it.
        let timing = if line.contains("-->") { timing::read(line) } else { Timing::None };
        if let (Timing::None, Some(open)) = (&timing, &mut open)
            && !line.is_empty()
        {
            open.text.push(line);
            continue;
        }
        if let Some(done) = open.take() {
            shelf.put(done, markup::of_webvtt)?;
        }
        match timing {
            Timing::Times(from, to) => open = Some(Open { line: number, times: (from, to), text: Vec::new() }),
            Timing::Broken => {
                shelf.notes.add(Some(number), "时间看不懂，这一条已略去；应如 00:00:01.000 --> 00:00:03.500");
            }
            Timing::None => {} // an identifier, a comment, a style, a region, or nothing
        }
    }
    open.map_or(Ok(()), |last| shelf.put(last, markup::of_webvtt))
}

/// Writes cues as WebVTT. Text is escaped, and blank lines, which would end a cue, are left out of it.
pub fn write(cues: &[Cue]) -> String {
    let mut text = String::from("WEBVTT\n");
    for Cue(from, to, said) in cues {
        let _ = write!(text, "\n{} --> {}\n", Clock(*from), Clock(*to));
        for line in said.lines().map(str::trim).filter(|line| !line.is_empty()) {
            escape(line, &mut text);
            text.push('\n');
        }
    }
    text
}

fn escape(line: &str, into: &mut String) {
    for c in line.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            c => into.push(c),
        }
    }
}

/// An instant as WebVTT writes it; hours may have more than two digits.
struct Clock(i64);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = self.0.max(0);
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1_000)
    }
}
