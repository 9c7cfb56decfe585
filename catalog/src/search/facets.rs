//! What an answer can be narrowed by: whether a lesson passes each filter, and how many hits each value would leave.
//!
//! Each facet is counted over the hits that pass all filters but its own, in one walk over them. Text matching and
//! audience were decided before, so the counts are exact for the caller. A lesson is in the language it is taught in and
//! in those of its voices, and counts once for each.

use super::answer::{FacetCount, Facets, SearchQuery};
use super::bands::{LengthBand, SizeBand};
use super::rank::Scored;
use super::view::{Texts, Values, View};
use crate::Result;
use entity::{Category, Level};

/// Most crops a facet lists beside the chosen ones.
const CROPS: usize = 20;

/// The facets, as bits of what a lesson fails.
#[derive(Clone, Copy)]
enum Facet {
    Category,
    Crop,
    Level,
    Language,
    Length,
    Captions,
    Size,
}

/// The values hits are filtered and counted by.
pub(crate) struct Shelf {
    category: Values<u64>,
    level: Values<u64>,
    language: Texts,
    crop: Texts,
    duration: Values<i64>,
    smallest: Values<i64>,
    captions: Values<u64>,
}

impl Shelf {
    /// The shelf of all lessons.
    pub fn new(view: &View<'_>) -> Result<Self> {
        Ok(Self {
            category: view.codes("category")?,
            level: view.codes("level")?,
            language: view.texts("language")?,
            crop: view.texts("crop")?,
            duration: view.numbers("duration")?,
            smallest: view.numbers("smallest")?,
            captions: view.codes("captions")?,
        })
    }

    /// The category of a lesson.
    pub fn category(&self, number: u32) -> Category {
        word(Category::ALL, &self.category, number).unwrap_or(Category::Other)
    }

    /// The level of a lesson.
    pub fn level(&self, number: u32) -> Level {
        word(Level::ALL, &self.level, number).unwrap_or(Level::Entry)
    }

    /// Bytes of the smallest form of a lesson that can be played.
    pub fn smallest(&self, number: u32) -> i64 {
        self.smallest.of(number).unwrap_or(0)
    }

    /// Whether a lesson has captions.
    pub fn has_captions(&self, number: u32) -> bool {
        self.captions.of(number).is_some_and(|some| some > 0)
    }

    fn length(&self, number: u32) -> LengthBand {
        LengthBand::of(self.duration.of(number).unwrap_or(0))
    }

    /// Leaves the hits that pass all filters, and counts what each facet would leave.
    pub fn narrow(&self, query: &SearchQuery, scored: Vec<Scored>) -> (Vec<Scored>, Facets) {
        let mut counts = Counts::new(self);
        let mut kept = Vec::with_capacity(scored.len());
        for hit in scored {
            let failed = self.failed(query, hit.number);
            counts.add(self, hit.number, failed);
            if failed == 0 {
                kept.push(hit);
            }
        }
        (kept, counts.facets(self, query))
    }

    /// The filters a lesson fails, as bits.
    fn failed(&self, query: &SearchQuery, number: u32) -> u8 {
        let text = |wanted: &[String], of: &Texts| wanted.is_empty() || of.has_any(number, wanted);
        let passes = [
            (Facet::Category, among(&query.category, || self.category(number))),
            (Facet::Crop, text(&query.crop, &self.crop)),
            (Facet::Level, among(&query.level, || self.level(number))),
            (Facet::Language, text(&query.language, &self.language)),
            (Facet::Length, among(&query.length, || self.length(number))),
            (Facet::Captions, query.captions.is_none_or(|wanted| self.has_captions(number) == wanted)),
            (Facet::Size, among(&query.size_band, || SizeBand::of(self.smallest(number)))),
        ];
        passes.into_iter().filter(|(_, passed)| !passed).fold(0, |bits, (facet, _)| bits | bit(facet))
    }
}

fn bit(facet: Facet) -> u8 {
    1 << facet as u8
}

fn among<T: PartialEq>(wanted: &[T], value: impl FnOnce() -> T) -> bool {
    wanted.is_empty() || wanted.contains(&value())
}

