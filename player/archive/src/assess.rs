//! How a person stands against the rules of a year.
//!
//! Pure: facts and rules in, standings out. The facts come from `year`, the rules are data.
//!
//! - **Whom a target binds**: whoever held one of its posts on any day of the year. One with `within_months` binds the
//!   newly appointed, and only in the year in which their months end, so that everybody is judged by it once.
//! - **Exemptions** lift what the rule's `[[exemption]]` says. One that begins or ends in mid-year changes the need by
//!   days: need × (days of the year that are not lifted) ÷ (days of the year), cut to whole credit hours, whole classes,
//!   half days, always in favour of the person. Nothing left of the need is an exemption from the whole target.
//! - **Carry-over**: what the year before held beyond this target's whole need, up to `carry_over_hours`. What was itself
//!   carried into that year does not carry on.
//! - **Online share**: hours that were not earned in classes or other study in person count for a target up to `online_share_percent` of its need.

use crate::rules::{Measure, Rules, Target};
use crate::{CreditHours, Hundredths};
use chrono::Months;
use entity::{Day, ExemptionKind, PostKind, UnitLevel};
use std::collections::BTreeSet;

mod exempt;
mod rates;

pub use rates::Rates;
pub(crate) use rates::met_whole;

/// A class that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassFact {
    /// The organiser.
    pub level: UnitLevel,
    /// Half-days present.
    pub half_days: i32,
    /// Its last day, for which its hours count.
    pub day: Day,
}

/// A term of office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Of which post.
    pub kind: PostKind,
    /// Its first day.
    pub from: Day,
    /// Its last day, if it is over.
    pub to: Option<Day>,
}

/// A time for which less is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exempted {
    /// Why.
    pub kind: ExemptionKind,
    /// Its first day.
    pub from: Day,
    /// Its last day.
    pub to: Day,
}

/// What a person's year holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The first and the last day of the year.
    pub days: (Day, Day),
    /// Credit hours of every source.
    pub credit: CreditHours,
    /// Of these, those earned in classes and other study in person.
    pub in_class: CreditHours,
    /// Credit hours of the year before; nothing where no rule carries any over.
    pub before: CreditHours,
    /// Classes that counted, also some of the year before.
    pub classes: Vec<ClassFact>,
    /// Terms of office, also some that were over by then.
    pub terms: Vec<Term>,
    /// Exemptions.
    pub exemptions: Vec<Exempted>,
}

impl Facts {
    /// A year with nothing in it.
    pub fn of_nothing(days: (Day, Day)) -> Self {
        let nothing = CreditHours::default();
        let (classes, terms, exemptions) = Default::default();
        Self { days, credit: nothing, in_class: nothing, before: nothing, classes, terms, exemptions }
    }

    /// The posts held on any day of the year.
    pub fn posts(&self) -> BTreeSet<PostKind> {
        let held = |term: &&Term| term.from <= self.days.1 && term.to.is_none_or(|to| to >= self.days.0);
        self.terms.iter().filter(held).map(|term| term.kind).collect()
    }
}

/// How a person stands against one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The target's short name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The text it comes from.
    pub clause: String,
    /// What is counted.
    pub measure: Measure,
    /// The Chinese unit of the amounts.
    pub unit: &'static str,
    /// What there is, rounded down, with what was carried over and without what exceeds the online share.
    pub have: Hundredths,
    /// Of this, what was carried over from the year before.
    pub carried: Hundredths,
    /// Credit hours that do not count here because too few were earned in classes.
    pub beyond_online_share: Hundredths,
    /// What is needed, less for those who are exempt for a time; 0 for who is exempt altogether.
    pub need: Hundredths,
    /// What is needed of somebody without exemption.
    pub whole_need: Hundredths,
    /// What is missing; 0 when met.
    pub missing: Hundredths,
    /// Whether it is met, or nothing is needed.
    pub met: bool,
    /// The last day on which it can be met, when that is not the year's.
    pub due: Option<Day>,
    /// What would do as well.
    pub otherwise: Option<Otherwise>,
}

/// The other way to meet a target, as 12 days in place of 90 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// The Chinese unit.
    pub unit: &'static str,
    /// What there is.
    pub have: Hundredths,
    /// What is needed.
    pub need: Hundredths,
}

impl Standing {
    /// Nothing is asked of the person here.
    pub fn is_exempt(&self) -> bool {
        self.need.0 == 0
    }

    /// Met as it would have to be without any exemption.
    pub fn meets_whole(&self) -> bool {
        self.have >= self.whole_need || !self.is_exempt() && self.by_other_way()
    }

    fn by_other_way(&self) -> bool {
        self.otherwise.is_some_and(|other| other.have >= other.need)
    }
}

/// How a whole year is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No target binds the person.
    Unbound,
    /// Every target that binds them is lifted.
    Exempt,
    /// Something is missing.
    Short,
    /// Everything asked is met.
    Met,
}

