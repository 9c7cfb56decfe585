//! Scores: how well each lesson meets a plan, and whether it is of the strong tier or the labelled weaker one.
//!
//! Per slot the best way counts; slots are weighed by rarity, words and single characters add a little, and a lesson
//! that meets a larger share of the query is worth more of its sum.

use super::query::{Plan, Slot, Way};
use super::view::{Tally, Values, View, Zones};
use crate::Result;
use std::cmp::Ordering;

/// What jieba words add.
const WORDS: f32 = 0.5;
/// What single characters add.
const SINGLES: f32 = 0.2;
/// The share of a query's weight from which on a lesson is of the strong tier.
const STRONG: f32 = 0.5;
/// The same for a question.
const STRONG_LONG: f32 = 0.35;
/// A lesson worth less than this part of the best is of the weaker tier, however much of the query it meets.
const NEAR_BEST: f32 = 0.3;
/// A lesson of the weaker tier worth less than this part of the best is left out.
const TAIL: f32 = 0.03;
/// Most lessons of the weaker tier.
const WEAK: usize = 100;

/// What belonging to the category of the best adds.
const COHERENCE: f32 = 0.15;
/// How many of the best say which category that is.
const LEADERS: usize = 10;

/// A lesson that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scored {
    /// Its number in the view.
    pub number: u32,
    /// How well it meets the plan.
    pub score: f32,
    /// It is of the weaker tier.
    pub weak: bool,
}

/// Scores every allowed lesson that meets any slot, in no order: only a page of them is ever shown.
pub(crate) fn rank(view: &View<'_>, plan: &Plan, allowed: &[bool], prior: impl Fn(u32) -> f32) -> Result<Vec<Scored>> {
    let mut sums = Sums::new(view);
    for slot in &plan.slots {
        sums.slot(view, slot)?;
    }
    if !plan.slots.is_empty() {
        for word in &plan.words {
            sums.word(view, word)?;
        }
        for single in &plan.singles {
            sums.single(view, single)?;
        }
    }
    let strong = if plan.long { STRONG_LONG } else { STRONG };
    let Sums { mut all, asked, findable, .. } = sums;
    let mut found = Vec::new();
    all.empty(|number, [score, met]| {
        if score <= 0.0 || allowed.get(number as usize) != Some(&true) {
            return;
        }
        let share = met / findable.max(f32::EPSILON);
        let covered = if plan.long { 0.6 + 0.4 * share } else { 0.35 + 0.65 * share };
        let weak = met / asked.max(f32::EPSILON) < strong;
        found.push(Scored { number, score: score * covered * prior(number), weak });
    });
    if plan.coherent {
        cohere(&mut found, &view.codes("category")?);
    }
    let best = found.iter().map(|scored| scored.score).fold(0.0, f32::max);
    found.iter_mut().for_each(|scored| scored.weak |= scored.score < best * NEAR_BEST);
    cut_tail(&mut found, best);
    Ok(found)
}

/// Lessons of the category that the best are of are a little likelier to be meant: 直播 among lessons on selling is not
/// the sowing of rice.
fn cohere(found: &mut [Scored], categories: &Values<u64>) {
    first_in_order(found, LEADERS, higher);
    let mut mass = [0.0f32; 16];
    let place = |number: u32| categories.of(number).unwrap_or(0).min(15) as usize;
    for scored in found.iter().take(LEADERS) {
        if let Some(mass) = mass.get_mut(place(scored.number)) {
            *mass += scored.score;
        }
    }
    let all: f32 = mass.iter().sum::<f32>().max(f32::EPSILON);
    for scored in found {
        let share = mass.get(place(scored.number)).copied().unwrap_or(0.0) / all;
        scored.score *= 1.0 + COHERENCE * share;
    }
}

/// Strong before weak, then the higher score.
pub(crate) fn better(a: &Scored, b: &Scored) -> Ordering {
    a.weak.cmp(&b.weak).then_with(|| higher(a, b))
}

/// The higher score first; the number decides between equals, so that every page agrees.
fn higher(a: &Scored, b: &Scored) -> Ordering {
    b.score.total_cmp(&a.score).then(a.number.cmp(&b.number))
}

