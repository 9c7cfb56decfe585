//! Bytes: how media comes in, what it is, where it lies, and which part of it a player asked for.
//!
//! Owns the store of blobs named by their SHA-256, resumable uploads, probing, and the pure rules of byte ranges and
//! conditional requests (RFC 9110). Knows no web framework: it takes header values and answers with ranges, verdicts
//! and streams; `server` turns those into responses.

pub mod conditional;
mod error;
pub mod intake;
pub mod multipart;
pub mod probe;
pub mod range;
pub mod store;
pub mod stream;
pub mod ticket;
pub mod upload;
pub mod verify;

pub use error::{Error, Result};