/// The verdict on these standings.
pub fn verdict(standings: &[Standing]) -> Verdict {
    if standings.is_empty() {
        Verdict::Unbound
    } else if standings.iter().any(|standing| !standing.met) {
        Verdict::Short
    } else if standings.iter().all(Standing::is_exempt) {
        Verdict::Exempt
    } else {
        Verdict::Met
    }
}

/// The standings of a year: one for every target that binds. A year before the first rule asks for nothing.
pub fn standings(rules: Option<&Rules>, facts: &Facts) -> Vec<Standing> {
    let Some(rules) = rules else { return Vec::new() };
    let posts = facts.posts();
    rules.targets.iter().filter_map(|target| standing(rules, target, &posts, facts)).collect()
}

fn standing(rules: &Rules, target: &Target, posts: &BTreeSet<PostKind>, facts: &Facts) -> Option<Standing> {
    let span = match target.within_months {
        None => target.posts.iter().any(|kind| posts.contains(kind)).then_some(facts.days)?,
        Some(months) => first_months(target, months, facts)?,
    };
    let whole = Hundredths::whole(target.need);
    let (counted, beyond_online_share) = measured(rules, target, span, facts);
    let carried = carried(rules, target, facts);
    let have = Hundredths(counted.0 + carried.0);
    let need = exempt::need(rules, target.measure, whole, facts);
    let otherwise = target.otherwise.as_ref().map(|other| Otherwise {
        unit: other.measure.unit(),
        have: amount(other.measure, other.level, span, facts),
        need: exempt::need(rules, other.measure, Hundredths::whole(other.need), facts),
    });
    let met = have >= need || otherwise.is_some_and(|other| other.have >= other.need);
    Some(Standing {
        id: target.id.clone(),
        name: target.name.clone(),
        clause: target.clause.clone(),
        measure: target.measure,
        unit: target.measure.unit(),
        have,
        carried,
        beyond_online_share,
        need,
        whole_need: whole,
        missing: if met { Hundredths(0) } else { Hundredths((need.0 - have.0).clamp(0, need.0)) },
        met,
        due: target.within_months.map(|_| span.1),
        otherwise,
    })
}

/// The months after a new appointment that end in this year. Who held the same post until the month before is not new.
fn first_months(target: &Target, months: u32, facts: &Facts) -> Option<(Day, Day)> {
    let spans = facts.terms.iter().filter(|term| target.posts.contains(&term.kind)).filter_map(|term| {
        let due = term.from.checked_add_months(Months::new(months))?;
        let month_before = term.from.checked_sub_months(Months::new(1))?;
        let goes_on = facts.terms.iter().any(|other| {
            other.kind == term.kind && other.from < term.from && other.to.is_none_or(|to| to >= month_before)
        });
        let held_until_then = term.to.is_none_or(|to| to >= due);
        let falls_here = (facts.days.0..=facts.days.1).contains(&due);
        (falls_here && held_until_then && !goes_on).then_some((term.from, due))
    });
    spans.max()
}

/// What counts for a target, and the hours that do not because they exceed the online share.
fn measured(rules: &Rules, target: &Target, span: (Day, Day), facts: &Facts) -> (Hundredths, Hundredths) {
    let all = amount(target.measure, target.level, span, facts);
    if target.measure != Measure::CreditHours || rules.online_share_percent >= 100 {
        return (all, Hundredths(0));
    }
    let most = CreditHours::whole(target.need).percent(rules.online_share_percent);
    let online = facts.credit - facts.in_class;
    let counted = (facts.in_class + online.min(most)).hundredths();
    (counted, Hundredths((all.0 - counted.0).max(0)))
}

fn amount(measure: Measure, level: Option<UnitLevel>, span: (Day, Day), facts: &Facts) -> Hundredths {
    let counts =
        |class: &&ClassFact| level.is_none_or(|level| level == class.level) && (span.0..=span.1).contains(&class.day);
    let classes = || facts.classes.iter().filter(counts);
    match measure {
        Measure::CreditHours => facts.credit.hundredths(),
        Measure::Classes => classes().fold(Hundredths(0), |sum, _| Hundredths(sum.0 + 100)),
        Measure::ClassDays => {
            classes().fold(Hundredths(0), |sum, class| Hundredths(sum.0 + i64::from(class.half_days) * 50))
        }
    }
}

fn carried(rules: &Rules, target: &Target, facts: &Facts) -> Hundredths {
    if target.measure != Measure::CreditHours {
        return Hundredths(0);
    }
    let surplus = facts.before - CreditHours::whole(target.need);
    surplus.clamp(CreditHours::default(), CreditHours::whole(rules.carry_over_hours)).hundredths()
}

#[cfg(test)]
mod tests;
