//! The catalog's own vocabulary: titles, tags, crops and lecturers, whole, with the initials of their readings. Read
//! from each segment's term dictionary once; serves suggestions and the decoding of typed pinyin.

use super::answer::SuggestionKind;
use super::schema::Fields;
use super::{dictionary, fold, pinyin};
use std::sync::{Arc, Mutex, PoisonError};
use tantivy::index::SegmentId;
use tantivy::{Searcher, SegmentReader};

/// The vocabulary of one segment. Words of deleted lessons may linger: whoever shows one asks the index first.
///
/// The characters of all entries stand in one row, so that looking for a place where typed letters may begin is one walk
/// through memory, not one jump for each title of a large catalog.
#[derive(Debug, Default)]
pub(crate) struct Words {
    entries: Vec<Entry>,
    /// The folded characters of the entries, one after the other, with [`GAP`] behind each.
    chars: Vec<char>,
    /// What each of them may begin with when it is typed, as bits; see [`pinyin::begins`].
    begins: Vec<u32>,
}

/// Stands between two entries; no folded text holds it, and nothing that is typed begins with it.
const GAP: char = '\0';

/// One title, tag, crop or name.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// What it is.
    pub kind: SuggestionKind,
    /// As people wrote it.
    pub text: String,
    /// The slug of a course.
    pub slug: Option<String>,
    /// Lessons of the segment that have it.
    pub lessons: u32,
    /// Where words begin and end, as bits.
    bounds: u128,
    /// Where its characters begin and end among those of all.
    from: usize,
    to: usize,
}

/// An entry with its folded characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Folded.
    pub chars: &'a [char],
}

/// The vocabularies of one searcher's segments, read when first asked for.
#[derive(Default)]
pub(crate) struct Lexicon {
    /// Those of the searcher before, most of whose segments this one still has.
    before: Vec<(SegmentId, Arc<Words>)>,
    read: Mutex<Option<Vocabulary>>,
}

/// The vocabularies of all segments.
pub(crate) type Vocabulary = Arc<[Arc<Words>]>;

/// The term of an entry in the `phrase` field.
pub(crate) fn term(kind: SuggestionKind, text: &str) -> String {
    format!("{}{text}", tag(kind))
}

/// The term of a course: titles may be alike, slugs are not.
pub(crate) fn course_term(title: &str, slug: &str) -> String {
    term(SuggestionKind::Course, &format!("{title}{SEPARATOR}{slug}"))
}

/// Between the title and the slug of a course; no title holds control characters.
const SEPARATOR: char = '\u{1f}';

fn tag(kind: SuggestionKind) -> char {
    match kind {
        SuggestionKind::Crop => 'c',
        SuggestionKind::Course => 'k',
        SuggestionKind::Tag => 'g',
        SuggestionKind::Lecturer => 'l',
        SuggestionKind::Title => 't',
        SuggestionKind::Hot => 'h', // asked for by people, never written in a lesson
    }
}

impl Lexicon {
    /// One for a searcher that follows on this one's.
    pub fn next(&self, searcher: &Searcher) -> Self {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = searcher.segment_readers().iter().map(SegmentReader::segment_id);
        let before = ids.zip(read.iter().flat_map(|all| all.iter().cloned())).collect();
        Self { before, read: Mutex::default() }
    }

    /// The vocabularies of this searcher's segments.
    pub fn of(&self, searcher: &Searcher, fields: &Fields) -> tantivy::Result<Vocabulary> {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let words = |segment: &SegmentReader| {
            let id = segment.segment_id();
            match self.before.iter().find(|(known, _)| *known == id) {
                Some((_, words)) => Ok(words.clone()),
                None => Ok(Arc::new(read(segment, fields)?)),
            }
        };
        let all: Vocabulary = searcher.segment_readers().iter().map(words).collect::<tantivy::Result<_>>()?;
        Ok(known.insert(all).clone())
    }
}

