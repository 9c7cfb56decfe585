#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::slice::WINDOW;
use super::*;
use crate::disk::{MOST_WAITING, hanging::Hanging};
use crate::multipart::Piece;
use crate::range::ByteRange;
use crate::store::MappedFile;
use crate::stream;
use futures_util::StreamExt;
use std::future::poll_fn;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

struct Fixture {
    file: tempfile::NamedTempFile,
    bytes: Vec<u8>,
    blob: Blob,
    wire: Wire,
    client: TcpStream,
}

async fn fixture(size: usize) -> Fixture {
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = (0..size).map(|i| (i % 253) as u8).collect();
    std::fs::write(file.path(), &bytes).unwrap();
    let blob = Blob::of_map(MappedFile::of_file(file.path()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let wire = Wire::over(listener.accept().await.unwrap().0);
    Fixture { file, bytes, blob, wire, client }
}

fn range(start: usize, end: usize) -> Piece {
    Piece::Range(ByteRange { start: start as u64, last: end as u64 - 1 })
}

/// What a web server does with an answer: its head, then its body, flushing whenever it was polled.
async fn answer(wire: &mut Wire, head: &[u8], mut body: Sending) -> io::Result<()> {
    let mut written = 0;
    poll_fn(|cx| {
        let outcome = body.poll_sent(cx);
        if let Poll::Ready(Err(cause)) = outcome {
            return Poll::Ready(Err(cause));
        }
        while written < head.len() {
            written += ready!(Pin::new(&mut *wire).poll_write(cx, &head[written..]))?;
        }
        ready!(Pin::new(&mut *wire).poll_flush(cx))?;
        outcome
    })
    .await
}

async fn once<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll_fn(|cx| Poll::Ready(poll(cx))).await
}

async fn read_to_end(mut client: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = client.read_to_end(&mut all).await;
    all
}

#[tokio::test]
async fn a_part_of_a_file_follows_the_head_byte_for_byte() {
    let Fixture { bytes, blob, mut wire, client, .. } = fixture(WINDOW * 5).await;
    let lane = wire.lane();
    let sent = async {
        for (from, to) in [(0, 1), (7, WINDOW * 4 + 9), (WINDOW, WINDOW * 2), (WINDOW * 5 - 1, WINDOW * 5)] {
            let body = lane.send(&blob, vec![range(from, to)]).unwrap();
            answer(&mut wire, b"head:", body).await.unwrap();
        }
        wire.shutdown().await.unwrap();
    };
    let (all, ()) = tokio::join!(read_to_end(client), sent);
    let mut expected = Vec::<u8>::new();
    for (from, to) in [(0, 1), (7, WINDOW * 4 + 9), (WINDOW, WINDOW * 2), (WINDOW * 5 - 1, WINDOW * 5)] {
        expected.extend(b"head:");
        expected.extend(&bytes[from..to]);
    }
    assert!(all == expected);
}

#[tokio::test]
async fn a_short_body_goes_out_with_its_head_and_a_long_one_after_it() {
    for (first, last, together) in [(10, 20, 5 + 10), (0, 64 * 1024, 5 + 64 * 1024), (0, 64 * 1024 + 1, 5)] {
        let Fixture { bytes, blob, mut wire, mut client, .. } = fixture(WINDOW).await;
        let mut body = wire.lane().send(&blob, vec![range(first, last)]).unwrap();
        assert!(once(|cx| body.poll_sent(cx)).await.is_pending());
        let head = once(|cx| Pin::new(&mut wire).poll_write(cx, b"head:")).await;
        assert!(matches!(head, Poll::Ready(Ok(5))));
        let mut early = vec![0; together];
        client.read_exact(&mut early).await.unwrap();
        assert!(early == [b"head:", &bytes[first..first + together - 5]].concat());
        assert!(client.try_read(&mut [0]).is_err(), "nothing else is on its way");
        // The rest, where there is one.
        wire.flush().await.unwrap();
        poll_fn(|cx| body.poll_sent(cx)).await.unwrap();
        drop((wire, body));
        assert_eq!(read_to_end(client).await, bytes[first + together - 5..last]);
    }
}

#[tokio::test]
async fn texts_stand_between_the_parts_and_a_part_outside_the_file_is_left_out() {
    let Fixture { bytes, blob, mut wire, client, .. } = fixture(100_000).await;
    let text = |text: &'static str| Piece::Text(text.into());
    let pieces =
        vec![text("<a>"), range(10, 20), text("<b>"), range(200_000, 200_001), range(99_990, 200_000), text("<c>")];
    let body = wire.lane().send(&blob, pieces).unwrap();
    let sent = async {
        answer(&mut wire, b"head:", body).await.unwrap();
        let nothing = wire.lane().send(&blob, Vec::new()).unwrap();
        answer(&mut wire, b"next", nothing).await.unwrap();
        wire.shutdown().await.unwrap();
    };
    let (all, ()) = tokio::join!(read_to_end(client), sent);
    assert_eq!(all, [b"head:<a>", &bytes[10..20], b"<b>", &bytes[99_990..], b"<c>next"].concat());
}

#[tokio::test]
async fn a_slow_reader_holds_its_own_body_back_and_gets_all_of_it() {
    let Fixture { bytes, blob, mut wire, mut client, .. } = fixture(WINDOW * 40).await;
    let body = wire.lane().send(&blob, vec![range(0, WINDOW * 40)]).unwrap();
    let sent = async {
        answer(&mut wire, b"", body).await.unwrap();
        wire.shutdown().await.unwrap();
    };
    tokio::pin!(sent);
    // It reads nothing: the socket fills, and the body waits.
    let early = once(|cx| sent.as_mut().poll(cx)).await;
    assert!(early.is_pending());
    let slowly = async {
        let (mut all, mut some) = (Vec::<u8>::new(), vec![0; 77_777]);
        loop {
            match client.read(&mut some).await.unwrap() {
                0 => return all,
                n => all.extend(&some[..n]),
            }
            tokio::task::yield_now().await;
        }
    };
    let (all, ()) = tokio::join!(slowly, sent);
    assert!(all == bytes);
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_body_with_an_error() {
    let Fixture { blob, mut wire, client, .. } = fixture(WINDOW * 40).await;
    let body = wire.lane().send(&blob, vec![range(0, WINDOW * 40)]).unwrap();
    drop(client);
    let gone = answer(&mut wire, b"head", body).await.unwrap_err();
    assert!(matches!(gone.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset), "{gone}");
    assert!(wire.write_all(b"more").await.is_err());
}

#[tokio::test]
async fn a_file_cut_short_breaks_the_wire_so_that_nothing_is_taken_for_its_rest() {
    let Fixture { file, blob, mut wire, client, bytes } = fixture(WINDOW * 3).await;
    file.as_file().set_len(100).unwrap();
    let body = wire.lane().send(&blob, vec![range(0, WINDOW * 3)]).unwrap();
    let sent = async {
        assert!(answer(&mut wire, b"head:", body).await.is_err());
        assert!(wire.write_all(b"HTTP/1.1 200 OK").await.is_err());
        assert!(wire.flush().await.is_err());
        let next = wire.lane().send(&blob, vec![range(0, 1)]).unwrap();
        assert!(answer(&mut wire, b"", next).await.is_err());
        drop(wire);
    };
    let (all, ()) = tokio::join!(read_to_end(client), sent);
    assert!([b"head:", &bytes[..100]].concat().starts_with(&all));
}

#[tokio::test]
async fn a_body_dropped_before_its_end_breaks_the_wire() {
    let Fixture { blob, mut wire, .. } = fixture(10).await;
    let lane = wire.lane();
    drop(lane.send(&blob, vec![range(0, 10)]).unwrap());
    wire.write_all(b"a body that never began takes nothing away").await.unwrap();
    let mut body = lane.send(&blob, vec![range(0, 10)]).unwrap();
    let _ = once(|cx| body.poll_sent(cx)).await;
    drop(body);
    assert!(wire.write_all(b"more").await.is_err());
}

#[tokio::test]
async fn nothing_is_written_into_the_middle_of_a_body_and_two_bodies_never_mix() {
    let Fixture { blob, mut wire, .. } = fixture(WINDOW * 40).await;
    let lane = wire.lane();
    let mut body = lane.send(&blob, vec![range(0, WINDOW * 40)]).unwrap();
    let _ = once(|cx| body.poll_sent(cx)).await;
    wire.flush().await.unwrap();
    let _ = once(|cx| body.poll_sent(cx)).await;
    assert!(wire.write_all(b"in between").await.is_err());
    let mut second = lane.send(&blob, vec![range(0, 1)]).unwrap();
    assert!(poll_fn(|cx| second.poll_sent(cx)).await.is_err());
}

/// A runtime as a worker of the server has it, with as few blocking threads as are allowed.
fn worker() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(MOST_WAITING + 1).build().unwrap()
}

/// What must come while a disk hangs. It comes at once; without a limit a failure would be a test that never ends.
async fn comes<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.unwrap()
}

