#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::intake::{Origin, copy_in};
use crate::upload::tests::database;
use entity::{RenditionKind, UnitId};
use proptest::prelude::*;
use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, DatabaseConnection, PaginatorTrait};
use std::path::Path;
use std::time::{Duration, SystemTime};

struct Scene {
    db: DatabaseConnection,
    store: Store,
    dir: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { db: database().await, store: Store::open(dir.path()).unwrap(), dir }
    }

    /// Bring a recording of these bytes; its blob was put `days` ago.
    async fn bring(&self, text: &str, days: u64) -> String {
        let file = self.dir.path().join("file");
        std::fs::write(&file, text).unwrap();
        let origin = Origin { filename: text, unit_id: UnitId(1), by: None };
        let sha256 = copy_in(&self.db, &self.store, &file, &origin, Moment(1)).await.unwrap().sha256;
        self.age(&sha256, days).await;
        sha256
    }

    async fn age(&self, sha256: &str, days: u64) {
        let copy = self.store.local_copy(sha256).await.unwrap();
        age(copy.path(), days);
    }

    /// Bring bytes whose row is gone, as when it was forgotten.
    async fn unnamed(&self, text: &str, days: u64) -> String {
        let sha256 = self.bring(text, days).await;
        media::Entity::delete_by_id(&sha256).exec(&self.db).await.unwrap();
        sha256
    }

    async fn collect(&self) -> Collected {
        collect(&self.db, &self.store, GRACE_MS, Moment::now(), false).await.unwrap()
    }
}

fn age(file: &Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    std::fs::File::options().write(true).open(file).unwrap().set_modified(then).unwrap();
}

#[tokio::test]
async fn a_blob_that_nothing_names_is_removed_after_its_grace_and_not_before() {
    let scene = Scene::new().await;
    let (old, new) = (scene.unnamed("old", 8).await, scene.unnamed("new", 6).await);
    let dry = collect(&scene.db, &scene.store, GRACE_MS, Moment::now(), true).await.unwrap();
    assert_eq!((dry.blobs, dry.bytes), (1, 3));
    assert!(scene.store.contains(&old).await.unwrap());
    assert_eq!(scene.collect().await.blobs, 1);
    assert!(!scene.store.contains(&old).await.unwrap() && scene.store.contains(&new).await.unwrap());
    assert_eq!(scene.collect().await.blobs, 0);
}

#[tokio::test]
async fn a_recording_that_is_the_voice_of_a_lesson_is_not_forgotten() {
    let scene = Scene::new().await;
    let (spoken, silent) = (scene.bring("spoken", 100).await, scene.bring("silent", 100).await);
    let voice = voice::ActiveModel {
        id: NotSet,
        lesson_id: Set(entity::LessonId(1)),
        language: Set("壮语".to_owned()),
        media_sha256: Set(spoken.clone()),
        created_by: Set(None),
        created_at: Set(Moment(1)),
    };
    voice.insert(&scene.db).await.unwrap();
    let gone = forget(&scene.db, Moment::now(), None, Moment::now(), false).await.unwrap();
    assert_eq!(gone.iter().map(|media| media.sha256.as_str()).collect::<Vec<_>>(), [silent.as_str()]);
    let kept = media::Entity::find_by_id(&spoken).one(&scene.db).await.unwrap().unwrap();
    assert!(!forget_one(&scene.db, &kept, None, Moment::now()).await.unwrap());
}

#[tokio::test]
async fn whatever_names_a_blob_keeps_it() {
    let scene = Scene::new().await;
    let recording = scene.bring("recording", 100).await;
    let (made, uploading) = (scene.unnamed("rendition", 100).await, scene.unnamed("upload", 100).await);
    let rendition = rendition::ActiveModel {
        id: NotSet,
        media_sha256: Set(recording.clone()),
        kind: Set(RenditionKind::Audio),
        blob_sha256: Set(made.clone()),
        size_bytes: Set(9),
        mime: Set("audio/mp4".to_owned()),
        codecs: Set(None),
        width: Set(None),
        height: Set(None),
        duration_ms: Set(None),
        detail: Set(None),
        created_at: Set(Moment(1)),
    };
    rendition::Entity::insert(rendition).exec(&scene.db).await.unwrap();
    let upload = upload::ActiveModel {
        id: Set("u".to_owned()),
        account_id: Set(entity::AccountId(1)),
        unit_id: Set(UnitId(1)),
        length: Set(6),
        received: Set(6),
        metadata: Set(String::new()),
        filename: Set("upload".to_owned()),
        filetype: Set(String::new()),
        course_id: Set(None),
        state: Set(UploadState::Processing),
        sha256: Set(Some(uploading.clone())),
        error: Set(None),
        created_at: Set(Moment(1)),
        expires_at: Set(Moment(i64::MAX)),
        concat: Set(None),
    };
    upload::Entity::insert(upload).exec(&scene.db).await.unwrap();
    assert_eq!(scene.collect().await.blobs, 0);
    for sha256 in [&recording, &made, &uploading] {
        assert!(scene.store.contains(sha256).await.unwrap());
    }
}

