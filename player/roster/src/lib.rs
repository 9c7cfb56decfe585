//! Who learns: the org tree, people and posts, accounts and roles, classroom devices, and the import of rosters.
//!
//! Owns sign-in as facts in the database: passwords, refresh tokens, grants. Knows no HTTP, signs no access token and
//! keeps no limit per address: those belong to the server.

pub mod account;
mod audit;
pub mod changes;
pub mod device;
mod error;
pub mod grants;
mod hashing;
pub mod import;
pub mod org;
pub mod pairing;
pub mod people;
pub mod pin;
pub mod run;
pub mod session;

pub use error::{Error, Result};
