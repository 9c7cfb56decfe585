//! The search index: what may be asked, what is answered, and the parts that do it.
//!
//! The index is derived: the database is the truth, the outbox says what changed, and a missing, broken or older index
//! is built anew. Searching is synchronous and takes milliseconds; callers run it off the async workers.

pub mod answer;
mod bands;
mod cursor;
mod decode;
mod dictionary;
mod document;
mod facets;
mod fold;
mod generation;
mod highlight;
mod hits;
mod indexer;
mod lexicon;
mod parts;
mod passages;
mod pinyin;
mod priors;
mod query;
mod rank;
mod remembered;
mod schema;
mod soundness;
mod sources;
mod suggest;
mod synonyms;
mod tokenizer;
mod upkeep;
mod view;

pub use answer::{Answer, FacetCount, Facets, Hit, SearchQuery, Sort, Suggestion, SuggestionKind};
pub use bands::{LengthBand, SizeBand};
pub use cursor::Cursor;
pub use indexer::{follow, trim_outbox};
pub use parts::Parts;

use crate::edited::EditedFile;
use crate::season::{self, Calendar, InSeason};
use crate::{Result, Viewer};
use entity::Day;
use generation::Generation;
use highlight::Needles;
use lexicon::Words;
use query::Sources;
use rank::Scored;
use remembered::{MadeOf, Remembered};
use schema::Fields;
use sea_orm::DatabaseConnection;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use synonyms::Groups;
use view::{Serving, View};

/// Longest query, in characters after folding.
pub const MAX_QUERY_CHARS: usize = 200;

/// The open index. One per process; share it behind an `Arc`.
pub struct Index {
    folder: PathBuf,
    fields: Fields,
    current: RwLock<Current>,
    synonyms: EditedFile<Groups>,
    calendar: Calendar,
    parts: Parts,
    plays: RwLock<Arc<HashMap<i64, i64>>>,
    remembered: Remembered,
    broken: AtomicBool,
}

/// The build in use and what serves of it.
#[derive(Clone)]
struct Current {
    generation: Arc<Generation>,
    serving: Arc<Serving>,
}

impl Index {
    /// Opens the index, the synonyms and the crop calendar below the data folder. A missing, broken or older index is built from the
    /// database first.
    pub async fn open(data: &Path, db: &DatabaseConnection) -> Result<Self> {
        let folder = data.join("index");
        std::fs::create_dir_all(&folder)?;
        let (_, fields) = schema::build();
        let synonyms = synonyms::open(data)?;
        let calendar = Calendar::open(data, db).await?;
        let newest = match Generation::newest(&folder)? {
            Some(generation) => generation,
            None => Generation::build(&folder, &fields, db).await?.0,
        };
        generation::clear(&folder, newest.number)?;
        Ok(Self {
            folder,
            current: RwLock::new(Current::of(newest, &fields)),
            fields,
            synonyms,
            calendar,
            parts: Parts::default(),
            plays: RwLock::default(),
            remembered: Remembered::default(),
            broken: AtomicBool::new(false),
        })
    }

    /// The same index with only some parts of the search, for measuring.
    #[must_use]
    pub fn with_parts(self, parts: Parts) -> Self {
        Self { parts, ..self }
    }

    /// Builds the index anew from the database and returns how many lessons it holds. The old one serves until the
    /// new one is complete.
    pub async fn rebuild(&self, db: &DatabaseConnection) -> Result<usize> {
        let (generation, count) = Generation::build(&self.folder, &self.fields, db).await?;
        self.adopt(generation)?;
        Ok(count)
    }

    /// What is in season for this viewer.
    pub fn in_season(&self, viewer: &Viewer, today: Day) -> InSeason {
        season::in_season(&self.calendar.by_unit(), viewer, today)
    }

    /// Searches for this viewer.
    ///
    /// # Errors
    /// [`QueryTooLong`](crate::Error::QueryTooLong), [`PageOutOfRange`](crate::Error::PageOutOfRange), or
    /// [`IndexBusy`](crate::Error::IndexBusy) when the index is damaged; then it is built anew by [`follow`].
    pub fn search(&self, query: &SearchQuery, viewer: &Viewer, today: Day) -> Result<Arc<Answer>> {
        let of = self.made_of()?;
        let answer = Arc::new(self.guarded(|| self.answer(&of, query, viewer, today))?);
        self.remembered.put(remembered::key(query, viewer, today), of, answer.clone());
        Ok(answer)
    }

