//! How many bytes a lesson costs at least is true of what there is now, whatever was made of its recording or lost since.

use content::prepare::job::lease::{finish, lease};
use content::prepare::{Made, enqueue};
use content::store::{Store, hash_file};
use content::verify::verify;
use entity::{LessonState, Moment, RenditionKind, media};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use std::time::{Duration, Instant};
use tests::city::serve;
use tests::{City, Client, PATIENCE};

/// A published lesson of 700 MB, of which nothing smaller was made; answers its recording.
async fn heavy_lesson(city: &mut City) -> media::Model {
    let unit = city.units["桂岭市"];
    let sha256 = city.blob(b"as long as it is heavy", "video/mp4", "heavy.mp4", unit, Some(3_600_000)).await;
    let film = media::Entity::find_by_id(&sha256).one(&city.db.read).await.unwrap().unwrap();
    let mut film = film.into_active_model();
    film.size_bytes = Set(700_000_000);
    let film = film.update(&city.db.write).await.unwrap();
    let course = city.course(unit).await;
    let plays = Some((sha256, 3_600_000));
    let row = City::lesson_row(course, "heavy", 9, "油茶低产林改造", plays, unit, LessonState::Published);
    city.insert_lessons(vec![row]).await;
    film
}

/// Makes of a recording what a worker would: its sound, of so many bytes. The store does not get it.
async fn make_sound(city: &City, film: &media::Model, bytes: usize) {
    let now = Moment::now();
    enqueue(&city.db.write, film, now).await.unwrap();
    let file = city.data.join("sound");
    std::fs::write(&file, vec![7; bytes]).unwrap();
    let hashed = hash_file(&file).unwrap();
    let made = Made { mime: "audio/mp4".to_owned(), ..Made::default() };
    loop {
        let held = lease(&city.db.write, "worker", true, now).await.unwrap().unwrap();
        if held.job.kind == RenditionKind::Audio {
            assert!(finish(&city.db.write, &held, made, &hashed, now).await.unwrap());
            return;
        }
    }
}

/// The lessons found, in their order, and how many bytes each costs at least.
async fn found(client: &Client, query: &str) -> Vec<(String, i64)> {
    let answer = client.get(&format!("/api/v1/search?{query}&size=50")).await.must(200).json();
    let hits = answer["hits"].as_array().unwrap();
    hits.iter().map(|hit| (hit["slug"].as_str().unwrap().to_owned(), hit["smallest_bytes"].as_i64().unwrap())).collect()
}

/// Waits until the heavy lesson costs so much by all that search says of it: in one band and not in the other.
async fn until_it_costs(client: &Client, bytes: i64, band: &str, no_band: &str) {
    let heavy = ("heavy".to_owned(), bytes);
    let begun = Instant::now();
    while !found(client, &format!("size_band={band}")).await.contains(&heavy) {
        assert!(begun.elapsed() < PATIENCE, "it does not cost {bytes}: {:?}", found(client, "sort=smallest").await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(found(client, &format!("size_band={no_band}")).await.iter().all(|(slug, _)| slug != "heavy"));
    let sorted = found(client, "sort=smallest").await;
    assert!(sorted.contains(&heavy) && sorted.is_sorted_by_key(|(_, bytes)| *bytes), "{sorted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_costs_less_as_soon_as_a_smaller_form_is_made_and_more_again_when_that_is_lost() {
    let mut city = City::without_server().await;
    let film = heavy_lesson(&mut city).await;
    city.url = serve(city.config.clone()).await;
    let cadre = city.client("cadre").await;
    until_it_costs(&cadre, 700_000_000, "over50", "upto5").await;

    make_sound(&city, &film, 1_000).await;
    until_it_costs(&cadre, 1_000, "upto5", "over50").await;

    // The store does not have it, so its row goes.
    let store = Store::open(&city.data).unwrap();
    let findings = verify(&city.db.write, &store, Moment::now(), &|_| ()).await.unwrap();
    assert_eq!((findings.missing.len(), findings.missing[0].made), (1, Some(RenditionKind::Audio)));
    until_it_costs(&cadre, 700_000_000, "over50", "upto5").await;
}
