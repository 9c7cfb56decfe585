//! Marks what matched, and picks the passage worth showing. Works on folded text and maps back to the original, so that
//! a traditional or full-width original is marked right; everything is escaped for HTML before marks are set.

use super::fold::{self, Folded, is_han};
use super::{pinyin, tokenizer};
use std::ops::Range;

/// Characters of a passage.
const PASSAGE: usize = 80;

/// How far back a passage may begin before its first match, to begin at a sentence.
const LEAD: usize = 20;

/// What to mark.
#[derive(Debug, Default)]
pub(crate) struct Needles {
    /// By their first characters.
    texts: Vec<Vec<char>>,
    heads: Heads,
    sounds: Sounds,
}

/// A part of a text that is worth showing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Passage {
    /// Escaped, with matches in `<mark>`.
    pub html: String,
    /// Where its best match stands, as a part (0 to 1) of the text's length.
    pub at: f64,
    /// The byte of the text where the longest match of the passage begins.
    pub offset: usize,
    /// How much it matches; 0 for none.
    pub worth: usize,
}

impl Needles {
    /// Texts to mark, and pairs of syllables to mark however they are written.
    pub fn new(mut texts: Vec<Vec<char>>, sounds: &[String]) -> Self {
        texts.retain(|text| !text.is_empty());
        // A single character is only marked when the query has nothing longer.
        if texts.iter().any(|text| text.len() > 1) {
            texts.retain(|text| text.len() > 1);
        }
        let mut needles = Self { sounds: Sounds::of(sounds), ..Self::default() };
        needles.set(texts);
        needles
    }

    /// Marks this too where it stands in one piece; its parts are marked as before.
    pub fn with_phrase(mut self, phrase: Vec<char>) -> Self {
        if !phrase.is_empty() {
            let texts = std::mem::take(&mut self.texts);
            self.set(texts.into_iter().chain([phrase]).collect());
        }
        self
    }

    fn set(&mut self, mut texts: Vec<Vec<char>>) {
        texts.sort_unstable();
        texts.dedup();
        self.heads = Heads::of(texts.iter().filter_map(|text| text.first()));
        self.texts = texts;
    }

    /// The whole text, marked.
    pub fn mark(&self, text: &str) -> String {
        let folded = fold::chars(text);
        render(text, 0..folded.len(), &self.matches(&folded))
    }

    /// The passage that matches best; the beginning when nothing does.
    pub fn passage(&self, text: &str) -> Passage {
        let folded = fold::chars(text);
        let matches = self.matches(&folded);
        let (window, worth, first) = best_window(&matches, &folded);
        let window = at_sentence(&folded, window);
        let mut html = render(text, window.clone(), &matches);
        if window.start > 0 {
            html.insert(0, '…');
        }
        if window.end < folded.len() {
            html.push('…');
        }
        let offset = if worth > 0 { origin(text, first) } else { 0 };
        Passage { html, at: first as f64 / folded.len().max(1) as f64, offset, worth }
    }

    /// What matches, in order, without overlaps.
    fn matches(&self, chars: &[char]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (at, c) in chars.iter().enumerate() {
            let rest = chars.get(at..).unwrap_or_default();
            if self.heads.may_hold(*c) {
                let first = self.texts.partition_point(|text| text.first() < Some(c));
                let same_head = self.texts.iter().skip(first).take_while(|text| text.first() == Some(c));
                let held = same_head.filter(|text| rest.starts_with(text)).map(|text| (text, at..at + text.len()));
                let whole = |(text, range): &(&Vec<char>, Range<usize>)| {
                    !text.iter().all(char::is_ascii_alphanumeric) || is_whole(chars, range)
                };
                found.extend(held.filter(whole).map(|(_, range)| range));
            }
            if self.sounds.letters > 0
                && let [first, second, ..] = rest
                && self.sounds.hold(*first, *second)
            {
                found.push(at..at + 2);
            }
        }
        merged(found)
    }
}

/// Pairs of syllables to be marked however they are written.
#[derive(Debug, Default)]
struct Sounds {
    pairs: Vec<(String, String)>,
    /// The letters the first ones begin with, as bits: a quick no.
    letters: u32,
}

impl Sounds {
    fn of(sounds: &[String]) -> Self {
        let pairs = sounds.iter().filter_map(|sound| sound.split_once('\''));
        let pairs: Vec<(String, String)> = pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        let letters = pairs.iter().filter_map(|(first, _)| first.bytes().next()).map(pinyin::letter_bit);
        let letters = letters.fold(0, |bits, bit| bits | bit);
        Self { pairs, letters }
    }

