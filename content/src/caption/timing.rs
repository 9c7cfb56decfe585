//! The line of times: `00:01:02,500 --> 00:01:04,000`, as it is written by programs, by hand, and by translation machines.

use super::MAX_MS;

/// What a line says of time.
pub(super) enum Timing {
    /// It is no line of times.
    None,
    /// From and to, in milliseconds.
    Times(i64, i64),
    /// It means to be one, but cannot be read.
    Broken,
}

/// Reads a line. Spaces anywhere, full-width digits and signs, arrows of all lengths, comma or point, and missing hours or
/// milliseconds are taken; whatever follows the second time (cue settings, SubRip's coordinates) is passed over.
pub(super) fn read(line: &str) -> Timing {
    if !line.contains(['>', '→', '＞']) {
        return Timing::None;
    }
    let line: String = line.chars().map(half_width).collect();
    let (left, rest) = match line.split_once("-->") {
        Some((left, rest)) => (left.trim(), Some(rest).filter(|_| left.contains(':'))),
        None => other_arrow(&line),
    };
    let Some(rest) = rest.filter(|_| left.is_ascii() && left.starts_with(|c: char| c.is_ascii_digit())) else {
        return Timing::None; // a caption that points somewhere: 看这里 --> 左边, 8:00→9:00 开会
    };
    match (instant(left), instant(split(rest, is_of_time).0)) {
        (Some(from), Some(to)) => Timing::Times(from, to),
        _ => Timing::Broken,
    }
}

/// What stands before and after an arrow that is not `-->`; only after a whole time is it one.
fn other_arrow(line: &str) -> (&str, Option<&str>) {
    let (left, rest) = split(line, is_of_time);
    let (arrow, rest) = split(rest, |c| matches!(c, '-' | '–' | '—' | '→' | '>'));
    let is_arrow = arrow.ends_with(['>', '→']) && left.matches(':').count() == 2;
    (left.trim(), is_arrow.then_some(rest))
}

/// The beginning made of such characters, and what follows it.
fn split(text: &str, of: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !of(c)).unwrap_or(text.len()))
}

fn half_width(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    }
}

fn is_of_time(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ':' | '.' | ',') || c.is_whitespace()
}

/// An instant in milliseconds: `[hours:]minutes:seconds[.fraction]`.
fn instant(text: &str) -> Option<i64> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((&text, ""));
    let parts: Vec<&str> = whole.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes, seconds] => (number(hours)?, within_sixty(minutes)?, within_sixty(seconds)?),
        [minutes, seconds] => (0, number(minutes)?, within_sixty(seconds)?),
        _ => return None,
    };
    let ms = hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + thousandths(fraction)?;
    (ms <= MAX_MS).then_some(ms)
}

/// Up to six digits; more are no time of a recording.
fn number(text: &str) -> Option<i64> {
    let digits = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn within_sixty(text: &str) -> Option<i64> {
    number(text).filter(|number| *number < 60)
}

/// A decimal fraction of a second; digits beyond the third are dropped.
fn thousandths(text: &str) -> Option<i64> {
    if text.len() > 9 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{text:0<3}").get(..3)?.parse().ok()
}
