//! Media over bare sockets: what the connection does around the bytes it sends from files by itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tests::city::{PASSWORD, on_postgres, pseudo_random, sha256};
use tests::{City, Client, Process};

/// A connection that says what it wants byte for byte, and reads answers one after the other.
struct Bare {
    reader: BufReader<TcpStream>,
    head: String,
}

/// One answer: status, head in lower case, body.
struct Said {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Bare {
    fn to(url: &str, client: &Client) -> Self {
        let address = url.trim_start_matches("http://");
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let token = client.token.as_deref().unwrap_or_default();
        let head = format!("Host: {address}\r\nAuthorization: Bearer {token}\r\n");
        Self { reader: BufReader::with_capacity(1 << 20, socket), head }
    }

    fn request(&self, method: &str, path: &str, fields: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\n{}{fields}\r\n", self.head)
    }

    fn ask(&mut self, requests: &str) {
        self.reader.get_mut().write_all(requests.as_bytes()).unwrap();
    }

    fn head(&mut self) -> (u16, String, usize) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.reader.read_line(&mut head).unwrap() > 0, "closed after {head:?}");
        }
        let head = head.to_ascii_lowercase();
        let length =
            head.split("content-length: ").nth(1).map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
        (head[9..12].parse().unwrap(), head, length)
    }

    fn answer(&mut self, has_body: bool) -> Said {
        let (status, head, length) = self.head();
        let mut body = vec![0; if has_body && status != 304 { length } else { 0 }];
        self.reader.read_exact(&mut body).unwrap();
        Said { status, head, body }
    }
}

