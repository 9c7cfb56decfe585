//! A large catalog: how fast its index is built, how big it is, how soon a server finds in it, how fast and in how much
//! memory; beside SQLite's FTS5 over jieba's words of the same texts.

use super::corpus::{Corpus, TRANSCRIPT};
use entity::{lesson, outbox};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    QueryFilter, Statement, TransactionTrait, Value,
};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tests::city::City;
use tests::client::Client;
use tests::judged::JudgedSet;
use tests::load::{Load, own_memory, resident};
use tests::process::{self, Process};

/// Lessons of one insert.
const CHUNK: usize = 500;
/// Pages asked of each query, each of another size, so that no answer is a remembered one.
const PASSES: usize = 4;

/// Measure catalogs of these sizes with the queries of a judged set.
pub async fn measure(sizes: &[usize], folder: Option<&str>) {
    let set = folder.map_or_else(JudgedSet::own, |folder| JudgedSet::of(Path::new(folder)));
    let queries: Vec<String> = set.queries.iter().map(|query| query.q.clone()).collect();
    for size in sizes {
        catalog(*size, &queries).await;
    }
}

async fn catalog(size: usize, queries: &[String]) {
    let mut city = City::without_server().await;
    let texts = fill(&mut city, size).await;
    println!(
        "\n{size} lessons with transcripts of {TRANSCRIPT} characters, {:.0} MB of text, {} queries",
        megabytes(texts.bytes),
        queries.len()
    );
    let index = city.data.join("index");
    let began = Instant::now();
    let built = process::command(&city.data, &["reindex"]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let took = began.elapsed().as_secs_f64();
    println!(
        "  index     {:>7.0} lessons/s built, {:.2} x the text",
        size as f64 / took,
        folder_bytes(&index) as f64 / texts.bytes as f64
    );
    let began = Instant::now();
    let server = Process::serve(&city.data);
    let ready = began.elapsed();
    city.url = server.url.clone();
    let trainer = city.client("trainer").await;
    trainer.get(&path(&queries[0], 10)).await.must(200);
    println!(
        "  start     {:>7.0} ms to the first answer of any kind, {:.0} ms to the first search, with a sign-in between",
        ready.as_secs_f64() * 1e3,
        began.elapsed().as_secs_f64() * 1e3
    );
    ask(&server, &trainer, queries);
    withdraw(&city, &trainer, &texts.rows[size / 2][0]).await;
    println!(
        "  memory    {:>7.0} MB resident after that, {:.0} MB of it its own, the rest pages of the index",
        megabytes(resident(server.id())),
        megabytes(own_memory(server.id()))
    );
    drop(server);
    if size >= 100_000 {
        beside(&texts.rows, queries).await;
    }
}

struct Texts {
    bytes: u64,
    /// Title, tags, lecturer, summary, transcript of each lesson, for the peer.
    rows: Vec<[String; 5]>,
}

async fn fill(city: &mut City, size: usize) -> Texts {
    let corpus = Corpus::new(Vec::new());
    let units = [city.units["桂岭市"], city.units["东江县"]];
    let course = city.course(units[0]).await;
    let mut texts = Texts { bytes: 0, rows: Vec::new() };
    let numbers: Vec<usize> = (0..size).collect();
    for some in numbers.chunks(CHUNK) {
        let rows: Vec<lesson::ActiveModel> = some.iter().map(|number| corpus.lesson(*number, course, &units)).collect();
        for row in &rows {
            let text = |value: &ActiveValue<String>| value.clone().unwrap();
            let zones = [&row.title, &row.tags, &row.lecturer, &row.summary, &row.body].map(text);
            texts.bytes += zones.iter().map(|zone| zone.len() as u64).sum::<u64>();
            texts.rows.push(zones);
        }
        lesson::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
    }
    texts
}

fn ask(server: &Process, trainer: &Client, queries: &[String]) {
    let address: SocketAddr = server.url.trim_start_matches("http://").parse().unwrap();
    let token = trainer.token.as_deref().unwrap_or_default();
    let get = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
    };
    let load = |connections, lasting, request: &(dyn Fn(usize, u64) -> Vec<u8> + Sync)| {
        Load { address, connections, lasting, pids: &[server.id()], request, expect: 200 }.run()
    };
    let mut micros = Vec::new();
    // One client, every query once and not again at the same size.
    let mut socket = OneClient::to(address);
    for pass in 0..PASSES {
        for query in queries {
            let began = Instant::now();
            socket.ask(&get(&path(query, 10 + pass)));
            micros.push(began.elapsed().as_micros());
        }
    }
    println!("  1 client  {}", quantiles(micros));
    suggest(&mut socket, queries, &get);
    let healthz = load(32, Duration::from_secs(3), &|_, _| get("/healthz"));
    // Pages of sizes that were not asked yet, one after the other: hardly any of them is remembered.
    let fresh = load(32, Duration::from_secs(6), &|connection, number| {
        let turn = connection * 7919 + number as usize;
        get(&path(&queries[turn % queries.len()], 14 + turn / queries.len() % 10))
    });
    let same = load(32, Duration::from_secs(3), &|connection, number| {
        get(&path(&queries[(connection + number as usize) % queries.len().min(100)], 10))
    });
    println!(
        "  32 clients{:>7.0}/s each asked anew, {:.3} of /healthz ({:.0}/s), p99 {:.0} ms, bad {}; {:.0}/s, {:.2}, when all ask the same",
        fresh.rate(),
        fresh.rate() / healthz.rate(),
        healthz.rate(),
        fresh.quantile_ms(0.99),
        fresh.bad,
        same.rate(),
        same.rate() / healthz.rate()
    );
}

