//! Takes the time of the last beat out of the indexes of `playback`: it changes with every beat of everybody, and each
//! change cost two entries taken out and two put in (on PostgreSQL all of them, since no index of the row may change for
//! it to be updated in place).

use sea_orm_migration::prelude::*;

/// Makes two indexes of `playback` narrower.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "playback_person_lesson", &["person_id", "lesson_id"]).await?;
        replace(manager, "playback_open", &["closed_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "playback_person_lesson", &["person_id", "lesson_id", "last_beat_at"]).await?;
        replace(manager, "playback_open", &["closed_at", "last_beat_at"]).await
    }
}

async fn replace(manager: &SchemaManager<'_>, name: &'static str, columns: &[&'static str]) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).table("playback").to_owned()).await?;
    let mut index = Index::create();
    index.name(name).table("playback");
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}
