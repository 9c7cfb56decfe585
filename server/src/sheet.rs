//! Tables that people bring, read off the workers and one after the other: unpacked, one may take a gigabyte.

use crate::error::{ApiError, ApiResult, Code};
use actix_web::web::block;
use bytes::Bytes;
use roster::import::{self, Sheet};
use std::time::Duration;
use tokio::sync::Semaphore;

static READING: Semaphore = Semaphore::const_new(1);
/// How long somebody waits for those before; an honest table is read in a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads a table by its file name's ending and its first bytes; what is wrong with it is the inner error.
///
/// # Errors
/// `busy` when too many wait.
pub async fn read(bytes: Bytes, filename: String) -> ApiResult<roster::Result<Sheet>> {
    let turn = tokio::time::timeout(PATIENCE, READING.acquire())
        .await
        .map_err(|_| ApiError::new(Code::Busy).retry_after(20))?;
    let turn = turn.map_err(ApiError::internal)?;
    let reading = block(move || {
        let _turn = turn; // until it is read, whether anybody still waits for it or not
        import::read(&bytes, &filename)
    });
    Ok(reading.await?)
}
