//! The catalog's own vocabulary: titles, tags, crops and lecturers, whole, with the initials of their readings. Read
//! from each segment's term dictionary once; serves suggestions and the decoding of typed pinyin.

use super::answer::SuggestionKind;
use super::schema::Fields;
use super::{dictionary, fold, pinyin};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tantivy::index::SegmentId;
use tantivy::{Searcher, SegmentReader};

/// The vocabulary of one segment. Words of deleted lessons may linger: whoever shows one asks the index first.
pub(crate) type Words = Vec<Entry>;

/// One title, tag, crop or name.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// What it is.
    pub kind: SuggestionKind,
    /// As people wrote it.
    pub text: String,
    /// The slug of a course.
    pub slug: Option<String>,
    /// Folded.
    pub chars: Vec<char>,
    /// First letters of the readings of each character, as bits.
    pub initials: Vec<u32>,
    /// All of them together: a quick no.
    pub letters: u32,
    /// Where words begin and end, as bits.
    pub bounds: u128,
    /// Lessons of the segment that have it.
    pub lessons: u32,
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
    let mut raw = Vec::new();
    while stream.advance() {
        let text = String::from_utf8_lossy(stream.key()).into_owned();
        raw.push((text, stream.value().doc_freq));
    }
    let short = raw.iter().filter(|(text, _)| !text.starts_with(['t', 'k']));
    dictionary::learn(short.filter_map(|(text, _)| text.get(1..)));
    Ok(raw.into_iter().filter_map(|(text, lessons)| entry(&text, lessons)).collect())
}

fn entry(term: &str, lessons: u32) -> Option<Entry> {
    let mut rest = term.chars();
    let kind = match rest.next()? {
        'c' => SuggestionKind::Crop,
        'k' => SuggestionKind::Course,
        'g' => SuggestionKind::Tag,
        'l' => SuggestionKind::Lecturer,
        't' => SuggestionKind::Title,
        _ => return None,
    };
    let (text, slug) = match rest.as_str().split_once(SEPARATOR) {
        Some((title, slug)) => (title.to_owned(), Some(slug.to_owned())),
        None => (rest.as_str().to_owned(), None),
    };
    let chars = fold::chars(&text);
    let initials: Vec<u32> = chars.iter().map(|c| pinyin::initials(*c)).collect();
    let letters = initials.iter().fold(0, |all, bits| all | bits);
    let bounds = if matches!(kind, SuggestionKind::Title | SuggestionKind::Course) {
        cuts(&chars)
    } else {
        1 | bit(chars.len())
    };
    Some(Entry { kind, text, slug, chars, initials, letters, bounds, lessons })
}

/// An entry for a word that many search for; no lesson carries it.
pub(crate) fn hot(word: &str) -> Entry {
    let chars = fold::chars(word);
    let initials: Vec<u32> = chars.iter().map(|c| pinyin::initials(*c)).collect();
    let letters = initials.iter().fold(0, |all, bits| all | bits);
    let bounds = 1 | bit(chars.len());
    Entry { kind: SuggestionKind::Hot, text: word.to_owned(), slug: None, chars, initials, letters, bounds, lessons: 0 }
}

fn cuts(chars: &[char]) -> u128 {
    dictionary::cut(chars).into_iter().fold(0, |bits, word| bits | bit(word.start) | bit(word.end))
}

fn bit(at: usize) -> u128 {
    u32::try_from(at).ok().and_then(|at| 1u128.checked_shl(at)).unwrap_or(0)
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

/// A string of characters that typed letters may mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// The characters, folded.
    pub text: String,
    /// The characters as somebody wrote them.
    pub shown: String,
    /// How sure: 1 for whole words spelt in full.
    pub weight: f32,
    /// How many lessons' phrases hold it.
    pub lessons: u32,
}

/// Most readings of one piece of typed text that are searched for.
const READINGS: usize = 12;

/// Most readings that are looked at to find these.
const TRIED: usize = 60;

