//! From scored lessons to an answer: filters, facets, order, the page, and what is shown of each hit.

use super::answer::{Answer, FacetCount, Facets, Hit, SearchQuery, Sort};
use super::document::{Card, season_bit};
use super::highlight::{Needles, Passage};
use super::rank::Scored;
use super::view::{Texts, Values, View, days};
use crate::{Result, page, season};
use entity::{Category, CourseId, Day, LessonId, Level};
use std::collections::HashMap;
use tantivy::schema::Value;
use tantivy::{TantivyDocument, schema::Field};

/// Most crops a facet lists.
const CROPS: usize = 20;

/// The values hits are filtered and counted by.
struct Shelf {
    category: Values<u64>,
    level: Values<u64>,
    language: Texts,
    crop: Texts,
}

/// Which filters a lesson passes: category, crop, level, language.
type Passes = [bool; 4];

/// Makes the answer of scored lessons.
pub(crate) fn answer(
    view: &View<'_>,
    query: &SearchQuery,
    scored: Vec<Scored>,
    needles: &Needles,
    plays: &HashMap<i64, i64>,
    today: Day,
) -> Result<Answer> {
    let first = page::first_row(query.page, query.size)? as usize;
    let shelf = Shelf {
        category: view.codes("category")?,
        level: view.codes("level")?,
        language: view.texts("language")?,
        crop: view.texts("crop")?,
    };
    let passes: Vec<(Scored, Passes)> = scored.into_iter().map(|s| (s, shelf.passes(query, s.number))).collect();
    let facets = shelf.facets(&passes);
    let mut kept: Vec<Scored> =
        passes.into_iter().filter(|(_, passes)| passes.iter().all(|p| *p)).map(|(s, _)| s).collect();
    order(view, query.sort, &mut kept, plays)?;
    let mut hits = Vec::new();
    let shown = Shown { view, needles, plays, today };
    for scored in kept.iter().skip(first).take(query.size as usize) {
        hits.push(shown.hit(scored, &shelf)?);
    }
    let weak_total = kept.iter().filter(|scored| scored.weak).count() as u64;
    Ok(Answer { total: kept.len() as u64, weak_total, hits, facets, ..Answer::default() })
}

impl Shelf {
    fn category(&self, number: u32) -> Category {
        word(Category::ALL, &self.category, number).unwrap_or(Category::Other)
    }

    fn level(&self, number: u32) -> Level {
        word(Level::ALL, &self.level, number).unwrap_or(Level::Entry)
    }

    fn passes(&self, query: &SearchQuery, number: u32) -> Passes {
        let same =
            |wanted: &Option<String>, of: &Texts| wanted.as_deref().is_none_or(|wanted| of.of(number) == Some(wanted));
        [
            query.category.is_none_or(|wanted| self.category(number) == wanted),
            same(&query.crop, &self.crop),
            query.level.is_none_or(|wanted| self.level(number) == wanted),
            same(&query.language, &self.language),
        ]
    }

    /// Counts each facet over the hits that pass all filters but its own.
    fn facets(&self, hits: &[(Scored, Passes)]) -> Facets {
        let left = |facet: usize| {
            let passes = move |p: &Passes| p.iter().enumerate().all(|(at, passed)| *passed || at == facet);
            hits.iter().filter(move |(_, p)| passes(p)).map(|(scored, _)| scored.number)
        };
        let mut crop = count(left(1).filter_map(|n| self.crop.of(n)).map(|text| (text, text)));
        crop.truncate(CROPS);
        Facets {
            category: count(left(0).map(|n| self.category(n)).map(|word| (word.as_str(), word.label()))),
            crop,
            level: count(left(2).map(|n| self.level(n)).map(|word| (word.as_str(), word.label()))),
            language: count(left(3).filter_map(|n| self.language.of(n)).map(|text| (text, text))),
        }
    }
}

fn word<T: Copy>(all: &[T], values: &Values<u64>, number: u32) -> Option<T> {
    all.get(usize::try_from(values.of(number)?).ok()?).copied()
}

fn count<'a>(values: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<FacetCount> {
    let mut counts: HashMap<(&str, &str), u64> = HashMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let facet = |((value, label), count): ((&str, &str), u64)| FacetCount {
        value: value.to_owned(),
        label: label.to_owned(),
        count,
    };
    let mut facets: Vec<FacetCount> = counts.into_iter().map(facet).collect();
    facets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    facets
}

