//! Players and downloaders that nobody here wrote: each gets every byte right, and none starts over.

use std::path::Path;
use std::process::{Command, Output};
use tests::city::{pseudo_random, serve, sha256};
use tests::{City, Client};

/// A city with a recording of 9 MiB that its trainer may read.
async fn with_recording(city: City) -> (City, Client, String, Vec<u8>) {
    let bytes = pseudo_random(9 << 20);
    let sha256 = city.blob(&bytes, "video/mp4", "长课.mp4", city.units["东江县"], Some(600_000)).await;
    let trainer = city.client("trainer").await;
    (city, trainer, format!("/media/{sha256}"), bytes)
}

fn bearer(client: &Client) -> String {
    format!("Authorization: Bearer {}", client.token.as_deref().unwrap())
}

/// Run a program to its end without holding up the server in this process.
async fn run(command: &mut Command) -> Output {
    let mut taken = Command::new(command.get_program());
    taken.args(command.get_args()).env("no_proxy", "*");
    let output = tokio::task::spawn_blocking(move || taken.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{} {}", output.status, String::from_utf8_lossy(&output.stderr));
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn wget_goes_on_with_half_a_file() {
    let (city, trainer, path, bytes) = with_recording(City::start().await).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("film");
    std::fs::write(&file, &bytes[..4_000_000]).unwrap();
    let url = format!("{}{path}", city.url);
    let mut wget = Command::new("wget");
    wget.args(["-c", "-S", "--no-proxy", "--header", &bearer(&trainer), "-O"]).arg(&file).arg(url);
    let said = run(&mut wget).await;
    assert!(String::from_utf8_lossy(&said.stderr).contains("206 Partial Content"), "it started over");
    assert!(std::fs::read(&file).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn aria2_fetches_over_eight_connections_at_once() {
    let (city, trainer, path, bytes) = with_recording(City::start().await).await;
    let folder = tempfile::tempdir().unwrap();
    let mut aria2 = Command::new("aria2c");
    aria2.args(["-x8", "-s8", "-k1M", "--no-conf=true", "--file-allocation=none", "--header", &bearer(&trainer), "-d"]);
    aria2.arg(folder.path()).args(["-o", "film"]).arg(format!("{}{path}", city.url));
    run(&mut aria2).await;
    assert!(std::fs::read(folder.path().join("film")).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_download_goes_on_at_another_server_with_a_copy_of_the_folder() {
    let (city, trainer, path, bytes) = with_recording(City::start().await).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("data");
    run(Command::new("cp").arg("-r").arg(&city.data).arg(&copy)).await;
    let other = serve(server::config::Config { data: copy, ..city.config.clone() }).await;
    let first = trainer.get_with(&path, "range", "bytes=0-3999999").await.must(206);
    let file = folder.path().join("film");
    std::fs::write(&file, &first.body).unwrap();
    let same = format!("If-Range: {}", first.header("etag"));
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*", "-C", "-", "-w", "%{http_code}", "-H", &bearer(&trainer), "-H", &same, "-o"]);
    curl.arg(&file).arg(format!("{other}{path}"));
    let said = run(&mut curl).await;
    assert_eq!(String::from_utf8_lossy(&said.stdout), "206");
    assert!(std::fs::read(&file).unwrap() == bytes);
}

/// The demo's film on this server as a ticket's address, and on disk.
async fn film(city: &City) -> (String, std::path::PathBuf) {
    let cadre = city.client("cadre").await;
    let lesson = cadre.get("/api/v1/lessons/film").await.must(200).json();
    let sha256 = lesson["media_url"].as_str().unwrap().trim_start_matches("/media/").to_owned();
    let ticket = cadre.post(&format!("/api/v1/media/{sha256}/ticket"), serde_json::json!({})).await.must(200).json();
    let file = city.data.join("media").join(&sha256[..2]).join(&sha256);
    (format!("{}{}", city.url, ticket["url"].as_str().unwrap()), file)
}

async fn picture_at(seconds: &str, source: &str) -> String {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-ss", seconds, "-i", source, "-an", "-frames:v", "1", "-f", "md5", "-"]);
    String::from_utf8(run(&mut ffmpeg).await.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_jumps_about_in_a_film_with_a_ticket_and_sees_the_same_pictures_as_on_disk() {
    let city = City::start().await;
    let (url, file) = film(&city).await;
    for seconds in ["0", "20", "7", "28"] {
        let there = picture_at(seconds, &url).await;
        assert!(there.starts_with("MD5="), "{there}");
        assert_eq!(there, picture_at(seconds, file.to_str().unwrap()).await, "at {seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_one_blob_for_as_long_as_its_owner_may_see_it() {
    let city = City::start().await;
    let (url, _) = film(&city).await;
    let stranger = city.stranger();
    let path = url.trim_start_matches(&city.url);
    stranger.get(path).await.must(200);
    stranger.get_with(path, "range", "bytes=5-9").await.must(206);
    let (_, ticket) = path.split_once("?ticket=").unwrap();
    let other = stranger.get(&format!("/media/{}?ticket={ticket}", sha256(&city.video))).await.must(401);
    assert_eq!(other.code(), "not_signed_in");
    for forged in ["", "x", &ticket.replace(&ticket[10..11], "_"), &format!("{ticket}AA"), &"A".repeat(10_000)] {
        let answer = stranger.get(&format!("{}?ticket={forged}", path.split('?').next().unwrap())).await;
        assert!(matches!(answer.status.as_u16(), 401 | 414), "{}", answer.status);
    }
}

/// An nginx in front of the city, with this inside its `server` block.
struct Nginx {
    folder: tempfile::TempDir,
    url: String,
}

impl Nginx {
    async fn start(http: &str, locations: impl Fn(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = format!(
            "worker_processes 1; pid nginx.pid; error_log nginx.err; user root;\nevents {{ }}\n\
             http {{ access_log off; sendfile on; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;\n\
             uwsgi_temp_path t4; scgi_temp_path t5; {http}\nserver {{ listen 127.0.0.1:{port};\n{} }} }}\n",
            locations(folder.path())
        );
        std::fs::write(folder.path().join("nginx.conf"), settings).unwrap();
        let mut nginx = Command::new("nginx");
        run(nginx.arg("-p").arg(folder.path()).args(["-c", "nginx.conf"])).await;
        Self { folder, url: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ =
            Command::new("nginx").arg("-p").arg(self.folder.path()).args(["-c", "nginx.conf", "-s", "stop"]).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_nginx_in_front_sends_the_bytes_that_the_server_allowed() {
    let city = City::start_with(|config| config.accel_redirect = Some("/blobs".into())).await;
    let (city, trainer, path, bytes) = with_recording(city).await;
    let handed = trainer.get(&path).await.must(200);
    assert!(handed.body.is_empty() && handed.header("x-accel-redirect").starts_with("/blobs/"));
    // These lines stand in the README.
    let nginx = Nginx::start("", |_| {
        format!(
            "location / {{ proxy_pass {}; }}\n\
             location /blobs/ {{ internal; alias {}/media/; etag off;\n\
             add_header ETag $upstream_http_etag; add_header Last-Modified $upstream_http_last_modified;\n\
             add_header X-Content-Type-Options nosniff; }}",
            city.url,
            city.data.display()
        )
    })
    .await;
    let front = Client::new(&nginx.url).holding(trainer.token.as_deref().unwrap());
    let whole = front.get(&path).await.must(200);
    assert!(whole.body == bytes && whole.header("x-accel-redirect").is_empty());
    let etag = format!("\"{}\"", sha256(&bytes));
    assert_eq!((whole.header("etag"), whole.header("content-type")), (etag.as_str(), "video/mp4"));
    assert!(whole.header("content-disposition").contains("UTF-8''%E9%95%BF%E8%AF%BE.mp4"));
    assert!(whole.header("cache-control").contains("immutable"));
    let part = front.get_with(&path, "range", "bytes=1000000-1999999").await.must(206);
    assert!(part.body == bytes[1_000_000..2_000_000]);
    let request = |tag: &str| {
        front.request(reqwest::Method::GET, &path).header("range", "bytes=9-").header("if-range", tag.to_owned())
    };
    assert!(front.send(request(&etag)).await.must(206).body == bytes[9..]);
    front.send(request("\"other\"")).await.must(200);
    front.get_with(&path, "if-none-match", &etag).await.must(304);
    assert!(front.get_with(&path, "if-match", &etag).await.must(200).body == bytes);
    front.get_with(&path, "if-match", "\"other\"").await.must(412);
    front.get("/blobs/aa/aa").await.must(404);
    let stranger = Client::new(&nginx.url);
    stranger.get(&path).await.must(401);
    let inside = format!("/blobs/{}/{}", &sha256(&bytes)[..2], sha256(&bytes));
    stranger.get(&inside).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_village_cache_of_slices_fills_once_and_serves_every_range() {
    let (city, trainer, path, bytes) = with_recording(City::start().await).await;
    // What a township may put in front: nginx keeps slices of 1 MiB. It must keep them apart by who may read.
    let nginx = Nginx::start("proxy_cache_path cache keys_zone=media:1m max_size=100m;", |_| {
        format!(
            "location /media/ {{ slice 1m; proxy_cache media; proxy_cache_key $uri$http_authorization$slice_range;\n\
             proxy_set_header Range $slice_range; proxy_http_version 1.1; proxy_cache_valid 200 206 1h;\n\
             proxy_ignore_headers Cache-Control; add_header X-Cache $upstream_cache_status; proxy_pass {}; }}",
            city.url
        )
    })
    .await;
    let front = Client::new(&nginx.url).holding(trainer.token.as_deref().unwrap());
    for turn in ["MISS", "HIT"] {
        let part = front.get_with(&path, "range", "bytes=1500000-4500000").await.must(206);
        assert!(part.body == bytes[1_500_000..=4_500_000]);
        assert_eq!(part.header("x-cache"), turn);
    }
    assert!(front.get(&path).await.must(200).body == bytes);
    Client::new(&nginx.url).get(&path).await.must(401);
    let log = std::fs::read_to_string(nginx.folder.path().join("nginx.err")).unwrap_or_default();
    assert!(!log.contains("etag mismatch"), "{log}");
}
