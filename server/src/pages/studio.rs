//! The pages of those who write and review lessons, export attendance, look after classroom terminals and
//! set play days.
//!
//! Owns how these pages are read and drawn. What a lesson may become is the catalog's, what attendance is worth the
//! archive's, what a terminal is the roster's.

pub mod answer;
pub mod attendance;
pub mod captions;
pub mod changes;
pub mod classes;
pub mod course;
pub mod devices;
pub mod editor;
pub mod form;
pub mod import;
pub mod lessons;
pub mod notes;
pub mod package;
pub mod picked;
pub mod place;
pub mod plans;
pub mod play_days;
pub mod preparation;
pub mod quiz;
pub mod save;
pub mod searches;
pub mod uploads;
pub mod versions;
pub mod views;
pub mod voices;
pub mod watchers;
