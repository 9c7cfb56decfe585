//! Folding: one form for text that people take for the same, before anything is cut or compared.
//!
//! NFKC, lower case, traditional to simplified, and spelling variants of the trade, character by character, so that
//! a folded character always knows which part of the original it stands for.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Ways of writing the same crop or thing that no script conversion knows.
const VARIANTS: [(char, char); 6] =
    [('桔', '橘'), ('砂', '沙'), ('蕃', '番'), ('薹', '苔'), ('黏', '粘'), ('籽', '子')];

static SIMPLER: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let lines = include_str!("../../data/simplified.txt").lines().filter(|line| !line.starts_with('#'));
    let mut table = HashMap::new();
    for line in lines {
        let mut chars = line.chars();
        if let Some(simple) = chars.next() {
            table.extend(chars.map(|traditional| (traditional, simple)));
        }
    }
    let variants = VARIANTS.map(|(from, to)| (from, to));
    for to in table.values_mut() {
        *to = variants.iter().find(|(from, _)| from == to).map_or(*to, |(_, to)| *to);
    }
    table.extend(variants);
    table
});

/// The folded form of every character of the basic plane that folds to one, in order, and [`SEVERAL`] for the others:
/// nearly all text is made of these, and a look-up by place is many times as fast as folding anew.
static BASIC: LazyLock<Box<[char]>> = LazyLock::new(|| (0..=0xffff).map(one_of).collect());

/// Stands in [`BASIC`] for what folds to nothing or to several characters, and for what is no character.
const SEVERAL: char = '\u{10ffff}';

fn one_of(code: u32) -> char {
    let Some(c) = char::from_u32(code) else { return SEVERAL };
    let mut folded = slowly(c);
    match (folded.next(), folded.next()) {
        (Some(one), None) => one,
        _ => SEVERAL,
    }
}

fn slowly(c: char) -> impl Iterator<Item = char> {
    let lower = std::iter::once(c).nfkc().flat_map(char::to_lowercase);
    lower.map(|c| SIMPLER.get(&c).copied().unwrap_or(c))
}

/// A folded character and the bytes of the original it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Folded {
    /// The character after folding.
    pub c: char,
    /// Where the original begins, in bytes.
    pub from: usize,
    /// Where the original ends, in bytes.
    pub to: usize,
}

/// The folded characters of a stretch of a text, keeping where each came from.
pub(crate) fn with_origin(text: &str, stretch: Range<usize>) -> Vec<Folded> {
    let (mut folded, mut at) = (Vec::with_capacity(stretch.len().min(text.len())), 0);
    for (from, c) in text.char_indices() {
        if at >= stretch.end {
            break;
        }
        let to = from + c.len_utf8();
        each(c, |c| {
            if stretch.contains(&at) {
                folded.push(Folded { c, from, to });
            }
            at += 1;
        });
    }
    folded
}

/// Folds a text into characters.
pub(crate) fn chars(text: &str) -> Vec<char> {
    let mut folded = Vec::with_capacity(text.len() / 2);
    text.chars().for_each(|c| each(c, |c| folded.push(c)));
    folded
}

/// Folds a text.
pub(crate) fn fold(text: &str) -> String {
    chars(text).into_iter().collect()
}

fn each(c: char, push: impl FnMut(char)) {
    match BASIC.get(u32::from(c) as usize) {
        Some(&one) if one != SEVERAL => std::iter::once(one).for_each(push),
        _ => slowly(c).for_each(push),
    }
}

/// Whether this is a Chinese character.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}' | '〇')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_widths_cases_and_variants_become_one() {
        assert_eq!(fold("農藥稀釋"), "农药稀释");
        assert_eq!(fold("沙糖桔"), fold("砂糖橘"));
        assert_eq!(fold("ＳＣ认证"), "sc认证");
        assert_eq!(fold("㎏①"), "kg1");
    }

    #[test]
    fn every_folded_character_knows_its_origin() {
        let text = "x㎏農";
        let origins = |stretch: Range<usize>| -> Vec<&str> {
            with_origin(text, stretch).iter().filter_map(|f| text.get(f.from..f.to)).collect()
        };
        assert_eq!(origins(0..4), ["x", "㎏", "㎏", "農"]);
        assert_eq!(origins(2..9), ["㎏", "農"]);
        assert!(origins(4..9).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            let once = fold(&text);
            proptest::prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn origins_lie_on_characters_in_order(text in "\\PC{0,40}") {
            let all = chars(&text);
            let folded = with_origin(&text, 0..all.len());
            proptest::prop_assert!(folded.iter().map(|f| f.c).eq(all));
            proptest::prop_assert!(folded.iter().all(|f| text.get(f.from..f.to).is_some()));
            proptest::prop_assert!(folded.is_sorted_by_key(|f| f.from));
        }
    }
}
