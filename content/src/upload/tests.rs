//! Uploads against a real database and a folder of their own.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::store::Store;
use entity::{UnitId, UnitLevel, media, org_unit};
use futures_util::{Stream, StreamExt, stream};
use migrations::{Migrate, Migrator};
use sea_orm::{Database, DatabaseConnection, PaginatorTrait};

mod ends;
mod parts;
mod writers;

const NOW: Moment = Moment(1_800_000_000_000);

/// A migrated database in memory.
pub(crate) async fn database() -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).min_connections(1);
    let db = Database::connect(options).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    db
}

struct Scene {
    dir: tempfile::TempDir,
    db: DatabaseConnection,
    uploads: Uploads,
    store: Store,
}

impl Scene {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits { keep_free_bytes: 0, max_bytes: 10_000_000, ..Limits::default() };
        let uploads = Uploads::open(dir.path(), limits).unwrap();
        let store = Store::open(dir.path()).unwrap();
        Self { db: database().await, uploads, store, dir }
    }

    async fn announce(&self, length: u64) -> String {
        self.try_announce(length, "filename 5rC056i7LnR4dA==").await.unwrap().id
    }

    async fn try_announce(&self, length: u64, metadata: &str) -> Result<upload::Model> {
        create(&self.db, &self.uploads, new(length, metadata, Concat::Whole)?, NOW).await
    }

    async fn part(&self, bytes: &[u8]) -> String {
        let part = new(bytes.len() as u64, "", Concat::Partial).unwrap();
        let id = create(&self.db, &self.uploads, part, NOW).await.unwrap().id;
        if !bytes.is_empty() {
            self.send(&id, 0, bytes).await.unwrap();
        }
        id
    }

    async fn join(&self, parts: &[&String]) -> Result<upload::Model> {
        let parts = parts.iter().map(|id| (*id).clone()).collect();
        create(&self.db, &self.uploads, new(0, "", Concat::Final(parts))?, NOW).await
    }

    async fn send(&self, id: &str, offset: u64, bytes: &[u8]) -> Result<Progress> {
        append(&self.db, &self.uploads, id, offset, None, whole(bytes), NOW).await
    }

    async fn send_checked(&self, id: &str, offset: u64, bytes: &[u8], checksum: &str) -> Result<Progress> {
        let checksum = Checksum::parse(checksum)?;
        append(&self.db, &self.uploads, id, offset, Some(checksum), whole(bytes), NOW).await
    }

    async fn offset(&self, id: &str) -> i64 {
        status(&self.db, &self.uploads, id, NOW).await.unwrap().received
    }

    async fn finish(&self, id: &str) -> upload::Model {
        finish(&self.db, &self.uploads, &self.store, id, NOW).await.unwrap()
    }

    fn files(&self) -> Vec<std::ffi::OsString> {
        std::fs::read_dir(self.dir.path().join("uploads")).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }
}

fn new(length: u64, metadata: &str, concat: Concat) -> Result<NewUpload> {
    let metadata = Metadata::parse(metadata)?;
    Ok(NewUpload { account_id: AccountId(1), unit_id: UnitId(1), length, concat, metadata })
}

fn whole(bytes: &[u8]) -> impl Stream<Item = std::result::Result<Vec<u8>, ()>> + use<> {
    stream::iter(bytes.chunks(1000).map(|chunk| Ok(chunk.to_vec())).collect::<Vec<_>>())
}

/// `sha1` of "hello world".
const HELLO_WORLD: &str = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=";

