//! Blobs in a bucket of an S3-compatible server, laid out as in the folder: `PREFIX/ab/abcdef...`, with
//! `PREFIX/quarantine` for what rotted.
//!
//! What is on its way in or out gathers in the folder `incoming` of the data folder. The server makes an object visible
//! and durable as a whole, so nothing here has to be renamed or synced.

mod parts;

use super::{Blob, Hashed, KEPT_OPEN, Opened, Remote, Source, Stored, blocking, hash, incoming};
use crate::upload::must_fit;
use crate::{Error, Result};
use entity::Moment;
use futures_util::{StreamExt, TryStreamExt};
use hash::Hashing;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Place;
use object_store::{BackoffConfig, ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Where the bucket is and who may write to it.
#[derive(Clone)]
pub struct Bucket<'a> {
    /// `https://…` of the server; `None` for Amazon's own.
    pub endpoint: Option<&'a str>,
    /// The bucket.
    pub name: &'a str,
    /// The region; most servers but Amazon's take any.
    pub region: &'a str,
    /// The key's name.
    pub access_key_id: &'a str,
    /// The key.
    pub secret_access_key: &'a str,
    /// Whether `endpoint` may be plain `http://`.
    pub allow_http: bool,
    /// What every object's name begins with; empty for a bucket of our own.
    pub prefix: &'a str,
}

/// A store in one bucket.
#[derive(Debug)]
pub struct S3 {
    objects: AmazonS3,
    prefix: String,
    /// The bucket and prefix as people write them.
    address: String,
    dir: PathBuf,
    opened: Opened,
}

/// How long a question takes that is asked inside a transaction, behind which others wait to write.
const PATIENCE: Duration = Duration::from_secs(3);

/// Put longer ago than this, a blob is put again when somebody brings it: the server has no other way to note that it
/// is wanted, and the collector goes by that time. Shorter than any time of grace, which is counted in days.
const PUT_AGAIN_AFTER_MS: i64 = 12 * 3600 * 1000;

/// How often a blob is put that is collected at the very moment at which it is put.
const PUT_TURNS: u32 = 3;

/// The most that the protocol copies in one request.
const MOST_COPIED: u64 = 5 << 30;

/// Bytes that stay free on the disk when a blob is fetched to it.
const KEEP_FREE: u64 = 512 << 20;

