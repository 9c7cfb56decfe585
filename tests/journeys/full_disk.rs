//! No room on the disk: writers are told so clearly and lose nothing, readers notice nothing, and all goes on by itself
//! once there is room again.

use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use tests::city::{Ground, on_postgres, pseudo_random, serve, sha256};
use tests::disk::Disk;
use tests::{Answer, City, Client, PATIENCE, process};

/// A city with its server and everything it writes on a disk of 96 MB.
async fn city_on_a_small_disk() -> Option<(City, Disk)> {
    let ground = Ground::new().await;
    let disk = Disk::mount(&ground.config.data, 96)?;
    let mut city = City::on(ground).await;
    city.url = serve(city.config.clone()).await;
    Some((city, disk))
}

#[track_caller]
fn refused_for_want_of_room(answer: Answer) {
    let answer = answer.must(507);
    assert_eq!(answer.code(), "disk_full");
    assert!(answer.json()["message"].as_str().unwrap().contains("存储空间不足"));
    assert!(!answer.header("retry-after").is_empty());
}

async fn reading_goes_on(city: &City, cadre: &Client) {
    cadre.get("/readyz").await.must(200);
    cadre.get("/api/v1/search?q=%E6%B2%99%E7%B3%96%E6%A1%94").await.must(200);
    cadre.get(&format!("/api/v1/lessons/{}", city.lesson("video"))).await.must(200);
    let range = cadre.get_with(&format!("/media/{}", sha256(&city.video)), "Range", "bytes=100-299").await.must(206);
    assert!(range.body == city.video[100..=299]);
    cadre.get("/search?q=%E6%B2%99%E7%B3%96%E6%A1%94").await.must(200);
}

