//! Uploads against a real database and a folder of their own.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::store::Store;
use entity::{UnitId, UnitLevel, media, org_unit};
use futures_util::{Stream, StreamExt, stream};
use migrations::{Migrate, Migrator};
use sea_orm::{Database, DatabaseConnection, PaginatorTrait};

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
async fn a_second_writer_is_told_that_the_upload_is_busy() {
    let scene = Scene::new().await;
    let id = scene.announce(11).await;
    let endless = stream::iter([Ok::<_, ()>("hello")]).chain(stream::pending());
    let first = append(&scene.db, &scene.uploads, &id, 0, None, endless, NOW);
    let second = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        scene.send(&id, 0, b"hello").await
    };
    tokio::select! {
        _ = first => unreachable!("the first writer never ends"),
        answer = second => assert!(matches!(answer, Err(Error::Busy))),
    }
    // The first writer was dropped in the middle, as when its connection is cut: the upload is free again.
    assert!(scene.send(&id, u64::try_from(scene.offset(&id).await).unwrap(), b"").await.is_ok());
}

#[tokio::test]
async fn a_writer_that_fell_silent_puts_down_what_it_has() {
    let scene = Scene::new().await;
    let id = scene.announce(11).await;
    let silent = stream::iter([Ok::<_, ()>("hello")]).chain(stream::pending());
    let first = append(&scene.db, &scene.uploads, &id, 0, None, silent, NOW);
    let back = async {
        tokio::time::sleep(SILENCE + Duration::from_millis(100)).await;
        make_way(&scene.uploads, &id).await;
        scene.offset(&id).await
    };
    let (first, offset) = tokio::join!(first, back);
    assert!(matches!(first, Err(Error::Interrupted { kept: 5 })));
    assert_eq!(offset, 5);
}

#[tokio::test]
async fn the_disk_knows_the_offset_when_the_row_does_not() {
    let scene = Scene::new().await;
    let id = scene.announce(11).await;
    // A kill between the sync and the update of the row.
    std::fs::write(scene.uploads.part(&id), b"hello ").unwrap();
    assert_eq!(scene.offset(&id).await, 6);
    assert!(scene.send(&id, 6, b"world").await.unwrap().is_whole());
}

#[tokio::test]
async fn an_upload_that_is_whole_on_the_disk_only_is_noticed() {
    let scene = Scene::new().await;
    let id = scene.announce(5).await;
    std::fs::write(scene.uploads.part(&id), b"hello").unwrap();
    let row = status(&scene.db, &scene.uploads, &id, NOW).await.unwrap();
    assert_eq!((row.state, row.received), (UploadState::Processing, 5));
    assert_eq!(scene.finish(&id).await.state, UploadState::Complete);
}

#[tokio::test]
async fn an_upload_whose_bytes_lie_on_another_server_is_left_to_it() {
    let scene = Scene::new().await;
    let id = scene.announce(5).await;
    scene.send(&id, 0, b"hello").await.unwrap();
    std::fs::rename(scene.uploads.part(&id), scene.dir.path().join("elsewhere")).unwrap();
    assert_eq!(resume_processing(&scene.db, &scene.uploads, &scene.store, NOW).await.unwrap(), 0);
    assert_eq!(find(&scene.db, &id).await.unwrap().state, UploadState::Processing);
}