/// What typed letters (with or without Han among them) may mean in this vocabulary, surest first; only what `may_show`
/// says yes to.
pub(crate) fn decode(segments: &[Arc<Words>], typed: &[char], may_show: impl Fn(&str) -> bool) -> Vec<Reading> {
    let mut found: HashMap<String, Reading> = HashMap::new();
    let second = second_initials(typed);
    for entry in segments.iter().flat_map(|words| words.iter()) {
        decode_in(entry, typed, second, &mut found);
    }
    let mut readings: Vec<Reading> = found.into_values().collect();
    let order = |r: &Reading| (-(r.weight * 1000.0) as i64, u32::MAX - r.lessons);
    readings.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.text.cmp(&b.text)));
    let mut shown = readings.into_iter().take(TRIED).filter(|reading| may_show(&reading.text));
    let Some(surest) = shown.next() else { return Vec::new() };
    let least = surest.weight * 0.8;
    std::iter::once(surest).chain(shown.take_while(|reading| reading.weight >= least)).take(READINGS).collect()
}

/// The letters that the second character of what is typed may begin with, as bits: a quick no for most places. All of them
/// when the first may be all that is typed, or Han is among it.
fn second_initials(typed: &[char]) -> u32 {
    let letter = |c: &char| u8::try_from(*c).map_or(0, pinyin::letter_bit);
    let is_vowel = |c: &char| "aeiouv".contains(*c);
    match typed {
        // No syllable begins with two consonants, but for zh, ch and sh.
        [first, second, ..] if letter(second) > 0 && !is_vowel(first) && !is_vowel(second) && *second != 'h' => {
            letter(second)
        }
        [_, rest @ ..] if rest.len() >= LONGEST_SYLLABLE && rest.iter().all(|c| letter(c) > 0) => {
            rest.iter().take(LONGEST_SYLLABLE).map(letter).fold(0, |bits, bit| bits | bit)
        }
        _ => u32::MAX,
    }
}

/// Letters of the longest syllable, such as zhuang.
const LONGEST_SYLLABLE: usize = 6;

fn decode_in(entry: &Entry, typed: &[char], second: u32, found: &mut HashMap<String, Reading>) {
    let Some(first) = typed.first() else { return };
    let mask = u8::try_from(*first).map_or(0, pinyin::letter_bit);
    if mask & entry.letters == 0 && !entry.chars.contains(first) {
        return;
    }
    for (at, c) in entry.chars.iter().enumerate() {
        let follows = second == u32::MAX || entry.initials.get(at + 1).is_some_and(|bits| bits & second != 0);
        let possible = follows && (c == first || entry.initials.get(at).is_some_and(|bits| bits & mask != 0));
        let Some(rest) = entry.chars.get(at..).filter(|_| possible) else { continue };
        let Some((length, spelt)) = best_spelling(typed, rest) else { continue };
        let weight = spelt * placed(entry, at, at + length);
        let text: String = rest.iter().take(length).collect();
        let reading = found.entry(text.clone()).or_insert_with(|| Reading {
            shown: shown(entry, at, &text),
            text,
            weight,
            lessons: 0,
        });
        reading.weight = reading.weight.max(weight);
        reading.lessons += entry.lessons;
    }
}

fn shown(entry: &Entry, at: usize, text: &str) -> String {
    let same_length = entry.text.chars().count() == entry.chars.len();
    let written: String = entry.text.chars().skip(at).take(text.chars().count()).collect();
    if same_length { written } else { text.to_owned() }
}

fn best_spelling(typed: &[char], chars: &[char]) -> Option<(usize, f32)> {
    let ways = [(pinyin::Spelling::Full, 1.0), (pinyin::Spelling::Initials, 0.85), (pinyin::Spelling::Mixed, 0.7)];
    let spelt = ways.into_iter().find_map(|(way, sure)| Some((pinyin::spells(typed, chars, way)?, sure)));
    spelt.filter(|(length, _)| *length > 1 || typed.len() > 1)
}

/// How sure a reading is by where it stands: whole words, from the start of a word, or anywhere.
fn placed(entry: &Entry, from: usize, to: usize) -> f32 {
    match (entry.is_bound(from), entry.is_bound(to)) {
        (true, true) => 1.0,
        (true, false) => 0.75,
        _ => 0.5,
    }
}
