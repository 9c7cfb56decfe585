//! The workers: take jobs one after another, keep their leases alive, and carry results into the store and its rows.
//!
//! Killed at any instant, a job is begun again when its lease is over; what it left on the disk is swept at the next
//! start. A blob without its row is harmless: the job that is begun again writes the row, or the blob is collected.

use super::ffmpeg::Tools;
use super::job::lease::{Ending, Lease, end, finish, lease, release_all, renew};
use super::scratch::Scratch;
use super::{Outcome, Progress, Source, enqueue_all, make, playable};
use crate::store::{Store, blocking, hash_file};
use crate::{Error, Result};
use entity::{Moment, media};
use rand::distr::{Alphanumeric, SampleString};
use sea_orm::{DatabaseConnection, DbBackend, EntityTrait};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How this machine prepares.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of ffmpeg and ffprobe; without it they are looked for on the `PATH`.
    pub ffmpeg: Option<PathBuf>,
    /// Jobs at the same time; `None` takes one a core, and with 0 this machine prepares nothing.
    pub workers: Option<usize>,
    /// Bytes that must stay free on the disk; no job begins below that.
    pub keep_free_bytes: u64,
}

/// Between two looks into the queue when there is nothing to do.
const POLL: Duration = Duration::from_secs(1);

/// Between two notes of progress, each of which also renews the lease.
const NOTE_EVERY: Duration = Duration::from_secs(2);

/// How long a job waits for room on the disk.
const ROOM_WAIT_MS: i64 = 60_000;

/// What all workers of this process share.
struct Workshop {
    db: DatabaseConnection,
    store: Arc<Store>,
    tools: Option<Tools>,
    scratch: Scratch,
    keep_free_bytes: u64,
}

