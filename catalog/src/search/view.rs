//! A searcher seen as one numbered list of lessons: postings, filters and values by number, across segments.

mod serving;
mod values;

pub(crate) use serving::Serving;
pub(crate) use values::{Texts, Values};

use super::schema::{Fields, Zone};
use crate::Result;
use entity::Day;
use std::cell::RefCell;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocAddress, Searcher, SegmentReader};

/// BM25's saturation of repeated terms.
const K1: f32 = 1.2;

/// What a match in a second zone adds to that in the best.
const OTHER_ZONES: f32 = 0.1;

/// One searcher with what is needed to read it by number.
pub(crate) struct View<'a> {
    /// The searcher.
    pub searcher: &'a Searcher,
    /// The fields.
    pub fields: &'a Fields,
    serving: &'a Serving,
    scratch: RefCell<Scratch>,
}

/// A lesson's number and how strongly it matches.
pub(crate) type Match = (u32, f32);

#[derive(Default)]
struct Scratch {
    best: Vec<f32>,
    sum: Vec<f32>,
    touched: Vec<u32>,
}

impl Scratch {
    fn add(&mut self, number: u32, value: f32) {
        let (Some(best), Some(sum)) = (self.best.get_mut(number as usize), self.sum.get_mut(number as usize)) else {
            return;
        };
        if *sum == 0.0 {
            self.touched.push(number);
        }
        *best = best.max(value);
        *sum += value;
    }
}

impl<'a> View<'a> {
    /// A view of what serves.
    pub fn new(serving: &'a Serving) -> Self {
        let scratch = Scratch { best: vec![0.0; serving.len], sum: vec![0.0; serving.len], touched: Vec::new() };
        Self { searcher: &serving.searcher, fields: &serving.fields, serving, scratch: RefCell::new(scratch) }
    }

    /// How many numbers there are; some may be of deleted lessons.
    pub fn len(&self) -> usize {
        self.serving.len
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

    /// Lessons that hold all these grams in one zone, by the best zone.
    pub fn grams(&self, grams: &[String]) -> Result<Vec<Match>> {
        for zone in &self.fields.zones {
            self.gather(zone.grams, zone, grams)?;
        }
        Ok(self.take())
    }

    /// Lessons that hold this character in title, tags or summary.
    pub fn single(&self, gram: &str) -> Result<Vec<Match>> {
        for zone in self.fields.zones.iter().filter(|zone| zone.weight > 1.0) {
            self.gather(zone.grams, zone, &[gram.to_owned()])?;
        }
        Ok(self.take())
    }

    /// Lessons that hold this word of jieba's; where words are not kept, all of its pairs.
    pub fn word(&self, word: &str) -> Result<Vec<Match>> {
        let chars: Vec<char> = word.chars().collect();
        let pairs: Vec<String> = chars.windows(2).map(|pair| pair.iter().collect()).collect();
        for zone in &self.fields.zones {
            match zone.words {
                Some(field) => self.gather(field, zone, &[word.to_owned()])?,
                None if zone.length_matters > 0.0 => self.gather(zone.grams, zone, &pairs)?,
                None => {}
            }
        }
        Ok(self.take())
    }

    /// Lessons that hold this pair of syllables outside the body.
    pub fn sound(&self, pair: &str) -> Result<Vec<Match>> {
        let mut found = Vec::new();
        self.postings(self.fields.sounds, pair, |number, frequency, _| {
            found.push((number, saturated(frequency as f32, 1.0)));
        })?;
        Ok(found)
    }

    /// Adds what the lessons are worth that hold all these terms in a zone: each as strong as its weakest.
    fn gather(&self, field: Field, zone: &Zone, terms: &[String]) -> Result<()> {
        let [term] = terms else {
            let mut lists = Vec::with_capacity(terms.len());
            for term in terms {
                let mut matches = Vec::new();
                self.strengths(field, zone.length_matters, term, |number, strength| matches.push((number, strength)))?;
                if matches.is_empty() {
                    return Ok(());
                }
                lists.push(matches);
            }
            lists.sort_by_key(Vec::len);
            let held = lists.into_iter().reduce(|fewer, more| both(&fewer, &more)).unwrap_or_default();
            let mut scratch = self.scratch.borrow_mut();
            held.into_iter().for_each(|(number, strength)| scratch.add(number, strength * zone.weight));
            return Ok(());
        };
        let mut scratch = self.scratch.borrow_mut();
        self.strengths(field, zone.length_matters, term, |number, strength| scratch.add(number, strength * zone.weight))
    }

    fn take(&self) -> Vec<Match> {
        let mut scratch = self.scratch.borrow_mut();
        let Scratch { best, sum, touched } = &mut *scratch;
        let mut matches = Vec::with_capacity(touched.len());
        for number in touched.drain(..) {
            let (Some(best), Some(sum)) = (best.get_mut(number as usize), sum.get_mut(number as usize)) else {
                continue;
            };
            matches.push((number, *best + OTHER_ZONES * (*sum - *best)));
            (*best, *sum) = (0.0, 0.0);
        }
        matches
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
