//! Readings: every toneless syllable of a Han character, and whether typed letters spell a string of characters in
//! full, by initials, or mixed with the characters themselves (`sha糖ju`).

use pinyin::ToPinyinMulti;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Readings looked at per character; the rest are rare.
const READINGS: usize = 4;

/// The toneless syllables of a character, each once, the usual one first.
pub(crate) fn readings(c: char) -> &'static [&'static str] {
    let place = u32::from(c).checked_sub(FIRST_HAN).and_then(|place| usize::try_from(place).ok());
    let known = place.and_then(|place| Some(*TABLE.ends.get(place)?..*TABLE.ends.get(place + 1)?));
    known.and_then(|range| TABLE.syllables.get(range)).unwrap_or_else(|| TABLE.rare.get(&c).map_or(&[], Vec::as_slice))
}

/// All readings in one row, because a look-up happens for every character of everything indexed and typed.
struct Table {
    /// Where the readings of each character from [`FIRST_HAN`] begin, and those of the next.
    ends: Vec<usize>,
    syllables: Vec<&'static str>,
    /// Characters outside that block.
    rare: HashMap<char, Vec<&'static str>>,
}

const FIRST_HAN: u32 = 0x3400;
const LAST_HAN: u32 = 0x9fff;
const RARE: [std::ops::RangeInclusive<char>; 3] = ['〇'..='〇', '\u{f900}'..='\u{faff}', '\u{20000}'..='\u{3134f}'];

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let (mut ends, mut syllables) = (vec![0], Vec::new());
    for code in FIRST_HAN..=LAST_HAN {
        syllables.extend(char::from_u32(code).map(read).unwrap_or_default());
        ends.push(syllables.len());
    }
    let rare = RARE.into_iter().flatten().map(|c| (c, read(c))).filter(|(_, found)| !found.is_empty()).collect();
    Table { ends, syllables, rare }
});

fn read(c: char) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    if let Some(all) = c.to_pinyin_multi() {
        for reading in all {
            let plain = typed(reading.plain());
            if !found.contains(&plain) && found.len() < READINGS {
                found.push(plain);
            }
        }
    }
    found
}

/// A syllable as a keyboard types it.
fn typed(plain: &'static str) -> &'static str {
    match plain {
        "lü" => "lv",
        "nü" => "nv",
        "lüe" => "lve",
        "nüe" => "nve",
        other => other,
    }
}

/// The sounds of a pair of characters, in every combination of readings.
pub(crate) fn pair_sounds(pair: &[char]) -> Vec<String> {
    let [first, second] = pair else { return Vec::new() };
    let second = readings(*second);
    let firsts = readings(*first).iter();
    firsts.flat_map(|a| second.iter().map(move |b| format!("{a}'{b}"))).collect()
}

/// The first letters of a character's readings as bits, `a` being the lowest.
fn initials(c: char) -> u32 {
    readings(c).iter().filter_map(|reading| reading.bytes().next()).fold(0, |bits, byte| bits | letter_bit(byte))
}

/// The letters a character may begin with when it is typed, as bits: those of its readings, or itself. None for what is
/// neither Han nor a small letter.
pub(crate) fn begins(c: char) -> u32 {
    match u8::try_from(c) {
        Ok(byte) => letter_bit(byte),
        Err(_) => initials(c),
    }
}

/// The bit of a letter; none for anything else.
pub(crate) fn letter_bit(byte: u8) -> u32 {
    if byte.is_ascii_lowercase() { 1 << (byte - b'a') } else { 0 }
}

/// How letters spell characters, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spelling {
    /// Every syllable in full; the last may still be being typed.
    Full,
    /// The first letter of each syllable.
    Initials,
    /// Some in full, some by their first letter.
    Mixed,
}

/// How many of `chars`, from the first, the typed text spells in this way, when it spells them to its end. A Han
/// character in the typed text stands for itself.
pub(crate) fn spells(typed: &[char], chars: &[char], spelling: Spelling) -> Option<usize> {
    let mut budget = 400;
    walk(typed, chars, spelling, 0, &mut budget)
}