#[tokio::test]
async fn the_same_bytes_again_are_the_same_media() {
    let scene = Scene::new().await;
    let mut names = Vec::new();
    for _ in 0..2 {
        let id = scene.announce(5).await;
        scene.send(&id, 0, b"hello").await.unwrap();
        names.push(scene.finish(&id).await.sha256.unwrap());
    }
    assert_eq!(names[0], names[1]);
    assert_eq!(media::Entity::find().count(&scene.db).await.unwrap(), 1);
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn processing_goes_on_after_a_kill_at_any_step() {
    let scene = Scene::new().await;
    let before_hash = scene.announce(5).await;
    scene.send(&before_hash, 0, b"hello").await.unwrap();
    let after_move = scene.announce(5).await;
    scene.send(&after_move, 0, b"world").await.unwrap();
    // This one's bytes had moved into the store, and its row was named, when the process died.
    let hashed = crate::store::hash_file(&scene.uploads.part(&after_move)).unwrap();
    let mut row = find(&scene.db, &after_move).await.unwrap().into_active_model();
    row.sha256 = Set(Some(hashed.sha256().to_owned()));
    row.update(&scene.db).await.unwrap();
    scene.store.put(&scene.uploads.part(&after_move), &hashed).await.unwrap();

    assert_eq!(resume_processing(&scene.db, &scene.uploads, &scene.store, NOW).await.unwrap(), 2);
    for id in [before_hash, after_move] {
        assert_eq!(find(&scene.db, &id).await.unwrap().state, UploadState::Complete);
    }
    assert_eq!(media::Entity::find().count(&scene.db).await.unwrap(), 2);
}

#[tokio::test]
async fn a_file_that_vanished_makes_the_upload_failed_with_a_reason() {
    let scene = Scene::new().await;
    let id = scene.announce(5).await;
    scene.send(&id, 0, b"hello").await.unwrap();
    std::fs::remove_file(scene.uploads.part(&id)).unwrap();
    let failed = scene.finish(&id).await;
    assert_eq!(failed.state, UploadState::Failed);
    assert!(failed.error.unwrap().contains("重新上传"));
}

#[tokio::test]
async fn a_terminated_upload_is_gone_with_its_bytes() {
    let scene = Scene::new().await;
    let id = scene.announce(5).await;
    scene.send(&id, 0, b"he").await.unwrap();
    terminate(&scene.db, &scene.uploads, &id).await.unwrap();
    assert!(matches!(status(&scene.db, &scene.uploads, &id, NOW).await, Err(Error::NoSuchUpload)));
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn an_upload_expires_when_nothing_came_for_its_lifetime() {
    let scene = Scene::new().await;
    let id = scene.announce(5).await;
    let over = NOW.plus_ms(scene.uploads.limits.lifetime_ms);
    assert_eq!(expire(&scene.db, &scene.uploads, over.plus_ms(-1)).await.unwrap(), 0);
    assert!(matches!(status(&scene.db, &scene.uploads, &id, over).await, Err(Error::UploadExpired)));
    assert_eq!(expire(&scene.db, &scene.uploads, over).await.unwrap(), 1);
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn too_long_too_many_and_a_full_disk_are_refused_at_once() {
    let mut scene = Scene::new().await;
    assert!(matches!(scene.try_announce(10_000_001, "").await, Err(Error::TooLong { max: 10_000_000 })));
    scene.uploads.limits.keep_free_bytes = u64::MAX;
    assert!(matches!(scene.try_announce(1, "").await, Err(Error::DiskFull)));
    scene.uploads.limits = Limits { keep_free_bytes: 0, max_open: 2, ..scene.uploads.limits };
    scene.announce(1).await;
    scene.announce(1).await;
    assert!(matches!(scene.try_announce(1, "").await, Err(Error::TooManyOpen)));
}

#[tokio::test]
async fn an_unknown_upload_is_not_found() {
    let scene = Scene::new().await;
    for id in ["", "nope", "../../etc/passwd"] {
        assert!(matches!(scene.send(id, 0, b"x").await, Err(Error::NoSuchUpload)));
        assert!(matches!(terminate(&scene.db, &scene.uploads, id).await, Err(Error::NoSuchUpload)));
    }
}

#[tokio::test]
async fn parts_sent_beside_each_other_become_one_file_in_the_order_named() {
    let scene = Scene::new().await;
    let (world, hello, nothing) = (scene.part(b"world").await, scene.part(b"hello ").await, scene.part(b"").await);
    assert_eq!(find(&scene.db, &world).await.unwrap().state, UploadState::Complete);
    assert_eq!(scene.finish(&world).await.sha256, None);
    let joined = scene.join(&[&hello, &nothing, &world]).await.unwrap();
    assert_eq!((joined.state, joined.length), (UploadState::Processing, 11));
    assert!(matches!(scene.send(&joined.id, 11, b"!").await, Err(Error::MadeOfParts)));
    let done = scene.finish(&joined.id).await;
    let sha256 = done.sha256.unwrap();
    assert_eq!(std::fs::read(scene.store.local_copy(&sha256).await.unwrap().path()).unwrap(), b"hello world");
    assert!(scene.files().is_empty(), "the parts are dropped");
    assert_eq!(upload::Entity::find().count(&scene.db).await.unwrap(), 1);
}

#[tokio::test]
async fn a_final_upload_of_parts_that_are_not_all_there_is_refused() {
    let scene = Scene::new().await;
    let whole_file = scene.announce(5).await;
    scene.send(&whole_file, 0, b"hello").await.unwrap();
    let begun = create(&scene.db, &scene.uploads, new(5, "", Concat::Partial).unwrap(), NOW).await.unwrap().id;
    let good = scene.part(b"hello").await;
    let others = scene.part(b"hello").await;
    let mut row = find(&scene.db, &others).await.unwrap().into_active_model();
    row.account_id = Set(AccountId(2));
    row.update(&scene.db).await.unwrap();
    for bad in [&whole_file, &begun, &others, &"nope".to_owned()] {
        assert!(matches!(scene.join(&[&good, bad]).await, Err(Error::PartMissing)));
    }
}

#[tokio::test]
async fn a_join_that_a_kill_cut_short_begins_anew() {
    let scene = Scene::new().await;
    let (hello, world) = (scene.part(b"hello ").await, scene.part(b"world").await);
    let joined = scene.join(&[&hello, &world]).await.unwrap().id;
    std::fs::write(scene.uploads.part(&joined), b"hello wo").unwrap();
    assert_eq!(resume_processing(&scene.db, &scene.uploads, &scene.store, NOW).await.unwrap(), 1);
    assert_eq!(find(&scene.db, &joined).await.unwrap().state, UploadState::Complete);
}

#[tokio::test]
async fn parts_that_nobody_joins_expire_and_those_of_a_final_upload_wait_for_it() {
    let scene = Scene::new().await;
    let (forgotten, used) = (scene.part(b"hello").await, scene.part(b"world").await);
    let later = NOW.plus_ms(scene.uploads.limits.lifetime_ms);
    let joined = new(0, "", Concat::Final(vec![used])).unwrap();
    let joined = create(&scene.db, &scene.uploads, joined, later.plus_ms(-1)).await.unwrap().id;
    assert_eq!(expire(&scene.db, &scene.uploads, later).await.unwrap(), 1);
    assert!(matches!(find(&scene.db, &forgotten).await, Err(Error::NoSuchUpload)));
    assert_eq!(scene.finish(&joined).await.state, UploadState::Complete);
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
