//! The store of blobs: one suite, on a folder and on a bucket; then the whole server on a bucket.

use content::collect::{self, GRACE_MS};
use content::intake::{Origin, copy_in};
use content::multipart::Multipart;
use content::range::ByteRange;
use content::store::{Hashed, Store, hash_file};
use content::{Error, stream, verify};
use entity::{Moment, UnitId, media};
use futures_util::{Stream, StreamExt};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use server::database::Database;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tests::bucket::Bucket;
use tests::city::{Ground, PASSWORD, on_postgres, pseudo_random, sha256};
use tests::{City, Client, Process, process};

/// A store with a database beside it.
struct Bench {
    store: Store,
    db: Database,
    bucket: Option<Bucket>,
    ground: Ground,
}

impl Bench {
    async fn on(bucket: Option<Bucket>) -> Self {
        let ground = Ground::new().await;
        let db = server::app::open_database(&ground.config).await.unwrap();
        let store = match &bucket {
            None => Store::open(&ground.config.data).unwrap(),
            Some(bucket) => bucket.store(&ground.config.data),
        };
        Self { store, db, bucket, ground }
    }

    /// A file with these bytes, outside the store.
    fn file(&self, bytes: &[u8]) -> (PathBuf, Hashed) {
        let file = self.ground.folder.path().join(format!("file-{}", sha256(bytes)));
        std::fs::write(&file, bytes).unwrap();
        let hashed = hash_file(&file).unwrap();
        (file, hashed)
    }

    async fn put(&self, bytes: &[u8]) -> String {
        let (file, hashed) = self.file(bytes);
        self.store.put(&file, &hashed).await.unwrap();
        hashed.sha256().to_owned()
    }

    /// Bytes with their row.
    async fn bring(&self, filename: &str, bytes: &[u8]) -> String {
        let (file, _) = self.file(bytes);
        let origin = Origin { filename, unit_id: UnitId(1), by: None };
        copy_in(&self.db.write, &self.store, &file, &origin, Moment(1)).await.unwrap().sha256
    }

    /// Where the bytes of a blob really lie.
    fn place(&self, sha256: &str) -> PathBuf {
        match &self.bucket {
            Some(bucket) => bucket.file(sha256),
            None => self.media().join(&sha256[..2]).join(sha256),
        }
    }

    fn age(&self, sha256: &str, days: u64) {
        let then = SystemTime::now() - Duration::from_secs(days * 86_400);
        std::fs::File::options().write(true).open(self.place(sha256)).unwrap().set_modified(then).unwrap();
    }

    fn media(&self) -> PathBuf {
        self.ground.config.data.join("media")
    }

    fn incoming(&self) -> usize {
        std::fs::read_dir(self.media().join("incoming")).unwrap().count()
    }
}

async fn all(bytes: impl Stream<Item = io::Result<bytes::Bytes>>) -> Vec<u8> {
    bytes.map(|chunk| chunk.unwrap().to_vec()).collect::<Vec<_>>().await.concat()
}

macro_rules! on_both_stores {
    ($($fact:ident;)*) => {
        mod on_a_folder {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $fact() {
                super::$fact(super::Bench::on(None).await).await;
            })*
        }
        mod on_a_bucket {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $fact() {
                super::$fact(super::Bench::on(Some(super::Bucket::start())).await).await;
            })*
        }
    };
}

on_both_stores! {
    a_blob_put_is_found_under_its_hash;
    an_empty_blob_can_be_kept;
    unknown_and_malformed_names_are_no_blobs;
    the_same_bytes_twice_are_one_blob;
    bytes_that_changed_after_hashing_are_refused;
    a_large_blob_and_any_range_of_it_arrive_byte_for_byte;
    several_ranges_arrive_as_planned;
    a_local_copy_is_whole_and_leaves_nothing_behind;
    a_quarantined_blob_is_gone_but_its_bytes_are_kept;
    verify_names_what_is_missing_and_moves_aside_what_is_rotten;
    what_nothing_names_is_collected_after_its_grace_and_nothing_else;
    bytes_brought_while_they_are_collected_are_there_afterwards;
    a_listing_shows_every_blob_once;
    what_is_brought_again_after_long_is_not_collected;
}