fn walk(typed: &[char], chars: &[char], spelling: Spelling, done: usize, budget: &mut usize) -> Option<usize> {
    let Some(next) = typed.first() else { return Some(done) };
    *budget = budget.checked_sub(1)?;
    let (c, rest) = chars.split_first()?;
    if next == c {
        return walk(typed.get(1..)?, rest, spelling, done + 1, budget);
    }
    for reading in readings(*c) {
        for length in steps(typed, reading, spelling) {
            if let Some(end) = typed.get(length..).and_then(|left| walk(left, rest, spelling, done + 1, budget)) {
                return Some(end);
            }
        }
    }
    None
}

/// How many typed letters may stand for this syllable.
fn steps(typed: &[char], reading: &str, spelling: Spelling) -> impl Iterator<Item = usize> + use<> {
    let same = typed.iter().zip(reading.chars()).take_while(|(a, b)| **a == *b).count();
    let unfinished = same == typed.len();
    let spelt = spelling != Spelling::Initials && same > 0 && (same == reading.len() || unfinished);
    let spelt = spelt.then_some(same);
    let by_initial = spelling != Spelling::Full && same > 0;
    let double = by_initial && same >= 2 && reading.as_bytes().get(1) == Some(&b'h');
    let others = [double.then_some(2), by_initial.then_some(1)].into_iter().flatten();
    spelt.into_iter().chain(others.filter(move |step| Some(*step) != spelt))
}

/// How many letters of a typed text may stand for its first character, in any spelling and whatever the character is;
/// `None` when all of it may stand for one.
pub(crate) fn first_steps(typed: &[char]) -> Option<Vec<usize>> {
    let mut lengths = vec![1];
    if let ['z' | 'c' | 's', 'h', ..] = typed {
        lengths.push(2);
    }
    for syllable in SYLLABLES.iter() {
        let same = typed.iter().zip(syllable.chars()).take_while(|(a, b)| **a == *b).count();
        if same == typed.len() {
            return None;
        }
        if same == syllable.len() && !lengths.contains(&same) {
            lengths.push(same);
        }
    }
    Some(lengths)
}

/// Every syllable that some character is read as.
static SYLLABLES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let rare = TABLE.rare.values().flatten();
    let mut all: Vec<&'static str> = TABLE.syllables.iter().chain(rare).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
});

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(typed: &str, han: &str, spelling: Spelling) -> Option<usize> {
        let (typed, han): (Vec<char>, Vec<char>) = (typed.chars().collect(), han.chars().collect());
        spells(&typed, &han, spelling)
    }

    #[test]
    fn full_pinyin_spells_in_every_reading() {
        assert_eq!(spelt("tiaojiexieyishu", "调解协议书", Spelling::Full), Some(5));
        assert_eq!(spelt("diaojie", "调解", Spelling::Full), Some(2));
        assert_eq!(spelt("luohang", "罗汉果", Spelling::Full), Some(3));
        assert_eq!(spelt("luohan", "罗汉果", Spelling::Full), Some(2));
        assert_eq!(spelt("luohanz", "罗汉果", Spelling::Full), None);
        assert_eq!(spelt("lvdou", "绿豆", Spelling::Full), Some(2));
    }

    #[test]
    fn initials_and_mixtures_spell_too() {
        assert_eq!(spelt("shyk", "三会一课", Spelling::Initials), Some(4));
        assert_eq!(spelt("zhjd", "宅基地", Spelling::Initials), Some(3));
        assert_eq!(spelt("sha糖ju", "沙糖橘", Spelling::Mixed), Some(3));
        assert_eq!(spelt("shatj", "沙糖橘", Spelling::Mixed), Some(3));
        assert_eq!(spelt("shatj", "沙糖橘", Spelling::Full), None);
    }

    #[test]
    fn hostile_spelling_ends() {
        assert_eq!(spelt(&"a".repeat(200), &"啊".repeat(150), Spelling::Mixed), None);
        assert_eq!(initials('重'), letter_bit(b'z') | letter_bit(b'c') | initials('重'));
    }
}
