//! What can be learnt: courses, lessons, who may see them, and the search over them.
//!
//! Owns the rows `course`, `lesson`, `caption`, `voice`, `play_day`, `training_plan`, `lesson_draft`, `lesson_version`, `review_note`,
//! `notice`, `bulk_change`, `bulk_lesson` and `saved_view`, the audit and outbox rows their changes leave, the search index that
//! follows them, and the counts of what was searched for. Knows no HTTP, no media bytes and nothing of who watched what.

pub mod asked;
pub mod audience;
pub mod bulk;
pub mod caption;
pub mod chapters;
pub mod course;
pub mod draft;
mod edited;
mod error;
pub mod export;
mod fields;
pub mod history;
pub mod import;
pub mod lesson;
pub mod notice;
mod page;
pub mod plan;
pub mod play_day;
pub mod quiz;
pub mod review;
pub mod search;
pub mod season;
pub mod slug;
pub mod track;
mod trail;
pub mod view;
pub mod voice;

pub use audience::Viewer;
pub use error::{Error, Result};
pub use fields::{category_named, level_named};
pub use page::{MAX_PAGE_SIZE, Page};
