//! What a lesson looks like in the index: its text in zones, its values in columns, and the card shown for a hit.

use super::passages::Spoken;
use super::schema::Fields;
use super::view::days;
use super::{answer::SuggestionKind, lexicon};
use crate::{audience, lesson as lessons, season};
use entity::{Category, Day, Level, lesson};
use serde::{Deserialize, Serialize};
use tantivy::TantivyDocument;

/// A published lesson with what its entry needs from other tables.
pub(crate) struct Source {
    /// The lesson.
    pub row: lesson::Model,
    /// The path of the unit it is for.
    pub audience_path: String,
    /// Bytes of its media.
    pub size_bytes: i64,
    /// Bytes of the smallest form of it that can be played.
    pub smallest_bytes: i64,
    /// Its captions.
    pub spoken: Option<Spoken>,
    /// The languages of its voices, its own not among them.
    pub voices: Vec<String>,
    /// Title and slug of its course.
    pub course: Option<(String, String)>,
}

/// What is shown of a hit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Card {
    pub slug: String,
    pub course_id: i64,
    pub title: String,
    pub summary: String,
    pub lecturer: String,
    pub crop: Option<String>,
    pub language: String,
    pub season: Option<String>,
}

/// The entry of a lesson.
pub(crate) fn document(fields: &Fields, source: &Source) -> TantivyDocument {
    let Source { row, audience_path, size_bytes, .. } = source;
    let tags = lessons::tags_of(row);
    let crop = row.crop.as_deref().unwrap_or_default();
    let mut doc = TantivyDocument::default();
    doc.add_i64(fields.id, row.id.0);
    for term in audience::terms_of(audience_path) {
        doc.add_text(fields.audience, term);
    }
    let all_tags = format!("{} {crop}", tags.join(" "));
    // Captions that say the whole transcript stand for it: it is neither kept nor counted twice.
    let body = if source.spoken.as_ref().is_some_and(|spoken| spoken.covers(&row.body)) { "" } else { &row.body };
    let told = source.spoken.as_ref().map_or_else(|| body.to_owned(), |spoken| format!("{body} {}", spoken.flowing()));
    let zones = [&row.title, &all_tags, &row.lecturer, &row.summary, &told];
    for (zone, text) in fields.zones.iter().zip(zones) {
        doc.add_text(zone.grams, text);
        if let Some(words) = zone.words {
            doc.add_text(words, text);
        }
    }
    doc.add_text(fields.sounds, format!("{} {all_tags} {} {}", row.title, row.lecturer, row.summary));
    let course = source.course.iter().map(|(title, slug)| lexicon::course_term(title, slug));
    phrases(row, &tags).into_iter().chain(course).for_each(|phrase| doc.add_text(fields.phrase, phrase));
    doc.add_text(fields.card, serde_json::to_string(&card(row)).unwrap_or_default());
    doc.add_text(fields.body, body);
    if let Some(spoken) = &source.spoken {
        doc.add_text(fields.spoken, &spoken.lines);
        doc.add_bytes(fields.begins, &spoken.begins);
    }
    doc.add_u64(fields.category, place(Category::ALL, row.category));
    doc.add_u64(fields.level, place(Level::ALL, row.level));
    std::iter::once(&row.language).chain(&source.voices).for_each(|language| doc.add_text(fields.language, language));
    if !crop.is_empty() {
        doc.add_text(fields.crop, crop);
    }
    doc.add_i64(fields.duration, row.duration_ms);
    doc.add_i64(fields.size, *size_bytes);
    doc.add_i64(fields.smallest, source.smallest_bytes);
    doc.add_u64(fields.captions, u64::from(source.spoken.is_some()));
    doc.add_i64(fields.published, row.published_on.map_or(0, days));
    if let Some(until) = row.valid_until {
        doc.add_i64(fields.valid_until, days(until));
    }
    doc.add_i64(fields.plays, row.plays);
    doc.add_u64(fields.season, row.season.as_deref().map_or(0, season_bits));
    doc
}

fn phrases(row: &lesson::Model, tags: &[String]) -> Vec<String> {
    let mut phrases = vec![lexicon::term(SuggestionKind::Title, &row.title)];
    phrases.extend(tags.iter().map(|tag| lexicon::term(SuggestionKind::Tag, tag)));
    phrases.extend(row.crop.iter().map(|crop| lexicon::term(SuggestionKind::Crop, crop)));
    if !row.lecturer.is_empty() {
        phrases.push(lexicon::term(SuggestionKind::Lecturer, &row.lecturer));
    }
    phrases
}

fn card(row: &lesson::Model) -> Card {
    Card {
        slug: row.slug.clone(),
        course_id: row.course_id.0,
        title: row.title.clone(),
        summary: row.summary.clone(),
        lecturer: row.lecturer.clone(),
        crop: row.crop.clone(),
        language: row.language.clone(),
        season: row.season.clone(),
    }
}

fn place<T: PartialEq>(all: &[T], one: T) -> u64 {
    all.iter().position(|word| *word == one).unwrap_or(0) as u64
}

/// Bit `n` for the half-months (from 0) of a year that a season fits.
fn season_bits(season: &str) -> u64 {
    (0..24).filter(|half| season::fits(season, half_month_day(*half))).fold(0, |bits, half| bits | 1 << half)
}

/// The bit of the half-month a day falls in.
pub(crate) fn season_bit(day: Day) -> u64 {
    use chrono::Datelike;
    1 << (day.month0() * 2 + u32::from(day.day() > 15))
}

/// A day in the middle of a half-month of a common year.
fn half_month_day(half: u32) -> Day {
    Day::from_ymd_opt(2026, half / 2 + 1, if half.is_multiple_of(2) { 9 } else { 24 }).unwrap_or_default()
}
