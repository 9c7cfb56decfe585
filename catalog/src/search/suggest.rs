//! Suggestions while people type: courses, titles, tags, crops and lecturers that begin with, hold, or are spelt by what
//! was typed. Only what a lesson this viewer may find carries is ever offered. Reads the vocabulary in memory and a few
//! postings; no row of the database.

use super::answer::{Suggestion, SuggestionKind};
use super::lexicon::{Entry, Words};
use super::view::View;
use super::{fold, pinyin};
use crate::Result;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use tantivy::schema::Term;
use tantivy::{DocSet, TERMINATED};

/// Longest text that is suggested for.
const TYPED: usize = 40;

/// Candidates looked at before those the viewer may not see are left out.
const CANDIDATES: usize = 200;

/// Most titles among the suggestions while there is anything shorter to offer.
const TITLES: usize = 4;

/// How well an entry fits what was typed (lower is better), and which of its characters are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fit {
    worse: u32,
    place: Range<usize>,
}

/// What several segments say of one text.
struct Found<'a> {
    entry: &'a Entry,
    fit: Fit,
    lessons: u32,
}

/// The best suggestions for what was typed, at most `most`, from the vocabulary and the hot words.
pub(crate) fn suggest(
    view: &View<'_>,
    (lexicon, hot): (&[Arc<Words>], &[Entry]),
    allowed: &[bool],
    typed: &str,
    most: usize,
) -> Result<Vec<Suggestion>> {
    let typed = fold_typed(typed);
    if typed.is_empty() {
        let fit = Fit { worse: 0, place: 0..0 };
        let as_they_are = hot.iter().map(|entry| Found { entry, fit: fit.clone(), lessons: 0 });
        return Ok(as_they_are.take(most).map(|found| suggestion(&found)).collect());
    }
    if typed.len() > TYPED {
        return Ok(Vec::new());
    }
    let mut by_text: HashMap<&str, Found<'_>> = HashMap::new();
    for entry in hot.iter().chain(lexicon.iter().flat_map(|words| words.iter())) {
        let Some(fit) = fit(entry, &typed) else { continue };
        let found = by_text.entry(&entry.text).or_insert_with(|| Found { entry, fit: fit.clone(), lessons: 0 });
        found.lessons = found.lessons.saturating_add(entry.lessons);
        if entry.kind < found.entry.kind {
            (found.entry, found.fit) = (entry, fit);
        }
    }
    let mut found: Vec<Found<'_>> = by_text.into_values().collect();
    found.sort_unstable_by(|a, b| {
        let key = |f: &Found<'_>| (f.fit.worse, f.entry.kind, u32::MAX - f.lessons, f.entry.chars.len());
        key(a).cmp(&key(b)).then_with(|| a.entry.text.cmp(&b.entry.text))
    });
    let mut offered: Vec<&Found<'_>> = Vec::new();
    for found in found.iter().take(CANDIDATES) {
        if found.entry.kind == SuggestionKind::Hot || may_see(view, allowed, found.entry)? {
            offered.push(found);
            if offered.len() >= most * 2 {
                break;
            }
        }
    }
    Ok(mixed(&offered, most).into_iter().map(suggestion).collect())
}

/// Folded, without spaces: 沙 糖 is typed for 沙糖, and `sha tang` for `shatang`.
pub(crate) fn fold_typed(typed: &str) -> Vec<char> {
    fold::chars(typed).into_iter().filter(|c| !c.is_whitespace() && *c != '\'').take(TYPED + 1).collect()
}

/// The best, but titles do not crowd out what is shorter and broader.
fn mixed<'a>(offered: &[&'a Found<'a>], most: usize) -> Vec<&'a Found<'a>> {
    let is_title = |found: &Found<'_>| found.entry.kind == SuggestionKind::Title;
    let others = offered.iter().filter(|found| !is_title(found)).count();
    let mut titles_left = most.saturating_sub(others).max(TITLES);
    let mut chosen = Vec::new();
    for found in offered {
        if is_title(found) {
            let Some(left) = titles_left.checked_sub(1) else { continue };
            titles_left = left;
        }
        chosen.push(*found);
    }
    chosen.truncate(most);
    chosen
}

