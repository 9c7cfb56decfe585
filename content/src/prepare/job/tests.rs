#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::lease::{BACK_OFF_MS, Ending, LEASE_MS, Lease, end, finish, lease, release_all, renew};
use super::*;
use crate::prepare::{Made, playable};
use crate::store::{Hashed, Store, hash_file};
use crate::upload::tests::database;
use entity::{Category, CourseId, LessonId, LessonState, Level, UnitId, lesson, outbox, rendition};
use sea_orm::{ActiveModelTrait, DatabaseConnection};

const NOW: Moment = Moment(1_800_000_000_000);

async fn recording(db: &DatabaseConnection, mime: &str) -> media::Model {
    let row = media::ActiveModel {
        sha256: Set("ab".repeat(32)),
        size_bytes: Set(1000),
        mime: Set(mime.to_owned()),
        filename: Set("第一课.avi".to_owned()),
        duration_ms: Set(None),
        width: Set(None),
        height: Set(None),
        codecs: Set(None),
        faststart: Set(None),
        unit_id: Set(UnitId(1)),
        uploaded_by: Set(None),
        created_at: Set(NOW),
    };
    row.insert(db).await.unwrap()
}

/// A database with one recording and all its jobs.
async fn queue() -> (DatabaseConnection, media::Model) {
    let db = database().await;
    let media = recording(&db, "video/x-msvideo").await;
    enqueue(&db, &media, NOW).await.unwrap();
    (db, media)
}

async fn lesson_of(db: &DatabaseConnection, slug: &str, sha256: Option<&str>) -> LessonId {
    let row = lesson::ActiveModel {
        slug: Set(slug.to_owned()),
        course_id: Set(CourseId(1)),
        position: Set(1),
        title: Set("沙糖桔冬剪".to_owned()),
        summary: Set(String::new()),
        body: Set(String::new()),
        category: Set(Category::Agriculture),
        tags: Set("[]".to_owned()),
        level: Set(Level::Entry),
        language: Set("普通话".to_owned()),
        lecturer: Set("韦国强".to_owned()),
        source: Set(String::new()),
        duration_ms: Set(60_000),
        media_sha256: Set(sha256.map(str::to_owned)),
        state: Set(LessonState::Published),
        unit_id: Set(UnitId(1)),
        audience_unit_id: Set(UnitId(1)),
        plays: Set(0),
        is_sample: Set(false),
        updated_at: Set(NOW),
        version: Set(1),
        ..Default::default()
    };
    row.insert(db).await.unwrap().id
}

async fn take(db: &DatabaseConnection, worker: &str, now: Moment) -> Lease {
    lease(db, worker, true, now).await.unwrap().unwrap()
}

/// A blob in the store, as a worker puts it before it writes the row.
async fn blob(bytes: &[u8]) -> (tempfile::TempDir, Store, Hashed) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let out = dir.path().join("out");
    std::fs::write(&out, bytes).unwrap();
    let hashed = hash_file(&out).unwrap();
    store.put(&out, &hashed).await.unwrap();
    (dir, store, hashed)
}

fn made() -> Made {
    Made { mime: "video/mp4".to_owned(), duration_ms: Some(5000), width: Some(320), ..Made::default() }
}

#[tokio::test]
async fn asking_twice_asks_once_and_a_handout_asks_for_nothing() {
    let (db, media) = queue().await;
    enqueue(&db, &media, NOW).await.unwrap();
    assert_eq!(status(&db, &media.sha256).await.unwrap().len(), ORDER.len());
    assert_eq!(enqueue_all(&db, NOW).await.unwrap(), 0);
    let handouts = database().await;
    recording(&handouts, "application/pdf").await;
    assert_eq!(enqueue_all(&handouts, NOW).await.unwrap(), 0);
    let old = database().await;
    let sound = recording(&old, "audio/mpeg").await;
    assert_eq!(enqueue_all(&old, NOW).await.unwrap(), 1);
    let kinds: Vec<_> = status(&old, &sound.sha256).await.unwrap().iter().map(|job| job.kind).collect();
    assert_eq!(kinds, [RenditionKind::Playable, RenditionKind::Audio]);
}