async fn sent_whole(to: Fixture) {
    let Fixture { bytes, blob, mut wire, client, .. } = to;
    let body = wire.lane().send(&blob, vec![range(0, bytes.len())]).unwrap();
    let sent = async {
        answer(&mut wire, b"", body).await.unwrap();
        wire.shutdown().await.unwrap();
    };
    let (all, ()) = comes(async { tokio::join!(read_to_end(client), sent) }).await;
    assert!(all == bytes);
}

#[test]
fn a_disk_that_hangs_under_one_body_or_under_200_that_were_given_up_stalls_nobody_else() {
    let runtime = worker();
    let disk = Hanging::new();
    runtime.block_on(async {
        let Fixture { file, bytes, mut wire, client, .. } = fixture(WINDOW * 2).await;
        let cold = Blob::of_map(MappedFile::of_file(file.path()).unwrap().on(&disk));
        let body = wire.lane().send(&cold, vec![range(0, bytes.len())]).unwrap();
        let sending = async {
            answer(&mut wire, b"head:", body).await.unwrap();
            wire.shutdown().await.unwrap();
        };
        tokio::pin!(sending);
        assert!(once(|cx| sending.as_mut().poll(cx)).await.is_pending());
        comes(async {
            while disk.waiting() == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        sent_whole(fixture(WINDOW * 9).await).await;

        // Players come, wait, and go; by either way of sending.
        for turn in 0..200 {
            if turn % 2 == 0 {
                let Fixture { wire, .. } = fixture(1).await;
                let mut given_up = wire.lane().send(&cold, vec![range(0, bytes.len())]).unwrap();
                assert!(once(|cx| given_up.poll_sent(cx)).await.is_pending());
            } else {
                let mut given_up = Box::pin(stream::whole(&cold));
                assert!(once(|cx| given_up.poll_next_unpin(cx)).await.is_pending());
            }
        }
        sent_whole(fixture(WINDOW * 9).await).await;
        assert_eq!(
            comes(tokio::task::spawn_blocking(|| "a password is checked")).await.unwrap(),
            "a password is checked"
        );
        assert!(disk.waiting() > 0 && once(|cx| sending.as_mut().poll(cx)).await.is_pending());

        disk.let_go();
        let (all, ()) = comes(async { tokio::join!(read_to_end(client), sending) }).await;
        assert!(all == [b"head:", &bytes[..]].concat());
    });
}

#[tokio::test]
async fn what_could_not_be_read_is_not_taken_for_read() {
    let Fixture { file, blob, .. } = fixture(WINDOW * 2).await;
    file.as_file().set_len(0).unwrap();
    let map = blob.mapped().unwrap();
    let mut slice = slice::Slice::of(0..WINDOW * 2);
    for _ in 0..2 {
        assert!(poll_fn(|cx| slice.poll_warm(cx, map)).await.is_err());
    }
}

#[tokio::test]
async fn what_was_in_memory_is_asked_for_again_after_a_pause() {
    let Fixture { file, blob, .. } = fixture(WINDOW).await;
    let map = blob.mapped().unwrap();
    let mut slice = slice::Slice::of(0..WINDOW);
    poll_fn(|cx| slice.poll_warm(cx, map)).await.unwrap();
    slice.went_out(WINDOW - 100); // then the viewer pauses, and the kernel gives the rest up
    file.as_file().set_len(0).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(slice.short(map).is_empty());
    assert!(poll_fn(|cx| slice.poll_warm(cx, map)).await.is_err(), "it was not asked for");
}
