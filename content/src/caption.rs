//! Captions: from whatever file a trainer brings to cues, and from cues to WebVTT.
//!
//! Owns finding the character encoding, reading SRT and WebVTT leniently, and writing WebVTT strictly. Pure functions
//! over bytes and text; where cues are kept and who may see them is not decided here.

mod encoding;
mod markup;
mod notes;
mod srt;
mod timing;
mod webvtt;

pub use encoding::Encoding;
pub use notes::Note;
pub use webvtt::write;

use crate::{Error, Result};
use entity::caption::Cue;
use notes::Notes;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 2 << 20;
/// Most cues of one file.
pub const MAX_CUES: usize = 20_000;
/// Most characters of one cue; what is longer is cut.
pub const MAX_TEXT_CHARS: usize = 1_000;
/// No cue begins or ends later than this: a thousand hours.
pub const MAX_MS: i64 = 1_000 * 3_600_000;
/// The furthest that captions are moved, either way: ten hours.
pub const MAX_SHIFT_MS: i64 = 10 * 3_600_000;

/// What a file was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captions {
    /// The character encoding it was read in.
    pub encoding: Encoding,
    /// Its format.
    pub format: Format,
    /// The cues in order of time, without markup; there is at least one, and each has text and a length.
    pub cues: Vec<Cue>,
    /// What was left out or doubtful, for the person who brought the file.
    pub notes: Vec<Note>,
}

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// SubRip.
    Srt,
    /// WebVTT of the W3C.
    WebVtt,
}

impl Format {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Srt => "SRT",
            Self::WebVtt => "WebVTT",
        }
    }
}

/// Reads a caption file, in the encoding its bytes suggest or in the one that is `wanted`.
///
/// # Errors
/// [`Error::TooLong`] above [`MAX_BYTES`]; [`Error::BadCaptions`] with a line and a Chinese reason when the bytes are no
/// text, the text no captions, or the captions too many.
pub fn read(bytes: &[u8], wanted: Option<Encoding>) -> Result<Captions> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLong { max: MAX_BYTES as u64 });
    }
    let decoded = encoding::decode(bytes, wanted)?;
    let mut shelf = Shelf::default();
    if let Some((line, count)) = decoded.broken {
        shelf.notes.add(Some(line), format!("从这一行起有 {count} 个字无法识别，已用“□”代替，请核对"));
    } else if decoded.doubtful {
        shelf.notes.add(None, format!("编码“{}”是推测的，请核对预览中的文字", decoded.encoding.as_str()));
    }
    let text = cleaned(&decoded.text);
    let format = if webvtt::is_webvtt(&text) { Format::WebVtt } else { Format::Srt };
    match format {
        Format::WebVtt => webvtt::parse(&text, &mut shelf)?,
        Format::Srt => srt::parse(&text, &mut shelf)?,
    }
    shelf.finish(decoded.encoding, format)
}

/// The cues this much later, or earlier when negative. What would end before the recording begins is left out.
#[must_use]
pub fn shift(cues: Vec<Cue>, by_ms: i64) -> Vec<Cue> {
    let moved = |at: i64| at.saturating_add(by_ms).clamp(0, MAX_MS);
    let cues = cues.into_iter().map(|Cue(from, to, text)| Cue(moved(from), moved(to), text));
    cues.filter(|Cue(from, to, _)| to > from).collect()
}

/// One kind of line end, and no characters that are neither text nor space.
fn cleaned(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").chars().filter_map(seen).collect()
}

/// A character as it may be shown; `None` for one that is only there to do something to others.
fn seen(c: char) -> Option<char> {
    match c {
        '\n' => Some('\n'),
        '\u{FFFD}' => Some('□'),
        '\u{FEFF}' | '\0' => None,
        // Marks that turn the direction of everything after them: an old way to hide text.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' => None,
        '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() => Some(' '),
        c => Some(c),
    }
}

/// The cues and notes gathered so far, within bounds.
#[derive(Default)]
struct Shelf {
    cues: Vec<Cue>,
    notes: Notes,
    empty: usize,
    /// The first line that belongs to no cue, and how many there are.
    strays: Option<(usize, usize)>,
}

/// A cue whose text is still being gathered.
struct Open<'a> {
    /// The line of its times, from 1.
    line: usize,
    /// When it begins and ends.
    times: (i64, i64),
    /// Its lines of text, as written.
    text: Vec<&'a str>,
}

impl Shelf {
    /// Puts a complete cue on the shelf; `plain` takes the markup out of its text.
    fn put(&mut self, open: Open<'_>, plain: impl Fn(&str) -> String) -> Result<()> {
        let Open { line, times: (from, to), text } = open;
        let text = plain(&text.join("\n"));
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let text = lines.join("\n");
        if text.is_empty() {
            self.empty += 1;
            return Ok(());
        }
        if to <= from {
            self.notes.add(Some(line), "结束时间不晚于开始时间，这一条已略去");
            return Ok(());
        }
        if self.cues.len() == MAX_CUES {
            return Err(Error::bad_captions(line, format!("字幕超过 {MAX_CUES} 条，请分成几课")));
        }
        let text = match text.char_indices().nth(MAX_TEXT_CHARS) {
            Some((end, _)) => {
                self.notes.add(Some(line), format!("一条字幕超过 {MAX_TEXT_CHARS} 字，后面的已截去"));
                text.get(..end).unwrap_or_default().trim_end().to_owned()
            }
            None => text,
        };
        self.cues.push(Cue(from, to, text));
        Ok(())
    }

    /// Counts a line that belongs to no cue.
    fn stray(&mut self, line: usize) {
        self.strays = Some(self.strays.map_or((line, 1), |(first, count)| (first, count + 1)));
    }

    fn finish(mut self, encoding: Encoding, format: Format) -> Result<Captions> {
        if self.cues.is_empty() {
            let Note { line, text } = self.notes.first_of_a_line().unwrap_or(Note {
                line: Some(1),
                text: "没有找到一条字幕：每条字幕应有一行时间，如 00:00:01,000 --> 00:00:03,500".into(),
            });
            return Err(Error::BadCaptions { line, reason: text });
        }
        if let Some((line, count)) = self.strays {
            self.notes.add(Some(line), format!("从这一行起有 {count} 行不属于任何一条字幕，已略去"));
        }
        if self.empty > 0 {
            self.notes.add(None, format!("有 {} 条字幕没有文字，已略去", self.empty));
        }
        if !self.cues.is_sorted_by_key(|Cue(from, ..)| *from) {
            self.notes.add(None, "字幕没有按时间先后排列，已重新排好");
        }
        self.cues.sort_by_key(|Cue(from, to, _)| (*from, *to)); // stable: what was said at once stays in order
        Ok(Captions { encoding, format, cues: self.cues, notes: self.notes.into_list() })
    }
}

#[cfg(test)]
mod tests;
