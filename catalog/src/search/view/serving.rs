//! A searcher with what is read of it once and kept while it serves: values of all lessons, and who may see which.

use super::tally::{Tallies, Tally};
use super::values::{Texts, Values};
use crate::search::lexicon::{Lexicon, Vocabulary};
use crate::search::priors;
use crate::search::schema::Fields;
use crate::season::InSeason;
use crate::{Result, Viewer, audience};
use entity::Day;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tantivy::columnar::Column;
use tantivy::schema::{IndexRecordOption, Term};
use tantivy::{Searcher, SegmentReader};

/// Most audiences kept; a county has about as many kinds of viewers as it has villages.
const AUDIENCES: usize = 64;

/// Most sets of priors kept: one for each county with a crop calendar of its own.
const COUNTIES: usize = 16;

/// One searcher, its lessons numbered across segments.
pub(crate) struct Serving {
    /// The searcher.
    pub searcher: Searcher,
    /// The fields.
    pub fields: Fields,
    /// How many numbers there are; some may be of deleted lessons.
    pub len: usize,
    pub(super) bases: Vec<u32>,
    lexicon: Lexicon,
    kept: Mutex<Kept>,
    tallies: Arc<Tallies>,
}

#[derive(Default)]
struct Kept {
    numbers: HashMap<String, Values<i64>>,
    codes: HashMap<String, Values<u64>>,
    texts: HashMap<String, Texts>,
    allowed: VecDeque<(Audience, Arc<[bool]>)>,
    priors: VecDeque<(Preferred, Arc<[f32]>)>,
}

/// What priors depend on beside the lessons.
type Preferred = (Arc<HashMap<i64, i64>>, InSeason);

/// The terms of a viewer, and the day.
type Audience = (Vec<String>, Day);

impl Serving {
    /// Numbers the lessons of a searcher.
    pub fn new(searcher: Searcher, fields: &Fields) -> Self {
        let mut len = 0u32;
        let bases = searcher.segment_readers().iter().map(|segment| {
            let base = len;
            len = len.saturating_add(segment.max_doc());
            base
        });
        let bases = bases.collect();
        let (fields, len) = (fields.clone(), len as usize);
        let (lexicon, kept, tallies) = Default::default();
        Self { searcher, fields, len, bases, lexicon, kept, tallies }
    }

    /// The same index after a commit, with what is still known of it.
    pub fn next(&self, searcher: Searcher) -> Self {
        Self { lexicon: self.lexicon.next(&self.searcher), ..Self::new(searcher, &self.fields) }
    }

    /// The catalog's own words.
    pub fn lexicon(&self) -> Result<Vocabulary> {
        Ok(self.lexicon.of(&self.searcher, &self.fields)?)
    }

    /// What each lesson's score is multiplied by, given the plays and what is in season.
    pub fn priors(&self, plays: &Arc<HashMap<i64, i64>>, season: &InSeason) -> Result<Arc<[f32]>> {
        let same = |(known, in_season): &Preferred| Arc::ptr_eq(known, plays) && in_season == season;
        if let Some((_, known)) = self.kept().priors.iter().find(|(key, _)| same(key)) {
            return Ok(known.clone());
        }
        let priors: Arc<[f32]> = priors::of_all(self, plays, season)?.into();
        let mut kept = self.kept();
        kept.priors.truncate(COUNTIES - 1);
        kept.priors.push_front(((plays.clone(), season.clone()), priors.clone()));
        Ok(priors)
    }

    /// Sums by lesson, all zero.
    pub fn tally(&self) -> Tally {
        self.tallies.take(self.len)
    }

    /// The segments with the number of their first lesson.
    pub fn segments(&self) -> impl Iterator<Item = (u32, &SegmentReader)> {
        self.bases.iter().copied().zip(self.searcher.segment_readers())
    }

    /// The numbers in this field.
    pub fn numbers(&self, name: &str) -> Result<Values<i64>> {
        let mut kept = self.kept();
        if let Some(values) = kept.numbers.get(name) {
            return Ok(values.clone());
        }
        let values = Values::unpack(self, |segment| Ok(segment.fast_fields().i64(name)?))?;
        kept.numbers.insert(name.to_owned(), values.clone());
        Ok(values)
    }

    /// The unsigned numbers in this field.
    pub fn codes(&self, name: &str) -> Result<Values<u64>> {
        let mut kept = self.kept();
        if let Some(values) = kept.codes.get(name) {
            return Ok(values.clone());
        }
        let values = Values::unpack(self, |segment| Ok(segment.fast_fields().u64(name)?))?;
        kept.codes.insert(name.to_owned(), values.clone());
        Ok(values)
    }

    /// The texts in this field.
    pub fn texts(&self, name: &str) -> Result<Texts> {
        let mut kept = self.kept();
        if let Some(texts) = kept.texts.get(name) {
            return Ok(texts.clone());
        }
        let texts = Texts::unpack(self, name)?;
        kept.texts.insert(name.to_owned(), texts.clone());
        Ok(texts)
    }

    /// Which lessons this viewer may find today.
    pub fn allowed(&self, viewer: &Viewer, today: Day) -> Result<Arc<[bool]>> {
        let audience = (audience::terms_for(viewer), today);
        if let Some((_, known)) = self.kept().allowed.iter().find(|(known, _)| *known == audience) {
            return Ok(known.clone());
        }
        let allowed: Arc<[bool]> = self.find_allowed(&audience)?.into();
        let mut kept = self.kept();
        kept.allowed.truncate(AUDIENCES - 1);
        kept.allowed.push_front((audience, allowed.clone()));
        Ok(allowed)
    }

    fn find_allowed(&self, (terms, today): &Audience) -> Result<Vec<bool>> {
        let mut allowed = vec![false; self.len];
        let today = super::days(*today);
        for (base, segment) in self.segments() {
            let end = base + segment.max_doc();
            let Some(flags) = allowed.get_mut(base as usize..end as usize) else { continue };
            let inverted = segment.inverted_index(self.fields.audience)?;
            for term in terms {
                let term = Term::from_field_text(self.fields.audience, term);
                if let Some(mut block) = inverted.read_block_postings(&term, IndexRecordOption::Basic)? {
                    while block.block_len() > 0 {
                        block.docs().iter().for_each(|doc| set(flags, *doc, true));
                        block.advance();
                    }
                }
            }
            drop_gone(segment, today, flags)?;
        }
        Ok(allowed)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes deleted and expired lessons out of what may be found.
fn drop_gone(segment: &SegmentReader, today: i64, flags: &mut [bool]) -> Result<()> {
    let until: Column<i64> = segment.fast_fields().i64("valid_until")?;
    let some_expired = until.values.num_vals() > 0 && until.min_value() < today;
    if !some_expired && !segment.has_deletes() {
        return Ok(());
    }
    for doc in 0..segment.max_doc() {
        if segment.is_deleted(doc) || (some_expired && until.first(doc).is_some_and(|until| until < today)) {
            set(flags, doc, false);
        }
    }
    Ok(())
}

fn set(flags: &mut [bool], doc: u32, value: bool) {
    if let Some(flag) = flags.get_mut(doc as usize) {
        *flag = value;
    }
}
