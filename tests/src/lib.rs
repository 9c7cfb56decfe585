//! What the journeys share: a small city on its own database, folder and port; a client that speaks HTTP to it; a
//! browser; a load.

pub mod browser;
pub mod bucket;
pub mod city;
pub mod client;
pub mod judged;
pub mod load;
pub mod process;

pub use city::{City, sha256};
pub use client::{Answer, Client};
pub use process::Process;
