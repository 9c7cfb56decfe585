//! How many people of a unit met what is asked of them.

use super::{Standing, Verdict};

/// People on the roster, as they are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// People on the roster now.
    pub people: u64,
    /// Of these, people of whom some target asks something.
    pub bound: u64,
    /// Of these, people who met all of it.
    pub met: u64,
    /// People whom targets would bind, but who are exempt from all of them.
    pub exempt: u64,
    /// People, exempt or not, who met all that is asked of somebody without exemption.
    pub met_whole: u64,
}

impl Rates {
    /// Met of bound in whole percent, rounded down, the exempt left out; `None` when nobody is bound.
    pub fn met_percent(&self) -> Option<u64> {
        (self.met * 100).checked_div(self.bound)
    }

    /// The same with the exempt counted in, by what is asked of everybody else.
    pub fn met_percent_of_all(&self) -> Option<u64> {
        (self.met_whole * 100).checked_div(self.bound + self.exempt)
    }

    /// Count one person; `met_whole` as [`met_whole`] says.
    pub(crate) fn add(&mut self, verdict: Verdict, met_whole: bool) {
        self.people += 1;
        self.bound += u64::from(matches!(verdict, Verdict::Met | Verdict::Short));
        self.met += u64::from(verdict == Verdict::Met);
        self.exempt += u64::from(verdict == Verdict::Exempt);
        self.met_whole += u64::from(met_whole);
    }
}

/// Whether all is met that is asked of somebody without exemption.
pub(crate) fn met_whole<'a>(verdict: Verdict, standings: impl IntoIterator<Item = &'a Standing>) -> bool {
    verdict != Verdict::Unbound && standings.into_iter().all(Standing::meets_whole)
}
