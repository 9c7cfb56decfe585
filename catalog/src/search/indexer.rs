//! From rows to the index: building it anew, and following the outbox.
//!
//! Every build gets a folder of its own below `index/`; it is only used once its commit is complete, so that the one before
//! serves meanwhile and a crash at any point leaves a usable one or none.

use super::document::{Source, document};
use super::generation::Generation;
use super::schema::Fields;
use super::sources::sources;
use super::{Index, dictionary, schema};
use crate::{Result, lesson as lessons};
use entity::{LessonId, lesson};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tantivy::IndexWriter;
use tantivy::merge_policy::NoMergePolicy;
use tantivy::schema::Term;
use tokio::sync::watch;
use tokio::task::JoinSet;

mod outbox;

pub use outbox::trim_outbox;

/// How often the outbox is asked.
const POLL: Duration = Duration::from_millis(200);
/// How often plays are read again.
const PLAYS_EVERY: u32 = 150;
/// Rows read at once.
const CHUNK: u64 = 500;
/// Outbox rows applied in one commit: few enough that one which comes meanwhile waits less than a second.
const CHANGES: usize = 500;
/// Outbox rows below the highest applied that are looked at again: in PostgreSQL a lower id may be committed after a
/// higher one.
const OVERLAP: i64 = 500;
/// Memory the writer of changes may use before it flushes.
const WRITER_BYTES: usize = 30_000_000;
/// Threads that build an index anew, and the memory they may use together before they flush.
const BUILDERS: usize = 2;
const BUILDER_BYTES: usize = 200_000_000;

/// What a commit says about itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Payload {
    /// The schema it was written with.
    pub schema: u32,
    /// The highest outbox row applied.
    pub outbox: i64,
}

/// Writes every published lesson into a fresh index and returns how many there are.
pub(crate) async fn fill(db: &DatabaseConnection, fresh: &tantivy::Index, fields: &Fields) -> Result<usize> {
    let outbox = outbox::last(db).await?;
    let writer: IndexWriter = fresh.writer_with_num_threads(BUILDERS, BUILDER_BYTES)?;
    writer.set_merge_policy(Box::new(NoMergePolicy)); // all at once when it is complete, see `finish`
    let mut writer = Some(writer);
    let (mut count, mut after) = (0, LessonId(0));
    loop {
        let query = lesson::Entity::find().filter(lesson::Column::Id.gt(after)).order_by_asc(lesson::Column::Id);
        let rows = query.limit(CHUNK).all(db).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        let sources = sources(db, rows).await?;
        count += sources.len();
        let fields = fields.clone();
        writer = off_the_workers(move || add(writer, &fields, &sources)).await?;
    }
    let index = fresh.clone();
    off_the_workers(move || finish(&index, writer, outbox)).await?;
    Ok(count)
}

/// Brings a build into few segments, since every term is looked up in each, and commits it.
fn finish(index: &tantivy::Index, writer: Option<IndexWriter>, outbox: i64) -> Result<()> {
    let Some(mut writer) = writer else { return Ok(()) };
    writer.commit()?; // without a payload: not complete yet
    let segments = index.searchable_segment_ids()?;
    if segments.len() > 1 {
        writer.merge(&segments).wait()?;
    }
    if let Some(writer) = commit(Some(writer), outbox)? {
        writer.garbage_collect_files().wait()?;
        writer.wait_merging_threads()?;
    }
    Ok(())
}

fn add(writer: Option<IndexWriter>, fields: &Fields, sources: &[Source]) -> Result<Option<IndexWriter>> {
    if let Some(writer) = &writer {
        learn(sources);
        for source in sources {
            writer.add_document(document(fields, source))?;
        }
    }
    Ok(writer)
}

fn learn(sources: &[Source]) {
    for source in sources {
        dictionary::learn(lessons::tags_of(&source.row).iter().map(String::as_str));
        dictionary::learn([source.row.lecturer.as_str(), source.row.crop.as_deref().unwrap_or_default()]);
    }
}

fn commit(writer: Option<IndexWriter>, outbox: i64) -> Result<Option<IndexWriter>> {
    let Some(mut writer) = writer else { return Ok(None) };
    let payload = Payload { schema: schema::VERSION, outbox };
    let mut commit = writer.prepare_commit()?;
    commit.set_payload(&serde_json::to_string(&payload).unwrap_or_default());
    commit.commit()?;
    Ok(Some(writer))
}

async fn off_the_workers<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|stopped| Err(std::io::Error::other(stopped).into()))
}

/// Keeps the index up to date with the database until told to stop. A change shows within a second of its commit; a
/// failure is logged and tried again.
pub async fn follow(db: DatabaseConnection, index: Arc<Index>, mut stopped: watch::Receiver<bool>) {
    let warming = index.clone();
    let _ = tokio::task::spawn_blocking(move || warming.warm()).await;
    let checking = index.clone();
    tokio::task::spawn_blocking(move || checking.check());
    let mut follower = Follower::new(db, index);
    let mut round = 0u32;
    loop {
        let pause = match follower.round(round).await {
            Ok(Progress::More) => Duration::ZERO,
            Ok(Progress::UpToDate) => POLL,
            Err(cause) => {
                tracing::warn!(%cause, "search index could not follow the database, will try again");
                (follower.writer, follower.applied) = (None, None);
                POLL * 10
            }
        };
        round = round.wrapping_add(1);
        if let Ok(Ok(_) | Err(_)) = tokio::time::timeout(pause, stopped.wait_for(|stop| *stop)).await {
            return;
        }
    }
}

