//! A searcher seen as one numbered list of lessons: postings, filters and values by number, across segments.

mod serving;
mod tally;
mod values;

pub(crate) use serving::Serving;
pub(crate) use tally::Tally;
pub(crate) use values::{Texts, Values};

use super::schema::{Fields, Zone};
use crate::Result;
use entity::Day;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocAddress, Searcher, SegmentReader};

/// BM25's saturation of repeated terms.
const K1: f32 = 1.2;

/// What a match of sounds is worth, as zones are weighed.
const SOUNDS: f32 = 4.0;

/// What a match in a second zone adds to that in the best.
const OTHER_ZONES: f32 = 0.1;

/// One searcher with what is needed to read it by number.
pub(crate) struct View<'a> {
    /// The searcher.
    pub searcher: &'a Searcher,
    /// The fields.
    pub fields: &'a Fields,
    serving: &'a Serving,
    /// What was read of zones whose words are told by their pairs: each pair is asked for as itself and for its word.
    lists: RefCell<Lists>,
}

/// A lesson's number and how strongly it matches.
type Match = (u32, f32);

/// Matches by field and term.
type Lists = HashMap<(Field, String), Rc<[Match]>>;

impl<'a> View<'a> {
    /// A view of what serves.
    pub fn new(serving: &'a Serving) -> Self {
        Self { searcher: &serving.searcher, fields: &serving.fields, serving, lists: RefCell::default() }
    }

    /// How many numbers there are; some may be of deleted lessons.
    pub fn len(&self) -> usize {
        self.serving.len
    }

    /// Sums by lesson, all zero.
    pub fn tally(&self) -> Tally {
        self.serving.tally()
    }

    /// The same for what lessons hold in zones.
    pub fn zones(&self) -> Zones {
        Zones(self.tally())
    }

    /// The segments with the number of their first lesson.
    pub fn segments(&self) -> impl Iterator<Item = (u32, &SegmentReader)> {
        self.serving.segments()
    }

    /// Where tantivy keeps the lesson with this number.
    pub fn address(&self, number: u32) -> DocAddress {
        let bases = &self.serving.bases;
        let segment = bases.partition_point(|base| *base <= number).saturating_sub(1);
        let base = bases.get(segment).copied().unwrap_or(0);
        DocAddress::new(u32::try_from(segment).unwrap_or(u32::MAX), number.saturating_sub(base))
    }

    /// Calls `each` with number, frequency and length code for every lesson that holds a term in a field.
    fn postings(&self, field: Field, term: &str, mut each: impl FnMut(u32, u32, u8)) -> Result<()> {
        let term = Term::from_field_text(field, term);
        let normed = self.searcher.schema().get_field_entry(field).has_fieldnorms();
        for (base, segment) in self.segments() {
            let inverted = segment.inverted_index(field)?;
            let Some(mut block) = inverted.read_block_postings(&term, IndexRecordOption::WithFreqs)? else { continue };
            let norms = if normed { Some(segment.get_fieldnorms_reader(field)?) } else { None };
            while block.block_len() > 0 {
                for (doc, frequency) in block.docs().iter().zip(block.freqs()) {
                    each(base + doc, *frequency, norms.as_ref().map_or(0, |norms| norms.fieldnorm_id(*doc)));
                }
                block.advance();
            }
        }
        Ok(())
    }

