//! What can be learnt: courses, lessons, who may see them, and the search over them.
//!
//! Owns the rows `course` and `lesson`, the audit and outbox rows their changes leave, and the search index that
//! follows them. Knows no HTTP, no media bytes and nothing of who watched what.

pub mod audience;
pub mod course;
mod error;
mod fields;
pub mod import;
pub mod lesson;
mod page;
pub mod search;
pub mod season;
pub mod slug;
mod trail;

pub use audience::Viewer;
pub use error::{Error, Result};
pub use fields::{category_named, level_named};
pub use page::{MAX_PAGE_SIZE, Page};
