//! A lesson's second sound: recordings of what is said in it, in other languages.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates `voice`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("voice")
            .col(big_pk_auto("id"))
            .col(big_integer("lesson_id"))
            .col(text("language"))
            .col(text("media_sha256"))
            .col(big_integer_null("created_by"))
            .col(big_integer("created_at"))
            .take();
        manager.create_table(table).await?;
        let mut one = Index::create();
        one.name("voice_of_lesson").table("voice").col("lesson_id").col("language").unique();
        manager.create_index(one).await?;
        let mut of_media = Index::create();
        of_media.name("voice_media").table("voice").col("media_sha256");
        manager.create_index(of_media).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("voice").take()).await
    }
}
