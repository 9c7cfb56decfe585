//! Typed letters read as pinyin, with or without Han among them, by the catalog's own vocabulary.

use super::lexicon::{Lead, Word, Words};
use super::pinyin;
use std::collections::HashMap;
use std::sync::Arc;

/// A string of characters that typed letters may mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// The characters, folded.
    pub text: String,
    /// The characters as somebody wrote them.
    pub shown: String,
    /// How sure: 1 for whole words spelt in full.
    pub weight: f32,
    /// How many lessons' phrases hold it.
    pub lessons: u32,
}

/// Most readings of one piece of typed text that are searched for.
const READINGS: usize = 12;

/// Most readings that are looked at to find these.
const TRIED: usize = 60;

/// What typed letters (with or without Han among them) may mean in this vocabulary, surest first; only what `may_show`
/// says yes to.
pub(crate) fn decode(segments: &[Arc<Words>], typed: &[char], may_show: impl Fn(&str) -> bool) -> Vec<Reading> {
    let Some(lead) = Lead::of(typed) else { return Vec::new() };
    let mut found: HashMap<String, Reading> = HashMap::new();
    for (word, at) in segments.iter().flat_map(|words| words.places(lead)) {
        read_at(word, at, typed, &mut found);
    }
    let mut readings: Vec<Reading> = found.into_values().collect();
    let order = |r: &Reading| (-(r.weight * 1000.0) as i64, u32::MAX - r.lessons);
    readings.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.text.cmp(&b.text)));
    let mut shown = readings.into_iter().take(TRIED).filter(|reading| may_show(&reading.text));
    let Some(surest) = shown.next() else { return Vec::new() };
    let least = surest.weight * 0.8;
    std::iter::once(surest).chain(shown.take_while(|reading| reading.weight >= least)).take(READINGS).collect()
}

/// Notes what the typed letters mean from this character of a word on, if they spell something there.
fn read_at(word: Word<'_>, at: usize, typed: &[char], found: &mut HashMap<String, Reading>) {
    let Some(rest) = word.chars.get(at..) else { return };
    let Some((length, spelt)) = best_spelling(typed, rest) else { return };
    let weight = spelt * placed(word, at, at + length);
    let text: String = rest.iter().take(length).collect();
    let reading = found.entry(text.clone()).or_insert_with(|| Reading {
        shown: shown(word, at, &text),
        text,
        weight,
        lessons: 0,
    });
    reading.weight = reading.weight.max(weight);
    reading.lessons += word.entry.lessons;
}

fn shown(word: Word<'_>, at: usize, text: &str) -> String {
    let same_length = word.entry.text.chars().count() == word.chars.len();
    let written: String = word.entry.text.chars().skip(at).take(text.chars().count()).collect();
    if same_length { written } else { text.to_owned() }
}

fn best_spelling(typed: &[char], chars: &[char]) -> Option<(usize, f32)> {
    let ways = [(pinyin::Spelling::Full, 1.0), (pinyin::Spelling::Initials, 0.85), (pinyin::Spelling::Mixed, 0.7)];
    let spelt = ways.into_iter().find_map(|(way, sure)| Some((pinyin::spells(typed, chars, way)?, sure)));
    spelt.filter(|(length, _)| *length > 1 || typed.len() > 1)
}

/// How sure a reading is by where it stands: whole words, from the start of a word, or anywhere.
fn placed(word: Word<'_>, from: usize, to: usize) -> f32 {
    match (word.entry.is_bound(from), word.entry.is_bound(to)) {
        (true, true) => 1.0,
        (true, false) => 0.75,
        _ => 0.5,
    }
}