fn read(segment: &SegmentReader, fields: &Fields) -> tantivy::Result<Words> {
    let inverted = segment.inverted_index(fields.phrase)?;
    let mut stream = inverted.terms().stream()?;
    let mut terms = Vec::new();
    while stream.advance() {
        let text = String::from_utf8_lossy(stream.key()).into_owned();
        terms.push((text, stream.value().doc_freq));
    }
    let short = terms.iter().filter(|(text, _)| !text.starts_with(['t', 'k']));
    dictionary::learn(short.filter_map(|(text, _)| text.get(1..)));
    // Cutting the titles of a large catalog into words takes half a second, and the first search waits for it.
    let (front, back) = terms.split_at(terms.len() / 2);
    Ok(std::thread::scope(|scope| {
        let back = scope.spawn(|| Words::of_terms(back));
        let mut words = Words::of_terms(front);
        words.append(back.join().unwrap_or_default());
        words
    }))
}

fn cuts(chars: &[char]) -> u128 {
    dictionary::cut(chars).into_iter().fold(0, |bits, word| bits | bit(word.start) | bit(word.end))
}

fn bit(at: usize) -> u128 {
    u32::try_from(at).ok().and_then(|at| 1u128.checked_shl(at)).unwrap_or(0)
}

impl Words {
    /// Words that no lesson carries: what many search for, or what means the same as something.
    pub fn hot<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        words.into_iter().for_each(|word| all.add(SuggestionKind::Hot, word, None, 0));
        all
    }

    fn of_terms(terms: &[(String, u32)]) -> Self {
        let mut all = Self::default();
        for (term, lessons) in terms {
            let mut rest = term.chars();
            let kind = match rest.next() {
                Some('c') => SuggestionKind::Crop,
                Some('k') => SuggestionKind::Course,
                Some('g') => SuggestionKind::Tag,
                Some('l') => SuggestionKind::Lecturer,
                Some('t') => SuggestionKind::Title,
                _ => continue,
            };
            match rest.as_str().split_once(SEPARATOR) {
                Some((title, slug)) => all.add(kind, title, Some(slug), *lessons),
                None => all.add(kind, rest.as_str(), None, *lessons),
            }
        }
        all
    }

    fn add(&mut self, kind: SuggestionKind, text: &str, slug: Option<&str>, lessons: u32) {
        let chars = fold::chars(text);
        let bounds = match kind {
            SuggestionKind::Title | SuggestionKind::Course => cuts(&chars),
            _ => 1 | bit(chars.len()),
        };
        let from = self.chars.len();
        self.begins.extend(chars.iter().map(|c| pinyin::begins(*c)));
        self.chars.extend(chars);
        let to = self.chars.len();
        self.begins.push(0);
        self.chars.push(GAP);
        let (text, slug) = (text.to_owned(), slug.map(str::to_owned));
        self.entries.push(Entry { kind, text, slug, lessons, bounds, from, to });
    }

    fn append(&mut self, other: Self) {
        let by = self.chars.len();
        self.chars.extend(other.chars);
        self.begins.extend(other.begins);
        let moved = other.entries.into_iter().map(|entry| Entry { from: entry.from + by, to: entry.to + by, ..entry });
        self.entries.extend(moved);
    }

    /// The entries.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Every entry with the places in it where what is typed may begin, in order.
    pub fn places(&self, lead: Lead) -> impl Iterator<Item = (Word<'_>, usize)> {
        let mut entries = self.entries.iter().peekable();
        let after = self.begins.iter().skip(1).chain(&[0]);
        let each = self.chars.iter().zip(&self.begins).zip(after).enumerate();
        let places = each.filter(move |(_, ((c, begins), next))| {
            (**c == lead.first || **begins & lead.letter != 0) && (lead.second == ANY || **next & lead.second != 0)
        });
        places.filter_map(move |(place, _)| {
            while entries.next_if(|entry| entry.to <= place).is_some() {}
            let entry = *entries.peek()?;
            let chars = self.chars.get(entry.from..entry.to)?;
            Some((Word { entry, chars }, place.checked_sub(entry.from)?))
        })
    }
}

