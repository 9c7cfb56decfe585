//! A bad line: a proxy of TCP connections in front of a server that may be another one from now to then. It cuts them
//! after a random number of bytes, carries only so many in a second, or is away for a while.

use crate::random::Random;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// What waits in the kernel on the way to the server: little, so that a client sees how slow the line is.
const WAITING: u32 = 64 * 1024;

/// The line. Connections end with it.
pub struct Line {
    /// Where the line begins: `http://127.0.0.1:port`.
    pub url: String,
    way: Arc<Way>,
    task: tokio::task::JoinHandle<()>,
}

/// Where a line leads, and how it is there just now.
#[derive(Default)]
struct Way {
    server: Mutex<Option<SocketAddr>>,
    /// Towards the server on each connection; as fast as it goes when 0.
    bytes_per_s: AtomicU32,
    /// Connections that were cut.
    cuts: AtomicU32,
    away: watch::Sender<bool>,
}

impl Line {
    /// A line that leads nowhere yet. Two connections of three are cut within `shortest..longest` bytes from the client.
    pub async fn open(seed: u64, shortest: u64, longest: u64) -> Self {
        let mut random = Random(seed);
        Self::begin(move || (random.below(3) > 0).then(|| shortest + random.below(longest - shortest)))
    }

    /// A line to this server that cuts nothing by itself.
    pub async fn to(url: &str) -> Self {
        let line = Self::begin(|| None);
        line.lead_to(url);
        line
    }

    fn begin(mut cut: impl FnMut() -> Option<u64> + Send + 'static) -> Self {
        let listener = listener();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let way = Arc::<Way>::default();
        let on = way.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, on.clone(), cut()));
            }
        });
        Self { url, way, task }
    }

    /// Lead to this server from now on.
    pub fn lead_to(&self, url: &str) {
        let address = url.trim_start_matches("http://").parse().unwrap();
        *self.way.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    /// Carry no more than this towards the server, or as much as goes when 0.
    pub fn carry_at(&self, bytes_per_s: u32) {
        self.way.bytes_per_s.store(bytes_per_s, Ordering::Relaxed);
    }

    /// How many connections were cut so far, those aside that broke when the line was taken away.
    pub fn cuts(&self) -> u32 {
        self.way.cuts.load(Ordering::Relaxed)
    }

    /// Take the line away: whatever is open breaks, and nothing new comes through until it is given back.
    pub fn take_away(&self, away: bool) {
        self.way.away.send_replace(away);
    }
}

fn listener() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(WAITING).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    socket.listen(128).unwrap()
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries bytes both ways until either side ends, the line is away, or so many came from the client.
async fn carry(client: TcpStream, way: Arc<Way>, cut: Option<u64>) {
    let mut away = way.away.subscribe();
    let server = *way.server.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Ok(server)) = futures_util::future::OptionFuture::from(server.map(TcpStream::connect)).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        let (mut left, mut buffer) = (cut.unwrap_or(u64::MAX), vec![0; 16 * 1024]);
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            let through = usize::try_from(left).unwrap_or(count).min(count);
            if to_server.write_all(&buffer[..through]).await.is_err() {
                return;
            }
            if through < count {
                way.cuts.fetch_add(1, Ordering::Relaxed);
                return;
            }
            left -= through as u64;
            if let rate @ 1.. = way.bytes_per_s.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_secs_f64(count as f64 / f64::from(rate))).await;
            }
        }
    };
    let down = async { tokio::io::copy(&mut from_server, &mut to_client).await };
    // The first that ends drops the others: both sockets are closed at once, as when a cable is pulled.
    tokio::select! { () = up => {}, _ = down => {}, _ = away.wait_for(|away| *away) => {} }
}
