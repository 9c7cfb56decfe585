//! What a store of blobs is, on a folder and on a bucket alike.

use content::collect::{self, GRACE_MS};
use content::intake::{Origin, copy_in};
use content::multipart::Multipart;
use content::range::ByteRange;
use content::store::{Hashed, Store, hash_file};
use content::{Error, stream, verify};
use entity::{Moment, UnitId, media};
use futures_util::{Stream, StreamExt};
use sea_orm::EntityTrait;
use server::database::Database;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tests::bucket::Bucket;
use tests::city::{Ground, pseudo_random, sha256};

/// A store with a database beside it.
pub struct Bench {
    pub store: Store,
    pub db: Database,
    pub bucket: Option<Bucket>,
    ground: Ground,
}

impl Bench {
    pub async fn on(bucket: Option<Bucket>) -> Self {
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

    pub async fn put(&self, bytes: &[u8]) -> String {
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
    pub fn place(&self, sha256: &str) -> PathBuf {
        match &self.bucket {
            Some(bucket) => bucket.file(sha256),
            None => self.media().join(&sha256[..2]).join(sha256),
        }
    }

    pub fn age(&self, sha256: &str, days: u64) {
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

pub async fn all(bytes: impl Stream<Item = io::Result<bytes::Bytes>>) -> Vec<u8> {
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
