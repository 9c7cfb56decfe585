//! The Han part of a query: which pairs, words and single characters should be met, and in which other ways.

use super::matter::{self, Word};
use super::numbers::{self, Number};
use super::{Builder, Slot, Way, frame, pairs};
use crate::Result;
use crate::search::tokenizer::{self, Item, text_of};
use crate::search::{dictionary, fold};
use std::ops::Range;

/// What a synonym is worth.
const SYNONYM: f32 = 0.85;
/// What a homophone is worth where nothing is written so.
const HOMOPHONE: f32 = 0.5;
/// What a homophone is worth beside things written so.
const HOMOPHONE_BESIDE: f32 = 0.15;
/// What the two characters of a pair that nobody wrote are worth in one zone of a lesson: 养鸡 in 养土鸡.
const APART: f32 = 0.35;
/// How much a pair across two words matters.
const ACROSS: f32 = 0.3;
/// How much a pair of two words of one character matters.
const UNKNOWN: f32 = 0.6;
/// How much a word of one character matters.
const SINGLE: f32 = 0.5;

impl Builder<'_> {
    /// Makes slots, words and single characters of the Han part.
    pub(super) fn han(&mut self, chars: &[char]) -> Result<()> {
        let weighed = matter::words(chars, self.sources.parts.matter);
        let words: Vec<Range<usize>> = weighed.iter().map(|word| word.range.clone()).collect();
        let kept = match self.sources.parts.frames {
            true => frame::without_stop_words(chars, &words),
            false => chars.to_vec(),
        };
        let items = tokenizer::items(&kept);
        for (index, item) in items.iter().enumerate() {
            let next = items.get(index + 1).filter(|next| next.joined);
            match next {
                Some(next) if item.han && next.han => self.pair(&kept, item.range.start..next.range.end, &weighed)?,
                Some(next) if item.han || next.han => {
                    let pair = item.range.start..next.range.end;
                    self.exact(pair.clone(), vec![text_of(&kept, pair)], ACROSS);
                }
                _ => {}
            }
            // A word of one character, such as 狗: nothing else says it.
            if item.han && words.contains(&item.range) {
                let share = SINGLE * matter_of(&weighed, &item.range);
                self.exact(item.range.clone(), vec![text_of(&kept, item.range.clone())], share);
            }
        }
        self.across_function_words(&kept, &items, &weighed);
        let han = items.iter().filter(|item| item.han).map(|item| text_of(&kept, item.range.clone()));
        self.plan.singles = han.collect();
        self.plan.singles.sort_unstable();
        self.plan.singles.dedup();
        self.widen(&kept, &words);
        self.other_readings(&kept);
        Ok(())
    }

    /// Adds jieba's words, what means the same, and numbers written the other way.
    fn widen(&mut self, chars: &[char], words: &[Range<usize>]) {
        let parts = self.sources.parts;
        for word in dictionary::words(chars) {
            self.plan.marks.push(word.chars().collect());
            if parts.words {
                self.plan.words.push(vec![(word, 1.0)]);
            }
        }
        let synonyms = if parts.synonyms { self.sources.synonyms.find(chars, words) } else { Vec::new() };
        for found in synonyms {
            self.synonym(&text_of(chars, found.range.clone()), &found.range, &found.others);
        }
        let numbers = if parts.numbers { numbers::find(chars) } else { Vec::new() };
        for number in numbers {
            self.number(chars, &number);
        }
    }

    fn pair(&mut self, chars: &[char], range: Range<usize>, words: &[Word]) -> Result<()> {
        let inside = words.iter().any(|word| word.range.start <= range.start && range.end <= word.range.end);
        if !self.sources.parts.pairs && !words.iter().any(|word| word.range == range) {
            return Ok(());
        }
        // Two words of one character side by side are more often one word that jieba does not know.
        let unknown = range.clone().all(|at| words.iter().any(|word| word.range == (at..at + 1)));
        let gram = text_of(chars, range.clone());
        let written = self.sources.view.knows(&gram)?;
        if written && unknown {
            self.plan.marks.push(gram.chars().collect());
        }
        let mut ways = vec![Way { terms: vec![gram], weight: 1.0, sound: false }];
        if !self.sources.literal && self.sources.parts.homophones {
            let weight = if written { HOMOPHONE_BESIDE } else { HOMOPHONE };
            let sounds = tokenizer::sounds(chars.get(range.clone()).unwrap_or_default());
            if !written {
                self.plan.misspelt.extend(chars.get(range.clone()).map(<[char]>::to_vec));
            }
            ways.extend(sounds.into_iter().map(|sound| Way { terms: vec![sound], weight, sound: true }));
            if !written {
                let apart = range.clone().map(|at| text_of(chars, at..at + 1)).collect();
                ways.push(Way { terms: apart, weight: APART, sound: false });
            }
        }
        self.plan.slots.push(Slot { ways, share: share_of(inside, unknown) * matter_of(words, &range), range });
        Ok(())
    }

    /// Words of one character with nothing but function words between them are more often one word: 占我家地 is 占地.
    fn across_function_words(&mut self, chars: &[char], items: &[Item], words: &[Word]) {
        let alone = |item: &Item| {
            item.han && words.iter().any(|word| word.range == item.range && word.matter > matter::FUNCTION)
        };
        for two in items.windows(2) {
            let [a, b] = two else { continue };
            if b.joined || !alone(a) || !alone(b) {
                continue;
            }
            let pair: String = [a, b].iter().map(|item| text_of(chars, item.range.clone())).collect();
            let least = matter_of(words, &a.range).min(matter_of(words, &b.range));
            self.exact(a.range.start..b.range.end, vec![pair], UNKNOWN * least);
        }
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
    /// Lets a number and what it counts be met when the number is written the other way.
    fn number(&mut self, chars: &[char], number: &Number) {
        let Some(counted) = chars.get(number.range.end).filter(|c| fold::is_han(**c)) else { return };
        for other in &number.others {
            let written: Vec<char> = other.chars().chain([*counted]).collect();
            let touched = self
                .plan
                .slots
                .iter_mut()
                .filter(|slot| slot.range.start < number.range.end && number.range.start < slot.range.end);
            for slot in touched {
                slot.ways.push(Way { terms: pairs(&written), weight: SYNONYM, sound: false });
            }
            self.plan.marks.push(written);
        }
    }

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

/// How much the words a pair stands in or across matter: the least of them.
fn matter_of(words: &[Word], range: &Range<usize>) -> f32 {
    let touched = words.iter().filter(|word| word.range.start < range.end && range.start < word.range.end);
    touched.map(|word| word.matter).fold(1.0, f32::min)
}

fn share_of(inside: bool, unknown: bool) -> f32 {
    match (inside, unknown) {
        (true, _) => 1.0,
        (false, true) => UNKNOWN,
        (false, false) => ACROSS,
    }
}
