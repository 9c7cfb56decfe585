//! From what people typed to what is looked for: slots, each with the ways it may be met.
//!
//! A slot is a pair of characters or a run of letters. It is met exactly, by a synonym, by the reading of typed
//! pinyin, or by a homophone, each worth less than the one before. Nothing here touches scores; see `rank`.

mod frame;
mod letters;

use super::lexicon::{Reading, Words};
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
    /// Pairs of characters that nobody wrote: perhaps homophones of what was meant.
    pub misspelt: Vec<Vec<char>>,
    /// The Han text that typed letters were read as.
    pub read_as: Option<String>,
    /// A question rather than a few words: it cannot be met as a whole.
    pub long: bool,
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

/// What a synonym is worth.
const SYNONYM: f32 = 0.85;
/// What a homophone is worth where nothing is written so.
const HOMOPHONE: f32 = 0.5;
/// What a homophone is worth beside things written so.
const HOMOPHONE_BESIDE: f32 = 0.15;
/// How much a pair across two words matters.
const ACROSS: f32 = 0.4;
/// How much a pair of two words of one character matters.
const UNKNOWN: f32 = 0.6;
/// How much a word of one character matters.
const SINGLE: f32 = 0.5;
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
    /// The synonyms.
    pub synonyms: &'a Groups,
    /// The vocabulary, for typed pinyin.
    pub lexicon: &'a [Arc<Words>],
    /// Take words as they are typed.
    pub literal: bool,
}

/// Makes the plan of a query.
pub(crate) fn plan(text: &str, sources: &Sources<'_>) -> Result<Plan> {
    let typed = fold::chars(text.trim());
    if typed.len() > MAX_QUERY_CHARS {
        return Err(Error::QueryTooLong);
    }
    let mut builder = Builder { plan: Plan::default(), sources, readings: Vec::new() };
    let chars = builder.read_letters(&frame::strip(&typed))?;
    builder.han(&chars)?;
    builder.plan.long = typed.len() > LONG;
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

    /// Makes slots, words and single characters of the Han part.
    fn han(&mut self, chars: &[char]) -> Result<()> {
        let words = tokenizer::cut(chars);
        let kept = frame::without_stop_words(chars, &words);
        let items = tokenizer::items(&kept);
        for (index, item) in items.iter().enumerate() {
            let next = items.get(index + 1).filter(|next| next.joined);
            match next {
                Some(next) if item.han && next.han => self.pair(&kept, item.range.start..next.range.end, &words)?,
                Some(next) if item.han || next.han => {
                    let pair = item.range.start..next.range.end;
                    self.exact(pair.clone(), vec![text_of(&kept, pair)], ACROSS);
                }
                _ => {}
            }
            // A word of one character, such as 狗: nothing else says it.
            if item.han && words.contains(&item.range) {
                self.exact(item.range.clone(), vec![text_of(&kept, item.range.clone())], SINGLE);
            }
        }
        let han = items.iter().filter(|item| item.han).map(|item| text_of(&kept, item.range.clone()));
        self.plan.singles = han.collect();
        self.plan.singles.sort_unstable();
        self.plan.singles.dedup();
        for word in tokenizer::words(&kept) {
            self.plan.marks.push(word.chars().collect());
            self.plan.words.push(vec![(word, 1.0)]);
        }
        for found in self.sources.synonyms.find(&kept, &words) {
            self.synonym(&text_of(&kept, found.range.clone()), &found.range, &found.others);
        }
        self.other_readings(&kept);
        Ok(())
    }

    fn pair(&mut self, chars: &[char], range: Range<usize>, words: &[Range<usize>]) -> Result<()> {
        let inside = words.iter().any(|word| word.start <= range.start && range.end <= word.end);
        // Two words of one character side by side are more often one word that jieba does not know.
        let unknown = range.clone().all(|at| words.contains(&(at..at + 1)));
        let gram = text_of(chars, range.clone());
        let written = self.sources.view.knows(&gram)?;
        if written && unknown {
            self.plan.marks.push(gram.chars().collect());
        }
        let mut ways = vec![Way { terms: vec![gram], weight: 1.0, sound: false }];
        if !self.sources.literal {
            let weight = if written { HOMOPHONE_BESIDE } else { HOMOPHONE };
            let sounds = tokenizer::sounds(chars.get(range.clone()).unwrap_or_default());
            if !written {
                self.plan.misspelt.extend(chars.get(range.clone()).map(<[char]>::to_vec));
            }
            ways.extend(sounds.into_iter().map(|sound| Way { terms: vec![sound], weight, sound: true }));
        }
        self.plan.slots.push(Slot { ways, share: share_of(inside, unknown), range });
        Ok(())
    }

    fn synonym(&mut self, word: &str, range: &Range<usize>, others: &[String]) {
        let same = |known: &&mut Vec<(String, f32)>| known.first().is_some_and(|(known, _)| known == word);
        if let Some(known) = self.plan.words.iter_mut().find(same) {
            known.extend(others.iter().map(|other| (other.clone(), SYNONYM)));
        }
        for other in others {
            let chars: Vec<char> = other.chars().collect();
            for slot in self.plan.slots.iter_mut().filter(|slot| slot.lies_in(range)) {
                slot.ways.push(Way { terms: pairs(&chars), weight: SYNONYM, sound: false });
                slot.share = slot.share.max(1.0);
            }
            self.plan.marks.push(chars);
        }
    }
}

impl Builder<'_> {
    /// Lets the slots of a reading be met by what else the letters might have meant.
    fn other_readings(&mut self, chars: &[char]) {
        for (taken, others) in std::mem::take(&mut self.readings) {
            let taken: Vec<char> = taken.chars().collect();
            let Some(from) = chars.windows(taken.len().max(1)).position(|window| window == taken) else { continue };
            let range = from..from + taken.len();
            for other in others {
                let han: Vec<char> = other.text.chars().collect();
                for slot in self.plan.slots.iter_mut().filter(|slot| slot.lies_in(&range)) {
                    slot.ways.push(Way { terms: pairs(&han), weight: other.weight, sound: false });
                }
                self.plan.marks.push(han);
            }
        }
    }
}

impl Slot {
    fn lies_in(&self, range: &Range<usize>) -> bool {
        range.start <= self.range.start && self.range.end <= range.end && !self.range.is_empty()
    }
}

fn share_of(inside: bool, unknown: bool) -> f32 {
    match (inside, unknown) {
        (true, _) => 1.0,
        (false, true) => UNKNOWN,
        (false, false) => ACROSS,
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
