//! One part of a file on its way: which of its bytes are known to be in memory, and which were sent.

use super::Shared;
use crate::disk;
use crate::store::MappedFile;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Bytes sent in one go, after which other connections get their turn: about 0.1 ms of work.
pub(super) const WINDOW: usize = 512 * 1024;

/// How far the kernel is asked to read on after a cold window.
const READ_AHEAD: usize = 1024 * 1024;

/// What is left of one part of a file.
pub(super) struct Slice {
    /// Not sent yet.
    left: Range<usize>,
    /// Where the bytes end that are known to be in memory.
    warm_until: usize,
    /// The reading of the bytes that come next; given up with the slice when the client goes away.
    reading: Option<Pin<Box<dyn Future<Output = io::Result<()>>>>>,
}

impl Slice {
    pub(super) fn of(place: Range<usize>) -> Self {
        Self { warm_until: place.start, left: place, reading: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Ready when the next bytes are in memory.
    pub(super) fn poll_warm(&mut self, cx: &mut Context<'_>, map: &Arc<MappedFile>) -> Poll<io::Result<()>> {
        let window = self.left.start..self.left.end.min(self.left.start + WINDOW);
        if self.warm_until > window.start {
            return Poll::Ready(Ok(()));
        }
        if self.reading.is_none() && map.is_warm_lately(&window) {
            self.warm_until = window.end;
            return Poll::Ready(Ok(()));
        }
        let reading = self.reading.get_or_insert_with(|| {
            let ahead = READ_AHEAD.min(self.left.end.saturating_sub(window.end));
            Box::pin(disk::warm(map.clone(), window.clone(), ahead))
        });
        let outcome = ready!(reading.as_mut().poll(cx));
        self.reading = None;
        if outcome.is_ok() {
            self.warm_until = window.end;
        }
        Poll::Ready(outcome)
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
        self.left.start += sent;
        Poll::Ready(Ok(sent))
    }
}
