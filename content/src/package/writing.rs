//! Writing a ZIP while it is sent: a thread packs what is handed to it, and neither holds more than a few chunks.

use crate::store::LocalCopy;
use crate::{Error, Result};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use std::fs::File;
use std::io::{self, Write};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes handed on at a time.
const CHUNK: usize = 64 * 1024;
/// Chunks on their way at most.
const WAITING: usize = 4;

/// Whether an entry is worth packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text: packed.
    Text,
    /// Recordings and pictures: stored as they are.
    Media,
}

/// A ZIP in the making. Dropped before [`finish`](Writer::finish) it breaks off, so that nobody takes it for whole.
#[derive(Debug)]
pub struct Writer {
    pieces: mpsc::Sender<Piece>,
    packing: JoinHandle<Result<()>>,
}

#[derive(Debug)]
enum Piece {
    Begin(String, Kind, u64),
    Bytes(Bytes),
    File(LocalCopy),
    End,
}

impl Writer {
    /// A ZIP that goes to a file.
    pub fn into_file(file: File) -> Self {
        Self::start(io::BufWriter::with_capacity(CHUNK, file), |_| ())
    }

    /// A ZIP that goes to whoever reads the stream.
    pub fn into_stream() -> (Self, impl Stream<Item = io::Result<Bytes>> + Send + use<>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let pipe = Pipe { sender: sender.clone(), buffer: Vec::with_capacity(CHUNK) };
        let broke = move |cause: &Error| {
            let _ = sender.blocking_send(Err(io::Error::other(cause.to_string())));
        };
        let stream = stream::unfold(receiver, |mut receiver| async move {
            let chunk = receiver.recv().await?;
            Some((chunk, receiver))
        });
        (Self::start(pipe, broke), stream)
    }

    fn start<W: Write + Send + 'static>(out: W, broke: impl FnOnce(&Error) + Send + 'static) -> Self {
        let (pieces, receiver) = mpsc::channel(WAITING);
        let packing = spawn_blocking(move || pack(out, receiver).inspect_err(|cause| broke(cause)));
        Self { pieces, packing }
    }

    /// Adds an entry of these bytes.
    ///
    /// # Errors
    /// When nobody takes the ZIP any more.
    pub async fn text(&mut self, name: &str, bytes: Bytes) -> Result<()> {
        self.begin(name, Kind::Text, bytes.len() as u64).await?;
        self.send(Piece::Bytes(bytes)).await
    }

    /// Adds an entry of a blob.
    ///
    /// # Errors
    /// When nobody takes the ZIP any more, or the disk fails.
    pub async fn file(&mut self, name: &str, file: LocalCopy) -> Result<()> {
        let size = tokio::fs::metadata(file.path()).await?.len();
        self.begin(name, Kind::Media, size).await?;
        self.send(Piece::File(file)).await
    }

    /// Begins an entry; what is [`added`](Writer::add) is its bytes, about `size` of them.
    ///
    /// # Errors
    /// When nobody takes the ZIP any more.
    pub async fn begin(&mut self, name: &str, kind: Kind, size: u64) -> Result<()> {
        self.send(Piece::Begin(name.to_owned(), kind, size)).await
    }

    /// More bytes of the entry that was begun.
    ///
    /// # Errors
    /// When nobody takes the ZIP any more.
    pub async fn add(&mut self, bytes: Bytes) -> Result<()> {
        self.send(Piece::Bytes(bytes)).await
    }

    /// Writes the directory and waits until all is out.
    ///
    /// # Errors
    /// What went wrong with packing or with where it goes.
    pub async fn finish(self) -> Result<()> {
        self.send(Piece::End).await?;
        self.packing.await.map_err(io::Error::other)?
    }

    async fn send(&self, piece: Piece) -> Result<()> {
        self.pieces.send(piece).await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe).into())
    }
}

fn pack(out: impl Write, mut pieces: mpsc::Receiver<Piece>) -> Result<()> {
    let mut zip = ZipWriter::new_stream(out);
    loop {
        match pieces.blocking_recv().ok_or(Error::Stopped)? {
            Piece::Begin(name, kind, size) => {
                let method = if kind == Kind::Text { CompressionMethod::Deflated } else { CompressionMethod::Stored };
                let options = SimpleFileOptions::default().compression_method(method).unix_permissions(0o644);
                // Beyond 4 GB an entry needs the longer form of its sizes (APPNOTE 4.5.3).
                zip.start_file(name, options.large_file(size > u64::from(u32::MAX) / 2)).map_err(io::Error::other)?;
            }
            Piece::Bytes(bytes) => zip.write_all(&bytes)?,
            Piece::File(file) => {
                io::copy(&mut File::open(file.path())?, &mut zip)?;
            }
            Piece::End => break,
        }
    }
    let mut out = zip.finish().map_err(io::Error::other)?.into_inner();
    Ok(out.flush()?)
}

/// Hands chunks to a stream, and waits while its reader is slow.
struct Pipe {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (now, _) = bytes.split_at(bytes.len().min(CHUNK - self.buffer.len()));
        self.buffer.extend_from_slice(now);
        if self.buffer.len() == CHUNK {
            self.flush()?;
        }
        Ok(now.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        match full.is_empty() {
            true => Ok(()),
            false => self.sender.blocking_send(Ok(full.into())).map_err(|_| io::ErrorKind::BrokenPipe.into()),
        }
    }
}
