//! What watching and attending is worth: the ledger, the training record, the rules, the reports.
//!
//! Owns the hash-chained ledger of credited time, the dated rules that judge it, and everything that reads it: a
//! person's record, assessment, reports and their files. Reads the player's beats and presences as rows; knows no
//! HTTP, and never judges whether a playhead moved honestly (that is the player's).

pub mod assess;
mod chain;
pub mod classes;
mod credit;
mod error;
pub mod export;
mod intervals;
mod judge;
pub mod ledger;
pub mod overview;
pub mod record;
pub mod report;
pub mod rules;
pub mod verify;
mod view;
mod watched;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod testing;

pub use chain::GENESIS;
pub use credit::{CreditHours, Hundredths};
pub use error::Error;
pub use view::Total;

/// What the functions of this crate answer.
pub type Result<T> = std::result::Result<T, Error>;
