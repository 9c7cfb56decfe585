//! Re-reads every blob against its name, and moves a rotten one aside so that nobody is served altered bytes.
//!
//! What people brought is only told of: a lesson whose blob is gone says so until the file is brought again. What was
//! made of it is derived: its row goes, and its job is queued again.

use crate::prepare::search;
use crate::store::Store;
use crate::{Error, Result};
use entity::{JobState, Moment, RenditionKind, job, lesson, media, rendition, voice};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, TransactionSession, TransactionTrait,
};
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What verifying the store found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Blobs that were read.
    pub checked: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Blobs that are not there.
    pub missing: Vec<Fault>,
    /// Blobs that were altered, and now lie in quarantine.
    pub altered: Vec<Fault>,
    /// Blobs that the disk does not give back. They are left where they are: the disk may be better another time.
    pub unreadable: Vec<Fault>,
}

/// One blob that is not as it should be.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name.
    pub sha256: String,
    /// The name the recording's file came with.
    pub filename: String,
    /// What it is of that recording; `None` for the recording itself.
    pub made: Option<RenditionKind>,
    /// The lessons that play the recording, by title.
    pub lessons: Vec<String>,
    /// What became of it, or why nothing could, for people.
    pub note: String,
}

/// How far verifying has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Blobs that are done.
    pub blobs: u64,
    /// Blobs there are.
    pub of_blobs: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Bytes there are.
    pub of_bytes: u64,
}

impl Findings {
    /// Whether every blob is there and unaltered.
    pub fn is_sound(&self) -> bool {
        self.missing.is_empty() && self.altered.is_empty() && self.unreadable.is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "媒体文件：核对 {} 个，共 {} 字节", self.checked, self.bytes)?;
        write!(f, "；缺失 {} 个，损坏 {} 个", self.missing.len(), self.altered.len())?;
        if !self.unreadable.is_empty() {
            write!(f, "，无法读取 {} 个", self.unreadable.len())?;
        }
        for (what, faults) in [("缺失", &self.missing), ("损坏", &self.altered), ("无法读取", &self.unreadable)]
        {
            for fault in faults {
                write!(f, "\n  {what} {fault}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.filename)?;
        if let Some(kind) = self.made {
            write!(f, "（{}）", kind.label())?;
        }
        match self.lessons.as_slice() {
            [] => write!(f, "，没有课程使用")?,
            lessons => write!(f, "，用于课程：{}", lessons.join("、"))?,
        }
        write!(f, "\n    {}", self.sha256)?;
        if self.note.is_empty() { Ok(()) } else { write!(f, "\n    {}", self.note) }
    }
}

/// Re-read the blob of every recording and of everything made of one. `progress` is told several times a second.
pub async fn verify(
    db: &(impl ConnectionTrait + TransactionTrait),
    store: &Store,
    now: Moment,
    progress: &(impl Fn(Progress) + Sync),
) -> Result<Findings> {
    let mut round = Round { store, now, findings: Findings::default(), done: expected(db).await? };
    let mut after = String::new();
    loop {
        let query = media::Entity::find().filter(media::Column::Sha256.gt(&after));
        let page = query.order_by_asc(media::Column::Sha256).limit(PAGE).all(db).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.sha256);
        for row in page {
            round.check(db, Item { sha256: row.sha256.clone(), of: row.sha256, made: None }, progress).await?;
        }
    }
    let mut after = entity::RenditionId(i64::MIN);
    loop {
        let query = rendition::Entity::find().filter(rendition::Column::Id.gt(after));
        let page = query.order_by_asc(rendition::Column::Id).limit(PAGE).all(db).await?;
        let Some(last) = page.last() else { return Ok(round.findings) };
        after = last.id;
        for row in page {
            let item = Item { sha256: row.blob_sha256, of: row.media_sha256, made: Some(row.kind) };
            round.check(db, item, progress).await?;
        }
    }
}

/// What to do with an object that a bucket does not move for us. Copying it part by part is not worth its code: a
/// lesson of 5 GB is hours long, and this needs one that also rotted.
const TOO_LONG_TO_MOVE: &str =
    "未能移走，请勿再使用：文件超过 5 GB，S3 存储不支持移动。请用存储服务自带的工具删除或移走它，再重新上传原片";

/// Rows read at a time.
const PAGE: u64 = 500;

/// Between two words on how far a blob has been read.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// One blob to be read: its name, the recording it belongs to, and what it is of it.
struct Item {
    sha256: String,
    of: String,
    made: Option<RenditionKind>,
}

struct Round<'a> {
    store: &'a Store,
    now: Moment,
    findings: Findings,
    done: Progress,
}

