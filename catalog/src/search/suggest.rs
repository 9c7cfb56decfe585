//! Suggestions while people type: titles, tags, crops and lecturers that begin with, hold, or are spelt by what was
//! typed. Only what a lesson this viewer may find carries is ever offered.

use super::answer::{Suggestion, SuggestionKind};
use super::lexicon::{self, Entry, Words};
use super::view::View;
use super::{fold, pinyin};
use crate::Result;
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::schema::Term;
use tantivy::{DocSet, TERMINATED};

/// Longest text that is suggested for.
const TYPED: usize = 40;

/// Candidates looked at before those the viewer may not see are left out.
const CANDIDATES: usize = 200;

/// How well an entry fits what was typed; lower is better.
type Fit = u32;

/// The best suggestions for what was typed, at most `most`.
pub(crate) fn suggest(
    view: &View<'_>,
    lexicon: &[Arc<Words>],
    allowed: &[bool],
    typed: &str,
    most: usize,
) -> Result<Vec<Suggestion>> {
    let typed: Vec<char> = fold::chars(typed).into_iter().filter(|c| !c.is_whitespace()).collect();
    if typed.is_empty() || typed.len() > TYPED {
        return Ok(Vec::new());
    }
    let mut found: HashMap<&str, (Fit, SuggestionKind, u32)> = HashMap::new();
    for entry in lexicon.iter().flat_map(|words| words.iter()) {
        if let Some(fit) = fit(entry, &typed) {
            let best = found.entry(&entry.text).or_insert((fit, entry.kind, 0));
            best.0 = best.0.min(fit);
            best.1 = best.1.min(entry.kind);
            best.2 += entry.lessons;
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|(a, (fit_a, kind_a, n_a)), (b, (fit_b, kind_b, n_b))| {
        fit_a.cmp(fit_b).then(kind_a.cmp(kind_b)).then(n_b.cmp(n_a)).then(a.len().cmp(&b.len())).then(a.cmp(b))
    });
    let mut offered = Vec::new();
    for (text, (_, kind, _)) in found.into_iter().take(CANDIDATES) {
        if offered.len() < most && may_see(view, allowed, kind, text)? {
            offered.push(Suggestion { text: text.to_owned(), kind });
        }
    }
    Ok(offered)
}

/// Begins with it, holds it, or is spelt by it, from the start or from a later word.
fn fit(entry: &Entry, typed: &[char]) -> Option<Fit> {
    if entry.chars.starts_with(typed) {
        return Some(0);
    }
    if entry.chars.windows(typed.len()).any(|window| window == typed) {
        return Some(1);
    }
    let first = typed.first().and_then(|c| u8::try_from(*c).ok()).map_or(0, pinyin::letter_bit);
    if first & entry.letters == 0 && !typed.iter().any(|c| entry.chars.contains(c)) {
        return None;
    }
    (0..entry.chars.len()).filter(|at| entry.is_bound(*at)).filter_map(|at| spelt(entry, typed, at)).min()
}

fn spelt(entry: &Entry, typed: &[char], at: usize) -> Option<Fit> {
    let rest = entry.chars.get(at..)?;
    let later = if at == 0 { 0 } else { 3 };
    let ways = [(pinyin::Spelling::Full, 2), (pinyin::Spelling::Initials, 3), (pinyin::Spelling::Mixed, 4)];
    ways.into_iter().find_map(|(way, fit)| pinyin::spells(typed, rest, way).map(|_| fit + later))
}

fn may_see(view: &View<'_>, allowed: &[bool], kind: SuggestionKind, text: &str) -> Result<bool> {
    let term = Term::from_field_text(view.fields.phrase, &lexicon::term(kind, text));
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
