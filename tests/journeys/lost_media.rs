//! A recording removed, cut short or altered behind the server's back: a clear answer, found by `verify`, healed by
//! bringing the file again.

use entity::Moment;
use std::path::PathBuf;
use tests::city::{PASSWORD, serve, sha256};
use tests::{City, Client};

fn place(city: &City) -> PathBuf {
    let name = sha256(&city.video);
    city.data.join("media").join(&name[..2]).join(name)
}

/// A server that has nothing open yet, and a cadre on it.
async fn afresh(city: &mut City) -> Client {
    city.url = serve(city.config.clone()).await;
    city.stranger().sign_in("cadre", PASSWORD).await
}

async fn verify(city: &City) -> content::verify::Findings {
    let store = content::store::Store::open(&city.data).unwrap();
    content::verify::verify(&city.db.write, &store, Moment::now(), &|_| ()).await.unwrap()
}

async fn bring_again(city: &City) {
    let trainer = city.client("trainer").await;
    let id = trainer.upload("沙糖桔 修剪.mp4", "video/mp4", &city.video).await;
    assert_eq!(trainer.uploaded(&id).await["state"], "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_was_removed_or_cut_short_is_said_to_be_lost_and_comes_back_by_uploading_it() {
    let mut city = City::without_server().await;
    let path = format!("/media/{}", sha256(&city.video));
    for removed in [true, false] {
        if removed {
            std::fs::remove_file(place(&city)).unwrap();
        } else {
            std::fs::File::options().write(true).open(place(&city)).unwrap().set_len(1000).unwrap();
        }
        let cadre = afresh(&mut city).await;
        let refused = cadre.get_with(&path, "Range", "bytes=0-99").await.must(404);
        assert_eq!(refused.code(), "not_found");
        assert!(refused.json()["message"].as_str().unwrap().contains("不见了或已损坏"), "{}", refused.text());
        cadre.get(&format!("/api/v1/lessons/{}", city.lesson("video"))).await.must(200);
        cadre.get("/lessons/video").await.must(200);
        let findings = verify(&city).await;
        assert_eq!((findings.missing.len(), findings.altered.len()), (usize::from(removed), usize::from(!removed)));
        bring_again(&city).await;
        assert!(cadre.get(&path).await.must(200).body == city.video);
        assert!(verify(&city).await.is_sound());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_was_altered_is_moved_aside_and_no_longer_served() {
    let mut city = City::without_server().await;
    let path = format!("/media/{}", sha256(&city.video));
    let mut altered = city.video.clone();
    altered[12_345] ^= 1;
    std::fs::write(place(&city), &altered).unwrap();
    let findings = verify(&city).await;
    assert_eq!(findings.altered.len(), 1);
    assert!(findings.to_string().contains("《沙糖桔修剪与保花保果》"), "{findings}");
    let aside = std::fs::read_dir(city.data.join("media/quarantine")).unwrap().next().unwrap().unwrap().path();
    assert!(std::fs::read(aside).unwrap() == altered);
    let cadre = afresh(&mut city).await;
    cadre.get(&path).await.must(404);
    bring_again(&city).await;
    assert!(cadre.get(&path).await.must(200).body == city.video);
}
