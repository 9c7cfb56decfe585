//! The server under measurement: the release binary on a small city with 10,000 lessons and a 256 MiB blob.

use entity::LessonState;
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::time::Duration;
use tests::city::{City, pseudo_random};
use tests::client::Client;
use tests::load::{Load, Outcome};
use tests::process::Process;

/// How many lessons the catalog holds.
pub const LESSONS: usize = 10_000;
/// The blob that ranges are asked of.
pub const BLOB: usize = 256 << 20;

/// The running server and who talks to it.
pub struct Subject {
    process: Process,
    /// Where it answers.
    pub address: SocketAddr,
    /// Signed in as the trainer.
    pub trainer: Client,
    /// The blob's hash.
    pub blob: String,
    /// The city in its database.
    pub city: City,
}

impl Subject {
    /// Seed a city and start the binary on it.
    pub async fn start() -> Self {
        let mut city = City::without_server().await;
        let blob = seed(&mut city).await;
        let database = city.config.database_url.as_ref().map(ExposeSecret::expose_secret);
        // What it would make of the media takes the processor from what is measured.
        let unprepared = ("YUANJIAO_PREPARE_WORKERS", "0");
        let settings: Vec<_> =
            database.map(|url| ("YUANJIAO_DATABASE_URL", url)).into_iter().chain([unprepared]).collect();
        let process = Process::serve_with(&city.data, &settings);
        city.url = process.url.clone();
        let address = city.url.trim_start_matches("http://").parse().unwrap();
        let trainer = city.client("trainer").await;
        Self { process, address, trainer, blob, city }
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ask this server with 32 connections.
    pub fn load(&self, lasting: Duration, expect: u16, request: &(dyn Fn(usize, u64) -> Vec<u8> + Sync)) -> Outcome {
        self.load_with(32, lasting, expect, request)
    }

    /// Ask this server with so many connections.
    pub fn load_with(
        &self,
        connections: usize,
        lasting: Duration,
        expect: u16,
        request: &(dyn Fn(usize, u64) -> Vec<u8> + Sync),
    ) -> Outcome {
        Load { address: self.address, connections, lasting, pids: &[self.pid()], request, expect }.run()
    }

    /// The ceiling: what this server answers a second when there is nothing to do.
    pub fn healthz(&self) -> Outcome {
        self.load(Duration::from_secs(3), 200, &|_, _| self.bare("/healthz"))
    }

    /// A request of nobody.
    pub fn bare(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).into_bytes()
    }

    /// The head of a request of the trainer.
    pub fn get(&self, path: &str) -> Vec<u8> {
        let token = self.trainer.token.as_deref().unwrap_or_default();
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n", self.address).into_bytes()
    }
}

async fn seed(city: &mut City) -> String {
    let unit = city.units["桂岭市"];
    let blob = city.blob(&pseudo_random(BLOB), "video/mp4", "bench.mp4", unit, Some(3_600_000)).await;
    let course = city.course(unit).await;
    let crops = ["沙糖桔", "水稻", "玉米", "木薯", "桑蚕", "罗汉果", "金桔", "生猪", "土鸡", "茶油"];
    let matters = ["病虫害防治", "育苗移栽", "水肥管理", "修剪整枝", "采收贮藏", "直播带货", "合同纠纷", "补贴申请"];
    let mut rows = Vec::new();
    for number in 0..LESSONS {
        let title = format!("{}{}第{number}讲", crops[number % crops.len()], matters[number / 7 % matters.len()]);
        rows.push(City::lesson_row(
            course,
            &format!("bench-{number}"),
            number,
            &title,
            Some((blob.clone(), 3_600_000)),
            unit,
            LessonState::Published,
        ));
    }
    city.insert_lessons(rows).await;
    blob
}
