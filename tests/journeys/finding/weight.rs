//! What an answer weighs as it travels: a phone's pages stay small; what is small or compressed goes out as it is.

use tests::{City, Client};

#[tokio::test(flavor = "multi_thread")]
async fn a_first_visit_of_a_phone_page_costs_under_40_kilobytes() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    for path in ["/home", "/search?q=stj", "/lessons/video", "/lessons/article", "/record"] {
        let page = compressed(&cadre, path).await;
        let html = cadre.get(path).await.must(200).text();
        let mut assets: Vec<&str> = html
            .split('"')
            .filter(|text| text.starts_with("/assets/"))
            .filter_map(|url| url.split('#').next())
            .collect();
        assets.sort_unstable();
        assets.dedup();
        assert!(assets.len() >= 2, "{path} names no assets: {assets:?}");
        let mut bytes = page;
        for asset in assets {
            bytes += compressed(&cadre, asset).await;
        }
        assert!(bytes < 40_000, "{path} costs {bytes} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_words_go_out_as_they_are() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let few = cadre.get_with("/api/v1/me", "Accept-Encoding", "gzip, zstd").await.must(200);
    assert_eq!((few.header("content-encoding"), few.header("vary")), ("", "accept-encoding"));
    assert_eq!(few.header("content-length"), few.body.len().to_string());
    let page = cadre.get_with("/home", "Accept-Encoding", "gzip").await.must(200);
    assert_eq!(page.header("content-encoding"), "gzip");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_compressed_already_goes_out_as_it_is_and_says_how_long_it_is() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let ask = async |path: &str| trainer.get_with(path, "Accept-Encoding", "gzip, zstd").await.must(200);
    for path in ["/api/v1/reports/hours.xlsx", "/studio/import/template.xlsx"] {
        let book = ask(path).await;
        assert_eq!((book.header("content-encoding"), &book.body[..2]), ("", b"PK".as_slice()), "{path}");
        assert_eq!(book.header("content-length"), book.body.len().to_string(), "{path}");
    }
    let admin = city.client("city-admin").await;
    let zip = admin.get_with("/studio/courses/1/package.zip", "Accept-Encoding", "gzip, zstd").await.must(200);
    assert_eq!((zip.header("content-encoding"), &zip.body[..2]), ("", b"PK".as_slice()));
    assert_eq!(ask("/api/v1/reports/hours.csv").await.header("content-encoding"), "zstd");
}

/// The bytes of a body as they travel.
async fn compressed(client: &Client, path: &str) -> usize {
    let answer = client.get_with(path, "Accept-Encoding", "gzip").await.must(200);
    assert!(answer.header("content-encoding") == "gzip" || answer.body.len() < 600, "{path}");
    answer.body.len()
}