/// A large lesson video beside the small one.
async fn large(city: &mut City, size: usize) -> (String, Vec<u8>) {
    let bytes = pseudo_random(size);
    let unit = city.units["桂岭市"];
    let blob = city.blob(&bytes, "video/mp4", "大视频.mp4", unit, Some(60_000)).await;
    let course = city.course(unit).await;
    let row = City::lesson_row(
        course,
        "large",
        1,
        "大视频",
        Some((blob.clone(), 60_000)),
        unit,
        entity::LessonState::Published,
    );
    city.insert_lessons(vec![row]).await;
    (format!("/media/{blob}"), bytes)
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_one_packet_are_answered_in_order_byte_for_byte() {
    let mut city = City::start().await;
    let (path, bytes) = large(&mut city, 5_000_000).await;
    let cadre = city.client("cadre").await;
    let url = city.url.clone();
    on_a_thread(move || {
        let mut bare = Bare::to(&url, &cadre);
        let mut dice = pseudo_random(4096).into_iter().map(usize::from);
        let mut roll = || (0..3).fold(0, |sum, _| sum * 256 + dice.next().unwrap()) % bytes.len();
        for _ in 0..60 {
            let ranges: Vec<(usize, usize)> = (0..4)
                .map(|_| {
                    let (one, other) = (roll(), roll());
                    (one.min(other), one.max(other))
                })
                .collect();
            let asked: String = ranges
                .iter()
                .map(|(from, last)| bare.request("GET", &path, &format!("Range: bytes={from}-{last}\r\n")))
                .collect();
            bare.ask(&asked);
            for (from, last) in ranges {
                let said = bare.answer(true);
                assert_eq!(said.status, 206);
                assert!(said.head.contains(&format!("content-range: bytes {from}-{last}/{}", bytes.len())));
                assert!(said.body == bytes[from..=last], "{from}-{last}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_a_body_stand_between_bodies_and_the_connection_stays_open() {
    let mut city = City::start().await;
    let (path, bytes) = large(&mut city, 2_000_000).await;
    let cadre = city.client("cadre").await;
    let url = city.url.clone();
    on_a_thread(move || {
        let mut bare = Bare::to(&url, &cadre);
        let etag = format!("\"{}\"", sha256(&bytes));
        let others = [
            ("HEAD", String::new(), 200),
            ("GET", format!("If-None-Match: {etag}\r\n"), 304),
            ("GET", "If-Match: \"other\"\r\n".into(), 412),
            ("GET", "Range: bytes=9999999-\r\n".into(), 416),
        ];
        for (method, fields, status) in others {
            bare.ask(&bare.request("GET", &path, "Range: bytes=5-999999\r\n"));
            assert!(bare.answer(true).body == bytes[5..=999_999]);
            bare.ask(&bare.request(method, &path, &fields));
            let said = bare.answer(method == "GET");
            assert_eq!(said.status, status);
            if method == "HEAD" {
                assert!(said.head.contains("content-length: 2000000\r\n"));
            }
        }
        bare.ask(&bare.request("GET", &path, "Range: bytes=0-99999,500000-599999,-10\r\n"));
        let several = bare.answer(true);
        assert!(several.status == 206 && several.head.contains("multipart/byteranges"));
        assert!(several.body.windows(1000).any(|window| window == &bytes[500_000..501_000]));
        bare.ask(&bare.request("GET", &path, ""));
        let whole = bare.answer(true);
        assert!(whole.status == 200 && whole.body == bytes);
        bare.ask(&bare.request("GET", &path, "Connection: close\r\n"));
        assert!(bare.answer(true).body == bytes);
        assert_eq!(bare.reader.read(&mut [0]).unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_and_a_get_in_one_packet_keep_apart() {
    let mut city = City::start().await;
    let (path, bytes) = large(&mut city, 500_000).await;
    let cadre = city.client("cadre").await;
    let url = city.url.clone();
    on_a_thread(move || {
        let mut bare = Bare::to(&url, &cadre);
        let (head, get) = (bare.request("HEAD", &path, ""), bare.request("GET", &path, ""));
        bare.ask(&format!("{head}{get}{head}{get}"));
        for _ in 0..2 {
            assert_eq!(bare.answer(false).status, 200);
            assert!(bare.answer(true).body == bytes);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_behind_a_request_changes_nothing_of_its_answer() {
    let city = City::start().await;
    let client = city.client("cadre").await;
    let mut bare = Bare::to(&city.url, &client);
    on_a_thread(move || {
        let chunked = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n";
        let beat = "{\"q\":1}";
        let post = format!("{}{:x}\r\n{beat}\r\n0\r\n\r\n", bare.request("POST", "/api/v1/join", chunked), beat.len());
        let last = bare.request("GET", "/api/v1/me", "Connection: close\r\n");
        let turns = [
            (bare.request("GET", "/api/v1/courses", ""), 200, true),
            (bare.request("HEAD", "/api/v1/me", ""), 200, false),
            (post, 400, true),
            (bare.request("HEAD", "/api/v1/courses", ""), 200, false),
            (bare.request("GET", "/nowhere", ""), 404, true),
            (bare.request("HEAD", "/nowhere", ""), 404, false),
            (last, 200, true),
        ];
        bare.ask(&turns.iter().map(|(request, ..)| request.as_str()).collect::<String>());
        for (request, status, has_body) in &turns {
            let said = bare.answer(*has_body);
            assert_eq!(said.status, *status, "{request}");
            assert_eq!(said.head.contains("connection: close"), request.contains("Connection: close"), "{request}");
            if *has_body {
                assert!(serde_json::from_slice::<serde_json::Value>(&said.body).is_ok(), "{request}");
            }
        }
        assert_eq!(bare.reader.read(&mut [0]).unwrap(), 0, "something came behind the last answer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_and_clients_that_go_away_hold_nobody_up() {
    let mut city = City::start().await;
    let (path, bytes) = large(&mut city, 8_000_000).await;
    let cadre = city.client("cadre").await;
    let url = city.url.clone();
    on_a_thread(move || {
        let open = |read: usize| {
            let mut bare = Bare::to(&url, &cadre);
            bare.ask(&bare.request("GET", &path, ""));
            assert_eq!(bare.head().0, 200);
            let mut some = vec![0; read];
            bare.reader.read_exact(&mut some).unwrap();
            assert!(some == bytes[..read]);
            bare
        };
        let mut slow: Vec<Bare> = (0..20).map(|_| open(100)).collect();
        for n in 0..40 {
            drop(open(n * 1000)); // gone in the middle
        }
        let mut quick = Bare::to(&url, &cadre);
        for _ in 0..20 {
            quick.ask(&quick.request("GET", &path, "Range: bytes=1000000-1999999\r\n"));
            assert!(quick.answer(true).body == bytes[1_000_000..2_000_000]);
        }
        for reader in &mut slow {
            let mut rest = vec![0; bytes.len() - 100];
            reader.reader.read_exact(&mut rest).unwrap();
            assert!(rest == bytes[100..]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_a_fault_cut_short_closes_the_connection_instead_of_lying() {
    let mut city = City::start().await;
    let (path, bytes) = large(&mut city, 8_000_000).await;
    let cadre = city.client("cadre").await;
    let name = sha256(&bytes);
    let shelf = city.data.join("media").join(&name[..2]).join(&name);
    let url = city.url.clone();
    on_a_thread(move || {
        let mut bare = Bare::to(&url, &cadre);
        bare.ask(&bare.request("GET", &path, "Range: bytes=0-99999\r\n"));
        assert!(bare.answer(true).body == bytes[..100_000]); // the server holds it open now
        std::fs::OpenOptions::new().write(true).open(shelf).unwrap().set_len(200_000).unwrap();
        bare.ask(&bare.request("GET", &path, ""));
        let (status, _, length) = bare.head();
        let mut body = Vec::new();
        let _ = bare.reader.read_to_end(&mut body);
        assert_eq!((status, length), (200, bytes.len()));
        assert!(body.len() < length && bytes.starts_with(&body));
        let mut next = Bare::to(&url, &cadre);
        next.ask(&next.request("GET", "/healthz", ""));
        assert_eq!(next.answer(true).status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_lets_an_open_body_come_to_its_end() {
    if on_postgres() {
        return; // the binary is given no PostgreSQL of its own here
    }
    let mut city = City::without_server().await;
    let (path, bytes) = large(&mut city, 20_000_000).await;
    let process = Process::serve(&city.data);
    let cadre = Client::new(&process.url).sign_in("cadre", PASSWORD).await;
    on_a_thread(move || {
        let mut bare = Bare::to(&process.url, &cadre);
        bare.ask(&bare.request("GET", &path, ""));
        assert_eq!(bare.head().0, 200);
        process.ask_to_stop();
        while TcpStream::connect(process.url.trim_start_matches("http://")).is_ok() {
            std::thread::sleep(Duration::from_millis(10)); // until it takes no more connections
        }
        let mut body = vec![0; bytes.len()];
        bare.reader.read_exact(&mut body).unwrap();
        assert!(body == bytes);
        assert_eq!(bare.reader.read(&mut [0]).unwrap(), 0);
        assert!(process.ended().success());
    })
    .await;
}