async fn a_blob_put_is_found_under_its_hash(bench: Bench) {
    let name = bench.put(b"seedlings").await;
    let blob = bench.store.open_blob(&name).await.unwrap();
    assert_eq!((blob.len(), blob.sha256(), blob.etag()), (9, name.as_str(), format!("\"{name}\"")));
    assert!(bench.store.contains(&name).await.unwrap());
    assert_eq!(all(stream::whole(&blob)).await, b"seedlings");
    assert_eq!(std::fs::read(bench.place(&name)).unwrap(), b"seedlings");
}

async fn an_empty_blob_can_be_kept(bench: Bench) {
    let blob = bench.store.open_blob(&bench.put(b"").await).await.unwrap();
    assert!(blob.is_empty() && all(stream::whole(&blob)).await.is_empty());
}

async fn unknown_and_malformed_names_are_no_blobs(bench: Bench) {
    for name in ["0".repeat(64), "../../etc/passwd".to_owned(), String::new(), "F".repeat(64)] {
        assert!(matches!(bench.store.open_blob(&name).await, Err(Error::NoSuchBlob)), "{name}");
        assert!(matches!(bench.store.local_copy(&name).await, Err(Error::NoSuchBlob)), "{name}");
    }
    assert!(!bench.store.contains(&"0".repeat(64)).await.unwrap());
}

async fn the_same_bytes_twice_are_one_blob(bench: Bench) {
    let name = bench.put(b"twice").await;
    assert_eq!(bench.put(b"twice").await, name);
    assert_eq!(bench.bring("twice.txt", b"twice").await, name);
    assert_eq!(bench.bring("again.txt", b"twice").await, name);
    assert_eq!(all(stream::whole(&bench.store.open_blob(&name).await.unwrap())).await, b"twice");
}

async fn bytes_that_changed_after_hashing_are_refused(bench: Bench) {
    let (file, hashed) = bench.file(b"short");
    std::fs::write(&file, b"no longer short").unwrap();
    assert!(matches!(bench.store.put(&file, &hashed).await, Err(Error::HashMismatch)));
    assert!(!bench.store.contains(hashed.sha256()).await.unwrap());
}

async fn a_large_blob_and_any_range_of_it_arrive_byte_for_byte(bench: Bench) {
    let bytes = pseudo_random((20 << 20) + 1);
    let blob = bench.store.open_blob(&bench.put(&bytes).await).await.unwrap();
    assert!(all(stream::whole(&blob)).await == bytes);
    let end = bytes.len() as u64;
    for (start, last) in [(0, 0), (1, 70_000), (8 << 20, (8 << 20) + 9), (end - 1, end - 1), (end - 5, u64::MAX)] {
        let expected = &bytes[start as usize..=(last.min(end - 1)) as usize];
        assert!(all(stream::bytes(&blob, ByteRange { start, last })).await == expected, "{start}-{last}");
    }
    assert!(all(stream::bytes(&blob, ByteRange { start: end, last: end + 10 })).await.is_empty());
}

async fn several_ranges_arrive_as_planned(bench: Bench) {
    let bytes = pseudo_random(300_000);
    let blob = bench.store.open_blob(&bench.put(&bytes).await).await.unwrap();
    let parts = [ByteRange { start: 10, last: 19 }, ByteRange { start: 100_000, last: 250_000 }];
    let plan = Multipart::plan(&parts, blob.len(), "video/mp4", "EDGE".to_owned());
    let length = plan.content_length();
    let body = all(stream::pieces(&blob, plan.into_pieces())).await;
    assert_eq!(body.len() as u64, length);
    for part in parts {
        let part = &bytes[part.start as usize..=part.last as usize];
        assert!(body.windows(part.len()).any(|window| window == part));
    }
}

async fn a_local_copy_is_whole_and_leaves_nothing_behind(bench: Bench) {
    let bytes = pseudo_random(9 << 20);
    let name = bench.put(&bytes).await;
    let copy = bench.store.local_copy(&name).await.unwrap();
    assert!(std::fs::read(copy.path()).unwrap() == bytes);
    drop(copy);
    assert_eq!(bench.incoming(), 0);
    assert!(bench.store.contains(&name).await.unwrap());
}

