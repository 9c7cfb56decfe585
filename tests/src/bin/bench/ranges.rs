//! Random byte ranges, with authorisation on, against stock nginx with sendfile on the same file.

use super::subject::{BLOB, Subject};
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use tests::load::{Load, Outcome};

const RUNS: usize = 5;

/// Alternate between the two servers and print the medians of the ratios.
pub fn compare(subject: &Subject) {
    let Some(nginx) = Nginx::start(subject) else {
        println!("ranges: nginx did not start");
        return;
    };
    println!("\nranges: 32 connections, {BLOB} byte blob, median of {RUNS} alternating runs of 2 s");
    println!(
        "{:>9} {:>12} {:>12} {:>11} {:>12} {:>12} {:>9} {:>5}",
        "range", "ours MB/s", "nginx MB/s", "throughput", "ours cpu/GB", "nginx cpu/GB", "cpu", "bad"
    );
    for size in [64 << 10, 1 << 20, 8 << 20] {
        let mut rows: Vec<(Outcome, Outcome)> = Vec::new();
        for _ in 0..RUNS {
            let ours = subject.load(Duration::from_secs(2), 206, &|c, n| {
                range(subject, &format!("/media/{}", subject.blob), size, c, n)
            });
            rows.push((ours, nginx.load(subject, size)));
        }
        let median = |of: &dyn Fn(&(Outcome, Outcome)) -> f64| {
            let mut values: Vec<f64> = rows.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        println!(
            "{:>9} {:>12.0} {:>12.0} {:>10.2}x {:>12.3} {:>12.3} {:>8.2}x {:>5}",
            format!("{} KiB", size >> 10),
            median(&|(ours, _)| ours.megabytes_s()),
            median(&|(_, peer)| peer.megabytes_s()),
            median(&|(ours, peer)| ours.megabytes_s() / peer.megabytes_s()),
            median(&|(ours, _)| ours.cpu_per_gb()),
            median(&|(_, peer)| peer.cpu_per_gb()),
            median(&|(ours, peer)| ours.cpu_per_gb() / peer.cpu_per_gb()),
            rows.iter().map(|(ours, peer)| ours.bad + peer.bad).sum::<u64>(),
        );
    }
}

fn range(subject: &Subject, path: &str, size: usize, connection: usize, number: u64) -> Vec<u8> {
    range_within(subject, path, size, BLOB, connection, number)
}

/// A request for `size` bytes somewhere in the first `within` of a blob: others for each connection and number.
pub fn range_within(
    subject: &Subject,
    path: &str,
    size: usize,
    within: usize,
    connection: usize,
    number: u64,
) -> Vec<u8> {
    let mixed =
        (connection as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number.wrapping_mul(0xD134_2543_DE82_EF95);
    let from = (mixed ^ (mixed >> 29)) % (within - size + 1) as u64;
    let mut head = subject.get(path);
    head.truncate(head.len() - 2);
    head.extend(format!("Range: bytes={from}-{}\r\n\r\n", from + size as u64 - 1).into_bytes());
    head
}

/// A stock nginx on the same blob.
struct Nginx {
    folder: tempfile::TempDir,
    address: SocketAddr,
    pids: Vec<u32>,
}

impl Nginx {
    fn start(subject: &Subject) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let settings = format!(
            "worker_processes 2; pid nginx.pid; error_log nginx.err; user root;\n\
             events {{ worker_connections 16384; }}\n\
             http {{ access_log off; sendfile on; keepalive_requests 1000000; open_file_cache max=1000;\n\
             server {{ listen 127.0.0.1:{port}; root www; }} }}\n"
        );
        fs::write(folder.path().join("nginx.conf"), settings).ok()?;
        fs::create_dir(folder.path().join("www")).ok()?;
        let shelf = subject.city.data.join("media").join(&subject.blob[..2]).join(&subject.blob);
        fs::hard_link(shelf, folder.path().join("www/blob.mp4")).ok()?;
        Command::new("nginx").arg("-p").arg(folder.path()).args(["-c", "nginx.conf"]).status().ok()?;
        std::thread::sleep(Duration::from_millis(300));
        let master = fs::read_to_string(folder.path().join("nginx.pid")).ok()?;
        let workers = Command::new("pgrep").args(["-P", master.trim()]).output().ok()?;
        let pids = String::from_utf8_lossy(&workers.stdout).lines().filter_map(|pid| pid.parse().ok()).collect();
        Some(Self { folder, address: SocketAddr::from(([127, 0, 0, 1], port)), pids })
    }

    fn load(&self, subject: &Subject, size: usize) -> Outcome {
        let request = |connection, number| range(subject, "/blob.mp4", size, connection, number);
        let lasting = Duration::from_secs(2);
        Load { address: self.address, connections: 32, lasting, pids: &self.pids, request: &request, expect: 206 }.run()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ =
            Command::new("nginx").arg("-p").arg(self.folder.path()).args(["-c", "nginx.conf", "-s", "stop"]).status();
    }
}
