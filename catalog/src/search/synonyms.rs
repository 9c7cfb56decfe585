//! Words that mean the same here, from a text file a county edits. Read when it changes; no reindex is needed, since
//! synonyms are applied to the query.

use super::lexicon::Words;
use super::{dictionary, fold, tokenizer};
use crate::Result;
use crate::edited::{self, EditedFile};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// What a new data folder starts with.
const DEFAULT: &str = include_str!("../../data/synonyms.txt");

/// Longest member looked for in a query.
const LONGEST: usize = 12;

/// Groups of folded words.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: Vec<Vec<String>>,
    by_word: HashMap<String, Vec<usize>>,
    words: Arc<Words>,
}

/// A word of a query that has synonyms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it stands in the query, in characters.
    pub range: Range<usize>,
    /// What means the same.
    pub others: Vec<String>,
}

/// Opens `synonyms.txt` in a folder, writing the default one when there is none.
pub(crate) fn open(folder: &Path) -> Result<EditedFile<Groups>> {
    EditedFile::open(folder.join("synonyms.txt"), DEFAULT, Groups::parse)
}

impl Groups {
    /// Reads groups: one a line, separated by commas of either width; lines that begin with `#` are notes. Jieba learns
    /// the words.
    pub fn parse(text: &str) -> Self {
        let mut parsed = Self::default();
        for line in edited::rows(text) {
            let words = line.into_iter().map(fold::fold);
            let mut group: Vec<String> = Vec::new();
            for word in words.filter(|word| (1..=LONGEST).contains(&word.chars().count())) {
                if !group.contains(&word) {
                    group.push(word);
                }
            }
            if group.len() < 2 {
                continue;
            }
            for word in &group {
                parsed.by_word.entry(word.clone()).or_default().push(parsed.groups.len());
            }
            parsed.groups.push(group);
        }
        dictionary::learn(parsed.groups.iter().flatten().map(String::as_str));
        let each = parsed.by_word.keys().filter(|word| word.chars().all(fold::is_han));
        parsed.words = Arc::new(Words::hot(each.map(String::as_str)));
        parsed
    }

    /// Every word of the file, for typed pinyin of what the catalog calls by another name.
    pub fn words(&self) -> &Arc<Words> {
        &self.words
    }

    /// The words of a query that have synonyms: longest first, and a word only where it does not cut one of jieba's
    /// in two.
    pub fn find(&self, chars: &[char], words: &[Range<usize>]) -> Vec<Found> {
        let mut found = Vec::new();
        let starts = |at: usize| words.iter().any(|word| word.start == at);
        let ends = |at: usize| words.iter().any(|word| word.end == at);
        for length in (1..=LONGEST.min(chars.len())).rev() {
            for from in 0..=chars.len() - length {
                let range = from..from + length;
                let whole = length > 2 || (starts(range.start) && ends(range.end));
                let inside = |f: &Found| f.range.start <= range.start && range.end <= f.range.end;
                if !whole || found.iter().any(inside) {
                    continue;
                }
                let word = tokenizer::text_of(chars, range.clone());
                let others = self.others(&word);
                if !others.is_empty() {
                    found.push(Found { range, others });
                }
            }
        }
        found
    }

    /// What means the same as a word, without its own parts: 带货 says nothing that 直播带货 has not said.
    fn others(&self, word: &str) -> Vec<String> {
        let groups = self.by_word.get(word).into_iter().flatten().filter_map(|group| self.groups.get(*group));
        let mut others: Vec<String> =
            groups.flatten().filter(|other| !word.contains(other.as_str())).cloned().collect();
        others.sort_unstable();
        others.dedup();
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Found> {
        let groups = Groups::parse("# 说明\n红薯,番薯,地瓜\n猪,生猪\n单独\n");
        let chars: Vec<char> = text.chars().collect();
        groups.find(&chars, &[0..2, 2..3, 3..5])
    }

    #[test]
    fn a_word_is_found_with_what_means_the_same() {
        let found = found("番薯的种植");
        assert_eq!(found.len(), 1);
        assert_eq!(found.first().map(|f| (f.range.clone(), f.others.len())), Some((0..2, 2)));
    }

    #[test]
    fn a_word_inside_another_is_left_alone() {
        assert!(found("猪瘟的防治").is_empty());
        assert!(found("单独的一个").is_empty());
    }

    #[test]
    fn the_default_file_is_sound() {
        let groups = Groups::parse(DEFAULT);
        assert!(groups.groups.len() > 200);
    }
}