/// Empty the queue until told to stop. What is in work then is put back, for this or another server to begin again.
pub async fn run(db: DatabaseConnection, store: Arc<Store>, settings: Settings, mut stopped: watch::Receiver<bool>) {
    let workers = settings.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if workers == 0 {
        return;
    }
    let shop = match open(db, store, &settings).await {
        Ok(shop) => Arc::new(shop),
        Err(cause) => return tracing::error!(%cause, "preparation could not start"),
    };
    // Never the same name twice, so that a worker of an earlier life holds no lease of this one.
    let worker = Alphanumeric.sample_string(&mut rand::rng(), 16);
    let mut running = JoinSet::new();
    loop {
        while running.len() < workers {
            match lease(&shop.db, &worker, shop.tools.is_some(), Moment::now()).await {
                Ok(Some(lease)) => running.spawn(work(shop.clone(), lease, stopped.clone())),
                Ok(None) => break,
                Err(cause) => {
                    tracing::warn!(%cause, "could not take a job");
                    break;
                }
            };
        }
        tokio::select! {
            // The sender gone means the server is gone.
            _ = stopped.wait_for(|stop| *stop) => break,
            Some(_) = running.join_next() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

async fn open(db: DatabaseConnection, store: Arc<Store>, settings: &Settings) -> Result<Workshop> {
    let data = settings.data.clone();
    let scratch = blocking(move || Scratch::open(&data)).await?;
    let tools = Tools::find(settings.ffmpeg.as_deref()).await;
    if tools.is_none() {
        tracing::warn!("no ffmpeg: what browsers play is served, everything else waits");
    }
    if db.get_database_backend() == DbBackend::Sqlite {
        release_all(&db, Moment::now()).await?;
    }
    enqueue_all(&db, Moment::now()).await?;
    Ok(Workshop { db, store, tools, scratch, keep_free_bytes: settings.keep_free_bytes })
}

/// One job, from its lease to its end.
async fn work(shop: Arc<Workshop>, lease: Lease, mut stopped: watch::Receiver<bool>) {
    let (sha256, kind) = (&lease.job.media_sha256, lease.job.kind);
    let progress = Progress::default();
    let ending = tokio::select! {
        ending = attempt(&shop, &lease, &progress) => ending,
        () = keep(&shop, &lease, &progress) => {
            tracing::warn!(media = %sha256, %kind, "lost the lease of a job");
            None
        }
        _ = stopped.wait_for(|stop| *stop) => Some(Ending::PutBack { after_ms: 0, reason: None }),
    };
    progress.stop();
    let Some(ending) = ending else { return };
    tracing::info!(media = %sha256, %kind, ?ending, "a job ended without a rendition");
    if let Err(cause) = end(&shop.db, &lease, ending, Moment::now()).await {
        tracing::warn!(%cause, media = %sha256, %kind, "could not note how a job ended; its lease will run out");
    }
}

/// Renews the lease and notes progress; ends only when the lease is lost.
async fn keep(shop: &Workshop, lease: &Lease, progress: &Progress) {
    let mut held_until = Moment::now().plus_ms(super::job::lease::LEASE_MS);
    loop {
        tokio::time::sleep(NOTE_EVERY).await;
        let now = Moment::now();
        match renew(&shop.db, lease, progress.permille(), now).await {
            Ok(true) => held_until = now.plus_ms(super::job::lease::LEASE_MS),
            Ok(false) => return,
            // A database that is away for a moment takes no lease away; one that is away for longer does.
            Err(_) if now < held_until => {}
            Err(_) => return,
        }
    }
}

/// `None` when a rendition was made, or the lease was lost; otherwise how the job ended.
async fn attempt(shop: &Workshop, lease: &Lease, progress: &Progress) -> Option<Ending> {
    match try_to_make(shop, lease, progress).await {
        Ok(Outcome::Made(_)) => None,
        Ok(Outcome::Skip) => Some(Ending::Skipped),
        Ok(Outcome::NeedsFfmpeg) => Some(Ending::Waiting),
        Err(cause) => Some(ending_of(&cause, lease.job.attempts)),
    }
}

async fn try_to_make(shop: &Workshop, lease: &Lease, progress: &Progress) -> Result<Outcome> {
    let job = &lease.job;
    let media = media::Entity::find_by_id(&job.media_sha256).one(&shop.db).await?.ok_or(Error::NoSuchBlob)?;
    // What is made is seldom larger than what it is made of.
    let needed = u64::try_from(media.size_bytes).unwrap_or(0).saturating_add(shop.keep_free_bytes);
    if shop.scratch.free_bytes()? < needed {
        return Err(Error::DiskFull);
    }
    let folder = shop.scratch.folder()?;
    let copy = shop.store.local_copy(&media.sha256).await?;
    let source = Source::read(copy.path(), &media.filename, shop.tools.as_ref()).await?;
    // What cannot be played whole is not prepared in parts either.
    playable::need(&source)?;
    let out = folder.path().join("out");
    let outcome = make(job.kind, &source, &out, shop.tools.as_ref(), progress).await?;
    if let Outcome::Made(made) = &outcome {
        take_in(shop, lease, made.clone(), &out).await?;
    }
    Ok(outcome)
}

/// The finished file becomes a blob, and the blob a rendition.
async fn take_in(shop: &Workshop, lease: &Lease, made: super::Made, out: &Path) -> Result<()> {
    let file = out.to_owned();
    let hashed = blocking(move || hash_file(&file)).await?;
    if hashed.size() == 0 {
        return Err(Error::Ffmpeg("没有生成任何内容".to_owned()));
    }
    shop.store.put(out, &hashed).await?;
    let is_named = finish(&shop.db, lease, made, &hashed, Moment::now()).await?;
    if is_named && !shop.store.contains(hashed.sha256()).await? {
        // It had been there, unnamed for long, and was collected just before its row stood: now nobody will.
        shop.store.put(out, &hashed).await?;
    }
    Ok(())
}

/// What an error means for the job in this attempt, counted from 1, and what the trainer reads.
fn ending_of(cause: &Error, attempt: i32) -> Ending {
    match cause {
        Error::Unpreparable(reason) => Ending::Never((*reason).to_owned()),
        // Once the machine may have been busy; each further attempt would keep a worker for as long again.
        Error::TookTooLong if attempt > 1 => Ending::Never("处理时间两次超过限制，已停止尝试".to_owned()),
        Error::TookTooLong => Ending::Later("处理超过了时间限制，稍后再试一次".to_owned()),
        Error::NoSuchBlob => Ending::Never("服务器上的文件不见了，请重新上传".to_owned()),
        Error::DiskFull => Ending::PutBack {
            after_ms: ROOM_WAIT_MS,
            reason: Some("服务器磁盘空间不足，暂停处理".to_owned()),
        },
        full if full.is_full() => Ending::Later("处理时磁盘已满，稍后自动重试".to_owned()),
        Error::Stopped => Ending::PutBack { after_ms: 0, reason: None },
        Error::Ffmpeg(reason) => Ending::Later(reason.clone()),
        other => {
            tracing::warn!(cause = %other, "a job failed");
            Ending::Later("服务器读写出错，稍后自动重试".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_tried_a_second_time_and_then_no_more() {
        assert!(matches!(ending_of(&Error::TookTooLong, 1), Ending::Later(_)));
        assert!(matches!(ending_of(&Error::TookTooLong, 2), Ending::Never(_)));
        assert!(matches!(ending_of(&Error::TookTooLong, 4), Ending::Never(_)));
        assert!(matches!(ending_of(&Error::Ffmpeg("x".to_owned()), 2), Ending::Later(_)));
    }
}
