//! How an upload ends: as media, with a reason, by its owner or by time; and what a kill leaves of it.

use super::*;

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