/// Beats until one is refused; answers the number of that one. The log of a database has some room of its own.
async fn beat_until_refused(cadre: &Client, session: i64, from: i64) -> (i64, Answer) {
    for seq in from.. {
        let answer = cadre.beat(session, seq, seq * 10, true).await;
        if answer.status != 200 {
            return (seq, answer);
        }
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
async fn beats_are_refused_without_room_and_none_is_lost_though_the_writer_goes_on() {
    if on_postgres() {
        return; // its disk is another machine's
    }
    let Some((city, disk)) = city_on_a_small_disk().await else { return };
    let cadre = city.client("cadre").await;
    let session = cadre.play(city.lesson("video")).await;
    let mut seq = 1;
    for _ in 0..3 {
        disk.fill();
        let (refused, answer) = beat_until_refused(&cadre, session, seq).await;
        refused_for_want_of_room(answer);
        reading_goes_on(&city, &cadre).await;
        refused_for_want_of_room(
            cadre.post("/api/v1/session", json!({"login": "cadre", "password": tests::city::PASSWORD})).await,
        );
        disk.relieve();
        // A transaction that is given up finds nothing left over of the one that the disk cut short.
        cadre.post("/api/v1/playback", json!({"lesson_id": 999_999, "mode": "solo"})).await.must(404);
        for again in refused..refused + 5 {
            cadre.beat(session, again, again * 10, true).await.must(200);
        }
        seq = refused + 5;
        // As anybody else sees it who opens the database: committed.
        let mine = entity::beat::Entity::find().filter(entity::beat::Column::PlaybackId.eq(session));
        assert_eq!(mine.count(&city.db.read).await.unwrap(), u64::try_from(seq - 1).unwrap());
    }
}

async fn announce(trainer: &Client, length: usize) -> Answer {
    let request = trainer
        .request(Method::POST, "/uploads")
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", length)
        .header("Upload-Metadata", "filename Y291cnNlLnR4dA==,filetype dGV4dC9wbGFpbg==");
    trainer.send(request).await
}

fn path_of(created: &Answer) -> String {
    let location = created.header("location");
    location[location.find("/uploads/").unwrap()..].to_owned()
}

async fn append(trainer: &Client, path: &str, offset: usize, bytes: &[u8]) -> Answer {
    let request = trainer
        .request(Method::PATCH, path)
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Offset", offset)
        .header("Content-Type", "application/offset+octet-stream")
        .body(bytes.to_vec());
    trainer.send(request).await
}

async fn offset_of(trainer: &Client, path: &str) -> usize {
    let request = trainer.request(Method::HEAD, path).header("Tus-Resumable", "1.0.0");
    trainer.send(request).await.must(200).header("upload-offset").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_stops_without_room_and_goes_on_from_what_was_acknowledged() {
    let Some((city, disk)) = city_on_a_small_disk().await else { return };
    let (cadre, trainer) = (city.client("cadre").await, city.client("trainer").await);
    let file = pseudo_random(6_000_000);
    let path = path_of(&announce(&trainer, file.len()).await.must(201));
    append(&trainer, &path, 0, &file[..1_000_000]).await.must(204);
    disk.fill();
    refused_for_want_of_room(append(&trainer, &path, 1_000_000, &file[1_000_000..]).await);
    refused_for_want_of_room(announce(&trainer, 1_000_000).await);
    reading_goes_on(&city, &cadre).await;
    let kept = offset_of(&trainer, &path).await;
    assert!((1_000_000..file.len()).contains(&kept), "{kept}");
    disk.relieve();
    append(&trainer, &path, kept, &file[kept..]).await.must(204);
    let done = trainer.uploaded(path.trim_start_matches("/uploads/")).await;
    assert_eq!((&done["state"], &done["sha256"]), (&json!("complete"), &json!(sha256(&file))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_finds_no_room_in_the_store_waits_for_it() {
    let ground = Ground::new().await;
    let media = ground.config.data.join("media");
    std::fs::create_dir_all(&media).unwrap();
    let Some(disk) = Disk::mount(&media, 8) else { return };
    let mut city = City::on(ground).await;
    city.url = serve(city.config.clone()).await;
    let trainer = city.client("trainer").await;
    let file = pseudo_random(2_000_000);
    disk.fill();
    let id = trainer.upload("course.txt", "text/plain", &file).await;
    let store = content::store::Store::open(&city.data).unwrap();
    let uploads = content::upload::Uploads::open(&city.data, content::upload::Limits::default()).unwrap();
    // What the server does every few minutes, and whenever somebody asks how it goes.
    let now = entity::Moment::now();
    let tried = content::upload::resume_processing(&city.db.write, &uploads, &store, now).await;
    assert!(tried.is_err_and(|cause| cause.is_full()));
    assert_eq!(trainer.get(&format!("/api/v1/uploads/{id}")).await.must(200).json()["state"], "processing");
    disk.relieve();
    let done = trainer.uploaded(&id).await;
    assert_eq!((&done["state"], &done["sha256"]), (&json!("complete"), &json!(sha256(&file))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_room_and_seals_and_publishes_once_there_is_some() {
    if on_postgres() {
        return; // its disk is another machine's
    }
    let ground = Ground::new().await;
    let Some(disk) = Disk::mount(&ground.config.data, 96) else { return };
    let mut city = City::on(ground).await;
    let waiting = lesson_under_review(&mut city).await;
    // An index there is already; what is to be sealed was asked for before.
    drop(server::app::open_index(&city.config, &city.db).await.unwrap());
    let (unit, year, now) = (city.units["东江县"], entity::Moment::now().year() - 1, entity::Moment::now());
    archive::rules::ensure_presets(&city.db.write, city.units["桂岭市"], now).await.unwrap();
    let seal = archive::seal::begin(&city.db.write, unit, year, city.accounts["office"], now).await.unwrap();
    let tokens = city.tokens();
    disk.fill();
    city.url = serve(city.config.clone()).await;
    let token = |login: &str| tokens.issue(city.accounts[login], "full", 0, now).unwrap();
    let signed_in = |login: &str| city.stranger().holding(&token(login));
    let (cadre, office, reviewer) = (signed_in("cadre"), signed_in("office"), signed_in("reviewer"));
    reading_goes_on(&city, &cadre).await;
    refused_for_want_of_room(reviewer.post(&format!("/api/v1/lessons/{waiting}/publish"), json!({})).await);
    let path = format!("/api/v1/seals/{}", seal.id);
    assert_ne!(office.get(&path).await.must(200).json()["state"], "sealed");
    disk.relieve();
    reviewer.post(&format!("/api/v1/lessons/{waiting}/publish"), json!({})).await.must(200);
    let begun = Instant::now();
    while office.get(&path).await.must(200).json()["state"] != "sealed" {
        assert!(begun.elapsed() < PATIENCE, "never sealed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(archive::seal::check(&city.db.read, &|_, _| ()).await.unwrap().is_sound());
}

async fn lesson_under_review(city: &mut City) -> i64 {
    let unit = city.units["东江县"];
    let course = city.course(unit).await;
    let row = City::lesson_row(course, "waiting", 0, "等待审核的课程", None, unit, entity::LessonState::Review);
    city.insert_lessons(vec![row]).await;
    city.lesson("waiting")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_or_restore_without_room_says_so_and_leaves_nothing_behind() {
    if on_postgres() {
        return; // the binary is given no PostgreSQL of its own here
    }
    let city = City::start().await;
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(folder.path(), 32) else { return };
    let run = |data: &Path, word: &str, dir: &Path| {
        let output = process::command(data, &[word, dir.to_str().unwrap()]);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (backup, restored) = (folder.path().join("backup"), folder.path().join("restored"));
    for dir in [&backup, &restored] {
        std::fs::create_dir(dir).unwrap();
    }
    disk.fill();
    let (done, said) = run(&city.data, "backup", &backup);
    assert!(!done && said.contains("磁盘空间不足"), "{said}");
    disk.relieve();
    let (done, said) = run(&city.data, "backup", &backup);
    assert!(done, "{said}");
    disk.fill();
    let (done, said) = run(&restored, "restore", &backup);
    assert!(!done && said.contains("磁盘空间不足"), "{said}");
    assert_eq!(std::fs::read_dir(&restored).unwrap().count(), 0);
    disk.relieve();
    let (done, said) = run(&restored, "restore", &backup);
    assert!(done, "{said}");
}
