//! The sending of one body: piece after piece, while the wire is its own.

use super::slice::{Slice, WINDOW};
use super::{Lane, Shared, Turn, broken};
use crate::multipart::Piece;
use crate::store::MappedFile;
use crate::stream::clip;
use bytes::{Buf, Bytes};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A body on its way. Dropped before its end it leaves the wire broken, since half a body was announced as a whole.
pub struct Sending {
    lane: Lane,
    body: Rc<RefCell<Body>>,
    stage: Stage,
}

/// What is left of a body.
pub(super) struct Body {
    map: Arc<MappedFile>,
    pieces: std::vec::IntoIter<Piece>,
    piece: Current,
}

enum Current {
    Text(Bytes),
    Slice(Slice),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    New,
    Underway,
    Done,
}

impl Sending {
    pub(super) fn new(lane: Lane, map: Arc<MappedFile>, pieces: Vec<Piece>) -> Self {
        let body = Body { map, pieces: pieces.into_iter(), piece: Current::Text(Bytes::new()) };
        Self { lane, body: Rc::new(RefCell::new(body)), stage: Stage::New }
    }

    /// Go on sending; ready when all of it was handed to the kernel.
    ///
    /// # Errors
    /// When the file cannot be read or is cut short, or the client went away. Nothing more goes over the wire then.
    pub fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(self.poll_in_turn(cx));
        self.stage = Stage::Done;
        self.lane.0.turn.set(if outcome.is_ok() { Turn::Writer } else { Turn::Broken });
        Poll::Ready(outcome)
    }

    /// Send when all that was written before this body is on its way.
    fn poll_in_turn(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match (self.stage, self.lane.0.turn.get()) {
            (Stage::New, Turn::Writer) => {
                self.stage = Stage::Underway;
                self.body.borrow_mut().begin_reading(cx);
                self.lane.0.turn.set(Turn::Asked);
                self.lane.0.asked.replace(Some(self.body.clone()));
                Poll::Pending
            }
            (Stage::Underway, Turn::Body) => self.body.borrow_mut().poll_pieces(cx, &self.lane.0),
            (Stage::Underway, Turn::Asked) => Poll::Pending,
            _ => Poll::Ready(Err(broken())),
        }
    }
}

impl Body {
    /// Send what the socket takes, at most one window before others get their turn. Polled again after its end or an
    /// error it answers the same again.
    pub(super) fn poll_pieces(&mut self, cx: &mut Context<'_>, wire: &Shared) -> Poll<io::Result<()>> {
        let mut budget = WINDOW;
        while self.advance() {
            if budget == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match &mut self.piece {
                Current::Text(text) => {
                    let sent = ready!(wire.poll_text(cx, text))?;
                    text.advance(sent);
                }
                Current::Slice(slice) => {
                    ready!(slice.poll_warm(cx, &self.map))?;
                    budget -= ready!(slice.poll_send(cx, wire, &self.map, budget))?;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// When the first bytes are on disk, their reading begins while the head goes out.
    fn begin_reading(&mut self, cx: &mut Context<'_>) {
        if self.advance()
            && let Current::Slice(slice) = &mut self.piece
        {
            // An outcome is kept: it is asked for again when the body has its turn.
            let _ = slice.poll_warm(cx, &self.map);
        }
    }

    /// What is left of the piece that has its turn, when it is short and in memory; else nothing.
    pub(super) fn short(&self) -> &[u8] {
        match &self.piece {
            Current::Text(text) => text,
            Current::Slice(slice) => slice.short(&self.map),
        }
    }

    /// So many bytes of [`Self::short`] went out.
    pub(super) fn went_out(&mut self, count: usize) {
        match &mut self.piece {
            Current::Text(text) => text.advance(count),
            Current::Slice(slice) => slice.went_out(count),
        }
    }

    /// Come to a piece that has bytes left; false at the end of the body.
    fn advance(&mut self) -> bool {
        loop {
            let spent = match &self.piece {
                Current::Text(text) => text.is_empty(),
                Current::Slice(slice) => slice.is_empty(),
            };
            if !spent {
                return true;
            }
            self.piece = match self.pieces.next() {
                Some(Piece::Text(text)) => Current::Text(text),
                Some(Piece::Range(range)) => Current::Slice(Slice::of(clip(&self.map, range))),
                None => return false,
            };
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.stage == Stage::Underway {
            self.lane.0.turn.set(Turn::Broken);
        }
    }
}
