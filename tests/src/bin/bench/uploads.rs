//! What a large upload costs: throughput on loopback beside a plain copy that is hashed, in the same minute, and the memory
//! of the server while it takes the file.
//!
//! The file is made up while it is sent, so that one of 20 GB needs no room but the server's own; what is copied is a file
//! of at most 2 GB.

use sha2::{Digest, Sha256};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tests::city::{City, pseudo_random};
use tests::client::Client;
use tests::load::{own_memory, resident};

/// The length of a file unless another is asked for, and of the copy beside it at most.
pub const USUAL: u64 = 2_000_000_000;
/// Bytes that are made and sent at once.
const PIECE: usize = 1 << 20;
/// The server may hash a file of 20 GB for so long.
const PATIENCE: Duration = Duration::from_secs(900);

/// Print throughput and memory of uploads of this length, and a copy beside each.
pub async fn measure(length: u64) {
    let mut city = City::without_server().await;
    let process = city.process(&[]);
    city.url = process.url.clone();
    let trainer = city.client("trainer").await;
    trainer.get("/studio/uploads").await.must(200);
    let idle = Memory::of(process.id());
    let rounds = if length <= USUAL { 3 } else { 1 };
    println!("\nuploads of {:.1} GB; idle {idle}", length as f64 / 1e9);
    let mut ratios = Vec::new();
    for salt in 1..=rounds {
        let peak = Peak::watch(process.id());
        let sent = send(&city, &trainer, length, salt).await;
        let peak = peak.most();
        let copied = copy(&city.data, length.min(USUAL), salt);
        println!(
            "round {salt}: {:.0} MB/s until the last byte is acknowledged, {:.0} MB/s until it is hashed and in its place; \
             copy, sync and sha256sum {copied:.0} MB/s; over idle {}",
            sent.acknowledged,
            sent.whole,
            peak.over(&idle)
        );
        ratios.push(sent.whole / copied);
    }
    ratios.sort_by(f64::total_cmp);
    println!("ratio to the copy, median of {rounds}: {:.2}", ratios[ratios.len() / 2]);
}

/// Megabytes a second, up to two moments.
struct Sent {
    acknowledged: f64,
    whole: f64,
}

async fn send(city: &City, trainer: &Client, length: u64, salt: u64) -> Sent {
    let (upload, began) = (trainer.begin_upload_of(length).await, Instant::now());
    let (address, token) = (city.url.trim_start_matches("http://").parse().unwrap(), trainer.token.clone().unwrap());
    let path = format!("/uploads/{upload}");
    tokio::task::spawn_blocking(move || patch(address, &path, &token, length, salt).unwrap()).await.unwrap();
    let acknowledged = length as f64 / 1e6 / began.elapsed().as_secs_f64();
    let status = loop {
        let status = trainer.get(&format!("/api/v1/uploads/{upload}")).await.must(200).json();
        if status["state"] == "complete" {
            break status;
        }
        assert!(status["state"] != "failed" && began.elapsed() < PATIENCE, "{status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let whole = length as f64 / 1e6 / began.elapsed().as_secs_f64();
    let hash = tokio::task::spawn_blocking(move || hash(length, salt)).await.unwrap();
    assert_eq!(status["sha256"].as_str(), Some(hash.as_str()), "another file than was sent");
    // The next round needs the room.
    std::fs::remove_file(city.data.join("media").join(&hash[..2]).join(&hash)).unwrap();
    Sent { acknowledged, whole }
}

/// The whole file in one request.
fn patch(address: SocketAddr, path: &str, token: &str, length: u64, salt: u64) -> io::Result<()> {
    let mut socket = TcpStream::connect(address)?;
    write!(
        socket,
        "PATCH {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    each_piece(length, salt, |piece| socket.write_all(piece))?;
    let mut said = String::new();
    BufReader::new(socket).read_line(&mut said)?;
    assert!(said.starts_with("HTTP/1.1 204"), "{said}");
    Ok(())
}

/// Bytes without a pattern, made up piece by piece: the same for the same salt, no two pieces alike.
fn each_piece(length: u64, salt: u64, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut piece = pseudo_random(PIECE);
    let mut left = length;
    while left > 0 {
        piece[..8].copy_from_slice(&(salt << 48 | left).to_le_bytes());
        let some = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        take(&piece[..some])?;
        left -= some as u64;
    }
    Ok(())
}

fn hash(length: u64, salt: u64) -> String {
    let mut digest = Sha256::new();
    each_piece(length, salt, |piece| {
        digest.update(piece);
        Ok(())
    })
    .unwrap();
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Copies a file on the same disk, to the disk, and hashes the copy: megabytes a second.
fn copy(data: &Path, length: u64, salt: u64) -> f64 {
    let (source, copy) = (data.join("source.bin"), data.join("copy.bin"));
    let mut file = std::fs::File::create(&source).unwrap();
    each_piece(length, salt, |piece| file.write_all(piece)).unwrap();
    file.sync_all().unwrap();
    let began = Instant::now();
    let script = "cp \"$0\" \"$1\" && sync \"$1\" && sha256sum \"$1\" >/dev/null";
    assert!(Command::new("sh").arg("-c").arg(script).arg(&source).arg(&copy).status().unwrap().success());
    let rate = length as f64 / 1e6 / began.elapsed().as_secs_f64();
    std::fs::remove_file(source).unwrap();
    std::fs::remove_file(copy).unwrap();
    rate
}

/// Resident memory in bytes: all of it, and what is the process's own.
#[derive(Clone, Copy, Default)]
struct Memory {
    all: u64,
    own: u64,
}

impl Memory {
    fn of(pid: u32) -> Self {
        Self { all: resident(pid), own: own_memory(pid) }
    }

    fn over(&self, idle: &Self) -> Self {
        Self { all: self.all.saturating_sub(idle.all), own: self.own.saturating_sub(idle.own) }
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} MB resident, {:.1} MB of it its own", self.all as f64 / 1e6, self.own as f64 / 1e6)
    }
}

/// The most memory a process had since somebody began to watch.
struct Peak {
    over: Arc<AtomicBool>,
    watcher: std::thread::JoinHandle<Memory>,
}

impl Peak {
    fn watch(pid: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let watcher = std::thread::spawn(move || {
            let mut most = Memory::default();
            while !until.load(Ordering::Relaxed) {
                let now = Memory::of(pid);
                most = Memory { all: most.all.max(now.all), own: most.own.max(now.own) };
                std::thread::sleep(Duration::from_millis(50));
            }
            most
        });
        Self { over, watcher }
    }

    fn most(self) -> Memory {
        self.over.store(true, Ordering::Relaxed);
        self.watcher.join().unwrap()
    }
}
