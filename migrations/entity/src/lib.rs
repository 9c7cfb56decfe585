//! The tables as types, typed ids, time, and the subtree filter.
//!
//! Everything below the domain crates meets here: they share rows, never code. Knows no HTTP and holds no rule.

pub mod account;
pub mod audit;
pub mod beat;
pub mod caption;
pub mod class_attendance;
pub mod class_run;
pub mod course;
pub mod device;
pub mod ids;
pub mod job;
pub mod ledger_entry;
pub mod ledger_head;
pub mod lesson;
pub mod media;
pub mod moment;
pub mod org_unit;
pub mod outbox;
pub mod person;
pub mod playback;
pub mod post;
pub mod presence;
pub mod refresh_token;
pub mod rendition;
pub mod role_grant;
pub mod rule;
pub mod scope;
pub mod search_count;
pub mod upload;
pub mod words;
pub use ids::*;
pub use moment::{Day, Moment};
pub use scope::Scope;
pub use words::*;
