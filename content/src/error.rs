//! What can go wrong with bytes, in the words of the domain.

use sea_orm::DbErr;
use std::io::ErrorKind;

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something about bytes did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// The disk refused.
    #[error("disk: {0}")]
    Disk(#[from] std::io::Error),
    /// The store has no blob of that name, or the text is not a SHA-256 in lower-case hex.
    #[error("no such blob")]
    NoSuchBlob,
    /// The server that keeps the blobs does not answer, or refuses us.
    #[error("the store is not available: {0}")]
    StoreUnavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A bucket copies no object of more than 5 GiB, so this one cannot be moved within it.
    #[error("objects of more than 5 GiB cannot be moved within a bucket")]
    TooLongToMove,
    /// The bytes are not those their name promised.
    #[error("the bytes do not have the promised hash")]
    HashMismatch,
    /// Too little free space would be left on the disk.
    #[error("the disk is nearly full")]
    DiskFull,
    /// The announced length is above the limit.
    #[error("longer than the limit of {max} bytes")]
    TooLong {
        /// The limit in bytes.
        max: u64,
    },
    /// The account has too many unfinished uploads.
    #[error("too many unfinished uploads")]
    TooManyOpen,
    /// The county would keep more than it may.
    #[error("{county} would keep more than its {quota} bytes")]
    OverQuota {
        /// The county's name.
        county: String,
        /// Bytes it keeps, with what is on its way.
        used: u64,
        /// Bytes it may keep.
        quota: u64,
        /// Bytes announced.
        wanted: u64,
    },
    /// `Upload-Concat` breaks the tus grammar.
    #[error("bad Upload-Concat")]
    BadConcat,
    /// A part of a final upload is not there, is not whole, or is no part.
    #[error("a part of the final upload is missing")]
    PartMissing,
    /// A final upload is made of its parts and takes no bytes.
    #[error("a final upload takes no bytes")]
    MadeOfParts,
    /// `Upload-Metadata` breaks the tus grammar; says how.
    #[error("bad upload metadata: {0}")]
    BadMetadata(&'static str),
    /// There is no such upload, or it was removed.
    #[error("no such upload")]
    NoSuchUpload,
    /// The upload was not finished in time.
    #[error("the upload has expired")]
    UploadExpired,
    /// All bytes of this upload have come; it takes no more.
    #[error("the upload takes no more bytes")]
    NotReceiving,
    /// The client's offset is not where the upload stands.
    #[error("the upload stands at {actual}")]
    WrongOffset {
        /// Durable bytes.
        actual: u64,
    },
    /// More bytes came than were announced.
    #[error("more bytes than announced")]
    TooManyBytes,
    /// Another request is writing to this upload.
    #[error("the upload is being written to")]
    Busy,
    /// `Upload-Checksum` names an algorithm this server does not know, or is malformed.
    #[error("bad or unknown checksum")]
    BadChecksum,
    /// The bytes of this request do not have the promised checksum; they were dropped.
    #[error("checksum mismatch")]
    ChecksumMismatch,
    /// The client went away in the middle; what came is kept.
    #[error("the connection broke at {kept}")]
    Interrupted {
        /// Durable bytes.
        kept: u64,
    },
    /// The file cannot be read as captions.
    #[error("bad captions: {reason}")]
    BadCaptions {
        /// The line it fails at, from 1; `None` when the whole file is meant.
        line: Option<usize>,
        /// Why, in Chinese and meant for people.
        reason: String,
    },
    /// The package is hostile, broken or no package, and nothing of it is taken. Says why, in Chinese.
    #[error("{0}")]
    BadPackage(String),
    /// A file of a package is missing or not what it should be. Says why, in Chinese.
    #[error("{0}")]
    Unfit(String),
    /// Not a ticket of ours, or for another blob.
    #[error("not a valid ticket")]
    BadTicket,
    /// The ticket was good once.
    #[error("the ticket has expired")]
    TicketExpired,
    /// The recording can never be prepared: it is broken, hostile or beyond the limits. Says why, in Chinese.
    #[error("cannot be prepared: {0}")]
    Unpreparable(&'static str),
    /// It took longer than it may. On a machine that has less to do it may go well.
    #[error("took longer than it may")]
    TookTooLong,
    /// ffmpeg gave up for a reason that may pass. Says why, in Chinese.
    #[error("ffmpeg failed: {0}")]
    Ffmpeg(String),
    /// The work was told to stop before it was done.
    #[error("stopped before it was done")]
    Stopped,
}

impl Error {
    /// Whether there is no room: on the disk, or in what the system lets us have of it. It may do another time.
    pub fn is_full(&self) -> bool {
        match self {
            Self::DiskFull => true,
            Self::Disk(cause) => matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded),
            _ => false,
        }
    }

    /// Captions that fail at a line.
    pub(crate) fn bad_captions(line: usize, reason: impl Into<String>) -> Self {
        Self::BadCaptions { line: Some(line), reason: reason.into() }
    }
}
