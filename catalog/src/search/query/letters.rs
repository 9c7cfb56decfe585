//! Letters in a query: known words as they are, else pinyin read with the catalog's vocabulary, else beginnings of words.

use super::{Builder, TYPED, Way};
use crate::Result;
use crate::search::decode::{Reading, decode};
use crate::search::tokenizer::{self, Item, text_of};
use std::ops::Range;

/// Runs of a query that are read as pinyin; each costs a look through the whole vocabulary.
const READ_RUNS: usize = 8;

impl Builder<'_> {
    /// Makes slots of all runs of letters and digits, and returns the query without those that were read as pinyin.
    pub(super) fn read_letters(&mut self, chars: &[char]) -> Result<Vec<char>> {
        let mut left = chars.to_vec();
        if let Some(all) = self.whole_pinyin(chars)? {
            return Ok(self.decoded(all));
        }
        let mut read: Vec<(Range<usize>, Vec<char>)> = Vec::new();
        let items = tokenizer::items(chars);
        for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.han) {
            let gram = text_of(chars, item.range.clone());
            if left.get(item.range.start) == Some(&' ') {
                continue; // read together with an earlier run
            }
            if self.sources.view.knows(&gram)? {
                self.exact(item.range.clone(), vec![gram], 1.0);
                continue;
            }
            let again = read.len() < READ_RUNS;
            let Some((range, readings)) = again.then(|| self.read_run(chars, &left, &items, index)).flatten() else {
                self.complete(item, gram)?;
                continue;
            };
            left.get_mut(range.clone()).unwrap_or_default().fill(' ');
            read.push((range, self.decoded(readings)));
        }
        let mut compounds = Vec::new();
        tokenizer::compounds(chars, &mut compounds);
        for gram in compounds {
            self.exact(0..0, vec![gram], 1.0);
        }
        // Backwards, so that the ranges before still hold.
        for (range, han) in read.into_iter().rev() {
            left.splice(range, [' '].into_iter().chain(han).chain([' ']));
        }
        Ok(left)
    }

    /// A query of nothing but letters and spaces, read as one string of syllables.
    fn whole_pinyin(&self, chars: &[char]) -> Result<Option<Vec<Reading>>> {
        let joined: Vec<char> = chars.iter().copied().filter(|c| c.is_ascii_lowercase()).collect();
        let pieces = chars.split(|c| *c == ' ' || *c == '\'').filter(|piece| !piece.is_empty()).count();
        let only_letters = chars.iter().all(|c| c.is_ascii_lowercase() || matches!(c, ' ' | '\''));
        if !self.reads_pinyin() || !only_letters || pieces < 2 || joined.len() > TYPED {
            return Ok(None);
        }
        let mut all_known = true;
        for piece in chars.split(|c| *c == ' ' || *c == '\'').filter(|piece| !piece.is_empty()) {
            all_known &= self.sources.view.knows(&piece.iter().collect::<String>())?;
        }
        let readings = if all_known { Vec::new() } else { self.read(&joined) };
        Ok((!readings.is_empty()).then_some(readings))
    }

    fn reads_pinyin(&self) -> bool {
        !self.sources.literal && self.sources.parts.pinyin
    }

    /// What letters may mean in the catalog's own words, else in those that mean the same.
    fn read(&self, typed: &[char]) -> Vec<Reading> {
        // Only what stands in a lesson that the caller may see: a reading is shown to them.
        let readings = decode(self.sources.lexicon, typed, |text| self.may_show(text));
        if readings.is_empty() {
            return decode(std::slice::from_ref(self.sources.synonyms.words()), typed, |_| true);
        }
        readings
    }

    /// Whether a lesson that the caller may see holds this text. An index that cannot be read shows nothing.
    fn may_show(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.sources.view.any_holds(self.sources.allowed, &super::pairs(&chars)).unwrap_or(false)
    }

    /// Reads a run of letters as pinyin, with the Han characters that touch it if that makes sense, else alone.
    /// What stands blank in `left` was read with an earlier run and is not read twice.
    fn read_run(
        &self,
        chars: &[char],
        left: &[char],
        items: &[Item],
        index: usize,
    ) -> Option<(Range<usize>, Vec<Reading>)> {
        let item = items.get(index)?;
        let letters =
            |item: &Item| chars.get(item.range.clone()).is_some_and(|run| run.iter().all(char::is_ascii_lowercase));
        if !self.reads_pinyin() || !letters(item) {
            return None;
        }
        let before = items.get(..=index)?.iter().rev().take_while(|item| item.joined).count();
        let after =
            items.get(index + 1..)?.iter().take_while(|item| item.joined && (item.han || letters(item))).count();
        let from = items.get(index.saturating_sub(before))?.range.start;
        let to = items.get(index + after)?.range.end;
        let mut ranges = vec![from..to, item.range.start..to, from..item.range.end, item.range.clone()];
        ranges.dedup();
        for range in ranges {
            let typed = chars.get(range.clone()).filter(|typed| typed.len() <= TYPED)?;
            if left.get(range.clone()) != Some(typed) {
                continue;
            }
            let readings = self.read(typed);
            if !readings.is_empty() {
                return Some((range, readings));
            }
        }
        None
    }

    /// Takes the surest reading as if it had been typed, and returns it; the others are as good as synonyms of it.
    fn decoded(&mut self, mut readings: Vec<Reading>) -> Vec<char> {
        let Reading { text: surest, shown, .. } = readings.remove(0);
        self.plan.read_as = match self.plan.read_as.take() {
            Some(before) => Some(format!("{before} {shown}")),
            None => Some(shown),
        };
        self.readings.push((surest.clone(), readings));
        surest.chars().collect()
    }

    /// A run nobody wrote and that is no pinyin: perhaps the beginning of a word.
    fn complete(&mut self, item: &Item, gram: String) -> Result<()> {
        let long_enough = !self.sources.literal && item.range.len() > 1 && gram.is_ascii();
        let longer = if long_enough { self.sources.view.completions(&gram, 8)? } else { Vec::new() };
        self.exact(item.range.clone(), vec![gram], 1.0);
        if let Some(slot) = self.plan.slots.last_mut() {
            slot.ways.extend(longer.into_iter().map(|gram| Way { terms: vec![gram], weight: 0.8, sound: false }));
        }
        Ok(())
    }
}
