//! The HTTP API, one file a resource: extract, authorise by the extractor's type, call the domain, shape the answer.

pub mod archive;
pub mod captions;
pub mod courses;
pub mod devices;
pub mod health;
pub mod lessons;
pub mod media;
pub mod people;
pub mod playback;
pub mod reports;
pub mod search;
pub mod searches;
pub mod session;
pub mod units;
pub mod uploads;
