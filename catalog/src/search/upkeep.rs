//! Keeping the index whole while it serves: which build is in use, its writer, and what is done about damage.

use super::generation::{self, Generation};
use super::indexer::Payload;
use super::schema::Fields;
use super::view::Serving;
use super::{Current, Index, SearchQuery, dictionary};
use crate::{Error, Result, Viewer};
use entity::Day;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tantivy::directory::error::LockError;
use tantivy::{IndexWriter, Searcher, TantivyError};

impl Index {
    /// Does work on the index. What a damaged file makes of it, an error or a panic inside the library, is noted, so
    /// that the index is built anew; the caller may come again.
    pub(super) fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
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

    /// Loads what the first search would otherwise wait for.
    pub(super) fn warm(&self) {
        dictionary::warm();
        let nobody = (Viewer::default(), Day::default());
        let _ = self.current().and_then(|current| current.serving.lexicon().map(drop));
        let _ = self.search(&SearchQuery::of("a"), &nobody.0, nobody.1);
    }

    /// Whether every file of the index is as it was written; when not, it will be built anew.
    pub(super) fn check(&self) {
        let sound = generation::is_sound(&self.folder, self.generation());
        if !sound.unwrap_or(false) {
            tracing::error!("files of the search index are damaged; it will be built anew");
            self.broken.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn searcher(&self) -> Result<Searcher> {
        Ok(self.current()?.serving.searcher.clone())
    }

    pub(super) fn current(&self) -> Result<Current> {
        let current = self.current.read().map_err(|_| std::io::Error::other("search index lock is poisoned"))?;
        Ok(current.clone())
    }

    pub(super) fn generation(&self) -> u64 {
        self.current().map_or(0, |current| current.generation.number)
    }

    pub(super) fn payload(&self) -> Result<Payload> {
        let payload = self.current()?.generation.payload();
        payload.ok_or_else(|| TantivyError::InternalError("index without payload".to_owned()).into())
    }

    pub(super) fn writer(&self, bytes: usize) -> Result<IndexWriter> {
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

    pub(super) fn reload(&self) -> Result<()> {
        let generation = self.current()?.generation;
        generation.reader.reload()?;
        let serving = self.current()?.serving.next(generation.reader.searcher());
        serving.lexicon()?;
        self.set_current(Current { generation, serving: Arc::new(serving) });
        Ok(())
    }

    /// Takes over an index that another process, such as `reindex`, has built in the meantime.
    pub(super) fn adopt_newer(&self) -> Result<()> {
        if let Some(generation) = Generation::newer(&self.folder, self.generation())? {
            self.adopt(generation)?;
        }
        Ok(())
    }

    /// Uses this build from now on, and removes those before it.
    pub(super) fn adopt(&self, generation: Generation) -> Result<()> {
        let number = generation.number;
        self.set_current(Current::of(generation, &self.fields));
        self.broken.store(false, Ordering::Relaxed);
        generation::clear(&self.folder, number)
    }

    pub(super) fn set_current(&self, fresh: Current) {
        if let Ok(mut current) = self.current.write() {
            *current = fresh;
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Whether somebody has removed the files that are served from.
    pub(super) fn is_gone(&self) -> bool {
        !generation::is_there(&self.folder, self.generation())
    }

    pub(super) fn plays(&self) -> Arc<HashMap<i64, i64>> {
        self.plays.read().map(|plays| plays.clone()).unwrap_or_default()
    }

    /// Plays that are as they were change no answer, and none is forgotten.
    pub(super) fn set_plays(&self, fresh: HashMap<i64, i64>) {
        if let Ok(mut plays) = self.plays.write()
            && **plays != fresh
        {
            *plays = Arc::new(fresh);
        }
    }
}

impl Current {
    pub(super) fn of(generation: Generation, fields: &Fields) -> Self {
        let serving = Arc::new(Serving::new(generation.reader.searcher(), fields));
        Self { generation: Arc::new(generation), serving }
    }
}
