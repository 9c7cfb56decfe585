//! Recordings are prepared exactly once, whatever is killed and when, and wait where ffmpeg is missing.

use content::prepare::job::lease::lease;
use content::prepare::{enqueue, status};
use entity::{JobState, LessonId, LessonState, Moment, RenditionKind, UnitId, job, lesson, media, rendition};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tests::browser::Browser;
use tests::{City, PATIENCE, Process, sha256};

/// A test picture and a tone, encoded with these options.
fn film(folder: &Path, name: &str, seconds: u32, options: &str) -> PathBuf {
    let path = folder.join(name);
    let words = format!(
        "-v error -y -f lavfi -i testsrc2=size=640x360:rate=25:duration={seconds} \
         -f lavfi -i sine=frequency=440:duration={seconds} {options}"
    );
    let made = Command::new("ffmpeg").args(words.split_whitespace()).arg(&path).status().unwrap();
    assert!(made.success());
    path
}

/// Wait until every job of the recording has ended. They go behind everything else that a busy machine does, so what is
/// not borne is that none of them moves.
async fn ended(city: &City, sha256: &str) -> Vec<job::Model> {
    let (mut moved, mut before) = (Instant::now(), Vec::new());
    loop {
        let jobs = status(&city.db.read, sha256).await.unwrap();
        if jobs != before {
            (moved, before) = (Instant::now(), jobs.clone());
        }
        let over = |job: &job::Model| !matches!(job.state, JobState::Queued | JobState::Running);
        if !jobs.is_empty() && jobs.iter().all(over) {
            return jobs;
        }
        assert!(moved.elapsed() < Duration::from_secs(180), "none moves: {jobs:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn renditions(city: &City, sha256: &str) -> Vec<rendition::Model> {
    let of_it = rendition::Entity::find().filter(rendition::Column::MediaSha256.eq(sha256));
    of_it.all(&city.db.read).await.unwrap()
}

/// How many programs run that were given a file of this folder.
fn running_on(folder: &Path) -> usize {
    let folder = folder.join("media").to_str().unwrap().to_owned();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.map(|entry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default());
    lines.filter(|line| String::from_utf8_lossy(line).contains(&folder)).count()
}

async fn is_running(city: &City) -> bool {
    let running = job::Entity::find().filter(job::Column::State.eq(JobState::Running));
    !running.all(&city.db.read).await.unwrap().is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_prepared_exactly_once_however_often_the_server_is_killed() {
    if tests::city::on_postgres() {
        return; // the process under test opens its own SQLite file
    }
    let mut city = City::without_server().await;
    let disc = film(&city.data, "disc.avi", 12, "-c:v mpeg4 -c:a libmp3lame");
    let late = film(&city.data, "late.mp4", 12, "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac");
    let bytes = [std::fs::read(disc).unwrap(), std::fs::read(late).unwrap()];
    let names = bytes.each_ref().map(|bytes| sha256(bytes));
    let mut process = Process::serve_with(&city.data, &[]);
    city.url = process.url.clone();
    let trainer = city.client("trainer").await;
    for (bytes, name) in bytes.iter().zip(["光盘.avi", "手机.mp4"]) {
        let id = trainer.upload(name, "video/mp4", bytes).await;
        assert_eq!(trainer.uploaded(&id).await["state"], "complete");
    }
    let mut interrupted = 0;
    for round in 0..9_u64 {
        // As soon as a job runs, however long a busy machine takes to begin, and then spread over its stages: reading,
        // encoding, hashing, putting, writing rows.
        for _ in 0..1200 {
            if is_running(&city).await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(round * 7919 % 500)).await;
        process.kill();
        interrupted += usize::from(is_running(&city).await);
        let killed = Instant::now();
        while running_on(&city.data) > 0 {
            assert!(killed.elapsed() < PATIENCE, "ffmpeg outlived its server");
            tokio::time::sleep(Duration::from_millis(100)).await; // a busy machine buries its dead slowly
        }
        process = Process::serve_with(&city.data, &[]);
    }
    assert!(interrupted >= 2, "only {interrupted} kills met a running job: the test proves little");
    for name in &names {
        let jobs = ended(&city, name).await;
        let fine = |job: &job::Model| matches!(job.state, JobState::Done | JobState::Skipped);
        assert!(jobs.iter().all(fine), "{jobs:?}");
        let made = renditions(&city, name).await;
        let kinds: HashSet<_> = made.iter().map(|row| row.kind).collect();
        assert_eq!(kinds.len(), made.len(), "a kind was made twice");
        assert_eq!(made.len(), jobs.iter().filter(|job| job.state == JobState::Done).count());
        assert!(kinds.contains(&RenditionKind::Playable));
        for row in made {
            let blob = city.data.join("media").join(&row.blob_sha256[..2]).join(&row.blob_sha256);
            assert_eq!(sha256(&std::fs::read(blob).unwrap()), row.blob_sha256);
        }
    }
    process.ask_to_stop();
    process.ended();
    let left = |folder: &str| {
        let entries = std::fs::read_dir(city.data.join(folder)).unwrap().flatten().map(|entry| entry.path());
        entries.filter(|path| !path.ends_with("lock")).collect::<Vec<_>>()
    };
    assert_eq!((left("prepare"), left("media/incoming")), (Vec::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ffmpeg_a_late_index_is_moved_and_an_old_disc_waits_until_there_is_one() {
    if tests::city::on_postgres() {
        return; // the process under test opens its own SQLite file
    }
    let mut city = City::without_server().await;
    let disc = film(&city.data, "disc.avi", 3, "-c:v mpeg4 -c:a libmp3lame");
    let late = film(&city.data, "late.mp4", 3, "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac");
    let process = Process::serve_with(&city.data, &[("YUANJIAO_FFMPEG", "/nowhere")]);
    city.url = process.url.clone();
    let trainer = city.client("trainer").await;
    let mut names = Vec::new();
    for path in [disc, late] {
        let bytes = std::fs::read(path).unwrap();
        let id = trainer.upload("课.mp4", "video/mp4", &bytes).await;
        trainer.uploaded(&id).await;
        names.push(sha256(&bytes));
    }
    assert!(ended(&city, &names[0]).await.iter().all(|job| job.state == JobState::Waiting));
    assert_eq!(ended(&city, &names[1]).await[0].state, JobState::Done);
    let [moved] = &renditions(&city, &names[1]).await[..] else { panic!("one rendition") };
    assert_eq!((moved.kind, moved.mime.as_str()), (RenditionKind::Playable, "video/mp4"));
    process.kill();
    // A lesson made of it meanwhile has a length that nobody could know.
    let county = city.units["东江县"];
    let course = city.course(county).await;
    let film = Some((names[0].clone(), 30_000));
    let row = City::lesson_row(course, "disc", 9, "光盘里的一课", film, county, LessonState::Published);
    city.insert_lessons(vec![row]).await;

    let process = Process::serve_with(&city.data, &[]);
    for _ in 0..600 {
        if status(&city.db.read, &names[0]).await.unwrap().iter().all(|job| job.state != JobState::Waiting) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(ended(&city, &names[0]).await[0].state, JobState::Done);
    let media = media::Entity::find_by_id(&names[0]).one(&city.db.read).await.unwrap().unwrap();
    assert!((2900..=3200).contains(&media.duration_ms.unwrap()), "{media:?}");
    let lesson = lesson::Entity::find_by_id(LessonId(city.lesson("disc"))).one(&city.db.read).await.unwrap().unwrap();
    assert_eq!(Some(lesson.duration_ms), media.duration_ms);
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_never_take_the_same_job() {
    let city = City::without_server().await;
    let now = Moment::now();
    for number in 0..15 {
        let row = media::ActiveModel {
            sha256: Set(sha256(format!("film {number}").as_bytes())),
            size_bytes: Set(1000),
            mime: Set("video/x-msvideo".to_owned()),
            filename: Set("a.avi".to_owned()),
            duration_ms: Set(None),
            width: Set(None),
            height: Set(None),
            codecs: Set(None),
            faststart: Set(None),
            unit_id: Set(UnitId(1)),
            uploaded_by: Set(None),
            created_at: Set(now),
        };
        enqueue(&city.db.write, &row.insert(&city.db.write).await.unwrap(), now).await.unwrap();
    }
    let workers = (0..8).map(|number| {
        let db = city.db.write.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Some(held) = lease(&db, &format!("worker {number}"), true, now).await.unwrap() {
                taken.push(held.job.id);
            }
            taken
        })
    });
    let mut taken = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        taken.extend(worker.await.unwrap());
    }
    let different: HashSet<_> = taken.iter().copied().collect();
    assert_eq!((taken.len(), different.len()), (15 * 7, 15 * 7));
}

/// A lesson on the trainer's desk with this recording, just uploaded: the page it is edited on.
async fn desk_page(city: &mut City, name: &str, bytes: &[u8]) -> String {
    let trainer = city.client("trainer").await;
    let id = trainer.upload(name, "video/mp4", bytes).await;
    trainer.uploaded(&id).await;
    let county = city.units["东江县"];
    let course = city.course(county).await;
    let film = Some((sha256(bytes), 20_000));
    let row = City::lesson_row(course, "made", 9, "沙糖桔冬剪手法", film, county, LessonState::Draft);
    city.insert_lessons(vec![row]).await;
    format!("/studio/lessons/{}", city.lesson("made"))
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_trainer_sees_how_far_the_preparation_is() {
    if std::env::var("TEST_WEBDRIVER").is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let film = film(folder.path(), "film.mp4", 90, "-c:v libx264 -preset ultrafast -b:v 4M -pix_fmt yuv420p -c:a aac");
    let mut city = City::start_with(|config| config.prepare_workers = Some(1)).await;
    let page = desk_page(&mut city, "沙糖桔冬剪.mp4", &std::fs::read(film).unwrap()).await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto(&page).await;
    desk.run("document.querySelector('[data-preparation]').scrollIntoView({block: 'center'})").await;
    // The bar moves by itself, without the page being loaded again.
    desk.run("window.untouched = true").await;
    let bars = "const bars = [...document.querySelectorAll('[data-preparation] progress')];";
    desk.until(&format!("{bars} return !bars.length || bars.some((bar) => bar.value > 100)")).await;
    desk.picture("preparation-desk-running").await;
    assert!(!desk.overflows().await);
    let running = "return document.querySelector('[data-preparation] progress')?.value ?? 1001";
    let before = desk.run(running).await.as_f64().unwrap();
    // All may be done when a slow browser first looks; then that it says so is what moved.
    let moved = "return window.untouched && (document.querySelector('[data-preparation] progress')?.value ?? 1001)";
    desk.until(&format!("{moved} !== {before} || {before} === 1001")).await;
    desk.close().await;
    let phone = Browser::open(&city.url, 360, 740).await.unwrap();
    phone.sign_in("trainer").await;
    phone.goto(&page).await;
    phone.run("document.querySelector('[data-preparation]').scrollIntoView({block: 'start'})").await;
    phone.picture("preparation-phone-running").await;
    assert!(!phone.overflows().await);
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_trainer_is_told_what_waits_for_ffmpeg() {
    if std::env::var("TEST_WEBDRIVER").is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disc = film(folder.path(), "disc.avi", 3, "-c:v mpeg4 -c:a libmp3lame");
    let mut city = City::start_with(|config| {
        (config.ffmpeg, config.prepare_workers) = (Some("/nowhere".into()), Some(1));
    })
    .await;
    let page = desk_page(&mut city, "光盘.avi", &std::fs::read(disc).unwrap()).await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto(&page).await;
    desk.until("return !document.querySelector('[data-needs-ffmpeg]').hidden && [...document.querySelectorAll('[data-part] .badge')].some((badge) => badge.innerText.includes('等待安装 ffmpeg'))").await;
    desk.run("document.querySelector('[data-preparation]').scrollIntoView({block: 'center'})").await;
    desk.picture("preparation-desk-without-ffmpeg").await;
    assert!(!desk.overflows().await);
    desk.close().await;
}
