//! Journey 4: a county trainer uploads, a reviewer publishes, a village watches, the trainer exports attendance.

use reqwest::Method;
use serde_json::json;
use tests::City;
use tests::city::{pseudo_random, sha256};

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_lesson_is_reviewed_published_found_watched_and_exported() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let film = std::fs::read(sample_film()).unwrap();
    let upload = trainer.upload("罗汉果点花.mp4", "video/mp4", &film).await;
    let status = trainer.uploaded(&upload).await;
    assert_eq!((&status["state"], &status["sha256"]), (&json!("complete"), &json!(sha256(&film))));
    let course = json!({"title": "罗汉果", "summary": "", "category": "agriculture"});
    let course = trainer.post("/api/v1/courses", course).await.must(201).json()["id"].clone();
    let body = json!({
        "title": "罗汉果人工点花授粉", "summary": "清晨点花的手法", "body": "点花要在早上七点到十点。", "category": "agriculture",
        "level": "entry", "language": "普通话", "lecturer": "莫桂兰", "source": "东江县农业农村局", "tags": ["罗汉果"],
        "course_id": course, "media_sha256": status["sha256"],
    });
    let lesson = trainer.post("/api/v1/lessons", body).await.must(201).json();
    let id = lesson["id"].as_i64().unwrap();
    let cadre = city.client("cadre").await;
    cadre.get(&format!("/api/v1/lessons/{id}")).await.must(404);
    trainer.post(&format!("/api/v1/lessons/{id}/submit"), json!({})).await.must(200);
    assert_eq!(trainer.post(&format!("/api/v1/lessons/{id}/publish"), json!({})).await.status, 403);
    let reviewer = city.client("reviewer").await;
    reviewer.post(&format!("/api/v1/lessons/{id}/publish"), json!({})).await.must(200);
    let mut slugs = Vec::new();
    for _ in 0..1200 {
        let answer = cadre.get(&format!("/api/v1/search?q={}", percent("罗汉果点花"))).await.must(200).json();
        slugs = answer["hits"].as_array().unwrap().iter().map(|hit| hit["lesson_id"].as_i64().unwrap()).collect();
        if slugs.contains(&id) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(slugs.contains(&id), "not found after publishing");
    let playback = cadre.play(id).await;
    cadre.beat(playback, 1, 0, true).await.must(200);
    city.let_pass(playback, 180_000).await;
    cadre.beat(playback, 2, 180_000, true).await.must(200);
    cadre.post(&format!("/api/v1/playback/{playback}/close"), json!({})).await.must(200);
    let (unit, year) = (city.units["东江县"], entity::Moment::now().year());
    let csv = trainer.get(&format!("/api/v1/reports/attendance.csv?unit={unit}&year={year}")).await.must(200).text();
    assert!(csv.contains("罗汉果人工点花授粉") && csv.contains("甲村韦大山"), "{csv}");
}

fn sample_film() -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/demo/media");
    let mut films: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    films.sort();
    films.into_iter().find(|path| path.extension().is_some_and(|end| end == "mp4")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_where_it_was_cut() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let bytes = pseudo_random(500_000);
    let create =
        trainer.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0").header("Upload-Length", 500_000);
    let path = trainer.send(create).await.must(201).header("location").to_owned();
    let path = path[path.find("/uploads/").unwrap()..].to_owned();
    let append = |offset: usize, piece: &[u8]| {
        trainer
            .request(Method::PATCH, &path)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", offset)
            .header("Content-Type", "application/offset+octet-stream")
            .body(piece.to_vec())
    };
    trainer.send(append(0, &bytes[..200_000])).await.must(204);
    trainer.send(append(100_000, &bytes[100_000..])).await.must(409);
    let head = trainer.send(trainer.request(Method::HEAD, &path).header("Tus-Resumable", "1.0.0")).await.must(200);
    assert_eq!((head.header("upload-offset"), head.header("upload-length")), ("200000", "500000"));
    let other = city.client("trainer-b").await;
    other.send(other.request(Method::HEAD, &path).header("Tus-Resumable", "1.0.0")).await.must(404);
    trainer.send(append(200_000, &bytes[200_000..])).await.must(204);
    let status = trainer.uploaded(path.trim_start_matches("/uploads/")).await;
    assert_eq!(status["sha256"], sha256(&bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_page_is_never_served_as_active_content() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    for (name, kind, bytes) in [
        ("x.html", "text/html", b"<!doctype html><script>alert(1)</script>".as_slice()),
        ("x.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("film.mp4", "video/mp4", b"<html><script>alert(1)</script></html>"),
    ] {
        let status = trainer.uploaded(&trainer.upload(name, kind, bytes).await).await;
        let Some(url) = status["media_url"].as_str() else { continue };
        let answer = trainer.get(url).await.must(200);
        let kind = answer.header("content-type");
        assert!(!kind.contains("html") && !kind.contains("svg") && !kind.contains("xml"), "{name} is served as {kind}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-disposition").starts_with("attachment"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_handout_is_a_file_like_any_other() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let status = trainer.uploaded(&trainer.upload("空.txt", "text/plain", b"").await).await;
    assert_eq!((&status["state"], &status["length"]), (&json!("complete"), &json!(0)));
    let answer = trainer.get(status["media_url"].as_str().unwrap()).await.must(200);
    assert_eq!((answer.body.len(), answer.header("content-length")), (0, "0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_editing_a_lesson_do_not_lose_each_others_text() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let path = format!("/api/v1/lessons/{}", city.lesson("draft"));
    let version = trainer.get(&path).await.must(200).json()["version"].clone();
    trainer.patch(&path, json!({"version": version, "title": "先保存的标题"})).await.must(200);
    let late = trainer.patch(&path, json!({"version": version, "title": "后保存的标题"})).await.must(409);
    assert_eq!(late.code(), "version_conflict");
    assert_eq!(trainer.get(&path).await.json()["title"], "先保存的标题");
}
