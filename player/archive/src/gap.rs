//! What a year still lacks: for a person target by target, for a unit person by person.
//!
//! Pure where it judges, in this file; `gap::person` and `gap::unit` bring the facts.
//!
//! - **The line**: by a day of the year the share of the need that this day has of the year should be there, cut to
//!   whole classes and half days. Who is below the line is behind.
//! - **Since when**: the first day on which the line passes what there is today. It answers "until which day would this
//!   have sufficed", needs no history, and moves on with every hour learnt.
//! - **Forecast**: credit hours go on as they did this year: what was earned in it, divided by the days that have gone
//!   by (at least thirty, so that a first busy week promises nothing), times the days to come. Classes are held or
//!   not: nobody earns one by going on, so for them the forecast is what there is. A year that is over stays as it is.

use crate::Hundredths;
use crate::assess::{Standing, Verdict, verdict};
use crate::rules::Measure;
use entity::Day;

mod person;
mod unit;

pub use person::{Gap, languages, learnt, of_person};
pub use unit::{Behind, Gaps, Who, of_unit};
pub(crate) use unit::{Judged, judged, longest_behind};

/// Days that a pace is measured over at least.
const LEAST_DAYS: i64 = 30;

/// Where one target stands on a day of its year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How it stands.
    pub standing: Standing,
    /// What should be there by now.
    pub due_now: Hundredths,
    /// What there will be at the year's end if all goes on as it did.
    pub forecast: Hundredths,
    /// The first day on which what there is was too little; `None` when it still suffices.
    pub behind_since: Option<Day>,
}

impl Progress {
    /// Whether the forecast meets the need, or another way has met it already.
    pub fn will_meet(&self) -> bool {
        self.standing.met || self.forecast >= self.standing.need
    }
}

/// Where a target stands on a day. `days` are the first and the last of the year.
pub fn progress(standing: &Standing, days: (Day, Day), today: Day) -> Progress {
    let today = today.clamp(days.0, days.1);
    let behind = !standing.met && due(standing, days, today) > standing.have;
    Progress {
        due_now: due(standing, days, today),
        forecast: forecast(standing, days, today),
        behind_since: behind.then(|| since(standing, days, today)),
        standing: standing.clone(),
    }
}

/// Where every target of a person stands, and the verdict on the whole.
pub fn all_progress(standings: &[Standing], days: (Day, Day), today: Day) -> (Vec<Progress>, Verdict) {
    (standings.iter().map(|standing| progress(standing, days, today)).collect(), verdict(standings))
}

/// What should be there by the end of this day. With a last day of its own all of it is due then.
fn due(standing: &Standing, days: (Day, Day), day: Day) -> Hundredths {
    if let Some(last) = standing.due {
        return if day > last { standing.need } else { Hundredths(0) };
    }
    let (gone, all) = ((day - days.0).num_days() + 1, (days.1 - days.0).num_days() + 1);
    let step = match standing.measure {
        Measure::CreditHours => 1,
        Measure::ClassDays => 50,
        Measure::Classes => 100,
    };
    Hundredths(standing.need.0 * gone / all / step * step)
}

fn forecast(standing: &Standing, days: (Day, Day), today: Day) -> Hundredths {
    if standing.measure != Measure::CreditHours {
        return standing.have;
    }
    let gone = (today - days.0).num_days() + 1;
    let earned = standing.have.0 - standing.carried.0;
    Hundredths(standing.have.0 + earned * (days.1 - today).num_days() / gone.max(LEAST_DAYS))
}

/// The first day whose line is above what there is; there is one, as today's is.
fn since(standing: &Standing, days: (Day, Day), today: Day) -> Day {
    let (mut sufficed, mut passed) = (days.0.pred_opt().unwrap_or(days.0), today);
    while (passed - sufficed).num_days() > 1 {
        let middle = sufficed + (passed - sufficed) / 2;
        if due(standing, days, middle) > standing.have {
            passed = middle;
        } else {
            sufficed = middle;
        }
    }
    passed
}

#[cfg(test)]
mod tests;
