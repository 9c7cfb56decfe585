//! A searcher seen as one numbered list of lessons: postings, filters and values by number, across segments.

mod values;

pub(crate) use values::{Texts, Values};

use super::schema::{Fields, Zone};
use crate::audience;
use crate::{Result, Viewer};
use entity::Day;
use std::cell::RefCell;
use tantivy::columnar::Column;
use tantivy::postings::Postings;
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocAddress, DocSet, Searcher, SegmentReader, TERMINATED};

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
    bases: Vec<u32>,
    len: usize,
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

impl<'a> View<'a> {
    /// Numbers the lessons of a searcher.
    pub fn new(searcher: &'a Searcher, fields: &'a Fields) -> Self {
        let mut len = 0u32;
        let bases = searcher.segment_readers().iter().map(|segment| {
            let base = len;
            len = len.saturating_add(segment.max_doc());
            base
        });
        let bases = bases.collect();
        let len = len as usize;
        let scratch = Scratch { best: vec![0.0; len], sum: vec![0.0; len], touched: Vec::new() };
        Self { searcher, fields, bases, len, scratch: RefCell::new(scratch) }
    }

    /// How many numbers there are; some may be of deleted lessons.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The segments with the number of their first lesson.
    pub fn segments(&self) -> impl Iterator<Item = (u32, &SegmentReader)> {
        self.bases.iter().copied().zip(self.searcher.segment_readers())
    }

    /// Where tantivy keeps the lesson with this number.
    pub fn address(&self, number: u32) -> DocAddress {
        let segment = self.bases.partition_point(|base| *base <= number).saturating_sub(1);
        let base = self.bases.get(segment).copied().unwrap_or(0);
        DocAddress::new(u32::try_from(segment).unwrap_or(u32::MAX), number.saturating_sub(base))
    }

    /// Which lessons this viewer may find today.
    pub fn allowed(&self, viewer: &Viewer, today: Day) -> Result<Vec<bool>> {
        let mut allowed = vec![false; self.len];
        for term in audience::terms_for(viewer) {
            self.postings(self.fields.audience, &term, |number, _, _| set(&mut allowed, number, true))?;
        }
        let today = days(today);
        for (base, segment) in self.segments() {
            let until: Column<i64> = segment.fast_fields().i64("valid_until")?;
            let some_expired = until.values.num_vals() > 0 && until.min_value() < today;
            if !some_expired && !segment.has_deletes() {
                continue;
            }
            for doc in 0..segment.max_doc() {
                let expired = some_expired && until.first(doc).is_some_and(|until| until < today);
                if expired || segment.is_deleted(doc) {
                    set(&mut allowed, base + doc, false);
                }
            }
        }
        Ok(allowed)
    }

    /// Calls `each` with number, frequency and length norm for every lesson that holds a term in a field.
    fn postings(&self, field: Field, term: &str, mut each: impl FnMut(u32, u32, u32)) -> Result<()> {
        let term = Term::from_field_text(field, term);
        let normed = self.searcher.schema().get_field_entry(field).has_fieldnorms();
        for (base, segment) in self.segments() {
            let inverted = segment.inverted_index(field)?;
            let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::WithFreqs)? else { continue };
            let norms = if normed { Some(segment.get_fieldnorms_reader(field)?) } else { None };
            let mut doc = postings.doc();
            while doc != TERMINATED {
                let norm = norms.as_ref().map_or(0, |norms| norms.fieldnorm(doc));
                each(base + doc, postings.term_freq(), norm);
                doc = postings.advance();
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

    /// Lessons that hold this word of jieba's.
    pub fn word(&self, word: &str) -> Result<Vec<Match>> {
        for zone in &self.fields.zones {
            if let Some(field) = zone.words {
                self.gather(field, zone, &[word.to_owned()])?;
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

    fn gather(&self, field: Field, zone: &Zone, terms: &[String]) -> Result<()> {
        let mut matches = match terms.first() {
            Some(term) => self.strengths(field, zone.length_matters, term)?,
            None => return Ok(()),
        };
        for term in terms.iter().skip(1) {
            matches = both(&matches, &self.strengths(field, zone.length_matters, term)?);
        }
        let mut scratch = self.scratch.borrow_mut();
        let Scratch { best, sum, touched } = &mut *scratch;
        for (number, strength) in matches {
            let (Some(best), Some(sum)) = (best.get_mut(number as usize), sum.get_mut(number as usize)) else {
                continue;
            };
            if *sum == 0.0 {
                touched.push(number);
            }
            let value = strength * zone.weight;
            *best = best.max(value);
            *sum += value;
        }
        Ok(())
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

    fn strengths(&self, field: Field, length_matters: f32, term: &str) -> Result<Vec<Match>> {
        let average = self.average_length(field)?;
        let mut matches = Vec::new();
        self.postings(field, term, |number, frequency, length| {
            let longer = if length_matters > 0.0 { length as f32 / average } else { 1.0 };
            matches.push((number, saturated(frequency as f32, 1.0 - length_matters + length_matters * longer)));
        })?;
        Ok(matches)
    }

    fn average_length(&self, field: Field) -> Result<f32> {
        let mut tokens = 0u64;
        for segment in self.searcher.segment_readers() {
            tokens += segment.inverted_index(field)?.total_num_tokens();
        }
        Ok((tokens as f32 / self.len.max(1) as f32).max(1.0))
    }

    /// The numbers in this field.
    pub fn numbers(&self, name: &str) -> Result<Values<i64>> {
        self.values(|segment| Ok(segment.fast_fields().i64(name)?))
    }

    /// The unsigned numbers in this field.
    pub fn codes(&self, name: &str) -> Result<Values<u64>> {
        self.values(|segment| Ok(segment.fast_fields().u64(name)?))
    }

    /// The texts in this field.
    pub fn texts(&self, name: &str) -> Result<Texts> {
        let mut texts: Vec<String> = Vec::new();
        let mut places = Vec::new();
        let mut ords = Vec::new();
        for (base, segment) in self.segments() {
            if let Some(column) = segment.fast_fields().str(name)? {
                places.push(values::place_all(&column, &mut texts)?);
                ords.push((base, column.ords().clone()));
            }
        }
        Ok(Texts { texts, places, ords: Values { columns: ords } })
    }

    fn values<T>(&self, column: impl Fn(&SegmentReader) -> Result<Column<T>>) -> Result<Values<T>> {
        let columns = self.segments().map(|(base, segment)| Ok((base, column(segment)?)));
        Ok(Values { columns: columns.collect::<Result<_>>()? })
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

fn set(flags: &mut [bool], number: u32, value: bool) {
    if let Some(flag) = flags.get_mut(number as usize) {
        *flag = value;
    }
}
