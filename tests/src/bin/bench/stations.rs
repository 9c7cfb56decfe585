//! The evening of a city: thousands of rooms play on, and 938 stations press play within one minute.
//!
//! Every stream is read at the pace of its film, as a player with a full buffer reads. A second in which a stream did
//! not get its due is a stall, and the longest is printed.

use super::subject::{BLOB, Subject};
use std::io::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::load::{cpu_seconds, discard, in_sockets, resident};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Stations of the city, which all begin the evening lesson in the same minute.
const STATIONS: u64 = 938;
/// Streams that are open in the end, the stations among them.
const STREAMS: u64 = 7_698;
/// Bytes a second of one stream: 400 kbit/s, the rate of a 480-line film for a thin link.
const PACE: u64 = 50_000;
/// What the kernel takes in ahead of a player. On the machines of 7,698 rooms it may be more; here all of it comes out
/// of the memory that the kernel of one small machine has for sockets, the server's too.
const RECEIVE_BUFFER: u32 = 32 * 1024;
/// How long the stations take to press play, and how long everything goes on after it.
const MINUTE: Duration = Duration::from_secs(60);

/// What all streams together saw.
#[derive(Default)]
struct Seen {
    open: AtomicU64,
    bytes: AtomicU64,
    failed: AtomicU64,
    stalls: AtomicU64,
    longest_stall_ms: AtomicU64,
    first_bytes_ms: Mutex<Vec<u64>>,
}

/// Open the streams, let the stations begin, hold everything for a minute, and print what was seen.
pub async fn watch(subject: &Subject) {
    let (seen, began) = (Arc::new(Seen::default()), Instant::now());
    println!(
        "\nstations: {STREAMS} streams of {} kbit/s ({} MB/s together); {STATIONS} of them begin within one minute",
        PACE * 8 / 1000,
        STREAMS * PACE / 1_000_000
    );
    println!(
        "{:>6} {:>8} {:>10} {:>9} {:>8} {:>8} {:>12} {:>18}",
        "at s", "open", "MB/s", "cpu", "failed", "stalls", "resident MB", "kernel sockets MB"
    );
    let until = began + 3 * MINUTE;
    for number in 0..STREAMS {
        // The rooms that play already come in over the first minute, the stations over the second.
        let (place, of, from) = match number.checked_sub(STREAMS - STATIONS) {
            Some(station) => (station, STATIONS, began + MINUTE),
            None => (number, STREAMS - STATIONS, began),
        };
        let start = from + MINUTE.mul_f64(place as f64 / of as f64);
        let (seen, address, head) = (seen.clone(), subject.address, request(subject, number));
        tokio::spawn(async move {
            sleep_until(start).await;
            if play(address, &head, until, number >= STREAMS - STATIONS, &seen).await.is_err() {
                seen.failed.fetch_add(1, Relaxed);
            }
        });
    }
    report(subject, &seen, began, until).await;
}

async fn report(subject: &Subject, seen: &Seen, began: Instant, until: Instant) {
    let every = Duration::from_secs(15);
    let (mut bytes, mut cpu) = (0, cpu_seconds(&[subject.pid()]));
    while Instant::now() + every <= until {
        sleep(every).await;
        let (now_bytes, now_cpu) = (seen.bytes.load(Relaxed), cpu_seconds(&[subject.pid()]));
        println!(
            "{:>6.0} {:>8} {:>10.0} {:>8.0}% {:>8} {:>8} {:>12.0} {:>18.0}",
            began.elapsed().as_secs_f64(),
            seen.open.load(Relaxed),
            (now_bytes - bytes) as f64 / 1e6 / every.as_secs_f64(),
            (now_cpu - cpu) / every.as_secs_f64() * 100.0,
            seen.failed.load(Relaxed),
            seen.stalls.load(Relaxed),
            resident(subject.pid()) as f64 / 1e6,
            in_sockets() as f64 / 1e6
        );
        (bytes, cpu) = (now_bytes, now_cpu);
    }
    sleep_until(until + Duration::from_secs(3)).await;
    let mut first = seen.first_bytes_ms.lock().unwrap().clone();
    first.sort_unstable();
    let at = |share: f64| first.get((first.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or(0);
    println!(
        "from pressing play to the first bytes, {} stations: p50 {} ms, p99 {} ms, worst {} ms; failed {}, stalls over 1 s {}, longest {} ms",
        first.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        seen.failed.load(Relaxed),
        seen.stalls.load(Relaxed),
        seen.longest_stall_ms.load(Relaxed)
    );
}

/// A range from somewhere to the end, as a player asks that resumes.
fn request(subject: &Subject, number: u64) -> Vec<u8> {
    let mut head = subject.get(&format!("/media/{}", subject.blob));
    head.truncate(head.len() - 2);
    let from = number.wrapping_mul(0x9E37_79B9) % (BLOB as u64 / 2);
    head.extend(format!("Range: bytes={from}-\r\n\r\n").into_bytes());
    head
}

async fn play(address: std::net::SocketAddr, head: &[u8], until: Instant, station: bool, seen: &Seen) -> Result<()> {
    let pressed = Instant::now();
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    let mut socket = socket.connect(address).await?;
    socket.write_all(head).await?;
    let mut early = read_head(&mut socket).await?;
    if station {
        seen.first_bytes_ms.lock().unwrap().push(pressed.elapsed().as_millis() as u64);
    }
    seen.open.fetch_add(1, Relaxed);
    let mut due = Instant::now();
    while due < until {
        let asked = Instant::now();
        let wanted = PACE.saturating_sub(early);
        timeout(Duration::from_secs(30), take(&socket, wanted)).await??;
        (early, _) = (0, seen.bytes.fetch_add(wanted, Relaxed));
        let waited = asked.elapsed().as_millis() as u64;
        if waited > 1000 {
            seen.stalls.fetch_add(1, Relaxed);
            seen.longest_stall_ms.fetch_max(waited, Relaxed);
        }
        due += Duration::from_secs(1);
        sleep_until(due).await;
    }
    seen.open.fetch_sub(1, Relaxed);
    Ok(())
}

/// Read the head of a 206; answers how many bytes of the body came with it.
async fn read_head(socket: &mut TcpStream) -> Result<u64> {
    let mut head = vec![0; 2048];
    let mut filled = 0;
    loop {
        let read = timeout(Duration::from_secs(30), socket.read(&mut head[filled..])).await??;
        filled += read;
        if let Some(at) = head[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            let good = head.starts_with(b"HTTP/1.1 206");
            return if good { Ok((filled - at - 4) as u64) } else { Err(ErrorKind::InvalidData.into()) };
        }
        if read == 0 || filled == head.len() {
            return Err(Error::from(ErrorKind::UnexpectedEof));
        }
    }
}

/// Throw this many bytes of the stream away.
async fn take(socket: &TcpStream, mut left: u64) -> Result<()> {
    while left > 0 {
        left -= socket.async_io(Interest::READABLE, || discard(socket, left as usize)).await?;
    }
    Ok(())
}
