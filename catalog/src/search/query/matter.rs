//! How much each word of a query is about something: told by its part of speech and by how common it is in ordinary
//! Chinese, so that a small catalog, where every word is rare, still knows 彩礼 from 回来.

use crate::search::dictionary;
use std::ops::Range;

/// Words in the dictionary's corpus.
const CORPUS: f32 = 60_000_000.0;
/// What a function word (pronoun, adverb, preposition, conjunction, particle) is worth.
pub(super) const FUNCTION: f32 = 0.1;
/// What a number, a measure, a time or a direction in words is worth.
const MEASURE: f32 = 0.5;
/// Least a word with a meaning is worth, however common.
const LEAST: f32 = 0.25;

/// Least a noun is worth: it names the topic.
const NOUN: f32 = 0.8;

/// A word of a query.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// Where it stands, in characters.
    pub range: Range<usize>,
    /// How much it is about something, above 0 to 1.
    pub matter: f32,
}

/// Cuts a query into words and weighs them; all alike when they are not to be weighed.
pub(crate) fn words(chars: &[char], weighing: bool) -> Vec<Word> {
    let weighed = dictionary::weighed(chars, |tag, frequency| if weighing { weigh(tag, frequency) } else { 1.0 });
    weighed.into_iter().map(|(range, matter)| Word { range, matter }).collect()
}

fn weigh(tag: &str, frequency: usize) -> f32 {
    let rarity = (CORPUS / frequency.max(1) as f32).ln();
    let common = ((rarity - 6.0) / 5.0).clamp(LEAST, 1.0);
    match tag.as_bytes().first() {
        Some(b'r' | b'd' | b'p' | b'c' | b'u' | b'y' | b'e' | b'o') => FUNCTION,
        Some(b'm' | b'q' | b't' | b'f') => MEASURE * common,
        Some(b'n') => common.max(NOUN),
        _ => common,
    }
}
