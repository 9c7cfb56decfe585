//! The schema's frozen history, for SQLite and PostgreSQL.
//!
//! Migrations name tables and columns by strings, so that an old one still means the same when an entity has moved.
//! A merged migration is never edited; every one can be undone.

use sea_orm_migration::prelude::*;

mod m20261123_000001_first_release;
mod m20261124_000001_preparation;
mod m20261128_000001_classroom;
mod m20261129_000000_beats;
mod m20261129_000001_archive;
mod m20261129_000002_reports;
mod m20261129_000003_studio;
mod m20261130_000001_directory_changes;
mod m20261130_000002_lists;
mod m20261130_000003_late;
mod m20261130_000005_voices;
mod m20261130_000011_classes;
mod m20261130_000012_person_merges;
mod m20261201_000025_kept_answers;
mod m20261201_000026_sign_in_failures;
mod m20261201_000027_unfinished;

/// Runs the migrations in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_first_release::Migration),
            Box::new(m20261124_000001_preparation::Migration),
            Box::new(m20261128_000001_classroom::Migration),
            Box::new(m20261129_000000_beats::Migration),
            Box::new(m20261129_000001_archive::Migration),
            Box::new(m20261129_000002_reports::Migration),
            Box::new(m20261129_000003_studio::Migration),
            Box::new(m20261130_000001_directory_changes::Migration),
            Box::new(m20261130_000002_lists::Migration),
            Box::new(m20261130_000003_late::Migration),
            Box::new(m20261130_000005_voices::Migration),
            Box::new(m20261130_000011_classes::Migration),
            Box::new(m20261130_000012_person_merges::Migration),
            Box::new(m20261201_000025_kept_answers::Migration),
            Box::new(m20261201_000026_sign_in_failures::Migration),
            Box::new(m20261201_000027_unfinished::Migration),
        ]
    }
}

pub use sea_orm_migration::MigratorTrait as Migrate;