impl S3 {
    pub(super) fn open(dir: &Path, bucket: &Bucket<'_>) -> Result<Self> {
        incoming::prepare(dir)?;
        // A reader may take hours for a range, so requests have no time limit as a whole, only while nothing comes.
        let client = ClientOptions::new()
            .with_allow_http(bucket.allow_http)
            .with_connect_timeout(Duration::from_secs(5))
            .with_read_timeout(Duration::from_secs(30))
            .with_timeout_disabled();
        let backoff = BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() };
        // Whoever waits is a person in front of a player: rather say soon that the store is away.
        let retry = RetryConfig { backoff, max_retries: 3, retry_timeout: Duration::from_secs(20) };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket.name)
            .with_region(bucket.region)
            .with_access_key_id(bucket.access_key_id)
            .with_secret_access_key(bucket.secret_access_key)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = bucket.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(bucket.allow_http);
        }
        let prefix = match bucket.prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self {
            objects: builder.build().map_err(refused)?,
            address: format!("s3://{}/{prefix}", bucket.name),
            prefix,
            dir: dir.to_owned(),
            opened: Opened::keeping(KEPT_OPEN),
        })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn open_blob(&self, sha256: &str) -> Result<Blob> {
        if let Some(blob) = self.opened.get(sha256) {
            return Ok(blob);
        }
        let place = self.place(sha256)?;
        let head = self.head(&place).await?.ok_or(Error::NoSuchBlob)?;
        let remote = Remote::new(self.objects.clone(), place, head.size);
        let blob = Blob { name: Arc::from(sha256), source: Source::Remote(Arc::new(remote)) };
        self.opened.keep(blob.clone());
        Ok(blob)
    }

    pub(super) async fn contains(&self, sha256: &str) -> Result<bool> {
        let place = self.place(sha256)?;
        Ok(soon(self.head(&place)).await?.is_some())
    }

    pub(super) async fn put(&self, file: &Path, hashed: &Hashed) -> Result<()> {
        let place = self.place(hashed.sha256())?;
        let is_whole = |head: &ObjectMeta| head.size == hashed.size();
        let now = Moment::now();
        if self
            .head(&place)
            .await?
            .is_some_and(|head| is_whole(&head) && put_at(&head) > now.plus_ms(-PUT_AGAIN_AFTER_MS))
        {
            return Ok(());
        }
        for _ in 0..PUT_TURNS {
            parts::put(&self.objects, file, hashed, &place).await?;
            self.opened.forget(hashed.sha256());
            match self.head(&place).await? {
                Some(head) if is_whole(&head) => return Ok(()),
                Some(_) => return Err(Error::HashMismatch),
                // Whoever removed it had looked before it was put again: with the next turn it is young.
                None => {}
            }
        }
        Err(Error::NoSuchBlob)
    }

    /// The blob in a file of its own, checked against its name.
    pub(super) async fn fetch(&self, sha256: &str) -> Result<tempfile::TempPath> {
        let blob = self.open_blob(sha256).await?;
        let (dir, len) = (self.dir.clone(), blob.len());
        let (file, path) = blocking(move || {
            must_fit(&dir, len, KEEP_FREE)?;
            Ok(incoming::temporary(&dir)?.into_parts())
        })
        .await?;
        let mut file = tokio::fs::File::from_std(file);
        let mut hashing = Hashing::default();
        let mut bytes = pin!(crate::stream::whole(&blob));
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(unread)?;
            hashing.take(&chunk);
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        if hashing.end().sha256() == sha256 { Ok(path) } else { Err(Error::HashMismatch) }
    }

    pub(super) async fn rehash(&self, sha256: &str, read: &AtomicU64) -> Result<Hashed> {
        let blob = self.open_blob(sha256).await?;
        let mut hashing = Hashing::default();
        let mut bytes = pin!(crate::stream::whole(&blob));
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(unread)?;
            hashing.take(&chunk);
            read.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
        Ok(hashing.end())
    }

    pub(super) async fn quarantine(&self, sha256: &str) -> Result<String> {
        let source = self.place(sha256)?;
        if self.head(&source).await?.ok_or(Error::NoSuchBlob)?.size > MOST_COPIED {
            return Err(Error::TooLongToMove);
        }
        for turn in 0..1000 {
            let aside = Place::from(format!("{}quarantine/{sha256}-{turn}", self.prefix));
            if self.head(&aside).await?.is_some() {
                continue;
            }
            self.objects.copy(&source, &aside).await.map_err(refused)?;
            self.objects.delete(&source).await.map_err(refused)?;
            self.opened.forget(sha256);
            return Ok(format!("{}quarantine/{sha256}-{turn}", self.address));
        }
        Err(Error::Disk(std::io::ErrorKind::AlreadyExists.into()))
    }

    pub(super) async fn remove(&self, sha256: &str, before: Moment) -> Result<bool> {
        let place = self.place(sha256)?;
        let removing = async {
            let Some(head) = self.head(&place).await? else { return Ok(false) };
            if put_at(&head) >= before {
                return Ok(false);
            }
            // Whether or not it answers, the server may do it.
            self.opened.forget(sha256);
            self.objects.delete(&place).await.map_err(refused)?;
            Ok(true)
        };
        soon(removing).await
    }

    pub(super) async fn shelf(&self, first: u8) -> Result<Vec<Stored>> {
        let shelf = Place::from(format!("{}{first:02x}", self.prefix));
        let stored = |head: ObjectMeta| {
            let sha256 = head.location.filename().filter(|name| hash::is_name(name))?.to_owned();
            Some(Stored { sha256, size: head.size, put_at: put_at(&head) })
        };
        let objects = self.objects.list(Some(&shelf)).map_err(refused);
        objects.try_filter_map(|head| std::future::ready(Ok(stored(head)))).try_collect().await
    }

    fn place(&self, sha256: &str) -> Result<Place> {
        if !hash::is_name(sha256) {
            return Err(Error::NoSuchBlob);
        }
        Ok(Place::from(format!("{}{}/{sha256}", self.prefix, sha256.get(..2).unwrap_or_default())))
    }

    async fn head(&self, place: &Place) -> Result<Option<ObjectMeta>> {
        match self.objects.head(place).await {
            Ok(head) => Ok(Some(head)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }
}

/// What a server says soon, or that it is away.
async fn soon<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|late| Err(Error::StoreUnavailable(Box::new(late))))
}

fn put_at(head: &ObjectMeta) -> Moment {
    Moment(head.last_modified.timestamp_millis())
}

fn refused(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::NoSuchBlob,
        other => Error::StoreUnavailable(Box::new(other)),
    }
}

/// What a stream that broke off means for somebody who needs the whole blob.
fn unread(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::NoSuchBlob,
        _ => Error::StoreUnavailable(Box::new(error)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::super::{Store, hash_file};
    use super::*;

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_said_to_be_away_and_no_blob_is_said_to_be_missing() {
        // A port that was just free: connecting to it is refused at once.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = tempfile::tempdir().unwrap();
        let bucket = Bucket {
            endpoint: Some(&format!("http://127.0.0.1:{port}")),
            name: "media",
            region: "any",
            access_key_id: "k",
            secret_access_key: "s",
            allow_http: true,
            prefix: "",
        };
        let store = Store::open_bucket(dir.path(), &bucket).unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, b"seedlings").unwrap();
        let hashed = hash_file(&file).unwrap();
        assert!(matches!(store.put(&file, &hashed).await, Err(Error::StoreUnavailable(_))));
        assert!(matches!(store.open_blob(hashed.sha256()).await, Err(Error::StoreUnavailable(_))));
        assert!(matches!(store.contains(hashed.sha256()).await, Err(Error::StoreUnavailable(_))));
        assert!(matches!(store.open_blob("../../etc").await, Err(Error::NoSuchBlob)));
        assert!(file.exists());
    }
}