#[tokio::test]
async fn jobs_are_taken_in_their_order_and_each_only_once() {
    let (db, _) = queue().await;
    for kind in ORDER {
        assert_eq!(take(&db, "a", NOW).await.job.kind, kind);
    }
    assert_eq!(lease(&db, "b", true, NOW).await.unwrap(), None);
}

#[tokio::test]
async fn a_lease_that_is_renewed_is_kept_and_one_that_is_not_is_taken_again() {
    let (db, _) = queue().await;
    let first = take(&db, "a", NOW).await;
    assert!(renew(&db, &first, 250, NOW.plus_ms(50_000)).await.unwrap());
    let later = NOW.plus_ms(LEASE_MS + 1);
    assert_eq!(take(&db, "b", later).await.job.kind, RenditionKind::Poster, "the first is still held");
    let much_later = NOW.plus_ms(50_000 + LEASE_MS + 1);
    let second = take(&db, "b", much_later).await;
    assert_eq!((second.job.id, second.job.attempts), (first.job.id, 2));
    assert!(!renew(&db, &first, 999, much_later).await.unwrap());
}

#[tokio::test]
async fn a_job_whose_worker_died_at_any_stage_ends_with_exactly_one_rendition() {
    let (db, media) = queue().await;
    let (_dir, store, hashed) = blob(b"film").await;
    // Killed while running: nothing was written. Killed after the output was made: it lay in a folder that the next
    // start sweeps. For the queue both are the same: a lease that runs out.
    let killed_running = take(&db, "a", NOW).await;
    let now = NOW.plus_ms(LEASE_MS + 1);
    // Killed after the blob was put and before its row: the blob is there when it is put again.
    let killed_after_put = take(&db, "b", now).await;
    let now = now.plus_ms(LEASE_MS + 1);
    let last = take(&db, "c", now).await;
    assert_eq!((killed_running.job.id, killed_after_put.job.id), (last.job.id, last.job.id));
    assert!(store.contains(hashed.sha256()).await.unwrap());
    assert!(finish(&db, &last, made(), &hashed, now).await.unwrap());
    // Those that were only asleep wake up and find that they are late.
    assert!(!finish(&db, &killed_running, made(), &hashed, now).await.unwrap());
    assert!(!end(&db, &killed_after_put, Ending::Never("x".to_owned()), now).await.unwrap());
    let rows = rendition::Entity::find().all(&db).await.unwrap();
    assert_eq!(rows.len(), 1);
    let [job, ..] = &status(&db, &media.sha256).await.unwrap()[..] else { unreachable!() };
    assert_eq!((job.state, job.progress_permille, job.error.as_deref()), (JobState::Done, 1000, None));
}

#[tokio::test]
async fn the_playable_form_is_played_and_tells_what_the_old_format_did_not() {
    let (db, media) = queue().await;
    assert_eq!(playable(&db, &media).await.unwrap().sha256, media.sha256);
    let (_dir, _store, hashed) = blob(b"film").await;
    let first = take(&db, "a", NOW).await;
    finish(&db, &first, made(), &hashed, NOW).await.unwrap();
    let played = playable(&db, &media).await.unwrap();
    assert_eq!((played.sha256.as_str(), played.mime.as_str(), played.size_bytes), (hashed.sha256(), "video/mp4", 4));
    let media = media::Entity::find_by_id(&media.sha256).one(&db).await.unwrap().unwrap();
    assert_eq!((media.duration_ms, media.width, media.height), (Some(5000), Some(320), None));
}

#[tokio::test]
async fn search_reads_a_lesson_anew_with_every_form_of_its_recording_that_plays() {
    let (db, media) = queue().await;
    let of_it = lesson_of(&db, "of-it", Some(&media.sha256)).await;
    lesson_of(&db, "of-another", Some(&"cd".repeat(32))).await;
    lesson_of(&db, "article", None).await;
    let (_dir, _store, hashed) = blob(b"film").await;
    for kind in ORDER {
        let held = take(&db, "a", NOW).await;
        assert_eq!(held.job.kind, kind);
        assert!(finish(&db, &held, made(), &hashed, NOW).await.unwrap());
        let told = outbox::Entity::find().all(&db).await.unwrap();
        let expected = if RenditionKind::PICTURES.contains(&kind) { vec![] } else { vec![of_it] };
        assert_eq!(told.iter().map(|row| row.lesson_id).collect::<Vec<_>>(), expected, "{kind}");
        outbox::Entity::delete_many().exec(&db).await.unwrap();
        // Whoever lost the lease makes nothing, and has nothing to tell.
        assert!(!finish(&db, &held, made(), &hashed, NOW).await.unwrap());
        assert!(outbox::Entity::find().one(&db).await.unwrap().is_none(), "{kind}");
    }
}

