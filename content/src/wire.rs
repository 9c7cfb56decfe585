//! A connection that sends parts of files itself: the kernel hands pages of the page cache to the network, and no
//! byte of them passes through the program (sendfile(2)).
//!
//! Knows no HTTP. Whoever speaks a protocol over a [`Wire`] writes to it as to any socket; when an answer has a body
//! that lies in a file, it asks the connection's [`Lane`] to send it. The two take turns: a body waits until all that
//! was written before it is on its way, and nothing is written until the body is through. Both live on one thread.
//!
//! A short body goes out with what precedes it, in one system call: handing over its pages would cost more than copying
//! them. So whoever asked for a body writes all that precedes it in one piece, again and again until it is gone.
//!
//! A part that is not in memory is first brought in on a blocking thread, so that a slow disk stalls nobody else.

mod sending;
mod slice;

use sending::Body;
pub use sending::Sending;

use crate::multipart::Piece;
use crate::store::Blob;
use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};
use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection whose answers may have bodies that lie in files.
pub struct Wire(Rc<Shared>);

/// The way onto a [`Wire`] for bodies. Cheap to clone.
#[derive(Clone)]
pub struct Lane(Rc<Shared>);

struct Shared {
    // Borrowed for one system call at a time, never across a poll.
    socket: RefCell<TcpStream>,
    turn: Cell<Turn>,
    /// The body whose turn comes with the next flush.
    asked: RefCell<Option<Rc<RefCell<Body>>>>,
}

/// Whose bytes go out next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Turn {
    /// Those that are written to the wire.
    Writer,
    /// Still those, but a body waits behind them.
    Asked,
    /// Those of a body.
    Body,
    /// None: a body broke off, and whatever followed would be taken for the rest of it.
    Broken,
}

impl Wire {
    /// Over a connection that is open.
    pub fn over(socket: TcpStream) -> Self {
        Self(Rc::new(Shared { socket: RefCell::new(socket), turn: Cell::new(Turn::Writer), asked: RefCell::default() }))
    }

    /// The way onto this wire for bodies.
    pub fn lane(&self) -> Lane {
        Lane(self.0.clone())
    }
}

impl Lane {
    /// Send parts of a blob, and texts between them, once it is polled; the caller has announced their length.
    ///
    /// # Errors
    /// Gives the pieces back for a blob that is no file on this machine.
    pub fn send(&self, blob: &Blob, pieces: Vec<Piece>) -> Result<Sending, Vec<Piece>> {
        match blob.mapped() {
            Some(map) => Ok(Sending::new(self.clone(), map.clone(), pieces)),
            None => Err(pieces),
        }
    }
}

impl Shared {
    /// Run `operation` on the socket as soon as it can be written to.
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&TcpStream) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let socket = self.socket.borrow();
        loop {
            ready!(socket.poll_write_ready(cx))?;
            match socket.try_io(Interest::WRITABLE, || operation(&socket)) {
                Err(full) if full.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Send bytes from memory. They are not held back to share a packet with what follows (`MSG_MORE`): measured, that
    /// costs a short range a quarter more processor time, since nobody is woken before its last byte.
    fn poll_text(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_io(cx, |socket| Ok(send(socket, bytes, SendFlags::NOSIGNAL)?))
    }

    /// Send the bytes that precede the body that waits, and with them the body when it is short; answers how many of the
    /// bytes went out.
    fn poll_before_body(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let asked = self.asked.borrow();
        let Some(mut body) = asked.as_ref().map(|body| body.borrow_mut()) else { return self.poll_text(cx, bytes) };
        let both = [IoSlice::new(bytes), IoSlice::new(body.short())];
        let mut control = SendAncillaryBuffer::default();
        let sent = ready!(self.poll_io(cx, |socket| Ok(sendmsg(socket, &both, &mut control, SendFlags::NOSIGNAL)?)))?;
        body.went_out(sent.saturating_sub(bytes.len()));
        Poll::Ready(Ok(sent.min(bytes.len())))
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.socket.borrow_mut()).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.0.turn.get() {
            Turn::Writer => Pin::new(&mut *self.0.socket.borrow_mut()).poll_write(cx, bytes),
            Turn::Asked => self.0.poll_before_body(cx, bytes),
            Turn::Body => Poll::Ready(Err(io::Error::other("written into the middle of a body"))),
            Turn::Broken => Poll::Ready(Err(broken())),
        }
    }

    /// Writing ends with a flush, so this is where the turn passes to the body that waits. Its first bytes follow at
    /// once: a client that is woken by the head alone, and again by the body, costs both sides more than a short range.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0.turn.get() {
            Turn::Asked => {
                self.0.turn.set(Turn::Body);
                if let Some(body) = self.0.asked.take() {
                    // The outcome is asked for when the body is polled.
                    let _ = body.borrow_mut().poll_pieces(cx, &self.0);
                }
                cx.waker().wake_by_ref();
            }
            Turn::Broken => return Poll::Ready(Err(broken())),
            Turn::Writer | Turn::Body => {}
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.socket.borrow_mut()).poll_shutdown(cx)
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "a body broke off")
}

#[cfg(test)]
mod tests;
