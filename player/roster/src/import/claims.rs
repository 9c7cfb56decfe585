//! What a workbook claims, weighed before it is opened.
//!
//! The reader of workbooks makes room for as many texts as are announced, whether they come or not; it writes out a
//! font and a number format for each style of a cell; and it unpacks a part for each sheet that names it. So a few
//! kilobytes could ask for all the memory there is, or for a day of work. Here the parts are read with the same reader
//! of XML, so that both see the same tags.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

/// The most texts a workbook may announce: twenty in each row.
const MOST_TEXTS: usize = 20 * super::MAX_ROWS;
/// The most bytes all its styles may take, written out.
const MOST_STYLED: usize = 256 << 20;
/// What a style takes besides its font's name and its number format.
const STYLE_BYTES: usize = 512;

/// Whether the part of this name claims no more than a roster needs. Most parts claim nothing.
pub(super) fn are_modest(name: &str, part: impl BufRead) -> bool {
    let name = name.to_ascii_lowercase();
    if name.ends_with("sharedstrings.xml") {
        texts_are_few(part)
    } else if name.ends_with("styles.xml") {
        styles_are_short(part)
    } else {
        true
    }
}

fn texts_are_few(part: impl BufRead) -> bool {
    let is_few = |said: &str| {
        let number = said.trim_start_matches(|c: char| !c.is_ascii_digit());
        let digits = number.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.is_empty() || digits.parse::<usize>().is_ok_and(|count| count <= MOST_TEXTS)
    };
    each_tag(part, |tag| match tag.local_name().as_ref() {
        "sst" => ControlFlow::Break(tag.attributes_raw().split("uniqueCount").skip(1).all(is_few)),
        _ => ControlFlow::Continue(()),
    })
}

/// No text of a style is longer than the longest tag before it.
fn styles_are_short(part: impl BufRead) -> bool {
    let (mut longest, mut written) = (0_usize, 0_usize);
    each_tag(part, |tag| {
        longest = longest.max(tag.len());
        if tag.local_name().as_ref() == "xf" {
            written = written.saturating_add(STYLE_BYTES + 2 * longest);
        }
        if written > MOST_STYLED { ControlFlow::Break(false) } else { ControlFlow::Continue(()) }
    })
}

/// Shows each tag that opens until one of them decides; else nothing is wrong. What cannot be read is for the reader of
/// workbooks to refuse.
fn each_tag(part: impl BufRead, mut judge: impl FnMut(&BytesStart<'_>) -> ControlFlow<bool>) -> bool {
    let mut xml = Reader::from_reader(part);
    xml.config_mut().enable_all_checks(false);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                if let ControlFlow::Break(is_modest) = judge(&tag) {
                    return is_modest;
                }
            }
            Ok(Event::Eof) | Err(_) => return true,
            Ok(_) => {}
        }
    }
}

/// A file whose bytes are read twice over at most, and its directory: an honest workbook needs each of them once.
pub(super) struct Twice<'a> {
    file: Cursor<&'a [u8]>,
    left: usize,
}

impl<'a> Twice<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { file: Cursor::new(bytes), left: bytes.len().saturating_mul(2).saturating_add(1 << 20) }
    }
}

impl Read for Twice<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.left = self.left.checked_sub(read).ok_or(io::ErrorKind::InvalidData)?;
        Ok(read)
    }
}

impl Seek for Twice<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
