//! The search index: what may be asked, what is answered, and the parts that do it.
//!
//! The index is derived: the database is the truth, the outbox says what changed, and a missing, broken or older index
//! is built anew. Searching is synchronous and takes milliseconds; callers run it off the async workers.

pub mod answer;
mod bands;
mod cursor;
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
mod view;

pub use answer::{Answer, FacetCount, Facets, Hit, SearchQuery, Sort, Suggestion, SuggestionKind};
pub use bands::{LengthBand, SizeBand};
pub use cursor::Cursor;
pub use indexer::{follow, trim_outbox};
pub use parts::Parts;

use crate::edited::EditedFile;
use crate::season::{self, Calendar, InSeason};
use crate::{Error, Result, Viewer};
use entity::Day;
use generation::Generation;
use highlight::Needles;
use indexer::Payload;
use query::Sources;
use rank::Scored;
use remembered::{MadeOf, Remembered};
use schema::Fields;
use sea_orm::DatabaseConnection;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use synonyms::Groups;
use tantivy::directory::error::LockError;
use tantivy::{IndexWriter, Searcher, TantivyError};
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
    /// [`Error::QueryTooLong`], [`Error::PageOutOfRange`], or [`Error::IndexBusy`] when the index is damaged; then it is
    /// built anew by [`follow`].
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

    /// Does work on the index. What a damaged file makes of it, an error or a panic inside the library, is noted, so
    /// that the index is built anew; the caller may come again.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let cause = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Err(Error::Index(cause))) => cause.to_string(),
            Ok(Err(Error::Io(cause))) => cause.to_string(),
            Ok(outcome) => return outcome,
            Err(_) => "panic".to_owned(),
        };
        tracing::error!(cause, "a search failed in the index");
        // A query that trips over itself must not make anybody build a sound index anew, again and again.
        self.check();
        Err(Error::IndexBusy)
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
        let read_as = match (plan.read_as, scored.first()) {
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
        let hot: Vec<_> = hot.iter().map(|word| lexicon::hot(word)).collect();
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

    /// Loads what the first search would otherwise wait for.
    fn warm(&self) {
        tokenizer::warm();
        let nobody = (Viewer::default(), Day::default());
        let _ = self.current().and_then(|current| current.serving.lexicon().map(drop));
        let _ = self.search(&SearchQuery::of("a"), &nobody.0, nobody.1);
    }

    /// Whether every file of the index is as it was written; when not, it will be built anew.
    fn check(&self) {
        let sound = generation::is_sound(&self.folder, self.generation());
        if !sound.unwrap_or(false) {
            tracing::error!("files of the search index are damaged; it will be built anew");
            self.broken.store(true, Ordering::Relaxed);
        }
    }

    fn searcher(&self) -> Result<Searcher> {
        Ok(self.current()?.serving.searcher.clone())
    }

    fn current(&self) -> Result<Current> {
        let current = self.current.read().map_err(|_| std::io::Error::other("search index lock is poisoned"))?;
        Ok(current.clone())
    }

    fn generation(&self) -> u64 {
        self.current().map_or(0, |current| current.generation.number)
    }

    fn payload(&self) -> Result<Payload> {
        let payload = self.current()?.generation.payload();
        payload.ok_or_else(|| TantivyError::InternalError("index without payload".to_owned()).into())
    }

    fn writer(&self, bytes: usize) -> Result<IndexWriter> {
        match self.current()?.generation.index.writer_with_num_threads(1, bytes) {
            Err(TantivyError::LockFailure(LockError::LockBusy, _)) => Err(Error::IndexBusy),
            Err(other) => Err(other.into()),
            Ok(writer) => {
                // What a writer that was killed left of its last commit stands in the way of the same commit made again.
                writer.garbage_collect_files().wait()?;
                Ok(writer)
            }
        }
    }

    fn reload(&self) -> Result<()> {
        let generation = self.current()?.generation;
        generation.reader.reload()?;
        let serving = self.current()?.serving.next(generation.reader.searcher());
        serving.lexicon()?;
        self.set_current(Current { generation, serving: Arc::new(serving) });
        Ok(())
    }

    /// Takes over an index that another process, such as `reindex`, has built in the meantime.
    fn adopt_newer(&self) -> Result<()> {
        if let Some(generation) = Generation::newer(&self.folder, self.generation())? {
            self.adopt(generation)?;
        }
        Ok(())
    }

    /// Uses this build from now on, and removes those before it.
    fn adopt(&self, generation: Generation) -> Result<()> {
        let number = generation.number;
        self.set_current(Current::of(generation, &self.fields));
        self.broken.store(false, Ordering::Relaxed);
        generation::clear(&self.folder, number)
    }

    fn set_current(&self, fresh: Current) {
        if let Ok(mut current) = self.current.write() {
            *current = fresh;
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Whether somebody has removed the files that are served from.
    fn is_gone(&self) -> bool {
        !generation::is_there(&self.folder, self.generation())
    }

    fn plays(&self) -> Arc<HashMap<i64, i64>> {
        self.plays.read().map(|plays| plays.clone()).unwrap_or_default()
    }

    /// Plays that are as they were change no answer, and none is forgotten.
    fn set_plays(&self, fresh: HashMap<i64, i64>) {
        if let Ok(mut plays) = self.plays.write()
            && **plays != fresh
        {
            *plays = Arc::new(fresh);
        }
    }
}

impl Current {
    fn of(generation: Generation, fields: &Fields) -> Self {
        let serving = Arc::new(Serving::new(generation.reader.searcher(), fields));
        Self { generation: Arc::new(generation), serving }
    }
}

/// Without words every lesson is a hit, the most used and newest first.
fn everything(allowed: &[bool], prior: impl Fn(u32) -> f32) -> Vec<Scored> {
    let numbers = allowed.iter().enumerate().filter(|(_, allowed)| **allowed).map(|(number, _)| number as u32);
    let mut all: Vec<Scored> = numbers.map(|number| Scored { number, score: prior(number), weak: false }).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.number.cmp(&b.number)));
    all
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
