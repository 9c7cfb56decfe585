//! The search index: what may be asked, what is answered, and the parts that do it.
//!
//! The index is derived: the database is the truth, the outbox says what changed, and a missing, broken or older index
//! is built anew. Searching is synchronous and takes milliseconds; callers run it off the async workers.

pub mod answer;
mod document;
mod fold;
mod highlight;
mod hits;
mod indexer;
mod lexicon;
mod pinyin;
mod query;
mod rank;
mod schema;
mod suggest;
mod synonyms;
mod tokenizer;
mod view;

pub use answer::{Answer, FacetCount, Facets, Hit, SearchQuery, Sort, Suggestion, SuggestionKind};
pub use indexer::follow;

use crate::{Error, Result, Viewer};
use entity::Day;
use highlight::Needles;
use indexer::Payload;
use lexicon::Lexicon;
use query::Sources;
use rank::Scored;
use schema::Fields;
use sea_orm::DatabaseConnection;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use synonyms::Synonyms;
use tantivy::directory::error::LockError;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyError};
use view::View;

/// Longest query, in characters after folding.
pub const MAX_QUERY_CHARS: usize = 200;

/// The open index. One per process; share it behind an `Arc`.
pub struct Index {
    folder: PathBuf,
    fields: Fields,
    current: RwLock<Arc<Generation>>,
    lexicon: Lexicon,
    synonyms: Synonyms,
    plays: RwLock<Arc<HashMap<i64, i64>>>,
    broken: AtomicBool,
}

/// One build of the index, in a folder of its own.
struct Generation {
    number: u64,
    index: tantivy::Index,
    reader: IndexReader,
}

impl Index {
    /// Opens the index and the synonyms below the data folder. A missing, broken or older index is built from the
    /// database first.
    pub async fn open(data: &Path, db: &DatabaseConnection) -> Result<Self> {
        let folder = data.join("index");
        std::fs::create_dir_all(&folder)?;
        let (_, fields) = schema::build();
        let synonyms = Synonyms::open(data)?;
        let newest = generations(&folder)?.into_iter().rev().find_map(|number| Generation::open(&folder, number));
        let newest = match newest {
            Some(generation) => generation,
            None => build(&folder, &fields, db).await?.0,
        };
        remove_older(&folder, newest.number)?;
        Ok(Self {
            folder,
            fields,
            current: RwLock::new(Arc::new(newest)),
            lexicon: Lexicon::default(),
            synonyms,
            plays: RwLock::default(),
            broken: AtomicBool::new(false),
        })
    }

    /// Builds the index anew from the database and returns how many lessons it holds. The old one serves until the
    /// new one is complete.
    pub async fn rebuild(&self, db: &DatabaseConnection) -> Result<usize> {
        let (generation, count) = build(&self.folder, &self.fields, db).await?;
        let number = generation.number;
        self.adopt(generation);
        remove_older(&self.folder, number)?;
        Ok(count)
    }

    /// Searches for this viewer.
    ///
    /// # Errors
    /// [`Error::QueryTooLong`], [`Error::PageOutOfRange`], or the index itself fails; then it is built anew by
    /// [`follow`].
    pub fn search(&self, query: &SearchQuery, viewer: &Viewer, today: Day) -> Result<Answer> {
        let begun = Instant::now();
        let searcher = self.searcher()?;
        let found = self.answer(&searcher, query, viewer, today);
        if let Err(Error::Index(_) | Error::Io(_)) = &found {
            self.broken.store(true, Ordering::Relaxed);
        }
        Ok(Answer { took_ms: begun.elapsed().as_secs_f64() * 1000.0, ..found? })
    }

    fn answer(&self, searcher: &Searcher, query: &SearchQuery, viewer: &Viewer, today: Day) -> Result<Answer> {
        let view = View::new(searcher, &self.fields);
        let plays = self.plays();
        let lexicon = self.lexicon.of(searcher, &self.fields)?;
        let sources =
            Sources { view: &view, synonyms: &self.synonyms.groups(), lexicon: &lexicon, literal: query.literal };
        let plan = query::plan(&query.q, &sources)?;
        let allowed = view.allowed(viewer, today)?;
        let priors = hits::Priors::new(&view, &plays, today)?;
        let prior = |number: u32| priors.of(number);
        let scored = match query.q.trim().is_empty() {
            true => everything(&allowed, prior),
            false => rank::rank(&view, &plan, &allowed, prior)?,
        };
        let misspelt = plan.misspelt;
        let needles = Needles::new(plan.marks, misspelt.iter().flat_map(|pair| tokenizer::sounds(pair)).collect());
        let answer = hits::answer(&view, query, scored, &needles, &plays, today)?;
        let heard = || highlight::respelt(&fold::chars(&query.q), &misspelt, &answer.hits.first()?.title);
        Ok(Answer { read_as: plan.read_as.or_else(heard), ..answer })
    }

