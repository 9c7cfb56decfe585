//! A blob that is an object on another machine, read range by range as its reader takes it.

use crate::range::ByteRange;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use std::io;
use std::ops::Range;
use std::time::Duration;

/// How often a body that breaks off is asked for again from where it stood, before its reader is told.
const ATTEMPTS: u32 = 4;

/// The first wait before that; each further one is twice as long.
const WAIT: Duration = Duration::from_millis(200);

/// One object and its length. A blob never changes, so neither does this.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    objects: AmazonS3,
    place: Path,
    len: u64,
}

impl Remote {
    pub(super) fn new(objects: AmazonS3, place: Path, len: u64) -> Self {
        Self { objects, place, len }
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The bytes of `range` as they come; what lies outside the object is left out.
    ///
    /// One request to the server, whose body is read only as fast as the stream is polled: what is held in memory is
    /// what the connection has buffered, never the range. A body that breaks off is asked for again from there.
    pub(crate) fn bytes(&self, range: ByteRange) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let end = range.last.saturating_add(1).min(self.len);
        let reading = Reading { remote: self.clone(), next: range.start.min(end), end, body: None };
        stream::unfold(reading, |mut reading| async move {
            if reading.next >= reading.end {
                return None;
            }
            let chunk = reading.chunk().await;
            if chunk.is_err() {
                // After a failure nothing more can be sent: the stream ends, and the short body tells the client.
                reading.next = reading.end;
            }
            Some((chunk, reading))
        })
    }

    async fn open(&self, range: Range<u64>) -> io::Result<BoxStream<'static, object_store::Result<Bytes>>> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        Ok(self.objects.get_opts(&self.place, options).await?.into_stream())
    }
}

/// Where one reader stands.
struct Reading {
    remote: Remote,
    next: u64,
    end: u64,
    body: Option<BoxStream<'static, object_store::Result<Bytes>>>,
}

impl Reading {
    async fn chunk(&mut self) -> io::Result<Bytes> {
        let mut wait = WAIT;
        for _ in 1..ATTEMPTS {
            match self.attempt().await {
                Ok(bytes) => return Ok(bytes),
                Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Err(gone),
                Err(cause) => {
                    tracing::info!(%cause, object = %self.remote.place, at = self.next, "asking again for a blob's bytes");
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
            }
        }
        self.attempt().await
    }

    async fn attempt(&mut self) -> io::Result<Bytes> {
        let mut body = match self.body.take() {
            Some(body) => body,
            None => self.remote.open(self.next..self.end).await?,
        };
        loop {
            let mut bytes = body.next().await.ok_or(io::ErrorKind::UnexpectedEof)??;
            if bytes.is_empty() {
                continue;
            }
            bytes.truncate(usize::try_from(self.end - self.next).unwrap_or(usize::MAX));
            self.next += bytes.len() as u64;
            self.body = Some(body);
            return Ok(bytes);
        }
    }
}