    fn hold(&self, first: char, second: char) -> bool {
        let may_begin =
            |reading: &&str| reading.bytes().next().is_some_and(|b| pinyin::letter_bit(b) & self.letters > 0);
        is_han(first)
            && is_han(second)
            && pinyin::readings(first).iter().filter(|reading| may_begin(reading)).any(|a| {
                let mut followed = self.pairs.iter().filter(|(first, _)| first == a);
                followed.any(|(_, second_sound)| pinyin::readings(second).contains(&second_sound.as_str()))
            })
    }
}

/// A quick no: the characters that texts begin with, as bits by their lowest digits.
#[derive(Debug, Default)]
struct Heads([u64; 16]);

impl Heads {
    fn of<'a>(chars: impl Iterator<Item = &'a char>) -> Self {
        let mut bits = [0; 16];
        for c in chars {
            let (place, bit) = Self::place(*c);
            if let Some(word) = bits.get_mut(place) {
                *word |= bit;
            }
        }
        Self(bits)
    }

    fn may_hold(&self, c: char) -> bool {
        let (place, bit) = Self::place(c);
        self.0.get(place).is_some_and(|word| word & bit != 0)
    }

    fn place(c: char) -> (usize, u64) {
        let low = u32::from(c) & 1023;
        ((low >> 6) as usize, 1 << (low & 63))
    }
}

/// Letters are only marked as a whole run: `led` is not in `called`.
fn is_whole(chars: &[char], range: &Range<usize>) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_alphanumeric);
    !letter(range.start.checked_sub(1)) && !letter(Some(range.end))
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// The stretch of [`PASSAGE`] characters that matches best, how much, and where its longest match is. A phrase in one
/// piece is worth more than its parts, and a word that is repeated no more than once.
fn best_window(matches: &[Range<usize>], folded: &[char]) -> (Range<usize>, usize, usize) {
    let mut best = (0..PASSAGE.min(folded.len()), 0, 0);
    let mut seen: Vec<&[char]> = Vec::new();
    for (index, first) in matches.iter().enumerate() {
        let end = first.start + PASSAGE - LEAD;
        let (mut worth, mut longest) = (0, first);
        seen.clear();
        for range in matches.iter().skip(index).take_while(|range| range.end <= end || *range == first) {
            let text = folded.get(range.clone()).unwrap_or_default();
            if !seen.contains(&text) {
                worth += range.len() * range.len();
                seen.push(text);
            }
            if range.len() > longest.len() {
                longest = range;
            }
        }
        if worth > best.1 {
            let start = first.start.saturating_sub(LEAD);
            best = (start..(start + PASSAGE).max(first.end).min(folded.len()), worth, longest.start);
        }
    }
    best
}

/// Moves the start of a window to just after the last sentence end before its first match, if there is one.
fn at_sentence(folded: &[char], window: Range<usize>) -> Range<usize> {
    let lead = folded.get(window.start..(window.start + LEAD).min(window.end)).unwrap_or_default();
    let stop = |c: &char| matches!(c, '。' | '!' | '?' | ';' | '…' | '\n');
    match lead.iter().rposition(stop) {
        Some(at) if window.start > 0 => window.start + at + 1..window.end,
        _ => window,
    }
}

fn render(text: &str, window: Range<usize>, matches: &[Range<usize>]) -> String {
    // With the character before it, which may fold to several of which the last begin the window.
    let drawn = window.start.saturating_sub(1)..window.end;
    let folded = &Stretch { from: drawn.start, chars: fold::with_origin(text, drawn) };
    let mut html = String::new();
    let mut at = window.start;
    for range in matches.iter().filter(|range| range.end > window.start && range.start < window.end) {
        let (from, to) = (range.start.max(at), range.end.min(window.end));
        escape(folded.original(text, at..from), &mut html);
        html.push_str("<mark>");
        escape(folded.original(text, from..to), &mut html);
        html.push_str("</mark>");
        at = to;
    }
    escape(folded.original(text, at..window.end), &mut html);
    html
}

/// Folded characters of a text from one of them on, with where they came from.
struct Stretch {
    from: usize,
    chars: Vec<Folded>,
}

impl Stretch {
    fn get(&self, at: usize) -> Option<&Folded> {
        self.chars.get(at.checked_sub(self.from)?)
    }