    /// Whether any zone holds this gram.
    pub fn knows(&self, gram: &str) -> Result<bool> {
        for zone in &self.fields.zones {
            if self.searcher.doc_freq(&Term::from_field_text(zone.grams, gram))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Grams that begin with these letters, at most `most` of them.
    pub fn completions(&self, prefix: &str, most: usize) -> Result<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        for zone in &self.fields.zones {
            for segment in self.searcher.segment_readers() {
                let inverted = segment.inverted_index(zone.grams)?;
                let mut stream = inverted.terms().range().ge(prefix.as_bytes()).into_stream()?;
                while found.len() < most && stream.advance() && stream.key().starts_with(prefix.as_bytes()) {
                    let gram = String::from_utf8_lossy(stream.key()).into_owned();
                    if gram.is_ascii() && !found.contains(&gram) {
                        found.push(gram);
                    }
                }
            }
        }
        Ok(found)
    }

    /// Whether any of these lessons holds all these grams in one zone; the zones that are soon read come first.
    pub fn any_holds(&self, allowed: &[bool], grams: &[String]) -> Result<bool> {
        for zone in &self.fields.zones {
            let mut held = self.zones();
            self.gather(zone.grams, zone, grams, &mut held)?;
            if held.any(|number| allowed.get(number as usize) == Some(&true)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lessons that hold all these grams in one zone, by the best zone.
    pub fn grams(&self, grams: &[String], into: &mut Zones) -> Result<()> {
        self.fields.zones.iter().try_for_each(|zone| self.gather(zone.grams, zone, grams, into))
    }

    /// Lessons that hold this character in title, tags or summary.
    pub fn single(&self, gram: &str, into: &mut Zones) -> Result<()> {
        let mut telling = self.fields.zones.iter().filter(|zone| zone.weight > 1.0);
        telling.try_for_each(|zone| self.gather(zone.grams, zone, &[gram.to_owned()], into))
    }

    /// Lessons that hold this word of jieba's; where words are not kept, all of its pairs.
    pub fn word(&self, word: &str, into: &mut Zones) -> Result<()> {
        let chars: Vec<char> = word.chars().collect();
        let pairs: Vec<String> = chars.windows(2).map(|pair| pair.iter().collect()).collect();
        for zone in &self.fields.zones {
            match zone.words {
                Some(field) => self.gather(field, zone, &[word.to_owned()], into)?,
                None if zone.length_matters > 0.0 => self.gather(zone.grams, zone, &pairs, into)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Lessons that hold this pair of syllables outside the body.
    pub fn sound(&self, pair: &str, into: &mut Zones) -> Result<()> {
        self.postings(self.fields.sounds, pair, |number, frequency, _| {
            into.add(number, SOUNDS * saturated(frequency as f32, 1.0));
        })
    }

    /// Adds what the lessons are worth that hold all these terms in a zone: each as strong as its weakest.
    fn gather(&self, field: Field, zone: &Zone, terms: &[String], into: &mut Zones) -> Result<()> {
        let told_by_pairs = zone.words.is_none() && zone.length_matters > 0.0;
        if let ([term], false) = (terms, told_by_pairs) {
            return self.strengths(field, zone.length_matters, term, |number, strength| {
                into.add(number, strength * zone.weight);
            });
        }
        let mut lists = Vec::with_capacity(terms.len());
        for term in terms {
            let list = self.list(field, zone.length_matters, term)?;
            if list.is_empty() {
                return Ok(());
            }
            lists.push(list);
        }
        lists.sort_by_key(|list| list.len());
        let held = lists.into_iter().reduce(|fewer, more| both(&fewer, &more).into());
        for (number, strength) in held.iter().flat_map(|held| held.iter()) {
            into.add(*number, strength * zone.weight);
        }
        Ok(())
    }

    /// How strongly each lesson holds a term, read once in a search.
    fn list(&self, field: Field, length_matters: f32, term: &str) -> Result<Rc<[Match]>> {
        let key = (field, term.to_owned());
        if let Some(list) = self.lists.borrow().get(&key) {
            return Ok(list.clone());
        }
        let mut list = Vec::new();
        self.strengths(field, length_matters, term, |number, strength| list.push((number, strength)))?;
        let list: Rc<[Match]> = list.into();
        self.lists.borrow_mut().insert(key, list.clone());
        Ok(list)
    }

    fn strengths(&self, field: Field, length_matters: f32, term: &str, mut each: impl FnMut(u32, f32)) -> Result<()> {
        if length_matters == 0.0 {
            return self.postings(field, term, |number, frequency, _| each(number, saturated(frequency as f32, 1.0)));
        }
        let average = self.average_length(field)?;
        let mut lengths = [0.0f32; 256];
        for (code, length) in (0..=u8::MAX).zip(&mut lengths) {
            let longer = FieldNormReader::id_to_fieldnorm(code) as f32 / average;
            *length = 1.0 - length_matters + length_matters * longer;
        }
        self.postings(field, term, |number, frequency, code| {
            let length = lengths.get(usize::from(code)).copied().unwrap_or(1.0);
            each(number, saturated(frequency as f32, length));
        })
    }

    fn average_length(&self, field: Field) -> Result<f32> {
        let mut tokens = 0u64;
        for segment in self.searcher.segment_readers() {
            tokens += segment.inverted_index(field)?.total_num_tokens();
        }
        Ok((tokens as f32 / self.len().max(1) as f32).max(1.0))
    }

    /// The numbers in this field.
    pub fn numbers(&self, name: &str) -> Result<Values<i64>> {
        self.serving.numbers(name)
    }

    /// The unsigned numbers in this field.
    pub fn codes(&self, name: &str) -> Result<Values<u64>> {
        self.serving.codes(name)
    }

    /// The texts in this field.
    pub fn texts(&self, name: &str) -> Result<Texts> {
        self.serving.texts(name)
    }
}

/// How strongly lessons hold something: of each the best zone, and all zones together.
pub(crate) struct Zones(Tally);

impl Zones {
    fn add(&mut self, number: u32, value: f32) {
        if let Some([best, sum]) = self.0.of(number) {
            *best = best.max(value);
            *sum += value;
        }
    }

    fn any(&mut self, is: impl Fn(u32) -> bool) -> bool {
        self.0.numbers().iter().any(|number| is(*number))
    }

    /// How many lessons hold it.
    pub fn holders(&self) -> usize {
        self.0.numbers().len()
    }

    /// Calls `each` with every lesson that holds it and how strongly, and forgets them.
    pub fn empty(&mut self, mut each: impl FnMut(u32, f32)) {
        self.0.empty(|number, [best, sum]| each(number, best + OTHER_ZONES * (sum - best)));
    }
}

/// Days since 1970, as dates are kept in the index.
pub(crate) fn days(day: Day) -> i64 {
    day.signed_duration_since(Day::default()).num_days()
}

fn saturated(frequency: f32, length: f32) -> f32 {
    frequency * (K1 + 1.0) / (frequency + K1 * length)
}

/// The lessons in both lists, which are in order, each as strong as the weaker.
fn both(a: &[Match], b: &[Match]) -> Vec<Match> {
    let find = |number: u32| b.binary_search_by_key(&number, |m| m.0).ok().and_then(|at| b.get(at));
    a.iter().filter_map(|(number, strength)| Some((*number, strength.min(find(*number)?.1)))).collect()
}
