//! A file on its way into a bucket: in one request when it is short, or else part by part, each hashed as it is read.

use super::refused;
use crate::store::hash::Hashing;
use crate::store::{Hashed, blocking};
use crate::{Error, Result};
use object_store::aws::AmazonS3;
use object_store::path::Path as Place;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// An object no longer than this goes in one request; longer ones in parts of this length or, from 80 GB on, longer.
const PART: u64 = 8 << 20;

/// Parts the protocol allows, less some room.
const MOST_PARTS: u64 = 9_500;

/// Send the file; it becomes visible as a whole, and only when its hash is the promised one.
pub(super) async fn put(objects: &AmazonS3, file: &Path, hashed: &Hashed, place: &Place) -> Result<()> {
    let path = file.to_owned();
    let source = Arc::new(blocking(move || Ok(File::open(path)?)).await?);
    if hashed.size() > PART {
        return put_parts(objects, &source, hashed, place).await;
    }
    let mut hashing = Hashing::default();
    let bytes = read(&source, 0, hashed.size().saturating_add(1), &mut hashing).await?;
    if hashing.end() != *hashed {
        return Err(Error::HashMismatch);
    }
    objects.put(place, PutPayload::from(bytes)).await.map(|_| ()).map_err(refused)
}

async fn put_parts(objects: &AmazonS3, source: &Arc<File>, hashed: &Hashed, place: &Place) -> Result<()> {
    let mut upload = objects.put_multipart(place).await.map_err(refused)?;
    let sent = match send(&mut *upload, source, hashed).await {
        Ok(()) => upload.complete().await.map(|_| ()).map_err(refused),
        failed => failed,
    };
    if sent.is_err() {
        // Parts that are left behind by this, too, are for the bucket's own rule on unfinished uploads.
        let _ = upload.abort().await;
    }
    sent
}

/// Read the file part by part, so that only one part is in memory, and send each; its hash is checked on the way.
async fn send(upload: &mut dyn MultipartUpload, source: &Arc<File>, hashed: &Hashed) -> Result<()> {
    let part = PART.max(hashed.size().div_ceil(MOST_PARTS));
    let mut hashing = Hashing::default();
    let mut at = 0;
    loop {
        let bytes = read(source, at, part, &mut hashing).await?;
        if bytes.is_empty() {
            break;
        }
        at += bytes.len() as u64;
        if at > hashed.size() {
            return Err(Error::HashMismatch);
        }
        upload.put_part(PutPayload::from(bytes)).await.map_err(refused)?;
    }
    if hashing.end() == *hashed { Ok(()) } else { Err(Error::HashMismatch) }
}

/// At most `len` bytes from `at`, taken into the hash; fewer only at the end of the file.
async fn read(source: &Arc<File>, at: u64, len: u64, hashing: &mut Hashing) -> Result<Vec<u8>> {
    let source = source.clone();
    let mut taken = std::mem::take(hashing);
    let (bytes, taken) = blocking(move || {
        let mut bytes = vec![0; usize::try_from(len).map_err(std::io::Error::other)?];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match source.read_at(rest, at + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(interrupted) if interrupted.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        bytes.truncate(filled);
        taken.take(&bytes);
        Ok((bytes, taken))
    })
    .await?;
    *hashing = taken;
    Ok(bytes)
}
