//! The pages of those who look after people: units at a glance, archives, the roster's import, the audit log.
//!
//! Every number comes from the archive's own report or record; nothing is summed here.

pub mod appeals;
pub mod audit;
pub mod books;
pub mod bulletin;
pub mod declared;
pub mod exemptions;
pub mod form_data;
pub mod gaps;
pub mod glances;
pub mod import;
pub mod late;
pub mod merge;
pub mod narrowing;
pub mod people;
pub mod person;
pub mod pictures;
pub mod rules;
pub mod seal;
mod sheet;
pub mod stars;
pub mod units;
mod waiting;
