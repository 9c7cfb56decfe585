//! The archive of a whole city over years: how fast a record, an assessment and an export are, and in how much memory.
//!
//! Measures the real server over HTTP, on SQLite or on the PostgreSQL that `TEST_POSTGRES` names, and prints each
//! figure beside its target.

use secrecy::ExposeSecret;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tests::city::{City, on_postgres};
use tests::client::Client;
use tests::load::resident;
use tests::process::{self, Process};

mod generate;

/// How much of everything.
pub struct Scale {
    /// People on the roster.
    pub people: usize,
    /// Of these, village cadres.
    pub cadres: usize,
    /// Years of 365 days up to today.
    pub years: usize,
    /// Entries of the ledger.
    pub entries: usize,
}

/// How many records are read.
const RECORDS: usize = 200;

impl Scale {
    /// The city of the domain, or what the words say in its place.
    pub fn of<'a>(after: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |option, default| after(option).and_then(|text| text.parse().ok()).unwrap_or(default);
        let people: usize = number("--people", 65_000);
        let cadres = (people * 8_898 / 65_000).max(100);
        Self { people, cadres, years: number("--years", 3), entries: number("--entries", 3_000_000) }
    }
}

/// Make the city and measure it.
pub async fn measure(scale: &Scale) {
    let mut city = City::without_server().await;
    let began = Instant::now();
    let made = generate::fill(&mut city, scale).await;
    println!(
        "\n{} people, {} cadres, {} years, {} entries on {}, made in {:.0} s",
        scale.people,
        scale.cadres,
        scale.years,
        scale.entries,
        if on_postgres() { "PostgreSQL" } else { "SQLite" },
        began.elapsed().as_secs_f64()
    );
    let url = city.config.database_url.as_ref().map(|url| url.expose_secret().to_owned());
    let mut settings = vec![("YUANJIAO_PREPARE_WORKERS", "0")];
    settings.extend(url.as_deref().map(|url| ("YUANJIAO_DATABASE_URL", url)));
    let server = Process::serve_with(&city.data, &settings);
    city.url = server.url.clone();
    let office = city.client("city-admin").await;
    records(&office, &made).await;
    assessments(&office, &made, &server).await;
    exports(&office, &made, &server).await;
    seal(&city, &made, &server).await;
    drop(server);
    proof(&city, &settings);
}

async fn records(office: &Client, made: &generate::Made) {
    let step = (made.people.len() / RECORDS).max(1);
    let mut micros = Vec::new();
    for person in made.people.iter().step_by(step).take(RECORDS) {
        let began = Instant::now();
        office.get(&format!("/api/v1/people/{person}/archive?year={}", made.year)).await.must(200);
        micros.push(began.elapsed().as_micros());
    }
    micros.sort_unstable();
    let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize] as f64 / 1e3;
    line("a person's record, half of them", &format!("{:.1} ms", at(0.5)), "< 20 ms");
    line("a person's record, 99 in 100", &format!("{:.1} ms", at(0.99)), "");
}

async fn assessments(office: &Client, made: &generate::Made, server: &Process) {
    let (county, year) = (made.county, made.year);
    for (what, path, target) in [
        ("a county's assessment", format!("/api/v1/reports/assessment.json?unit={county}&year={year}"), "< 1 s"),
        ("a county at a glance", format!("/office?unit={county}&year={year}"), "< 1 s"),
        ("the city's assessment", format!("/api/v1/reports/assessment.json?year={year}"), "< 5 s"),
        ("the city at a glance", format!("/office?year={year}"), "< 5 s"),
    ] {
        let taken = take(office, server, &path).await;
        line(what, &format!("{:.2} s, {:.0} MB over idle", taken.seconds, taken.over_idle), target);
    }
}

