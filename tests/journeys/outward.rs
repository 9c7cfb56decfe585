//! Nothing that comes in makes the server call out: whatever a file, a table, a text or a header names, no address is
//! called and no file of the machine is opened.

use crate::packages::{shown, zip};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use content::prepare::enqueue_all;
use entity::{JobState, Moment, job};
use reqwest::Method;
use sea_orm::{EntityTrait, Set};
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use tests::{Answer, City, Client, PATIENCE};

mod workbooks;

/// An address of this machine that nobody has a reason to call.
struct Bait(TcpListener);

impl Bait {
    fn lay() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let bait = Self(listener);
        // It notices: who calls waits to be answered, also when they have gone again.
        drop(TcpStream::connect(bait.0.local_addr().unwrap()).unwrap());
        while bait.calls() == 0 {
            std::thread::yield_now();
        }
        bait
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// How many have called since this was last asked.
    fn calls(&self) -> usize {
        std::iter::from_fn(|| self.0.accept().ok()).count()
    }
}

/// Nothing of this machine's list of users is in an answer.
#[track_caller]
fn tells_nothing(answer: &Answer) {
    assert!(!answer.text().contains("root:x:0:0"), "{}", answer.text());
}

/// A server that prepares what comes in now, and nothing of what is there already.
async fn city_that_prepares() -> City {
    let mut city = City::without_server().await;
    enqueue_all(&city.db.write, Moment::now()).await.unwrap();
    let over = job::ActiveModel { state: Set(JobState::Skipped), ..Default::default() };
    job::Entity::update_many().set(over).exec(&city.db.write).await.unwrap();
    city.config.prepare_workers = Some(2);
    city.url = tests::city::serve(city.config.clone()).await;
    city
}

