//! Lets one request at a time onto the HTTP library: what a client sends behind a request waits until that is answered.
//!
//! The library reads ahead and then answers the first of several requests as the last of them asks: a GET that a HEAD
//! was sent behind got the length of a body and no body, and whoever stood between took the next answer for it.

use super::framing::Framing;
use content::wire::{Lane, Wire};
use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read at most while an answer is awaited, so that a client that leaves is noticed.
const AHEAD: usize = 8 * 1024;
/// Of these at once: most often there are none.
const AT_ONCE: usize = 1024;

/// A connection on which one request at a time passes.
pub struct Turnstile<Io> {
    io: Io,
    framing: Framing,
    /// What was read and not let through.
    ahead: Vec<u8>,
    /// The client sends nothing more.
    over: bool,
    door: Door,
}

/// The way to open a turnstile again.
#[derive(Clone, Default)]
pub struct Door(Rc<Shut>);

#[derive(Default)]
struct Shut {
    /// Requests that have passed as a whole.
    passed: Cell<u64>,
    /// Requests that were answered; one may be before the last of its body has passed.
    answered: Cell<u64>,
    reader: RefCell<Option<Waker>>,
}

/// The answer to one request is on its way as long as this is kept.
pub struct Answering(Option<Door>);

impl Turnstile<Wire> {
    /// The way for bodies.
    pub fn lane(&self) -> Lane {
        self.io.lane()
    }
}

impl<Io: AsyncRead + Unpin> Turnstile<Io> {
    /// Before a connection that speaks HTTP/1.
    pub fn before(io: Io) -> Self {
        Self { io, framing: Framing::default(), ahead: Vec::new(), over: false, door: Door::default() }
    }

    /// Before a connection that speaks HTTP/2, which tells its requests apart itself: everything passes.
    pub fn open(io: Io) -> Self {
        Self { framing: Framing::Unknown, ..Self::before(io) }
    }

    /// The way to open it.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// Reads more than is let through yet, or finds that there is no more.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; AT_ONCE];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
        self.ahead.extend_from_slice(buffer.filled());
        self.over = buffer.filled().is_empty();
        Poll::Ready(Ok(()))
    }
}

impl Door {
    /// Keeps the turnstile shut until the answer is dropped.
    pub fn answering(door: Option<&Self>) -> Answering {
        Answering(door.cloned())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(Door(shut)) = &self.0 {
            shut.answered.set(shut.answered.get() + 1);
            if let Some(reader) = shut.reader.take() {
                reader.wake();
            }
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Turnstile<Io> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let Shut { passed, answered, reader } = &*this.door.0;
            if this.ahead.is_empty() && this.over {
                return Poll::Ready(Ok(()));
            } else if passed.get() > answered.get() {
                reader.replace(Some(cx.waker().clone()));
                if this.over || this.ahead.len() >= AHEAD {
                    return Poll::Pending;
                }
                ready!(this.poll_ahead(cx))?;
            } else if this.ahead.is_empty() {
                let before = buffer.filled().len();
                ready!(Pin::new(&mut this.io).poll_read(cx, buffer))?;
                let fresh = buffer.filled().get(before..).unwrap_or_default();
                this.over = fresh.is_empty() && buffer.remaining() > 0;
                let (step, ends) = this.framing.go_on(fresh);
                this.ahead.extend_from_slice(fresh.get(step..).unwrap_or_default());
                buffer.set_filled(before + step);
                passed.set(passed.get() + u64::from(ends));
                return Poll::Ready(Ok(()));
            } else {
                let most = this.ahead.len().min(buffer.remaining());
                let (step, ends) = this.framing.go_on(this.ahead.get(..most).unwrap_or_default());
                buffer.put_slice(this.ahead.get(..step).unwrap_or_default());
                this.ahead.drain(..step);
                passed.set(passed.get() + u64::from(ends));
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Turnstile<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
