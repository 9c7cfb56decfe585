//! Suggestions while people type: courses, titles, tags, crops and lecturers that begin with, hold, or are spelt by what
//! was typed. Only what a lesson this viewer may find carries is ever offered. Reads the vocabulary in memory and a few
//! postings; no row of the database.

use super::answer::{Suggestion, SuggestionKind};
use super::highlight::escape;
use super::lexicon::{Entry, Lead, Word, Words};
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

/// The worst fit there is; see [`fit_at`].
const WORST: u32 = 7;

/// How well an entry fits what was typed (lower is better), and which of its characters are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fit {
    worse: u32,
    place: Range<usize>,
}

/// What several segments say of one text.
struct Found<'a> {
    entry: &'a Entry,
    /// In folded characters.
    length: usize,
    fit: Fit,
    lessons: u32,
}

/// The best suggestions for what was typed, at most `most`, from the vocabulary and the hot words.
pub(crate) fn suggest(
    view: &View<'_>,
    (lexicon, hot): (&[Arc<Words>], &Words),
    allowed: &[bool],
    typed: &str,
    most: usize,
) -> Result<Vec<Suggestion>> {
    let typed = fold_typed(typed);
    let Some(lead) = Lead::of(&typed) else {
        let fit = Fit { worse: 0, place: 0..0 };
        let as_they_are = hot.entries().map(|entry| Found { entry, length: 0, fit: fit.clone(), lessons: 0 });
        return Ok(as_they_are.take(most).map(|found| suggestion(&found)).collect());
    };
    if typed.len() > TYPED {
        return Ok(Vec::new());
    }
    let all = std::iter::once(hot).chain(lexicon.iter().map(Arc::as_ref));
    let mut fits: Vec<(Word<'_>, Fit)> = all.flat_map(|words| fits(words, lead, &typed)).collect();
    leave_nearest(&mut fits);
    let mut by_text: HashMap<&str, Found<'_>> = HashMap::new();
    for (Word { entry, chars }, fit) in fits {
        let length = chars.len();
        let found = by_text.entry(&entry.text).or_insert_with(|| Found { entry, length, fit: fit.clone(), lessons: 0 });
        found.lessons = found.lessons.saturating_add(entry.lessons);
        if entry.kind < found.entry.kind {
            (found.entry, found.fit) = (entry, fit);
        }
    }
    let mut found: Vec<Found<'_>> = by_text.into_values().collect();
    found.sort_unstable_by(|a, b| {
        let key = |f: &Found<'_>| (f.fit.worse, f.entry.kind, u32::MAX - f.lessons, f.length);
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
    let mut html = String::with_capacity(text.len() + 13);
    escape(text.get(..from).unwrap_or_default(), &mut html);
    if to > from {
        html.push_str("<mark>");
        escape(text.get(from..to).unwrap_or_default(), &mut html);
        html.push_str("</mark>");
    }
    escape(text.get(to..).unwrap_or_default(), &mut html);
    html
}

/// The entries that begin with what was typed, hold it, or are spelt by it from the start or from a later word.
fn fits<'a>(words: &'a Words, lead: Lead, typed: &[char]) -> Vec<(Word<'a>, Fit)> {
    let mut fits: Vec<(Word<'a>, Fit)> = Vec::new();
    for (word, at) in words.places(lead) {
        let Some((worse, length)) = fit_at(word, typed, at) else { continue };
        let fit = Fit { worse, place: at..at + length };
        match fits.last_mut() {
            Some((last, best)) if std::ptr::eq(last.entry, word.entry) => {
                if worse < best.worse {
                    *best = fit;
                }
            }
            _ => fits.push((word, fit)),
        }
    }
    fits
}

/// Leaves those that fit best: one letter fits half of a large catalog, of which the best few are looked at. Twice as
/// many are left as that, because a text may be a tag and a title.
fn leave_nearest(fits: &mut Vec<(Word<'_>, Fit)>) {
    let mut left = 0;
    let enough = (0..WORST).find(|worse| {
        left += fits.iter().filter(|(_, fit)| fit.worse == *worse).count();
        left >= 2 * CANDIDATES
    });
    fits.retain(|(_, fit)| fit.worse <= enough.unwrap_or(WORST));
}

/// How well what was typed fits from this character on, and over how many.
fn fit_at(word: Word<'_>, typed: &[char], at: usize) -> Option<(u32, usize)> {
    let rest = word.chars.get(at..)?;
    if rest.starts_with(typed) {
        return Some((u32::from(at > 0), typed.len()));
    }
    if !word.entry.is_bound(at) {
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
            let mut whole = String::new();
            escape(&text, &mut whole);
            proptest::prop_assert_eq!(html.replace("<mark>", "").replace("</mark>", ""), whole);
        }
    }
}
