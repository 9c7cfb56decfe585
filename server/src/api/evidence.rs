//! Files that prove something: a mark of the star rating, a class, a study. Brought in one request, kept as media.

use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use content::intake::{self, Origin};
use content::store::Store;
use entity::{Moment, media};

/// The largest evidence: a few photographs or a scan, in bytes.
pub const EVIDENCE_BYTES: usize = 20 << 20;

/// Refuses what is neither a photograph (JPEG, PNG) nor a PDF, by how it begins: a name says nothing.
///
/// # Errors
/// `invalid_request`, also for an empty file; `too_large`.
pub fn photograph_or_pdf(file: &[u8]) -> ApiResult<()> {
    const BEGINNINGS: [&[u8]; 3] = [b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1a\n", b"%PDF-"];
    if file.len() > EVIDENCE_BYTES {
        return Err(ApiError::new(Code::TooLarge));
    }
    if BEGINNINGS.iter().any(|beginning| file.starts_with(beginning)) {
        return Ok(());
    }
    Err(archive::Error::BadClass("evidence").into())
}

/// Keep it. The caller has seen that something will name it.
///
/// # Errors
/// Those of the store.
pub async fn keep(
    db: &Database,
    store: &Store,
    file: &[u8],
    origin: &Origin<'_>,
    now: Moment,
) -> ApiResult<media::Model> {
    let temporary = store.temporary()?;
    tokio::fs::write(temporary.path(), file).await.map_err(ApiError::internal)?;
    Ok(intake::copy_in(&db.write, store, temporary.path(), origin, now).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_photographs_and_pdfs_are_evidence_whatever_they_are_called() {
        for good in [&b"\xFF\xD8\xFF\xE0 a"[..], b"\x89PNG\r\n\x1a\n a", b"%PDF-1.7 a"] {
            assert!(photograph_or_pdf(good).is_ok());
        }
        for bad in [&b""[..], b"<svg onload=alert(1)>", b"<!doctype html>", b"MZ", b"GIF89a", b"PK\x03\x04"] {
            assert!(photograph_or_pdf(bad).is_err());
        }
    }
}
