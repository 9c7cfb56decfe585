//! Waiting for a disk on behalf of players: never on a worker, and never on so many threads that a disk that hangs
//! takes them all.
//!
//! A thread that waits for a hung disk cannot be called back, however soon its player goes away. So the right to wait
//! belongs to the thread, not to the player, and is given back when the disk has answered.

use crate::store::MappedFile;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Threads that wait for a disk at most. Whoever serves must have more blocking threads on each of its runtimes:
/// passwords are checked and lessons are searched on them too.
pub const MOST_WAITING: usize = MOST_READING + MOST_OPENING;

const MOST_READING: usize = 64;
const MOST_OPENING: usize = 32;

static READING: Semaphore = Semaphore::const_new(MOST_READING);

/// Apart from the reading: a file whose parts are all in memory can be opened while others are waited for.
static OPENING: Semaphore = Semaphore::const_new(MOST_OPENING);

/// Bring the pages under `range` into memory, and ask for those after it up to `ahead`.
pub(crate) async fn warm(map: Arc<MappedFile>, range: Range<usize>, ahead: usize) -> io::Result<()> {
    in_turn(&READING, move || map.warm(&range, ahead)).await?
}

/// Open a file, or ask whether it is there.
pub(crate) async fn open<T: Send + 'static>(opening: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    in_turn(&OPENING, opening).await
}

async fn in_turn<T: Send + 'static>(
    turns: &'static Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let turn = turns.acquire().await.map_err(io::Error::other)?;
    let waiting = move || {
        let done = work();
        drop(turn);
        done
    };
    tokio::task::spawn_blocking(waiting).await.map_err(io::Error::other)
}

#[cfg(test)]
pub(crate) mod hanging;