async fn exports(office: &Client, made: &generate::Made, server: &Process) {
    let year = made.year;
    let whole = take(office, server, &format!("/api/v1/reports/attendance.csv?year={year}")).await;
    let rows = whole.lines.saturating_sub(8);
    line(
        &format!("a year's attendance of the city as CSV, {rows} rows"),
        &format!("{:.0} rows/s", rows as f64 / whole.seconds),
        ">= 150000 rows/s",
    );
    line("  its memory over idle", &format!("{:.0} MB", whole.over_idle), "< 100 MB");
    let days = (365 * 100_000 / rows.max(1)).clamp(1, 365) as u64;
    let from = made.last_day - chrono::Days::new(days);
    let path = format!("/api/v1/reports/attendance.xlsx?from={from}&to={}", made.last_day);
    let book = take(office, server, &path).await;
    line(
        &format!("{days} days of it as XLSX, about {} rows", rows * days / 365),
        &format!("{:.1} s", book.seconds),
        "< 15 s",
    );
    line("  its memory over idle", &format!("{:.0} MB", book.over_idle), "< 300 MB");
}

/// The city's year is sealed, while its progress is asked for as the page does.
async fn seal(city: &City, made: &generate::Made, server: &Process) {
    let assessor = city.client("city-office").await;
    let (began, idle, mut looks, mut slowest) = (Instant::now(), resident(server.id()), 0, Duration::ZERO);
    let seals = format!("/api/v1/units/{}/seals", city.units["桂岭市"]);
    let begun = assessor.post(&seals, json!({"year": made.year})).await.must(202).json();
    let (mut seal, mut most) = (begun, idle);
    while seal["state"] == "sealing" {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let asked = Instant::now();
        seal = assessor.get(&format!("/api/v1/seals/{}", seal["id"])).await.must(200).json();
        (looks, slowest, most) = (looks + 1, slowest.max(asked.elapsed()), most.max(resident(server.id())));
    }
    let seconds = began.elapsed().as_secs_f64();
    line(&format!("the city's year sealed, {} records", seal["people"]), &format!("{seconds:.0} s"), "< 120 s");
    let slowest = slowest.as_secs_f64();
    line(&format!("  {looks} looks at its progress, the slowest"), &format!("{slowest:.2} s"), "");
    line("  its memory over idle", &format!("{:.0} MB", most.saturating_sub(idle) as f64 / 1e6), "");
}

/// What came of one long answer.
struct Taken {
    seconds: f64,
    lines: u64,
    /// The most resident memory above what there was before, in MB.
    over_idle: f64,
}

/// Read an answer to its end without keeping it, while somebody looks at the server's memory.
async fn take(client: &Client, server: &Process, path: &str) -> Taken {
    let (pid, idle, done) = (server.id(), resident(server.id()), Arc::new(AtomicBool::new(false)));
    let watched = done.clone();
    let watching = std::thread::spawn(move || {
        let mut most = idle;
        while !watched.load(Relaxed) {
            most = most.max(resident(pid));
            std::thread::sleep(Duration::from_millis(10));
        }
        most
    });
    let (began, mut lines) = (Instant::now(), 0);
    let mut answer = client.request(reqwest::Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    while let Some(piece) = answer.chunk().await.unwrap() {
        lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    let seconds = began.elapsed().as_secs_f64();
    done.store(true, Relaxed);
    Taken { seconds, lines, over_idle: (watching.join().unwrap() - idle) as f64 / 1e6 }
}

/// The whole ledger is recomputed from its beats and its chain is walked.
fn proof(city: &City, settings: &[(&str, &str)]) {
    let began = Instant::now();
    let mut verify = std::process::Command::new(process::binary());
    let told = verify.args(["verify", "--data"]).arg(&city.data).envs(settings.iter().copied()).output().unwrap();
    assert!(
        told.status.success(),
        "{}{}",
        String::from_utf8_lossy(&told.stdout),
        String::from_utf8_lossy(&told.stderr)
    );
    line("the whole ledger verified", &format!("{:.0} s", began.elapsed().as_secs_f64()), "");
}

fn line(what: &str, figure: &str, target: &str) {
    println!("  {what:<60} {figure:>30}   {target}");
}
