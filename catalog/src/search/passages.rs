//! What is said in a lesson, and when: how captions are kept in the index, and at which instant a passage begins.
//!
//! Every cue is one line of a stored text, and its begin one number of a stored list: a passage found in the text leads to
//! its line, and the line to its begin. Nothing of this is read before a hit is shown.

use super::fold::is_han;
use crate::caption as captions;
use entity::caption::{self, Cue};

/// The captions of a lesson as the index keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spoken {
    /// One line for each cue of every track.
    pub lines: String,
    /// When each of these lines begins, packed.
    pub begins: Vec<u8>,
}

impl Spoken {
    /// Keeps the tracks of a lesson; `None` when there is no cue.
    pub fn of(tracks: &[caption::Model]) -> Option<Self> {
        let mut spoken = Self::default();
        let mut before = 0;
        for Cue(from, _, text) in tracks.iter().flat_map(caption::Model::read_cues) {
            spoken.lines.extend(text.chars().map(|c| if c == '\n' { ' ' } else { c }));
            spoken.lines.push('\n');
            pack(from.saturating_sub(before), &mut spoken.begins);
            before = from;
        }
        spoken.lines.pop();
        (!spoken.begins.is_empty()).then_some(spoken)
    }

    /// What is said, in one go: a word may begin in one cue and end in the next.
    pub fn flowing(&self) -> String {
        let mut flowing = String::with_capacity(self.lines.len());
        for line in self.lines.split('\n') {
            if !(flowing.ends_with(is_han) && line.starts_with(is_han)) {
                flowing.push(' ');
            }
            flowing.push_str(line);
        }
        flowing
    }

    /// Whether the captions say all that is in this transcript.
    pub fn covers(&self, transcript: &str) -> bool {
        captions::covers(&[Cue(0, 0, self.lines.clone())], transcript)
    }
}

/// When the line begins that holds the byte at `offset`; packed as in [`Spoken`].
pub(crate) fn begin_of(lines: &str, begins: &[u8], offset: usize) -> Option<i64> {
    let line = lines.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    let (mut at, mut rest) = (0_i64, begins);
    for _ in 0..=line {
        let (step, after) = unpack(rest)?;
        (at, rest) = (at.saturating_add(step), after);
    }
    Some(at)
}

/// A signed number in as few bytes as it needs (zigzag, base 128).
fn pack(number: i64, into: &mut Vec<u8>) {
    let mut left = ((number << 1) ^ (number >> 63)) as u64;
    while left >= 0x80 {
        into.push((left & 0x7F) as u8 | 0x80);
        left >>= 7;
    }
    into.push(left as u8);
}

fn unpack(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at(end + 1);
    let bits = number.iter().rev().fold(0_u64, |bits, byte| bits << 7 | u64::from(byte & 0x7F));
    Some(((bits >> 1) as i64 ^ -((bits & 1) as i64), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{CaptionId, LessonId, Moment};

    fn track(cues: &[(i64, &str)]) -> caption::Model {
        let cues: Vec<Cue> = cues.iter().map(|(from, text)| Cue(*from, from + 1_000, (*text).to_owned())).collect();
        caption::Model {
            id: CaptionId(1),
            lesson_id: LessonId(1),
            language: "普通话".into(),
            source_name: String::new(),
            source_encoding: String::new(),
            cues: serde_json::to_string(&cues).unwrap_or_default(),
            created_by: None,
            created_at: Moment(0),
        }
    }

    #[test]
    fn a_place_in_the_text_leads_to_the_begin_of_its_cue() {
        let tracks = [track(&[(0, "大家好"), (62_000, "先看\n叶子"), (3_600_000, "下课")]), track(&[(500, "gou gou")])];
        let spoken = Spoken::of(&tracks).unwrap_or_default();
        assert_eq!(spoken.lines, "大家好\n先看 叶子\n下课\ngou gou");
        for (words, begin) in [("大家", 0), ("先看", 62_000), ("叶子", 62_000), ("下课", 3_600_000), ("gou", 500)]
        {
            let offset = spoken.lines.find(words).unwrap_or_default();
            assert_eq!(begin_of(&spoken.lines, &spoken.begins, offset), Some(begin), "{words}");
        }
        assert_eq!(begin_of(&spoken.lines, &[0x80; 20], 0), None);
        assert!(Spoken::of(&[track(&[])]).is_none());
    }

    #[test]
    fn a_word_may_begin_in_one_cue_and_end_in_the_next() {
        let spoken = Spoken::of(&[track(&[(0, "用多菌"), (1, "灵泡种"), (2, "ok"), (3, "go")])]).unwrap_or_default();
        assert_eq!(spoken.flowing().trim(), "用多菌灵泡种 ok go");
        assert!(spoken.covers("用多菌灵，泡种。") && !spoken.covers("用多菌灵晒种"));
    }

    proptest::proptest! {
        #[test]
        fn numbers_are_unpacked_as_they_were_packed(numbers in proptest::collection::vec(proptest::num::i64::ANY, 0..20)) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|number| pack(*number, &mut bytes));
            let mut rest = bytes.as_slice();
            for number in numbers {
                let (found, after) = unpack(rest).unwrap_or((0, &[]));
                proptest::prop_assert_eq!(found, number);
                rest = after;
            }
        }
    }
}
