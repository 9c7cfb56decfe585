//! What watching and attending is worth: the ledger, the training record, the rules, the reports.
//!
//! Owns the hash-chained ledger of credited time, the dated rules that judge it, and everything that reads it: a
//! person's record, assessment, reports and their files. Reads the player's beats and presences as rows; knows no
//! HTTP, and never judges whether a playhead moved honestly (that is the player's).

mod about;
pub mod appeals;
pub mod assess;
mod chain;
pub mod classes;
mod credit;
pub mod effect;
mod error;
pub mod exemptions;
pub mod export;
pub mod flags;
pub mod gap;
mod intervals;
mod judge;
pub mod late;
pub mod ledger;
pub mod merges;
mod names;
pub mod overview;
mod page;
pub mod plan;
pub mod quiz;
pub mod record;
pub mod report;
pub mod rules;
pub mod seal;
pub mod stars;
mod unreadable;
pub mod verify;
mod view;
mod watched;
pub mod watchers;
mod year;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod properties;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod testing;

pub use about::About;
pub use chain::GENESIS;
pub use credit::{CreditHours, Hundredths};
pub use error::Error;
pub use page::Page;
pub use view::{Total, YEARS};

/// What the functions of this crate answer.
pub type Result<T> = std::result::Result<T, Error>;
