//! The pages of those who write and review lessons, export attendance and look after classroom terminals.
//!
//! Owns how these pages are read and drawn. What a lesson may become is the catalog's, what attendance is worth the
//! archive's, what a terminal is the roster's.

pub mod attendance;
pub mod captions;
pub mod devices;
pub mod editor;
pub mod form;
pub mod lessons;
pub mod save;
pub mod searches;
