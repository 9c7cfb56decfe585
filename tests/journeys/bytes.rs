//! The bytes of media: ranges, conditions, authorisation, and clients that nobody here wrote.

use reqwest::Method;
use std::process::Command;
use tests::city::sha256;
use tests::{Answer, City, Client};

async fn video(city: &City) -> (Client, String) {
    (city.client("cadre").await, format!("/media/{}", sha256(&city.video)))
}

async fn with(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(client.request(Method::GET, path), |request, (name, value)| request.header(*name, *value));
    client.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_brings_exactly_its_bytes() {
    let city = City::start().await;
    let (cadre, path) = video(&city).await;
    let all = city.video.len();
    for (range, from, to) in [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, all - 1),
        ("bytes=1000-70000", 1000, 70_000),
        ("bytes=-500", all - 500, all - 1),
        ("bytes=299999-900000", 299_999, 299_999),
        ("bytes=-900000", 0, all - 1),
    ] {
        let answer = with(&cadre, &path, &[("Range", range)]).await.must(206);
        assert_eq!(answer.header("content-range"), format!("bytes {from}-{to}/{all}"), "{range}");
        assert_eq!(answer.header("content-length"), (to - from + 1).to_string());
        assert!(answer.body == city.video[from..=to], "{range}");
        assert_eq!((answer.header("accept-ranges"), answer.header("content-encoding")), ("bytes", ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_byte_range_is_ignored_and_what_lies_outside_is_416() {
    let city = City::start().await;
    let (cadre, path) = video(&city).await;
    for range in ["bytes", "bytes=", "bytes=x-y", "bytes=5-2", "lines=1-2", "bytes=99999999999999999999999-", "bytes=-"]
    {
        let answer = with(&cadre, &path, &[("Range", range)]).await;
        assert!(matches!(answer.status.as_u16(), 200 | 416), "{range}: {}", answer.status);
    }
    for range in ["bytes=300000-", "bytes=400000-500000", "bytes=-0"] {
        let answer = with(&cadre, &path, &[("Range", range)]).await.must(416);
        assert_eq!(answer.header("content-range"), "bytes */300000", "{range}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_answer_304_and_412_and_keep_half_a_download_going() {
    let city = City::start().await;
    let (cadre, path) = video(&city).await;
    let etag = cadre.get(&path).await.must(200).header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", sha256(&city.video)));
    let unchanged = with(&cadre, &path, &[("If-None-Match", &etag)]).await.must(304);
    assert!(unchanged.body.is_empty() && unchanged.header("etag") == etag);
    with(&cadre, &path, &[("If-None-Match", "\"other\"")]).await.must(200);
    with(&cadre, &path, &[("If-Match", "\"other\"")]).await.must(412);
    with(&cadre, &path, &[("If-Match", &etag)]).await.must(200);
    let rest = with(&cadre, &path, &[("Range", "bytes=100-"), ("If-Range", &etag)]).await.must(206);
    assert!(rest.body == city.video[100..]);
    let whole = with(&cadre, &path, &[("Range", "bytes=100-"), ("If-Range", "\"other\"")]).await.must(200);
    assert!(whole.body == city.video);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_says_what_get_would_and_media_is_never_compressed() {
    let city = City::start().await;
    let (cadre, path) = video(&city).await;
    let request = |method| cadre.request(method, &path).header("Accept-Encoding", "gzip, zstd");
    let (get, head) =
        (cadre.send(request(Method::GET)).await.must(200), cadre.send(request(Method::HEAD)).await.must(200));
    assert!(head.body.is_empty() && get.body == city.video);
    for name in ["content-length", "content-type", "etag", "accept-ranges", "cache-control", "content-disposition"] {
        assert_eq!(get.header(name), head.header(name), "{name}");
        assert!(!get.header(name).is_empty(), "{name} is missing");
    }
    assert_eq!(get.header("content-encoding"), "");
    assert!(
        get.header("content-disposition").contains("filename*=UTF-8''%E6%B2%99"),
        "{}",
        get.header("content-disposition")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_see_the_lesson_get_its_bytes() {
    let city = City::start().await;
    let east = format!("/media/{}", sha256(b"only for the east"));
    city.stranger().get(&east).await.must(401);
    city.client("cadre").await.get(&east).await.must(200);
    city.client("cadre-b").await.get(&east).await.must(404);
    let cadre = city.client("cadre").await;
    for path in ["/media/zz", "/media/..%2f..%2fsecret.key", "/media/%00", &format!("/media/{}", "0".repeat(64))] {
        cadre.get(path).await.must(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_resumes_a_download_that_was_cut() {
    let city = City::start().await;
    let (cadre, path) = video(&city).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &city.video[..123_456]).unwrap();
    let bearer = format!("Authorization: Bearer {}", cadre.token.as_deref().unwrap());
    let url = format!("{}{path}", city.url);
    let target = file.path().to_owned();
    let status = tokio::task::spawn_blocking(move || {
        Command::new("curl")
            .args(["-sS", "--noproxy", "*", "-C", "-", "-H", &bearer, "-o"])
            .arg(target)
            .arg(url)
            .status()
            .unwrap()
    });
    assert!(status.await.unwrap().success());
    assert!(std::fs::read(file.path()).unwrap() == city.video);
}

#[tokio::test(flavor = "multi_thread")]
async fn ffprobe_reads_a_film_over_http() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let lesson = cadre.get("/api/v1/lessons/film").await.must(200).json();
    let (url, duration) =
        (format!("{}{}", city.url, lesson["media_url"].as_str().unwrap()), lesson["duration_ms"].as_f64().unwrap());
    let bearer = format!("Authorization: Bearer {}\r\n", cadre.token.as_deref().unwrap());
    let output = tokio::task::spawn_blocking(move || {
        Command::new("ffprobe")
            .args(["-v", "error", "-headers", &bearer, "-show_entries", "format=duration", "-of", "csv=p=0"])
            .arg(url)
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let seconds: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    assert!((seconds * 1000.0 - duration).abs() < 500.0, "{seconds} s is not {duration} ms");
}
