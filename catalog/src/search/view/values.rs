//! Values kept beside the lessons in columns, unpacked once for a searcher and read by the number of the lesson.

use super::Serving;
use crate::Result;
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::columnar::{Column, StrColumn};

/// One field's values, by the number of the lesson. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Values<T> {
    values: Arc<[T]>,
    /// Lessons without a value, in order; nearly always none.
    missing: Arc<[u32]>,
}

impl<T: PartialOrd + Copy + Default + std::fmt::Debug + Send + Sync + 'static> Values<T> {
    /// Unpacks the columns of all segments.
    pub(super) fn unpack(
        fresh: &Serving,
        column: impl Fn(&tantivy::SegmentReader) -> Result<Column<T>>,
    ) -> Result<Self> {
        let (mut values, mut missing) = (Vec::with_capacity(fresh.len), Vec::new());
        for (base, segment) in fresh.segments() {
            let column = column(segment)?;
            for doc in 0..segment.max_doc() {
                values.push(column.first(doc).unwrap_or_else(|| {
                    missing.push(base + doc);
                    T::default()
                }));
            }
        }
        Ok(Self { values: values.into(), missing: missing.into() })
    }

    /// The value of a lesson, if it has one.
    pub fn of(&self, number: u32) -> Option<T> {
        let value = self.values.get(number as usize).copied()?;
        (self.missing.is_empty() || self.missing.binary_search(&number).is_err()).then_some(value)
    }
}

/// One field's texts, by the number of the lesson. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Texts {
    texts: Arc<[String]>,
    /// The place of each lesson's first text, or [`NONE`].
    places: Arc<[u32]>,
    /// The places of the others, of the few lessons that have several.
    more: Arc<HashMap<u32, Vec<u32>>>,
}

const NONE: u32 = u32::MAX;

impl Texts {
    /// Unpacks the columns of all segments.
    pub(super) fn unpack(fresh: &Serving, name: &str) -> Result<Self> {
        let (mut texts, mut known) = (Vec::new(), HashMap::new());
        let (mut places, mut more) = (Vec::with_capacity(fresh.len), HashMap::new());
        for (base, segment) in fresh.segments() {
            let column = segment.fast_fields().str(name)?;
            let of_ords = column.as_ref().map(|column| place_all(column, &mut texts, &mut known)).transpose()?;
            for doc in 0..segment.max_doc() {
                let ords = column.iter().flat_map(|column| column.ords().values_for_doc(doc));
                let mut all = ords.filter_map(|ord| of_ords.as_ref()?.get(usize::try_from(ord).ok()?).copied());
                places.push(all.next().unwrap_or(NONE));
                let others: Vec<u32> = all.collect();
                if !others.is_empty() {
                    more.insert(base + doc, others);
                }
            }
        }
        Ok(Self { texts: texts.into(), places: places.into(), more: more.into() })
    }

    /// Whether a lesson has one of these texts.
    pub fn has_any(&self, number: u32, wanted: &[String]) -> bool {
        self.places(number).filter_map(|place| self.texts.get(place)).any(|text| wanted.contains(text))
    }

    /// Every text, each once.
    pub fn all(&self) -> &[String] {
        &self.texts
    }

    /// The places of a lesson's texts among [`all`](Self::all), each once.
    pub fn places(&self, number: u32) -> impl Iterator<Item = usize> {
        let others = self.more.get(&number).into_iter().flatten().map(|place| *place as usize);
        self.place(number).into_iter().chain(others)
    }

    /// The place of a lesson's first text among [`all`](Self::all).
    pub fn place(&self, number: u32) -> Option<usize> {
        self.places.get(number as usize).filter(|place| **place != NONE).map(|place| *place as usize)
    }
}

/// The place in `texts` of every text of a column; those not there yet are added.
fn place_all(column: &StrColumn, texts: &mut Vec<String>, known: &mut HashMap<String, u32>) -> Result<Vec<u32>> {
    let mut places = Vec::new();
    let mut text = String::new();
    for ord in 0..column.num_terms() as u64 {
        column.ord_to_str(ord, &mut text)?;
        let next = u32::try_from(texts.len()).unwrap_or(NONE);
        places.push(*known.entry(text.clone()).or_insert_with(|| {
            texts.push(text.clone());
            next
        }));
    }
    Ok(places)
}
