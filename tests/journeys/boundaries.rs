//! Where the server ends: addresses that point out of it, what every answer keeps others from doing, and what a refused
//! sign-in leaves untold. What a body may not say is in `fields`.

mod fields;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::routes::{ROUTES, Route};
use std::collections::{BTreeMap, BTreeSet};
use tests::{Answer, City, Client, sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Routes whose addresses name a file or a blob have one of these in them.
const OF_FILES: &[&str] =
    &["/assets/", "/media/", "/uploads/", "/captions", "/voices", "/evidence", ".zip", ".xlsx", "/reports/", "/audit/"];

/// How a step up and a slash are written where somebody hopes that one reader takes them for such and another does not.
const SPELLINGS: &[(&str, &str)] = &[
    ("..", "/"),
    ("%2e%2e", "/"),
    (".%2E", "/"),
    ("..", "%2f"),
    ("%2e%2e", "%2F"),
    ("%252e%252e", "%252f"),
    ("%25252e%25252e", "%25252f"),
    ("..", "\\"),
    ("..", "%5c"),
    ("%2e%2e", "%5c"),
    ("%c0%ae%c0%ae", "%c0%af"),
    ("%e0%80%ae%e0%80%ae", "%e0%80%af"),
    ("%uff0e%uff0e", "%u2215"),
    ("%EF%BC%8E%EF%BC%8E", "%EF%BC%8F"),
    ("..%00", "/"),
    ("..;", "/"),
    ("....", "//"),
];

/// Names that mean something to a file system, a program or a parser.
const NAMES: &[&str] =
    &[".", "..", "%2e", "%2e%2e", "%00", "%", "%2", "%zz", "~root", "-", "%ff%fe", "C:%5cwindows%5cwin.ini"];

/// What stands in an answer that came from a file of somebody else.
const TELLTALE: &[&[u8]] = &[b"root:x:0:0", b"SQLite format 3"];

/// An answer whose head was not mended by a client.
struct Said {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// Asks for an address as it is written: clients mend such ones before they send them.
async fn ask(client: &Client, method: &str, address: &str) -> Said {
    let host = client.url.trim_start_matches("http://");
    let token = client.token.as_deref().unwrap_or_default();
    let accept = if is_for_programs(address) { "application/json" } else { "text/html" };
    let body = if method == "GET" || method == "HEAD" {
        "\r\n"
    } else {
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    };
    let request = format!(
        "{method} {address} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Accept: {accept}\r\nTus-Resumable: 1.0.0\r\n{body}"
    );
    let mut line = TcpStream::connect(host).await.unwrap();
    line.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let _ = line.read_to_end(&mut heard).await; // a line that is cut behind the answer is no matter
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("nothing answers {method} {address}"));
    let head = String::from_utf8_lossy(&heard[..end]).to_ascii_lowercase();
    Said { status: head[9..12].parse().unwrap(), head, body: heard[end + 4..].to_vec() }
}

fn is_for_programs(address: &str) -> bool {
    address.starts_with("/api/") || address.starts_with("/uploads")
}

/// The names of an address's variable parts.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

/// What is tried in the place of a name: ways out of the data folder and to the system's list of users, and odd names.
fn ways_out(city: &City) -> Vec<String> {
    let steps = ["../secret.key", "../../secret.key", "../../../../../../../../../etc/passwd"];
    let spelt =
        |path: &str| SPELLINGS.iter().map(|(up, slash)| path.replace("..", up).replace('/', slash)).collect::<Vec<_>>();
    let mut ways: Vec<String> = steps.into_iter().flat_map(spelt).collect();
    ways.extend(steps.iter().map(|path| format!("{}%00.css", path.replace('/', "%2f"))));
    for place in [city.data.join("secret.key").display().to_string(), "/etc/passwd".to_owned()] {
        let hidden = place.replace('/', "%2f");
        ways.extend([format!("file:{hidden}"), format!("%2f{hidden}"), hidden, format!("/{place}"), place]);
    }
    ways.extend(NAMES.iter().map(|name| (*name).to_owned()));
    ways
}

/// Whether a refusal says what is wrong to whoever asked: `{code, message}` to programs, a page to people.
fn is_readable(said: &Said, address: &str) -> bool {
    if is_for_programs(address) {
        let body: Value = serde_json::from_slice(&said.body).unwrap_or_default();
        return said.head.contains("content-type: application/json") && body["code"].is_string();
    }
    said.head.contains("content-type: text/html") && String::from_utf8_lossy(&said.body).contains("<h1")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_leads_out_of_what_it_names_however_it_is_written() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let key = std::fs::read(city.data.join("secret.key")).unwrap();
    let secrets: Vec<&[u8]> = TELLTALE.iter().copied().chain([key.as_slice()]).collect();
    let (recording, lesson) = (sha256(&city.video), city.lesson("video").to_string());
    let there = [
        ("{sha256}", recording.as_str()),
        ("{id}", lesson.as_str()),
        ("{kind}", "audio"),
        ("{language}", "zh"),
        ("{name}", "1"),
    ];
    let is_tried = |route: &&Route| route.method != "OPTIONS" && OF_FILES.iter().any(|part| route.path.contains(part));
    let mut places: BTreeSet<(&str, String, bool)> = BTreeSet::from([("GET", "/{}".to_owned(), false)]);
    for route in ROUTES.iter().filter(is_tried) {
        for part in parts(route.path) {
            let place = route.path.replace(&format!("{{{part}}}"), "{}");
            let place = there.iter().fold(place, |so_far, (name, value)| so_far.replace(*name, value));
            // The name of a piece is the player's own, and only the hash counts.
            places.insert((route.method, place, route.path.ends_with("/{name}.mp4") && part == "name"));
        }
    }
    let ways = ways_out(&city);
    assert!(places.len() > 20 && ways.len() > 60, "{} places, {} ways", places.len(), ways.len());
    let mut wrong = Vec::new();
    for (method, place, may_be_any) in &places {
        for way in &ways {
            let address = place.replace("{}", way);
            let said = ask(&trainer, method, &address).await;
            let is_own = *may_be_any && said.status == 200 && said.body == city.video;
            let is_refused = (400..500).contains(&said.status) && (*method == "HEAD" || is_readable(&said, &address));
            let leaks = secrets.iter().any(|secret| said.body.windows(secret.len()).any(|some| some == *secret));
            if leaks || !is_own && !is_refused {
                wrong.push(format!("{method} {address} -> {} {}", said.status, said.head.replace("\r\n", ", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What every answer says, whatever it answers.
const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

/// A field's value, where it stands once.
fn only<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut values = answer.headers.get_all(name).iter();
    let first = values.next()?.to_str().ok();
    first.filter(|_| values.next().is_none())
}

/// Whether nothing runs, loads or frames this but our own, and no text of a page is taken for a script or a style.
fn is_strict(policy: &str) -> bool {
    let mut sources = BTreeMap::new();
    for directive in policy.split(';') {
        let mut words = directive.split_whitespace();
        let Some(name) = words.next() else { continue };
        if sources.insert(name, words.collect::<Vec<_>>().join(" ")).is_some() {
            return false; // browsers take the first of two
        }
    }
    let says = |name: &str, what: &str| sources.get(name).is_some_and(|said| said == what);
    let is_own = |(name, said): (&&str, &String)| match *name {
        "img-src" => said == "'self' data:",
        _ => said == "'self'" || said == "'none'",
    };
    ["default-src", "base-uri", "frame-ancestors"].iter().all(|name| says(name, "'none'"))
        && ["script-src", "style-src", "form-action"].iter().all(|name| says(name, "'self'"))
        && sources.iter().all(is_own)
}

/// What of it an answer lacks.
fn lacks(answer: &Answer) -> Vec<&'static str> {
    let mut lacking: Vec<_> =
        ALWAYS.iter().filter(|(name, value)| only(answer, name) != Some(*value)).map(|(name, _)| *name).collect();
    if !only(answer, "content-security-policy").is_some_and(is_strict) {
        lacking.push("content-security-policy");
    }
    lacking
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_keeps_other_sites_out_and_says_so_once() {
    let city = City::start().await;
    let (stranger, cadre) = (city.stranger(), city.client("cadre").await);
    let (recording, etag) = (format!("/media/{}", sha256(&city.video)), format!("\"{}\"", sha256(&city.video)));
    let mut wrong = Vec::new();
    let mut look = |what: &str, status: u16, answer: &Answer| {
        let lacking = lacks(answer);
        let is_page = answer.header("content-type").starts_with("text/html");
        let inline = [" style=\"", " onclick=\"", "<script>", "<style"].iter().any(|part| answer.text().contains(part));
        if answer.status.as_u16() != status || !lacking.is_empty() || is_page && inline {
            wrong.push(format!("{what} -> {}, lacks {lacking:?}, inline {inline}", answer.status));
        }
    };
    // A page of every face, a page that is not there, one that is not for them, and one that leads away.
    for (login, path, status) in [
        ("", "/sign-in", 200),
        ("", "/check", 200),
        ("", "/offline", 200),
        ("", "/classroom/pair", 200),
        ("", "/home", 303),
        ("cadre", "/home", 200),
        ("cadre", "/record", 200),
        ("cadre", "/lessons/video", 200),
        ("cadre", "/nothing", 404),
        ("cadre", "/office", 403),
        ("site", "/classroom", 200),
        ("site", "/classroom/video", 200),
        ("site", "/classroom/play/999999", 404),
        ("trainer", "/studio", 200),
        ("office", "/office", 200),
        ("auditor", "/office/audit", 200),
    ] {
        let client = if login.is_empty() { stranger.clone() } else { city.client(login).await };
        look(&format!("{path} as {login:?}"), status, &client.get_with(path, "Accept", "text/html").await);
    }
    // Programs, also those whose requests are answered before the router is asked.
    for (path, status) in [
        ("/api/v1/me", 200),
        ("/api/v1/nothing", 404),
        ("/openapi.json", 200),
        ("/metrics", 200),
        (recording.as_str(), 200),
    ] {
        look(path, status, &cadre.get(path).await);
    }
    look("a stranger", 401, &stranger.get("/api/v1/me").await);
    look("a wrong method", 405, &cadre.send(cadre.request(Method::PUT, "/api/v1/session")).await);
    look("another site", 403, &cadre.send(cadre.request(Method::POST, "/sign-out").header("Origin", "null")).await);
    look("a body that is none", 400, &stranger.post("/api/v1/session", json!([])).await);
    look("a range", 206, &cadre.get_with(&recording, "Range", "bytes=5-9").await);
    look("no such range", 416, &cadre.get_with(&recording, "Range", "bytes=9999999-").await);
    look("what they have", 304, &cadre.get_with(&recording, "If-None-Match", &etag).await);
    let playback = cadre.play(city.lesson("video")).await;
    look("a beat", 200, &cadre.beat(playback, 1, 0, true).await);
    for route in ROUTES.iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
        let answer = stranger.get(route.path).await;
        look(&format!("{} to a stranger", route.path), answer.status.as_u16(), &answer);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All that an answer says, but for when.
fn told(answer: &Answer) -> (StatusCode, BTreeMap<String, String>, String) {
    let fields = answer.headers.iter().filter(|(name, _)| name.as_str() != "date");
    let fields = fields.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    (answer.status, fields.collect(), answer.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_in_tells_nothing_of_the_account() {
    let city = City::start().await;
    let now = entity::Moment::now();
    roster::account::disable(&city.db.write, city.accounts["site"], None, now).await.unwrap();
    let stranger = city.stranger();
    let by_api = async |login: &str| {
        told(&stranger.post("/api/v1/session", json!({"login": login, "password": "whatever-1"})).await.must(401))
    };
    let by_page = async |login: &str| {
        let form = [("login", login), ("password", "whatever-1")];
        let sent = stranger.request(Method::POST, "/sign-in").header("Accept", "text/html").form(&form);
        let (status, fields, text) = told(&stranger.send(sent).await.must(401));
        let fields: BTreeMap<_, _> = fields.into_iter().filter(|(name, _)| name != "content-length").collect();
        (status, fields, text.replace(&format!("value=\"{login}\""), ""))
    };
    let (known, shown) = (by_api("cadre").await, by_page("cadre").await);
    for login in ["nobody", "没有这个人", "site"] {
        assert_eq!(by_api(login).await, known, "{login}");
        assert_eq!(by_page(login).await, shown, "{login}");
    }
    for odd in ["", " ", "a\0b", "' or 1=1 --", &"长".repeat(300)] {
        assert_eq!(by_api(odd).await, known, "{odd:?}");
    }
}
