//! Cutting folded text three ways: jieba words for precision, characters and their pairs for recall, pairs of
//! syllables for homophones. The same cuts serve the index and the query.
//!
//! A run of letters and digits counts as one character in pairs, so that `21天` and `ec值` are pairs too.

use super::dictionary::{cut, is_commonest, word_ranges};
use super::fold::{self, is_han};
use super::pinyin;
use std::ops::Range;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// One way of cutting, as tantivy takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// Jieba words of two characters and more, with the words inside them.
    Words,
    /// Characters, runs of letters and digits, and pairs of neighbours.
    Grams,
    /// The same with Han characters alone only where they are words of their own and not among the commonest: in a
    /// long text the others say nothing and cost much.
    Pairs,
    /// Pairs of syllables of neighbouring Han characters, in every reading.
    Sounds,
}

impl Cut {
    /// The name the schema knows it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Grams => "grams",
            Self::Pairs => "pairs",
            Self::Sounds => "sounds",
        }
    }

    fn terms(self, text: &str) -> Terms {
        let chars = fold::chars(text);
        let mut others = Vec::new();
        let ranges = match self {
            Self::Words => word_ranges(&chars),
            Self::Grams => gram_ranges(&chars, true, &mut others),
            Self::Pairs => telling_ranges(&chars, &mut others),
            Self::Sounds => {
                others = word_sounds(&chars);
                Vec::new()
            }
        };
        Terms { chars, ranges: ranges.into_iter(), others: others.into_iter(), token: Token::default() }
    }
}

/// The terms of a cut, with increasing positions: stretches of the text first, as they stand, and then those that are
/// not.
pub(crate) struct Terms {
    chars: Vec<char>,
    ranges: std::vec::IntoIter<Range<usize>>,
    others: std::vec::IntoIter<String>,
    token: Token,
}

impl Tokenizer for Cut {
    type TokenStream<'a> = Terms;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Terms {
        self.terms(text)
    }
}

impl TokenStream for Terms {
    fn advance(&mut self) -> bool {
        if let Some(range) = self.ranges.next() {
            self.token.text.clear();
            self.token.text.extend(self.chars.get(range).unwrap_or_default());
        } else if let Some(term) = self.others.next() {
            self.token.text = term;
        } else {
            return false;
        }
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Where the grams of a long text stand that say something: pairs inside words, characters that are words of their own
/// and pairs with these, the commonest left out, and what has letters or digits. A pair across two longer words is
/// chance, and such pairs would be nine tenths of the index's terms.
fn telling_ranges(chars: &[char], others: &mut Vec<String>) -> Vec<Range<usize>> {
    let words = cut(chars);
    let mut ranges = Vec::with_capacity(chars.len());
    let kind = |word: &Range<usize>| match chars.get(word.clone()) {
        Some([c]) if is_han(*c) => {
            if is_commonest(*c) {
                Kind::Common
            } else {
                Kind::Alone
            }
        }
        Some([c, ..]) if is_han(*c) => Kind::Long,
        _ => Kind::Other,
    };
    let mut before = None;
    for word in words {
        let kind = kind(&word);
        match kind {
            Kind::Long => ranges.extend((word.start..word.end - 1).map(|at| at..at + 2)),
            Kind::Alone => ranges.push(word.clone()),
            Kind::Common | Kind::Other => {}
        }
        if matches!((before, kind), (Some(Kind::Alone), Kind::Alone | Kind::Long) | (Some(Kind::Long), Kind::Alone)) {
            ranges.push(word.start - 1..word.start + 1);
        }
        before = Some(kind);
    }
    let items = items(chars);
    for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.han) {
        parts(chars, item, others);
        ranges.push(item.range.clone());
        let after = items.get(index + 1).filter(|next| next.joined).map(|next| item.range.start..next.range.end);
        let before = index.checked_sub(1).and_then(|at| items.get(at)).filter(|before| before.han && item.joined);
        let before = before.map(|before| before.range.start..item.range.end);
        ranges.extend(after.into_iter().chain(before).filter(|pair| pair.len() <= LONGEST_TERM));
    }
    compounds(chars, others);
    ranges
}

/// What a word is in a long text.
#[derive(Clone, Copy)]
enum Kind {
    /// A character that is a word everywhere.
    Common,
    /// Another character that is a word here.
    Alone,
    /// Two characters and more.
    Long,
    /// Anything but Han.
    Other,
}

/// Where characters, runs and pairs of neighbours stand, Han characters alone among them or not; grams that are no stretch
/// of the text go to `others`.
fn gram_ranges(chars: &[char], alone: bool, others: &mut Vec<String>) -> Vec<Range<usize>> {
    let items = items(chars);
    let mut ranges = Vec::with_capacity(items.len() * 2);
    for (index, item) in items.iter().enumerate() {
        if !item.han {
            parts(chars, item, others);
        }
        if alone || !item.han {
            ranges.push(item.range.clone());
        }
        if let Some(next) = items.get(index + 1).filter(|next| next.joined) {
            let pair = item.range.start..next.range.end;
            if pair.len() <= LONGEST_TERM {
                ranges.push(pair);
            }
        }
    }
    compounds(chars, others);
    ranges
}

/// Pairs of syllables in every reading: `zhai'ji`.
pub(crate) fn sounds(chars: &[char]) -> Vec<String> {
    let pairs = chars.windows(2).filter(|pair| pair.iter().all(|c| is_han(*c)));
    pairs.flat_map(pinyin::pair_sounds).collect()
}

/// The same for pairs that belong together: inside a word, or two words of one character, which are more often one
/// that jieba does not know. A pair across two words that sounds like something is chance.
pub(crate) fn word_sounds(chars: &[char]) -> Vec<String> {
    word_pairs(chars).into_iter().filter_map(|pair| chars.get(pair)).flat_map(pinyin::pair_sounds).collect()
}

/// Where the pairs of Han characters stand that belong together.
pub(crate) fn word_pairs(chars: &[char]) -> Vec<Range<usize>> {
    let words = cut(chars);
    let inside = words.iter().flat_map(|word| (word.start..word.end.saturating_sub(1)).map(|at| at..at + 2));
    let singles = words.windows(2).filter_map(|two| match two {
        [a, b] if a.len() == 1 && b.len() == 1 => Some(a.start..b.end),
        _ => None,
    });
    let han = |pair: &Range<usize>| chars.get(pair.clone()).is_some_and(|pair| pair.iter().all(|c| is_han(*c)));
    inside.chain(singles).filter(han).collect()
}

/// A Han character, or a run of letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Where it stands, in characters.
    pub range: Range<usize>,
    /// A Han character.
    pub han: bool,
    /// Nothing stands between it and the item before.
    pub joined: bool,
}

