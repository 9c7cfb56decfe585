//! The facts of a civil year, of one person or of thousands, read in a fixed number of queries.
//!
//! Everything that judges (record, overview, assessment, gaps, previews, seals) takes its facts from here, so that they
//! cannot disagree.

use crate::assess::{ClassFact, Exempted, Facts, Term};
use crate::rules::RuleBook;
use crate::view::{self, PersonSums, Slice};
use crate::{CreditHours, Result};
use entity::{Day, PersonId};
use sea_orm::ConnectionTrait;
use std::collections::HashMap;

/// The facts of many people's year.
#[derive(Debug)]
pub(crate) struct Years {
    days: (Day, Day),
    sums: HashMap<PersonId, PersonSums>,
    before: HashMap<PersonId, CreditHours>,
    classes: HashMap<PersonId, Vec<ClassFact>>,
    terms: HashMap<PersonId, Vec<Term>>,
    exemptions: HashMap<PersonId, Vec<Exempted>>,
}

impl Years {
    /// Read them.
    pub(crate) async fn load(db: &impl ConnectionTrait, book: &RuleBook, slice: &Slice) -> Result<Self> {
        let mut before = HashMap::new();
        if book.carries_over() {
            let sums = view::sums(db, book, &slice.year_before()).await?;
            before.extend(sums.into_iter().map(|(person, sums)| (person, sums.all().credit)));
        }
        Ok(Self {
            days: (slice.from, slice.to),
            sums: view::sums(db, book, slice).await?,
            before,
            classes: view::classes(db, slice).await?,
            terms: view::terms(db, slice).await?,
            exemptions: view::exemptions(db, slice).await?,
        })
    }

    /// What one of them has; who has nothing has an empty year.
    pub(crate) fn take(&mut self, person: PersonId) -> (PersonSums, Facts) {
        let sums = self.sums.remove(&person).unwrap_or_default();
        let facts = Facts {
            days: self.days,
            credit: sums.all().credit,
            in_class: sums.in_class,
            before: self.before.remove(&person).unwrap_or_default(),
            classes: self.classes.remove(&person).unwrap_or_default(),
            terms: self.terms.remove(&person).unwrap_or_default(),
            exemptions: self.exemptions.remove(&person).unwrap_or_default(),
        };
        (sums, facts)
    }
}
