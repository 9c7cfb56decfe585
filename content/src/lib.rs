//! Bytes: how media comes in, what it is, where it lies, and which part of it a player asked for.
//!
//! Owns the store of blobs named by their SHA-256, resumable uploads, packages, probing, reading captions, and the pure rules of
//! byte ranges and conditional requests (RFC 9110). Knows no web framework: it takes header values and answers with ranges, verdicts
//! and streams; `server` turns those into responses.

pub mod caption;
pub mod collect;
pub mod conditional;
pub mod disk;
mod error;
pub mod intake;
pub mod multipart;
pub mod package;
pub mod prepare;
pub mod probe;
pub mod range;
pub mod store;
pub mod stream;
pub mod ticket;
pub mod upload;
pub mod verify;
pub mod wire;

pub use error::{Error, Result};
