//! Two who write one upload.

use super::*;

#[tokio::test]
async fn a_second_writer_is_told_that_the_upload_is_busy() {
    let scene = Scene::new().await;
    let id = scene.announce(11).await;
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let hello = stream::once(async move {
        let _ = begun.send(());
        Ok::<_, ()>("hello")
    });
    let endless = Box::pin(hello.chain(stream::pending()));
    let first = append(&scene.db, &scene.uploads, &id, 0, None, endless, NOW);
    let second = async {
        has_begun.await.unwrap(); // a body is read by whoever holds the upload
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
        tokio::time::sleep(SILENCE + Duration::from_secs(1)).await;
        make_way(&scene.uploads, &id).await;
        scene.offset(&id).await
    };
    let (first, offset) = tokio::join!(first, back);
    assert!(matches!(first, Err(Error::Interrupted { kept: 5 })));
    assert_eq!(offset, 5);
}