fn suggestion(found: &Found<'_>) -> Suggestion {
    let entry = found.entry;
    Suggestion {
        text: entry.text.clone(),
        html: marked(&entry.text, &found.fit.place),
        kind: entry.kind,
        slug: entry.slug.clone(),
    }
}

/// A text as HTML with these of its folded characters in `<mark>`.
pub(crate) fn marked(text: &str, place: &Range<usize>) -> String {
    let folded = fold::with_origin(text, 0..usize::MAX);
    let from = folded.get(place.start).map_or(text.len(), |first| first.from);
    let to = place.end.checked_sub(1).and_then(|last| folded.get(last)).map_or(from, |last| last.to).max(from);
    let part = |range: Range<usize>| escaped(text.get(range).unwrap_or_default());
    let mark = if to > from { format!("<mark>{}</mark>", part(from..to)) } else { String::new() };
    format!("{}{mark}{}", part(0..from), part(to..text.len()))
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    html
}

/// Begins with it, holds it, or is spelt by it, from the start or from a later word.
fn fit(entry: &Entry, typed: &[char]) -> Option<Fit> {
    let first = typed.first()?;
    let letter = u8::try_from(*first).map_or(0, pinyin::letter_bit);
    let possible = |at: usize, c: &char| c == first || entry.initials.get(at).is_some_and(|bits| bits & letter != 0);
    if letter & entry.letters == 0 && !entry.chars.contains(first) {
        return None;
    }
    let mut best: Option<Fit> = None;
    for (at, c) in entry.chars.iter().enumerate() {
        if !possible(at, c) {
            continue;
        }
        let Some((worse, length)) = fit_at(entry, typed, at) else { continue };
        if best.as_ref().is_none_or(|best| worse < best.worse) {
            best = Some(Fit { worse, place: at..at + length });
        }
        if worse == 0 {
            break;
        }
    }
    best
}

/// How well what was typed fits from this character on, and over how many.
fn fit_at(entry: &Entry, typed: &[char], at: usize) -> Option<(u32, usize)> {
    let rest = entry.chars.get(at..)?;
    if rest.starts_with(typed) {
        return Some((u32::from(at > 0), typed.len()));
    }
    if !entry.is_bound(at) {
        return None;
    }
    let later = if at == 0 { 0 } else { 3 };
    let ways = [(pinyin::Spelling::Full, 2), (pinyin::Spelling::Initials, 3), (pinyin::Spelling::Mixed, 4)];
    ways.into_iter().find_map(|(way, worse)| Some((worse + later, pinyin::spells(typed, rest, way)?)))
}

fn may_see(view: &View<'_>, allowed: &[bool], entry: &Entry) -> Result<bool> {
    let term = Term::from_field_text(view.fields.phrase, &entry.term());
    for (base, segment) in view.segments() {
        let inverted = segment.inverted_index(view.fields.phrase)?;
        let Some(mut postings) = inverted.read_postings(&term, tantivy::schema::IndexRecordOption::Basic)? else {
            continue;
        };
        let mut doc = postings.doc();
        while doc != TERMINATED {
            if allowed.get((base + doc) as usize) == Some(&true) {
                return Ok(true);
            }
            doc = postings.advance();
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_marked_and_nothing_breaks_out_of_it() {
        assert_eq!(marked("<b>沙糖桔", &(3..5)), "&lt;b&gt;<mark>沙糖</mark>桔");
        assert_eq!(marked("㎏肥", &(1..2)), "<mark>㎏</mark>肥");
        assert_eq!(marked("沙糖桔", &(9..12)), "沙糖桔");
    }

    proptest::proptest! {
        #[test]
        fn marking_never_loses_a_character(text in "\\PC{0,30}", from in 0usize..40, length in 0usize..40) {
            let html = marked(&text, &(from..from + length));
            proptest::prop_assert_eq!(html.replace("<mark>", "").replace("</mark>", ""), escaped(&text));
        }
    }
}