#[tokio::test]
async fn who_reads_a_blob_that_is_collected_reads_it_to_its_end() {
    let scene = Scene::new().await;
    let sha256 = scene.unnamed("served", 30).await;
    let open = scene.store.open_blob(&sha256).await.unwrap();
    assert_eq!(scene.collect().await.blobs, 1);
    assert_eq!(open.mapped().unwrap().bytes(), b"served");
    assert!(matches!(scene.store.open_blob(&sha256).await, Err(crate::Error::NoSuchBlob)));
}

#[tokio::test]
async fn files_that_a_dead_process_left_behind_are_removed() {
    let scene = Scene::new().await;
    let (stale, fresh) = (scene.dir.path().join("media/incoming/in-a"), scene.dir.path().join("media/incoming/in-b"));
    std::fs::write(&stale, b"half").unwrap();
    std::fs::write(&fresh, b"half").unwrap();
    age(&stale, 3);
    assert_eq!(scene.collect().await.stale, 1);
    assert!(!stale.exists() && fresh.exists());
}

#[tokio::test]
async fn only_recordings_that_no_lesson_uses_and_nobody_brought_lately_are_forgotten() {
    let scene = Scene::new().await;
    let (unused, lately) = (scene.bring("unused", 100).await, scene.bring("lately", 100).await);
    media::Entity::update_many()
        .col_expr(media::Column::CreatedAt, Expr::value(Moment(5000)))
        .filter(media::Column::Sha256.eq(&lately))
        .exec(&scene.db)
        .await
        .unwrap();
    let before = Moment(1000);
    assert_eq!(forget(&scene.db, before, None, Moment(9000), true).await.unwrap().len(), 1);
    let forgotten = forget(&scene.db, before, None, Moment(9000), false).await.unwrap();
    assert_eq!((forgotten.len(), &forgotten[0].sha256), (1, &unused));
    assert_eq!(media::Entity::find().count(&scene.db).await.unwrap(), 1);
    let told = audit::Entity::find().filter(audit::Column::Action.eq("media.remove")).one(&scene.db).await.unwrap();
    assert_eq!(told.unwrap().detail, "unused");
    assert_eq!(scene.collect().await.blobs, 1);
}

/// Whoever brings bytes while the same bytes are collected has them in the store afterwards, however the two fall.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_brought_while_they_are_collected_are_there_afterwards() {
    let scene = std::sync::Arc::new(Scene::new().await);
    for round in 0..60_u64 {
        let text = format!("race {}", round % 3);
        let sha256 = scene.unnamed(&text, 30).await;
        let (one, two) = (scene.clone(), scene.clone());
        let file = scene.dir.path().join(format!("again-{round}"));
        std::fs::write(&file, &text).unwrap();
        let bring = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(round * 150)).await;
            let origin = Origin { filename: "again", unit_id: UnitId(1), by: None };
            copy_in(&one.db, &one.store, &file, &origin, Moment(1)).await.unwrap();
        });
        let collecting = tokio::spawn(async move { two.collect().await });
        bring.await.unwrap();
        collecting.await.unwrap();
        assert!(scene.store.contains(&sha256).await.unwrap(), "round {round}");
        assert!(media::Entity::find_by_id(&sha256).one(&scene.db).await.unwrap().is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_left_is_what_is_named_or_young(blobs in prop::collection::vec((any::<bool>(), 0..20_u64), 0..8)) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let scene = Scene::new().await;
            let mut expected = Vec::new();
            for (number, (is_named, days)) in blobs.into_iter().enumerate() {
                let text = format!("blob {number}");
                let sha256 =
                    if is_named { scene.bring(&text, days).await } else { scene.unnamed(&text, days).await };
                // Six days and a half: no day of the test falls on the edge.
                expected.push((sha256, is_named || days < 7));
            }
            collect(&scene.db, &scene.store, GRACE_MS - DAY_MS / 2, Moment::now(), false).await.unwrap();
            for (sha256, stays) in expected {
                assert_eq!(scene.store.contains(&sha256).await.unwrap(), stays);
            }
        });
    }
}
