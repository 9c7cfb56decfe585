//! Answers given a moment ago, kept for those who ask the same: a county's hot words are asked by everybody in one week.
//!
//! They are forgotten as soon as anything they were made of has changed: the index, the synonyms, the calendar, or the
//! plays.

use super::answer::{Answer, SearchQuery};
use super::synonyms::Groups;
use super::view::Serving;
use crate::season::ByUnit;
use crate::{Viewer, audience};
use entity::Day;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Most hits kept, of all answers together: about ten megabytes.
const HITS: usize = 6_000;

/// Longest question kept, in bytes.
const LONGEST_KEY: usize = 1_024;

/// What an answer is made of beside the question.
#[derive(Clone)]
pub(crate) struct MadeOf {
    /// The index.
    pub serving: Arc<Serving>,
    /// The synonyms.
    pub synonyms: Arc<Groups>,
    /// The plays.
    pub plays: Arc<HashMap<i64, i64>>,
    /// The crop calendar.
    pub calendar: Arc<ByUnit>,
}

/// The answers kept.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    of: Option<MadeOf>,
    answers: HashMap<String, Arc<Answer>>,
    /// The questions, oldest first.
    order: VecDeque<String>,
    hits: usize,
}

/// A question as it is remembered: the same words of two viewers who may see the same are one.
pub(crate) fn key(query: &SearchQuery, viewer: &Viewer, today: Day) -> String {
    format!("{today} {:?} {query:?}", audience::terms_for(viewer))
}

impl Remembered {
    /// The answer to this question, if it was given and still holds.
    pub fn get(&self, key: &str, of: &MadeOf) -> Option<Arc<Answer>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.of.as_ref().filter(|known| known.is(of)).and_then(|_| kept.answers.get(key).cloned())
    }

    /// Keeps an answer; the oldest go when there are too many. What nobody else will ask is not kept.
    pub fn put(&self, key: String, of: MadeOf, answer: Arc<Answer>) {
        if key.len() > LONGEST_KEY {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.of.as_ref().is_some_and(|known| known.is(&of)) {
            *kept = Kept { of: Some(of), ..Kept::default() };
        }
        let more = weight(&answer);
        if kept.answers.insert(key.clone(), answer).is_none() {
            kept.hits += more;
            kept.order.push_back(key);
        }
        while kept.hits > HITS {
            let Some(oldest) = kept.order.pop_front() else { break };
            kept.hits -= kept.answers.remove(&oldest).map_or(0, |answer| weight(&answer));
        }
    }
}

impl MadeOf {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.serving, &other.serving)
            && Arc::ptr_eq(&self.synonyms, &other.synonyms)
            && Arc::ptr_eq(&self.calendar, &other.calendar)
            && Arc::ptr_eq(&self.plays, &other.plays)
    }
}

/// What an answer counts for: an empty one takes room too.
fn weight(answer: &Answer) -> usize {
    answer.hits.len() + 4
}
