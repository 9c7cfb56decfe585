//! What the journeys share: a small city on its own database, folder and port; a client that speaks HTTP to it; a
//! browser; a load.

pub mod browser;
pub mod city;
pub mod client;
pub mod load;

pub use city::City;
pub use client::{Answer, Client};
