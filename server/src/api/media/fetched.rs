//! Who was served the bytes of what: the mark that a session was really played.
//!
//! A range never waits for the database: it tells once a minute for each reader and blob, into a queue that one task
//! reads. That task writes `playback.served_at` of the sessions which play that blob for that account, each once. A
//! player may also load before its session begins, so what was told lately is remembered for [`Fetched::lately`]; the
//! memory is bounded and of this process alone, and what is lost with it is a mark that hangs on a session and nothing
//! else (see `archive::flags`).

use super::allowed::hash_of;
use crate::database::Database;
use content::store::Blob;
use entity::{AccountId, LessonId, Moment, PlaybackId, RenditionKind, lesson, person_merge, playback, rendition};
use sea_orm::sea_query::IntoCondition;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc;

/// Fetches remembered at most: every member of the city with one lesson each, about 10 MB.
const MOST: usize = 100_000;

/// Fetches that wait to be written at most.
const QUEUE: usize = 4_096;

/// A reader and the hash of a blob.
type Key = (AccountId, [u8; 32]);

/// Somebody was served the first bytes of a blob.
#[derive(Debug)]
struct Fetch {
    account: AccountId,
    sha256: String,
    at: Moment,
}

/// What was fetched lately, and the way to the task that writes it down.
pub struct Fetched {
    // A std mutex: it is held for one map operation and never across an await.
    lately: Mutex<HashMap<Key, Moment>>,
    queue: mpsc::Sender<Fetch>,
}

impl Fetched {
    /// Starts the task that writes; it ends when this is dropped.
    pub fn start(db: Database) -> Self {
        let (queue, told) = mpsc::channel(QUEUE);
        tokio::spawn(follow(db, told));
        Self { lately: Mutex::default(), queue }
    }

    /// Notes that bytes of the blob go to this account; answers whether that is on its way, else it is to be told again.
    pub fn note(&self, account: AccountId, blob: &Blob, at: Moment) -> bool {
        let sha256 = blob.sha256();
        let Some(hash) = hash_of(sha256) else { return true };
        self.remember((account, hash), at);
        self.queue.try_send(Fetch { account, sha256: sha256.to_owned(), at }).is_ok()
    }

    /// When this account was last served any of these blobs, if that is still known.
    pub fn lately<'a>(&self, account: AccountId, blobs: impl IntoIterator<Item = &'a str>) -> Option<Moment> {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.into_iter().filter_map(hash_of).filter_map(|hash| lately.get(&(account, hash)).copied()).max()
    }

    fn remember(&self, key: Key, at: Moment) {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= MOST && !lately.contains_key(&key) {
            drop_older_half(&mut lately);
        }
        lately.insert(key, at);
    }
}

fn drop_older_half(lately: &mut HashMap<Key, Moment>) {
    let mut times: Vec<i64> = lately.values().map(|at| at.0).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    lately.retain(|_, at| at.0 > median);
}

async fn follow(db: Database, mut told: mpsc::Receiver<Fetch>) {
    while let Some(fetch) = told.recv().await {
        if let Err(cause) = write(&db, &fetch).await {
            tracing::warn!(%cause, "could not note that a session was served; the next minute tells again");
        }
    }
}

/// Marks the sessions of the account that run, play the blob and are not marked; most often there is nothing to write.
async fn write(db: &Database, fetch: &Fetch) -> Result<(), DbErr> {
    let running: Vec<(PlaybackId, LessonId)> = playback::Entity::find()
        .select_only()
        .columns([playback::Column::Id, playback::Column::LessonId])
        .filter(playback::Column::ClosedAt.is_null())
        .filter(playback::Column::ServedAt.is_null())
        .filter(playback::Column::AccountId.eq(fetch.account))
        .order_by_desc(playback::Column::Id)
        .limit(20)
        .into_tuple()
        .all(&db.read)
        .await?;
    if running.is_empty() {
        return Ok(());
    }
    let lessons = played_with(db, &fetch.sha256, running.iter().map(|(_, lesson)| *lesson).collect()).await?;
    let ids: Vec<PlaybackId> =
        running.into_iter().filter(|(_, lesson)| lessons.contains(lesson)).map(|(id, _)| id).collect();
    mark(db, ids, fetch.at).await
}