fn order(view: &View<'_>, sort: Sort, hits: &mut [Scored], plays: &HashMap<i64, i64>) -> Result<()> {
    let ids = view.numbers("id")?;
    let by = match sort {
        Sort::Relevance => return Ok(()),
        Sort::Newest => view.numbers("published")?,
        Sort::Plays => view.numbers("plays")?,
        Sort::Shortest => view.numbers("duration")?,
        Sort::Smallest => view.numbers("size")?,
    };
    let key = |number: u32| {
        let (id, value) = (ids.of(number).unwrap_or(0), by.of(number).unwrap_or(0));
        let key = match sort {
            Sort::Newest => -value,
            Sort::Plays => -plays.get(&id).copied().unwrap_or(0).max(value),
            _ => value,
        };
        (key, -id)
    };
    hits.sort_by_cached_key(|hit| (hit.weak, key(hit.number)));
    Ok(())
}

/// What is needed to show a hit.
struct Shown<'a> {
    view: &'a View<'a>,
    needles: &'a Needles,
    plays: &'a HashMap<i64, i64>,
    today: Day,
}

impl Shown<'_> {
    fn hit(&self, scored: &Scored, shelf: &Shelf) -> Result<Hit> {
        let address = self.view.address(scored.number);
        let doc: TantivyDocument = self.view.searcher.doc(address)?;
        let text = |field: Field| doc.get_first(field).and_then(|value| value.as_str()).unwrap_or_default();
        let card: Card = serde_json::from_str(text(self.view.fields.card))
            .map_err(|cause| tantivy::TantivyError::InternalError(format!("broken card: {cause}")))?;
        let number = |name: &str| -> Result<i64> {
            let segment = self.view.searcher.segment_reader(address.segment_ord);
            Ok(segment.fast_fields().i64(name)?.first(address.doc_id).unwrap_or(0))
        };
        let (id, duration_ms, published) = (number("id")?, number("duration")?, number("published")?);
        let (snippet, at) = self.snippet(&card.summary, text(self.view.fields.body));
        let said_at = |part: f64| (duration_ms as f64 * part) as i64;
        Ok(Hit {
            lesson_id: LessonId(id),
            course_id: CourseId(card.course_id),
            title_html: self.needles.mark(&card.title),
            snippet,
            category: shelf.category(scored.number),
            level: shelf.level(scored.number),
            duration_ms,
            size_bytes: number("size")?,
            published: (published != 0).then(|| Day::default() + chrono::Duration::days(published)),
            plays: self.plays.get(&id).copied().unwrap_or(0).max(number("plays")?),
            match_at_ms: at.filter(|_| duration_ms > 0).map(said_at),
            weak: scored.weak,
            in_season: card.season.as_deref().is_some_and(|text| season::fits(text, self.today)),
            score: scored.score,
            slug: card.slug,
            title: card.title,
            language: card.language,
            lecturer: card.lecturer,
            crop: card.crop,
        })
    }

    /// The passage of the transcript when it matches better than the summary, with its place; else the summary's.
    fn snippet(&self, summary: &str, body: &str) -> (String, Option<f64>) {
        let (of_summary, of_body) = (self.needles.passage(summary), self.needles.passage(body));
        match (of_summary, of_body) {
            (Passage { worth, html, .. }, of_body) if worth > 0 && worth >= of_body.worth => (html, None),
            (_, Passage { worth, html, at }) if worth > 0 => (html, Some(at)),
            (of_summary, of_body) if summary.is_empty() => {
                (if body.is_empty() { of_summary.html } else { of_body.html }, None)
            }
            (of_summary, _) => (of_summary.html, None),
        }
    }
}

/// Small priors: use, recency, season. At most a tenth together, so that they only part near-ties.
pub(crate) struct Priors<'a> {
    ids: Values<i64>,
    plays_then: Values<i64>,
    published: Values<i64>,
    seasons: Values<u64>,
    plays: &'a HashMap<i64, i64>,
    today: Day,
}

impl<'a> Priors<'a> {
    /// The priors of today.
    pub fn new(view: &View<'_>, plays: &'a HashMap<i64, i64>, today: Day) -> Result<Self> {
        Ok(Self {
            ids: view.numbers("id")?,
            plays_then: view.numbers("plays")?,
            published: view.numbers("published")?,
            seasons: view.codes("season")?,
            plays,
            today,
        })
    }

    /// What a lesson's score is multiplied by, from 1 to 1.1.
    pub fn of(&self, number: u32) -> f32 {
        let live = self.ids.of(number).and_then(|id| self.plays.get(&id)).copied().unwrap_or(0);
        let plays = live.max(self.plays_then.of(number).unwrap_or(0)).max(0) as f32;
        let used = (plays.ln_1p() / MANY_PLAYS.ln_1p()).min(1.0);
        let age_days = (days(self.today) - self.published.of(number).unwrap_or(0)).max(0) as f32;
        let fits = self.seasons.of(number).is_some_and(|bits| bits & season_bit(self.today) != 0);
        1.0 + 0.04 * used + 0.03 / (1.0 + age_days / 730.0) + if fits { 0.03 } else { 0.0 }
    }
}

/// Plays from which on a lesson counts as used as much as any.
const MANY_PLAYS: f32 = 20_000.0;
