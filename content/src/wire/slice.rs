//! One part of a file on its way: which of its bytes are known to be in memory, and which were sent.

use super::Shared;
use crate::disk;
use crate::store::MappedFile;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Bytes sent in one go, after which other connections get their turn: about 0.1 ms of work.
pub(super) const WINDOW: usize = 512 * 1024;

/// What is short enough to be copied behind the head rather than sent by itself.
const SHORT: usize = 64 * 1024;

/// How far the kernel is asked to read on after a cold window.
const READ_AHEAD: usize = 1024 * 1024;

/// How long what was found in memory is taken to be there still. A viewer who pauses leaves a window half sent for minutes;
/// to send what the kernel gave up meanwhile would wait for the disk on the worker.
const TRUSTED: Duration = Duration::from_secs(1);

/// What is left of one part of a file.
pub(super) struct Slice {
    /// Not sent yet.
    left: Range<usize>,
    /// Where the bytes end that are known to be in memory.
    warm_until: usize,
    /// When they were found there.
    warm_at: Instant,
    /// The reading of the bytes that come next; given up with the slice when the client goes away.
    reading: Option<Pin<Box<dyn Future<Output = io::Result<()>>>>>,
}

impl Slice {
    pub(super) fn of(place: Range<usize>) -> Self {
        Self { warm_until: place.start, warm_at: Instant::now(), left: place, reading: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Ready when the next bytes are in memory.
    pub(super) fn poll_warm(&mut self, cx: &mut Context<'_>, map: &Arc<MappedFile>) -> Poll<io::Result<()>> {
        let window = self.left.start..self.left.end.min(self.left.start + WINDOW);
        if self.warm_until > window.start && self.is_trusted() {
            return Poll::Ready(Ok(()));
        }
        if self.reading.is_none() && map.is_warm_lately(&window) {
            (self.warm_until, self.warm_at) = (window.end, Instant::now());
            return Poll::Ready(Ok(()));
        }
        let reading = self.reading.get_or_insert_with(|| {
            let ahead = READ_AHEAD.min(self.left.end.saturating_sub(window.end));
            Box::pin(disk::warm(map.clone(), window.clone(), ahead))
        });
        let outcome = ready!(reading.as_mut().poll(cx));
        self.reading = None;
        if outcome.is_ok() {
            (self.warm_until, self.warm_at) = (window.end, Instant::now());
        }
        Poll::Ready(outcome)
    }

    fn is_trusted(&self) -> bool {
        self.warm_at.elapsed() < TRUSTED
    }

    /// The bytes that are left, when they are short and in memory; else none.
    pub(super) fn short<'a>(&self, map: &'a MappedFile) -> &'a [u8] {
        let is_short = self.left.len() <= SHORT && self.left.end <= self.warm_until && self.is_trusted();
        map.bytes().get(self.left.clone()).filter(|_| is_short).unwrap_or_default()
    }

    /// So many of them went out.
    pub(super) fn went_out(&mut self, count: usize) {
        self.left.start += count;
    }

    /// Send what is in memory, at most `most` bytes; answers how many the socket took.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        wire: &Shared,
        map: &MappedFile,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let count = self.warm_until.saturating_sub(self.left.start).min(most);
        let mut offset = self.left.start as u64;
        let sent = ready!(
            wire.poll_io(cx, |socket| { Ok(rustix::fs::sendfile(socket, map.file(), Some(&mut offset), count)?) })
        )?;
        if sent == 0 {
            // The file is shorter than it was when it was mapped.
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        self.went_out(sent);
        Poll::Ready(Ok(sent))
    }
}