/// Waits until nothing more is made of a file by itself: what was tried, and how it ended.
async fn tried(client: &Client, sha256: &str) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let found = client.get(&format!("/api/v1/media/{sha256}/preparation")).await.must(200).json();
        if found["busy"] == false {
            return found["parts"].as_array().unwrap().clone();
        }
        assert!(began.elapsed() < 3 * PATIENCE, "{found}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Files that ask whoever opens them for something else, under the names they might come with.
fn files(url: &str) -> Vec<(&'static str, Vec<u8>)> {
    let list = format!("#EXTM3U\n#EXTINF:9,\n{url}/x.ts\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n");
    let joined = format!("ffconcat version 1.0\nfile '{url}/x.mp4'\nfile '/etc/passwd'\n");
    let page = format!("<!doctype html><img src=\"{url}/a.png\"><iframe src=\"file:///etc/passwd\"></iframe>");
    let drawing = format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"{url}/a.png\"/></svg>");
    let streams = format!("<?xml version=\"1.0\"?><MPD><BaseURL>{url}/</BaseURL><Period/></MPD>");
    let session = format!("v=0\nc=IN IP4 127.0.0.1\nm=video {} RTP/AVP 33\n", url.rsplit(':').next().unwrap());
    let shortcut = format!("[InternetShortcut]\r\nURL={url}/\r\n");
    let paper = format!("%PDF-1.7\n1 0 obj<</OpenAction<</S/URI/URI({url}/)>>>>endobj\n");
    let index = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
    let kept = |name: &'static str, head: &[u8], text: &str| (name, [head, text.as_bytes(), name.as_bytes()].concat());
    vec![
        kept("直播.m3u8", b"", &list),
        kept("直播.mp4", b"", &list),
        kept("直播.ts", b"\xef\xbb\xbf \n", &list),
        kept("有字节在前.mp4", b"\x01", &list),
        kept("有开头.mp4", index, &list),
        kept("有开头.avi", b"RIFF\x40\x42\x0f\0AVI ", &list),
        kept("拼接.ffconcat", b"", &joined),
        kept("拼接.mkv", b"", &joined),
        kept("有开头的拼接.mp4", index, &joined),
        kept("分段.mp4", b"", &streams),
        kept("会话.mp4", b"", &session),
        kept("网页.html", b"", &page),
        kept("网页.mp3", b"", &page),
        kept("图.svg", b"", &drawing),
        kept("图.png", b"", &drawing),
        kept("快捷方式.url", b"", &shortcut),
        kept("讲义.pdf", b"", &paper),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_name_others_are_kept_as_they_came_and_nothing_they_name_is_opened() {
    let (bait, city) = (Bait::lay(), city_that_prepares().await);
    let trainer = city.client("trainer").await;
    let course = json!({"title": "外来文件", "summary": "", "category": "agriculture"});
    let course = trainer.post("/api/v1/courses", course).await.must(201).json()["id"].clone();
    let mut refused = 0;
    for (name, bytes) in files(&bait.url()) {
        let status = trainer.uploaded(&trainer.upload(name, "video/mp4", &bytes).await).await;
        assert_eq!(status["state"], "complete", "{name}");
        let sha256 = status["sha256"].as_str().unwrap();
        for part in tried(&trainer, sha256).await {
            let why = part["error"].as_str().unwrap_or_default();
            let has_failed = part["state"] == "failed" && why.chars().any(|c| c > '\u{4e00}');
            assert!(has_failed || part["state"] == "waiting", "{name}: {part}");
            refused += 1;
        }
        let served = trainer.get(&format!("/media/{sha256}")).await.must(200);
        assert!(served.body == bytes, "{name}");
        let kind = served.header("content-type");
        assert!(["html", "svg", "xml", "mpegurl"].iter().all(|active| !kind.contains(active)), "{name}: {kind}");
        trainer.get(&format!("/media/{sha256}/master.m3u8")).await.must(404);
        let lesson = json!({"title": name, "course_id": course, "cover_sha256": sha256});
        trainer.post("/api/v1/lessons", lesson).await.must(400);
        let voice = trainer.request(Method::PUT, "/api/v1/lessons/east/voices/壮语");
        assert!(trainer.send(voice.json(&json!({"media_sha256": sha256}))).await.status.is_client_error(), "{name}");
    }
    assert!(refused > 0, "no file came as far as ffmpeg: the test proves little");
    assert_eq!(bait.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_brings_nothing_but_what_lies_beside_it() {
    let (bait, city) = (Bait::lay(), City::start().await);
    let trainer = city.client("trainer").await;
    let here = [bait.url(), bait.url().replace("http:", "")].map(|url| format!("{url}/x.mp4"));
    let files = ["file:///etc/passwd", "/etc/passwd", "../../../etc/passwd", "..\\secret.key", "concat:/etc/passwd"];
    for name in here.into_iter().chain(files.map(str::to_owned)) {
        let line = json!({
            "id": "x-1", "title": "外面的课", "category": "agriculture", "media": name, "cover": name,
            "captions": [{"language": "普通话", "file": name}], "voices": [{"language": "壮语", "file": name}],
        });
        let table = format!("标题,类别,文件,字幕,配音,封面\n外面的课,农业科技,{name},{name},壮语：{name},{name}\n");
        for (called, manifest) in [("清单.jsonl", line.to_string()), ("清单.csv", table)] {
            let alone = shown(&trainer, manifest.as_bytes()).await.1.must(422);
            assert!(alone.text().contains("没有这个媒体文件"), "{name}: {}", alone.text());
            let packed = shown(&trainer, &zip(&[(called, manifest.as_bytes())])).await.1.must(422);
            assert!(packed.text().contains("不能用"), "{name}: {}", packed.text());
            tells_nothing(&alone);
            tells_nothing(&packed);
        }
    }
    trainer.get("/api/v1/lessons/x-1").await.must(404);
    assert_eq!(bait.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_keep_their_words_and_none_of_the_addresses_that_would_be_fetched() {
    let (bait, city) = (Bait::lay(), City::start().await);
    let (trainer, url) = (city.client("trainer").await, bait.url());
    let styled = format!(
        "WEBVTT\n\nNOTE {url}/note\n\nSTYLE\n::cue {{ background: url({url}/a.png) }}\n@import url({url}/a.css);\n\n\
         00:01.000 --> 00:03.000\n<img src=\"{url}/b.png\"><c.red>先看 file:///etc/passwd</c>\n"
    );
    let coloured = format!(
        "1\n00:00:01,000 --> 00:00:03,000\n<font face=\"url({url}/f.woff)\">先看</font>\
         <img src=\"{url}/b.png\"> file:///etc/passwd\n"
    );
    for (name, text) in [("a.vtt", styled), ("a.srt", coloured)] {
        let path = format!("/api/v1/lessons/east/captions/普通话?name={name}");
        trainer.send(trainer.request(Method::PUT, &path).body(text)).await.must(200);
        let served = trainer.get("/api/v1/lessons/east/captions/普通话.vtt").await.must(200);
        let track = served.text();
        assert!(track.contains("先看"), "{track}");
        assert!(["STYLE", "NOTE", "::cue", "url(", "@import", "<"].iter().all(|gone| !track.contains(gone)), "{track}");
        tells_nothing(&served);
    }
    assert_eq!(bait.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_is_text_whatever_is_written_in_it() {
    let (bait, city) = (Bait::lay(), City::start().await);
    let (trainer, url) = (city.client("trainer").await, bait.url());
    let text = format!(
        "![图]({url}/a.png) <img src=\"{url}/b.png\"> <script src=\"{url}/c.js\"></script> <link href=\"{url}/d.css\"> \
         [看]({url}/e) @import url({url}/f.css) <iframe src=\"file:///etc/passwd\"> {{{{ include:/etc/passwd }}}}"
    );
    let course = json!({"title": "外来文字", "summary": text, "category": "agriculture"});
    let course = trainer.post("/api/v1/courses", course).await.must(201).json()["id"].clone();
    let lesson = json!({"title": "冬季清园", "course_id": course, "summary": text, "body": text, "source": url, "lecturer": url});
    let made = trainer.post("/api/v1/lessons", lesson).await.must(201).json();
    trainer.post(&format!("/api/v1/lessons/{}/submit", made["id"]), json!({})).await.must(200);
    let publish = format!("/api/v1/lessons/{}/publish", made["id"]);
    city.client("reviewer").await.post(&publish, json!({})).await.must(200);
    let read = city.client("cadre").await.get(&format!("/lessons/{}", made["slug"].as_str().unwrap())).await.must(200);
    let page = read.text();
    assert!(page.contains(&url) && !page.contains("<iframe"), "{page}");
    assert!(["src", "href", "poster"].iter().all(|name| !page.contains(&format!("{name}=\"{url}"))), "{page}");
    let policy = read.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("img-src 'self' data:;"), "{policy}");
    tells_nothing(&read);
    assert_eq!(bait.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_or_an_upload_that_names_an_address_sends_nobody_there() {
    let (bait, city) = (Bait::lay(), City::start().await);
    let (trainer, url) = (city.client("trainer").await, bait.url());
    let claims = trainer.token.as_ref().unwrap().split('.').nth(1).unwrap();
    for field in ["jku", "x5u", "kid", "jwk"] {
        for algorithm in ["RS256", "ES256", "HS256"] {
            let mut header = json!({"alg": algorithm, "typ": "JWT"});
            header[field] = json!(format!("{url}/keys"));
            let token = format!("{}.{claims}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), "A".repeat(43));
            city.stranger().holding(&token).get("/api/v1/me").await.must(401);
        }
    }
    let upload = trainer.upload(&format!("{url}/x.txt"), &format!("{url}/type"), "文字".as_bytes()).await;
    let status = trainer.uploaded(&upload).await;
    assert_eq!(status["sha256"], tests::sha256("文字".as_bytes()));
    assert_eq!(bait.calls(), 0);
}