    /// The original of some of them. A character that folds to several belongs to the first range that touches it.
    fn original<'a>(&self, text: &'a str, range: Range<usize>) -> &'a str {
        let before = range.start.checked_sub(1).and_then(|at| self.get(at)).map_or(0, |f| f.to);
        let from = self.get(range.start).map_or(before, |f| f.from.max(before));
        let to = range.end.checked_sub(1).and_then(|at| self.get(at)).map_or(from, |f| f.to);
        if range.is_empty() { "" } else { text.get(from..to.max(from)).unwrap_or_default() }
    }
}

/// The byte of a text where the origin of this folded character begins.
fn origin(text: &str, at: usize) -> usize {
    fold::with_origin(text, at..at + 1).first().map_or(0, |f| f.from)
}

/// Puts a text behind HTML, as text.
pub(crate) fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            c if c.is_control() => into.push(' '),
            c => into.push(c),
        }
    }
}

/// The query with its misspelt pairs written as their homophones in `title` are; `None` when there are none.
pub(crate) fn respelt(query: &[char], misspelt: &[Vec<char>], title: &str) -> Option<String> {
    let (mut respelt, mut changed) = (query.to_vec(), false);
    let title: Vec<char> = title.chars().collect();
    for pair in misspelt {
        let Some(at) = respelt.windows(2).position(|window| window == pair.as_slice()) else { continue };
        let sounds = tokenizer::sounds(pair);
        let alike = |window: &&[char]| tokenizer::sounds(window).iter().any(|sound| sounds.contains(sound));
        if let (Some(meant), Some(place)) = (title.windows(2).find(alike), respelt.get_mut(at..at + 2)) {
            place.copy_from_slice(meant);
            changed = true;
        }
    }
    changed.then(|| respelt.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needles(texts: &[&str]) -> Needles {
        Needles::new(texts.iter().map(|text| fold::chars(text)).collect(), &[])
    }

    #[test]
    fn matches_are_marked_in_the_original_script_and_escaped() {
        assert_eq!(needles(&["农药", "药稀"]).mark("<b>農藥稀釋"), "&lt;b&gt;<mark>農藥稀</mark>釋");
        assert_eq!(needles(&["sc"]).mark("ＳＣ认证&disc"), "<mark>ＳＣ</mark>认证&amp;disc");
    }

    #[test]
    fn a_phrase_is_marked_in_one_piece_and_leaves_its_parts_marked() {
        let needles = needles(&["鱼"]).with_phrase(fold::chars("把鱼养好"));
        assert_eq!(needles.mark("要把鱼养好，鱼苗"), "要<mark>把鱼养好</mark>，<mark>鱼</mark>苗");
    }

    #[test]
    fn homophones_of_what_nobody_wrote_are_marked() {
        let needles = Needles::new(vec![fold::chars("黄笼")], &tokenizer::sounds(&fold::chars("黄笼病")));
        assert_eq!(needles.mark("防治黄龙病"), "防治<mark>黄龙病</mark>");
    }

    #[test]
    fn a_misspelt_query_is_written_as_the_title_is() {
        let misspelt = ["黄笼", "笼病"].map(|pair| pair.chars().collect::<Vec<_>>());
        let query: Vec<char> = "防黄笼病".chars().collect();
        assert_eq!(respelt(&query, &misspelt, "沙糖桔黄龙病识别").as_deref(), Some("防黄龙病"));
        assert_eq!(respelt(&query, &misspelt, "红薯"), None);
    }

    #[test]
    fn a_passage_holds_the_match_and_says_where_it_is() {
        let text = format!("{}。百草枯没有解药。{}", "前".repeat(99), "后".repeat(900));
        let passage = needles(&["百草枯"]).passage(&text);
        assert!(passage.html.starts_with("…<mark>百草枯</mark>没有解药"), "{}", passage.html);
        assert!((passage.at - 0.1).abs() < 0.01);
        assert_eq!(needles(&["无"]).passage("很短").html, "很短");
    }

    proptest::proptest! {
        #[test]
        fn marks_never_change_the_text(text in "\\PC{0,80}", needle in "\\PC{1,3}") {
            let html = needles(&[&needle]).mark(&text);
            let plain = html.replace("<mark>", "").replace("</mark>", "").replace("&lt;", "<").replace("&gt;", ">");
            let plain = plain.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
            proptest::prop_assert_eq!(plain, text);
        }

        #[test]
        fn passages_never_break_html(text in "[<>&\"'a-z㎏①農藥农药。]{0,200}", needle in "[a-z农药]{1,2}") {
            let html = needles(&[&needle]).passage(&text).html;
            let bare = html.replace("<mark>", "").replace("</mark>", "");
            proptest::prop_assert!(!bare.contains(['<', '>', '"', '\'']));
        }
    }
}