#[tokio::test]
async fn trouble_that_may_pass_is_tried_four_times_with_longer_and_longer_waits() {
    let (db, media) = queue().await;
    let mut now = NOW;
    for wait in BACK_OFF_MS {
        let held = take(&db, "a", now).await;
        assert_eq!(held.job.kind, RenditionKind::Playable);
        assert!(end(&db, &held, Ending::Later("磁盘出错".to_owned()), now).await.unwrap());
        assert_ne!(take(&db, "z", now).await.job.kind, RenditionKind::Playable, "not before its time");
        now = now.plus_ms(wait);
    }
    let held = take(&db, "a", now).await;
    assert_eq!(held.job.attempts, 4);
    end(&db, &held, Ending::Later("磁盘出错".to_owned()), now).await.unwrap();
    let job = status(&db, &media.sha256).await.unwrap().remove(0);
    assert_eq!((job.state, job.error.as_deref()), (JobState::Failed, Some("磁盘出错")));
    assert!(retry(&db, &media.sha256, RenditionKind::Playable, now).await.unwrap());
    let again = take(&db, "a", now).await;
    assert_eq!((again.job.kind, again.job.attempts), (RenditionKind::Playable, 1));
    assert!(!retry(&db, &media.sha256, RenditionKind::Playable, now).await.unwrap(), "it is being worked on");
}

#[tokio::test]
async fn a_broken_recording_fails_at_once() {
    let (db, media) = queue().await;
    let held = take(&db, "a", NOW).await;
    end(&db, &held, Ending::Never("文件已损坏".to_owned()), NOW).await.unwrap();
    let job = status(&db, &media.sha256).await.unwrap().remove(0);
    assert_eq!((job.state, job.error.as_deref()), (JobState::Failed, Some("文件已损坏")));
}

#[tokio::test]
async fn what_waits_for_ffmpeg_is_taken_by_whoever_has_it() {
    let (db, _) = queue().await;
    for kind in ORDER {
        let held = lease(&db, "without", false, NOW).await.unwrap().unwrap();
        assert_eq!(held.job.kind, kind);
        end(&db, &held, Ending::Waiting, NOW).await.unwrap();
    }
    assert_eq!(lease(&db, "without", false, NOW).await.unwrap(), None);
    let held = take(&db, "with", NOW).await;
    assert_eq!((held.job.kind, held.job.attempts), (RenditionKind::Playable, 1), "waiting was no attempt");
}

#[tokio::test]
async fn what_a_stopping_server_puts_back_is_no_attempt() {
    let (db, _) = queue().await;
    let held = take(&db, "a", NOW).await;
    end(&db, &held, Ending::PutBack { after_ms: 0, reason: None }, NOW).await.unwrap();
    let again = take(&db, "b", NOW).await;
    assert_eq!((again.job.id, again.job.attempts), (held.job.id, 1));
}

#[tokio::test]
async fn the_only_server_of_a_database_need_not_wait_for_the_dead() {
    let (db, _) = queue().await;
    let dead = take(&db, "a", NOW).await;
    assert_eq!(release_all(&db, NOW).await.unwrap(), 1);
    assert_eq!(take(&db, "b", NOW).await.job.id, dead.job.id);
}

#[tokio::test]
async fn a_recording_that_brings_the_server_down_each_time_is_given_up() {
    let (db, media) = queue().await;
    let mut now = NOW;
    while take(&db, "a", now).await.job.kind == RenditionKind::Playable {
        now = now.plus_ms(LEASE_MS + 1);
        assert!(now < NOW.plus_ms(100 * LEASE_MS), "never given up");
    }
    let job = status(&db, &media.sha256).await.unwrap().remove(0);
    assert_eq!(job.state, JobState::Failed);
    assert!(job.error.unwrap().contains("多次中断"));
}
