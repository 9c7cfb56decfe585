//! Outside clients of tus over a line that is cut at random, to a server that is killed in the middle: every file is
//! the same at the end.
//!
//! tuspy is a package of Debian and stands in every run. All fifty runs, with tus-js-client as well:
//! `npm install --prefix target/tus-clients tus-js-client && TEST_TUS_JS=$PWD/target/tus-clients cargo test --workspace --test journeys fifty_uploads -- --ignored`.

use entity::upload;
use sea_orm::EntityTrait;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::city::sha256;
use tests::cutter::{Line, random};
use tests::{City, Process};

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
    seed: u64,
}

impl Scene {
    async fn new(seed: u64) -> Self {
        let mut city = City::without_server().await;
        let server = Process::serve(&city.data);
        city.url = server.url.clone();
        let token = city.client("trainer").await.token.unwrap();
        let line = Line::open(seed, 20_000, 900_000).await;
        line.lead_to(&server.url);
        Self { city, line, server: Some(server), token, seed }
    }

    fn up_to(&mut self, most: u64) -> u64 {
        random(&mut self.seed) % most
    }

    /// One file by the client of this number; the server is killed while it is on its way.
    async fn upload(&mut self, number: usize, library: Option<&str>) {
        let bytes = self.bytes();
        let file = self.city.data.join("source.bin");
        std::fs::write(&file, &bytes).unwrap();
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
        tokio::time::sleep(Duration::from_millis(200 + self.up_to(500))).await;
        self.server.take().unwrap().kill();
        let server = Process::serve(&self.city.data);
        self.line.lead_to(&server.url);
        self.city.url = server.url.clone();
        self.server = Some(server);
        let done = tokio::task::spawn_blocking(|| client.wait_with_output().unwrap()).await.unwrap();
        assert!(done.status.success(), "client {number}");
        let id = String::from_utf8(done.stdout).unwrap().trim().to_owned();
        let trainer = self.city.stranger().holding(&self.token);
        let status = trainer.uploaded(&id).await;
        assert_eq!(
            (status["state"].as_str(), status["sha256"].as_str()),
            (Some("complete"), Some(&*sha256(&bytes))),
            "{number}"
        );
        // What a client announced and never heard the answer of would be too much for one account in the end.
        upload::Entity::delete_many().exec(&self.city.db.write).await.unwrap();
    }

    /// Bytes no earlier run had, 1 to 6 million.
    fn bytes(&mut self) -> Vec<u8> {
        let length = usize::try_from(1_000_000 + self.up_to(5_000_000)).unwrap();
        std::iter::repeat_with(|| random(&mut self.seed).to_le_bytes()).flatten().take(length).collect()
    }
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
async fn fifty_uploads_of_two_outside_clients_arrive_byte_for_byte() {
    let library = std::env::var("TEST_TUS_JS").unwrap();
    assert!(has_tuspy());
    let mut scene = Scene::new(50).await;
    for number in 0..50 {
        scene.upload(number, Some(&library)).await;
    }
}