/// What the first two characters may be where typed text begins: a quick no for nearly every place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lead {
    /// What is typed first: it stands for itself.
    first: char,
    /// Or it is this letter of a reading, as a bit.
    letter: u32,
    /// What the second character begins with, as bits, or [`ANY`].
    second: u32,
}

/// The second character may be anything, or there is none.
const ANY: u32 = u32::MAX;

impl Lead {
    /// That of a typed text; `None` of an empty one.
    pub fn of(typed: &[char]) -> Option<Self> {
        let first = *typed.first()?;
        let letter = u8::try_from(first).map_or(0, pinyin::letter_bit);
        let second = match letter {
            0 => after(typed, 1),
            _ => pinyin::first_steps(typed).map_or(ANY, |steps| {
                steps.into_iter().map(|length| after(typed, length)).fold(0, |all, bits| all | bits)
            }),
        };
        Some(Self { first, letter, second })
    }
}

/// What the character begins with that goes on with the typed text from here.
fn after(typed: &[char], from: usize) -> u32 {
    typed.get(from).map(|c| pinyin::begins(*c)).filter(|bits| *bits != 0).unwrap_or(ANY)
}

impl Entry {
    /// Its term in the `phrase` field.
    pub fn term(&self) -> String {
        match &self.slug {
            Some(slug) => course_term(&self.text, slug),
            None => term(self.kind, &self.text),
        }
    }

    /// Whether a word begins or ends before this character.
    pub fn is_bound(&self, at: usize) -> bool {
        self.bounds & bit(at) != 0
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use crate::search::pinyin::{Spelling, spells};
    use proptest::prelude::{Just, Strategy, prop, prop_assert, proptest};

    /// A text and how somebody types it from one of its characters on: each in full, by its initial, or as itself.
    fn typed() -> impl Strategy<Value = (String, String)> {
        let texts = prop::collection::vec(
            prop::sample::select("沙糖橘重庆长乐银行直播绿豆种植a2区".chars().collect::<Vec<_>>()),
            1..9,
        );
        texts.prop_flat_map(|text| {
            let ways = prop::collection::vec(0..4usize, text.len());
            (Just(text.clone()), 0..text.len(), ways).prop_map(|(text, from, ways)| {
                let typed = text.iter().zip(ways).skip(from).map(|(c, way)| {
                    let readings = pinyin::readings(*c);
                    let reading = readings.get(way % readings.len().max(1)).copied();
                    match (way, reading) {
                        (0, Some(reading)) => reading.get(..1).unwrap_or_default().to_owned(),
                        (1 | 2, Some(reading)) => reading.to_owned(),
                        _ => c.to_string(),
                    }
                });
                (typed.collect(), text.into_iter().collect())
            })
        })
    }

    proptest! {
        #[test]
        fn no_place_where_typed_letters_may_begin_is_passed_over((typed, text) in typed()) {
            let words = Words::hot([text.as_str(), "别的词"]);
            let typed: Vec<char> = typed.chars().collect();
            let chars = fold::chars(&text);
            let spelt = |from: usize| {
                let rest = chars.get(from..).unwrap_or_default();
                [Spelling::Full, Spelling::Initials, Spelling::Mixed].into_iter().any(|way| spells(&typed, rest, way).is_some())
            };
            let lead = Lead::of(&typed).unwrap();
            let looked_at: Vec<usize> =
                words.places(lead).filter(|(word, _)| word.entry.text == text).map(|(_, at)| at).collect();
            for at in (0..chars.len()).filter(|at| spelt(*at)) {
                prop_assert!(looked_at.contains(&at), "{at} of {text} for {typed:?}: {looked_at:?}");
            }
            prop_assert!((0..chars.len()).any(spelt), "{typed:?} spells nothing of {text}");
        }
    }
}