#[tokio::test]
async fn pieces_become_one_blob_with_its_row() {
    let scene = Scene::new().await;
    let id = scene.announce(11).await;
    assert_eq!(scene.send(&id, 0, b"hello ").await.unwrap(), Progress { offset: 6, length: 11 });
    assert_eq!(scene.offset(&id).await, 6);
    assert!(scene.send(&id, 6, b"world").await.unwrap().is_whole());
    let done = scene.finish(&id).await;
    assert_eq!(done.state, UploadState::Complete);
    let sha256 = done.sha256.unwrap();
    assert_eq!(sha256, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    assert_eq!(scene.store.open_blob(&sha256).await.unwrap().len(), 11);
    let row = media::Entity::find_by_id(sha256).one(&scene.db).await.unwrap().unwrap();
    assert_eq!(
        (row.filename.as_str(), row.mime.as_str(), row.size_bytes),
        ("水稻.txt", "text/plain; charset=utf-8", 11)
    );
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn a_large_body_arrives_byte_for_byte() {
    let scene = Scene::new().await;
    let bytes: Vec<u8> = (0..3_000_001_u32).map(|i| (i % 249) as u8).collect();
    let id = scene.announce(bytes.len() as u64).await;
    scene.send(&id, 0, &bytes[..1_700_000]).await.unwrap();
    scene.send(&id, 1_700_000, &bytes[1_700_000..]).await.unwrap();
    let sha256 = scene.finish(&id).await.sha256.unwrap();
    assert_eq!(std::fs::read(scene.store.local_copy(&sha256).await.unwrap().path()).unwrap(), bytes);
}

#[tokio::test]
async fn a_file_of_no_bytes_is_allowed() {
    let scene = Scene::new().await;
    let row = scene.try_announce(0, "").await.unwrap();
    assert_eq!((row.state, row.filename.as_str()), (UploadState::Processing, "未命名"));
    let done = scene.finish(&row.id).await;
    assert!(scene.store.open_blob(&done.sha256.unwrap()).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_offset_is_refused_with_the_true_one() {
    let scene = Scene::new().await;
    let id = scene.announce(11).await;
    scene.send(&id, 0, b"hello ").await.unwrap();
    for offset in [0, 5, 7, u64::MAX] {
        assert!(matches!(scene.send(&id, offset, b"world").await, Err(Error::WrongOffset { actual: 6 })));
    }
}

#[tokio::test]
async fn more_bytes_than_announced_are_refused() {
    let scene = Scene::new().await;
    let id = scene.announce(1500).await;
    scene.send(&id, 0, b"hello").await.unwrap();
    // The first thousand would fit.
    assert!(matches!(scene.send(&id, 5, &[b'x'; 3000]).await, Err(Error::TooManyBytes)));
    assert_eq!(scene.offset(&id).await, 5);
    assert!(scene.send(&id, 5, &[b'y'; 1495]).await.unwrap().is_whole());
    assert!(matches!(scene.send(&id, 1500, b"").await, Err(Error::NotReceiving)));
}

#[tokio::test]
async fn what_came_before_a_broken_connection_is_kept() {
    let scene = Scene::new().await;
    let id = scene.announce(11).await;
    let broken = stream::iter([Ok("hello"), Err("gone")]);
    let outcome = append(&scene.db, &scene.uploads, &id, 0, None, broken, NOW).await;
    assert!(matches!(outcome, Err(Error::Interrupted { kept: 5 })));
    assert_eq!(scene.offset(&id).await, 5);
}

#[tokio::test]
async fn a_wrong_checksum_drops_the_bytes_of_that_request_only() {
    let scene = Scene::new().await;
    let id = scene.announce(15).await;
    scene.send(&id, 0, b"1234").await.unwrap();
    let wrong = scene.send_checked(&id, 4, b"hello w0rld", HELLO_WORLD).await;
    assert!(matches!(wrong, Err(Error::ChecksumMismatch)));
    assert_eq!(scene.offset(&id).await, 4);
    assert_eq!(scene.send_checked(&id, 4, b"hello world", HELLO_WORLD).await.unwrap().offset, 15);
    let sha256 = scene.finish(&id).await.sha256.unwrap();
    assert_eq!(std::fs::read(scene.store.local_copy(&sha256).await.unwrap().path()).unwrap(), b"1234hello world");
}

#[tokio::test]
async fn unchecked_bytes_of_a_broken_connection_are_dropped() {
    let scene = Scene::new().await;
    let id = scene.announce(11).await;
    let broken = stream::iter([Ok("hello"), Err("gone")]);
    let checksum = Some(Checksum::parse(HELLO_WORLD).unwrap());
    let outcome = append(&scene.db, &scene.uploads, &id, 0, checksum, broken, NOW).await;
    assert!(matches!(outcome, Err(Error::Interrupted { kept: 0 })));
    assert_eq!(scene.offset(&id).await, 0);
}

#[tokio::test]
async fn a_file_that_is_not_what_was_promised_is_refused_at_the_end() {
    let scene = Scene::new().await;
    let promise = format!(
        "sha256 {}",
        base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
        )
    );
    for (bytes, state) in [(b"hello world", UploadState::Complete), (b"hello w0rld", UploadState::Failed)] {
        let id = scene.try_announce(11, &promise).await.unwrap().id;
        scene.send(&id, 0, bytes).await.unwrap();
        assert_eq!(scene.finish(&id).await.state, state);
    }
}

#[tokio::test]
async fn a_county_keeps_no_more_than_its_quota_and_the_city_has_none() {
    let mut scene = Scene::new().await;
    for (id, level, path) in
        [(1, UnitLevel::Village, "/7/8/1/"), (7, UnitLevel::City, "/7/"), (8, UnitLevel::County, "/7/8/")]
    {
        let unit = org_unit::ActiveModel {
            id: Set(UnitId(id)),
            parent_id: Set(None),
            code: Set(id.to_string()),
            name: Set(format!("{id}号")),
            level: Set(level),
            path: Set(path.to_owned()),
        };
        org_unit::Entity::insert(unit).exec(&scene.db).await.unwrap();
    }
    scene.uploads.limits.county_quota = Some(20);
    let kept = scene.announce(5).await;
    scene.send(&kept, 0, b"hello").await.unwrap();
    scene.finish(&kept).await;
    scene.announce(10).await;
    scene.part(b"wor").await;
    let refused = scene.try_announce(3, "").await;
    assert!(matches!(refused, Err(Error::OverQuota { used: 18, quota: 20, wanted: 3, .. })), "{refused:?}");
    scene.announce(2).await;
    let of_the_city = NewUpload { unit_id: UnitId(7), ..new(1_000, "", Concat::Whole).unwrap() };
    assert!(create(&scene.db, &scene.uploads, of_the_city, NOW).await.is_ok());
}

#[tokio::test]
async fn what_is_here_already_is_complete_without_a_byte_sent() {
    let scene = Scene::new().await;
    let first = scene.announce(5).await;
    scene.send(&first, 0, b"hello").await.unwrap();
    let sha256 = scene.finish(&first).await.sha256.unwrap();
    let known = media::Entity::find_by_id(&sha256).one(&scene.db).await.unwrap().unwrap();
    let again = new(5, "", Concat::Whole).unwrap();
    let row = create_known(&scene.db, &scene.uploads, again, &known, NOW).await.unwrap();
    assert_eq!((row.state, row.received, row.sha256), (UploadState::Complete, 5, Some(sha256)));
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn what_is_unfinished_is_listed_as_the_disk_has_it() {
    let scene = Scene::new().await;
    let id = scene.announce(5).await;
    std::fs::write(scene.uploads.part(&id), b"he").unwrap();
    scene.part(b"x").await;
    let open = super::open(&scene.db, &scene.uploads, AccountId(1), NOW).await.unwrap();
    assert_eq!(open.iter().map(|row| (row.id.as_str(), row.received)).collect::<Vec<_>>(), [(id.as_str(), 2)]);
    assert!(super::open(&scene.db, &scene.uploads, AccountId(2), NOW).await.unwrap().is_empty());
}
