//! Whether a slow disk stalls anybody but those who wait for it, and what a reader costs who takes nothing.
//!
//! The disk is made slow for the server alone, by a limit of its control group on reading (root and cgroup v1 only),
//! after half of the blob was dropped from memory.

use super::ranges::range_within;
use super::subject::{BLOB, Subject};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;
use tests::load::{Outcome, resident};

/// Streams that wait for the disk.
const HELD: usize = 100;
/// Bytes a second that the disk gives then.
const TRICKLE: u64 = 512 * 1024;
/// Streams whose reader takes nothing.
const IDLE: usize = 2_000;

/// Print the latencies of warm ranges without and with streams that wait for a slow disk.
pub fn compare(subject: &Subject) {
    let path = format!("/media/{}", subject.blob);
    let warm = || {
        subject.load(Duration::from_secs(3), 206, &|connection, number| {
            range_within(subject, &path, 64 << 10, BLOB / 2, connection, number)
        })
    };
    println!("\ncold: 64 KiB ranges of the warm half of a blob, 32 connections");
    print("disk at rest", &warm());
    let Some(_slow) = SlowDisk::under(subject) else {
        println!("cold: needs root and a blkio control group; not measured");
        return;
    };
    let held: Vec<TcpStream> = (0..HELD)
        .map(|n| {
            let from = BLOB / 2 + n * (BLOB / 2 / HELD);
            let mut head = subject.get(&path);
            head.truncate(head.len() - 2);
            head.extend(format!("Range: bytes={from}-{}\r\n\r\n", from + (1 << 20) - 1).into_bytes());
            let mut socket = TcpStream::connect(subject.address).unwrap();
            socket.write_all(&head).unwrap();
            socket
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    print(&format!("{HELD} wait for a disk of {} KB/s", TRICKLE / 1000), &warm());
    drop(held);
}

/// Print the memory that an open stream costs whose reader takes nothing.
pub fn memory(subject: &Subject) {
    let before = resident(subject.pid());
    let idle: Vec<TcpStream> = (0..IDLE)
        .map(|_| {
            let mut socket = TcpStream::connect(subject.address).unwrap();
            socket.write_all(&subject.get(&format!("/media/{}", subject.blob))).unwrap();
            socket.read_exact(&mut [0; 12]).unwrap();
            socket
        })
        .collect();
    std::thread::sleep(Duration::from_secs(2));
    let after = resident(subject.pid());
    let each = after.saturating_sub(before) as f64 / IDLE as f64 / 1024.0;
    println!("\nmemory: {each:.1} KiB resident for each of {IDLE} open streams whose reader takes nothing");
    drop(idle);
}

fn print(what: &str, seen: &Outcome) {
    println!(
        "{what:>34}  {:>7.0}/s  p50 {:>6.2} ms  p99 {:>6.2} ms  bad {}",
        seen.rate(),
        seen.quantile_ms(0.5),
        seen.quantile_ms(0.99),
        seen.bad
    );
}

/// The server's disk, slowed until this is dropped.
struct SlowDisk {
    group: PathBuf,
    pid: u32,
}

impl SlowDisk {
    fn under(subject: &Subject) -> Option<Self> {
        let shelf = subject.city.data.join("media").join(&subject.blob[..2]).join(&subject.blob);
        let file = File::open(shelf).ok()?;
        file.sync_all().ok()?;
        let half = i64::try_from(BLOB / 2).ok()?;
        forget(&file, half);
        let device = file.metadata().ok()?.dev();
        let group = PathBuf::from("/sys/fs/cgroup/blkio/bench");
        fs::create_dir_all(&group).ok()?;
        let limit = format!("{}:{} {TRICKLE}", libc::major(device), libc::minor(device));
        fs::write(group.join("blkio.throttle.read_bps_device"), limit).ok()?;
        fs::write(group.join("cgroup.procs"), subject.pid().to_string()).ok()?;
        Some(Self { group, pid: subject.pid() })
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        let _ = fs::write("/sys/fs/cgroup/blkio/cgroup.procs", self.pid.to_string());
        let _ = fs::remove_dir(&self.group);
    }
}

/// Drop a file's bytes from `offset` on from the page cache.
#[expect(unsafe_code, reason = "posix_fadvise has no safe wrapper here")]
fn forget(file: &File, offset: i64) {
    // SAFETY: the call takes an open file and numbers, and writes to no memory of ours.
    unsafe { libc::posix_fadvise(file.as_raw_fd(), offset, 0, libc::POSIX_FADV_DONTNEED) };
}
