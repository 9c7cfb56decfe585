//! The store of blobs: one suite, on a folder and on a bucket; then the whole server on a bucket.

use content::collect::{self, GRACE_MS};
use content::range::ByteRange;
use content::{Error, stream};
use entity::{Moment, media};
use futures_util::StreamExt;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use server::database::Database;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tests::bucket::Bucket;
use tests::city::{PASSWORD, on_postgres, pseudo_random, sha256};
use tests::{City, Client, Process, process};

mod either;

use either::{Bench, all};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_goes_on_from_where_it_stood() {
    let bench = Bench::on(Some(Bucket::start())).await;
    let bytes = pseudo_random(3 << 20);
    let name = bench.put(&bytes).await;
    let blob = bench.store.open_blob(&name).await.unwrap();
    bench.bucket.as_ref().unwrap().cut_after(1 << 20);
    assert!(all(stream::bytes(&blob, ByteRange { start: 7, last: u64::MAX })).await == bytes[7..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_more_than_5_gib_is_left_where_it_is_and_said_to_be_too_long() {
    let bench = Bench::on(Some(Bucket::start())).await;
    let name = bench.put(b"grows").await;
    let file = std::fs::File::options().write(true).open(bench.place(&name)).unwrap();
    file.set_len((5 << 30) + 1).unwrap(); // a hole: it takes no room
    assert!(matches!(bench.store.quarantine(&name).await, Err(Error::TooLongToMove)));
    assert!(bench.store.contains(&name).await.unwrap());
    file.set_len(5).unwrap();
    assert!(bench.store.quarantine(&name).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_hangs_while_bytes_are_brought_stops_nobody_from_writing() {
    let bucket = Bucket::start();
    let city = City::start_with(|config| bucket.configure(config)).await;
    let trainer = city.client("trainer").await;
    // Before it is put, after it was put, and then inside the transaction.
    bucket.hang_after_heads(2);
    let upload = trainer.upload("hangs.bin", "application/octet-stream", b"nobody answers for it").await;
    bucket.hangs().await;
    // It writes a session, and its way past the transaction is shorter than its patience.
    Client::new(&city.url).sign_in("cadre", PASSWORD).await.get("/api/v1/me").await.must(200);
    let status = trainer.get(&format!("/api/v1/uploads/{upload}")).await.must(200).json();
    assert_eq!(status["state"], "processing", "it waits for the bucket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_hangs_while_it_is_collected_stops_nobody_from_writing() {
    let bench = Bench::on(Some(Bucket::start())).await;
    let bucket = bench.bucket.as_ref().unwrap();
    let name = bench.put(b"old").await;
    bench.age(&name, 30);
    bucket.hang_after_heads(0);
    let (db, store) = (bench.db.clone(), bench.store.clone());
    let collecting =
        tokio::spawn(async move { collect::collect(&db.write, &store, GRACE_MS, Moment::now(), false).await });
    bucket.hangs().await;
    let note = entity::audit::line(Moment(1), None, entity::Verb::MediaAdd, "test:1".to_owned(), String::new());
    note.insert(&bench.db.write).await.unwrap();
    assert!(matches!(collecting.await.unwrap(), Err(Error::StoreUnavailable(_))));
    assert!(bench.place(&name).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_an_object_is_asked_for_once_for_many_requests() {
    let bench = Bench::on(Some(Bucket::start())).await;
    let name = bench.put(b"seedlings").await;
    let before = bench.bucket.as_ref().unwrap().heads();
    for _ in 0..50 {
        bench.store.open_blob(&name).await.unwrap();
    }
    assert_eq!(bench.bucket.as_ref().unwrap().heads() - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_bucket_an_upload_plays_in_ranges_like_on_a_folder() {
    let bucket = Bucket::start();
    let city = City::start_with(|config| bucket.configure(config)).await;
    let trainer = city.client("trainer").await;
    let bytes = pseudo_random(1 << 20);
    let upload = trainer.upload("育秧.bin", "application/octet-stream", &bytes).await;
    let status = trainer.uploaded(&upload).await;
    assert_eq!(status["state"], "complete", "{status}");
    let path = format!("/media/{}", sha256(&bytes));
    assert!(bucket.file(&sha256(&bytes)).exists());
    assert!(trainer.get(&path).await.must(200).body == bytes);
    let one = trainer.get_with(&path, "Range", "bytes=70000-800000").await.must(206);
    assert_eq!(one.header("content-range"), format!("bytes 70000-800000/{}", bytes.len()));
    assert!(one.body == bytes[70_000..=800_000]);
    let several = trainer.get_with(&path, "Range", "bytes=0-9,500000-500009").await.must(206);
    assert!(several.header("content-type").starts_with("multipart/byteranges"));
    assert_eq!(several.header("content-length"), several.body.len().to_string());
    assert!([&bytes[..10], &bytes[500_000..500_010]].iter().all(|part| several.body.windows(10).any(|w| w == *part)));
    let head = trainer.send(trainer.request(reqwest::Method::HEAD, &path)).await.must(200);
    assert_eq!((head.header("content-length"), head.body.len()), (bytes.len().to_string().as_str(), 0));
    assert_eq!(head.header("etag"), format!("\"{}\"", sha256(&bytes)));
    let etag = head.header("etag").to_owned();
    trainer.get_with(&path, "If-None-Match", &etag).await.must(304);
    trainer.get_with(&path, "Range", "bytes=9999999-").await.must(416);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_is_said_to_be_away_and_an_upload_waits_for_it() {
    let bucket = Bucket::start();
    let city = City::start_with(|config| bucket.configure(config)).await;
    let trainer = city.client("trainer").await;
    bucket.set_away(true);
    let upload = trainer.upload("waits.bin", "application/octet-stream", b"waits for the bucket").await;
    let unread = city.client("cadre").await.get(&format!("/media/{}", sha256(&city.video))).await.must(503);
    assert_eq!((unread.code().as_str(), unread.header("retry-after")), ("store_unavailable", "10"));
    assert!(unread.text().contains("媒体存储暂时无法访问"));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let status = trainer.get(&format!("/api/v1/uploads/{upload}")).await.must(200).json();
    assert_eq!(status["state"], "processing");
    bucket.set_away(false);
    // Asking how it stands sets it going again.
    assert_eq!(trainer.uploaded(&upload).await["state"], "complete");
    // What is nowhere is not found, however well the bucket answers.
    city.client("cadre").await.get(&format!("/media/{}", sha256(&city.video))).await.must(404);
}

/// The memory a process has at its highest since `clear`, in KiB.
fn highest_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_of_20_mib_is_streamed_from_a_bucket_without_being_held_in_memory() {
    if on_postgres() {
        return; // the process under test opens its own SQLite file
    }
    let (bucket, mut city) = (Bucket::start(), City::without_server().await);
    std::fs::write(city.data.join("yuanjiao.toml"), bucket.settings()).unwrap();
    let process = Process::serve(&city.data);
    city.url = process.url.clone();
    let trainer = city.client("trainer").await;
    let bytes = pseudo_random(20 << 20);
    let upload = trainer.upload("film.bin", "application/octet-stream", &bytes).await;
    assert_eq!(trainer.uploaded(&upload).await["state"], "complete");
    let path = format!("/media/{}", sha256(&bytes));
    trainer.get_with(&path, "Range", "bytes=0-99").await.must(206);
    std::fs::write(format!("/proc/{}/clear_refs", process.id()), "5").unwrap(); // forget the highest so far
    let before = highest_kib(process.id());
    // Four readers who stop after the first bytes for a while: what the server reads ahead would pile up here.
    let mut readers = Vec::new();
    for _ in 0..4 {
        readers.push(tokio::spawn(read_slowly(trainer.clone(), path.clone(), bytes.clone())));
    }
    for reader in readers {
        reader.await.unwrap();
    }
    let grown = highest_kib(process.id()).saturating_sub(before);
    process.kill();
    assert!(grown < 12 << 10, "four streams of 20 MiB cost {grown} KiB");
}

async fn read_slowly(client: Client, path: String, bytes: Vec<u8>) {
    let answer = client.request(reqwest::Method::GET, &path).send().await.unwrap();
    let (mut body, mut at) = (answer.bytes_stream(), 0);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.unwrap();
        assert!(chunk == bytes[at..at + chunk.len()]);
        if at == 0 {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        at += chunk.len();
    }
    assert_eq!(at, bytes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_shell_a_bucket_is_verified_collected_and_backed_up_when_asked() {
    if on_postgres() {
        return; // the binary is given no PostgreSQL of its own here
    }
    let (bucket, city) = (Bucket::start(), City::without_server().await);
    let folder = tempfile::tempdir().unwrap();
    let run = |data: &Path, arguments: &[&str]| {
        let output = process::command(data, arguments);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), text)
    };
    // From a folder into a bucket: a backup of the one, restored with the settings of the other.
    let moved = folder.path().join("moved");
    assert!(run(&city.data, &["backup", moved.to_str().unwrap()]).0);
    let (data, settings) = (folder.path().join("data"), folder.path().join("bucket.toml"));
    std::fs::write(&settings, bucket.settings()).unwrap();
    let settings = settings.to_str().unwrap();
    let (restored, said) = run(&data, &["restore", moved.to_str().unwrap(), "--config", settings]);
    assert!(restored, "{said}");
    let video = sha256(&city.video);
    assert!(std::fs::read(bucket.file(&video)).unwrap() == city.video);
    let (sound, said) = run(&data, &["verify", "--config", settings]);
    assert!(sound && said.contains("核对媒体") && said.contains("100%"), "{said}");
    // A backup says what it leaves out, and takes it along when asked.
    let (without, with) = (folder.path().join("without"), folder.path().join("with"));
    let (saved, said) = run(&data, &["backup", without.to_str().unwrap(), "--config", settings]);
    assert!(saved && said.contains("s3://media/yuanjiao/city/") && !without.join("media").exists(), "{said}");
    assert!(run(&data, &["backup", with.to_str().unwrap(), "--with-media", "--config", settings]).0);
    assert!(with.join("media").join(&video[..2]).join(&video).exists());
    // A recording that no lesson uses any more goes when the operator says so, and its blob after it.
    forget_lessons_of(&data, &video).await;
    let then = SystemTime::now() - Duration::from_secs(100 * 86_400);
    std::fs::File::options().write(true).open(bucket.file(&video)).unwrap().set_modified(then).unwrap();
    let collect = |more: &[&str]| run(&data, &[&["collect", "--config", settings], more].concat());
    assert!(collect(&[]).1.contains("无主文件 0 个"));
    let (_, said) = collect(&["--unused-days", "90", "--dry-run"]);
    assert!(said.contains("沙糖桔 修剪.mp4") && bucket.file(&video).exists(), "{said}");
    let (_, said) = collect(&["--unused-days", "90"]);
    assert!(said.contains("无主文件 1 个") && !bucket.file(&video).exists(), "{said}");
    // A rotten blob is named with its lesson, and moved aside.
    let east = sha256(b"only for the east");
    std::fs::write(bucket.file(&east), b"altered").unwrap();
    let (sound, said) = run(&data, &["verify", "--config", settings]);
    assert!(!sound && said.contains("《东江县调解员工作手册》") && said.contains("quarantine"), "{said}");
}

/// Take the recording out of its lessons, as if it had been brought long ago.
async fn forget_lessons_of(data: &Path, sha256: &str) {
    let db = Database::open(data, None).await.unwrap();
    for lesson in entity::lesson::Entity::find().all(&db.read).await.unwrap() {
        if lesson.media_sha256.as_deref() == Some(sha256) {
            let mut lesson = lesson.into_active_model();
            lesson.media_sha256 = Set(None);
            lesson.update(&db.write).await.unwrap();
        }
    }
    let mut recording = media::Entity::find_by_id(sha256).one(&db.read).await.unwrap().unwrap().into_active_model();
    recording.created_at = Set(Moment(1));
    recording.update(&db.write).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_the_wrong_key_is_told_the_store_is_not_available() {
    let bucket = Bucket::start();
    let (city, login) = (
        City::start_with(|config| {
            bucket.configure(config);
            config.s3_secret_access_key = Some("wrong".to_owned().into());
        })
        .await,
        "cadre",
    );
    let cadre = Client::new(&city.url).sign_in(login, PASSWORD).await;
    cadre.get(&format!("/media/{}", sha256(&city.video))).await.must(503);
}