/// How long a lesson is still found after it has been withdrawn.
async fn withdraw(city: &City, trainer: &Client, title: &str) {
    let found =
        lesson::Entity::find().filter(lesson::Column::Title.eq(title)).one(&city.db.read).await.unwrap().unwrap();
    let (slug, query) = (found.slug.clone(), path(title, 50));
    let mut row = found.into_active_model();
    row.state = ActiveValue::Set(entity::LessonState::Withdrawn);
    let row = row.update(&city.db.write).await.unwrap();
    let mark = outbox::ActiveModel {
        lesson_id: ActiveValue::Set(row.id),
        at: ActiveValue::Set(entity::Moment::now()),
        ..Default::default()
    };
    mark.insert(&city.db.write).await.unwrap();
    let began = Instant::now();
    loop {
        let answer = trainer.get(&query).await.must(200).json();
        if !answer["hits"].as_array().unwrap().iter().any(|hit| hit["slug"] == slug.as_str()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("  withdrawn {:>7.0} ms until it is no longer found", began.elapsed().as_secs_f64() * 1e3);
}

/// What is offered while each query is typed, character by character.
fn suggest(socket: &mut OneClient, queries: &[String], get: &dyn Fn(&str) -> Vec<u8>) {
    let mut micros = Vec::new();
    for query in queries {
        let ends = query.char_indices().map(|(at, c)| at + c.len_utf8()).take(8);
        for end in ends {
            let request = get(&format!("/api/v1/suggest?q={}", percent(&query[..end])));
            let began = Instant::now();
            socket.ask(&request);
            micros.push(began.elapsed().as_micros());
        }
    }
    println!("  suggest   {}", quantiles(micros));
}

fn quantiles(mut micros: Vec<u128>) -> String {
    micros.sort_unstable();
    let at = |share: f64| micros[(micros.len() as f64 * share) as usize] as f64 / 1e3;
    format!("{:>7.1} ms p50, {:.1} ms p99, {:.1} ms at most", at(0.5), at(0.99), at(0.999_999))
}

/// SQLite's FTS5 on the same texts: any of the query's words, best ten by bm25, as in the table of relevance.
async fn beside(rows: &[[String; 5]], queries: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fts.db");
    let db = sea_orm::Database::connect(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap();
    let jieba = jieba_rs::Jieba::new();
    let words = |text: &str| -> Vec<String> {
        let words = jieba.cut_for_search(text, false).into_iter().map(|token| token.word.to_owned());
        words.filter(|word| word.chars().any(char::is_alphanumeric)).collect()
    };
    let began = Instant::now();
    build(&db, rows, |text| words(text).join(" ")).await;
    let rate = rows.len() as f64 / began.elapsed().as_secs_f64();
    let bytes: usize = rows.iter().flatten().map(String::len).sum();
    let mut micros = Vec::new();
    for query in queries {
        let any: Vec<String> = words(query).iter().map(|word| format!("\"{word}\"")).collect();
        let began = Instant::now();
        let sql = "SELECT rowid FROM t WHERE t MATCH ? ORDER BY bm25(t, 5, 3, 4, 2, 1) LIMIT 10";
        let select = Statement::from_sql_and_values(db.get_database_backend(), sql, [Value::from(any.join(" OR "))]);
        let _ = db.query_all_raw(select).await; // a query of no word is an error there
        micros.push(began.elapsed().as_micros());
    }
    println!(
        "  FTS5      {rate:>7.0} lessons/s built, {:.2} x the text with the words kept,{}, no HTTP",
        std::fs::metadata(&file).unwrap().len() as f64 / bytes as f64,
        quantiles(micros)
    );
}

async fn build(db: &DatabaseConnection, rows: &[[String; 5]], cut: impl Fn(&str) -> String) {
    db.execute_unprepared("CREATE VIRTUAL TABLE t USING fts5(title, tags, lecturer, summary, body)").await.unwrap();
    for some in rows.chunks(10_000) {
        let txn = db.begin().await.unwrap();
        for row in some {
            let values = row.iter().map(|zone| Value::from(cut(zone)));
            let sql = "INSERT INTO t VALUES (?, ?, ?, ?, ?)";
            txn.execute_raw(Statement::from_sql_and_values(txn.get_database_backend(), sql, values)).await.unwrap();
        }
        txn.commit().await.unwrap();
    }
}

/// One connection, one question at a time.
struct OneClient(std::io::BufReader<std::net::TcpStream>);

impl OneClient {
    fn to(address: SocketAddr) -> Self {
        let socket = std::net::TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        Self(std::io::BufReader::new(socket))
    }

    fn ask(&mut self, request: &[u8]) {
        use std::io::{BufRead, Read, Write};
        self.0.get_mut().write_all(request).unwrap();
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            assert!(self.0.read_line(&mut line).unwrap() > 0);
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        self.0.read_exact(&mut vec![0; length]).unwrap();
    }
}

fn path(query: &str, size: usize) -> String {
    format!("/api/v1/search?q={}&size={size}", percent(query))
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => folder_bytes(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