/// Brings the first `wanted` to the front, in order. The others, often most of the catalog, are never sorted.
pub(crate) fn first_in_order(found: &mut [Scored], wanted: usize, by: impl Fn(&Scored, &Scored) -> Ordering) {
    if wanted < found.len() {
        found.select_nth_unstable_by(wanted, &by);
    }
    if let Some(wanted) = found.get_mut(..wanted.min(found.len())) {
        wanted.sort_unstable_by(by);
    }
}

/// Leaves of the weaker tier a hundred, and none that is worth nothing beside the best.
fn cut_tail(found: &mut Vec<Scored>, best: f32) {
    let mut strong = 0;
    for at in 0..found.len() {
        if found.get(at).is_some_and(|scored| !scored.weak) {
            found.swap(strong, at);
            strong += 1;
        }
    }
    let Some(weak) = found.get_mut(strong..) else { return };
    first_in_order(weak, WEAK, better);
    let kept = weak.iter().take(WEAK).take_while(|scored| scored.score >= best * TAIL).count();
    found.truncate(strong + kept);
}

/// Running sums by lesson.
struct Sums {
    /// The score, and the weight of the slots met.
    all: Tally,
    /// Of one slot or word: the best way's score, and its worth.
    one: Tally,
    /// Of one way.
    way: Zones,
    /// The weight of all slots.
    asked: f32,
    /// The weight of the slots anything meets.
    findable: f32,
}

impl Sums {
    fn new(view: &View<'_>) -> Self {
        Self { all: view.tally(), one: view.tally(), way: view.zones(), asked: 0.0, findable: 0.0 }
    }

    fn slot(&mut self, view: &View<'_>, slot: &Slot) -> Result<()> {
        for way in &slot.ways {
            let worth = self.find(view, way)?;
            let factor = way.weight * rarity(view.len(), self.way.holders()) * slot.share;
            let one = &mut self.one;
            self.way.empty(|number, strength| {
                if let Some([best, most]) = one.of(number) {
                    *best = best.max(strength * factor);
                    *most = most.max(worth);
                }
            });
        }
        let holders = self.one.numbers().len();
        let weight = rarity(view.len(), holders) * slot.share;
        if holders > 0 {
            self.findable += weight;
        }
        // A pair across two words that nobody wrote is chance, not something that was asked for.
        if holders > 0 || slot.share >= 0.5 {
            self.asked += weight;
        }
        let all = &mut self.all;
        self.one.empty(|number, [best, worth]| {
            if let Some([score, met]) = all.of(number) {
                *score += best;
                *met += worth * weight;
            }
        });
        Ok(())
    }

    /// Gathers who meets this way, and says what that is worth.
    fn find(&mut self, view: &View<'_>, way: &Way) -> Result<f32> {
        match (way.sound, way.terms.as_slice()) {
            (true, terms) => {
                terms.first().map_or(Ok(()), |pair| view.sound(pair, &mut self.way))?;
                Ok(way.weight * 1.4)
            }
            (false, terms) => {
                view.grams(terms, &mut self.way)?;
                Ok(way.weight.max(0.8))
            }
        }
    }

    /// The best of a word and what means the same.
    fn word(&mut self, view: &View<'_>, word: &[(String, f32)]) -> Result<()> {
        for (text, weight) in word {
            view.word(text, &mut self.way)?;
            let factor = weight * rarity(view.len(), self.way.holders()) * WORDS;
            let one = &mut self.one;
            self.way.empty(|number, strength| {
                if let Some([best, _]) = one.of(number) {
                    *best = best.max(strength * factor);
                }
            });
        }
        let all = &mut self.all;
        self.one.empty(|number, [best, _]| {
            if let Some([score, _]) = all.of(number) {
                *score += best;
            }
        });
        Ok(())
    }

    /// A character alone adds a little.
    fn single(&mut self, view: &View<'_>, single: &str) -> Result<()> {
        view.single(single, &mut self.way)?;
        let factor = rarity(view.len(), self.way.holders()) * SINGLES;
        let all = &mut self.all;
        self.way.empty(|number, strength| {
            if let Some([score, _]) = all.of(number) {
                *score += strength * factor;
            }
        });
        Ok(())
    }
}

/// BM25's weight of a term that `holders` of `all` lessons hold.
fn rarity(all: usize, holders: usize) -> f32 {
    let (all, holders) = (all as f32, holders as f32);
    (1.0 + (all - holders + 0.5).max(0.0) / (holders + 0.5)).ln()
}
