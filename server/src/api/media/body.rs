//! How the bytes of a blob leave: sent from the file by the connection itself, or chunk by chunk where it can't be.

use actix_web::body::{BodySize, MessageBody, SizedStream};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use content::multipart::Piece;
use content::range::ByteRange;
use content::store::Blob;
use content::stream;
use content::wire::{Lane, Sending};
use std::convert::Infallible;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Answer with one run of bytes.
pub fn run(lane: Option<&Lane>, response: HttpResponseBuilder, blob: &Blob, part: ByteRange) -> HttpResponse {
    pieces(lane, response, blob, part.size(), vec![Piece::Range(part)])
}

/// Answer with pieces that are so long together.
pub fn pieces(
    lane: Option<&Lane>,
    mut response: HttpResponseBuilder,
    blob: &Blob,
    length: u64,
    pieces: Vec<Piece>,
) -> HttpResponse {
    let sending = match lane {
        Some(lane) => lane.send(blob, pieces),
        None => Err(pieces),
    };
    match sending {
        Ok(sending) => response.no_chunking(length).body(Sent(sending)),
        Err(pieces) => response.body(SizedStream::new(length, stream::pieces(blob, pieces))),
    }
}

/// A body of which the web server sees no byte: it only hears when it is over.
struct Sent(Sending);

impl MessageBody for Sent {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        // "Unknown" to the web server, which counts the bytes that pass through it; the head says the length.
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        if let Err(cause) = ready!(self.0.poll_sent(cx)) {
            // The wire is broken now, so the connection closes and the client sees a short body.
            match cause.kind() {
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {}
                _ => tracing::warn!(%cause, "a body broke off"),
            }
        }
        Poll::Ready(None)
    }
}
