//! Outside clients of tus over a line that is cut at random, to a server that is killed in the middle: every file is
//! the same at the end.
//!
//! tuspy is a package of Debian and stands in every run. With tus-js-client and Uppy as well, and as often as is wanted:
//! `npm install --prefix target/tus-clients tus-js-client uppy && TEST_CUTS=50 TEST_TUS_JS=$PWD/target/tus-clients cargo test --workspace --test journeys outside_clients -- --ignored --nocapture`;
//! Uppy needs `TEST_WEBDRIVER`, too.

use entity::upload;
use sea_orm::EntityTrait;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tests::browser::Browser;
use tests::city::sha256;
use tests::cutter::Line;
use tests::{City, Process, Random};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

fn has_tuspy() -> bool {
    let there = Command::new("/usr/bin/python3").args(["-c", "import tusclient"]).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    assert!(there || std::env::var("CI").is_err(), "tuspy must be there in CI: run tests/run");
    there
}

/// A city whose server is killed and started again, behind a bad line.
struct Scene {
    city: City,
    line: Line,
    server: Option<Process>,
    token: String,
    random: Random,
    kills: usize,
    sent: usize,
}

impl Scene {
    async fn new(seed: u64) -> Self {
        let mut city = City::without_server().await;
        let server = Process::serve(&city.data);
        city.url = server.url.clone();
        let token = city.client("trainer").await.token.unwrap();
        let line = Line::open(seed, 20_000, 900_000).await;
        line.lead_to(&server.url);
        Self { city, line, server: Some(server), token, random: Random(seed), kills: 0, sent: 0 }
    }

    fn up_to(&mut self, most: u64) -> u64 {
        self.random.below(most)
    }

    /// One file by the client of this number; the server is killed while it is on its way.
    async fn upload(&mut self, number: usize, library: Option<&str>) {
        let (file, hash) = self.source();
        let chunk = (100_000 + self.up_to(700_000)).to_string();
        let (url, token) = (self.line.url.clone(), self.token.clone());
        let mut command = match library.filter(|_| number.is_multiple_of(2)) {
            None => {
                let mut python = Command::new("/usr/bin/python3");
                let checked = if number % 4 == 1 { "yes" } else { "no" };
                python.arg(script("tuspy.py")).args([&url, &token]).arg(&file).args([&chunk, checked]);
                python
            }
            Some(library) => {
                let mut node = Command::new("node");
                let parallel = if number.is_multiple_of(4) { "1" } else { "3" };
                node.arg(script("tus-js-client.mjs")).args([library, &url, &token]).arg(&file).args([&chunk, parallel]);
                node
            }
        };
        let client = command.stdout(Stdio::piped()).spawn().unwrap();
        self.kill_soon().await;
        let done = tokio::task::spawn_blocking(|| client.wait_with_output().unwrap()).await.unwrap();
        assert!(done.status.success(), "client {number}");
        let id = String::from_utf8(done.stdout).unwrap().trim().to_owned();
        self.must_be_the_same(&id, &hash).await;
    }