    /// The answer to a search that was asked a moment ago and would be answered the same now. Takes microseconds.
    pub fn remembered(&self, query: &SearchQuery, viewer: &Viewer, today: Day) -> Option<Arc<Answer>> {
        self.remembered.get(&remembered::key(query, viewer, today), &self.made_of().ok()?)
    }

    fn made_of(&self) -> Result<MadeOf> {
        let (serving, synonyms) = (self.current()?.serving, self.synonyms.said());
        Ok(MadeOf { serving, synonyms, plays: self.plays(), calendar: self.calendar.by_unit() })
    }

    fn answer(&self, of: &MadeOf, query: &SearchQuery, viewer: &Viewer, today: Day) -> Result<Answer> {
        let MadeOf { serving, synonyms, plays, calendar } = of;
        let view = View::new(serving);
        let lexicon = serving.lexicon()?;
        let allowed = serving.allowed(viewer, today)?;
        let (literal, parts) = (query.literal, self.parts);
        let sources = Sources { view: &view, allowed: &allowed, synonyms, lexicon: &lexicon, literal, parts };
        let plan = query::plan(&query.q, &sources)?;
        let season = season::in_season(calendar, viewer, today);
        let priors = serving.priors(plays, &season)?;
        let prior = |number: u32| match priors.get(number as usize) {
            Some(prior) if self.parts.priors => *prior,
            _ => 1.0,
        };
        let scored = match query.q.trim().is_empty() {
            true => everything(&allowed, prior),
            false => rank::rank(&view, &plan, &allowed, prior)?,
        };
        let read_as = match (plan.read_as, scored.iter().min_by(|a, b| rank::better(a, b))) {
            (None, Some(best)) if !plan.misspelt.is_empty() => {
                highlight::respelt(&fold::chars(&query.q), &plan.misspelt, &hits::title(&view, best.number)?)
            }
            (read_as, _) => read_as,
        };
        let sounds: Vec<String> = plan.misspelt.iter().flat_map(|pair| tokenizer::sounds(pair)).collect();
        let needles = Needles::new(plan.marks, &sounds).with_phrase(plan.phrase);
        let answer = hits::answer(&view, query, scored, &needles, plays, &season)?;
        Ok(Answer { read_as, ..answer })
    }

    /// What to offer while somebody types, at most `most` (20 at the outside).
    pub fn suggest(&self, q: &str, viewer: &Viewer, today: Day, most: usize) -> Result<Vec<Suggestion>> {
        self.suggest_among(q, viewer, today, most, &[])
    }

    /// The same, with what many others search for among it; those words alone while nothing is typed.
    pub fn suggest_among(
        &self,
        q: &str,
        viewer: &Viewer,
        today: Day,
        most: usize,
        hot: &[String],
    ) -> Result<Vec<Suggestion>> {
        let serving = self.current()?.serving;
        let view = View::new(&serving);
        let allowed = serving.allowed(viewer, today)?;
        let lexicon = serving.lexicon()?;
        let hot = Words::hot(hot.iter().map(String::as_str));
        suggest::suggest(&view, (&lexicon, &hot), &allowed, q, most.min(20))
    }

    /// How many lessons can be found.
    pub fn len(&self) -> Result<u64> {
        Ok(self.searcher()?.num_docs())
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// Without words every lesson is a hit; those that are used most and newest are best.
fn everything(allowed: &[bool], prior: impl Fn(u32) -> f32) -> Vec<Scored> {
    let numbers = allowed.iter().enumerate().filter(|(_, allowed)| **allowed).map(|(number, _)| number as u32);
    numbers.map(|number| Scored { number, score: prior(number), weak: false }).collect()
}

/// A name as names are compared.
pub(crate) fn folded(name: &str) -> String {
    fold::fold(name.trim())
}

/// What groups the spellings of one wish: folded, Han characters by their usual reading, nothing but letters and digits.
pub(crate) fn meaning(query: &str) -> String {
    let mut meaning = String::new();
    for c in fold::chars(query) {
        match pinyin::readings(c).first() {
            Some(reading) => meaning.push_str(reading),
            None if c.is_alphanumeric() => meaning.push(c),
            None => {}
        }
    }
    meaning
}
