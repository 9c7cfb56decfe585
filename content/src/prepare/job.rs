//! The queue of jobs, one row per recording and kind: what is asked for, how it stands, and asking again.
//!
//! Who works on a job is the business of `lease`.

mod facts;
pub mod lease;

use crate::Result;
use entity::{JobState, Moment, RenditionKind, job, media};
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

/// In which order kinds are made, of everything that waits: first what lets a lesson be played and seen at all.
pub const ORDER: [RenditionKind; 7] = [
    RenditionKind::Playable,
    RenditionKind::Poster,
    RenditionKind::Video480,
    RenditionKind::Video240,
    RenditionKind::Audio,
    RenditionKind::Video720,
    RenditionKind::Storyboard,
];

/// Ask for everything that is worth making of this recording. Asking again changes nothing.
pub async fn enqueue(db: &impl ConnectionTrait, media: &media::Model, now: Moment) -> Result<()> {
    let jobs = worth_making(&media.mime).iter().map(|kind| job::ActiveModel {
        id: NotSet,
        media_sha256: Set(media.sha256.clone()),
        kind: Set(*kind),
        state: Set(JobState::Queued),
        progress_permille: Set(0),
        attempts: Set(0),
        run_after: Set(now),
        leased_until: Set(None),
        worker: Set(None),
        error: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    });
    let jobs: Vec<_> = jobs.collect();
    if jobs.is_empty() {
        return Ok(());
    }
    let keep_first = OnConflict::columns([job::Column::MediaSha256, job::Column::Kind]).do_nothing().to_owned();
    job::Entity::insert_many(jobs).on_conflict(keep_first).exec_without_returning(db).await?;
    Ok(())
}

/// Ask for the recordings that came before there was a queue. Answers how many there were.
pub async fn enqueue_all(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    const PAGE: u64 = 200;
    let mut asked = 0;
    let mut after = String::new();
    loop {
        let jobs = Query::select().column(job::Column::MediaSha256).from(job::Entity).to_owned();
        let page = media::Entity::find()
            .filter(media::Column::Sha256.gt(&after))
            .filter(media::Column::Sha256.not_in_subquery(jobs))
            .order_by_asc(media::Column::Sha256)
            .limit(PAGE)
            .all(db)
            .await?;
        let Some(last) = page.last() else { return Ok(asked) };
        after.clone_from(&last.sha256);
        for media in &page {
            enqueue(db, media, now).await?;
            asked += u64::from(!worth_making(&media.mime).is_empty());
        }
    }
}

fn worth_making(mime: &str) -> &'static [RenditionKind] {
    match crate::probe::demuxer(mime) {
        None => &[],
        Some(_) if mime.starts_with("audio/") => &[RenditionKind::Playable, RenditionKind::Audio],
        Some(_) => &ORDER,
    }
}

/// The jobs of a recording, in the order they are done.
pub async fn status(db: &impl ConnectionTrait, sha256: &str) -> Result<Vec<job::Model>> {
    let mut jobs = job::Entity::find().filter(job::Column::MediaSha256.eq(sha256)).all(db).await?;
    jobs.sort_by_key(|job| ORDER.iter().position(|kind| *kind == job.kind));
    Ok(jobs)
}

/// Begin a failed or waiting job anew, at once. Answers whether there was one.
pub async fn retry(db: &impl ConnectionTrait, sha256: &str, kind: RenditionKind, now: Moment) -> Result<bool> {
    let again = job::Entity::update_many()
        .set(job::ActiveModel {
            state: Set(JobState::Queued),
            attempts: Set(0),
            progress_permille: Set(0),
            run_after: Set(now),
            error: Set(None),
            updated_at: Set(now),
            ..Default::default()
        })
        .filter(job::Column::MediaSha256.eq(sha256))
        .filter(job::Column::Kind.eq(kind))
        .filter(job::Column::State.is_in([JobState::Failed, JobState::Waiting, JobState::Queued]));
    Ok(again.exec(db).await?.rows_affected > 0)
}

#[cfg(test)]
mod tests;
