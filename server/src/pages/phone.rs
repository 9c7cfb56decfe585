//! The pages of a cadre's phone: home, search, lesson, course, and one's own training record.

pub mod card;
pub mod course;
pub mod entry;
pub mod home;
pub mod lesson;
pub mod make_up;
pub mod quiz;
pub mod record;
pub mod required;
pub mod search;
pub mod standing;
pub mod transcript;
