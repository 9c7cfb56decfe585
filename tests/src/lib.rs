//! What the journeys share: a small city on its own database, folder and port; a client that speaks HTTP to it; a
//! browser; a load; a small disk and a PostgreSQL that can be taken away.

pub mod browser;
pub mod bucket;
pub mod city;
pub mod client;
pub mod cutter;
pub mod disk;
pub mod judged;
pub mod load;
pub mod paper;
pub mod postgres;
pub mod process;
pub mod qr;
pub mod random;
pub mod rows;
pub mod terminal;

pub use city::{City, sha256};
pub use client::{Answer, Client};
pub use process::Process;
pub use random::Random;

/// How long a test waits for what must come. It says nothing of how soon it should: a machine may be slow, and speed is
/// measured by the benches.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
