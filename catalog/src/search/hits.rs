//! From scored lessons to an answer: order, the page, and what is shown of each hit.

use super::answer::{Answer, Hit, SearchQuery, Sort};
use super::cursor::Cursor;
use super::document::Card;
use super::facets::Shelf;
use super::highlight::{Needles, Passage};
use super::passages;
use super::rank::{Scored, better, first_in_order};
use super::view::View;
use crate::season::InSeason;
use crate::{Error, Result, page};
use entity::{CourseId, Day, LessonId};
use std::collections::HashMap;
use tantivy::schema::Value;
use tantivy::{TantivyDocument, schema::Field};

/// Makes the answer of scored lessons.
pub(crate) fn answer(
    view: &View<'_>,
    query: &SearchQuery,
    scored: Vec<Scored>,
    needles: &Needles,
    plays: &HashMap<i64, i64>,
    season: &InSeason,
) -> Result<Answer> {
    let (page, first) = place(query)?;
    let shelf = Shelf::new(view)?;
    let (mut kept, facets) = shelf.narrow(query, scored);
    let weak_total = kept.iter().filter(|scored| scored.weak).count() as u64;
    let total = kept.len() as u64;
    let ids = view.numbers("id")?;
    if let Some(cursor) = &query.cursor {
        kept.retain(|scored| !ids.of(scored.number).is_some_and(|id| cursor.has_shown(id)));
    }
    let end = first.saturating_add(query.size as usize);
    order(view, query.sort, &mut kept, end, plays)?;
    let shown = kept.iter().take(end).filter_map(|scored| ids.of(scored.number));
    let next_cursor = if kept.len() > end { Cursor::after(query, page, shown).text() } else { None };
    let drawn = Shown { view, needles, plays, season };
    let of_page = kept.iter().skip(first).take(query.size as usize);
    let hits = of_page.map(|scored| drawn.hit(scored, &shelf)).collect::<Result<_>>()?;
    Ok(Answer { total, weak_total, page, next_cursor, hits, facets, ..Answer::default() })
}

/// The number of the page asked for and its first row among those that are left.
fn place(query: &SearchQuery) -> Result<(u64, usize)> {
    match &query.cursor {
        Some(cursor) if !cursor.is_of(query) => Err(Error::CursorOfAnother),
        Some(cursor) => page::first_row(1, query.size).map(|_| (cursor.next_page(), 0)),
        None => Ok((query.page, page::first_row(query.page, query.size)? as usize)),
    }
}

/// Brings the first `wanted` hits to the front, in this order.
fn order(view: &View<'_>, sort: Sort, hits: &mut [Scored], wanted: usize, plays: &HashMap<i64, i64>) -> Result<()> {
    let ids = view.numbers("id")?;
    let by = match sort {
        Sort::Relevance => {
            first_in_order(hits, wanted, better);
            return Ok(());
        }
        Sort::Newest => view.numbers("published")?,
        Sort::Plays => view.numbers("plays")?,
        Sort::Shortest => view.numbers("duration")?,
        Sort::Smallest => view.numbers("smallest")?,
    };
    let key = |hit: &Scored| {
        let (id, value) = (ids.of(hit.number).unwrap_or(0), by.of(hit.number).unwrap_or(0));
        let key = match sort {
            Sort::Newest => -value,
            Sort::Plays => -plays.get(&id).copied().unwrap_or(0).max(value),
            _ => value,
        };
        (hit.weak, key, -id)
    };
    first_in_order(hits, wanted, |a, b| key(a).cmp(&key(b)));
    Ok(())
}

/// The title of a lesson.
pub(crate) fn title(view: &View<'_>, number: u32) -> Result<String> {
    Ok(card_of(&view.searcher.doc(view.address(number))?, view)?.title)
}

fn card_of(doc: &TantivyDocument, view: &View<'_>) -> Result<Card> {
    let card = serde_json::from_str(text_in(doc, view.fields.card));
    Ok(card.map_err(|cause| tantivy::TantivyError::InternalError(format!("broken card: {cause}")))?)
}

