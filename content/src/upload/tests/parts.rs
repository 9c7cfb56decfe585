//! Files that come in parts, joined in the order named.

use super::*;

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
