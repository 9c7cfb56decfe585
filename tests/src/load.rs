//! A load on one server on loopback: many keep-alive connections, each asking as fast as it is answered.
//!
//! The body of an answer is thrown away inside the kernel, so that the client costs little and two servers on one
//! small machine can be compared fairly. Absolute figures mean little; ratios taken side by side do.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What to ask, of whom, and for how long.
pub struct Load<'a> {
    /// The server.
    pub address: SocketAddr,
    /// Connections, one thread each.
    pub connections: usize,
    /// How long to go on.
    pub lasting: Duration,
    /// The server's processes, whose processor time is counted.
    pub pids: &'a [u32],
    /// The bytes of request number `n` of connection `c`: `(c, n) -> request`.
    pub request: &'a (dyn Fn(usize, u64) -> Vec<u8> + Sync),
    /// The status every answer must have.
    pub expect: u16,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answers with the expected status.
    pub good: u64,
    /// Answers with another, and connections that broke.
    pub bad: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Processor time of the server in seconds.
    pub cpu_seconds: f64,
    /// Microseconds of each request, sorted.
    pub micros: Vec<u32>,
}

impl Outcome {
    /// Good answers a second.
    pub fn rate(&self) -> f64 {
        self.good as f64 / self.seconds
    }

    /// Megabytes (10^6) a second.
    pub fn megabytes_s(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds
    }

    /// Processor seconds of the server a gigabyte (10^9).
    pub fn cpu_per_gb(&self) -> f64 {
        self.cpu_seconds / (self.bytes as f64 / 1e9)
    }

    /// The latency below which this share of the requests stayed, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let at = (self.micros.len().saturating_sub(1) as f64 * share) as usize;
        self.micros.get(at).copied().map_or(0.0, |micros| f64::from(micros) / 1000.0)
    }
}

impl Load<'_> {
    /// Run it to its end.
    pub fn run(&self) -> Outcome {
        let (stop, total) = (AtomicBool::new(false), Mutex::new(Outcome::default()));
        let (began, cpu) = (Instant::now(), cpu_seconds(self.pids));
        std::thread::scope(|scope| {
            for connection in 0..self.connections {
                let (stop, total) = (&stop, &total);
                scope.spawn(move || {
                    let mut own = Outcome::default();
                    if self.ask(connection, stop, &mut own).is_err() {
                        own.bad += 1;
                    }
                    add(total, own);
                });
            }
            std::thread::sleep(self.lasting);
            stop.store(true, Relaxed);
        });
        let mut outcome = total.into_inner().unwrap_or_default();
        outcome.seconds = began.elapsed().as_secs_f64();
        outcome.cpu_seconds = cpu_seconds(self.pids) - cpu;
        outcome.micros.sort_unstable();
        outcome
    }

    fn ask(&self, connection: usize, stop: &AtomicBool, own: &mut Outcome) -> Result<()> {
        let mut socket = TcpStream::connect(self.address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut head = vec![0u8; 32 * 1024];
        let mut number = 0;
        while !stop.load(Relaxed) {
            let began = Instant::now();
            socket.write_all(&(self.request)(connection, number))?;
            let (status, length) = answer(&mut socket, &mut head)?;
            own.micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
            own.bytes += length;
            if status == self.expect {
                own.good += 1
            } else {
                own.bad += 1
            }
            number += 1;
        }
        Ok(())
    }
}

fn add(total: &Mutex<Outcome>, own: Outcome) {
    let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    total.good += own.good;
    total.bad += own.bad;
    total.bytes += own.bytes;
    total.micros.extend(own.micros);
}

/// Read one answer: its status, and the length of the body that was thrown away.
fn answer(socket: &mut TcpStream, head: &mut [u8]) -> Result<(u16, u64)> {
    let mut filled = 0;
    let body_at = loop {
        let read = socket.read(head.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if let Some(at) = head.get(..filled).unwrap_or_default().windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = String::from_utf8_lossy(head.get(..body_at).unwrap_or_default()).to_ascii_lowercase();
    let status = text.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let length: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|digits| digits.trim().parse().ok())
        .ok_or_else(|| Error::new(ErrorKind::InvalidData, "an answer without a length"))?;
    let mut left = length.saturating_sub((filled - body_at) as u64);
    while left > 0 {
        left -= discard(socket, left.min(1 << 20) as usize)?;
    }
    Ok((status, length))
}

/// Throw away up to `most` bytes that have arrived; answers how many. An end of the stream is an error.
#[expect(unsafe_code, reason = "MSG_TRUNC has no safe wrapper in std")]
pub fn discard(socket: &impl AsRawFd, most: usize) -> Result<u64> {
    // SAFETY: with MSG_TRUNC a TCP socket drops the bytes; nothing is written through the null pointer.
    let dropped = unsafe { libc::recv(socket.as_raw_fd(), std::ptr::null_mut(), most, libc::MSG_TRUNC) };
    match dropped {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        n => u64::try_from(n).map_err(|_| Error::last_os_error()),
    }
}

/// User and system seconds that these processes have used so far.
pub fn cpu_seconds(pids: &[u32]) -> f64 {
    pids.iter()
        .filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok())
        .filter_map(|line| {
            let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
            Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
        })
        .sum::<f64>()
        / 100.0 // clock ticks a second on every Linux this runs on
}

/// Resident memory of a process in bytes.
pub fn resident(pid: u32) -> u64 {
    status_bytes(pid, "VmRSS:")
}

/// The part of it that is the process's own: the rest are pages of mapped files, which the kernel takes back when it
/// needs them.
pub fn own_memory(pid: u32) -> u64 {
    status_bytes(pid, "RssAnon:")
}

fn status_bytes(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Bytes that the kernel holds for all TCP sockets of this machine, of servers and clients alike.
pub fn in_sockets() -> u64 {
    let sockets = std::fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    let tcp = sockets.lines().find(|line| line.starts_with("TCP:")).unwrap_or_default();
    tcp.rsplit_once(' ').and_then(|(_, pages)| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
