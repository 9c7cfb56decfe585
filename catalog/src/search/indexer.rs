//! From rows to the index: building it anew, and following the outbox.
//!
//! Every build gets a folder of its own below `index/`; it is only used once its commit is complete, so that the one before
//! serves meanwhile and a crash at any point leaves a usable one or none.

use super::document::{Source, document};
use super::schema::Fields;
use super::{Index, schema, tokenizer};
use crate::{Result, lesson as lessons};
use entity::{LessonId, LessonState, OutboxId, UnitId, lesson, media, org_unit, outbox};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tantivy::IndexWriter;
use tantivy::schema::Term;
use tokio::sync::watch;

/// How often the outbox is asked.
const POLL: Duration = Duration::from_millis(200);
/// How often plays are read again.
const PLAYS_EVERY: u32 = 150;
/// Rows read at once.
const CHUNK: u64 = 500;
/// Outbox rows below the highest applied that are looked at again: in PostgreSQL a lower id may be committed after a
/// higher one.
const OVERLAP: i64 = 200;
/// Memory the writer may use before it flushes.
const WRITER_BYTES: usize = 30_000_000;

/// What a commit says about itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Payload {
    /// The schema it was written with.
    pub schema: u32,
    /// The highest outbox row applied.
    pub outbox: i64,
}

/// Reads lessons for the index; those that are not published are left out.
async fn sources(db: &impl ConnectionTrait, rows: Vec<lesson::Model>) -> Result<Vec<Source>> {
    let rows: Vec<lesson::Model> = rows.into_iter().filter(|row| row.state == LessonState::Published).collect();
    let units: HashSet<UnitId> = rows.iter().map(|row| row.audience_unit_id).collect();
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(units)).all(db).await?;
    let paths: HashMap<UnitId, String> = units.into_iter().map(|unit| (unit.id, unit.path)).collect();
    let blobs: Vec<&str> = rows.iter().filter_map(|row| row.media_sha256.as_deref()).collect();
    let blobs = media::Entity::find().filter(media::Column::Sha256.is_in(blobs)).all(db).await?;
    let sizes: HashMap<String, i64> = blobs.into_iter().map(|blob| (blob.sha256, blob.size_bytes)).collect();
    let source = |row: lesson::Model| {
        let audience_path = paths.get(&row.audience_unit_id)?.clone();
        let size_bytes = row.media_sha256.as_ref().and_then(|sha256| sizes.get(sha256)).copied().unwrap_or(0);
        Some(Source { row, audience_path, size_bytes })
    };
    Ok(rows.into_iter().filter_map(source).collect())
}

/// Writes every published lesson into a fresh index and returns how many there are.
pub(crate) async fn fill(db: &DatabaseConnection, fresh: &tantivy::Index, fields: &Fields) -> Result<usize> {
    let outbox = last_outbox(db).await?;
    let writer: IndexWriter = fresh.writer_with_num_threads(1, WRITER_BYTES)?;
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
    off_the_workers(move || commit(writer, outbox).map(|_| ())).await?;
    Ok(count)
}

async fn last_outbox(db: &impl ConnectionTrait) -> Result<i64> {
    let query = outbox::Entity::find().select_only().column_as(outbox::Column::Id.max(), "last");
    let last: Option<Option<OutboxId>> = query.into_tuple().one(db).await?;
    Ok(last.flatten().map_or(0, |id| id.0))
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
        tokenizer::learn(lessons::tags_of(&source.row).iter().map(String::as_str));
        tokenizer::learn([source.row.lecturer.as_str(), source.row.crop.as_deref().unwrap_or_default()]);
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
    let mut follower = Follower { db, index, writer: None, applied: None, seen: HashSet::new() };
    let mut round = 0u32;
    loop {
        if let Err(cause) = follower.round(round).await {
            tracing::warn!(%cause, "search index could not follow the database, will try again");
            follower.writer = None;
            follower.applied = None;
            let _ = tokio::time::timeout(POLL * 10, stopped.wait_for(|stop| *stop)).await;
        }
        round = round.wrapping_add(1);
        if let Ok(Ok(_) | Err(_)) = tokio::time::timeout(POLL, stopped.wait_for(|stop| *stop)).await {
            return;
        }
    }
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
}

impl Follower {
    async fn round(&mut self, round: u32) -> Result<()> {
        if self.index.is_broken() {
            self.index.rebuild(&self.db).await?;
        }
        self.index.adopt_newer()?;
        self.index.synonyms.refresh()?;
        if round.is_multiple_of(PLAYS_EVERY) {
            self.index.set_plays(plays(&self.db).await?);
        }
        let applied = self.position()?;
        let rows: Vec<(OutboxId, LessonId)> = outbox::Entity::find()
            .select_only()
            .column(outbox::Column::Id)
            .column(outbox::Column::LessonId)
            .filter(outbox::Column::Id.gt(OutboxId(applied.saturating_sub(OVERLAP))))
            .order_by_asc(outbox::Column::Id)
            .limit(CHUNK)
            .into_tuple()
            .all(&self.db)
            .await?;
        let fresh: Vec<(i64, LessonId)> =
            rows.into_iter().map(|(id, lesson)| (id.0, lesson)).filter(|(id, _)| !self.seen.contains(id)).collect();
        if fresh.is_empty() { Ok(()) } else { self.apply(&fresh).await }
    }

    /// The highest outbox row applied to the current index; starts afresh when another index has been adopted.
    fn position(&mut self) -> Result<i64> {
        let generation = self.index.generation();
        match self.applied {
            Some((of, applied)) if of == generation => Ok(applied),
            _ => {
                let applied = self.index.payload()?.outbox;
                (self.writer, self.applied) = (None, Some((generation, applied)));
                self.seen.clear();
                Ok(applied)
            }
        }
    }

    async fn apply(&mut self, fresh: &[(i64, LessonId)]) -> Result<()> {
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
            for id in ids {
                writer.delete_term(Term::from_field_i64(fields.id, id.0));
            }
            commit(add(Some(writer), &fields, &sources)?, highest)
        };
        self.writer = off_the_workers(work).await?;
        self.index.reload()?;
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