/// Those of these lessons that play this blob: as the recording itself, or as something made of it that plays.
async fn played_with(db: &Database, sha256: &str, lessons: Vec<LessonId>) -> Result<Vec<LessonId>, DbErr> {
    let mut recordings: Vec<String> = rendition::Entity::find()
        .select_only()
        .column(rendition::Column::MediaSha256)
        .filter(rendition::Column::BlobSha256.eq(sha256))
        .filter(rendition::Column::Kind.is_not_in(RenditionKind::PICTURES))
        .limit(20)
        .into_tuple()
        .all(&db.read)
        .await?;
    recordings.push(sha256.to_owned());
    lesson::Entity::find()
        .select_only()
        .column(lesson::Column::Id)
        .filter(lesson::Column::Id.is_in(lessons))
        .filter(lesson::Column::MediaSha256.is_in(recordings))
        .into_tuple()
        .all(&db.read)
        .await
}

async fn mark(db: &Database, ids: Vec<PlaybackId>, at: Moment) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    playback::Entity::update_many()
        .set(playback::ActiveModel { served_at: Set(Some(at)), ..Default::default() })
        .filter(playback::Column::Id.is_in(ids))
        .filter(playback::Column::ServedAt.is_null())
        .exec(&db.write)
        .await?;
    Ok(())
}

/// What is known of a session's bytes when it begins: they were fetched before, now or in an earlier session, or the
/// player says that it holds a copy of its own. Written only when there is something to say.
///
/// # Errors
/// When the database fails.
pub async fn at_the_start(
    txn: &DatabaseTransaction,
    begun: &playback::Model,
    lately: Option<Moment>,
    cached: bool,
) -> Result<(), DbErr> {
    let served_at = match lately {
        Some(at) => Some(at),
        None => earlier(txn, begun).await?,
    };
    if served_at.is_none() && !cached {
        return Ok(());
    }
    playback::Entity::update_many()
        .set(playback::ActiveModel {
            served_at: served_at.map_or(NotSet, |at| Set(Some(at))),
            plays_cached: Set(cached),
            ..Default::default()
        })
        .filter(playback::Column::Id.eq(begun.id))
        .exec(txn)
        .await?;
    Ok(())
}

/// When the account was served this lesson in an earlier session: browsers keep what they were served, and play it
/// again without asking.
async fn earlier(txn: &DatabaseTransaction, begun: &playback::Model) -> Result<Option<Moment>, DbErr> {
    let served: Option<Option<Moment>> = playback::Entity::find()
        .select_only()
        .column(playback::Column::ServedAt)
        .filter(match begun.person_id {
            Some(person) => person_merge::of_one(playback::Column::PersonId, person),
            None => playback::Column::UnitId.eq(begun.unit_id).into_condition(),
        })
        .filter(playback::Column::LessonId.eq(begun.lesson_id))
        .filter(playback::Column::AccountId.eq(begun.account_id))
        .filter(playback::Column::ServedAt.is_not_null())
        .into_tuple()
        .one(txn)
        .await?;
    Ok(served.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(account: i64, byte: u8) -> Key {
        (AccountId(account), [byte; 32])
    }

    #[test]
    fn what_was_fetched_lately_is_known_by_account_and_the_memory_is_bounded() {
        let (queue, _told) = mpsc::channel(1);
        let fetched = Fetched { lately: Mutex::default(), queue };
        fetched.remember(key(1, 7), Moment(5));
        let (seven, eight) = ("07".repeat(32), "08".repeat(32));
        assert_eq!(fetched.lately(AccountId(1), [eight.as_str(), &seven]), Some(Moment(5)));
        assert_eq!(fetched.lately(AccountId(2), [seven.as_str()]), None);
        assert_eq!(fetched.lately(AccountId(1), [eight.as_str()]), None);
        for account in 0..=MOST as i64 {
            fetched.remember(key(account, 9), Moment(10 + account));
        }
        assert!(fetched.lately.lock().unwrap_or_else(PoisonError::into_inner).len() <= MOST);
        assert_eq!(fetched.lately(AccountId(1), [seven.as_str()]), None, "the oldest are forgotten first");
        let nine = "09".repeat(32);
        assert!(fetched.lately(AccountId(MOST as i64), [nine.as_str()]).is_some());
    }
}