/// Whether rows are waiting.
enum Progress {
    UpToDate,
    More,
}

/// The one owner of the index writer.
struct Follower {
    db: DatabaseConnection,
    index: Arc<Index>,
    writer: Option<IndexWriter>,
    /// The index the writer is of, and the highest outbox row applied to it.
    applied: Option<(u64, i64)>,
    /// Rows of the overlap that were applied.
    seen: HashSet<i64>,
    /// The outbox no longer tells all that changed.
    missed: bool,
    /// A build under way, at most one, while the index in use goes on following.
    building: JoinSet<Result<Generation>>,
}

impl Follower {
    fn new(db: DatabaseConnection, index: Arc<Index>) -> Self {
        let (seen, building) = (HashSet::new(), JoinSet::new());
        Self { db, index, writer: None, applied: None, seen, missed: false, building }
    }

    async fn round(&mut self, round: u32) -> Result<Progress> {
        let now_and_then = round.is_multiple_of(PLAYS_EVERY);
        // First what another process has built: it has removed the one in use.
        self.index.adopt_newer()?;
        self.build_if_needed()?;
        self.index.synonyms.refresh();
        self.index.calendar.refresh(&self.db, now_and_then).await?;
        if now_and_then {
            self.index.set_plays(plays(&self.db).await?);
            if let Some((_, applied)) = self.applied {
                self.missed |= outbox::slept_too_long(&self.db, applied).await?; // the machine was asleep for days
            }
        }
        let applied = self.position().await?;
        let rows = outbox::above(&self.db, applied.saturating_sub(OVERLAP), OVERLAP as u64 + CHANGES as u64).await?;
        let fresh = rows.into_iter().filter(|(id, _)| !self.seen.contains(id));
        let fresh: Vec<(i64, LessonId)> = fresh.take(CHANGES).collect();
        match fresh.last() {
            None => Ok(Progress::UpToDate),
            Some((last, _)) if fresh.len() == CHANGES => {
                let gone = outbox::withdrawn_after(&self.db, *last).await?;
                self.apply(&fresh, gone).await?;
                Ok(Progress::More)
            }
            Some(_) => {
                self.apply(&fresh, Vec::new()).await?;
                Ok(Progress::UpToDate)
            }
        }
    }

    /// Starts a build when the index is damaged, was removed or has missed changes, and takes over one that is complete.
    fn build_if_needed(&mut self) -> Result<()> {
        if let Some(built) = self.building.try_join_next() {
            let built = built.unwrap_or_else(|stopped| Err(std::io::Error::other(stopped).into()))?;
            (self.writer, self.missed) = (None, false);
            return self.index.adopt(built);
        }
        if self.building.is_empty() && (self.missed || self.index.is_broken() || self.index.is_gone()) {
            tracing::warn!("the search index is built anew; the one there is serves meanwhile");
            let (index, db) = (self.index.clone(), self.db.clone());
            self.building.spawn(async move { Ok(Generation::build(&index.folder, &index.fields, &db).await?.0) });
        }
        Ok(())
    }

    /// The highest outbox row applied to the current index; starts afresh when another index has been adopted.
    async fn position(&mut self) -> Result<i64> {
        let generation = self.index.generation();
        match self.applied {
            Some((of, applied)) if of == generation => Ok(applied),
            _ => {
                let applied = self.index.payload()?.outbox;
                self.missed |= outbox::slept_too_long(&self.db, applied).await?;
                (self.writer, self.applied) = (None, Some((generation, applied)));
                self.seen.clear();
                Ok(applied)
            }
        }
    }

    /// Brings the lessons of these rows up to date, and takes out those that are `gone`.
    async fn apply(&mut self, fresh: &[(i64, LessonId)], gone: Vec<LessonId>) -> Result<()> {
        let ids: HashSet<LessonId> = fresh.iter().map(|(_, lesson)| *lesson).collect();
        let rows = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids.iter().copied())).all(&self.db).await?;
        let sources = sources(&self.db, rows).await?;
        let (generation, applied) = self.applied.unwrap_or((self.index.generation(), 0));
        let highest = fresh.iter().map(|(id, _)| *id).max().unwrap_or(0).max(applied);
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.index.writer(WRITER_BYTES)?,
        };
        let fields = self.index.fields.clone();
        let work = move || {
            for id in ids.into_iter().chain(gone) {
                writer.delete_term(Term::from_field_i64(fields.id, id.0));
            }
            commit(add(Some(writer), &fields, &sources)?, highest)
        };
        self.writer = off_the_workers(work).await?;
        let index = self.index.clone();
        off_the_workers(move || index.reload()).await?;
        self.applied = Some((generation, highest));
        self.seen.extend(fresh.iter().map(|(id, _)| *id));
        self.seen.retain(|id| *id > highest - OVERLAP);
        Ok(())
    }
}

async fn plays(db: &impl ConnectionTrait) -> Result<HashMap<i64, i64>> {
    let query = lesson::Entity::find().select_only().column(lesson::Column::Id).column(lesson::Column::Plays);
    let rows: Vec<(LessonId, i64)> = query.filter(lesson::Column::Plays.gt(0)).into_tuple().all(db).await?;
    Ok(rows.into_iter().map(|(id, plays)| (id.0, plays)).collect())
}
