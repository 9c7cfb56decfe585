//! Taking bytes: from a stream onto the disk, with bounded memory, and only as far as they are good.

use super::checksum::Checksum;
use super::locks::Held;
use super::part::Part;
use super::{Concat, Progress, Uploads, current, find, note_received};
use crate::{Error, Result};
use entity::{Moment, UploadState};
use futures_util::{Stream, StreamExt};
use sea_orm::ConnectionTrait;
use std::time::Duration;

/// Write `body` at `offset`. What is answered is durable: synced to the disk before this returns.
///
/// With a checksum the bytes count only when it holds; without one, all that came before a broken connection counts.
/// When the answer is whole, the upload is in processing and `finish` is due.
pub async fn append<B: AsRef<[u8]>, E>(
    db: &impl ConnectionTrait,
    uploads: &Uploads,
    id: &str,
    offset: u64,
    checksum: Option<Checksum>,
    body: impl Stream<Item = std::result::Result<B, E>>,
    now: Moment,
) -> Result<Progress> {
    // Asked first: while its parts are joined a final upload is locked, and would only seem to be busy.
    if let Concat::Final(_) = Concat::of(&find(db, id).await?) {
        return Err(Error::MadeOfParts);
    }
    let held = uploads.locks.hold(id).await.ok_or(Error::Busy)?;
    let row = current(db, uploads, id, now).await?;
    if row.state != UploadState::Receiving {
        return Err(Error::NotReceiving);
    }
    let (actual, length) = (u64::try_from(row.received).unwrap_or(0), u64::try_from(row.length).unwrap_or(0));
    if actual != offset {
        return Err(Error::WrongOffset { actual });
    }
    let room = length.saturating_sub(offset);
    let outcome = match checksum {
        None => append_plain(uploads, id, offset, room, held, body).await,
        Some(checksum) => append_checked(uploads, id, offset, room, held, checksum, body).await,
    };
    let Written { until, trouble } = outcome?;
    note_received(db, row, until, now.plus_ms(uploads.limits.lifetime_ms)).await?;
    match trouble {
        Some(error) => Err(error),
        None => Ok(Progress { offset: until, length }),
    }
}

/// How far an append came, and what ended it early.
struct Written {
    until: u64,
    trouble: Option<Error>,
}

async fn append_plain<B: AsRef<[u8]>, E>(
    uploads: &Uploads,
    id: &str,
    offset: u64,
    room: u64,
    held: Held,
    body: impl Stream<Item = std::result::Result<B, E>>,
) -> Result<Written> {
    let mut part = Part::open(uploads.part(id), offset, held).await?;
    let received = receive(uploads, &mut part, room, body, |_| {}).await;
    if let Err(refused @ Error::TooManyBytes) = received {
        // Bytes that do not fit what was announced are not this file's: none of them is kept.
        part.cut(offset).await?;
        return Ok(Written { until: offset, trouble: Some(refused) });
    }
    let until = part.sync().await?;
    let trouble = match received {
        Ok(true) => None,
        Ok(false) => Some(Error::Interrupted { kept: until }),
        Err(error) => Some(error),
    };
    Ok(Written { until, trouble })
}

/// The bytes wait in a file of their own until their checksum is known, so that the part never holds a doubtful byte.
async fn append_checked<B: AsRef<[u8]>, E>(
    uploads: &Uploads,
    id: &str,
    offset: u64,
    room: u64,
    held: Held,
    mut checksum: Checksum,
    body: impl Stream<Item = std::result::Result<B, E>>,
) -> Result<Written> {
    let mut unchecked = Part::open(uploads.unchecked(id), 0, held).await?;
    let received = receive(uploads, &mut unchecked, room, body, |bytes| checksum.update(bytes)).await;
    let trouble = match received {
        Ok(true) if checksum.holds() => None,
        Ok(true) => Some(Error::ChecksumMismatch),
        Ok(false) => Some(Error::Interrupted { kept: offset }),
        Err(error) => Some(error),
    };
    let until = match trouble {
        None => unchecked.append_to(uploads.part(id), offset).await?,
        Some(_) => offset,
    };
    unchecked.remove().await?;
    Ok(Written { until, trouble })
}

/// Write what comes, and answer whether the body came to its end. Memory is bounded by one buffer.
async fn receive<B: AsRef<[u8]>, E>(
    uploads: &Uploads,
    part: &mut Part,
    mut room: u64,
    body: impl Stream<Item = std::result::Result<B, E>>,
    mut see: impl FnMut(&[u8]),
) -> Result<bool> {
    let mut body = std::pin::pin!(body);
    loop {
        let next = tokio::select! {
            next = tokio::time::timeout(LONGEST_SILENCE, body.next()) => next,
            // Another request wants to go on with this upload, and this one has been silent: its client is gone.
            () = part.held().asked_to_stop() => return Ok(false),
        };
        let bytes = match next {
            Ok(Some(Ok(bytes))) => bytes,
            Ok(None) => return Ok(true),
            Ok(Some(Err(_))) | Err(_) => return Ok(false),
        };
        let bytes = bytes.as_ref();
        room = room.checked_sub(bytes.len() as u64).ok_or(Error::TooManyBytes)?;
        see(bytes);
        part.held().progressed();
        part.write(bytes, uploads.limits.keep_free_bytes).await?;
    }
}

/// A connection that brings nothing for so long is given up.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