impl Round<'_> {
    async fn check(
        &mut self,
        db: &(impl ConnectionTrait + TransactionTrait),
        item: Item,
        progress: &(impl Fn(Progress) + Sync),
    ) -> Result<()> {
        let before = self.done.bytes;
        let read = Arc::new(AtomicU64::new(0));
        let mut hashing = pin!(self.store.rehash(&item.sha256, read.clone()));
        let outcome = loop {
            match tokio::time::timeout(TOLD_EVERY, &mut hashing).await {
                Ok(outcome) => break outcome,
                Err(_) => progress(Progress { bytes: before + read.load(Ordering::Relaxed), ..self.done }),
            }
        };
        self.done.bytes = before + read.load(Ordering::Relaxed);
        self.done.blobs += 1;
        progress(self.done);
        match outcome {
            Ok(hashed) => {
                self.findings.checked += 1;
                self.findings.bytes += hashed.size();
                if hashed.sha256() != item.sha256 {
                    let note = self.move_aside(&item).await;
                    self.findings.altered.extend(self.fault(db, &item, note).await?);
                }
            }
            Err(Error::NoSuchBlob) => self.findings.missing.extend(self.fault(db, &item, String::new()).await?),
            Err(Error::Disk(cause)) => {
                self.findings.unreadable.extend(self.fault(db, &item, cause.to_string()).await?);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn move_aside(&self, item: &Item) -> String {
        match self.store.quarantine(&item.sha256).await {
            Ok(place) => format!("已移至 {place}"),
            Err(Error::TooLongToMove) => TOO_LONG_TO_MOVE.to_owned(),
            Err(error) => format!("未能移走，请勿再使用：{error}"),
        }
    }

    /// What is to be said of it; `None` when its row has been removed meanwhile.
    async fn fault(
        &self,
        db: &(impl ConnectionTrait + TransactionTrait),
        item: &Item,
        mut note: String,
    ) -> Result<Option<Fault>> {
        let Some(recording) = media::Entity::find_by_id(&item.of).one(db).await? else { return Ok(None) };
        if let Some(kind) = item.made
            && make_again(db, item, kind, self.now).await?
        {
            note = format!("{note}{}将由原片重新制作", if note.is_empty() { "" } else { "；" });
        }
        let spoken = voice::Entity::find().select_only().column(voice::Column::LessonId);
        let spoken = spoken.filter(voice::Column::MediaSha256.eq(&item.of));
        let plays = lesson::Column::MediaSha256.eq(&item.of).or(lesson::Column::Id.in_subquery(spoken.into_query()));
        let lessons: Vec<String> = lesson::Entity::find()
            .select_only()
            .column(lesson::Column::Title)
            .filter(plays)
            .order_by_asc(lesson::Column::Id)
            .limit(50)
            .into_tuple()
            .all(db)
            .await?;
        let lessons = lessons.into_iter().map(|title| format!("《{title}》")).collect();
        let (sha256, filename) = (item.sha256.clone(), recording.filename);
        Ok(Some(Fault { sha256, filename, made: item.made, lessons, note }))
    }
}

/// Drop the row of a rotten rendition, queue its job again and let search know, in one transaction. Answers whether
/// there is such a job.
async fn make_again(
    db: &(impl ConnectionTrait + TransactionTrait),
    item: &Item,
    kind: RenditionKind,
    now: Moment,
) -> Result<bool> {
    let txn = db.begin().await?;
    rendition::Entity::delete_many()
        .filter(rendition::Column::MediaSha256.eq(&item.of))
        .filter(rendition::Column::Kind.eq(kind))
        .filter(rendition::Column::BlobSha256.eq(&item.sha256))
        .exec(&txn)
        .await?;
    let again = job::ActiveModel {
        state: Set(JobState::Queued),
        attempts: Set(0),
        progress_permille: Set(0),
        run_after: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    let queued = job::Entity::update_many()
        .set(again)
        .filter(job::Column::MediaSha256.eq(&item.of))
        .filter(job::Column::Kind.eq(kind))
        .filter(job::Column::State.eq(JobState::Done));
    let is_queued = queued.exec(&txn).await?.rows_affected > 0;
    search::read_anew(&txn, &item.of, kind, now).await?;
    txn.commit().await?;
    Ok(is_queued)
}

/// What there is to be read, by the rows.
async fn expected(db: &impl ConnectionTrait) -> Result<Progress> {
    let blobs = media::Entity::find().count(db).await? + rendition::Entity::find().count(db).await?;
    let of_media: Option<Option<i64>> = media::Entity::find()
        .select_only()
        .column_as(total(media::Column::SizeBytes), "bytes")
        .into_tuple()
        .one(db)
        .await?;
    let of_made: Option<Option<i64>> = rendition::Entity::find()
        .select_only()
        .column_as(total(rendition::Column::SizeBytes), "bytes")
        .into_tuple()
        .one(db)
        .await?;
    let bytes = [of_media, of_made].into_iter().filter_map(Option::flatten).sum::<i64>();
    Ok(Progress { of_blobs: blobs, of_bytes: u64::try_from(bytes).unwrap_or(0), ..Progress::default() })
}

/// A sum of whole numbers as one: PostgreSQL makes a decimal of it.
fn total(column: impl ColumnTrait) -> Expr {
    Expr::col(column).sum().cast_as("BIGINT")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use crate::intake::{Origin, copy_in};
    use crate::upload::tests::database;
    use entity::UnitId;
    use sea_orm::ActiveValue::NotSet;
    use std::sync::Mutex;

    #[tokio::test]
    async fn missing_and_altered_blobs_are_told_and_the_altered_one_is_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let (db, store) = (database().await, Store::open(dir.path()).unwrap());
        let mut names = Vec::new();
        for text in ["good", "gone", "rotten"] {
            let file = dir.path().join(text);
            std::fs::write(&file, text).unwrap();
            let origin = Origin { filename: text, unit_id: UnitId(1), by: None };
            names.push(copy_in(&db, &store, &file, &origin, Moment(1)).await.unwrap().sha256);
        }
        std::fs::remove_file(store.local_copy(&names[1]).await.unwrap().path()).unwrap();
        std::fs::write(store.local_copy(&names[2]).await.unwrap().path(), "ROTTEN").unwrap();

        let last = Mutex::new(Progress::default());
        let findings = verify(&db, &store, Moment(2), &|told| *last.lock().unwrap() = told).await.unwrap();
        assert!(!findings.is_sound());
        assert_eq!((findings.checked, findings.bytes), (2, 10));
        assert_eq!(*last.lock().unwrap(), Progress { blobs: 3, of_blobs: 3, bytes: 10, of_bytes: 14 });
        assert_eq!(findings.missing[0].sha256, names[1]);
        assert_eq!(findings.altered[0].filename, "rotten");
        assert!(matches!(store.open_blob(&names[2]).await, Err(Error::NoSuchBlob)));
        let said = findings.to_string();
        assert!(said.contains("缺失 1 个，损坏 1 个") && said.contains("已移至") && said.contains("没有课程使用"));
    }

    #[tokio::test]
    async fn a_rotten_rendition_is_dropped_and_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let (db, store) = (database().await, Store::open(dir.path()).unwrap());
        let file = dir.path().join("film.mp4");
        std::fs::write(&file, "film").unwrap();
        let origin = Origin { filename: "film.mp4", unit_id: UnitId(1), by: None };
        let film = copy_in(&db, &store, &file, &origin, Moment(1)).await.unwrap();
        let kind = RenditionKind::Audio;
        job::Entity::delete_many().exec(&db).await.unwrap();
        let made = job::ActiveModel {
            id: NotSet,
            media_sha256: Set(film.sha256.clone()),
            kind: Set(kind),
            state: Set(JobState::Done),
            progress_permille: Set(1000),
            attempts: Set(1),
            run_after: Set(Moment(1)),
            leased_until: Set(None),
            worker: Set(None),
            error: Set(None),
            created_at: Set(Moment(1)),
            updated_at: Set(Moment(1)),
        };
        job::Entity::insert(made).exec(&db).await.unwrap();
        let row = rendition::ActiveModel {
            id: NotSet,
            media_sha256: Set(film.sha256.clone()),
            kind: Set(kind),
            blob_sha256: Set("0".repeat(64)),
            size_bytes: Set(9),
            mime: Set("audio/mp4".to_owned()),
            codecs: Set(None),
            width: Set(None),
            height: Set(None),
            duration_ms: Set(None),
            detail: Set(None),
            created_at: Set(Moment(1)),
        };
        rendition::Entity::insert(row).exec(&db).await.unwrap();

        let findings = verify(&db, &store, Moment(2), &|_| ()).await.unwrap();
        assert_eq!((findings.missing.len(), findings.missing[0].made), (1, Some(kind)));
        assert!(findings.to_string().contains("film.mp4（只听声音）"));
        assert_eq!(rendition::Entity::find().count(&db).await.unwrap(), 0);
        assert_eq!(job::Entity::find().one(&db).await.unwrap().unwrap().state, JobState::Queued);
        assert!(verify(&db, &store, Moment(3), &|_| ()).await.unwrap().is_sound());
    }
}
