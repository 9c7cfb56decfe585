//! What proves a class: added by a program once, and read back.

use super::{PHOTOGRAPH, announced};
use reqwest::Method;
use serde_json::json;
use tests::{City, Client};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_adds_what_proves_a_class_once_and_reads_it_back() {
    let city = City::start().await;
    let (trainer, office) = (city.client("trainer").await, city.client("office").await);
    let id = announced(&city, &trainer, "冬训班").await;
    let path = format!("/api/v1/classes/{id}/evidence");
    let bring = async |client: &Client, name: &str, file: &[u8]| {
        let request = client.request(Method::POST, &path).query(&[("filename", name)]);
        client.send(request.body(file.to_vec())).await
    };
    assert_eq!(office.get(&path).await.must(200).json(), json!([]));
    let first = bring(&trainer, "签到表.png", PHOTOGRAPH).await.must(201).json();
    assert_eq!(bring(&trainer, "again.png", PHOTOGRAPH).await.must(201).json(), first, "the same file is there once");
    bring(&trainer, "名单.pdf", b"%PDF-1.7 roster").await.must(201);
    for bad in [&b""[..], b"<svg onload=alert(1)>"] {
        assert_eq!(bring(&trainer, "a.png", bad).await.must(400).code(), "invalid_request");
    }
    bring(&city.client("trainer-b").await, "a.png", PHOTOGRAPH).await.must(404);
    bring(&office, "a.png", PHOTOGRAPH).await.must(403);
    city.client("office-b").await.get(&path).await.must(404);
    let files = office.get(&path).await.must(200).json();
    let names: Vec<_> = files.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["签到表.png", "名单.pdf"]);
    assert_eq!(trainer.get(&format!("/api/v1/classes/{id}")).await.must(200).json()["evidence"], files);
    office.get(files[0]["url"].as_str().unwrap()).await.must(200);
    trainer.post_empty(format!("/api/v1/classes/{id}/call-off")).await.must(200);
    let late = bring(&trainer, "late.png", b"\x89PNG\r\n\x1a\n another").await.must(409);
    assert_eq!(late.code(), "wrong_state");
}