async fn a_quarantined_blob_is_gone_but_its_bytes_are_kept(bench: Bench) {
    let name = bench.put(b"rotten").await;
    bench.store.open_blob(&name).await.unwrap();
    let aside = bench.store.quarantine(&name).await.unwrap();
    assert!(matches!(bench.store.open_blob(&name).await, Err(Error::NoSuchBlob)));
    assert!(!bench.place(&name).exists());
    let aside = Path::new(&aside).file_name().unwrap();
    let folder = bench.bucket.as_ref().map_or_else(|| bench.media(), Bucket::folder).join("quarantine");
    assert_eq!(std::fs::read(folder.join(aside)).unwrap(), b"rotten");
    // Another rotten copy of the same blob finds a place of its own.
    bench.put(b"rotten").await;
    assert!(bench.store.quarantine(&name).await.unwrap().ends_with("-1"));
}

async fn verify_names_what_is_missing_and_moves_aside_what_is_rotten(bench: Bench) {
    bench.bring("good.mp4", &pseudo_random(3 << 20)).await;
    let (gone, rotten) = (bench.bring("gone.mp4", b"gone").await, bench.bring("rotten.mp4", b"rotten").await);
    std::fs::remove_file(bench.place(&gone)).unwrap();
    std::fs::write(bench.place(&rotten), b"ROTTEN").unwrap();
    let findings = verify::verify(&bench.db.write, &bench.store, Moment(2), &|_| ()).await.unwrap();
    assert_eq!((findings.checked, findings.bytes), (2, (3 << 20) + 6));
    assert_eq!((findings.missing.len(), findings.altered.len()), (1, 1));
    assert_eq!(findings.missing[0].filename, "gone.mp4");
    assert_eq!(findings.altered[0].sha256, rotten);
    assert!(!bench.store.contains(&rotten).await.unwrap());
}

async fn what_nothing_names_is_collected_after_its_grace_and_nothing_else(bench: Bench) {
    let named = bench.bring("named.mp4", b"named").await;
    let (old, young) = (bench.put(b"old").await, bench.put(b"young").await);
    for name in [&named, &old] {
        bench.age(name, 8);
    }
    bench.age(&young, 6);
    let run = async |dry| collect::collect(&bench.db.write, &bench.store, GRACE_MS, Moment::now(), dry).await.unwrap();
    assert_eq!((run(true).await.blobs, run(false).await.bytes, run(false).await.blobs), (1, 3, 0));
    assert!(!bench.store.contains(&old).await.unwrap());
    assert!(bench.store.contains(&young).await.unwrap() && bench.store.contains(&named).await.unwrap());
}

async fn bytes_brought_while_they_are_collected_are_there_afterwards(bench: Bench) {
    let bench = std::sync::Arc::new(bench);
    for round in 0..12_u64 {
        let name = bench.put(b"wanted again").await;
        media::Entity::delete_many().exec(&bench.db.write).await.unwrap();
        bench.age(&name, 30);
        let (one, two) = (bench.clone(), bench.clone());
        let collecting = tokio::spawn(async move {
            collect::collect(&two.db.write, &two.store, GRACE_MS, Moment::now(), false).await.unwrap();
        });
        tokio::time::sleep(Duration::from_millis(round * 7)).await;
        one.bring("again.mp4", b"wanted again").await;
        collecting.await.unwrap();
        assert!(bench.store.contains(&name).await.unwrap(), "round {round}");
    }
}

async fn what_is_brought_again_after_long_is_not_collected(bench: Bench) {
    let name = bench.put(b"wanted again").await;
    bench.age(&name, 30);
    // Its row is to come: between the two nothing names it.
    bench.put(b"wanted again").await;
    let collected = collect::collect(&bench.db.write, &bench.store, GRACE_MS, Moment::now(), false).await.unwrap();
    assert_eq!(collected.blobs, 0);
    assert_eq!(all(stream::whole(&bench.store.open_blob(&name).await.unwrap())).await, b"wanted again");
}

async fn a_listing_shows_every_blob_once(bench: Bench) {
    let mut put = Vec::new();
    for number in 0..20_u8 {
        put.push(bench.put(&[number; 9]).await);
    }
    let mut listed = Vec::new();
    for first in 0..=u8::MAX {
        for blob in bench.store.shelf(first).await.unwrap() {
            assert_eq!((&blob.sha256[..2], blob.size), (format!("{first:02x}").as_str(), 9));
            assert!(Moment::now().0 - blob.put_at.0 < 60_000);
            listed.push(blob.sha256);
        }
    }
    put.sort();
    listed.sort();
    assert_eq!(listed, put);
}

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
    let note = entity::audit::line(Moment(1), None, "test.write", "test:1".to_owned(), String::new());
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
