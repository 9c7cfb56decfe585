//! Jieba's dictionary: loaded once, taught the catalog's own words, and what it cuts folded text into.

use super::fold::{self, is_han};
use super::tokenizer::text_of;
use jieba_rs::Jieba;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::{LazyLock, RwLock};

/// Jieba with its stock dictionary, loaded when first needed; it takes a fifth of a second and 30 MB.
static JIEBA: LazyLock<RwLock<Jieba>> = LazyLock::new(|| RwLock::new(Jieba::new()));

/// Loads the dictionary, so that no search waits for it.
pub(crate) fn warm() {
    LazyLock::force(&JIEBA);
    LazyLock::force(&COMMONEST);
}

/// Teaches jieba words of the catalog itself: tags, crops, lecturers, synonyms.
pub(crate) fn learn<'a>(words: impl IntoIterator<Item = &'a str>) {
    let folded = words.into_iter().map(fold::fold);
    let fit = |word: &String| (2..=10).contains(&word.chars().count()) && word.chars().all(is_han);
    let candidates: Vec<String> = folded.filter(fit).collect();
    let unknown: Vec<String> = match JIEBA.read() {
        Ok(jieba) => candidates.into_iter().filter(|word| !jieba.has_word(word)).collect(),
        Err(_) => return,
    };
    if let (false, Ok(mut jieba)) = (unknown.is_empty(), JIEBA.write()) {
        for word in unknown {
            jieba.add_word(&word, None, None);
        }
    }
}

/// Where jieba cuts these folded characters into words, without the hidden Markov model: it invents words by context, and then the query
/// and the text disagree.
pub(crate) fn cut(chars: &[char]) -> Vec<Range<usize>> {
    let text: String = chars.iter().collect();
    match JIEBA.read() {
        Ok(jieba) => {
            jieba.tokenize(&text, jieba_rs::TokenizeMode::Default, false).into_iter().map(|t| t.start..t.end).collect()
        }
        Err(_) => (0..chars.len()).map(|at| at..at + 1).collect(),
    }
}

/// Where jieba cuts these folded characters, as [`cut`] does, each word weighed by its part of speech (in jieba's
/// letters; empty when learnt from the catalog) and how often it is written in sixty million words of Chinese.
pub(crate) fn weighed(chars: &[char], weigh: impl Fn(&str, usize) -> f32) -> Vec<(Range<usize>, f32)> {
    let text: String = chars.iter().collect();
    let Ok(jieba) = JIEBA.read() else { return Vec::new() };
    let words = jieba.tag(&text, false).into_iter();
    words.map(|word| (word.start..word.end, weigh(word.tag, jieba.suggest_freq(word.word)))).collect()
}

/// Words of two characters and more, and the words inside them.
pub(crate) fn words(chars: &[char]) -> Vec<String> {
    word_ranges(chars).into_iter().map(|range| text_of(chars, range)).collect()
}

/// Where these words stand.
pub(crate) fn word_ranges(chars: &[char]) -> Vec<Range<usize>> {
    let text: String = chars.iter().collect();
    let Ok(jieba) = JIEBA.read() else { return Vec::new() };
    let tokens = jieba.cut_for_search(&text, false).into_iter();
    let longer = tokens.filter(|token| token.end - token.start > 1 && token.word.chars().all(is_han));
    longer.map(|token| token.start..token.end).collect()
}

/// How often in sixty million words a character must be a word to say nothing as one.
const COMMON: usize = 10_000;

/// Characters that are words everywhere: 的, 了, 在, 我.
static COMMONEST: LazyLock<HashSet<char>> = LazyLock::new(|| {
    let Ok(jieba) = JIEBA.read() else { return HashSet::new() };
    let often = |c: &char| jieba.suggest_freq(c.encode_utf8(&mut [0; 4])) >= COMMON;
    ('\u{4e00}'..='\u{9fff}').filter(often).collect()
});

/// Whether a character is a word everywhere, and so says nothing.
pub(crate) fn is_commonest(c: char) -> bool {
    COMMONEST.contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jieba_learns_the_words_of_the_catalog() {
        learn(["测试新词甲"]);
        let words = words(&fold::chars("学习测试新词甲的方法"));
        assert!(words.contains(&"测试新词甲".to_owned()), "{words:?}");
        assert!(words.iter().all(|word| word.chars().count() > 1));
    }
}
