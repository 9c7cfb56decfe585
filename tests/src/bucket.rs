//! A bucket on an S3 server of its own, on loopback, whose objects are files in a folder; and ways to make it fail.

use content::store;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use server::config::{Config, StoreKind};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const NAME: &str = "media";
const PREFIX: &str = "yuanjiao/city";
const KEY: (&str, &str) = ("the-key", "the-secret");

/// The bucket; its server ends with it.
pub struct Bucket {
    /// Where its server answers.
    pub endpoint: String,
    root: tempfile::TempDir,
    state: Arc<State>,
    _stop: tokio::sync::oneshot::Sender<()>,
}

struct State {
    /// How often the head of an object was asked for.
    heads: AtomicU64,
    /// Bytes until a connection breaks, once; negative for never.
    until_cut: AtomicI64,
    /// Whether every connection is closed unanswered.
    away: AtomicBool,
    /// Questions for the head of an object until one is never answered, nor any after it; negative for never.
    until_hung: AtomicI64,
    /// Requests that wait for an answer that never comes.
    hung: AtomicU64,
}

impl Bucket {
    /// An empty one. The server has a thread of its own, so that it also serves tests that block theirs.
    pub fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(NAME)).unwrap();
        let state = State {
            heads: AtomicU64::new(0),
            until_cut: AtomicI64::new(-1),
            away: AtomicBool::new(false),
            until_hung: AtomicI64::new(-1),
            hung: AtomicU64::new(0),
        };
        let state = Arc::new(state);
        let mut builder = S3ServiceBuilder::new(FileSystem::new(root.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY.0, KEY.1));
        let (service, counted) = (builder.build(), state.clone());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, service, counted) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { endpoint, root, state, _stop: stop }
    }

    /// A store in it that gathers in the folder `data`.
    pub fn store(&self, data: &Path) -> store::Store {
        let bucket = store::Bucket {
            endpoint: Some(&self.endpoint),
            name: NAME,
            region: "us-east-1",
            access_key_id: KEY.0,
            secret_access_key: KEY.1,
            allow_http: true,
            prefix: PREFIX,
        };
        store::Store::open_bucket(data, &bucket).unwrap()
    }

    /// Have a server keep its media here.
    pub fn configure(&self, config: &mut Config) {
        config.store = StoreKind::S3;
        config.s3_endpoint = Some(self.endpoint.clone());
        config.s3_bucket = Some(NAME.into());
        config.s3_access_key_id = Some(KEY.0.into());
        config.s3_secret_access_key = Some(KEY.1.to_owned().into());
        config.s3_allow_http = true;
        config.s3_prefix = PREFIX.into();
    }

    /// The same settings as a file.
    pub fn settings(&self) -> String {
        format!(
            "store = \"s3\"\ns3_endpoint = \"{}\"\ns3_bucket = \"{NAME}\"\ns3_access_key_id = \"{}\"\n\
             s3_secret_access_key = \"{}\"\ns3_allow_http = true\ns3_prefix = \"{PREFIX}\"\n",
            self.endpoint, KEY.0, KEY.1
        )
    }

    /// The file of a blob's object.
    pub fn file(&self, sha256: &str) -> PathBuf {
        self.folder().join(&sha256[..2]).join(sha256)
    }

    /// The folder below which all objects lie.
    pub fn folder(&self) -> PathBuf {
        self.root.path().join(NAME).join(PREFIX)
    }

    /// How often the head of an object was asked for so far.
    pub fn heads(&self) -> u64 {
        self.state.heads.load(SeqCst)
    }

    /// Break the connection that sends the last of this many bytes from now on, once.
    pub fn cut_after(&self, bytes: i64) {
        self.state.until_cut.store(bytes, SeqCst);
    }

    /// Answer so many more questions for the head of an object, and never one after them.
    pub fn hang_after_heads(&self, heads: i64) {
        self.state.until_hung.store(heads, SeqCst);
    }

    /// Wait until somebody waits for an answer that never comes.
    pub async fn hangs(&self) {
        while self.state.hung.load(SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Answer nobody, or everybody again.
    pub fn set_away(&self, away: bool) {
        self.state.away.store(away, SeqCst);
    }
}

async fn accept(listener: TcpListener, service: s3s::service::S3Service, state: Arc<State>) {
    loop {
        let Ok((stream, _)): io::Result<(TcpStream, SocketAddr)> = listener.accept().await else { continue };
        let (service, state) = (service.clone(), state.clone());
        let line = Line { stream, state: state.clone() };
        let counting = service_fn(move |request| {
            let away = state.away.load(SeqCst);
            let is_head = request.method() == "HEAD";
            if is_head {
                state.heads.fetch_add(1, SeqCst);
            }
            let hangs = is_head && state.until_hung.load(SeqCst) >= 0 && state.until_hung.fetch_sub(1, SeqCst) == 0;
            if hangs {
                state.until_hung.store(0, SeqCst);
                state.hung.fetch_add(1, SeqCst);
            }
            let answer = Service::call(&service, request);
            async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                if away {
                    return Err(io::Error::from(io::ErrorKind::ConnectionReset));
                }
                answer.await.map_err(|cause| io::Error::other(format!("{cause:?}")))
            }
        });
        tokio::spawn(async move {
            let _ = http1::Builder::new()
                .timer(hyper_util::rt::TokioTimer::new())
                .header_read_timeout(Duration::from_secs(60))
                .serve_connection(TokioIo::new(line), counting)
                .await;
        });
    }
}

/// A connection that can be made to break.
struct Line {
    stream: TcpStream,
    state: Arc<State>,
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        let before = self.state.until_cut.load(SeqCst);
        if before >= 0 && self.state.until_cut.fetch_sub(written as i64, SeqCst) - (written as i64) < 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
