//! What was watched: playback sessions, beats, spans, and the classroom.
//!
//! Owns the rule that turns "the playhead is here" into credited time, and who was in the room meanwhile. Judges one
//! session at a time; what a person's day and year are worth is the archive's. Knows no HTTP and reads no clock.

pub mod beat;
pub mod classroom;
mod error;
pub mod played;
pub mod quiz;
pub mod recorder;
pub mod session;
pub mod spans;
mod takeover;
#[cfg(test)]
mod testing;
pub mod totals;

pub use error::Error;

/// What the functions of this crate answer.
pub type Result<T> = std::result::Result<T, Error>;
