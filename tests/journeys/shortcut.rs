//! The short way of a beat past the router: nobody can tell it from the ordinary one.

use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use tests::{Answer, City, Client};

const SHORT: &str = "application/json";
/// The same to every reader, but not to the letter.
const ORDINARY: &str = "application/json; charset=utf-8";

/// Status, fields and body, without the date.
fn shown(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let mut fields = BTreeMap::<String, String>::new();
    for (name, value) in &answer.headers {
        let all = fields.entry(name.to_string()).or_default();
        let comma = if all.is_empty() { "" } else { ", " };
        *all = format!("{all}{comma}{}", value.to_str().unwrap());
    }
    fields.remove("date");
    (answer.status.as_u16(), fields, answer.text())
}

/// Who sends, to which session, what, with which other field, and the status it is answered with.
type Case<'a> = (&'a Client, i64, &'a str, Option<(&'a str, &'a str)>, u16);

async fn send(client: &Client, playback: i64, kind: &str, body: &str, field: Option<(&str, &str)>) -> Answer {
    let request = client.request(Method::POST, &format!("/api/v1/playback/{playback}/beat"));
    let request = request.header("Content-Type", kind).body(body.to_owned());
    client.send(field.into_iter().fold(request, |request, (name, value)| request.header(name, value))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beat_is_answered_the_same_whichever_way_it_takes() {
    let city = City::start().await;
    let (cadre, other) = (city.client("cadre").await, city.learner(1).await);
    let nobody = city.stranger();
    let id = cadre.play(city.lesson("video")).await;
    let good = json!({"seq": 1, "position_ms": 0, "playing": true}).to_string();
    let long = format!("{}{good}", " ".repeat(600));
    let cases: [Case<'_>; 13] = [
        (&cadre, id, &good, None, 200),
        (&cadre, id, &long, None, 200),
        (&cadre, id, &good, Some(("Accept-Encoding", "gzip, zstd")), 200),
        (&cadre, id, &good, Some(("Sec-Fetch-Site", "same-origin")), 200),
        (&cadre, id, &good, Some(("Sec-Fetch-Site", "cross-site")), 403),
        (&cadre, id, &good, Some(("Host", "a b")), 400),
        (&cadre, id, r#"{"seq": 1"#, None, 400),
        (&cadre, id, r#"{"seq": "one", "position_ms": 0, "playing": true}"#, None, 400),
        (&cadre, id, r#"{"seq": 0, "position_ms": 0, "playing": true}"#, None, 400),
        (&cadre, id, "", None, 400),
        (&cadre, id + 1, &good, None, 404),
        (&other, id, &good, None, 404),
        (&nobody, id, &good, None, 401),
    ];
    for (client, id, body, field, status) in cases {
        let ordinary = send(client, id, ORDINARY, body, field).await.must(status);
        let short = send(client, id, SHORT, body, field).await;
        assert_eq!(shown(&short), shown(&ordinary), "{body} {field:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_an_account_ends_its_short_way() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    cadre.delete("/api/v1/sessions").await.must(204);
    for _ in 0..200 {
        if cadre.beat(id, 2, 1_000, true).await.status == 401 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("beats of an account that signed out everywhere are still taken after ten seconds");
}