    /// One file by Uppy on this page; the server is killed while it is on its way.
    async fn upload_by_uppy(&mut self, desk: &Browser) {
        let (file, hash) = self.source();
        let chunk = 100_000 + self.up_to(700_000);
        desk.run("document.body.innerHTML = '<input type=file id=source>'; window.told = null").await;
        desk.choose("#source", &file).await;
        desk.run(&UPPY.replace("CHUNK", &chunk.to_string())).await;
        self.kill_soon().await;
        let began = Instant::now();
        let told = loop {
            let told = desk.run("return window.told").await;
            if told.is_object() {
                break told;
            }
            assert!(began.elapsed() < Duration::from_secs(120), "Uppy never came through");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let url = told["url"].as_str().unwrap_or_else(|| panic!("{told}"));
        self.must_be_the_same(url.rsplit('/').next().unwrap(), &hash).await;
    }

    /// SIGKILL at a moment nobody chose, and another server on the same folder.
    async fn kill_soon(&mut self) {
        tokio::time::sleep(Duration::from_millis(200 + self.up_to(500))).await;
        self.server.take().unwrap().kill();
        let server = Process::serve(&self.city.data);
        self.line.lead_to(&server.url);
        self.city.url = server.url.clone();
        self.server = Some(server);
        self.kills += 1;
    }

    async fn must_be_the_same(&mut self, id: &str, hash: &str) {
        let trainer = self.city.stranger().holding(&self.token);
        let status = trainer.uploaded(id).await;
        assert_eq!((status["state"].as_str(), status["sha256"].as_str()), (Some("complete"), Some(hash)), "{id}");
        // What a client announced and never heard the answer of would be too much for one account in the end.
        upload::Entity::delete_many().exec(&self.city.db.write).await.unwrap();
    }

    /// A file of bytes no earlier run had, 1 to 6 million; and its hash.
    fn source(&mut self) -> (PathBuf, String) {
        let length = usize::try_from(1_000_000 + self.up_to(5_000_000)).unwrap();
        let bytes: Vec<u8> =
            std::iter::repeat_with(|| self.random.draw().to_le_bytes()).flatten().take(length).collect();
        let file = self.city.data.join("source.bin");
        std::fs::write(&file, &bytes).unwrap();
        self.sent += length;
        (file, sha256(&bytes))
    }

    fn tell(&self, uploads: usize) {
        let (kills, cuts, sent) = (self.kills, self.line.cuts(), self.sent / 1_000_000);
        println!(
            "{uploads} uploads, {sent} MB: {kills} kills of the server, {cuts} cut connections, every file the same"
        );
    }
}

/// How often, when a person asks.
fn times(otherwise: usize) -> usize {
    std::env::var("TEST_CUTS").ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread")]
async fn tuspy_uploads_the_same_bytes_over_a_bad_line_to_a_server_that_is_killed() {
    if tests::city::on_postgres() || !has_tuspy() {
        return; // the process under test opens its own SQLite file
    }
    let mut scene = Scene::new(20_261_129).await;
    for number in 0..3 {
        scene.upload(number, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tus-js-client from npm and some minutes: see the head of this file"]
async fn uploads_of_outside_clients_arrive_byte_for_byte_however_often_they_are_cut() {
    let (library, times) = (std::env::var("TEST_TUS_JS").unwrap(), times(50));
    assert!(has_tuspy());
    let mut scene = Scene::new(50).await;
    for number in 0..times {
        scene.upload(number, Some(&library)).await;
    }
    scene.tell(times);
}

/// Uppy's bundle gives its name to the page; a file goes up and what became of it is kept in `told`.
const UPPY: &str = "
    const uppy = new Uppy.Uppy().use(Uppy.Tus, { endpoint: '/uploads', chunkSize: CHUNK, retryDelays: Array(400).fill(50) });
    const data = document.querySelector('#source').files[0];
    uppy.addFile({ name: '育秧.bin', type: 'application/octet-stream', data });
    uppy.upload().then(({ successful, failed }) => {
        window.told = { url: successful[0]?.uploadURL ?? null, failed: failed.map((file) => String(file.error)) };
    });";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Uppy from npm: see the head of this file"]
async fn browser_uppy_is_one_of_the_outside_clients() {
    let library = Path::new(&std::env::var("TEST_TUS_JS").unwrap()).join("node_modules/uppy/dist/uppy.min.js");
    let (library, times) = (std::fs::read_to_string(library).unwrap(), times(5));
    let mut scene = Scene::new(77).await;
    let Some(desk) = Browser::open(&scene.line.url, 1280, 900).await else { return };
    desk.ignore_content_policy().await;
    desk.sign_in("trainer").await;
    desk.goto("/check").await;
    desk.run(&library).await;
    for _ in 0..times {
        scene.upload_by_uppy(&desk).await;
    }
    scene.tell(times);
    desk.close().await;
}