    /// What to offer while somebody types, at most `most` (20 at the outside).
    pub fn suggest(&self, q: &str, viewer: &Viewer, today: Day, most: usize) -> Result<Vec<Suggestion>> {
        let searcher = self.searcher()?;
        let view = View::new(&searcher, &self.fields);
        let allowed = view.allowed(viewer, today)?;
        let lexicon = self.lexicon.of(&searcher, &self.fields)?;
        suggest::suggest(&view, &lexicon, &allowed, q, most.min(20))
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
        if let Ok(searcher) = self.searcher() {
            let _ = self.lexicon.of(&searcher, &self.fields);
        }
    }

    fn searcher(&self) -> Result<Searcher> {
        Ok(self.current()?.reader.searcher())
    }

    fn current(&self) -> Result<Arc<Generation>> {
        let current = self.current.read().map_err(|_| std::io::Error::other("search index lock is poisoned"))?;
        Ok(current.clone())
    }

    fn generation(&self) -> u64 {
        self.current().map_or(0, |generation| generation.number)
    }

    fn payload(&self) -> Result<Payload> {
        let current = self.current()?;
        payload_of(&current.index).ok_or_else(|| TantivyError::InternalError("index without payload".to_owned()).into())
    }

    fn writer(&self, bytes: usize) -> Result<IndexWriter> {
        match self.current()?.index.writer_with_num_threads(1, bytes) {
            Err(TantivyError::LockFailure(LockError::LockBusy, _)) => Err(Error::IndexBusy),
            other => Ok(other?),
        }
    }

    fn reload(&self) -> Result<()> {
        let current = self.current()?;
        current.reader.reload()?;
        self.lexicon.of(&current.reader.searcher(), &self.fields)?;
        Ok(())
    }

    /// Takes over an index that another process, such as `reindex`, has built in the meantime.
    fn adopt_newer(&self) -> Result<()> {
        let current = self.generation();
        let newer = generations(&self.folder)?.into_iter().rev().take_while(|number| *number > current);
        if let Some(generation) = newer.filter_map(|number| Generation::open(&self.folder, number)).next() {
            let number = generation.number;
            self.adopt(generation);
            remove_older(&self.folder, number)?;
        }
        Ok(())
    }

    fn adopt(&self, generation: Generation) {
        if let Ok(mut current) = self.current.write() {
            *current = Arc::new(generation);
        }
        self.broken.store(false, Ordering::Relaxed);
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    fn plays(&self) -> Arc<HashMap<i64, i64>> {
        self.plays.read().map(|plays| plays.clone()).unwrap_or_default()
    }

    fn set_plays(&self, fresh: HashMap<i64, i64>) {
        if let Ok(mut plays) = self.plays.write() {
            *plays = Arc::new(fresh);
        }
    }
}

impl Generation {
    /// Opens a complete build of the current schema.
    fn open(folder: &Path, number: u64) -> Option<Self> {
        let mut index = tantivy::Index::open_in_dir(path_of(folder, number)).ok()?;
        index.set_tokenizers(schema::tokenizers());
        payload_of(&index).filter(|payload| payload.schema == schema::VERSION)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().ok()?;
        Some(Self { number, index, reader })
    }
}

fn payload_of(index: &tantivy::Index) -> Option<Payload> {
    serde_json::from_str(&index.load_metas().ok()?.payload?).ok()
}

/// Builds a new generation beside those that are there.
async fn build(folder: &Path, fields: &Fields, db: &DatabaseConnection) -> Result<(Generation, usize)> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let number = generations(folder)?.last().map_or(clock, |last| clock.max(last + 1));
    let path = path_of(folder, number);
    std::fs::create_dir_all(&path)?;
    let (schema, _) = schema::build();
    let mut index = tantivy::Index::create_in_dir(&path, schema)?;
    index.set_tokenizers(schema::tokenizers());
    let count = indexer::fill(db, &index, fields).await?;
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok((Generation { number, index, reader }, count))
}

fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("g{number}"))
}

/// The numbers of the builds in the folder, complete or not, in order.
fn generations(folder: &Path) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        numbers.extend(
            name.to_str().and_then(|name| name.strip_prefix('g')).and_then(|number| number.parse::<u64>().ok()),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn remove_older(folder: &Path, than: u64) -> Result<()> {
    for number in generations(folder)?.into_iter().filter(|number| *number < than) {
        if let Err(cause) = std::fs::remove_dir_all(path_of(folder, number)) {
            tracing::debug!(%cause, number, "an old search index could not be removed yet");
        }
    }
    Ok(())
}

/// Without words every lesson is a hit, the most used and newest first.
fn everything(allowed: &[bool], prior: impl Fn(u32) -> f32) -> Vec<Scored> {
    let numbers = allowed.iter().enumerate().filter(|(_, allowed)| **allowed).map(|(number, _)| number as u32);
    let mut all: Vec<Scored> = numbers.map(|number| Scored { number, score: prior(number), weak: false }).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.number.cmp(&b.number)));
    all
}
