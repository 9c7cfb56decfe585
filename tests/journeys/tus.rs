//! The upload server against the words of tus 1.0.0, header by header; and what our own rules add: quota, the disk, the
//! instant end of a file that is here already.

use entity::{Moment, upload};
use reqwest::{Method, RequestBuilder};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use tests::city::{pseudo_random, sha256};
use tests::{Answer, City, Client};

const BODY: &str = "application/offset+octet-stream";

fn tus(client: &Client, method: &str, path: &str) -> RequestBuilder {
    client.request(Method::from_bytes(method.as_bytes()).unwrap(), path).header("Tus-Resumable", "1.0.0")
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn path_of(created: &Answer) -> String {
    let location = created.header("location");
    location[location.find("/uploads/").unwrap()..].to_owned()
}

async fn announce(client: &Client, length: usize) -> String {
    path_of(&client.send(tus(client, "POST", "/uploads").header("Upload-Length", length)).await.must(201))
}

fn patch(client: &Client, path: &str, offset: usize, bytes: &[u8]) -> RequestBuilder {
    tus(client, "PATCH", path).header("Upload-Offset", offset).header("Content-Type", BODY).body(bytes.to_vec())
}

async fn part(client: &Client, bytes: &[u8]) -> String {
    let create =
        tus(client, "POST", "/uploads").header("Upload-Length", bytes.len()).header("Upload-Concat", "partial");
    let path = path_of(&client.send(create).await.must(201));
    client.send(patch(client, &path, 0, bytes)).await.must(204);
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_what_it_can_and_refuses_other_versions() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let said = city.stranger().send(city.stranger().request(Method::OPTIONS, "/uploads")).await.must(204);
    assert_eq!((said.header("tus-version"), said.header("tus-checksum-algorithm")), ("1.0.0", "sha1,sha256"));
    let extensions = "creation,creation-with-upload,checksum,expiration,termination,concatenation";
    assert_eq!(said.header("tus-extension"), extensions);
    assert_eq!(said.header("tus-max-size"), (20_u64 << 30).to_string());
    for version in [None, Some("0.2.2"), Some("2.0.0")] {
        let create = trainer.request(Method::POST, "/uploads").header("Upload-Length", 5);
        let create = version.into_iter().fold(create, |create, version| create.header("Tus-Resumable", version));
        let refused = trainer.send(create).await.must(412);
        assert_eq!((refused.header("tus-version"), refused.header("tus-resumable")), ("1.0.0", "1.0.0"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_created_sent_asked_after_and_dropped() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let create = tus(&trainer, "POST", "/uploads").header("Upload-Length", 11).header("Content-Type", BODY);
    let created = trainer.send(create.header("Upload-Metadata", "filename YQ==,quiet").body("hello ")).await.must(201);
    assert_eq!(created.header("upload-offset"), "6");
    assert!(created.header("upload-expires").ends_with("GMT"));
    let path = path_of(&created);
    let head = trainer.send(tus(&trainer, "HEAD", &path)).await.must(200);
    let said = ["upload-offset", "upload-length", "upload-metadata", "cache-control"].map(|name| head.header(name));
    assert_eq!(said, ["6", "11", "filename YQ==,quiet", "no-store"]);
    trainer.send(tus(&trainer, "PATCH", &path).header("Upload-Offset", 6).body("world")).await.must(415);
    trainer.send(patch(&trainer, &path, 7, b"world")).await.must(409);
    trainer.send(patch(&trainer, &path, 6, b"world and more")).await.must(413);
    let wrong = patch(&trainer, &path, 6, b"w0rld").header("Upload-Checksum", format!("sha256 {}", base64(&[7; 32])));
    trainer.send(wrong).await.must(460);
    trainer.send(patch(&trainer, &path, 6, b"world").header("Upload-Checksum", "crc32 AAAA")).await.must(400);
    let sha1_of_world = "fCEUM/AgcVl3Qeb/Wo6jR4mrv0M=";
    let checked = patch(&trainer, &path, 6, b"world").header("Upload-Checksum", format!("sha1 {sha1_of_world}"));
    let kept = trainer.send(checked).await;
    assert_eq!(kept.must(204).header("upload-offset"), "11");
    // While it is being hashed it is somebody's.
    trainer.uploaded(path.trim_start_matches("/uploads/")).await;
    trainer.send(tus(&trainer, "DELETE", &path)).await.must(204);
    trainer.send(tus(&trainer, "HEAD", &path)).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_may_mean_another_method_and_no_get_may() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let path = announce(&trainer, 5).await;
    let send = tus(&trainer, "POST", &path).header("X-HTTP-Method-Override", "PATCH").header("Upload-Offset", 0);
    let kept = trainer.send(send.header("Content-Type", BODY).body("he")).await.must(204);
    assert_eq!(kept.header("upload-offset"), "2");
    trainer.send(tus(&trainer, "GET", &path).header("X-HTTP-Method-Override", "DELETE")).await.must(405);
    trainer.send(tus(&trainer, "POST", &path).header("X-HTTP-Method-Override", "DELETE")).await.must(204);
    trainer.send(tus(&trainer, "HEAD", &path)).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_joined_into_one_file() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let bytes = pseudo_random(700_001);
    let first = part(&trainer, &bytes[..400_000]).await;
    let second = part(&trainer, &bytes[400_000..]).await;
    let head = trainer.send(tus(&trainer, "HEAD", &second)).await.must(200);
    assert_eq!((head.header("upload-concat"), head.header("upload-offset")), ("partial", "300001"));
    let of = format!("final;{}{first} {second}", city.url);
    let joined = trainer.send(tus(&trainer, "POST", "/uploads").header("Upload-Concat", of)).await.must(201);
    let path = path_of(&joined);
    trainer.send(patch(&trainer, &path, 0, b"more")).await.must(403);
    let status = trainer.uploaded(path.trim_start_matches("/uploads/")).await;
    assert_eq!(status["sha256"], sha256(&bytes));
    let head = trainer.send(tus(&trainer, "HEAD", &path)).await.must(200);
    assert_eq!((head.header("upload-offset"), head.header("upload-length")), ("700001", "700001"));
    assert_eq!(head.header("upload-concat"), format!("final;{first} {second}"));
    for of in ["final;/uploads/nope", "final;", "first"] {
        trainer.send(tus(&trainer, "POST", "/uploads").header("Upload-Concat", of)).await.must(400);
    }
    let other = city.client("trainer-b").await;
    let mine = part(&trainer, b"mine").await;
    other.send(tus(&other, "POST", "/uploads").header("Upload-Concat", format!("final;{mine}"))).await.must(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_patches_at_once_one_wins_and_nothing_is_corrupt() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let bytes = pseudo_random(3_000_000);
    let path = announce(&trainer, bytes.len()).await;
    let mut offset = 0;
    while offset < bytes.len() {
        let end = (offset + 1_000_000).min(bytes.len());
        let send = || trainer.send(patch(&trainer, &path, offset, &bytes[offset..end]));
        let (one, other) = tokio::join!(send(), send());
        let statuses = [one.status.as_u16(), other.status.as_u16()];
        assert!(statuses.contains(&204), "{statuses:?}");
        assert!(statuses.iter().any(|status| [409, 423].contains(status)), "{statuses:?}");
        offset = end;
    }
    assert_eq!(trainer.uploaded(path.trim_start_matches("/uploads/")).await["sha256"], sha256(&bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_upload_is_gone_after_its_time() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let path = announce(&trainer, 5).await;
    let listed = trainer.get("/api/v1/uploads").await.must(200).json();
    assert_eq!(listed["uploads"][0]["url"], path);
    upload::Entity::update_many()
        .col_expr(upload::Column::ExpiresAt, Expr::value(Moment::now().plus_ms(-1)))
        .filter(upload::Column::Id.eq(path.trim_start_matches("/uploads/")))
        .exec(&city.db.write)
        .await
        .unwrap();
    let gone = trainer.send(tus(&trainer, "HEAD", &path)).await;
    assert!([404, 410].contains(&gone.status.as_u16()), "{}", gone.status);
    assert_eq!(trainer.get("/api/v1/uploads").await.must(200).json(), json!({"uploads": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_before_a_byte_is_sent_and_says_why() {
    let city = City::start_with(|config| config.county_quota_bytes = Some(1_000_000)).await;
    let trainer = city.client("trainer").await;
    announce(&trainer, 600_000).await;
    let refused = trainer.send(tus(&trainer, "POST", "/uploads").header("Upload-Length", 500_000)).await.must(507);
    assert_eq!(refused.code(), "quota_exceeded");
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("东江县") && message.contains("共 1.0 MB"), "{message}");
    let neighbour = city.client("trainer-b").await;
    announce(&neighbour, 500_000).await;
    let full = City::start_with(|config| config.low_disk_bytes = u64::MAX / 2).await;
    let trainer = full.client("trainer").await;
    let refused = trainer.send(tus(&trainer, "POST", "/uploads").header("Upload-Length", 1)).await.must(507);
    assert_eq!(refused.code(), "disk_full");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_here_is_complete_at_once_for_those_who_may_see_it() {
    let city = City::start().await;
    let bytes = b"only for the east";
    let announce = |client: &Client, length: usize| {
        let metadata = format!("filename {},sha256 {}", base64("东.mp4".as_bytes()), base64(sha256(bytes).as_bytes()));
        tus(client, "POST", "/uploads").header("Upload-Length", length).header("Upload-Metadata", metadata)
    };
    let trainer = city.client("trainer").await;
    let created = trainer.send(announce(&trainer, bytes.len())).await.must(201);
    assert_eq!(created.header("upload-offset"), bytes.len().to_string());
    let status = trainer.uploaded(path_of(&created).trim_start_matches("/uploads/")).await;
    assert_eq!((&status["state"], &status["sha256"]), (&json!("complete"), &json!(sha256(bytes))));
    // Another county learns nothing: it is asked for the bytes as for any file.
    let other = city.client("trainer-b").await;
    let created = other.send(announce(&other, bytes.len())).await.must(201);
    assert_eq!(created.header("upload-offset"), "");
    let path = path_of(&created);
    other.send(patch(&other, &path, 0, bytes)).await.must(204);
    assert_eq!(other.uploaded(path.trim_start_matches("/uploads/")).await["state"], "complete");
    // A length that is not the file's is no file of ours.
    let created = trainer.send(announce(&trainer, 4)).await.must(201);
    assert_eq!(created.header("upload-offset"), "");
}
