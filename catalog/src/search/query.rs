//! From what people typed to what is looked for: slots, each with the ways it may be met.
//!
//! A slot is a pair of characters or a run of letters. It is met exactly, by a synonym, by the reading of typed
//! pinyin, or by a homophone, each worth less than the one before. Nothing here touches scores; see `rank`.

mod frame;
mod han;
mod letters;
mod matter;
mod numbers;

use super::decode::Reading;
use super::lexicon::Words;
use super::parts::Parts;
use super::synonyms::Groups;
use super::tokenizer::{self, text_of};
use super::view::View;
use super::{MAX_QUERY_CHARS, fold};
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

/// What is looked for.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What should be met.
    pub slots: Vec<Slot>,
    /// Jieba words that add to the score, each with what means the same.
    pub words: Vec<Vec<(String, f32)>>,
    /// Characters that add a little.
    pub singles: Vec<String>,
    /// Texts to mark in what is shown.
    pub marks: Vec<Vec<char>>,
    /// The whole query as it was typed: where it stands word for word it is marked in one piece, with what the frame
    /// would have cut off.
    pub phrase: Vec<char>,
    /// Pairs of characters that nobody wrote: perhaps homophones of what was meant.
    pub misspelt: Vec<Vec<char>>,
    /// The Han text that typed letters were read as.
    pub read_as: Option<String>,
    /// A question rather than a few words: it cannot be met as a whole.
    pub long: bool,
    /// Lessons of the category of the best are preferred.
    pub coherent: bool,
}

/// Something that should be met, in one way of several.
#[derive(Debug)]
pub(crate) struct Slot {
    /// The ways it may be met.
    pub ways: Vec<Way>,
    /// How much it matters: all of it inside a word, less across two.
    pub share: f32,
    range: Range<usize>,
}

/// One way of meeting a slot.
#[derive(Debug)]
pub(crate) struct Way {
    /// Grams to be held together, or one pair of syllables.
    pub terms: Vec<String>,
    /// What it is worth.
    pub weight: f32,
    /// The term is a pair of syllables.
    pub sound: bool,
}

/// Most slots of a plan.
const SLOTS: usize = 64;
/// Longest piece of typed letters that is read as pinyin.
const TYPED: usize = 48;
/// Queries longer than this are questions.
const LONG: usize = 12;

/// What a plan is made with.
pub(crate) struct Sources<'a> {
    /// The index, to know what it holds.
    pub view: &'a View<'a>,
    /// Which lessons the caller may see, by number.
    pub allowed: &'a [bool],
    /// The synonyms.
    pub synonyms: &'a Groups,
    /// The vocabulary, for typed pinyin.
    pub lexicon: &'a [Arc<Words>],
    /// Take words as they are typed.
    pub literal: bool,
    /// Which parts of the search work.
    pub parts: Parts,
}

/// Makes the plan of a query.
pub(crate) fn plan(text: &str, sources: &Sources<'_>) -> Result<Plan> {
    let typed = fold::chars(text.trim());
    if typed.len() > MAX_QUERY_CHARS {
        return Err(Error::QueryTooLong);
    }
    let mut builder = Builder { plan: Plan::default(), sources, readings: Vec::new() };
    let framed = if sources.parts.frames { frame::strip(&typed) } else { typed.clone() };
    let chars = builder.read_letters(&framed)?;
    builder.han(&chars)?;
    builder.plan.long = typed.len() > LONG;
    builder.plan.phrase = typed;
    builder.plan.coherent = sources.parts.coherence;
    builder.plan.slots.truncate(SLOTS);
    Ok(builder.plan)
}

struct Builder<'a> {
    plan: Plan,
    sources: &'a Sources<'a>,
    /// Readings taken, each with the others it might have been.
    readings: Vec<(String, Vec<Reading>)>,
}

impl Builder<'_> {
    fn exact(&mut self, range: Range<usize>, terms: Vec<String>, share: f32) {
        if let [term] = terms.as_slice() {
            self.plan.marks.push(term.chars().collect());
        }
        self.plan.slots.push(Slot { ways: vec![Way { terms, weight: 1.0, sound: false }], share, range });
    }
}

impl Slot {
    fn lies_in(&self, range: &Range<usize>) -> bool {
        range.start <= self.range.start && self.range.end <= range.end && !self.range.is_empty()
    }
}

/// The pairs of a string, or the string itself when it has none.
fn pairs(chars: &[char]) -> Vec<String> {
    if chars.len() < 2 {
        return vec![chars.iter().collect()];
    }
    let items = tokenizer::items(chars);
    match items.len() {
        0 | 1 => vec![chars.iter().collect()],
        _ => items
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] if b.joined => Some(text_of(chars, a.range.start..b.range.end)),
                _ => None,
            })
            .collect(),
    }
}