fn word<T: Copy>(all: &[T], values: &Values<u64>, number: u32) -> Option<T> {
    all.get(usize::try_from(values.of(number)?).ok()?).copied()
}

/// Running counts, each by the place of the value in the list of its facet.
struct Counts {
    category: Vec<u64>,
    crop: Vec<u64>,
    level: Vec<u64>,
    language: Vec<u64>,
    length: Vec<u64>,
    captions: Vec<u64>,
    size: Vec<u64>,
}

impl Counts {
    fn new(shelf: &Shelf) -> Self {
        Self {
            category: vec![0; Category::ALL.len()],
            crop: vec![0; shelf.crop.all().len()],
            level: vec![0; Level::ALL.len()],
            language: vec![0; shelf.language.all().len()],
            length: vec![0; LengthBand::ALL.len()],
            captions: vec![0; 2],
            size: vec![0; SizeBand::ALL.len()],
        }
    }

    /// Counts a hit in every facet whose other filters it passes.
    fn add(&mut self, shelf: &Shelf, number: u32, failed: u8) {
        let counts = |facet| failed & !bit(facet) == 0;
        if counts(Facet::Category) {
            count(&mut self.category, place(Category::ALL, shelf.category(number)));
        }
        if counts(Facet::Crop) {
            count(&mut self.crop, shelf.crop.place(number));
        }
        if counts(Facet::Level) {
            count(&mut self.level, place(Level::ALL, shelf.level(number)));
        }
        if counts(Facet::Language) {
            shelf.language.places(number).for_each(|place| count(&mut self.language, Some(place)));
        }
        if counts(Facet::Length) {
            count(&mut self.length, place(LengthBand::ALL, shelf.length(number)));
        }
        if counts(Facet::Captions) {
            count(&mut self.captions, Some(usize::from(shelf.has_captions(number))));
        }
        if counts(Facet::Size) {
            count(&mut self.size, place(SizeBand::ALL, SizeBand::of(shelf.smallest(number))));
        }
    }

    fn facets(self, shelf: &Shelf, query: &SearchQuery) -> Facets {
        let words = |words: &[(&str, &str)], counts: &[u64]| -> Vec<FacetCount> {
            words.iter().zip(counts).map(|((value, label), count)| facet(value, label, *count)).collect()
        };
        let texts = |texts: &[String], counts: &[u64]| -> Vec<FacetCount> {
            texts.iter().zip(counts).map(|(text, count)| facet(text, text, *count)).collect()
        };
        let category: Vec<_> = Category::ALL.iter().map(|word| (word.as_str(), word.label())).collect();
        let level: Vec<_> = Level::ALL.iter().map(|word| (word.as_str(), word.label())).collect();
        let length: Vec<_> = LengthBand::ALL.iter().map(|band| (band.as_str(), band.label())).collect();
        let size: Vec<_> = SizeBand::ALL.iter().map(|band| (band.as_str(), band.label())).collect();
        let mut crop = most_first(texts(shelf.crop.all(), &self.crop));
        let mut listed = 0;
        crop.retain(|crop| {
            listed += 1;
            listed <= CROPS || query.crop.contains(&crop.value)
        });
        Facets {
            category: most_first(words(&category, &self.category)),
            crop,
            level: some(words(&level, &self.level)),
            language: most_first(texts(shelf.language.all(), &self.language)),
            length: some(words(&length, &self.length)),
            captions: some(words(&[("false", "无字幕"), ("true", "有字幕")], &self.captions)),
            size_band: some(words(&size, &self.size)),
        }
    }
}

fn facet(value: &str, label: &str, count: u64) -> FacetCount {
    FacetCount { value: value.to_owned(), label: label.to_owned(), count }
}

fn place<T: PartialEq>(all: &[T], one: T) -> Option<usize> {
    all.iter().position(|other| *other == one)
}

fn count(counts: &mut [u64], place: Option<usize>) {
    if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
        *count += 1;
    }
}

/// The values some hit has, in the order of the list.
fn some(mut counts: Vec<FacetCount>) -> Vec<FacetCount> {
    counts.retain(|count| count.count > 0);
    counts
}

fn most_first(counts: Vec<FacetCount>) -> Vec<FacetCount> {
    let mut counts = some(counts);
    counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    counts
}