fn text_in(doc: &TantivyDocument, field: Field) -> &str {
    doc.get_first(field).and_then(|value| value.as_str()).unwrap_or_default()
}

/// What is needed to show a hit.
struct Shown<'a> {
    view: &'a View<'a>,
    needles: &'a Needles,
    plays: &'a HashMap<i64, i64>,
    season: &'a InSeason,
}

impl Shown<'_> {
    fn hit(&self, scored: &Scored, shelf: &Shelf) -> Result<Hit> {
        let address = self.view.address(scored.number);
        let doc: TantivyDocument = self.view.searcher.doc(address)?;
        let text = |field: Field| text_in(&doc, field);
        let card = card_of(&doc, self.view)?;
        let number = |name: &str| -> Result<i64> {
            let segment = self.view.searcher.segment_reader(address.segment_ord);
            Ok(segment.fast_fields().i64(name)?.first(address.doc_id).unwrap_or(0))
        };
        let (id, duration_ms, published) = (number("id")?, number("duration")?, number("published")?);
        let begins = doc.get_first(self.view.fields.begins).and_then(|value| value.as_bytes()).unwrap_or_default();
        let told = Told { body: text(self.view.fields.body), spoken: text(self.view.fields.spoken), begins };
        let (snippet, place) = self.snippet(&card.summary, &told);
        let size_bytes = number("size")?;
        let match_at_ms = match place {
            Place::Said(at) => Some(at),
            Place::Part(part) if duration_ms > 0 && size_bytes > 0 => Some((duration_ms as f64 * part) as i64),
            Place::Part(_) | Place::None => None,
        };
        Ok(Hit {
            lesson_id: LessonId(id),
            course_id: CourseId(card.course_id),
            title_html: self.needles.mark(&card.title),
            snippet,
            category: shelf.category(scored.number),
            level: shelf.level(scored.number),
            duration_ms,
            size_bytes,
            smallest_bytes: shelf.smallest(scored.number),
            captions: shelf.has_captions(scored.number),
            published: (published != 0).then(|| Day::default() + chrono::Duration::days(published)),
            plays: self.plays.get(&id).copied().unwrap_or(0).max(number("plays")?),
            match_at_ms,
            match_is_exact: matches!(place, Place::Said(_)),
            weak: scored.weak,
            in_season: self.season.fits(card.season.as_deref(), card.crop.as_deref()),
            score: scored.score,
            slug: card.slug,
            title: card.title,
            language: card.language,
            lecturer: card.lecturer,
            crop: card.crop,
        })
    }

    /// The passage that matches best, with its place: what is said goes before the summary when it matches as well,
    /// because one can go there; a transcript without times only when it matches better.
    fn snippet(&self, summary: &str, told: &Told<'_>) -> (String, Place) {
        let [of_summary, of_body, of_spoken] = [summary, told.body, told.spoken].map(|text| self.needles.passage(text));
        let best = of_summary.worth.max(of_body.worth);
        if of_spoken.worth > 0 && of_spoken.worth >= best {
            let begin = passages::begin_of(told.spoken, told.begins, of_spoken.offset);
            return (of_spoken.html, begin.map_or(Place::None, Place::Said));
        }
        match (of_summary, of_body) {
            (Passage { worth, html, .. }, of_body) if worth > 0 && worth >= of_body.worth => (html, Place::None),
            (_, Passage { worth, html, at, .. }) if worth > 0 => (html, Place::Part(at)),
            (of_summary, of_body) => {
                let first = [of_summary.html, of_body.html, of_spoken.html].into_iter().find(|html| !html.is_empty());
                (first.unwrap_or_default(), Place::None)
            }
        }
    }
}

/// What a lesson tells beside its title and summary.
struct Told<'a> {
    /// Transcript or article.
    body: &'a str,
    /// Captions, a line for each.
    spoken: &'a str,
    /// When each of these lines begins; see [`passages`].
    begins: &'a [u8],
}

/// Where in a recording a passage is said.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// Nobody knows, or nothing is said.
    None,
    /// In this part (0 to 1) of a transcript without times.
    Part(f64),
    /// At this instant, in milliseconds.
    Said(i64),
}