/// Longest run kept; longer ones are cut off, as nobody searches for them.
const LONGEST_TERM: usize = 40;

/// The items of folded text.
pub(crate) fn items(chars: &[char]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        let joined = items.last().is_some_and(|last| last.range.end == at);
        if is_han(*c) {
            items.push(Item { range: at..at + 1, han: true, joined });
            at += 1;
        } else if c.is_alphanumeric() {
            let run = chars.iter().skip(at).take_while(|c| c.is_alphanumeric() && !is_han(**c)).count();
            items.push(Item { range: at..at + run.min(LONGEST_TERM), han: false, joined });
            at += run;
        } else {
            at += 1;
        }
    }
    items
}

/// The letters and the digits of a run that has both: `gb7718` is also `gb` and `7718`.
fn parts(chars: &[char], item: &Item, into: &mut Vec<String>) {
    let Some(run) = chars.get(item.range.clone()) else { return };
    let pieces = run.chunk_by(|a, b| a.is_numeric() == b.is_numeric());
    if pieces.clone().count() > 1 {
        into.extend(pieces.map(|piece| piece.iter().collect::<String>()));
    }
}

/// Runs held together by a sign: `15-15-15`, `0.3%`, `dou+`.
pub(crate) fn compounds(chars: &[char], into: &mut Vec<String>) {
    let sign = |c: char| matches!(c, '-' | '.' | '/' | ':' | '+' | '%' | '_' | '#');
    let plain = |c: char| c.is_ascii_alphanumeric();
    for stretch in chars.split(|c| !plain(*c) && !sign(*c)) {
        let stretch = stretch.strip_prefix(&['-']).unwrap_or(stretch);
        let end = stretch.iter().rposition(|c| plain(*c) || matches!(c, '+' | '%')).map_or(0, |at| at + 1);
        let Some(whole) = stretch.get(..end) else { continue };
        if (2..=LONGEST_TERM).contains(&whole.len())
            && whole.iter().any(|c| plain(*c))
            && whole.iter().any(|c| sign(*c))
        {
            into.push(whole.iter().collect());
        }
    }
}

pub(crate) fn text_of(chars: &[char], range: Range<usize>) -> String {
    chars.get(range).unwrap_or_default().iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams_of(text: &str) -> Vec<String> {
        let mut terms = Cut::Grams.terms(text);
        std::iter::from_fn(|| terms.advance().then(|| terms.token().text.clone())).collect()
    }

    #[test]
    fn characters_and_their_pairs_are_terms_and_punctuation_is_not() {
        assert_eq!(grams_of("红薯,好"), ["红", "红薯", "薯", "好"]);
    }

    #[test]
    fn numbers_pair_with_what_they_count() {
        let grams = grams_of("孵化21天");
        for term in ["孵化", "化21", "21", "21天", "天"] {
            assert!(grams.contains(&term.to_owned()), "{term} in {grams:?}");
        }
        assert!(grams_of("GB7718").contains(&"7718".to_owned()));
        assert!(grams_of("复合肥15-15-15。").contains(&"15-15-15".to_owned()));
        assert!(grams_of("DOU+怎么投").contains(&"dou+".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_cuts(text in "\\PC{0,60}") {
            for cut in [Cut::Words, Cut::Grams, Cut::Pairs, Cut::Sounds] {
                let mut terms = cut.terms(&text);
                while terms.advance() {}
            }
        }
    }
}
